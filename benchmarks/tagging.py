"""How good and how fast tagging is: the table of docs/engineers/tagging.md. `make bench-tagging` calls this.

Every figure of quality on a public set is of texts that the model has not learnt from: five folds, the same text again
always in one fold, and each fold answered by a model of the four others. Nothing was chosen by these figures but what
docs/engineers/tagging.md names. The corpora are looked for in $AMENDS_CORPORA. Times are the process's own.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from benchmarks.weights import CLINC
from connector.commands.collector import spare_the_collector
from connector.display import table
from connector.model import Complainant, Complaint, Status
from connector.settings import load_tagging
from connector.settings.models import read_models
from connector.tagging import Asked, Tagger
from connector.tagging.check import SOME_DAY
from connector.tagging.extras import METHODS, PLAIN
from connector.tagging.judging import Held
from connector.tagging.labelled import Labelled, Task, labels_of, task_for
from connector.tagging.material import Material, material
from connector.tagging.measuring import Answer, Measured, measured
from connector.tagging.reading import Message
from connector.tagging.training import learn

FASTEST_SAMPLE = 8_000
REPEATS = 3

Row = dict[str, Any]


class Set(msgspec.Struct, frozen=True):
    """A public set: its file, the facet it is about, how a row's label is read, and the figure wished for."""

    title: str
    file: str
    facet: str
    label: Callable[[Row], Any]
    wish: str


SETS = (
    Set("English complaint tweets", "complaint_tweets", "complaint", lambda row: row["is_complaint"], "0.81, 72 %"),
    Set("Chinese takeaway reviews", "zh_takeaway_reviews", "complaint", lambda row: row["is_complaint"], "0.83"),
    Set("Chinese shopping reviews", "zh_shopping_reviews", "complaint", lambda row: row["is_complaint"], "0.83"),
    Set("Banking77, our categories", "banking77", "category", lambda row: row["category"], "0.93"),
    Set("Banking77, its 77 intents", "banking77", "intent", lambda row: row["label"], "0.87"),
    Set("Airline reasons", "airline_tweets", "category", lambda row: row.get("category"), "0.56"),
    Set("Sentiment, six languages", "sentiment_tweets_6lang", "sentiment", lambda row: row["sentiment"], "0.58"),
)


