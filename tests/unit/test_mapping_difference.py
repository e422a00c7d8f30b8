"""After a change of the words for statuses and priorities, a timeline that is not read again folds as it did before."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from connector.mapping import Mapping, words
from connector.mapping.difference import Reworded, difference, packed
from connector.model import Entry, EntryKind, Priority, Role, Status
from connector.timeline import fold

OPENED = datetime(2026, 6, 1, 9, tzinfo=UTC)
WORDS = ("open", "done", "OPS/done", "in/out", "")
RANKS = ("P1", "P2", "P3")

statuses = st.dictionaries(st.sampled_from(WORDS), st.sampled_from(list(Status)), max_size=4)
priorities = st.dictionaries(st.sampled_from(RANKS), st.sampled_from(list(Priority)), max_size=3)
kinds = st.sampled_from([EntryKind.STATUS, EntryKind.PRIORITY, EntryKind.OWNER, EntryKind.STAFF_REPLY])
stories = st.lists(st.tuples(kinds, st.one_of(st.none(), st.sampled_from(WORDS + RANKS))), max_size=6)


def timeline(story: list[tuple[EntryKind, str | None]]) -> tuple[Entry, ...]:
    received = Entry("1", EntryKind.RECEIVED, OPENED, OPENED, Role.CUSTOMER, text="Where is it?")
    told = [
        Entry(str(number), kind, OPENED + timedelta(hours=number), OPENED, Role.STAFF, value=value)
        for number, (kind, value) in enumerate(story, 2)
    ]
    return (received, *told)


def mapping(status: dict[str, Status], priority: dict[str, Priority], besides: str = "all else") -> Mapping:
    return Mapping("memory", {"subject": "subject"}, status, priority, besides=besides)


@given(statuses, priorities, statuses, priorities, stories)
def test_what_is_not_touched_folds_to_the_same(
    status: dict[str, Status],
    priority: dict[str, Priority],
    other_status: dict[str, Status],
    other_priority: dict[str, Priority],
    story: list[tuple[EntryKind, str | None]],
) -> None:
    before, now = mapping(status, priority), mapping(other_status, other_priority)
    found = difference(packed(before, "1"), now, "1")
    assert isinstance(found, Reworded)
    entries = timeline(story)
    if not found.touches(entries):
        assert fold(entries, words(before)) == fold(entries, words(now))


def test_only_the_words_that_mean_something_else_touch_a_timeline() -> None:
    before = mapping({"open": Status.OPEN, "done": Status.RESOLVED}, {"P1": Priority.HIGH, "P2": Priority.LOW})
    now = replace(before, priority={"P1": Priority.URGENT, "P2": Priority.LOW})
    found = difference(packed(before, "1"), now, "1")
    assert found is not None
    assert found.touches(timeline([(EntryKind.PRIORITY, "P1")]))
    assert not found.touches(timeline([(EntryKind.PRIORITY, "P2"), (EntryKind.STATUS, "done")]))
    assert not found.touches(timeline([(EntryKind.OWNER, "P1")])), "an agent may be called like a priority"


def test_a_line_for_one_project_touches_the_status_of_that_project_alone() -> None:
    before = mapping({"done": Status.RESOLVED}, {})
    now = replace(before, status={"done": Status.RESOLVED, "OPS/done": Status.CLOSED})
    found = difference(packed(before, "1"), now, "1")
    assert found is not None
    assert found.touches(timeline([(EntryKind.STATUS, "OPS/done")]))
    assert not found.touches(timeline([(EntryKind.STATUS, "CARE/done"), (EntryKind.STATUS, "done")]))


@pytest.mark.parametrize(
    ("kept", "now", "version"),
    [
        (packed(mapping({}, {}), "1"), mapping({}, {}, "another field"), "1"),
        (packed(mapping({}, {}), "1"), mapping({}, {}), "2"),
        (packed(mapping({}, {}, ""), "1"), mapping({}, {}, ""), "1"),
        (b"not what was kept", mapping({}, {}), "1"),
    ],
    ids=["more than words", "another release", "nobody knows what else", "unreadable"],
)
def test_where_more_than_words_may_differ_everything_is_read_again(kept: bytes, now: Mapping, version: str) -> None:
    assert difference(kept, now, version) is None
