"""A change of the rules of time leaves alone what was closed before; `--closed` redoes it; what is reopened is new.

An undated change of calendars or targets counts at once for what is open. What was closed by then keeps its clocks,
breaches and deadlines, whether a replay, a sweep or a late reading comes first.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from msgspec.structs import replace

from connector.assessment.clocks import clocks_of
from connector.assessment.rules import Rules
from connector.assessment.understood import Understood, understood_again
from connector.clocks.explain import segments
from connector.clocks.regulation import Deadline, Event, Length, Profile, Regulation
from connector.clocks.sla import Sla
from connector.clocks.targets import Target
from connector.model import ActionKind, Clock, ClockState
from connector.store import assessments, complaints
from connector.sync import pull_tickets, replay
from connector.sync.push import rechecking
from connector.sync.replay import Replayed, stale
from tests.engine.world import World

HOUR = 3600


class Town:
    """A world whose settings of clocks can change."""

    def __init__(self, *targets: Target) -> None:
        self.world = World()
        self.change("c1", *targets)
        self.digest("c1")
        replay(self.world.helpdesk(), self.world.store, self.rules, now=self.world.now)

    @property
    def rules(self) -> Rules:
        return self.world.rules

    def change(self, name: str, *targets: Target) -> None:
        """From now on these targets are in the settings, and nothing else."""
        was = self.world.rules.sla
        self.world.rules = replace(self.world.rules, sla=Sla(targets, was.calendars, was.changing))
        self.digest(name)

    def regulate(self, name: str, *regulations: Regulation) -> None:
        """From now on these profiles apply, beside the targets there are."""
        was = self.world.rules.sla
        sla = Sla(was.targets, was.calendars, was.changing, regulations)
        self.world.rules = replace(self.world.rules, sla=sla)
        self.digest(name)

    def digest(self, name: str) -> None:
        self.world._helpdesk = replace(self.world.helpdesk(), rules_digest=f"m:t:{name}")

    def replay(
        self, *, closed_too: bool = False, dry_run: bool = False, stopping: Callable[[], bool] = lambda: False
    ) -> Replayed:
        return replay(
            self.world.helpdesk(),
            self.world.store,
            self.rules,
            now=self.world.now,
            closed_too=closed_too,
            dry_run=dry_run,
            stopping=stopping,
        )

    def look(self) -> None:
        for verb in ("pull", "sweep"):
            self.world.step(verb)

    def clocks(self, ticket: str) -> dict[str, Clock]:
        with self.world.store.read() as connection:
            stored = complaints.of_tickets(connection, self.world.helpdesk().id, [ticket])[ticket]
        return {f"{one.kind}#{one.cycle}": one for one in stored.assessed.clocks}


def once() -> Callable[[], bool]:
    """A stop after one batch."""
    looks = iter([False, True])
    return lambda: next(looks)


def target(clock: str, hours: float, name: str | None = None) -> Target:
    return Target(name or clock, clock, int(hours * HOUR), "always")


@pytest.fixture
def town() -> Town:
    return Town(target("first_reply", 2), target("resolution", 8), target("requester_wait", 20))


def closed_late(town: Town) -> str:
    """Answered after three hours, resolved after five."""
    desk = town.world.desk
    ticket = desk.open("Late", "My parcel has still not arrived.")
    town.look()
    desk.advance(3 * HOUR)
    desk.staff_reply(ticket, "We are looking into it.")
    desk.advance(2 * HOUR)
    desk.set(ticket, "status", "solved")
    town.look()
    return ticket


def one_hour_for_all(town: Town) -> None:
    town.world.desk.advance(HOUR)
    town.change("c2", target("first_reply", 4), target("resolution", 1), target("periodic_update", 1))


def test_a_closed_complaint_keeps_clocks_breaches_and_deadlines_when_targets_change(town: Town) -> None:
    ticket = closed_late(town)
    before = town.clocks(ticket)
    assert before["first_reply#1"].state is ClockState.MISSED
    assert before["resolution#1"].state is ClockState.MET
    one_hour_for_all(town)
    assert town.replay().changed == 0
    assert town.clocks(ticket) == before
    town.world.desk.advance(HOUR)
    town.world.desk.label(ticket, ["seen"])
    town.look()
    assert town.clocks(ticket) == before, "nor does a later change of the ticket, by which it is read again"


@pytest.mark.parametrize("first", ["sweep", "hook"])
def test_whoever_comes_before_the_replay_leaves_it_alone_too(town: Town, first: str) -> None:
    ticket = closed_late(town)
    before = town.clocks(ticket)
    one_hour_for_all(town)
    world = town.world
    if first == "hook":
        world.desk.label(ticket, ["seen"])
        pull_tickets(world.helpdesk(), [ticket], world.store, town.rules, now=world.now)
    with world.store.write("test") as connection:
        assessments.wake(connection, f"shop/{ticket}", world.now())
    world.step("sweep")
    assert town.clocks(ticket) == before
    town.replay()
    assert town.clocks(ticket) == before


def test_an_open_complaint_goes_by_the_change_at_once(town: Town) -> None:
    ticket = town.world.desk.open("Late", "My parcel has still not arrived.")
    town.look()
    town.world.desk.advance(2 * HOUR)
    one_hour_for_all(town)
    assert town.replay().changed == 1
    assert town.clocks(ticket)["resolution#1"].state is ClockState.BREACHED
    assert "periodic_update#1" in town.clocks(ticket)


def test_closed_ones_are_redone_when_somebody_asks_for_it_and_a_dry_run_says_so_first(town: Town) -> None:
    ticket = closed_late(town)
    before = town.clocks(ticket)
    one_hour_for_all(town)
    town.replay()
    assert town.replay(closed_too=True, dry_run=True).changed == 1
    assert town.clocks(ticket) == before
    assert town.replay(closed_too=True).changed == 1
    after = town.clocks(ticket)
    assert after["first_reply#1"].state is ClockState.MET
    assert after["resolution#1"].state is ClockState.MISSED
    assert "requester_wait#1" not in after
    assert town.replay(closed_too=True).changed == 0


def test_whoever_goes_on_with_a_backfill_of_closed_ones_that_was_killed_counts_the_rest_of_them_anew_too(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.modules["connector.sync.replay"], "BATCH", 1)
    first, second, third = closed_late(town), closed_late(town), closed_late(town)
    one_hour_for_all(town)
    town.replay()
    town.replay(closed_too=True, stopping=once())
    assert [town.clocks(ticket)["resolution#1"].state for ticket in (first, second)] == [
        ClockState.MISSED,
        ClockState.MET,
    ]
    desk = town.world.helpdesk()
    assert stale(desk, town.world.store), "the daemon takes it up by itself"
    assert town.replay(dry_run=True).changed == 2, "whoever is asked first is told of them"
    assert town.replay().read == 2, "and goes on where it was"
    assert {town.clocks(ticket)["resolution#1"].state for ticket in (first, second, third)} == {ClockState.MISSED}
    assert not stale(desk, town.world.store)
    assert town.replay().changed == 0


def test_other_settings_than_a_killed_backfill_of_closed_ones_went_by_leave_the_rest_of_them_alone(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.modules["connector.sync.replay"], "BATCH", 1)
    first, second = closed_late(town), closed_late(town)
    one_hour_for_all(town)
    town.replay()
    town.replay(closed_too=True, stopping=once())
    town.change("c3", target("resolution", 9))
    town.replay()
    assert town.clocks(first)["resolution#1"].state is ClockState.MISSED
    assert town.clocks(second)["resolution#1"].state is ClockState.MET


def test_a_reopened_complaint_counts_by_the_new_rules_from_its_reopening_and_its_past_stays(town: Town) -> None:
    ticket = closed_late(town)
    before = town.clocks(ticket)
    one_hour_for_all(town)
    town.replay()
    town.world.desk.customer_message(ticket, "It is broken again, please help!")
    town.world.desk.set(ticket, "status", "open")
    town.look()
    town.world.desk.advance(HOUR)
    town.look()
    after = town.clocks(ticket)
    assert (after["first_reply#1"], after["resolution#1"]) == (before["first_reply#1"], before["resolution#1"])
    assert after["resolution#2"].target_seconds == HOUR
    assert after["resolution#2"].state is ClockState.BREACHED
    assert {name for name in after if name.startswith("periodic")} == {"periodic_update#3"}


def test_a_clock_of_one_life_runs_on_after_a_reopening_with_what_was_used_before(town: Town) -> None:
    ticket = closed_late(town)
    assert town.clocks(ticket)["requester_wait#1"].used_seconds == 5 * HOUR
    town.world.desk.advance(10 * HOUR)
    town.change("c2", target("requester_wait", 7))
    town.replay()
    town.world.desk.customer_message(ticket, "It is broken again, please help!")
    town.world.desk.set(ticket, "status", "open")
    reopened = town.world.now()
    town.look()
    town.world.desk.advance(HOUR)
    town.look()
    clock = town.clocks(ticket)["requester_wait#1"]
    assert (clock.state, clock.used_seconds) == (ClockState.RUNNING, 6 * HOUR)
    assert clock.due_at == reopened + timedelta(hours=2)
    town.world.desk.advance(HOUR)
    town.look()
    assert town.clocks(ticket)["requester_wait#1"].state is ClockState.BREACHED


def test_a_shorter_target_is_broken_at_the_reopening_and_not_before(town: Town) -> None:
    ticket = closed_late(town)
    town.world.desk.advance(10 * HOUR)
    town.change("c2", target("requester_wait", 1))
    town.replay()
    town.world.desk.set(ticket, "status", "open")
    reopened = town.world.now()
    town.look()
    clock = town.clocks(ticket)["requester_wait#1"]
    assert (clock.breached_at, clock.cause) == (reopened, "targets")


def test_a_breach_from_before_stays_when_its_clock_runs_on(town: Town) -> None:
    town.change("c2", target("requester_wait", 1))
    town.replay()
    ticket = closed_late(town)
    before = town.clocks(ticket)["requester_wait#1"]
    town.change("c3", target("requester_wait", 1000))
    town.replay()
    assert town.clocks(ticket)["requester_wait#1"] == before
    town.world.desk.advance(HOUR)
    town.world.desk.set(ticket, "status", "open")
    town.look()
    clock = town.clocks(ticket)["requester_wait#1"]
    assert (clock.breached_at, clock.state) == (before.breached_at, ClockState.BREACHED)
    town.world.desk.set(ticket, "status", "solved")
    town.look()
    assert town.clocks(ticket)["requester_wait#1"].state is ClockState.MISSED


def test_an_answer_owed_after_the_resolution_is_still_owed_by_the_new_rules() -> None:
    town = Town(target("first_reply", 2), target("next_reply", 8))
    ticket = closed_late(town)
    town.world.desk.advance(60)
    town.world.desk.customer_message(ticket, "This is still not right, please answer me.")
    town.look()
    assert town.clocks(ticket)["next_reply#1"].state is ClockState.RUNNING
    town.change("c2", target("first_reply", 9), target("next_reply", 1))
    town.replay()
    town.world.desk.advance(HOUR)
    town.look()
    assert town.clocks(ticket)["next_reply#1"].state is ClockState.BREACHED
    assert town.clocks(ticket)["first_reply#1"].state is ClockState.MISSED


def test_two_changes_leave_what_was_closed_before_the_first(town: Town) -> None:
    ticket = closed_late(town)
    before = town.clocks(ticket)
    for number, hours in enumerate((9, 1, 30)):
        town.change(f"d{number}", target("first_reply", hours), target("resolution", hours))
        town.replay()
        assert town.clocks(ticket) == before


def test_a_corrected_mapping_alone_still_corrects_what_is_closed(town: Town) -> None:
    """It says what happened, and not how it is judged; the clocks that were never frozen follow."""
    ticket = closed_late(town)
    town.world._helpdesk = replace(town.world.helpdesk(), rules_digest="m2:t:c1")
    assert town.replay() == Replayed(1, 0, 0)
    assert town.clocks(ticket)["first_reply#1"].state is ClockState.MISSED


HOUSING = Profile(
    name="housing",
    title="Housing",
    source="https://example.org",
    version="1",
    owner="me",
    checked=date(2026, 1, 1),
    zone="Europe/London",
    deadlines=(
        Deadline("answer", "answered", Length(days=10)),
        Deadline("second", "answered again", Length(days=20), start=Event.REOPENING, after=Event.REOPENING),
    ),
)


def test_a_profile_that_is_applied_later_asks_nothing_of_what_was_closed_but_of_what_is_reopened(town: Town) -> None:
    ticket = closed_late(town)
    before = town.clocks(ticket)
    town.regulate("c2", Regulation(HOUSING, "me"))
    assert town.replay().changed == 0
    town.world.desk.label(ticket, ["seen"])
    town.look()
    assert town.clocks(ticket) == before
    town.world.desk.advance(HOUR)
    town.world.desk.set(ticket, "status", "open")
    town.look()
    asked = {name for name in town.clocks(ticket) if name.startswith("regulation")}
    assert asked == {"regulation:housing/second#1"}


def test_a_deadline_that_was_met_stays_met_when_its_profile_gets_shorter_or_goes(town: Town) -> None:
    town.regulate("c2", Regulation(HOUSING, "me"))
    ticket = closed_late(town)
    before = town.clocks(ticket)
    assert before["regulation:housing/answer#1"].state is ClockState.MET
    shorter = replace(HOUSING, deadlines=(Deadline("answer", "answered", Length(days=0)),))
    for name, regulations in (("c3", (Regulation(shorter, "me"),)), ("c4", ())):
        town.regulate(name, *regulations)
        town.replay()
        assert town.clocks(ticket) == before


# -- targets that are added after the closing --------------------------------------------------------------------------


def closed_in_silence(town: Town) -> str:
    """Resolved after two hours without a word, ten hours ago."""
    ticket = town.world.desk.open("Late", "My parcel has still not arrived.")
    town.look()
    town.world.desk.advance(2 * HOUR)
    town.world.desk.set(ticket, "status", "solved")
    town.look()
    town.world.desk.advance(10 * HOUR)
    return ticket


def reopen(town: Town, ticket: str) -> None:
    town.world.desk.customer_message(ticket, "It is broken again, please help!")
    town.world.desk.set(ticket, "status", "open")
    town.look()


@pytest.mark.parametrize("clock", ["first_reply", "requester_wait", "agent_work"])
def test_a_target_that_is_added_after_the_closing_counts_from_the_reopening(clock: str) -> None:
    town = Town(target("resolution", 8))
    ticket = closed_in_silence(town)
    before = town.clocks(ticket)
    town.change("c2", target("resolution", 8), target(clock, 3))
    assert town.replay().changed == 0
    assert town.clocks(ticket) == before
    reopen(town, ticket)
    reopened = town.world.now()
    assert town.clocks(ticket)[f"{clock}#1"].state is ClockState.RUNNING
    town.world.desk.advance(2 * HOUR)
    town.world.desk.label(ticket, ["seen"])
    town.look()
    now = town.clocks(ticket)[f"{clock}#1"]
    assert (now.used_seconds, now.due_at) == (2 * HOUR, reopened + timedelta(hours=3))
    town.change("c3", target("resolution", 9), target(clock, 3))
    town.replay()
    assert town.clocks(ticket)[f"{clock}#1"] == now, "another change finds it as it stands"
    town.world.desk.advance(HOUR)
    town.look()
    assert town.clocks(ticket)[f"{clock}#1"].state is ClockState.BREACHED


def test_explain_tells_a_clock_that_was_taken_up_as_it_is_counted() -> None:
    town = Town(target("resolution", 8))
    ticket = closed_in_silence(town)
    town.change("c2", target("requester_wait", 3))
    town.replay()
    reopen(town, ticket)
    town.world.desk.advance(2 * HOUR)
    town.world.desk.label(ticket, ["seen"])
    town.look()
    clock = town.clocks(ticket)["requester_wait#1"]
    with town.world.store.read() as connection:
        stored = complaints.of_tickets(connection, town.world.helpdesk().id, [ticket])[ticket]
    this = understood_again(stored.doc.complaint, stored.doc.entries, (), town.world.helpdesk().words)
    told = segments(
        clock.kind,
        clock.cycle,
        this.complaint,
        this.folded.history,
        this.values,
        town.rules.sla,
        town.world.now(),
        stored.assessed.kept,
    )
    assert sum(one.counted_seconds for one in told) == clock.used_seconds == 2 * HOUR


def test_a_regulators_deadline_that_is_applied_later_goes_by_its_date_once_the_complaint_is_open_again() -> None:
    accepted = Deadline("accepted", "accepted", Length(days=10), met_by=Event.ACCEPTANCE)
    town = Town(target("resolution", 8))
    ticket = closed_in_silence(town)
    town.regulate("c2", Regulation(replace(HOUSING, deadlines=(accepted,)), "me"))
    town.replay()
    town.world.desk.label(ticket, ["seen"])
    town.look()
    assert "regulation:housing/accepted#1" not in town.clocks(ticket)
    reopen(town, ticket)
    assert town.clocks(ticket)["regulation:housing/accepted#1"].state is ClockState.RUNNING
    town.world.desk.advance(11 * 24 * HOUR)
    town.look()
    assert town.clocks(ticket)["regulation:housing/accepted#1"].state is ClockState.BREACHED


def test_a_write_is_looked_at_once_more_by_what_its_closed_complaint_had_even_before_the_replay(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticket = closed_late(town)
    before = town.clocks(ticket)
    one_hour_for_all(town)
    seen: list[Understood] = []

    def look(_action: object, this: Understood, *_rest: object) -> str:
        seen.append(this)
        return "enough"

    monkeypatch.setitem(rechecking.__globals__, "why_not", look)
    action: Any = SimpleNamespace(rule="overdue", origin=None, ticket=ticket, kind=ActionKind.ESCALATE)
    intention: Any = SimpleNamespace(action=action, state=None)
    with town.world.store.read() as connection:
        rechecking((town.world.helpdesk(),), town.rules)(connection, intention, town.world.now())
    (this,) = seen
    assert {f"{one.kind}#{one.cycle}": one for one in clocks_of(this, town.rules, town.world.now())} == before
