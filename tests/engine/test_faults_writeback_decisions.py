"""What is decided, and whether it still holds when it is sent (fault cases W09 to W12, W15 to W19, W23, W26)."""

from __future__ import annotations

import threading
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from connector.condition import condition
from connector.errors import TemporaryError
from connector.model import ActionKind, Mode, Role
from connector.store import Store, complaints
from connector.store.intentions import Intention, State
from connector.sync import pull_tickets, sweep
from tests.engine.world import CUSTOMERS, World

TEXT = "My parcel has still not arrived. I want my money back."
DAY = 86_400


def of_kind(world: World, kind: ActionKind) -> list[Intention]:
    return [one for one in world.intentions() if one.action.kind is kind]


def one_of(world: World, kind: ActionKind) -> Intention:
    (found,) = of_kind(world, kind)
    return found


def a_complaint(world: World, **fields: Any) -> str:
    return world.desk.open("Late", TEXT, requester=CUSTOMERS[0], **fields)


def an_overdue_world() -> tuple[World, str]:
    world = World()
    ticket = a_complaint(world)
    world.desk.advance(26 * 3600)
    world.step("pull")
    world.step("sweep")
    assert one_of(world, ActionKind.ESCALATE).state is State.PENDING
    return world, ticket


def a_resolved_world(hours: int) -> tuple[World, str]:
    """A complaint resolved at noon on a Monday, `hours` ago; its survey is intended."""
    world = World()
    ticket = a_complaint(world)
    world.desk.advance(3 * 3600)
    world.desk.staff_reply(ticket, "Sorry. The money is on its way.")
    world.desk.set(ticket, "status", "solved")
    world.desk.advance(3600)
    world.step("pull")
    world.step("sweep")
    world.desk.advance((hours - 1) * 3600)
    return world, ticket


def surveys(world: World) -> list[datetime]:
    """When each survey was sent, by the engine's audit log; checked against the desk's ledger."""
    sent = [one for one in of_kind(world, ActionKind.SURVEY) if one.state is State.DONE]
    assert sum(world.effects()[one.action.marker] for one in sent) == len(sent)
    return [one.sent_at for one in sent if one.sent_at is not None]


def test_w09_what_was_decided_is_what_is_sent_whatever_a_newer_version_would_write() -> None:
    world, _ = an_overdue_world()
    decided = one_of(world, ActionKind.ESCALATE).action.effect
    rules = tuple(
        replace(rule, tags=("another_tag",), fields={}, note=False) if rule.id == "overdue" else rule
        for rule in world.rules.policy.rules
    )
    world.rules = replace(world.rules, policy=replace(world.rules.policy, rules=rules))
    world.step("sweep")
    world.step("push")
    done = one_of(world, ActionKind.ESCALATE)
    assert done.state is State.DONE
    assert [effect for _, marker, effect in world.desk.ledger if marker == done.action.marker] == [decided]


def test_w10_the_same_breach_found_by_poll_and_by_webhook_is_one_escalation() -> None:
    world, ticket = an_overdue_world()
    pull_tickets(world.helpdesk(), [ticket], world.store, world.rules, now=world.now)
    world.step("sweep")
    world.step("pull")
    world.step("sweep")
    world.step("push")
    assert one_of(world, ActionKind.ESCALATE).state is State.DONE
    world.check()


