"""Builds the model that ships (mappings/weights.bin) from the shipped examples and the public sets that allow it.

`make weights` calls this. The same files give the same bytes. Only sets whose licences let derived weights be shipped
are read: Banking77 (CC BY 4.0), Bitext customer support (CDLA-Sharing 1.0), CLINC150 (CC BY 3.0) and CFPB narratives
(public domain), in the folder `complaint-text` of $AMENDS_CORPORA; see docs/engineers/tagging.md.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import re
import sys
from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from msgspec.structs import replace

from benchmarks.blind import LANGUAGES, to_learn_from
from connector.display import table
from connector.settings import load_tagging
from connector.settings.examples import shipped_examples
from connector.settings.folder import SHIPPED
from connector.settings.models import WEIGHTS
from connector.tagging.book import LANGUAGE
from connector.tagging.counsel import Counselled
from connector.tagging.heads import Model
from connector.tagging.hidden import Layered
from connector.tagging.judging import Held
from connector.tagging.labelled import Labelled, Task, task_for
from connector.tagging.material import Material, material
from connector.tagging.model_file import packed, unpacked
from connector.tagging.reading import Reader
from connector.tagging.training import learn
from connector.tagging.weigh import SURER

# Of these chances `weigh.RECALL_FIRST` was chosen; the build says what each would find.
LIMITS = (0.1, 0.12, 0.14, 0.16, 0.18, 0.2, 0.22, 0.25, 0.3, 0.35, 0.4)
FACETS = ("complaint", "category", "root_cause", "remedy", "emergency", "severity", "sentiment")
# One text in so many of each set: English requests must not outweigh what is written in twelve languages.
CLINC, BANKING, BITEXT, CFPB = 4, 8, 8, 2
# Three folds are enough to find out how sure the model may be. With fewer steps emergencies, which are rare, and what
# they have in common in all languages are hardly learnt yet: see docs/engineers/tagging.md.
FOLDS, STEPS = 3, 75
# Emergencies and wishes are told between the lines: what comes together tells more than each of it.
LAYERED = Layered(("remedy", "emergency"), 48, 30)
# What fewer texts have is half of all features, and teaches nothing that was found in messages of strangers.
LEAST_TEXTS = 16
# So many features keep the model within the memory that is promised (150 MB). The rarest go, which changed next to
# nothing in messages of strangers; without those whose weights are least, emergencies are missed.
MOST_FEATURES = 164_000
# Topics of Bitext that are none of ours, or that are so only by their templates ("refund" is about no return).
NO_TOPIC = frozenset({"order", "complaint", "feedback", "product_return"})
# A short piece of each example as well, for the language of short messages.
PIECE_WORDS, PIECE_LETTERS = 5, 10
# Of five texts four get a category: of the fifth the model is least sure.
REACH = {"category": 0.8}
# The sets say nothing of emergencies, and a request that reports a stolen card is one: those teach nothing of them.
_ALARMING = re.compile(
    r"fraud|stole|theft|hack|scam|emergenc|poison|accident|lawyer|sue\b|dead|die\b|hurt", re.IGNORECASE
)
# Of a hundred requests one may be called a complaint: so much of the requests kept back (one in so many) and of the
# messages in seen/ that are none, which are harder, together.
FALSELY = {"complaint": ("yes", 0.011)}
KEPT_BACK = 17
# What a phrase adds to its value where phrases and examples are by the same authors; found with the messages in seen/.
# Together with the others that may be looked at they also say how sure the model may be (of complaints those in seen/
# and the requests kept back say it).
BELIEVED = {"complaint": 2.0, "emergency": 6.0, "category": 3.5, "remedy": 10.0}
# Whether there is an emergency at all, whichever.
ANY = "any emergency"
# What the units say of the facets that features speak to as well, and of that question: for counsel alone.
ASIDE = (ANY, "complaint", "category", "root_cause", "severity", "sentiment")
# Which answers take counsel. Severity, sentiment and whether it is a complaint do not: with messages that were made up
# they gain, but real tweets and reviews, of which there are more kinds, were then called trifling or no complaint.
ANSWERS = ("category", "root_cause", "remedy", "emergency")
# Of these requests that nothing was learnt from, one in so many teaches counsel what such are about: messages of
# strangers alone would make it forget.
BANKING_ASIDE, BITEXT_ASIDE = 41, 89


def public_examples(corpora: Path) -> list[Labelled]:
    """The chosen texts of the public sets, in the order of their files."""
    found = [
        Labelled(row["text"], {"complaint": ("no",), **_calm(row["text"])}, "en")
        for row in _rows(corpora, "clinc_intents_oos", CLINC)
    ]
    found += [
        Labelled(row["text"], {"category": (row["category"],)}, "en") for row in _rows(corpora, "banking77", BANKING)
    ]
    # Its templates call no request a complaint, whatever has gone wrong: they teach topics only.
    found += [
        Labelled(row["text"], {"category": (row["category"],), **_calm(row["text"])}, "en")
        for row in _rows(corpora, "bitext_intents", BITEXT)
        if row["category"] not in NO_TOPIC
    ]
    return found + [
        Labelled(row["text"], {"complaint": ("yes",)}, "en") for row in _rows(corpora, "cfpb_narratives", CFPB)
    ]


def _calm(text: str) -> dict[str, tuple[str, ...]]:
    """What a request says of emergencies: that it is none, where no word of it is of one."""
    return {} if _ALARMING.search(text) else {"emergency": ()}


def _rows(corpora: Path, name: str, one_in: int, but: int | None = None) -> Iterator[dict[str, Any]]:
    """One row in so many, without those that are among one in `but`."""
    with gzip.open(corpora / "complaint-text" / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            number = int(sha256(row["text"].encode()).hexdigest(), 16)
            if number % one_in == 0 and (but is None or number % but):
                yield row


def teachers(corpora: Path) -> list[Labelled]:
    """What teaches counsel and no more: the categories of requests."""
    banking = _rows(corpora, "banking77", BANKING_ASIDE, but=BANKING)
    bitext = _rows(corpora, "bitext_intents", BITEXT_ASIDE, but=BITEXT)
    return [
        Labelled(row["text"], {"category": (row["category"],)}, "en")
        for row in (*banking, *(row for row in bitext if row["category"] not in NO_TOPIC))
    ]


def with_any(examples: Sequence[Labelled]) -> list[Labelled]:
    """The examples, and whether there is an emergency at all."""
    return [
        replace(one, labels={**one.labels, ANY: ("yes" if one.labels["emergency"] else "no",)})
        if "emergency" in one.labels
        else one
        for one in examples
    ]


def pieces(examples: Sequence[Labelled]) -> list[Labelled]:
    """A few words, lower case, out of the middle of each example: short messages are where languages are confused."""
    found = []
    for example in examples:
        words = example.text.lower().split()
        middle = max(0, len(words) // 2 - PIECE_WORDS // 2)
        text = " ".join(words[middle : middle + PIECE_WORDS])
        if example.language in ("zh", "ja"):
            text = example.text[len(example.text) // 3 :][:PIECE_LETTERS]
        found.append(Labelled(text, {LANGUAGE: example.labels[LANGUAGE]}, example.language))
    return found


def tasks_for(examples: Sequence[Labelled], reader: Reader) -> list[Task]:
    """What the shipped model decides, and what it says aside."""
    languages = sorted({value for one in examples for value in one.labels.get(LANGUAGE, ())})
    plain = [task_for(facet, examples, reader.facets) for facet in FACETS if facet not in LAYERED.facets]
    layered = [task_for(facet, examples, reader.facets) for facet in LAYERED.facets]
    aside = [replace(task, aside=True) for facet in ASIDE[1:] for task in plain if task.facet == facet]
    return [*plain, Task(LANGUAGE, tuple(languages)), *layered, Task(ANY, ("yes", "no"), aside=True), *aside]


def built(corpora: Path) -> tuple[bytes, Material, list[Task], dict[str, Held]]:
    """The model as bytes, and what was found out about it on texts that it did not learn from."""
    reader = Reader(load_tagging(None)[0])
    own = shipped_examples()
    kept = _rows(corpora, "clinc_intents_oos", KEPT_BACK, but=CLINC)
    judges = [one for language in LANGUAGES for one in to_learn_from(language)]
    judges += [Labelled(row["text"], {"complaint": ("no",)}, "en") for row in kept]
    teaching = teachers(corpora)
    examples = [*with_any([*own, *public_examples(corpora)]), *pieces(own), *judges, *teaching]
    stuff = material(examples, reader, _tell)
    tasks = tasks_for(own, reader)
    model, held = learn(
        stuff,
        tasks,
        reach=REACH,
        falsely=FALSELY,
        believed=BELIEVED,
        layered=LAYERED,
        counselled=Counselled(ANSWERS, ("emergency",), (LANGUAGE,), len(teaching)),
        least_texts=LEAST_TEXTS,
        judges=len(judges) + len(teaching),
        folds=FOLDS,
        steps=STEPS,
        tell=_tell,
    )
    return packed(lighter(unpacked(packed(model)), MOST_FEATURES)), stuff, tasks, held


def lighter(model: Model, most: int) -> Model:
    """The model with so many features at most: those that the most texts have, and of equals those of lower number."""
    arrays = model.arrays
    kept = np.sort(np.argsort(arrays.idf, kind="stable")[:most])
    fewer = replace(arrays, buckets=arrays.buckets[kept], idf=arrays.idf[kept], weights=arrays.weights[kept])
    return replace(model, arrays=fewer)


def raised(held: Held, task: Task) -> Iterator[tuple[str, ...]]:
    """What share of the judges with an emergency of any kind is found, and of those raised is right, by the chance that
    is enough for all kinds but those of `weigh.SURER`."""
    right = held.right.max(axis=1) > 0
    for limit in LIMITS:
        least = [max(limit, SURER.get(value, limit)) for value in task.values]
        found = (held.chances >= np.array(least)).any(axis=1)
        hits = float((found & right).sum())
        yield f"{limit:.2f}", f"{hits / right.sum():.3f}", f"{hits / max(1, found.sum()):.3f}"


def _tell(what: str, done: int, of: int) -> None:
    if sys.stderr.isatty():
        print(f"\r{what}: {done:,} of {of:,}   ", end="", file=sys.stderr, flush=True)


def main() -> int:
    """Write the file; with --check only say whether it would be the same."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 where the bytes differ")
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    given = parser.parse_args()
    corpora = os.environ.get("AMENDS_CORPORA")
    if not corpora:
        print("Set AMENDS_CORPORA to the folder of the corpora.", file=sys.stderr)
        return 2
    content, stuff, tasks, held = built(Path(corpora))
    print(f"{len(stuff.examples):,} examples, {len(content):,} bytes, SHA-256 {sha256(content).hexdigest()[:16]}")
    for task in tasks:
        if task.aside:
            continue
        one = held[task.facet]
        print(f"  {task.facet}: {len(one.chosen):,} texts, temperature {one.temperature}, least {one.least}")
    kinds = next(task for task in tasks if task.facet == "emergency")
    print("\n".join(table(("enough", "emergencies found", "precision"), raised(held["emergency"], kinds))))
    if given.check:
        same = given.out.exists() and given.out.read_bytes() == content
        print("the same bytes as are shipped" if same else "other bytes than are shipped")
        return 0 if same else 1
    given.out.write_bytes(content)
    print(f"written to {given.out.relative_to(SHIPPED.parent) if given.out.is_relative_to(SHIPPED) else given.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
