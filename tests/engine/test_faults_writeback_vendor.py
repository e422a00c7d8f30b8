"""Write-backs where Zendesk's own ways matter, over HTTP (fault cases W14, W20, W21, W22)."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
import requests
from msgspec.structs import replace
from requests.adapters import HTTPAdapter

from connector.model import Action, ActionKind, Effect
from connector.store import intentions, sources
from connector.store.intentions import State
from connector.sync import push
from sandbox.zendesk import Trigger, content
from tests.engine.shop import LATE, Shop, shop


class LoudWire(HTTPAdapter):
    """Between us and Zendesk, something turns internal notes into public replies."""

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        if request.method == "PUT" and isinstance(request.body, (str, bytes)):
            body = json.loads(request.body)
            if "comment" in body.get("ticket", {}):
                assert body["ticket"]["comment"]["public"] is False, "visibility is always said"
                body["ticket"]["comment"]["public"] = True
                request.prepare_body(json.dumps(body), None)
                request.headers["Content-Type"] = "application/json"
        return super().send(request, *args, **kwargs)


def test_w14_a_trigger_that_answers_our_tag_with_tags_of_its_own_settles() -> None:
    with shop() as here:
        trigger = Trigger("Escalate", when="amends_overdue", add=["vip"], remove=["amends_overdue"])
        here.account.triggers.append(trigger)
        ticket = here.overdue()
        for _ in range(6):
            here.push()
            here.clock.advance(30)
            here.decide()
        here.check_once(ticket)
        tags = here.account.live(ticket).body["tags"]  # type: ignore[union-attr]
        assert "vip" in tags
        assert "amends_overdue" not in tags
        assert len(here.account.ledger.of_ticket(ticket)) <= 2, (
            "the escalation and the tags of what was found, each once"
        )


def another(action: Action, number: int) -> Action:
    """A note and a tag more, as of a rule that never stops."""
    return replace(
        action,
        key=f"{number:064x}",
        marker=f"am-{number:020d}",
        rule="repeat",
        episode=f"many#{number}",
        effect=Effect(note=f"Note {number}.", tags=(f"amends_{number}",)),
    )


def decide(here: Shop, *actions: Action) -> None:
    with here.store.write("test: a rule that never stops") as connection:
        intentions.add(connection, here.desk.id, [(one, State.PENDING, None) for one in actions], here.clock())


def settled(here: Shop) -> tuple[int, Action, int]:
    """A ticket to which nothing was written for a while: its number, what was, and how many writes there were."""
    ticket = here.overdue()
    first = here.escalation().action
    here.heal()
    here.clock.advance(3601)
    return ticket, first, len(here.account.ledger.of_ticket(ticket))


def turns(here: Shop, first: Action, number: int, seconds: float, start: int = 0) -> None:
    """So many writes, each decided as if something had answered the one before."""
    for turn in range(start, start + number):
        decide(here, another(first, turn))
        here.push()
        here.clock.advance(seconds)


def drain(here: Shop, number: int) -> None:
    for _ in range(number):
        here.push()
        here.clock.advance(2)


def parked(here: Shop) -> list[str]:
    return [str(one.why) for one in here.intentions() if one.state is State.PARKED]


@pytest.mark.parametrize(("seconds", "written"), [(5, 5), (150, 20)])
def test_w14_five_writes_to_a_ticket_in_ten_minutes_or_twenty_in_an_hour_are_enough(seconds: int, written: int) -> None:
    with shop() as here:
        ticket, first, before = settled(here)
        turns(here, first, written + 3, seconds)
        assert len(parked(here)) == 3 and all("loop breaker" in why for why in parked(here))
        assert len(here.account.ledger.of_ticket(ticket)) == before + written


def test_w14_one_write_in_three_minutes_and_a_bit_is_no_loop() -> None:
    with shop() as here:
        ticket, first, before = settled(here)
        turns(here, first, 25, 190)
        assert parked(here) == []
        assert len(here.account.ledger.of_ticket(ticket)) == before + 25


def test_w14_what_waited_together_is_no_loop_however_many_leave_at_once() -> None:
    with shop() as here:
        ticket = here.overdue()
        first = here.escalation().action
        with here.store.write("test: writes are paused") as connection:
            sources.pause(connection, here.clock(), "a person said so", here.desk.id)
        turns(here, first, 8, 30)
        assert here.account.ledger.of_ticket(ticket) == []
        with here.store.write("test: and go on") as connection:
            sources.resume(connection, here.desk.id)
        drain(here, 10)
        assert {one.state for one in here.intentions()} == {State.DONE}
        assert len(here.account.ledger.of_ticket(ticket)) == len(here.intentions())


def test_w14_a_loop_whose_writes_wait_longer_than_ten_minutes_is_stopped_as_well() -> None:
    with shop() as here:
        ticket, first, before = settled(here)
        for turn in range(2):
            decide(here, *(another(first, 100 * turn + number) for number in range(8)))
            here.clock.advance(660)
            drain(here, 10)
        assert len(here.account.ledger.of_ticket(ticket)) == before + 8
        assert len(parked(here)) == 8


def test_w14_writes_to_one_ticket_hold_up_no_other() -> None:
    with shop() as here:
        _, first, _ = settled(here)
        other = here.account.customer_opens("Another parcel", LATE, here.customer)
        turns(here, first, 6, 5)
        assert len(parked(here)) == 1
        decide(here, replace(another(first, 50), ticket=str(other)))
        here.heal()
        assert len(parked(here)) == 1
        assert [one.state for one in here.intentions() if one.action.episode == "many#50"] == [State.DONE]


def test_w14_what_another_source_wrote_to_a_ticket_of_the_same_number_is_not_counted() -> None:
    with shop() as here:
        ticket, first, before = settled(here)
        with here.store.write("test: another helpdesk counts its tickets from one as well") as connection:
            other = sources.enlist(connection, "other", "zendesk").id
            rows: list[tuple[Action, State, str | None]] = [
                (another(first, 200 + number), State.PENDING, None) for number in range(8)
            ]
            intentions.add(connection, other, rows, here.clock())
            for one in intentions.listing(connection, source_name="other"):
                assert intentions.move(connection, one, State.DONE, here.clock(), sent_at=here.clock())
        here.clock.advance(5)
        turns(here, first, 1, 5)
        assert parked(here) == []
        assert len(here.account.ledger.of_ticket(ticket)) == before + 1


def test_w14_what_a_person_takes_back_is_no_turn_of_a_loop() -> None:
    with shop() as here:
        ticket, first, before = settled(here)
        turns(here, first, 5, 5)
        undos = [
            replace(
                another(first, 50 + number),
                kind=ActionKind.UNDO,
                rule="undo",
                episode=f"#{number}",
                effect=Effect(untag=(f"amends_{number}",)),
            )
            for number in range(5)
        ]
        decide(here, *undos)
        drain(here, 7)
        assert parked(here) == []
        assert len(here.account.ledger.of_ticket(ticket)) == before + 10


@pytest.mark.parametrize(("what", "after"), [(intentions.SETTLED, State.DONE), ("write: dropped", State.PARKED)])
def test_w14_what_the_breaker_parked_goes_when_a_person_says_so_and_not_before(what: str, after: State) -> None:
    with shop() as here:
        _, first, _ = settled(here)
        turns(here, first, 6, 5)
        (one,) = (one for one in here.intentions() if one.state is State.PARKED)
        with here.store.write("test: as `outbox retry --send-again` does") as connection:
            assert intentions.move(connection, one, State.PENDING, here.clock(), next_at=here.clock(), anew=True)
            detail = {"outbox": one.id}
            ticket = one.action.ticket
            sources.log(connection, here.clock(), "lena", what, source=one.source, ticket=ticket, detail=detail)
        here.push()
        assert [now.state for now in here.intentions() if now.id == one.id] == [after]


def test_w14_a_clock_that_goes_back_lets_no_loop_go_on() -> None:
    with shop() as here:
        ticket, first, before = settled(here)
        turns(here, first, 4, 5)

        def behind() -> datetime:
            return here.clock() - timedelta(minutes=2)

        for turn in range(4, 8):
            with here.store.write("test: decided by a clock that went back") as connection:
                intentions.add(connection, here.desk.id, [(another(first, turn), State.PENDING, None)], behind())
            push(here.desk, here.store, here.rules, now=behind)
            here.clock.advance(5)
        assert len(here.account.ledger.of_ticket(ticket)) == before + 5
        assert len(parked(here)) == 3


def test_w20_a_note_that_came_out_public_stops_all_writes_and_is_never_repeated() -> None:
    with shop() as here:
        ticket = here.overdue()
        here.session.mount(here.site.url, LoudWire())
        here.push()
        one = here.escalation()
        assert one.state is State.DEAD
        assert "PUBLIC" in str(one.why)
        with here.store.read() as connection:
            paused = sources.paused(connection)
        assert paused is not None and "PUBLIC" in paused[1]
        here.heal()
        assert here.escalation().state is State.DEAD, "nothing tries it again"
        assert len(here.effects(ticket, one)) == 1


def test_w21_a_tag_that_an_agent_adds_while_we_write_survives_and_so_does_ours() -> None:
    with shop() as here:
        ticket = here.overdue()
        here.account.agent_sets(ticket, add_tags=["before"])
        here.clock.advance(5)
        here.site.desk.edit_before_next_write(
            ticket, lambda: here.account.agent_sets(ticket, add_tags=["while_we_wrote"], remove_tags=["before"])
        )
        here.push()
        here.heal()
        here.check_once(ticket)
        tags = set(here.account.live(ticket).body["tags"])  # type: ignore[union-attr]
        assert {"while_we_wrote", "amends_overdue"} <= tags
        assert "before" not in tags, "what the agent took off is not put back"


def test_w21_a_lone_tag_is_added_beside_the_others_and_never_replaces_the_list() -> None:
    with shop() as here:
        ticket = here.account.customer_opens("Parcel never arrived", LATE, here.customer, tags=["vip", "gift"])
        here.clock.advance(60)
        here.decide()
        (tagging,) = here.intentions(ActionKind.TAG)
        here.site.desk.edit_before_next_write(ticket, lambda: here.account.agent_sets(ticket, add_tags=["mine"]))
        here.push()
        here.heal()
        tags = set(here.account.live(ticket).body["tags"])  # type: ignore[union-attr]
        assert {"vip", "gift", "mine", *tagging.action.effect.tags} <= tags


def test_w22_a_write_that_is_refused_for_good_is_tried_once_and_what_stands_behind_it_goes_on() -> None:
    with shop() as here:
        poisoned = two_overdue(here)
        here.site.desk.edit_before_next_write(poisoned, lambda: here.account.close(poisoned))
        for _ in range(3):
            here.push()
            here.clock.advance(120)
        states = {one.action.ticket: one for one in here.intentions(ActionKind.ESCALATE)}
        refused = states.pop(str(poisoned))
        assert refused.state is State.DEAD
        assert refused.tries == 1
        assert "closed" in str(refused.why)
        assert [one.state for one in states.values()] == [State.DONE]
        assert not here.effects(poisoned, refused)


def two_overdue(here: Shop) -> int:
    """Two complaints with an escalation each; the number of the one that is written to first."""
    first = here.account.customer_opens("Parcel never arrived", LATE, here.customer)
    here.clock.advance(10)
    here.account.customer_opens("Charged twice", "You charged me twice. This is unacceptable.", another_customer(here))
    here.clock.advance(26 * 3600)
    here.decide()
    assert len(here.intentions(ActionKind.ESCALATE)) == 2
    return first


def another_customer(here: Shop) -> int:
    return here.account.add_customer("Tom Hill", "tom@example.net", verified=True)


def test_w22_a_value_that_zendesk_does_not_know_is_a_dead_letter_that_says_so() -> None:
    with shop() as here:
        ticket = here.overdue()
        wrong = {f"custom:{content.PRODUCT}": "no_such_product"}
        action = replace(here.escalation().action, effect=Effect(note="Overdue.", fields=wrong))
        with here.store.write("test: a mapping that went wrong") as connection:
            connection.exec_driver_sql("DELETE FROM outbox")
            intentions.add(connection, here.desk.id, [(action, State.PENDING, None)], here.clock())
        here.push()
        found = here.escalation()
        assert (found.state, found.tries) == (State.DEAD, 1)
        assert "not a valid option" in str(found.why)
        assert not here.effects(ticket, found)
