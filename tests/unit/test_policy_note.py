"""What a manager reads on the ticket."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from connector.model import (
    JSON,
    Clock,
    ClockState,
    Complainant,
    Complaint,
    Flag,
    FlagKind,
    History,
    Priority,
    Spell,
    Status,
    Tag,
)
from connector.policy.note import note

NOW = datetime(2026, 6, 2, 12, tzinfo=UTC)
OPENED = NOW - timedelta(days=1)
CLOCK = Clock("first_reply", 1, ClockState.BREACHED, OPENED, 14_400, 18_600, "First reply", "support")
OVERDUE = Flag(FlagKind.OVERDUE, "First reply", "first_reply#1", NOW, "The first reply was due Mon.")
MANY = Flag(FlagKind.REPEAT, "many", "many#2026-06-01", NOW, "Complaint number 3.", ("shop/3", "mail/5", "shop/7"))
TAGS = (
    Tag("complaint", "yes", 0.9, "rule"),
    Tag("category", "delivery", 0.9, "rule"),
    Tag("root_cause", "third_party", 0.9, "rule"),
)


def complaint(**more: JSON) -> Complaint:
    person = Complainant("mail:ann@example.org", name="Ann Onymous", address="ann@example.org", phone="+44123")
    about = Complaint("shop", "7", 1, "Where is it?", "I am furious", person, Status.OPEN, OPENED, NOW)
    return replace(about, **more)


def written(
    flag: Flag = OVERDUE,
    *,
    about: Complaint | None = None,
    tags: tuple[Tag, ...] = TAGS,
    clock: Clock | None = CLOCK,
    reopens: tuple[datetime, ...] = (),
) -> str:
    story = History(OPENED, (Spell(Status.OPEN, OPENED, None),), reopens=reopens)
    flags = (OVERDUE, MANY)
    return note(about or complaint(), story, tags, clock, flag, flags, zone="Europe/London", now=NOW)


def test_a_manager_reads_what_is_wrong_by_how_much_and_what_to_do() -> None:
    assert written(about=complaint(priority=Priority.HIGH), reopens=(NOW, NOW)).splitlines() == [
        "Overdue: this complaint needs a manager.",
        "Why: The first reply was due Mon.",
        "Clock: 1 h 10 min over; 5 h 10 min of 4 h used, counted by calendar support for target First reply.",
        "Received: Mon 1 Jun 2026 13:00 BST (12:00 UTC).",
        "Now: open, priority high, has no owner, reopened 2 times.",
        "Category: delivery; Cause: third party",
        "Earlier cases: shop/3, mail/5.",
        "Next step: answer the customer, or say by when an answer will come, and name an owner if there is none.",
        "Written by Amends, Tue 2 Jun 2026 13:00 BST (12:00 UTC). To see why: amends explain shop/7",
    ]


def test_a_warning_says_how_much_is_left() -> None:
    soon = replace(OVERDUE, kind=FlagKind.DUE_SOON)
    text = written(soon, clock=replace(CLOCK, state=ClockState.RUNNING, used_seconds=10_800))
    assert "Clock: 1 h left; 3 h of 4 h used" in text


@pytest.mark.parametrize("rule", ["same_matter", "many", "reopened"])
def test_each_kind_of_coming_back_has_a_next_step(rule: str) -> None:
    text = written(replace(MANY, rule=rule, episode=f"{rule}#1"), clock=None)
    assert "Next step: " in text
    assert "Clock:" not in text
    assert text.startswith("Repeat: this customer had to come back to us.")


def test_a_note_repeats_nothing_that_anyone_wrote_and_names_no_person() -> None:
    about = complaint(product="a kettle", order_number="A-1", owner="agent:12", team="x", extra={"shop": "Leeds"})
    text = written(about=about)
    for word in ("furious", "Where is it", "Ann", "example.org", "+44", "kettle", "A-1", "agent:12", "Leeds"):
        assert word not in text


@pytest.mark.parametrize("value", ["see https://evil.example", "x" * 80, "line\nbreak", "<b>bold</b>", "@all"])
def test_a_tag_value_that_is_no_plain_name_is_left_out(value: str) -> None:
    assert value not in written(tags=(Tag("category", value, 1, "mapping"),))


@given(
    cases=st.lists(st.from_regex(r"[a-z]{1,9}/[A-Z0-9-]{1,12}", fullmatch=True), max_size=40),
    values=st.lists(st.text(max_size=50), max_size=10),
    why=st.text(max_size=600),
)
def test_a_note_never_has_more_than_fifteen_lines(cases: list[str], values: list[str], why: str) -> None:
    flag = replace(MANY, cases=tuple(cases), why=why)
    tags = tuple(Tag("category", value, 1, "mapping") for value in values)
    lines = written(flag, tags=tags).splitlines()
    assert len(lines) <= 15
    assert lines[-1].endswith("amends explain shop/7")


@pytest.mark.parametrize("language", ["de", "es", "fr", "it", "ja", "nl", "pl", "pt", "ru", "sl", "zh"])
def test_a_note_is_whole_in_each_language_that_ships(language: str) -> None:
    from connector.policy import phrasing as english
    from connector.settings.folder import Folder
    from connector.settings.playbooks import phrasing_of
    from connector.settings.problems import Problems
    from tests.scratch import folder

    problems = Problems()
    words = phrasing_of(Folder(folder(), problems).document(f"notes/{language}.yaml"), problems)
    problems.raise_if_any()
    assert words is not None
    for ours, theirs in (
        (english.HEADLINES, words.headlines),
        (english.NEXT_STEPS, words.next_steps),
        (english.LINES, words.lines),
    ):
        assert set(theirs) == set(ours)
        for name, line in ours.items():
            assert set(re.findall(r"\{\w+\}", theirs[name])) == set(re.findall(r"\{\w+\}", line)), name
    story = History(OPENED, (Spell(Status.OPEN, OPENED, None),), reopens=(NOW,))
    clock = replace(CLOCK, due_at=NOW)
    text = note(complaint(), story, TAGS, clock, OVERDUE, (MANY,), zone="Europe/London", now=NOW, phrasing=words)
    assert 8 <= len(text.splitlines()) <= 15
    assert "Next step" not in text and "was due" not in text
