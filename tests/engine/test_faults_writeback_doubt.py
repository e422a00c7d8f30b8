"""Writes whose outcome nobody told us: each has one effect, whatever the wire did (fault cases W01 to W07)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from importlib import import_module

import msgspec
import pytest
from msgspec.structs import replace

from adapters.memory import Adapter, LateError, Moment
from adapters.zendesk import writing
from adapters.zendesk.listing import PAGE
from connector.adapter import Finding, Landed, Stamp, Unknown
from connector.errors import AmendsError, AuthError, ExposedError, TemporaryError
from connector.model import Action, ActionKind
from connector.outbox import Sender, Verdict
from connector.store import sources
from connector.store.intentions import Intention, State
from connector.sync import push
from sandbox.zendesk import Faults, content
from tests.engine.shop import LATE, shop
from tests.engine.world import SOURCE, KilledError, World

push_of = import_module("connector.sync.push")


def an_overdue_world() -> tuple[World, str]:
    world = World()
    ticket = world.desk.open("Late", "My parcel has still not arrived. I want my money back.")
    world.desk.advance(26 * 3600)
    world.step("pull")
    world.step("sweep")
    return world, ticket


def escalation(world: World) -> Intention:
    (one,) = [one for one in world.intentions() if one.action.kind is ActionKind.ESCALATE]
    return one


@pytest.mark.parametrize("fault", ["ambiguous_timeout", "html_200", "empty_200", "truncate_json", "truncate_fin"])
def test_w01_a_write_that_landed_without_an_answer_is_found_and_is_done_once(fault: str) -> None:
    with shop() as here:
        ticket = here.overdue()
        here.site.faults = Faults([f"{fault}@PUT=1.0"], hang_seconds=0.05)
        here.push()
        assert here.escalation().state is State.IN_DOUBT
        here.heal()
        here.check_once(ticket)
        assert here.escalation().tries == 1, "it was found, not sent again"


@pytest.mark.parametrize("fault", ["ambiguous_reset", "ambiguous_5xx"])
def test_w02_a_write_that_landed_before_the_line_broke_is_found_and_is_done_once(fault: str) -> None:
    with shop() as here:
        ticket = here.overdue()
        here.site.faults = Faults([f"{fault}@PUT=1.0"])
        here.push()
        assert here.escalation().state is State.IN_DOUBT
        here.heal()
        here.check_once(ticket)
        assert here.escalation().tries == 1


def test_w03_a_first_request_that_lands_after_our_look_up_makes_the_second_one_a_conflict() -> None:
    with shop() as here:
        ticket = here.overdue()
        here.site.faults = Faults(["late_write@PUT=1.0"], hang_seconds=0.05, late_seconds=3600)
        here.push()
        assert here.site.late_writes() >= 1
        here.site.faults = Faults([], seed=0)
        here.clock.advance(120)
        here.site.desk.edit_before_next_write(ticket, here.site.land_late_writes)
        told = [state for kind, state in here.push() if kind is ActionKind.ESCALATE]
        assert told == [State.IN_DOUBT, State.DONE], "the refusal may be the echo of the first copy, so we look"
        here.heal()
        here.check_once(ticket)


@pytest.mark.parametrize("reads", [1, 2, 3, 4])
def test_w03_a_write_that_lands_between_any_two_reads_of_the_look_up_is_not_sent_a_second_time(reads: int) -> None:
    world, ticket = an_overdue_world()
    late_write_lands_while_we_look(world, reads)
    world.heal()
    world.check_at_rest()
    assert len([event for event in world.desk.story(ticket) if event["kind"] == "note"]) == 1


def late_write_lands_while_we_look(world: World, reads: int) -> None:
    """The write hangs; the next push looks for it, and before its `reads`-th read the write arrives."""
    with world.fault(Moment.BEFORE_WRITE, 1, lambda: LateError("no answer in time.")):
        world.step("push")
    world.desk.advance(120)
    left = reads

    def land(moment: Moment) -> None:
        nonlocal left
        left -= moment is Moment.BEFORE_READ
        if left == 0 and world.desk.late:
            world.desk.land()

    world.desk.hook = land
    world.step("push")


def test_w03_a_copy_that_lands_after_the_second_send_meets_the_same_stamp_and_is_refused() -> None:
    world, _ = an_overdue_world()
    late_copy_after_the_second_send(world)
    assert escalation(world).state is State.DONE
    world.heal()
    world.check_at_rest()


def late_copy_after_the_second_send(world: World) -> None:
    """The write hangs, is not found, an agent does nothing, it is sent again and lands; then the first copy arrives."""
    with world.fault(Moment.BEFORE_WRITE, 1, lambda: LateError("no answer in time.")):
        world.step("push")
    world.desk.advance(120)
    world.step("push")
    while world.desk.late:
        world.desk.land()


def a_hanging_warning() -> tuple[World, str]:
    """The note that an answer is soon due hangs, and five hours later, when it is overdue, nobody wants it any more."""
    world = World()
    ticket = world.desk.open("Late", "My parcel has still not arrived. I want my money back.")
    for verb in ("pull", "sweep", "push"):
        world.step(verb)
    world.desk.advance(3 * 3600 + 720)
    world.step("sweep")
    with world.fault(Moment.BEFORE_WRITE, 1, lambda: LateError("no answer in time.")):
        world.step("push")
    assert warning(world).state is State.IN_DOUBT
    world.desk.advance(5 * 3600)
    return world, ticket


def warning(world: World) -> Intention:
    return of_rule(world.intentions(), "due-soon")


def test_w03_what_lands_after_it_was_let_go_is_noticed_within_hours_and_is_done_and_said(
    caplog: pytest.LogCaptureFixture,
) -> None:
    world, ticket = a_hanging_warning()
    world.step("push")
    why = warning(world).why
    assert warning(world).state is State.CANCELLED and why
    world.desk.land()
    world.step("push")
    assert warning(world).state is State.CANCELLED, "the next look is six hours after it was sent"
    world.desk.advance(20 * 3600)
    world.step("push")
    one = warning(world)
    assert one.state is State.DONE and one.why == f"it landed after it had been let go ({why})"
    assert f"{SOURCE}/{ticket}: write #{one.id} landed late" in caplog.text
    with world.store.read() as connection:
        said = [line.detail for line in sources.audit_lines(connection, ticket=ticket) if line.what == "write: done"]
    assert one.why in [detail.get("why") for detail in said if isinstance(detail, dict)]
    world.heal()
    world.check_at_rest()


@pytest.mark.parametrize("error", [TemporaryError("the desk is down."), AuthError("the desk does not know us.")])
def test_w03_a_look_that_tells_nothing_is_not_the_last_and_holds_nothing_else_back(error: AmendsError) -> None:
    world, _ = a_hanging_warning()
    world.step("push")
    world.desk.land()
    world.desk.advance(20 * 3600)

    def fail() -> AmendsError:
        return error

    with world.fault(Moment.BEFORE_READ, 1, fail):
        told = push(world.helpdesk(), world.store, world.rules, now=world.now)
    assert told.rest_seconds is None
    assert warning(world).state is State.CANCELLED
    world.desk.advance(3 * 86_400)
    world.step("push")
    assert warning(world).state is State.DONE


@pytest.mark.parametrize("answer", [Unknown("the list is older than the ticket"), AuthError("not this one.")])
def test_w03_a_last_look_that_tells_nothing_is_made_again(
    answer: Finding | AmendsError, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, _ = a_hanging_warning()
    world.step("push")
    world.desk.advance(40 * 3600)
    world.step("push")
    world.desk.land()
    world.desk.advance(40 * 3600)
    with monkeypatch.context() as patched:
        patched.setattr(Adapter, "find", always(answer))
        world.step("push")
    assert warning(world).state is State.CANCELLED
    world.desk.advance(2 * 3600)
    world.step("push")
    assert warning(world).state is State.DONE


def test_w03_what_never_lands_is_looked_for_three_days_and_then_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = asked_of(monkeypatch)
    world, _ = a_hanging_warning()
    world.step("push")
    world.desk.late.clear()
    asked.clear()
    for _ in range(10 * 24):
        world.desk.advance(3600)
        world.step("push")
    assert len(asked) == 3, "after six hours, a day and three days"
    assert warning(world).state is State.CANCELLED


@pytest.mark.parametrize(
    "answer", [Unknown("the list is older than the ticket"), AuthError("not this one."), TemporaryError("it is down.")]
)
def test_w03_a_look_that_never_tells_anything_has_an_end(
    answer: Finding | AmendsError, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, ticket = a_hanging_warning()
    world.step("push")
    monkeypatch.setattr(Adapter, "find", always(answer))
    for _ in range(8 * 24):
        world.desk.advance(3600)
        world.step("push")
    asked = asked_of(monkeypatch)
    world.desk.advance(3600)
    world.step("push")
    assert not asked and warning(world).state is State.CANCELLED
    with world.store.read() as connection:
        said = [line.what for line in sources.audit_lines(connection, ticket=ticket)]
    assert said.count("write: not looked for again") == 1


def test_w03_a_look_that_is_too_old_to_be_made_again_does_not_end_the_turn_of_the_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world, _ = a_hanging_warning()
    world.step("push")
    monkeypatch.setattr(Adapter, "find", always(TemporaryError("it is busy.", retry_after_seconds=30)))
    world.desk.advance(8 * 86_400)
    sender = Sender(world.helpdesk(), world.store, world.now, lambda *_: Verdict())
    outcome = sender.look_again(warning(world))
    assert (outcome.asked, outcome.rest_seconds) == (False, None)


def always(answer: Finding | AmendsError) -> Callable[..., Finding]:
    def find(self: Adapter, action: Action, stamp: Stamp, sent_at: datetime) -> Finding:
        if isinstance(answer, AmendsError):
            raise answer
        return answer

    return find


def test_w03_a_late_landing_is_looked_at_for_second_copies_as_well(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Adapter, "repairs", (900.0, 86_400.0), raising=False)
    world, _ = a_hanging_warning()
    world.step("push")
    monkeypatch.setattr(Adapter, "find", always(Landed({"copies": 1, "why": "we may not delete notes"})))
    asked = asked_of(monkeypatch)
    world.desk.advance(2 * 3600)
    world.step("push")
    assert warning(world).state is State.DONE and "carries a second copy" in caplog.text
    world.desk.advance(86_400)
    world.step("push")
    assert asked.count(warning(world).action.marker) == 2


def test_w03_an_undo_that_was_let_go_is_not_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    world, _ = a_hanging_warning()
    intended = warning(world)
    with world.store.write("as an undo") as connection:
        action = replace(intended.action, kind=ActionKind.UNDO)
        connection.exec_driver_sql(
            "UPDATE outbox SET kind = 'undo', action = ? WHERE id = ?", (msgspec.json.encode(action), intended.id)
        )
    monkeypatch.setattr(push_of, "why_not", lambda *_: "nobody wants it")
    world.step("push")
    assert warning(world).state is State.CANCELLED
    asked = asked_of(monkeypatch)
    world.desk.advance(86_400)
    world.step("push")
    assert not asked


def test_w03_who_does_not_know_a_write_by_its_marker_is_not_asked_whether_it_landed_late(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delattr(Adapter, "late_looks")
    asked = asked_of(monkeypatch)
    world, _ = a_hanging_warning()
    world.step("push")
    asked.clear()
    world.desk.advance(4 * 86_400)
    world.step("push")
    assert not asked and warning(world).state is State.CANCELLED


def test_w03_a_write_that_lands_late_and_public_stops_all_writes_once(monkeypatch: pytest.MonkeyPatch) -> None:
    world, _ = a_hanging_warning()
    world.step("push")

    def exposed(self: Adapter, action: Action, stamp: Stamp, sent_at: datetime) -> Finding:
        raise ExposedError("a note of ours can be read by the customer.")

    monkeypatch.setattr(Adapter, "find", exposed)
    stops = []
    for _ in range(20):
        world.desk.advance(12 * 3600)
        world.step("push")
        with world.store.write("resume") as connection:
            stops.append(sources.paused(connection, world.helpdesk().id) is not None)
            sources.resume(connection)
    assert stops.count(True) == 1
    assert warning(world).state is State.DEAD


def asked_of(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The markers that the desk is asked for from now on."""
    asked: list[str] = []
    find = Adapter.find

    def counted(self: Adapter, action: Action, stamp: Stamp, sent_at: datetime) -> Finding:
        asked.append(action.marker)
        return find(self, action, stamp, sent_at)

    monkeypatch.setattr(Adapter, "find", counted)
    return asked


