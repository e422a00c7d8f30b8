"""The clocks beside first reply and resolution: when each starts and stops, and targets that change with the time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from connector.clocks.explain import segments
from connector.clocks.overdue import flags
from connector.clocks.sla import Sla, clocks
from connector.clocks.targets import Changing, Target
from connector.errors import SettingsError
from connector.model import JSON, Clock, ClockState, FlagKind, History, Priority, Status
from tests.unit.test_clocks_sla import CALENDARS, HOUR, MUCH_LATER, Says, at, complaint, history

MET, MISSED, RUNNING, BREACHED, CANCELLED, PAUSED = (
    ClockState.MET, ClockState.MISSED, ClockState.RUNNING, ClockState.BREACHED, ClockState.CANCELLED, ClockState.PAUSED,
)  # fmt: skip


def target(clock: str, hours: float, calendar: str = "office", **more: JSON) -> Target:
    return Target(more.pop("name", f"{clock} in {hours}"), clock, int(hours * 3600), calendar, **more)


def told(story: History, *targets: Target, now: datetime = MUCH_LATER, **more: JSON) -> tuple[Clock, ...]:
    return clocks(complaint(story.status), story, more.pop("values", {}), Sla(targets, CALENDARS, **more), now)


def states(found: tuple[Clock, ...]) -> list[tuple[int, ClockState, int]]:
    return [(one.cycle, one.state, one.used_seconds // 60) for one in found]


# -- acknowledgement -------------------------------------------------------------------------------------------------


def test_an_automatic_message_acknowledges_only_where_the_admin_says_so() -> None:
    story = history(automatic=(at("Mon 9:01"),), replies=(at("Mon 12:00"),))
    assert states(told(story, target("acknowledgement", 1))) == [(1, MISSED, 180)]
    assert states(told(story, target("acknowledgement", 1, automatic=True))) == [(1, MET, 1)]


def test_a_person_acknowledges_too() -> None:
    story = history(replies=(at("Mon 9:30"),))
    for automatic in (True, False):
        assert states(told(story, target("acknowledgement", 1, automatic=automatic))) == [(1, MET, 30)]


def test_an_automatic_message_is_no_first_reply() -> None:
    story = history(automatic=(at("Mon 9:01"),))
    assert states(told(story, target("first_reply", 4), now=at("Mon 11:00"))) == [(1, RUNNING, 120)]


def test_only_an_acknowledgement_may_be_automatic() -> None:
    with pytest.raises(SettingsError, match="only an acknowledgement"):
        Sla((target("first_reply", 4, automatic=True),), CALENDARS)


# -- who opened it ---------------------------------------------------------------------------------------------------


def test_a_ticket_that_staff_opened_unseen_owes_an_answer_from_the_customers_first_message_on() -> None:
    unseen = history(begun_by_staff=True)
    assert told(unseen, target("first_reply", 4)) == ()
    story = history(begun_by_staff=True, customer_messages=(at("Tue 10:00"),), replies=(at("Tue 11:00"),))
    assert states(told(story, target("first_reply", 4), target("acknowledgement", 4))) == [(1, MET, 60)] * 2


# -- next reply ------------------------------------------------------------------------------------------------------


def test_the_next_reply_is_owed_since_the_oldest_unanswered_message_and_more_messages_do_not_move_it() -> None:
    story = history(
        replies=(at("Mon 10:00"), at("Tue 12:00")),
        customer_messages=(at("Tue 9:00"), at("Tue 10:00"), at("Tue 11:00"), at("Wed 9:00"), at("Wed 10:00")),
    )
    found = told(story, target("next_reply", 4), now=at("Wed 11:00"))
    assert states(found) == [(1, MET, 180), (2, RUNNING, 120)]
    assert [one.started_at for one in found] == [at("Tue 9:00"), at("Wed 9:00")]


def test_what_is_written_before_the_first_reply_is_the_first_replys_matter() -> None:
    story = history(customer_messages=(at("Mon 9:10"), at("Mon 9:20")))
    assert told(story, target("next_reply", 1)) == ()
    answered = history(customer_messages=(at("Mon 9:10"),), replies=(at("Mon 9:30"),))
    assert told(answered, target("next_reply", 1)) == ()


def test_resolving_answers_the_next_reply_too() -> None:
    story = history(
        (Status.OPEN, "Mon 9:00"), (Status.RESOLVED, "Tue 12:00"),
        replies=(at("Mon 10:00"),), customer_messages=(at("Tue 9:00"),), resolutions=(at("Tue 12:00"),),
    )  # fmt: skip
    assert states(told(story, target("next_reply", 4))) == [(1, MET, 180)]


def test_a_message_after_the_resolution_is_owed_an_answer_even_if_nobody_reopens_the_ticket() -> None:
    story = history(
        (Status.OPEN, "Mon 9:00"), (Status.RESOLVED, "Tue 9:00"),
        replies=(at("Mon 10:00"),), customer_messages=(at("Wed 9:00"),), resolutions=(at("Tue 9:00"),),
    )  # fmt: skip
    (clock,) = told(story, target("next_reply", 4))
    assert (clock.state, clock.breached_at) == (BREACHED, at("Wed 13:00"))
    deleted = history(
        (Status.OPEN, "Mon 9:00"), (Status.RESOLVED, "Tue 9:00"), (Status.DELETED, "Wed 10:00"),
        replies=(at("Mon 10:00"),), customer_messages=(at("Wed 9:00"),), resolutions=(at("Tue 9:00"),),
    )  # fmt: skip
    assert states(told(deleted, target("next_reply", 4))) == [(1, CANCELLED, 60)]


def test_thanks_after_the_resolution_are_owed_no_answer() -> None:
    story = history(
        (Status.OPEN, "Mon 9:00"), (Status.RESOLVED, "Tue 9:00"),
        replies=(at("Mon 10:00"),), customer_messages=(at("Wed 9:00"),), thanks=(at("Wed 9:00"),),
        resolutions=(at("Tue 9:00"),),
    )  # fmt: skip
    assert told(story, target("next_reply", 4)) == ()


# -- periodic update -------------------------------------------------------------------------------------------------


def test_the_customer_hears_from_us_every_so_often_without_asking() -> None:
    story = history(replies=(at("Mon 12:00"), at("Wed 12:00")), customer_messages=(at("Tue 9:00"),))
    found = told(story, target("periodic_update", 8), now=at("Thu 11:00"))
    assert states(found) == [(1, MET, 180), (2, MISSED, 16 * 60), (3, RUNNING, 7 * 60)]
    assert found[1].breached_at == at("Tue 12:00")


def test_updates_end_with_the_resolution_and_begin_again_with_a_reopening() -> None:
    story = history(
        (Status.OPEN, "Mon 9:00"), (Status.RESOLVED, "Mon 11:00"), (Status.OPEN, "Tue 9:00"),
        replies=(at("Mon 10:00"),), resolutions=(at("Mon 11:00"),), reopens=(at("Tue 9:00"),),
    )  # fmt: skip
    found = told(story, target("periodic_update", 8), now=at("Tue 10:00"))
    assert states(found) == [(1, MET, 60), (2, MET, 60), (3, RUNNING, 60)]


# -- waiting and work ------------------------------------------------------------------------------------------------


def test_waiting_counts_what_the_customer_waits_and_work_what_we_work_over_all_lives_of_a_ticket() -> None:
    story = history(
        (Status.OPEN, "Mon 9:00"), (Status.ON_HOLD, "Mon 10:00"), (Status.WAITING_CUSTOMER, "Mon 12:00"),
        (Status.OPEN, "Mon 13:00"), (Status.RESOLVED, "Mon 14:00"), (Status.OPEN, "Tue 9:00"),
        (Status.RESOLVED, "Tue 10:00"),
        resolutions=(at("Mon 14:00"), at("Tue 10:00")), reopens=(at("Tue 9:00"),),
    )  # fmt: skip
    found = told(story, target("requester_wait", 40), target("agent_work", 40))
    assert states(found) == [(1, MET, 5 * 60), (1, MET, 3 * 60)]


def test_waiting_goes_on_where_a_ticket_was_reopened() -> None:
    story = history(
        (Status.OPEN, "Mon 9:00"), (Status.RESOLVED, "Mon 10:00"), (Status.OPEN, "Tue 9:00"),
        resolutions=(at("Mon 10:00"),), reopens=(at("Tue 9:00"),),
    )  # fmt: skip
    (clock,) = told(story, target("requester_wait", 3), now=at("Tue 10:00"))
    assert (clock.state, clock.due_at, clock.used_seconds) == (RUNNING, at("Tue 11:00"), 2 * 3600)


def test_each_team_has_a_clock_of_its_own_with_a_target_of_its_own() -> None:
    story = history(teams=((at("Mon 9:00"), "north"), (at("Mon 12:00"), "works"), (at("Tue 9:00"), "north")))
    quick = target("team_time", 1, name="works", when=SaysTeam("works"))
    usual = target("team_time", 4, name="usual")
    found = told(story, quick, usual, now=at("Tue 10:00"))
    assert [(one.target, one.state, one.used_seconds // 3600) for one in found] == [
        ("usual", MET, 3), ("works", MISSED, 5), ("usual", RUNNING, 1),
    ]  # fmt: skip


class SaysTeam(Says):
    """A condition that is true of one team."""

    def __init__(self, team: str) -> None:
        super().__init__(team)
        self.text = f'team == "{team}"'

    def holds(self, values: JSON) -> bool:
        return bool(values.get("team") == self.priority)


# -- warnings --------------------------------------------------------------------------------------------------------


def test_a_warning_may_come_so_much_working_time_before() -> None:
    (clock,) = told(history(), target("first_reply", 9, warn_before_seconds=3600), now=at("Mon 10:00"))
    assert (clock.warn_at, clock.due_at) == (at("Mon 17:00"), at("Tue 10:00"))
    with pytest.raises(SettingsError, match="warns"):
        Sla((target("first_reply", 1, warn_before_seconds=3600),), CALENDARS)


# -- targets change with the time ------------------------------------------------------------------------------------

TUESDAY = at("Tue 0:00")
OLD = target("resolution", 16, name="old", until=TUESDAY)
NEW = target("resolution", 4, name="new", since=TUESDAY)


def test_what_was_answered_under_the_old_target_is_judged_by_it_for_ever() -> None:
    story = history((Status.OPEN, "Mon 9:00"), (Status.RESOLVED, "Mon 16:00"), resolutions=(at("Mon 16:00"),))
    (clock,) = told(story, OLD, NEW)
    assert (clock.target, clock.state) == ("old", MET)


def test_a_clock_that_runs_takes_the_new_target_with_what_it_used() -> None:
    (clock,) = told(history(), OLD, target("resolution", 12, name="new", since=TUESDAY), now=at("Tue 10:00"))
    assert (clock.target, clock.due_at, clock.used_seconds) == ("new", at("Tue 13:00"), 9 * 3600)


def test_a_target_that_is_over_when_it_comes_into_force_is_broken_then_and_says_why() -> None:
    (clock,) = told(history(), OLD, NEW, now=at("Tue 10:00"))
    assert (clock.state, clock.breached_at, clock.cause) == (BREACHED, TUESDAY, "targets")
    (flag,) = flags((clock,), Sla((OLD, NEW), CALENDARS), at("Tue 10:00"))
    assert (flag.kind, "with the new target it was over at once" in flag.why) == (FlagKind.OVERDUE, True)


def test_a_breach_under_the_old_target_stays_one() -> None:
    short, long = (
        target("resolution", 2, name="short", until=TUESDAY),
        target("resolution", 40, name="long", since=TUESDAY),
    )
    (clock,) = told(history(), short, long, now=at("Tue 10:00"))
    assert (clock.target, clock.breached_at, clock.cause) == ("short", at("Mon 11:00"), None)


URGENT, USUAL = (
    target("resolution", 2, name="urgent", when=Says("urgent")),
    target("resolution", 3, name="usual"),
)


@pytest.mark.parametrize(
    ("changing", "due"),
    [(Changing.CARRY, "Mon 12:00"), (Changing.RESTART, "Mon 13:00"), (Changing.STRICTER, "Mon 12:00")],
)
def test_a_new_priority_carries_on_or_starts_anew_as_the_admin_says(changing: Changing, due: str) -> None:
    """Three hours from ten o'clock; at eleven two hours are promised: due at twelve with what was used."""
    story = History(
        at("Mon 10:00"),
        history((Status.OPEN, "Mon 10:00")).spells,
        priorities=((at("Mon 10:00"), Priority.NORMAL), (at("Mon 11:00"), Priority.URGENT)),
    )
    values = {"priority": "urgent"}
    (clock,) = told(story, URGENT, USUAL, now=at("Mon 11:30"), values=values, changing=changing)
    assert (clock.due_at, clock.state) == (at(due), RUNNING)


