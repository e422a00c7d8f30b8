"""The shipped tagger judged by sets that were written without a look at its phrases or examples: `make bench-blind`.

`blind/` holds 72 messages in each of the twelve languages by one author, `second/` 72 more by twelve others, one a
language, most of them told sideways, `third/` 70 or so more by twelve others, half of them told plainly, and `fourth/`
and `fifth/` 66 to 72 more by twelve others each; all were committed before any model was asked about them, and figures
are told of these.

Others may be looked at, and from them the model learnt how sure it may be and how its answers take counsel with each
other: `seen/` holds 24 in each language, in which those who write phrases may look for faults, `everyday/` 120 in four
languages by three authors, of which one in five is an emergency and many others sound like one, `sideways/` 130 to 520
in each language by 22 authors, where little is said plainly, `strangers/` 228 to 240 in each by twelve authors, and
`plain/` 240 in each by twelve others, in which the furious mostly have no emergency and emergencies are told calmly.
Emergencies count by whether any is found, and pooled; the category of what was answered, beside how much was left open;
remedies as pairs of text and value.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from connector.display import table
from connector.model import Complainant, Complaint, Status, Tag
from connector.settings import load_tagging
from connector.settings.models import read_models
from connector.tagging import Asked, Tagger
from connector.tagging.check import SOME_DAY
from connector.tagging.labelled import Labelled
from connector.tagging.measuring import Answer, measured, measured_sets

HERE = Path(__file__).parent
REPORTED = ("blind", "second", "third", "fourth", "fifth")
# Those that may be looked at.
LOOKED_AT = ("seen", "everyday", "sideways", "strangers", "plain")
EVERYDAY = ("en", "es", "nl", "pl")
LANGUAGES = ("en", "pt", "ru", "sl", "zh", "de", "fr", "es", "it", "nl", "pl", "ja")
SINGLE = ("category", "root_cause", "severity", "sentiment")
HEAD = ("", "emergency: found", "precision", "missed", "category F1", "open", "remedy F1", "complaint F1")


class Judged(NamedTuple):
    """A message with what a careful reader says of it, and what the tagger said."""

    text: str
    complaint: str
    category: str
    remedies: frozenset[str]
    emergency: frozenset[str]
    tags: tuple[Tag, ...]

    def said(self, facet: str) -> list[Tag]:
        return [tag for tag in self.tags if tag.facet == facet]


def judged(tagger: Tagger, folder: str, language: str) -> list[Judged]:
    """Every message of a set, tagged as a ticket without any other hint."""
    rows = list(rows_of(folder, language))
    who = Complainant(key="blind:1")
    asked = [
        Asked(Complaint("blind", str(number), 0, "", row["text"], who, Status.NEW, SOME_DAY, SOME_DAY))
        for number, row in enumerate(rows)
    ]
    return [
        Judged(
            row["text"],
            row["complaint"],
            row["category"],
            frozenset(row["remedies"].split()),
            frozenset(row["emergency"].split()),
            tuple(tags),
        )
        for row, tags in zip(rows, tagger.tags_of(asked), strict=True)
    ]


def rows_of(folder: str, language: str) -> Iterator[dict[str, str]]:
    """The rows of a set in one language, by the names of their columns; none of `everyday/` in most languages."""
    path = HERE / folder / f"{language}.tsv"
    if folder == "everyday" and language not in EVERYDAY:
        return
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
    names = lines[0].split("\t")
    for line in lines[1:]:
        yield dict(zip(names, line.split("\t"), strict=True))


def to_learn_from(language: str) -> list[Labelled]:
    """The messages that may be looked at, with their labels. Whether they are complaints is said of those in `seen/`
    alone: the questions among the others are so like complaints that a limit found with them would leave most
    complaints open."""
    return [
        Labelled(row["text"], _labels(row, complaint=folder == "seen"), language)
        for folder in LOOKED_AT
        for row in rows_of(folder, language)
    ]


def _labels(row: Mapping[str, str], *, complaint: bool) -> dict[str, tuple[str, ...]]:
    single = ("complaint", *SINGLE) if complaint else SINGLE
    return {
        **{name: (row[name],) for name in single if row[name]},
        "remedy": tuple(row["remedies"].split()),
        "emergency": tuple(row["emergency"].split()),
    }


def row_of(name: str, sets: Sequence[Judged]) -> tuple[str, ...]:
    """A row of the table."""
    wanted, found = [bool(one.emergency) for one in sets], [bool(one.said("emergency")) for one in sets]
    hits = sum(right and told for right, told in zip(wanted, found, strict=True))
    recall, precision = hits / max(1, sum(wanted)), hits / max(1, sum(found))
    category = measured([one.category for one in sets], [_single(one, "category") for one in sets])
    complaint = measured([one.complaint for one in sets], [_single(one, "complaint") for one in sets])
    remedies = measured_sets(
        [one.remedies for one in sets], [frozenset(tag.value for tag in one.said("remedy")) for one in sets]
    )
    return (
        name,
        f"{recall:.3f}",
        f"{precision:.3f}",
        f"{sum(wanted) - hits} of {sum(wanted)}",
        f"{category.answered_macro_f1:.3f}",
        f"{category.abstained:.0%}",
        f"{remedies.micro_f1 or 0.0:.3f}",
        f"{complaint.answered_macro_f1:.3f}",
    )


def _single(one: Judged, facet: str) -> Answer:
    said = one.said(facet)
    if not said or said[0].value == "unsure":
        return Answer(None, 0.0, given=False)
    return Answer(said[0].value, said[0].confidence, given=True)


def faults(sets: Sequence[Judged]) -> Iterator[str]:
    """What was said of each message, where a careful reader says otherwise."""
    for one in sets:
        told = frozenset(tag.value for tag in one.said("emergency"))
        wished = frozenset(tag.value for tag in one.said("remedy"))
        category = _single(one, "category").value
        wrong = [
            f"{name}: {right or '-'}, said {said or '-'}"
            for name, right, said in (
                ("emergency", " ".join(sorted(one.emergency)), " ".join(sorted(told))),
                ("remedy", " ".join(sorted(one.remedies)), " ".join(sorted(wished))),
                ("category", one.category, category),
            )
            if right != (said or "")
        ]
        if wrong:
            yield f"{one.text}\n    {'; '.join(wrong)}"


def main() -> int:
    """Print the table, or with --faults what went wrong in the messages that may be looked at."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--faults", metavar="LANGUAGE", choices=LANGUAGES, help="of those that may be looked at")
    given = parser.parse_args()
    settings, files = load_tagging(None)
    tagger = Tagger(settings, read_models(files))
    if given.faults:
        for folder in LOOKED_AT:
            print("\n".join(faults(judged(tagger, folder, given.faults))))
        return 0
    told = {folder: {language: judged(tagger, folder, language) for language in LANGUAGES} for folder in REPORTED}
    reported = {language: [one for folder in REPORTED for one in told[folder][language]] for language in LANGUAGES}
    tables = [(f"{folder}/", told[folder]) for folder in REPORTED]
    tables.append(("all of these", reported))
    for name, sets in tables:
        rows = [row_of(language, found) for language, found in sets.items()]
        rows.append(row_of("all", [one for found in sets.values() for one in found]))
        print("\n".join([name, *table(HEAD, rows), ""]))
    common = [one for name in LANGUAGES for one in judged(tagger, "everyday", name)]
    calm = [one for one in common if not one.emergency]
    raised = sum(bool(one.said("emergency")) for one in calm)
    print(f"everyday messages that are no emergency, raised as one: {raised} of {len(calm)} (these were looked at)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