def test_w03_on_zendesk_a_late_write_that_was_let_go_is_found_by_its_marker() -> None:
    with shop() as here:
        ticket = here.account.customer_opens("Parcel never arrived", LATE, here.customer)
        here.decide()
        here.push()
        here.clock.advance(3 * 3600 + 720)
        here.decide()
        here.site.faults = Faults(["late_write@PUT=1.0"], hang_seconds=0.05, late_seconds=10 * 86_400)
        here.push()
        here.site.faults = Faults([], seed=0)
        here.clock.advance(5 * 3600)
        here.push()
        assert of_rule(here.intentions(), "due-soon").state is State.CANCELLED
        here.site.land_late_writes()
        for _ in range(2):
            here.clock.advance(15 * 3600)
            here.push()
        one = of_rule(here.intentions(), "due-soon")
        assert one.state is State.DONE and "landed after" in str(one.why)
        assert len(here.effects(ticket, one)) == 1


def of_rule(found: list[Intention], rule: str) -> Intention:
    (one,) = [one for one in found if one.action.rule == rule]
    return one


def test_w04_a_proxy_that_repeats_the_request_makes_one_effect() -> None:
    with shop() as here:
        ticket = here.overdue()
        here.site.faults = Faults(["dup_forward@PUT=1.0"])
        here.push()
        assert here.escalation().state is not State.DEAD, "the second copy's refusal is no proof that nothing landed"
        here.heal()
        here.check_once(ticket)


