"""The source's own clocks: what its steps amount to, and why ours differ from them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest

from connector.clocks.difference import Case, Difference, Reason, differences
from connector.clocks.sla import Sla, clocks
from connector.clocks.source_clocks import SourceClock, source_clocks
from connector.clocks.targets import Target
from connector.model import ClockState, ClockStep, History, Status, StepKind
from tests.unit.test_clocks_sla import CALENDARS, HOUR, MUCH_LATER, at, complaint, first_reply, history, resolution

KINDS = {"reply": "first_reply", "solve": "resolution"}


def step(
    kind: StepKind, when: str, *, clock: str = "reply", cycle: str = "1", seen: str = "", **more: object
) -> ClockStep:
    seen_at = at(seen or when)
    return ClockStep(f"{clock}:{cycle}:{kind}:{when}:{seen}", clock, cycle, kind, at(when), seen_at, **more)  # type: ignore[arg-type]


def goal(hours: float, when: str = "Mon 9:00", *, business: bool | None = False, **more: object) -> ClockStep:
    return step(StepKind.TARGET, when, target_seconds=int(hours * 3600), business_hours=business, policy="Gold", **more)  # type: ignore[arg-type]


BEGAN = step(StepKind.STARTED, "Mon 9:00")


def told(*steps: ClockStep, now: datetime = MUCH_LATER) -> tuple[SourceClock, ...]:
    return source_clocks(steps, KINDS, now)


# -- what the steps amount to ----------------------------------------------------------------------------------------


def test_a_clock_that_counts_calendar_hours_is_due_when_its_target_is_used_up() -> None:
    (one,) = told(BEGAN, goal(4), now=at("Mon 10:00"))
    assert (one.kind, one.state, one.due_at, one.policy) == ("first_reply", ClockState.RUNNING, at("Mon 13:00"), "Gold")


def test_a_pause_moves_the_due_time_and_an_open_one_takes_it_away() -> None:
    paused = step(StepKind.PAUSED, "Mon 10:00")
    (standing,) = told(BEGAN, goal(4), paused, now=at("Mon 12:00"))
    assert (standing.state, standing.due_at) == (ClockState.PAUSED, None)
    (again,) = told(BEGAN, goal(4), paused, step(StepKind.STARTED, "Mon 12:00"), now=at("Mon 12:30"))
    assert (again.state, again.due_at) == (ClockState.RUNNING, at("Mon 15:00"))


def test_business_hours_of_a_schedule_that_nobody_knows_leave_the_due_time_open() -> None:
    (one,) = told(BEGAN, goal(4, business=True), now=at("Mon 10:00"))
    assert (one.due_at, one.business_hours) == (None, True)


def test_a_breach_that_lies_ahead_is_a_due_time_and_no_breach_yet() -> None:
    ahead = step(StepKind.BREACHED, "Mon 13:00", seen="Mon 9:00")
    (before,) = told(BEGAN, goal(4, business=True), ahead, now=at("Mon 12:00"))
    assert (before.state, before.due_at, before.breached_at) == (ClockState.RUNNING, at("Mon 13:00"), None)
    (after,) = told(BEGAN, goal(4, business=True), ahead, now=at("Mon 13:00"))
    assert (after.state, after.breached_at) == (ClockState.BREACHED, at("Mon 13:00"))


def test_a_breach_stays_one_whatever_target_comes_afterwards() -> None:
    """As when a complaint that is overdue is raised in priority, and the source says once more that it is late."""
    raised = goal(2, "Tue 9:00"), step(StepKind.BREACHED, "Tue 9:00")
    (one,) = told(BEGAN, goal(4), step(StepKind.BREACHED, "Mon 13:00"), *raised)
    assert (one.breached_at, one.target_seconds, one.applied_at) == (at("Mon 13:00"), 4 * 3600, at("Mon 9:00"))


def test_a_target_that_was_not_broken_in_its_time_gives_way_to_the_next() -> None:
    (one,) = told(BEGAN, goal(4), goal(6, "Mon 11:00"), step(StepKind.BREACHED, "Mon 15:00"))
    assert (one.breached_at, one.target_seconds) == (at("Mon 15:00"), 6 * 3600)


def test_a_breach_that_was_taken_back_is_none() -> None:
    breach = step(StepKind.BREACHED, "Mon 13:00")
    back = step(StepKind.WITHDRAWN, "Mon 13:00", seen="Mon 14:00", of=breach.id)
    (one,) = told(BEGAN, goal(4, business=True), breach, back)
    assert (one.state, one.breached_at) == (ClockState.RUNNING, None)


def test_steps_amount_to_the_same_in_whatever_order_they_came() -> None:
    steps = [BEGAN, goal(4), step(StepKind.PAUSED, "Mon 10:00"), step(StepKind.STARTED, "Mon 11:00"),
             step(StepKind.STOPPED, "Mon 12:00")]  # fmt: skip
    assert told(*steps) == told(*reversed(steps))


def test_what_was_seen_to_be_over_is_not_rewritten_by_a_rebuild_at_the_source() -> None:
    met = [BEGAN, goal(4), step(StepKind.STOPPED, "Mon 12:00")]
    rebuilt = [goal(1, seen="Thu 9:00"), step(StepKind.BREACHED, "Mon 10:00", seen="Thu 9:00"),
               step(StepKind.STARTED, "Mon 9:30", cycle="2", seen="Thu 9:00"),
               step(StepKind.RESUMED, "Thu 8:00", seen="Thu 9:00")]  # fmt: skip
    assert told(*met, *rebuilt) == told(*met)


def test_a_clock_that_was_fulfilled_and_goes_on_is_not_over() -> None:
    (one,) = told(
        BEGAN, goal(4), step(StepKind.STOPPED, "Mon 10:00"), step(StepKind.STARTED, "Mon 11:00"), now=at("Mon 11:30")
    )
    assert (one.stopped_at, one.due_at) == (None, at("Mon 14:00")), "it stood still in between"


def test_runs_of_one_clock_are_numbered_as_they_begin() -> None:
    found = told(step(StepKind.STARTED, "Tue 9:00", cycle="b"), step(StepKind.STOPPED, "Mon 10:00"), BEGAN)
    assert [(one.cycle, one.started_at) for one in found] == [(1, at("Mon 9:00")), (2, at("Tue 9:00"))]


# -- where ours differ -----------------------------------------------------------------------------------------------


def compared(
    target: Target, *steps: ClockStep, story: History | None = None, now: datetime = MUCH_LATER
) -> Sequence[Difference]:
    story = story or history()
    about, sla = complaint(story.status), Sla((target,), CALENDARS)
    ours = clocks(about, story, {}, sla, now)
    return differences(ours, told(*steps, now=now), Case(about, story, sla, now), {target.clock})


def reasons(target: Target, *steps: ClockStep, **more: object) -> tuple[Reason, ...]:
    (one,) = compared(target, *steps, **more)  # type: ignore[arg-type]
    return one.reasons


def test_clocks_that_agree_to_the_minute_are_no_difference() -> None:
    begun = ClockStep("x", "reply", "1", StepKind.STARTED, at("Mon 9:00") + timedelta(seconds=60), at("Mon 9:01"))
    assert compared(first_reply(4, "always"), begun, goal(4)) == ()
    begun = ClockStep("x", "reply", "1", StepKind.STARTED, at("Mon 9:00") + timedelta(seconds=61), at("Mon 9:02"))
    (one,) = compared(first_reply(4, "always"), begun, goal(4))
    assert (one.reasons, one.by_seconds) == ((Reason.START,), -61)


def test_theirs_counts_calendar_hours_and_ours_working_hours() -> None:
    assert reasons(first_reply(10), BEGAN, goal(10)) == (Reason.SCHEDULE,)


def test_theirs_counts_business_hours_of_another_calendar() -> None:
    breach = step(StepKind.BREACHED, "Mon 15:00")
    assert reasons(first_reply(4), BEGAN, goal(4, business=True), breach) == (Reason.SCHEDULE,)


def test_theirs_begins_at_another_time() -> None:
    began = step(StepKind.STARTED, "Mon 10:00")
    assert reasons(first_reply(4, "always"), began, goal(4)) == (Reason.START,)


def test_theirs_stands_still_where_ours_does_not() -> None:
    pauses = step(StepKind.PAUSED, "Mon 10:00"), step(StepKind.STARTED, "Mon 12:00")
    assert reasons(first_reply(4, "always"), BEGAN, goal(4), *pauses) == (Reason.PAUSE,)


def test_ours_stands_still_where_theirs_runs() -> None:
    story = history((Status.OPEN, "Mon 9:00"), (Status.WAITING_CUSTOMER, "Mon 10:00"))
    began, target = step(StepKind.STARTED, "Mon 9:00", clock="solve"), goal(8, clock="solve")
    assert reasons(resolution(8, "always"), began, target, story=story, now=at("Mon 11:00")) == (Reason.PAUSE,)


def test_theirs_has_another_target() -> None:
    assert reasons(first_reply(4, "always"), BEGAN, goal(6)) == (Reason.TARGET,)


def test_theirs_has_another_target_and_another_start() -> None:
    began = step(StepKind.STARTED, "Mon 10:00")
    assert set(reasons(first_reply(4, "always"), began, goal(6))) == {Reason.TARGET, Reason.START}


def test_what_stopped_ours_did_not_stop_theirs() -> None:
    story = history(replies=(at("Mon 12:00"),))
    breach = step(StepKind.BREACHED, "Mon 13:00")
    assert reasons(first_reply(4, "always"), BEGAN, goal(4), breach, story=story) == (Reason.STOP,)


def test_theirs_was_over_the_moment_its_policy_came() -> None:
    late, breach = goal(4, "Tue 9:00"), step(StepKind.BREACHED, "Tue 9:00")
    assert reasons(first_reply(4, "always"), BEGAN, late, breach) == (Reason.LATE_POLICY,)


def test_a_target_that_is_new_has_not_come_to_a_quiet_ticket() -> None:
    new = first_reply(2, "always", since=at("Mon 9:30"))
    assert reasons(new, BEGAN, goal(4)) == (Reason.LATE_POLICY,)


@pytest.mark.parametrize("steps", [(), (BEGAN,)], ids=["no clock", "no target on it"])
def test_theirs_is_missing(steps: tuple[ClockStep, ...]) -> None:
    (one,) = compared(first_reply(4), *steps)
    assert one.reasons == (Reason.MISSING,)
    assert one.ours is not None


def test_ours_is_missing() -> None:
    story = history(begun_by_staff=True)
    (one,) = compared(first_reply(4), BEGAN, goal(4), story=story)
    assert (one.reasons, one.ours) == ((Reason.MISSING,), None)


def test_both_breached_at_once_differ_in_nothing() -> None:
    assert compared(first_reply(4, "always"), BEGAN, goal(4), step(StepKind.BREACHED, "Mon 13:00")) == ()


def test_a_stop_on_either_side_of_the_same_due_time_within_a_minute_is_no_difference() -> None:
    story = history(replies=(at("Mon 13:00") + HOUR / 120,))
    stopped = step(StepKind.STOPPED, "Mon 13:00")
    assert compared(first_reply(4, "always"), BEGAN, goal(4), stopped, story=story) == ()
