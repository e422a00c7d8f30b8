"""How well and how fast mail is understood, beside the libraries that cut replies.

    AMENDS_CORPORA=… python -m benchmarks.mail             # ourselves
    AMENDS_CORPORA=… python -m benchmarks.mail --peers all # and four others, each in an environment of its own
    … --write                                             # and put the tables into benchmarks/mail.md

Everybody cuts the same bodies, decoded by us: HTML as our text of it, so that only the cutting is compared. A text is
exact when it equals what the corpus expects but for white space; it loses when a line that was wanted is missing, and
leaks when it only holds more. The expectations are those of the projects that the mails come from, and of their taste.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from adapters.imap import markup, quotes
from adapters.imap.lines import MARK
from adapters.imap.message import Message, understood

HERE = Path(__file__).resolve().parent
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


def understanding_table(corpus: Sequence[Row]) -> str:
    """All that is understood of whole messages, against the floors."""
    messages: dict[str, Message] = {}
    times = []
    for file in (path for path in CORPUS.rglob("*") if path.is_file()):
        raw = file.read_bytes()
        start = time.perf_counter()
        messages[file.relative_to(CORPUS).as_posix()] = understood(raw)
        times.append((time.perf_counter() - start) * 1000)
    subjects = [folded(messages[r["file"]].subject_as_sent) == folded(r["subject"]) for r in corpus if "subject" in r]
    senders = [
        [one["address"] for one in r["from"]] == [one.address for one in messages[r["file"]].sender]
        for r in corpus
        if "from" in r
    ]
    flags = [
        (r["is_auto_reply"], messages[r["file"]].automatic.kind is not None) for r in corpus if "is_auto_reply" in r
    ]
    bounced = [
        {one.lower() for one in r["failed_recipients"]}
        == {one.lower() for one in messages[r["file"]].bounce_recipients}
        for r in corpus
        if "failed_recipients" in r
    ]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    lines = [
        ("subjects", f"{sum(subjects)} of {len(subjects)}", "98 %"),
        ("From", f"{sum(senders)} of {len(senders)}", "97 %"),
        ("automatic, called automatic", f"{flags.count((True, True))} of {sum(e for e, _ in flags)}", "97 % of both"),
        ("human, called human", f"{flags.count((False, False))} of {sum(not e for e, _ in flags)}", "all"),
        ("bounce recipients", f"{sum(bounced)} of {len(bounced)}", "93 %"),
        ("median ms a file", f"{statistics.median(times):.2f}", "3"),
        ("mean, longest ms", f"{statistics.mean(times):.2f}, {max(times):.0f}", "2000"),
        ("peak memory, MB", f"{peak:.0f}", "256"),
        ("files, exceptions", f"{len(times)}, 0", "0"),
    ]
    return "| what | found | floor or limit |\n|---|--:|--:|\n" + "".join(f"| {a} | {b} | {c} |\n" for a, b, c in lines)


def main() -> None:
    options = argparse.ArgumentParser(description="How well and how fast mail is understood.")
    options.add_argument("--peers", default="", help="all, or some of: " + ", ".join(PEERS))
    options.add_argument("--environments", type=Path, default=Path(".venvs"), help="where theirs are kept")
    options.add_argument("--write", action="store_true", help="put the tables into benchmarks/mail.md")
    chosen = options.parse_args()
    corpus = rows()
    texts = [row for row in corpus if "stripped_body" in row]
    bodies = [body(row) for row in texts]
    scores = [score("Amends", texts, ours(bodies))]
    peers = list(PEERS) if chosen.peers == "all" else [name for name in chosen.peers.split(",") if name]
    scores += [score(PEERS[name].replace("==", " "), texts, peer(name, chosen.environments, bodies)) for name in peers]
    scores.append(score("nothing cut", texts, [(text, 0.0) for text in bodies]))
    page = f"{__doc__}\n## Reply texts\n\n{reply_table(scores)}\n## Whole messages\n\n{understanding_table(corpus)}"
    print(page)
    if chosen.write:
        about = "# Understanding mail\n\nMeasured by `python -m benchmarks.mail --peers all --write`.\n\n"
        explained = (__doc__ or "").rpartition("\n\n")[2]
        (HERE / "mail.md").write_text(about + explained + page[len(__doc__ or "") :], encoding="utf-8")


if __name__ == "__main__":
    main()
