"""The floors on mail that other projects published: none raises, and these shares are understood as they expect.

Speed and memory are measured by `benchmarks/mail.py`, beside other libraries.
"""

from __future__ import annotations

import gzip
import json
import os
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from adapters.imap import markup, quotes
from adapters.imap.message import Message, understood

if "AMENDS_CORPORA" not in os.environ:
    pytest.skip("AMENDS_CORPORA is not set: no mail corpus to measure with", allow_module_level=True)

CORPUS = Path(os.environ["AMENDS_CORPORA"]) / "mail-corpus"
ROWS: list[dict[str, Any]] = [
    json.loads(line) for line in (CORPUS / "expected.jsonl").read_text(encoding="utf-8").splitlines()
]


@cache
def message(file: str) -> Message:
    return understood((CORPUS / file).read_bytes())


def rows(key: str) -> list[dict[str, Any]]:
    found = [row for row in ROWS if key in row]
    assert len(found) > 5
    return found


def share(right: list[bool]) -> float:
    return sum(right) / len(right)


def folded(text: str) -> str:
    return " ".join(text.split())


def test_no_file_raises() -> None:
    files = [file for file in CORPUS.rglob("*") if file.is_file()]
    assert len(files) > 500
    for file in files:
        understood(file.read_bytes())


def test_subjects_and_senders() -> None:
    subjects = [folded(message(row["file"]).subject_as_sent) == folded(row["subject"]) for row in rows("subject")]
    senders = [
        [one["address"] for one in row["from"]] == [one.address for one in message(row["file"]).sender]
        for row in rows("from")
    ]
    assert share(subjects) >= 0.98
    assert share(senders) >= 0.97


def test_automatic_or_not_and_no_human_mail_is_dropped() -> None:
    pairs = [(row["is_auto_reply"], message(row["file"]).automatic.kind is not None) for row in rows("is_auto_reply")]
    assert share([expected == found for expected, found in pairs]) >= 0.97
    assert not [pair for pair in pairs if pair == (False, True)]


def test_bounce_recipients() -> None:
    right = [
        {one.lower() for one in row["failed_recipients"]}
        == {one.lower() for one in message(row["file"]).bounce_recipients}
        for row in rows("failed_recipients")
    ]
    assert share(right) >= 0.93


def reply_text(row: dict[str, Any]) -> str:
    if row["kind"] == "message":
        return message(row["file"]).reply_text
    text = (CORPUS / row["file"]).read_text(encoding="utf-8", errors="replace")
    return quotes.reply(markup.text(text) if row["kind"] == "html-body" else text).text


def test_reply_texts() -> None:
    exact = losing = 0
    texts = rows("stripped_body")
    for row in texts:
        # An HTML body has no line breaks of its own to compare.
        fold = (lambda text: "".join(text.split())) if row["kind"] == "html-body" else folded
        found, wanted = fold(reply_text(row)), fold(row["stripped_body"])
        exact += found == wanted
        losing += any(fold(line) not in found for line in row["stripped_body"].splitlines())
    assert exact / len(texts) >= 0.75
    assert losing / len(texts) <= 0.03


@pytest.mark.parametrize("name", sorted(path.name for path in (CORPUS.parent / "complaint-text").glob("*.jsonl.gz")))
def test_what_people_write_is_neither_cut_nor_taken_for_a_machine_s(name: str) -> None:
    with gzip.open(CORPUS.parent / "complaint-text" / name, "rt", encoding="utf-8") as lines:
        for line in islice(lines, 150):
            text = max((one for one in json.loads(line).values() if isinstance(one, str)), key=len)
            head = f"From: jo@customer.example\nTo: support@shop.example\nSubject: {folded(text)[:60]}\n"
            mail = understood(f"{head}Content-Type: text/plain; charset=utf-8\n\n{text}\n".encode())
            assert mail.automatic.kind is None and folded(mail.reply_text) == folded(mail.full_text), text