def test_the_stricter_of_two_targets_is_kept_when_a_priority_goes_down() -> None:
    story = history(priorities=((at("Mon 9:00"), Priority.URGENT), (at("Mon 10:00"), Priority.NORMAL)))
    values = {"priority": "normal"}
    (kept,) = told(story, URGENT, USUAL, now=at("Mon 10:30"), values=values, changing=Changing.STRICTER)
    (carried,) = told(story, URGENT, USUAL, now=at("Mon 10:30"), values=values)
    assert (kept.target, kept.due_at) == ("urgent", at("Mon 11:00"))
    (late,) = told(story, URGENT, USUAL, now=at("Mon 11:30"), values=values, changing=Changing.STRICTER)
    assert (late.state, late.breached_at) == (BREACHED, at("Mon 11:00"))
    assert (carried.target, carried.due_at) == ("usual", at("Mon 12:00"))


ROUND_THE_CLOCK = (
    target("resolution", 4, "always", name="urgent", when=Says("urgent"), pauses=frozenset()),
    target("resolution", 8, name="usual"),
)


@pytest.mark.parametrize(
    ("changing", "used", "due"),
    [(Changing.CARRY, 3, "Tue 12:00"), (Changing.RESTART, 1, "Tue 14:00"), (Changing.STRICTER, 3, "Tue 12:00")],
)
def test_a_target_by_another_calendar_takes_over_what_was_used_and_not_the_night(
    changing: Changing, used: int, due: str
) -> None:
    """Two working hours are used under the usual target, and a pause is none of them; the urgent one counts around the
    clock from when it came, and every stretch is explained by the calendar and the pauses of its time."""
    story = history(
        (Status.OPEN, "Mon 15:00"), (Status.WAITING_CUSTOMER, "Mon 16:00"), (Status.OPEN, "Tue 9:00"),
        priorities=((at("Mon 15:00"), Priority.NORMAL), (at("Tue 10:00"), Priority.URGENT)),
    )  # fmt: skip
    story = History(at("Mon 15:00"), story.spells, priorities=story.priorities)
    values, now = {"priority": "urgent"}, at("Tue 11:00")
    rules = Sla(ROUND_THE_CLOCK, CALENDARS, changing=changing)
    (clock,) = clocks(complaint(), story, values, rules, now)
    assert (clock.state, clock.used_seconds, clock.due_at) == (RUNNING, used * 3600, at(due))
    pieces = segments("resolution", 1, complaint(), story, values, rules, now)
    assert sum(one.counted_seconds for one in pieces) == clock.used_seconds


