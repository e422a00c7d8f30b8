"""What an escalation clock does on an ordinary day, from the entries of a helpdesk to the clocks: answers, pauses,
closing, reopening, other targets and other hours. The cases that other helpdesks' own tests hold, as ours."""

from __future__ import annotations

from datetime import datetime

from connector.clocks.business_hours import Hours
from connector.clocks.calendars import Calendar, Window
from connector.clocks.overdue import flags
from connector.clocks.sla import Sla
from connector.clocks.targets import Target
from connector.model import Clock, ClockState, Entry, EntryKind, Role, Visibility
from tests.unit.test_clocks_prefixes import entry, told
from tests.unit.test_clocks_sla import CALENDARS, OFFICE, Says, at

REPLY, NEXT, SOLVE = "first_reply", "next_reply", "resolution"
HOURS = {REPLY: 2, NEXT: 4, SOLVE: 8}
USUAL = tuple(Target(f"usual {kind}", kind, hours * 3600, "office") for kind, hours in HOURS.items())


def clocks_of(*steps: tuple[str, str], now: str, rules: Sla | None = None) -> dict[tuple[str, int], Clock]:
    """A complaint of Monday, nine o'clock, and what happened to it: ("Mon 10:00", "reply")."""
    came = at("Mon 9:00")
    received = Entry("000", EntryKind.RECEIVED, came, came, Role.CUSTOMER, None, Visibility.PUBLIC, "Late.")
    story = [received, *(entry(number, at(when), what) for number, (when, what) in enumerate(steps, 1))]
    found = told(story, rules or Sla(USUAL, CALENDARS), at(now))[2]
    return {(one.kind, one.cycle): one for one in found}


def due(found: dict[tuple[str, int], Clock]) -> dict[str, datetime]:
    """When what still runs is due, by clock."""
    return {kind: one.due_at for (kind, _), one in found.items() if one.due_at and one.stopped_at is None}


def test_a_new_complaint_is_due_for_a_reply_and_for_a_solution_and_the_nearer_one_comes_first() -> None:
    found = due(clocks_of(now="Mon 9:30"))
    assert found == {REPLY: at("Mon 11:00"), SOLVE: at("Mon 17:00")}
    assert min(found, key=lambda kind: found[kind]) == REPLY


def test_a_reply_ends_the_first_clock_and_arms_no_other_until_the_customer_writes() -> None:
    assert due(clocks_of(("Mon 10:00", "reply"), now="Mon 16:00")) == {SOLVE: at("Mon 17:00")}


def test_a_second_message_of_staff_arms_nothing_either() -> None:
    found = clocks_of(("Mon 10:00", "reply"), ("Mon 11:00", "reply"), ("Mon 12:00", "machine"), now="Mon 16:00")
    assert set(found) == {(REPLY, 1), (SOLVE, 1)}


def test_a_customer_who_writes_again_and_again_moves_no_due_time() -> None:
    steps = [("Mon 10:00", "reply"), ("Mon 11:00", "asks"), ("Mon 12:00", "asks"), ("Mon 14:00", "asks")]
    assert due(clocks_of(*steps, now="Mon 14:30"))[NEXT] == at("Mon 15:00")


def test_each_exchange_is_kept_with_its_own_time_however_long_the_others_took() -> None:
    first = [("Mon 9:30", "reply"), ("Mon 10:00", "asks"), ("Mon 13:00", "reply")]
    found = clocks_of(*first, ("Mon 14:00", "asks"), ("Mon 15:00", "reply"), now="Tue 9:00")
    assert [found[NEXT, cycle].used_seconds // 3600 for cycle in (1, 2)] == [3, 1]


def test_waiting_for_the_customer_takes_the_solution_off_the_list_and_their_answer_puts_it_back() -> None:
    waiting = [("Mon 10:00", "reply"), ("Mon 11:00", "pending")]
    assert SOLVE not in due(clocks_of(*waiting, now="Mon 16:00"))
    answered = due(clocks_of(*waiting, ("Mon 15:00", "asks"), now="Mon 16:00"))
    assert answered == {SOLVE: at("Tue 13:00"), NEXT: at("Tue 11:00")}


def test_a_pause_is_taken_out_to_the_second() -> None:
    whole = clocks_of(("Mon 10:00", "pending"), ("Mon 10:01", "open"), now="Mon 12:00")[SOLVE, 1]
    assert (whole.used_seconds, whole.due_at) == (3 * 3600 - 60, at("Tue 9:01"))


def test_closing_settles_every_clock_at_once_and_a_reopening_begins_a_new_one() -> None:
    closed = [("Mon 10:00", "reply"), ("Mon 11:00", "asks"), ("Mon 12:00", "solved")]
    found = clocks_of(*closed, now="Mon 12:00")
    assert due(found) == {}
    assert {one.state for one in found.values()} == {ClockState.MET}
    assert found[SOLVE, 1].used_seconds == 3 * 3600
    again = clocks_of(*closed, ("Tue 9:00", "open"), now="Tue 10:00")
    assert (again[SOLVE, 1].state, again[SOLVE, 2].due_at) == (ClockState.MET, at("Tue 17:00"))


def test_who_was_late_stays_late_after_closing_and_is_no_longer_on_the_list() -> None:
    found = clocks_of(("Tue 9:00", "reply"), ("Tue 10:00", "solved"), now="Tue 11:00")
    assert {one.state for one in found.values()} == {ClockState.MISSED}
    assert found[REPLY, 1].breached_at == at("Mon 11:00")
    rules = Sla(USUAL, CALENDARS)
    assert flags(found.values(), rules, at("Tue 11:00")) == ()


def test_a_clock_without_a_target_for_this_complaint_is_due_never() -> None:
    rules = Sla((Target("urgent only", REPLY, 3600, "office", when=Says("urgent")), *USUAL[2:]), CALENDARS)
    assert set(due(clocks_of(now="Mon 9:30", rules=rules))) == {SOLVE}
    raised = clocks_of(("Mon 9:30", "urgent"), now="Mon 9:45", rules=rules)
    assert due(raised)[REPLY] == at("Mon 10:00")


def test_other_hours_move_what_is_due_and_leave_what_was_done_by_the_old_ones() -> None:
    """Hours that begin on a date are for the days from then on; the same week without a date is a correction."""
    short = ((Window(10 * 3600, 12 * 3600),),) * 5 + ((),) * 2
    corrected = Hours(Calendar("office", OFFICE.zone, short))
    rules = Sla(USUAL, CALENDARS | {"office": corrected})
    assert due(clocks_of(now="Mon 9:30", rules=rules))[REPLY] == at("Mon 12:00")
    before = clocks_of(("Mon 10:30", "reply"), now="Mon 11:00")[REPLY, 1]
    after = clocks_of(("Mon 10:30", "reply"), now="Mon 11:00", rules=rules)[REPLY, 1]
    assert (before.used_seconds, after.used_seconds) == (5400, 1800)