def rows_of(corpora: Path, file: str) -> Iterator[Row]:
    """The rows of a set."""
    with gzip.open(corpora / "complaint-text" / f"{file}.jsonl.gz", "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def quality(corpora: Path, tagger: Tagger, only: str | None, method: str = PLAIN) -> list[tuple[str, ...]]:
    """A row a set: wished for, reached by a method, and beside the plain one three simple ways."""
    found = []
    for one in SETS:
        if only is None or only in one.file:
            found.append(_quality(corpora, tagger, one, method))
            print(f"  {one.title}: done", file=sys.stderr)
    return found


def _quality(corpora: Path, tagger: Tagger, one: Set, method: str) -> tuple[str, ...]:
    examples = []
    for row in rows_of(corpora, one.file):
        label = one.label(row)
        labels = labels_of(one.facet, label) if label is not None else None
        if labels:
            examples.append(Labelled(row["text"], {one.facet: labels}, row["lang"]))
    task = task_for(one.facet, examples, tagger.reader.facets)
    stuff = material(examples, tagger.reader, method=method)
    whole = _of_held(task, learn(stuff, [task])[1][one.facet])
    return (
        one.title,
        f"{len(examples):,}",
        one.wish,
        f"{whole.macro_f1:.3f}",
        f"{whole.accuracy:.3f}",
        *(f"{whole.coverage[wish]:.0%}" for wish in ("0.90", "0.95")),
        *(_simple(tagger, task, examples, stuff) if method == PLAIN else ()),
    )


def _simple(tagger: Tagger, task: Task, examples: Sequence[Labelled], stuff: Material) -> tuple[str, ...]:
    words = _of_held(task, learn(_words_only(stuff), [task])[1][task.facet])
    phrases = _by_phrases(tagger, task.facet, examples)
    return (
        f"{words.macro_f1:.3f}",
        f"{phrases.macro_f1:.3f}" if phrases else "-",
        f"{_majority(task.facet, examples).macro_f1:.3f}",
    )


def _of_held(task: Task, held: Held) -> Measured:
    best = held.chances.argmax(axis=1)
    answers = [
        Answer(task.values[value], float(row[value]), given=True)
        for value, row in zip(best.tolist(), held.chances, strict=True)
    ]
    return measured([task.values[value] for value in held.right.argmax(axis=1).tolist()], answers)


def _words_only(stuff: Material) -> Material:
    none = np.zeros(0, dtype=np.int64)
    return msgspec.structs.replace(
        stuff, runs=(none, none), themes=(none, none), strengths=np.zeros_like(stuff.strengths)
    )


def _by_phrases(tagger: Tagger, facet: str, examples: Sequence[Labelled]) -> Measured | None:
    if facet not in tagger.reader.facets:
        return None
    answers = tagger.best([Message("", one.text, one.language) for one in examples], facet)
    return measured([one.labels[facet][0] for one in examples], answers)


def _majority(facet: str, examples: Sequence[Labelled]) -> Measured:
    truth = [one.labels[facet][0] for one in examples]
    most = Counter(truth).most_common(1)[0][0]
    return measured(truth, [Answer(most, 1.0, given=True)] * len(truth))


def raised(corpora: Path, tagger: Tagger) -> str:
    """Which share of requests to an assistant the shipped model calls complaints; of those it has not learnt from."""
    texts = [
        row["text"]
        for row in rows_of(corpora, "clinc_intents_oos")
        if int(sha256(row["text"].encode()).hexdigest(), 16) % CLINC
    ]
    answers = tagger.best([Message("", text, "en") for text in texts], "complaint")
    wrong = sum(one.value == "yes" and one.given for one in answers)
    return f"{wrong / len(texts):.2%} of {len(texts):,}"


def languages(corpora: Path, tagger: Tagger) -> tuple[str, str, str]:
    """How often the language is right: of five words (Chinese: ten letters), of Slovenian ones, of whole sentences."""
    rows = [row for row in rows_of(corpora, "sib_topics_14lang") if row["lang"] in tagger.reader.languages]
    short = [_short(row) for row in rows]

    def share(texts: Sequence[str], only: str | None = None) -> str:
        chosen = [(text, row["lang"]) for text, row in zip(texts, rows, strict=True) if only in (None, row["lang"])]
        answers = tagger.best([Message("", text) for text, _ in chosen], "language")
        hits = sum(one.value == truth for one, (_, truth) in zip(answers, chosen, strict=True))
        return f"{hits / len(chosen):.3f}"

    return share(short), share(short, "sl"), share([row["text"] for row in rows])


def _short(row: Row) -> str:
    if row["lang"] in ("zh", "ja"):
        return str(row["text"])[:10]
    return " ".join(str(row["text"]).lower().split()[:5])


def sample(corpora: Path) -> list[str]:
    """Texts of five sets and ten languages."""
    texts = []
    for file in ("complaint_tweets", "zh_takeaway_reviews", "sentiment_tweets_6lang", "banking77", "sib_topics_14lang"):
        texts += [row["text"] for row in rows_of(corpora, file)][: FASTEST_SAMPLE // 5]
    return texts


def speed(corpora: Path, tagger: Tagger) -> tuple[float, float, float]:
    """Texts a second, in batches, one by one, and of `eld` that only tells the language: the best of three runs over
    the sample, in turn, for machines differ by half from one hour to the next."""
    # As large as all of ours together, and `cold` is asked while this process is small.
    from eld import LanguageDetector  # type: ignore[import-untyped]

    texts = sample(corpora)
    asked = [Asked(_complaint(text)) for text in texts]
    few = asked[:: len(asked) // 1_000]
    detector = LanguageDetector()
    spare_the_collector()  # as a pull and `amends tag text` do
    tagger.tags_of(asked[:500])
    rounds = [
        (
            _rate(lambda: tagger.tags_of(asked), len(asked)),
            _rate(lambda: [tagger.tags_of([one]) for one in few], len(few)),
            _rate(lambda: [detector.detect(text) for text in texts], len(texts)),
        )
        for _ in range(REPEATS)
    ]
    together, alone, beside = (max(kind) for kind in zip(*rounds, strict=True))
    return together, alone, beside


def _rate(run: Callable[[], object], count: int) -> float:
    begun = time.process_time()
    run()
    return count / (time.process_time() - begun)


def _complaint(text: str) -> Complaint:
    who = Complainant(key="bench:1")
    return Complaint("bench", "1", 0, "", text, who, Status.NEW, SOME_DAY, SOME_DAY)


def cold(texts: Sequence[str]) -> tuple[float, float]:
    """Seconds of processor time and peak megabytes of `amends tag text` for these texts, from nothing. To be asked
    while this process is small: the kernel counts what a process was before it became another one."""
    lines = b"".join(msgspec.json.encode({"id": number, "text": text}) + b"\n" for number, text in enumerate(texts))
    command = [sys.executable, "-c", _COLD]
    best, size = 1e9, 0.0
    for _ in range(REPEATS):
        said = subprocess.run(command, input=lines, capture_output=True, check=True).stderr.split()
        best, size = min(best, float(said[-2])), max(size, float(said[-1]))
    return best, size


_COLD = """
import sys, time, resource
sys.argv = ["amends", "tag", "text", "--json"]
import cli
try:
    cli.app()
except SystemExit:
    pass
used = resource.getrusage(resource.RUSAGE_SELF)
print(used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, file=sys.stderr)
"""


def main() -> int:
    """Print everything."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", help="only the set whose file is called like this")
    parser.add_argument("--method", choices=METHODS, default=PLAIN, help="of an extra, where it is installed")
    parser.add_argument("--quick", action="store_true", help="speed, languages and requests only: nothing is trained")
    given = parser.parse_args()
    if not (folder := os.environ.get("AMENDS_CORPORA")):
        print("Set AMENDS_CORPORA to the folder of the corpora.", file=sys.stderr)
        return 2
    corpora = Path(folder)
    first, size = cold(["My parcel has not arrived."])
    _, peak = cold(sample(corpora))
    settings, files = load_tagging(None)
    plain, tagger = Tagger(settings), Tagger(settings, read_models(files))
    together, alone, eld = speed(corpora, tagger)
    short, slovenian, sentences = languages(corpora, tagger)
    print(f"speed: {together:,.0f} texts/s in batches, {alone:,.0f} one at a time (processor time, one core)")
    shares = f"ours are {together / eld:.2f} and {alone / eld:.2f} of it"
    print(f"  beside eld, which tells the language and no more: {eld:,.0f}; {shares}")
    print(f"cold: {first:.2f} s, {size:.0f} MB; after {FASTEST_SAMPLE:,} texts in all languages {peak:.0f} MB")
    print(f"language: five words {short}, Slovenian {slovenian}, sentences {sentences}")
    print(f"requests called complaints: {raised(corpora, tagger)}")
    if not given.quick:
        head = ("set", "texts", "wish", "macro-F1", "right", "at .90", "at .95")
        beside = ("words", "phrases", "majority") if given.method == PLAIN else ()
        print("\n".join(table((*head, *beside), quality(corpora, plain, given.only, given.method))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
