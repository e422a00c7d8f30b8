"""How well and how fast mail is understood, beside the libraries that cut replies.

    AMENDS_CORPORA=… python -m benchmarks.mail             # ourselves
    AMENDS_CORPORA=… python -m benchmarks.mail --peers all # and four others, each in an environment of its own
    … --write                                             # and put the tables into docs/performance.md

Everybody cuts the same bodies, decoded by us: HTML as our text of it, so that only the cutting is compared. A text is
exact when it equals what the corpus expects but for white space; it loses when a line that was wanted is missing, and
leaks when it only holds more. The expectations are those of the projects that the mails come from, and of their taste.
"Nothing cut" is what is right by itself. flufl.bounce is given each message; one in which it finds an address counts as
automatic.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from email import message_from_bytes
from pathlib import Path
from typing import Any, NamedTuple

from adapters.imap import markup, quotes
from adapters.imap.lines import MARK
from adapters.imap.message import Message, understood
from benchmarks import report

HERE = Path(__file__).resolve().parent
PAGE = HERE.parent / "docs" / "performance.md"
CORPUS = Path(os.environ.get("AMENDS_CORPORA", ".")) / "mail-corpus"
PEERS = {
    "talon": "talon==1.4.4",
    "quotequail": "quotequail==0.5.4",
    "zapier": "email-reply-parser==0.5.12",
    "mail-parser-reply": "mail-parser-reply==1.36",
}
Row = dict[str, Any]


class Score(NamedTuple):
    """Shares of the reply texts, and milliseconds for one."""

    name: str
    texts: int
    exact: int
    loses: int
    leaks: int
    mean_ms: float
    longest_ms: float


def rows() -> list[Row]:
    return [json.loads(line) for line in (CORPUS / "expected.jsonl").read_text(encoding="utf-8").splitlines()]


def folded(text: str) -> str:
    return " ".join(text.split())


def body(row: Row) -> str:
    """The text of a row before anything is cut."""
    raw = (CORPUS / row["file"]).read_bytes()
    if row["kind"] == "message":
        return understood(raw).full_text
    text = raw.decode("utf-8", "replace").replace("\r\n", "\n")
    return markup.text(text) if row["kind"] == "html-body" else text


def score(name: str, texts: Sequence[Row], found: Sequence[tuple[str, float]]) -> Score:
    exact = loses = 0
    for row, (text, _) in zip(texts, found, strict=True):
        fold = (lambda one: "".join(one.split())) if row["kind"] == "html-body" else folded
        got, wanted = fold(text), fold(row["stripped_body"])
        exact += got == wanted
        loses += any(fold(line) not in got for line in row["stripped_body"].splitlines())
    times = [ms for _, ms in found]
    leaks = len(texts) - exact - loses
    return Score(name, len(texts), exact, loses, leaks, statistics.mean(times), max(times))


def ours(bodies: Sequence[str]) -> list[tuple[str, float]]:
    found = []
    for text in bodies:
        start = time.perf_counter()
        cut = quotes.reply(text).text
        found.append((cut, (time.perf_counter() - start) * 1000))
    return found


def peer(name: str, folder: Path, bodies: Sequence[str]) -> list[tuple[str, float]]:
    """What a library makes of the bodies, in an environment that is made when it is not there."""
    python = folder / name / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", folder / name], check=True)
        subprocess.run([python, "-m", "pip", "install", "-q", "setuptools<81", PEERS[name]], check=True)
    given = "".join(json.dumps(text.replace(MARK, "")) + "\n" for text in bodies)
    done = subprocess.run(
        [python, HERE / "peer_mail.py", name], input=given, capture_output=True, text=True, check=True
    )
    return [(line["text"], line["ms"]) for line in map(json.loads, done.stdout.splitlines())]


def reply_table(scores: Sequence[Score]) -> str:
    head = "| who | texts | exact | loses | leaks | mean ms | longest ms |\n|---|--:|--:|--:|--:|--:|--:|\n"
    return head + "".join(
        f"| {one.name} | {one.texts} | {one.exact} ({one.exact / one.texts:.0%}) | {one.loses} | {one.leaks} "
        f"| {one.mean_ms:.2f} | {one.longest_ms:.1f} |\n"
        for one in scores
    )


class Read(NamedTuple):
    """What was understood of every file of the corpus, and in what time; `failed` are those that raised."""

    messages: dict[str, Message]
    ms: list[float]
    failed: list[str]


def read_all() -> Read:
    messages: dict[str, Message] = {}
    times: list[float] = []
    failed: list[str] = []
    for path in (path for path in CORPUS.rglob("*") if path.is_file()):
        raw, name = path.read_bytes(), path.relative_to(CORPUS).as_posix()
        start = time.process_time()
        try:
            messages[name] = understood(raw)
        except Exception as error:  # noqa: BLE001 - that is what is counted
            failed.append(f"{name}: {type(error).__name__}")
        times.append((time.process_time() - start) * 1000)
    return Read(messages, times, failed)


def understanding_table(corpus: Sequence[Row], read: Read) -> str:
    """All that is understood of whole messages, against the floors, with flufl.bounce beside it where that answers."""
    known = [row for row in corpus if row["file"] in read.messages]
    messages, times = read.messages, read.ms
    subjects = [folded(messages[r["file"]].subject_as_sent) == folded(r["subject"]) for r in known if "subject" in r]
    senders = [
        [one["address"] for one in r["from"]] == [one.address for one in messages[r["file"]].sender]
        for r in known
        if "from" in r
    ]
    labelled = [row for row in known if "is_auto_reply" in row]
    ours_says = [messages[row["file"]].automatic.kind is not None for row in labelled]
    flufl = {
        row["file"]: flufl_finds(CORPUS / row["file"])
        for row in known
        if {"is_auto_reply", "failed_recipients"} & row.keys()
    }
    flufl_says = [bool(flufl[row["file"]]) for row in labelled]
    bounced = [row for row in known if "failed_recipients" in row]
    wanted = [{one.lower() for one in row["failed_recipients"]} for row in bounced]
    found = [{one.lower() for one in messages[row["file"]].bounce_recipients} for row in bounced]
    theirs = [flufl[row["file"]] for row in bounced]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    machines = [row["is_auto_reply"] for row in labelled]
    lines = [
        ("subjects", _of(subjects), "", "98 %"),
        ("From", _of(senders), "", "97 %"),
        (
            "automatic, called automatic",
            _said(machines, ours_says, True),
            _said(machines, flufl_says, True),
            "97 % of both",
        ),
        ("human, called human", _said(machines, ours_says, False), _said(machines, flufl_says, False), "all"),
        ("bounce recipients", _of(_equal(wanted, found)), _of(_equal(wanted, theirs)), "93 %"),
        ("median CPU ms a file", f"{statistics.median(times):.2f}", "", "3"),
        ("mean, longest CPU ms", f"{statistics.mean(times):.2f}, {max(times):.0f}", "", "2000"),
        ("peak memory, MB", f"{peak:.0f}", "", "256"),
        ("files, exceptions", f"{len(times)}, {len(read.failed)}", "", "0"),
    ]
    head = "| what | Amends | flufl.bounce alone | floor or limit |\n|---|--:|--:|--:|\n"
    return head + "".join(f"| {' | '.join(line)} |\n" for line in lines)


def flufl_finds(path: Path) -> set[str]:
    """The addresses that flufl.bounce finds, late ones too; none where it raises."""
    from flufl.bounce import all_failures

    try:
        late, lost = all_failures(message_from_bytes(path.read_bytes()))
    except Exception:  # noqa: BLE001 - a library that raises has no answer
        return set()
    return {(one.decode("utf-8", "replace") if isinstance(one, bytes) else one).lower() for one in {*late, *lost}}


def _of(right: Sequence[bool]) -> str:
    return f"{sum(right)} of {len(right)}"


def _equal(wanted: Sequence[set[str]], found: Sequence[set[str]]) -> list[bool]:
    return [one == other for one, other in zip(wanted, found, strict=True)]


def _said(labels: Sequence[bool], says: Sequence[bool], which: bool) -> str:
    """Of those that are so labelled, how many are called so."""
    return _of([said is which for label, said in zip(labels, says, strict=True) if label is which])


def main() -> None:
    options = argparse.ArgumentParser(description="How well and how fast mail is understood.")
    options.add_argument("--peers", default="", help="all, or some of: " + ", ".join(PEERS))
    options.add_argument("--environments", type=Path, default=Path(".venvs"), help="where theirs are kept")
    options.add_argument("--write", action="store_true", help="put the tables into docs/performance.md")
    chosen = options.parse_args()
    corpus = rows()
    texts = [row for row in corpus if "stripped_body" in row]
    bodies = [body(row) for row in texts]
    scores = [score("Amends", texts, ours(bodies))]
    peers = list(PEERS) if chosen.peers == "all" else [name for name in chosen.peers.split(",") if name]
    scores += [score(PEERS[name].replace("==", " "), texts, peer(name, chosen.environments, bodies)) for name in peers]
    scores.append(score("nothing cut", texts, [(text, 0.0) for text in bodies]))
    explained = (__doc__ or "").rpartition("\n\n")[2]
    read = read_all()
    tables = [
        explained,
        f"### Reply texts\n\n{reply_table(scores)}",
        f"### Whole messages\n\n{understanding_table(corpus, read)}",
    ]
    print("\n".join([*tables, *read.failed]))
    if chosen.write:
        python = f"{platform.python_implementation()} {platform.python_version()}"
        report.write(PAGE, "mail", tables, python, "python -m benchmarks.mail --peers all")


if __name__ == "__main__":
    main()
