"""A promise from the reply that made it to the note about it: broken ones are escalated once, kept ones never."""

from __future__ import annotations

from datetime import timedelta

import pytest
from msgspec.structs import replace

from connector.assessment.rules import Rules
from connector.clocks.promises.keeping import Finder
from connector.model import ClockState, Promise, Ruling, Tag
from connector.people.identity import Identifying
from connector.store import assessments, complaints, revisions
from connector.store.complaints import Stored
from connector.sync import replay
from tests.engine.world import START, World, rules

BY_TOMORROW = "I am sorry. I have asked the carrier and will write to you by tomorrow noon."
RULE = "broken-promise"


def a_world() -> World:
    """A complaint of this morning, not answered yet."""
    world = World()
    world.desk.open("Late", "My parcel has still not arrived.", labels=["complaint"])
    world.step("pull")
    return world


def work(world: World, hours: float = 0) -> None:
    world.desk.advance(hours * 3600)
    for verb in ("pull", "sweep", "push", "pull"):
        world.step(verb)


def reply(world: World, text: str) -> None:
    world.desk.staff_reply("1", text)
    work(world)


def stored(world: World) -> Stored:
    with world.store.read() as connection:
        (one,) = complaints.listing(connection)
    return one


def promised(world: World) -> list[tuple[ClockState, str | None]]:
    return [(one.state, one.cause) for one in stored(world).assessed.clocks if one.kind == "promise"]


def escalations(world: World) -> list[str]:
    return [one.action.episode for one in world.intentions() if one.action.rule == RULE]


def notes(world: World) -> list[str]:
    return [str(event["text"]) for event in world.desk.story("1") if "Broken promise" in str(event["text"])]


def test_a_broken_promise_is_flagged_and_escalated_once() -> None:
    world = a_world()
    reply(world, BY_TOMORROW)
    work(world, 20)
    assert (promised(world), escalations(world)) == ([(ClockState.RUNNING, None)], [])
    for _ in range(4):
        work(world, 3)
    assert escalations(world) == ["promise#1"]
    (note,) = notes(world)
    assert "What the customer was promised (a date in a reply, Mon 2 Mar 2026 09:00 GMT)" in note
    assert "I have asked" not in note, "a note quotes nobody"
    assert "amends_broken_promise" in world.desk.look("1")["labels"]
    assert [flag.kind for flag in stored(world).assessed.flags if flag.topic == "promise"] == ["broken_promise"]
    world.check()


def test_a_kept_promise_says_nothing() -> None:
    world = a_world()
    reply(world, BY_TOMORROW)
    work(world, 24)
    reply(world, "The carrier has found it.")
    work(world, 48)
    assert (promised(world), escalations(world), notes(world)) == ([(ClockState.MET, None)], [], [])


def test_one_that_was_put_off_in_time_says_nothing_until_the_new_day() -> None:
    world = a_world()
    reply(world, BY_TOMORROW)
    work(world, 24)
    reply(world, "It is lost, I am sorry. We will send another one by Friday.")
    work(world, 48)
    assert promised(world) == [(ClockState.CANCELLED, "renegotiated"), (ClockState.RUNNING, None)]
    assert escalations(world) == []
    work(world, 60)
    assert escalations(world) == ["promise#2"]


def test_a_reply_between_decision_and_writing_takes_the_escalation_back() -> None:
    world = a_world()
    reply(world, BY_TOMORROW)
    world.desk.advance(28 * 3600)
    world.step("pull")
    world.step("sweep")
    world.desk.staff_reply("1", "Sorry! It is found.")
    world.step("pull")
    world.step("push")
    assert notes(world) == []


def test_a_daemon_that_slept_breaks_the_same_promises() -> None:
    awake, asleep = a_world(), a_world()
    for world, step in ((awake, 1.0), (asleep, 48.0)):
        world.desk.staff_reply("1", BY_TOMORROW)
        if step == 1.0:
            for _ in range(48):
                work(world, step)
        else:
            work(world, step)
    breaches = [
        [(one.cycle, one.breached_at) for one in stored(world).assessed.clocks if one.kind == "promise"]
        for world in (awake, asleep)
    ]
    assert breaches[0] == breaches[1] != []
    assert escalations(awake) == escalations(asleep) == ["promise#1"]


# -- a person's word -------------------------------------------------------------------------------------------------

HOPED = "We hope to write to you by Friday."