def test_w10_two_sweeps_at_the_same_moment_intend_one_write() -> None:
    world = World()
    a_complaint(world)
    world.desk.advance(26 * 3600)
    world.step("pull")
    helpdesk = world.helpdesk()
    other = Store(f"sqlite:///{world.folder / 'amends.db'}").open()
    gate = threading.Barrier(2)

    def decide(store: Store) -> None:
        gate.wait(10)
        sweep([helpdesk], store, world.rules, now=world.now)

    threads = [threading.Thread(target=decide, args=(store,)) for store in (world.store, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    keys = [one.action.key for one in world.intentions()]
    assert len(of_kind(world, ActionKind.ESCALATE)) == 1
    assert len(keys) == len(set(keys))


def test_w11_a_priority_that_goes_up_and_down_escalates_a_breach_once() -> None:
    world, ticket = an_overdue_world()
    for priority in ("urgent", "low", "urgent", "normal", "low", "high"):
        world.step("push")
        world.desk.set(ticket, "priority", priority)
        world.desk.advance(3600)
        world.step("pull")
        world.step("sweep")
    world.heal()
    world.check_at_rest()
    by_episode = [(one.action.rule, one.action.episode) for one in of_kind(world, ActionKind.ESCALATE)]
    assert len(by_episode) == len(set(by_episode))
    assert by_episode.count(("overdue", "first_reply#1")) == 1


def test_w12_our_own_note_and_tag_that_come_back_as_events_change_nothing() -> None:
    world, ticket = an_overdue_world()
    before = stored(world, ticket)
    world.step("push")
    written = len(world.desk.ledger)
    for _ in range(4):
        world.desk.advance(300)
        for verb in ("pull", "sweep", "push"):
            world.step(verb)
    after = stored(world, ticket)
    own = [entry for entry in after.doc.entries if entry.actor == "amends"]
    assert own and all(entry.role is Role.AMENDS for entry in own)
    assert after.doc.tags == before.doc.tags
    first_reply = [clock for clock in after.assessed.clocks if clock.kind == "first_reply"]
    assert [clock.stopped_at for clock in first_reply] == [None], "our own note answers nobody"
    assert len(world.desk.ledger) == written, "an echo is no reason to write"


def stored(world: World, ticket: str) -> complaints.Stored:
    with world.store.read() as connection:
        return complaints.of_tickets(connection, world.helpdesk().id, [ticket])[ticket]


def test_w15_two_solved_events_of_one_life_ask_the_customer_once() -> None:
    world, ticket = a_resolved_world(hours=2)
    world.desk.set(ticket, "status", "solved")
    for _ in range(5):
        world.step("pull")
        world.step("sweep")
        world.step("push")
        world.desk.advance(8 * 3600)
    assert len(of_kind(world, ActionKind.SURVEY)) == len(surveys(world)) == 1
    world.check()


def test_w15_a_replayed_history_asks_no_customer_again() -> None:
    world, ticket = a_resolved_world(hours=25)
    world.step("push")
    assert len(surveys(world)) == 1
    with world.store.write("test: read all again") as connection:
        connection.exec_driver_sql("DELETE FROM stream")
    world.heal()
    assert len(of_kind(world, ActionKind.SURVEY)) == 1
    assert len([one for one in world.desk.ledger if one[0] == ticket and "amends_survey" in one[2].tags]) == 1


def test_w16_a_survey_that_an_outage_of_three_days_held_up_is_dropped_and_not_sent_late() -> None:
    world, _ = a_resolved_world(hours=2)
    assert one_of(world, ActionKind.SURVEY).state is State.PENDING
    world.desk.advance(3 * DAY)
    world.step("push")
    assert one_of(world, ActionKind.SURVEY).state is State.EXPIRED
    world.heal()
    assert not surveys(world)


def test_w16_a_survey_that_was_held_up_until_night_waits_for_the_customers_morning() -> None:
    world, _ = a_resolved_world(hours=2)
    world.desk.advance(30 * 3600)  # Tuesday evening, after the customer's day
    lisbon = ZoneInfo("Europe/Lisbon")
    assert world.now().astimezone(lisbon).hour >= 19
    world.step("push")
    assert not surveys(world)
    for _ in range(20):
        world.desk.advance(3600)
        world.step("push")
    (sent,) = surveys(world)
    assert 9 <= sent.astimezone(lisbon).hour < 19


@pytest.mark.parametrize("label", ["no_survey", "auto_reply"])
def test_w17_whom_the_policy_leaves_out_is_not_asked(label: str) -> None:
    world = World()
    survey = world.rules.policy.survey
    assert survey is not None
    asked = replace(survey, when=condition(f'!("{label}" in labels) && verified'))
    world.rules = replace(world.rules, policy=replace(world.rules.policy, survey=asked))
    left_out = a_complaint(world, labels=[label])
    unknown = world.desk.open("Late", TEXT, requester={**CUSTOMERS[1], "verified": False})
    asked_one = world.desk.open("Late", TEXT, requester=CUSTOMERS[2])
    for ticket in (left_out, unknown, asked_one):
        world.desk.staff_reply(ticket, "Sorry.")
        world.desk.set(ticket, "status", "solved")
    world.desk.advance(26 * 3600)
    world.step("pull")
    world.step("sweep")
    assert [one.action.ticket for one in of_kind(world, ActionKind.SURVEY)] == [asked_one]


def test_w18_a_customer_who_opted_out_after_the_decision_is_not_asked() -> None:
    world, ticket = a_resolved_world(hours=20)
    survey = world.rules.policy.survey
    assert survey is not None
    asked = replace(survey, when=condition('!("no_survey" in labels)'))
    world.rules = replace(world.rules, policy=replace(world.rules.policy, survey=asked))
    world.desk.label(ticket, ["no_survey"])
    world.desk.advance(5 * 3600)
    world.step("pull")
    world.step("push")
    one = one_of(world, ActionKind.SURVEY)
    assert one.state is State.CANCELLED
    assert "condition" in str(one.why)
    world.heal()
    assert not surveys(world)


def test_w18_nothing_is_sent_about_a_complaint_that_was_erased_after_the_decision() -> None:
    world, ticket = a_resolved_world(hours=25)
    with world.store.write("test: erased") as connection:
        connection.exec_driver_sql("DELETE FROM complaint WHERE ticket = ?", (ticket,))
    world.step("push")
    one = one_of(world, ActionKind.SURVEY)
    assert one.state is State.CANCELLED
    assert "erased" in str(one.why)
    assert not surveys(world)


def test_w19_a_ticket_that_was_reopened_between_decision_and_sending_gets_no_survey() -> None:
    world, ticket = a_resolved_world(hours=24)
    world.desk.customer_message(ticket, "It is broken again.")
    world.desk.advance(3600)
    world.step("pull")
    world.step("push")
    one = one_of(world, ActionKind.SURVEY)
    assert one.state is State.CANCELLED
    assert "reopened" in str(one.why)
    assert not surveys(world)


def test_w19_an_answer_between_decision_and_sending_withdraws_the_escalation() -> None:
    world, ticket = an_overdue_world()
    world.desk.staff_reply(ticket, "We are on it.")
    world.step("pull")
    world.step("push")
    one = one_of(world, ActionKind.ESCALATE)
    assert one.state is State.CANCELLED
    assert "answered" in str(one.why)
    assert not world.effects()[one.action.marker]


class Metered:
    """A budget of `room` writes; then the source asks for a minute of rest."""

    def __init__(self) -> None:
        self.room = 0

    def take(self, endpoint: str, *, write: bool = False) -> None:
        if write:
            if not self.room:
                raise TemporaryError("no room for writes.", retry_after_seconds=60, applied=False)
            self.room -= 1

    def observe(self, endpoint: str, status: int, headers: Any) -> None:
        """Nothing is stated here."""


def test_w23_after_an_outage_the_queue_drains_most_urgent_first_within_the_budget_and_without_what_is_stale() -> None:
    world, many = World(), 120
    with world.desk.together():
        late = [a_complaint(world) for _ in range(many)]
    answered = [world.desk.open("Twice", "You charged me twice.", requester=CUSTOMERS[1]) for _ in range(10)]
    for ticket in answered:
        world.desk.staff_reply(ticket, "Sorry.")
        world.desk.set(ticket, "status", "solved")
    world.rules = replace(world.rules, policy=replace(world.rules.policy, limit_per_run=10_000))
    world.desk.advance(5 * 3600)
    world.step("pull")
    world.step("sweep")
    world.desk.advance(3 * DAY)  # the outage: what was decided waits, and surveys go stale
    world.step("sweep")
    queued = [one for one in world.intentions() if one.state is State.PENDING]
    assert len(queued) > many
    metered = Metered()
    tools = replace(world.helpdesk().adapter._tools, budget=metered)  # type: ignore[attr-defined]
    world.helpdesk().adapter._tools = tools  # type: ignore[attr-defined]
    for minute in range(100):
        metered.room, before = 20, len(world.desk.ledger)
        world.step("push")
        assert len(world.desk.ledger) - before <= 20, f"more than the budget in minute {minute}"
        world.desk.advance(61)
    rank_of = {one.action.marker: one.action.rank for one in world.intentions()}
    sent = [rank_of[marker] for _, marker, _ in world.desk.ledger]
    assert len(sent) >= many
    assert sent == sorted(sent), "the most urgent ones go first"
    assert {one.state for one in of_kind(world, ActionKind.SURVEY)} == {State.EXPIRED}
    assert {one.action.ticket for one in world.intentions() if one.state is State.DONE} >= set(late)
    world.check()


def test_w26_a_rule_that_suddenly_fits_everything_holds_what_is_over_the_limit_for_a_person() -> None:
    world = World(modes={**dict.fromkeys(ActionKind, Mode.LIVE), ActionKind.TAG: Mode.SHADOW})
    limit = world.rules.policy.limit_per_run
    with world.desk.together():
        for _ in range(limit + 15):
            a_complaint(world)
    world.desk.advance(26 * 3600)
    world.step("pull")
    world.step("sweep")
    overdue = [one for one in of_kind(world, ActionKind.ESCALATE) if one.action.rule == "overdue"]
    held = [one for one in overdue if one.state is State.HELD]
    assert len(overdue) - len(held) == limit
    assert len(held) == 15
    assert all(f"more than {limit} at once" in str(one.why) for one in held)
    world.step("push")
    assert len(world.desk.ledger) <= 2 * limit
    assert not any(world.effects()[one.action.marker] for one in held)
