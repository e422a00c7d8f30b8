"""What becomes of a promise: kept, broken, put off in time, withdrawn; and a person's word on it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given as forall
from hypothesis import settings
from hypothesis import strategies as st

from connector.clocks.business_hours import Hours
from connector.clocks.calendars import Calendar, Window
from connector.clocks.overdue import flags, next_change
from connector.clocks.promises import keeping
from connector.clocks.promises.finding import Found
from connector.clocks.promises.keeping import Finder, Promising, promise_clocks, settled, undecided
from connector.clocks.sla import Sla
from connector.model import (
    Clock,
    ClockState,
    Complainant,
    Complaint,
    Entry,
    EntryKind,
    FlagKind,
    Promise,
    Role,
    Ruling,
    Status,
    Visibility,
)
from connector.timeline import Words, fold
from tests.unit.test_promises_books import FINDER

LONDON = ZoneInfo("Europe/London")
OFFICE = Hours(Calendar("office", "Europe/London", ((Window(9 * 3600, 17 * 3600),),) * 5 + ((),) * 2))
PROMISING = Promising("office", OFFICE, FINDER, warn_before_seconds=4 * 3600)
WORDS = Words({"open": Status.OPEN, "solved": Status.RESOLVED, "spam": Status.WITHDRAWN})
BY_FRIDAY = "I will write to you by Friday."


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-03-{text}").replace(tzinfo=LONDON).astimezone(UTC)


FRIDAY_NIGHT = at("06T23:59:59")


def received(when: str = "04T09:00") -> Entry:
    return Entry("0", EntryKind.RECEIVED, at(when), at(when), Role.CUSTOMER, visibility=Visibility.PUBLIC, text="Late!")


def reply(when: str, text: str, role: Role = Role.STAFF, visibility: Visibility = Visibility.PUBLIC) -> Entry:
    return Entry(f"r{when}", EntryKind.STAFF_REPLY, at(when), at(when), role, visibility=visibility, text=text)


def status(when: str, value: str) -> Entry:
    return Entry(f"s{when}", EntryKind.STATUS, at(when), at(when), value=value)


def field(when: str, value: str | None) -> Entry:
    return Entry(f"f{when}", EntryKind.FIELD, at(when), at(when), value=value, field="custom:17")


def complaint(promised: str | None = None, zone: str | None = None, merged_into: str | None = None) -> Complaint:
    who = Complainant("mail:a@example.org", time_zone=zone)
    extra = {} if promised is None else {"promised": promised}
    return Complaint(
        "shop",
        "7",
        1,
        "late",
        "late",
        who,
        Status.OPEN,
        at("04T09:00"),
        at("05T09:00"),
        extra=extra,
        merged_into=merged_into,
    )


def told(
    entries: Sequence[Entry],
    now: str,
    *,
    promising: Promising = PROMISING,
    this: Complaint | None = None,
    rulings: Sequence[Ruling] = (),
) -> tuple[Clock, ...]:
    """The clocks of what was promised, as of `now`."""
    this = this or complaint()
    ordered = sorted((received(), *entries), key=lambda entry: (entry.occurred_at, entry.id))
    seen = [entry for entry in ordered if entry.occurred_at <= at(now)]
    folded = fold(seen, WORDS)
    assert folded is not None
    promises = keeping.given(this, seen, promising, field_id="custom:17")
    return promise_clocks(settled(promises, rulings), this, folded.history, promising, at(now))


def states(entries: Sequence[Entry], now: str) -> list[tuple[ClockState, str | None]]:
    return [(clock.state, clock.cause) for clock in told(entries, now)]


PROMISED = reply("04T10:00", BY_FRIDAY)


def test_a_promise_runs_from_the_reply_to_the_end_of_the_day() -> None:
    (clock,) = told([PROMISED], "05T10:00")
    assert (clock.kind, clock.cycle, clock.state) == ("promise", 1, ClockState.RUNNING)
    assert (clock.started_at, clock.due_at) == (at("04T10:00"), FRIDAY_NIGHT)
    assert clock.warn_at == FRIDAY_NIGHT - timedelta(hours=4)


def test_a_reply_in_time_keeps_it_and_a_late_one_does_not_mend_it() -> None:
    assert states([PROMISED, reply("06T18:00", "It is on its way.")], "09T10:00") == [(ClockState.MET, None)]
    assert states([PROMISED], "07T00:00") == [(ClockState.BREACHED, None)]
    assert states([PROMISED, reply("07T09:00", "Sorry, now it is.")], "09T10:00") == [(ClockState.MISSED, None)]


def test_a_reply_at_the_very_second_is_in_time() -> None:
    assert states([PROMISED, reply("06T23:59:59", "Here it is.")], "09T10:00") == [(ClockState.MET, None)]


@pytest.mark.parametrize("entry", [reply("05T10:00", "Seen.", Role.SYSTEM), reply("05T10:00", "Seen.", Role.AMENDS)])
def test_a_machine_keeps_no_promise_and_makes_none(entry: Entry) -> None:
    assert states([PROMISED, entry], "09T10:00") == [(ClockState.BREACHED, None)]
    machine = reply("04T10:00", BY_FRIDAY, entry.role)
    assert told([machine], "09T10:00") == ()


def test_what_colleagues_tell_each_other_is_no_promise() -> None:
    assert told([reply("04T10:00", BY_FRIDAY, visibility=Visibility.INTERNAL)], "09T10:00") == ()


def test_a_resolution_keeps_it() -> None:
    assert states([PROMISED, status("05T10:00", "solved")], "09T10:00") == [(ClockState.MET, None)]


def test_what_is_said_with_the_resolution_is_waited_for_by_nobody_unless_it_is_reopened() -> None:
    done = [PROMISED, status("04T10:00", "solved")]
    assert states(done, "09T10:00") == [(ClockState.CANCELLED, "withdrawn")]
    assert states([*done, status("05T10:00", "open")], "09T10:00") == [(ClockState.BREACHED, None)]


def test_who_is_told_of_a_later_day_in_time_was_not_let_down() -> None:
    later = reply("06T09:00", "The carrier lost it, I am sorry. We will send a new one by Tuesday.")
    assert states([PROMISED, later], "09T10:00") == [(ClockState.CANCELLED, "renegotiated"), (ClockState.RUNNING, None)]
    assert states([PROMISED, later], "11T10:00")[1] == (ClockState.BREACHED, None)


def test_a_new_day_that_is_told_too_late_mends_nothing() -> None:
    later = reply("07T09:00", "The carrier lost it, I am sorry. We will send a new one by Tuesday.")
    assert states([PROMISED, later], "09T10:00") == [(ClockState.MISSED, None), (ClockState.RUNNING, None)]


def test_a_complaint_that_is_gone_is_owed_nothing() -> None:
    assert states([PROMISED, status("05T10:00", "spam")], "09T10:00") == [(ClockState.CANCELLED, "withdrawn")]
    (clock,) = told([PROMISED], "09T10:00", this=complaint(merged_into="8"))
    assert clock.state is ClockState.CANCELLED


def test_a_pause_moves_no_date() -> None:
    waiting = Entry("w", EntryKind.STATUS, at("04T11:00"), at("04T11:00"), value="pending")
    assert states([PROMISED, waiting], "09T10:00") == [(ClockState.BREACHED, None)]


# -- flags -----------------------------------------------------------------------------------------------------------

RULES = Sla((), {"office": OFFICE}, promising=PROMISING)


def raised(now: str, *more: Entry) -> list[tuple[FlagKind, str]]:
    return [(flag.kind, flag.episode) for flag in flags(told([PROMISED, *more], now), RULES, at(now))]


def test_it_is_due_soon_then_broken_and_quiet_again_once_somebody_wrote() -> None:
    assert raised("06T19:59:58") == []
    assert raised("06T20:00") == [(FlagKind.DUE_SOON, "promise#1")]
    assert raised("07T09:00") == [(FlagKind.BROKEN_PROMISE, "promise#1")]
    assert raised("07T10:00", reply("07T09:30", "Sorry.")) == []


def test_the_flag_quotes_nobody() -> None:
    (flag,) = flags(told([PROMISED], "07T09:00"), RULES, at("07T09:00"))
    assert "write" not in flag.why
    assert flag.why == (
        "What the customer was promised (a date in a reply, Wed 4 Mar 2026 10:00 GMT) was due "
        "Fri 6 Mar 2026 23:59 GMT; neither an answer nor an explanation has come."
    )


def test_a_sweep_looks_again_when_it_becomes_due_soon_and_when_it_is_due() -> None:
    assert next_change(told([PROMISED], "05T10:00"), at("05T10:00")) == FRIDAY_NIGHT - timedelta(hours=4)
    assert next_change(told([PROMISED], "06T21:00"), at("06T21:00")) == FRIDAY_NIGHT


def test_where_little_time_was_left_the_warning_comes_after_three_quarters_of_it() -> None:
    (clock,) = told([reply("04T10:00", "I will call you today at 2 pm.")], "04T10:30")
    assert clock.warn_at == at("04T13:00")


# -- where the day ends ----------------------------------------------------------------------------------------------


def test_a_day_may_end_where_the_customer_lives() -> None:
    there = Promising("office", OFFICE, FINDER, of_customer=True)
    (clock,) = told([PROMISED], "05T10:00", promising=there, this=complaint(zone="America/Los_Angeles"))
    assert clock.due_at == FRIDAY_NIGHT + timedelta(hours=8)
    (clock,) = told([PROMISED], "05T10:00", promising=there)
    assert clock.due_at == FRIDAY_NIGHT, "where nobody knows where that is, it ends here"


def test_a_promise_over_the_change_to_summer_time_ends_at_the_end_of_that_day() -> None:
    (clock,) = told([reply("28T10:00", "I will write to you tomorrow.")], "28T11:00")
    assert clock.due_at == datetime(2026, 3, 29, 22, 59, 59, tzinfo=UTC)


def test_business_days_are_those_of_the_calendar() -> None:
    (clock,) = told([reply("05T10:00", "We will answer within 3 business days.")], "05T11:00")
    assert clock.due_at == at("10T23:59:59")


# -- by a field ------------------------------------------------------------------------------------------------------

BY_FIELD = Promising("office", OFFICE, field="promised")


def by_field(entries: Sequence[Entry], now: str, promised: str | None = None) -> list[tuple[ClockState, str | None]]:
    clocks = told(entries, now, promising=BY_FIELD, this=complaint(promised))
    return [(clock.state, clock.cause) for clock in clocks]


def test_a_date_in_a_field_is_a_promise_from_when_it_was_set() -> None:
    (clock,) = told([field("04T10:00", "2026-03-06")], "05T10:00", promising=BY_FIELD)
    assert (clock.started_at, clock.due_at) == (at("04T10:00"), FRIDAY_NIGHT)
    (clock,) = told([field("04T10:00", "2026-03-06T12:00:00Z")], "05T10:00", promising=BY_FIELD)
    assert clock.due_at == datetime(2026, 3, 6, 12, tzinfo=UTC)


def test_putting_it_off_in_the_field_alone_renegotiates_nothing() -> None:
    moved = [field("04T10:00", "2026-03-06"), field("06T10:00", "2026-03-13")]
    assert by_field(moved, "09T10:00") == [(ClockState.BREACHED, None), (ClockState.RUNNING, None)]
    explained = [*moved, reply("06T09:59", "I am sorry, it takes a week more.")]
    assert by_field(explained, "09T10:00") == [(ClockState.CANCELLED, "renegotiated"), (ClockState.RUNNING, None)]


def test_a_field_without_a_history_counts_from_when_it_was_seen_and_is_remembered() -> None:
    this = complaint("2026-03-06T23:59:59+00:00")
    first = keeping.given(this, [received()], BY_FIELD)
    assert [(one.made_at, one.due_at) for one in first] == [(this.updated_at, FRIDAY_NIGHT)]
    later = keeping.given(complaint("2026-03-13"), [received()], BY_FIELD, before=first)
    assert [one.due_at for one in later] == [FRIDAY_NIGHT, at("13T23:59:59")]


def test_a_field_that_holds_no_date_promises_none() -> None:
    assert by_field([field("04T10:00", "soon"), field("04T11:00", None)], "09T10:00", "who knows") == []


def test_a_date_that_is_in_the_field_and_in_a_reply_counts_once() -> None:
    both = Promising("office", OFFICE, FINDER, field="promised")
    (clock,) = told([PROMISED, field("04T10:01", "2026-03-06")], "05T10:00", promising=both)
    assert clock.target == "a date in a reply"


# -- a person's word -------------------------------------------------------------------------------------------------

HOPED = reply("04T10:00", "We hope to write to you by Friday.")


def ruled(*, stands: bool, due: datetime = FRIDAY_NIGHT, entry: Entry = HOPED) -> Ruling:
    (one,) = keeping.given(complaint(), [entry], PROMISING)
    promise = Promise(one.id, one.made_at, due, one.author, one.entry)
    return Ruling(promise, stands, "ana", at("05T10:00"))


def test_nothing_runs_for_an_unsure_one_until_a_person_says_that_it_is_one() -> None:
    promises = keeping.given(complaint(), [HOPED], PROMISING)
    assert undecided(settled(promises, ())) == (1, 0)
    assert told([HOPED], "05T10:00") == ()
    (clock,) = told([HOPED], "05T10:00", rulings=[ruled(stands=True)])
    assert clock.state is ClockState.RUNNING
    assert undecided(settled(promises, [ruled(stands=True)])) == (0, 0)


def test_a_person_may_say_that_it_is_none_or_due_on_another_day() -> None:
    assert told([PROMISED], "09T10:00", rulings=[ruled(stands=False, entry=PROMISED)]) == ()
    (clock,) = told([PROMISED], "09T10:00", rulings=[ruled(stands=True, entry=PROMISED, due=at("12T12:00"))])
    assert (clock.state, clock.due_at) == (ClockState.RUNNING, at("12T12:00"))


def test_a_confirmed_one_outlives_the_phrases_that_found_it() -> None:
    (one,) = settled((), [ruled(stands=True)])
    assert (one.stands, one.promise.due_at) == (True, FRIDAY_NIGHT)


def test_a_dismissed_one_that_is_not_found_any_more_is_forgotten() -> None:
    assert settled((), [ruled(stands=False)]) == ()


# -- searching once --------------------------------------------------------------------------------------------------


class CountingFinder(Finder):
    asked = 0

    def find(self, text: str, made: datetime, works: Callable[[date], bool]) -> tuple[Found, ...]:
        self.asked += 1
        return super().find(text, made, works)


def test_a_reply_is_searched_once_and_again_only_where_its_words_changed() -> None:
    finder = CountingFinder(FINDER.books)
    promising = Promising("office", OFFICE, finder)
    entries = [received(), PROMISED, reply("05T10:00", "Still looking.")]
    first = keeping.given(complaint(), entries, promising)
    assert finder.asked == 2
    more = [*entries, reply("05T12:00", "We will write by Monday.")]
    second = keeping.given(complaint(), more, promising, before=first, searched=entries)
    assert finder.asked == 3
    assert second[: len(first)] == first
    assert len(second) == 2
    blanked = Entry(PROMISED.id, PROMISED.kind, PROMISED.occurred_at, PROMISED.seen_at, PROMISED.role, text="")
    assert keeping.given(complaint(), [received(), blanked], promising, before=first, searched=entries) == ()


REPLIES = st.sampled_from([
    BY_FRIDAY,
    "We will send it by Tuesday.",
    "Still looking.",
    "We hope to know more tomorrow.",
    "I will call you today at 4 pm.",
])  # fmt: skip
STEPS = st.lists(
    st.tuples(st.integers(1, 9 * 24), st.one_of(REPLIES, st.sampled_from(["open", "solved", "pending"]))), max_size=7
)


@forall(STEPS, st.integers(0, 12 * 24))
@settings(max_examples=80, deadline=None)
def test_a_daemon_that_slept_finds_what_one_that_never_slept_found(steps: list[tuple[int, str]], hours: int) -> None:
    start = at("02T09:00")
    story = [received("02T09:00")]
    for number, (after, what) in enumerate(sorted(steps)):
        when, name = start + timedelta(hours=after), f"{number:03}"
        if what in ("open", "solved", "pending"):
            story.append(Entry(name, EntryKind.STATUS, when, when, value=what))
        else:
            seen = {"role": Role.STAFF, "visibility": Visibility.PUBLIC, "text": what}
            story.append(Entry(name, EntryKind.STAFF_REPLY, when, when, **seen))  # type: ignore[arg-type]
    now = start + timedelta(hours=hours)
    awake: tuple[Promise, ...] = ()
    known: list[Entry] = []
    for entry in story:
        awake = keeping.given(complaint(), [*known, entry], PROMISING, before=awake, searched=known)
        known.append(entry)
    slept = keeping.given(complaint(), story, PROMISING)
    assert awake == slept
    folded = fold(story, WORDS)
    assert folded is not None
    clocks = promise_clocks(settled(slept, ()), complaint(), folded.history, PROMISING, now)
    assert all(clock.due_at is None or clock.due_at > clock.started_at for clock in clocks)
    assert [clock.cycle for clock in clocks] == sorted({clock.cycle for clock in clocks})


def test_a_calendar_knows_the_days_that_it_works() -> None:
    assert [PROMISING.works(date(2026, 3, day)) for day in (6, 7, 8, 9)] == [True, False, False, True]