def decide(world: World, *, stands: bool) -> Promise:
    one = stored(world)
    (promise,) = one.doc.promises
    with world.store.write("promise: decided") as connection:
        assessments.decide(connection, one, Ruling(promise, stands, "ana", world.now()), world.now())
    return promise


def test_an_unsure_one_waits_for_a_person_and_then_runs() -> None:
    world = a_world()
    reply(world, HOPED)
    assert promised(world) == []
    with world.store.read() as connection:
        assert assessments.promised(connection) == {"unsure": 1}
    decide(world, stands=True)
    work(world)
    assert promised(world) == [(ClockState.RUNNING, None)]
    with world.store.read() as connection:
        assert assessments.promised(connection) == {"open": 1}
    work(world, 5 * 24)
    assert escalations(world) == ["promise#1"]


def without_promises() -> Rules:
    """The rules of somebody who took out all books."""
    sla = rules().sla
    assert sla.promising is not None
    return replace(rules(), sla=replace(sla, promising=replace(sla.promising, finder=Finder(()))))


@pytest.mark.parametrize("stands", [True, False])
def test_a_persons_word_outlives_new_entries_and_every_replay(stands: bool) -> None:
    world = a_world()
    reply(world, HOPED)
    decide(world, stands=stands)
    world.desk.customer_message("1", "I am waiting.")
    work(world)
    for number, said in enumerate((without_promises(), rules())):
        world._helpdesk = replace(world.helpdesk(), rules_digest=f"m:t:{number}")
        replay(world.helpdesk(), world.store, said, now=world.now)
        world.rules = said
        work(world)
        assert promised(world) == ([(ClockState.RUNNING, None)] if stands else [])
    assert [one.stands for one in stored(world).rulings] == [stands]


def test_a_word_that_is_given_while_a_page_is_read_is_not_lost() -> None:
    world = a_world()
    reply(world, HOPED)
    world.desk.customer_message("1", "I am waiting.")
    before = stored(world)
    decide(world, stands=True)
    with world.store.write("pull: page") as connection:
        row = revisions.packed(revisions.Saving(before.doc, before.assessed, None, None), Identifying())
        revisions.save(connection, before.source_id, [row], {before.ticket: before}, Identifying(), START)
    assert [one.stands for one in stored(world).rulings] == [True]


def test_a_replay_by_other_books_forgets_what_they_do_not_find() -> None:
    world = a_world()
    reply(world, BY_TOMORROW)
    assert len(stored(world).doc.promises) == 1
    world._helpdesk = replace(world.helpdesk(), rules_digest="m:t:none")
    replay(world.helpdesk(), world.store, without_promises(), now=world.now)
    assert stored(world).doc.promises == ()
    world._helpdesk = replace(world.helpdesk(), rules_digest="m:t:all")
    replay(world.helpdesk(), world.store, rules(), now=world.now)
    (one,) = stored(world).doc.promises
    assert one.due_at - one.made_at == timedelta(hours=27)


def test_a_promise_outlives_an_agents_other_word_on_what_it_is_about() -> None:
    world = a_world()
    reply(world, BY_TOMORROW)
    with world.store.write("reviewed") as connection:
        assert revisions.retag(connection, stored(world), (Tag("category", "service", 1.0, "agent"),), world.now())
    world.step("sweep")
    assert promised(world) == [(ClockState.RUNNING, None)]


@pytest.mark.parametrize("ruled", ["before", "after"])
def test_a_persons_word_on_a_promise_counts_after_the_settings_changed_for_what_was_closed(ruled: str) -> None:
    """What was closed keeps its clocks; that a promise was none is no change of settings."""
    world = a_world()
    reply(world, BY_TOMORROW)
    work(world, 50)
    world.desk.set("1", "status", "solved")
    work(world)
    assert promised(world) == [(ClockState.MISSED, None)]
    if ruled == "before":
        decide(world, stands=False)
        decide(world, stands=True)
    sla = world.rules.sla
    stricter = tuple(replace(one, within_seconds=60) for one in sla.targets)
    for number, said in enumerate((world.rules, replace(world.rules, sla=replace(sla, targets=stricter)))):
        world._helpdesk = replace(world.helpdesk(), rules_digest=f"m:t:{number}")
        world.rules = said
        replay(world.helpdesk(), world.store, said, now=world.now)
    assert stored(world).assessed.kept is not None
    decide(world, stands=False)
    work(world)
    assert promised(world) == []