def test_the_clock_that_took_over_more_than_its_target_allows_is_broken_at_the_change() -> None:
    story = history(priorities=((at("Mon 9:00"), Priority.NORMAL), (at("Mon 14:00"), Priority.URGENT)))
    (clock,) = told(story, *ROUND_THE_CLOCK, now=at("Mon 15:00"), values={"priority": "urgent"})
    assert (clock.breached_at, clock.cause) == (at("Mon 14:00"), "priority")


def test_what_is_raised_while_the_complaint_is_finished_makes_nobody_late_until_it_is_owed_again() -> None:
    """Five hours used; withdrawn, raised to a target of four hours, and taken up again on Wednesday."""
    story = history(
        (Status.OPEN, "Mon 9:00"), (Status.WITHDRAWN, "Mon 14:00"), (Status.OPEN, "Wed 10:00"),
        priorities=((at("Mon 9:00"), Priority.NORMAL), (at("Tue 12:00"), Priority.URGENT)),
    )  # fmt: skip
    (clock,) = told(story, *ROUND_THE_CLOCK, now=at("Wed 11:00"), values={"priority": "urgent"})
    assert (clock.breached_at, clock.cause) == (at("Wed 10:00"), "priority")


def test_a_target_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(SettingsError, match="ends before it begins"):
        Sla((target("resolution", 4, since=TUESDAY, until=TUESDAY - HOUR),), CALENDARS)


