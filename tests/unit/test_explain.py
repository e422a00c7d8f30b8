"""An explanation quotes the words, names the rule, and shows each stretch of time and each write with its reason."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import msgspec
import pytest

from connector.assessment.deciding import assess
from connector.assessment.rules import Rules
from connector.assessment.understood import Understood, tagged
from connector.assessment.untagged import normalised
from connector.clocks.closed import Kept
from connector.display import width
from connector.explain import Explanation, WriteTold, explain, lines
from connector.mapping import words
from connector.model import ClockState, Effect, Entry, EntryKind, Flag, FlagKind, Role, Visibility
from tests.engine.world import rules, shipped

MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)
TEXT = "My parcel has still not arrived and nobody answers."
FIELDS = {
    "subject": "Parcel late",
    "text": TEXT,
    "status": "open",
    "opened_at": MONDAY.isoformat(),
    "updated_at": MONDAY.isoformat(),
    "requester": {"id": "c1", "name": "Kim \x1b[31mDoe", "address": "kim@example.com", "verified": True},
}


def said(
    kind: EntryKind, hours: float, text: str | None = None, role: Role = Role.CUSTOMER, value: str | None = None
) -> Entry:
    at = MONDAY + timedelta(hours=hours)
    return Entry(f"{hours:08.3f}", kind, at, at, role, None, Visibility.PUBLIC, text, value)


@cache
def complaint() -> Understood:
    mapping = shipped().sources["shop"].mapping
    entries = (
        said(EntryKind.RECEIVED, 0, TEXT),
        said(EntryKind.STATUS, 0, value="open"),
        said(EntryKind.STATUS, 2, value="pending", role=Role.STAFF),
        said(EntryKind.CUSTOMER_MESSAGE, 26, "Hello?\nAnybody there?"),
        said(EntryKind.NOTE, 27, "Overdue: please look.", role=Role.AMENDS),
    )
    found = normalised("shop", "1", 1, FIELDS, entries, mapping=mapping, words=words(mapping))
    return tagged([found], rules().tagger)[0]


def told(
    now: datetime = MONDAY + timedelta(hours=50), writes: tuple[WriteTold, ...] = (), zone: str | None = None
) -> Explanation:
    this, by = complaint(), rules()
    mapping = shipped().sources["shop"].mapping
    found = assess(this, (), by, mapping, salt="salt", act_from=MONDAY - timedelta(days=1), now=now)
    return explain(this, found.flags, writes, by, look_at=found.look_again_at, now=now, zone=zone)


WRITE = WriteTold(
    id=7,
    kind="escalate",
    rule="overdue",
    episode="first_reply#1",
    state="in_doubt",
    why="The first reply was due.",
    effect=Effect(note="Overdue.\nPlease answer.", tags=("amends_overdue",), fields={"priority": "high"}),
    created_at=MONDAY,
    changed_at=MONDAY + timedelta(minutes=5),
    tries=2,
    reason="the answer was lost",
)


def text(explanation: Explanation, columns: int = 100) -> str:
    return "\n".join(lines(explanation, columns))


def test_tags_come_with_the_words_and_the_rule_that_spoke() -> None:
    shown = text(told())
    assert "complaint" in shown
    assert "phrase:en/" in shown
    quotes = re.findall("“(.+)” in the text", shown)
    assert quotes
    assert all(quote in TEXT for quote in quotes)


def test_every_stretch_of_a_clock_is_shown_and_adds_up() -> None:
    for one in told().clocks:
        assert sum(segment.counted_seconds for segment in one.segments) == one.clock.used_seconds
        ends = [segment.end for segment in one.segments[:-1]]
        assert ends == [segment.start for segment in one.segments[1:]]
    assert "outside hours" in text(told())
    assert "paused: waiting_customer" in text(told())


def test_times_are_told_in_the_calendars_zone_and_in_utc() -> None:
    summer = MONDAY.replace(month=6, day=1)
    later = msgspec.structs.replace(told(), as_of=summer)
    clock = later.clocks[0]
    moved = msgspec.structs.replace(
        clock, clock=msgspec.structs.replace(clock.clock, due_at=summer, breached_at=None), zone="Europe/London"
    )
    shown = text(msgspec.structs.replace(later, clocks=(moved,)))
    assert "BST (09:00 UTC)" in shown


def test_a_reader_elsewhere_is_told_all_times_there_and_those_of_clocks_in_the_calendars_zone_too() -> None:
    shown = text(msgspec.structs.replace(told(), zone="America/New_York"))
    told_here = text(told())
    assert "Z  " not in shown
    assert "2026-03-02 04:00 EST  " in shown
    assert "2026-03-02 09:00Z  " in told_here
    clock = told().clocks[0]
    assert clock.clock.due_at is not None
    for one in (clock.zone, "America/New_York"):
        assert f"{clock.clock.due_at.astimezone(ZoneInfo(one)):%H:%M %Z}" in shown
    same = text(msgspec.structs.replace(told(), zone=clock.zone))
    assert "UTC)" not in same


def test_what_flags_and_writes_say_is_told_where_the_reader_is_and_a_note_stays_as_it_was_written() -> None:
    here = told()
    flag = next(one for one in here.flags if one.kind is FlagKind.OVERDUE)
    clock = next(one.clock for one in here.clocks if f"{one.clock.kind}#{one.clock.cycle}" == flag.episode)
    assert clock.due_at is not None
    note = f"Overdue since {clock.due_at:%H:%M} UTC."
    write = msgspec.structs.replace(WRITE, why=f"{flag.why} And more.", effect=Effect(note=note))
    there = told(writes=(write,), zone="America/New_York")
    due = f"{clock.due_at.astimezone(ZoneInfo('America/New_York')):%H:%M} EST"
    assert f"{clock.due_at:%H:%M}" in flag.why
    assert due in next(one for one in there.flags if one.kind is FlagKind.OVERDUE).why
    assert due in there.writes[0].why
    assert there.writes[0].why.endswith("And more.")
    shown = text(there)
    assert note in shown
    zone = rules().policy.zone
    assert f"internal note, as written, with times of {zone}:" in shown
    assert f"internal note (by Amends), as written, with times of {zone}" in shown
    assert "internal note:" in text(told(writes=(write,)))


def test_a_clock_of_a_single_stretch_is_drawn_too() -> None:
    this = told(MONDAY + timedelta(minutes=30))
    assert all(len(one.segments) == 1 for one in this.clocks[:1])
    assert "█" * 60 in text(this)


def test_what_was_counted_before_the_settings_changed_is_drawn_and_named_apart() -> None:
    this = complaint()
    clock = told().clocks[0].clock
    over = msgspec.structs.replace(
        clock, state=ClockState.MISSED, stopped_at=clock.started_at + timedelta(hours=7), used_seconds=25_200
    )
    kept = msgspec.structs.replace(this, kept=Kept(MONDAY + timedelta(days=900), (over,)))
    shown = explain(kept, (), (), rules(), look_at=None, now=MONDAY + timedelta(hours=50))
    one = next(one for one in shown.clocks if one.clock.kind == clock.kind)
    assert sum(segment.counted_seconds for segment in one.segments) == one.clock.used_seconds
    said = text(shown)
    assert "as counted before the settings changed" in said
    assert "▓ counted then" in said


def test_flags_say_why() -> None:
    shown = text(told())
    assert "overdue since" in shown
    assert "has not come" in shown


def test_writes_say_what_they_do_and_why_they_stand_where_they_stand() -> None:
    shown = text(told(writes=(WRITE,)))
    assert "#7 escalate by rule overdue (first_reply#1): in doubt, sent 2 times" in shown
    assert "state: the answer was lost" in shown
    assert "sets priority to high" in shown
    assert "Please answer." in shown


def test_lists_and_new_tickets_are_told_in_words() -> None:
    effect = Effect(fields={"custom:1": ["late", "broken"]}, create={"project": {"key": "OPS"}, "summary": "Remove it"})
    shown = text(told(writes=(msgspec.structs.replace(WRITE, effect=effect),)))
    assert "sets custom:1 to late, broken" in shown
    assert "with project: OPS" in shown
    assert "with summary: Remove it" in shown


def test_the_brief_form_leaves_out_notes_and_what_came_to_nothing() -> None:
    gone = msgspec.structs.replace(WRITE, id=8, state="cancelled")
    shown = "\n".join(lines(told(writes=(WRITE, gone)), brief=True))
    assert "#7" in shown
    assert "#8" not in shown
    assert "Please answer." not in shown


def test_our_own_entries_are_known_as_such() -> None:
    assert "internal note (by Amends)" in text(told())


def test_a_flag_points_to_the_other_cases_and_not_to_the_one_that_is_read() -> None:
    own = told()
    here = f"{own.complaint.source}/{own.complaint.ticket}"
    flag = Flag(
        kind=FlagKind.REPEAT, since=MONDAY, rule="same_matter", episode="e", why="Back.", cases=("other/9", here)
    )
    assert "see also other/9\n" in text(msgspec.structs.replace(own, flags=(flag,))) + "\n"


def test_a_customers_name_cannot_paint_the_terminal() -> None:
    assert "\x1b" not in text(told())


@pytest.mark.parametrize("columns", [40, 80, 120])
def test_lines_keep_within_the_terminal(columns: int) -> None:
    assert max(map(width, lines(told(writes=(WRITE,)), columns))) <= columns


def test_an_explanation_is_the_same_as_json() -> None:
    before = told(writes=(WRITE,))
    again = msgspec.json.decode(msgspec.json.encode(before), type=Explanation)
    assert again == before


def test_a_ticket_without_targets_says_so() -> None:
    by = rules()
    bare = Rules(tagger=None, sla=msgspec.structs.replace(by.sla, targets=()), policy=by.policy, repeats=by.repeats)
    explanation = explain(complaint(), (), (), bare, look_at=None, now=MONDAY)
    assert "No target applies." in text(explanation)
