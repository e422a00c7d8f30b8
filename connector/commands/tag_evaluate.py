"""`amends tag evaluate`: how good the answers to one question are, on texts whose right answers are known."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec

from connector.commands.tag_files import Line, Mistake, lines_of
from connector.commands.tag_text import tagger_for
from connector.display import cut, table
from connector.errors import AmendsError
from connector.settings.problems import one_of
from connector.tagging.book import LANGUAGE, Facet
from connector.tagging.labelled import Labelled, facet_called, labels_of
from connector.tagging.measuring import Measured, measured, measured_sets
from connector.tagging.reading import Message
from connector.tagging.tagger import Tagger


class Evaluation(msgspec.Struct, frozen=True):
    """The measures of a facet, and who answered. `skipped` lines could not be used."""

    facet: str
    by: tuple[str, ...]
    skipped: int
    measured: Measured

    @property
    def exit_code(self) -> int:
        """1 where lines could not be used."""
        return 1 if self.skipped else 0


def labelled_in(
    files: Sequence[str], facet: str, complain: Callable[[str], None], known: Facet | None = None
) -> tuple[list[Labelled], int]:
    """The labelled lines of files, and how many could not be used. A line without a label is none; neither is, where
    the facet is `known`, one with a label that it has not."""
    found: list[Labelled] = []
    skipped = 0
    for one in _labelled(lines_of(files), facet, known):
        if isinstance(one, Mistake):
            complain(str(one))
            skipped += 1
        else:
            found.append(one)
    return found, skipped


def _labelled(lines: Iterator[Line | Mistake], facet: str, known: Facet | None) -> Iterator[Labelled | Mistake]:
    for line in lines:
        if isinstance(line, Mistake):
            yield line
        elif "label" not in line.value:
            yield Mistake(line.file, line.line, 'there is no "label"')
        elif (labels := labels_of(facet, line.value["label"])) is None:
            yield Mistake(line.file, line.line, f"the label {line.value['label']!r} is neither complaint nor enquiry")
        elif known is not None and (strange := [value for value in labels if known.meant(value) is None]):
            what = f"{facet} has no value {strange[0]!r} in the taxonomy ({one_of(strange[0], list(known.values))})"
            yield Mistake(line.file, line.line, what)
        else:
            if known is not None:
                labels = tuple(known.meant(value) or value for value in labels)
            subject = str(line.value.get("subject") or "")
            yield Labelled(line.text, {facet: labels}, line.language, subject, own=True)


def evaluate(
    home: Path | None, file: str, facet: str, *, model: Path | None, complain: Callable[[str], None]
) -> Evaluation:
    """Answer for each text of the file, and hold the answers against the labels. Raises AmendsError where there is no
    text, or nobody who answers."""
    facet = facet_called(facet)
    examples, skipped = labelled_in([file], facet, complain)
    if not examples:
        raise AmendsError(f"{file} has no labelled text.", remedy='Write {"text": …, "label": …} on each line.')
    tagger = tagger_for(home, model)
    return Evaluation(facet, tagger.authors(facet), skipped, measure(tagger, facet, examples))


def measure(tagger: Tagger, facet: str, examples: Sequence[Labelled]) -> Measured:
    """The measures of what a tagger answers. Raises AmendsError where it has no such question."""
    asked = tagger.reader.facets.get(facet)
    if asked is None and facet != LANGUAGE:
        known = ", ".join((*tagger.reader.facets, LANGUAGE))
        raise AmendsError(f"there is no facet {facet!r}.", remedy=f"Name one of {known}, or a folder in --model.")
    known_language = facet != LANGUAGE
    messages = [Message(one.subject, one.text, one.language if known_language else None) for one in examples]
    # A label may be of before a value was renamed.
    right = [
        tuple(value if asked is None else asked.meant(value) or value for value in one.labels[facet])
        for one in examples
    ]
    if asked is not None and asked.several:
        return measured_sets(list(map(frozenset, right)), tagger.sets(messages, facet))
    return measured(["".join(one[:1]) for one in right], tagger.best(messages, facet))


def evaluation_lines(told: Evaluation, columns: int) -> list[str]:
    """The sums, then a line for each value."""
    found = told.measured
    lines = [
        f"{told.facet}: {found.texts:,} texts, answered by {', '.join(told.by) or 'nobody'}",
        f"  macro-F1 {found.macro_f1:.3f}, right {found.accuracy:.1%}",
    ]
    if found.micro_f1 is not None:
        lines.append(f"  micro-F1 {found.micro_f1:.3f}")
    lines += [f"  at precision {wish}: {share:.1%} of the texts" for wish, share in found.coverage.items()]
    if found.abstained:
        lines.append(
            f"  unsure of {found.abstained:.1%}; of the others right {found.answered_accuracy:.1%},"
            f" macro-F1 {found.answered_macro_f1:.3f}"
        )
    rows = [
        (value, f"{one.precision:.3f}", f"{one.recall:.3f}", f"{one.f1:.3f}", f"{one.support:,}")
        for value, one in found.per_class.items()
    ]
    lines += table(("value", "precision", "recall", "F1", "texts"), rows, columns)
    if told.skipped:
        lines.append(f"{told.skipped:,} lines could not be used.")
    return [cut(line, columns) for line in lines]