@pytest.mark.parametrize("moment", ["outbox: before apply", "outbox: applied"])
def test_w05_a_crash_between_sent_and_marked_as_done_is_looked_up_on_restart(moment: str) -> None:
    world, _ = an_overdue_world()
    once = iter([True])

    def die(place: str) -> None:
        if place == moment and next(once, False):
            raise KilledError

    world.store.seam = die
    world.step("push")
    landed = moment == "outbox: applied"
    assert escalation(world).state is State.SENDING
    assert len(world.desk.ledger) == landed
    world.step("push")
    assert escalation(world).state is State.DONE
    assert escalation(world).tries == (1 if landed else 2)
    world.heal()
    world.check_at_rest()


@pytest.mark.parametrize("in_steps", [True, False])
def test_w05_a_write_in_steps_that_is_withdrawn_after_its_first_one_says_what_may_be_left_of_it(
    in_steps: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare = Adapter.prepare

    def prepared(self: Adapter, action: Action) -> Stamp:
        stamp = prepare(self, action)
        return {**stamp, "undo": {**stamp.get("undo", {}), "steps": in_steps}}

    monkeypatch.setattr(Adapter, "prepare", prepared)
    world, ticket = an_overdue_world()
    with world.fault(Moment.BEFORE_WRITE, 1, lambda: LateError("no answer in time.")):
        world.step("push")
    world.desk.staff_reply(ticket, "Sorry. The money is on its way.")
    world.step("pull")
    world.desk.advance(3600)
    world.step("push")
    one = escalation(world)
    assert one.state is State.CANCELLED and one.why is not None
    assert (f"amends outbox undo {one.id}" in one.why) == in_steps


def test_w06_as_long_as_the_look_up_fails_a_doubtful_write_stays_in_doubt_and_is_not_sent_again() -> None:
    world, _ = an_overdue_world()
    with world.fault(Moment.AFTER_WRITE, 1, lambda: TemporaryError("the line went dead.")):
        world.step("push")
    for _ in range(3):
        world.desk.advance(900)
        with world.fault(Moment.BEFORE_READ, 1, lambda: TemporaryError("the desk is down.")):
            world.step("push")
        assert escalation(world).state is State.IN_DOUBT
        assert escalation(world).tries == 1
    world.heal()
    world.check_at_rest()


def test_w06_a_stale_list_of_audits_is_no_proof_that_the_write_is_absent() -> None:
    with shop() as here:
        ticket = here.overdue()
        here.site.faults = Faults(["late_write@PUT=1.0"], hang_seconds=0.05, late_seconds=3600)
        here.push()
        here.clock.advance(120)
        here.push()  # looks, finds nothing, sends the same again; now there is an older list of audits to serve
        here.site.land_late_writes()
        here.site.faults = Faults([f"stale_page@GET:{ticket}/audits=1.0"])
        here.clock.advance(120)
        here.push()
        assert here.escalation().state is State.IN_DOUBT
        here.heal()
        here.check_once(ticket)


def test_w07_a_marker_among_thousands_of_older_comments_is_found_from_the_newest_on() -> None:
    with shop() as here:
        ticket = here.account.customer_opens("Parcel never arrived", "My parcel has still not arrived.", here.customer)
        for _ in range(PAGE * 3):
            here.account.agent_notes(ticket, "Called the carrier.")
        here.clock.advance(26 * 3600)
        here.decide()
        here.site.faults = Faults(["ambiguous_reset@PUT=1.0"])
        here.push()
        here.site.faults = Faults([], seed=0)
        here.clock.advance(120)
        before = len(here.site.seen)
        here.push()
        assert here.escalation().state is State.DONE
        assert sum("/audits" in str(one) for one in list(here.site.seen)[before:]) <= 2


def test_w07_a_look_up_has_an_end_and_what_it_did_not_decide_is_parked_for_a_person(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(writing, "MOST_PAGES", 2)
    with shop() as here:
        ticket = here.overdue()
        here.site.faults = Faults(["ambiguous_reset@PUT=1.0"])
        here.push()
        here.site.faults = Faults([], seed=0)
        here.clock.advance(60)
        for _ in range(PAGE * 2 + 1):
            here.account.agent_notes(ticket, "Called the carrier.", by=content.BEN)
        here.push()
        assert here.escalation().state is State.PARKED
        assert "more than" in str(here.escalation().why)
        assert len(here.effects(ticket, here.escalation())) == 1