# -- all of them explain themselves ----------------------------------------------------------------------------------


def test_the_stretches_of_every_clock_add_up_to_what_it_used() -> None:
    story = history(
        (Status.OPEN, "Mon 9:00"), (Status.WAITING_CUSTOMER, "Mon 12:00"), (Status.OPEN, "Tue 9:00"),
        (Status.RESOLVED, "Tue 16:00"), (Status.OPEN, "Wed 9:00"),
        replies=(at("Mon 11:00"), at("Tue 15:00")), automatic=(at("Mon 9:01"),),
        customer_messages=(at("Mon 16:00"), at("Tue 10:00"), at("Wed 9:00")),
        resolutions=(at("Tue 16:00"),), reopens=(at("Wed 9:00"),),
        teams=((at("Mon 9:30"), "a"), (at("Tue 9:30"), "b")),
    )  # fmt: skip
    kinds = ("acknowledgement", "first_reply", "next_reply", "periodic_update", "resolution", "requester_wait",
             "agent_work", "team_time")  # fmt: skip
    rules = Sla(tuple(target(kind, 6, automatic=kind == "acknowledgement") for kind in kinds), CALENDARS)
    now = at("Thu 12:00")
    found = clocks(complaint(), story, {}, rules, now)
    assert {one.kind for one in found} == set(kinds)
    for one in found:
        stretches = segments(one.kind, one.cycle, complaint(), story, {}, rules, now)
        assert sum(stretch.counted_seconds for stretch in stretches) == one.used_seconds, one
        assert stretches[0].start == one.started_at


def test_two_days_of_sleep_change_no_breach_of_any_clock() -> None:
    story = history(replies=(at("Mon 11:00"),), customer_messages=(at("Mon 12:00"),), teams=((at("Mon 9:00"), "a"),))
    kinds = ("next_reply", "periodic_update", "requester_wait", "agent_work", "team_time")
    rules = Sla(tuple(target(kind, 6) for kind in kinds), CALENDARS)
    now = datetime(2026, 6, 10, tzinfo=UTC)
    awake, slept = (clocks(complaint(), story, {}, rules, when) for when in (now, now + timedelta(hours=48)))
    assert [one.breached_at for one in awake] == [one.breached_at for one in slept]
    assert any(one.breached_at for one in awake)
