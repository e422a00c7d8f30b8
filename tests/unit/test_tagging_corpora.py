"""The shipped English phrases and the language guess, measured on public labelled text.

Floors lie a little below what was measured when they were set; raise them when the phrases get better.
"""

from __future__ import annotations

import gzip
import json
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from connector.model import Complainant, Complaint, Status
from connector.settings import load_tagging
from connector.tagging import Tagger
from connector.tagging.language import guess

NOW = datetime(2026, 6, 1, tzinfo=UTC)
Row = dict[str, Any]


def corpus(name: str) -> Iterator[Row]:
    if "AMENDS_CORPORA" not in os.environ:
        pytest.skip("AMENDS_CORPORA is not set: no labelled text to measure on")
    path = Path(os.environ["AMENDS_CORPORA"]) / "complaint-text" / f"{name}.jsonl.gz"
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)


@cache
def shipped() -> tuple[Tagger, frozenset[str]]:
    settings, _ = load_tagging()
    return Tagger(settings), frozenset(settings.languages)


def said(text: str, facet: str) -> str | None:
    complaint = Complaint(
        source="corpus",
        ticket="1",
        version=1,
        subject="",
        text=text,
        complainant=Complainant(key="corpus:1"),
        status=Status.NEW,
        opened_at=NOW,
        updated_at=NOW,
        language="en",
    )
    return next((tag.value for tag in shipped()[0].tags(complaint) if tag.facet == facet), None)


def share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def complaints_in(rows: Iterable[Row]) -> tuple[float, float, float]:
    """Precision and recall of "yes", and precision of "no"."""
    seen = Counter((bool(row["is_complaint"]), said(row["text"], "complaint")) for row in rows)
    yes = seen[True, "yes"] + seen[False, "yes"]
    positive = sum(count for (truth, _), count in seen.items() if truth)
    no = seen[True, "no"] + seen[False, "no"]
    return share(seen[True, "yes"], yes), share(seen[True, "yes"], positive), share(seen[False, "no"], no)


def categories_in(rows: Iterable[Row], truth: Callable[[Row], str | None]) -> tuple[float, float]:
    """Precision of the category where one is said, and the share of texts where one is."""
    pairs = [(truth(row), said(row["text"], "category")) for row in rows if truth(row)]
    spoken = [(wanted, found) for wanted, found in pairs if found]
    return share(sum(wanted == found for wanted, found in spoken), len(spoken)), share(len(spoken), len(pairs))


def test_complaints_to_helpdesks_are_told_from_other_messages() -> None:
    rows = [row for row in corpus("complaint_tweets") if not row["domain"].startswith("random")]
    yes_precision, yes_recall, no_precision = complaints_in(rows)
    assert yes_precision >= 0.92
    assert yes_recall >= 0.49
    assert no_precision >= 0.80


def test_complaints_to_airlines_are_told_from_other_messages() -> None:
    yes_precision, yes_recall, no_precision = complaints_in(corpus("airline_tweets"))
    assert yes_precision >= 0.91
    assert yes_recall >= 0.57
    assert no_precision >= 0.87


def test_requests_to_an_assistant_are_seldom_called_complaints() -> None:
    answers = Counter(said(row["text"], "complaint") for row in corpus("clinc_intents_oos"))
    assert share(answers["yes"], answers.total()) <= 0.02


def test_the_category_of_airline_complaints_is_right_where_one_is_given() -> None:
    ours = {
        "cancellation": "delivery",
        "delay": "delivery",
        "lost_item": "delivery",
        "product": "product",
        "service": "service",
        "technical_booking": "technical",
    }
    precision, coverage = categories_in(corpus("airline_tweets"), lambda row: ours.get(row.get("category", "")))
    assert precision >= 0.75
    assert coverage >= 0.46


def test_the_category_of_bank_questions_is_right_where_one_is_given() -> None:
    def truth(row: Row) -> str | None:
        category: str = row["category"]
        return None if category == "other" else category

    precision, coverage = categories_in(corpus("banking77"), truth)
    assert precision >= 0.90
    assert coverage >= 0.61


def test_sentences_get_their_language_and_unlisted_languages_get_none() -> None:
    languages = shipped()[1]
    found = Counter(
        (row["lang"] in languages, guess(row["text"], languages).language == row["lang"])
        if row["lang"] in languages
        else (False, guess(row["text"], languages).language == "unknown")
        for row in corpus("sib_topics_14lang")
    )
    assert share(found[True, True], found[True, True] + found[True, False]) >= 0.995
    assert share(found[False, True], found[False, True] + found[False, False]) >= 0.97
