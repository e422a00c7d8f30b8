"""Acknowledgements by the whole engine: from a mail that comes in to a mail that leaves, once; and robots fall silent.

A real mail server on both sides, the real store, the engine's own verbs. What leaves is counted where it arrives.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from email import message_from_bytes
from email.message import Message
from typing import Any

import pytest
from msgspec.structs import replace

from adapters.imap.evidence import ticket_of
from adapters.imap.sending import Smtp
from connector.assessment.rules import Rules
from connector.model import ActionKind, EntryKind, Mode, Role, Visibility
from connector.policy.rules import Acknowledge
from connector.store import intentions
from connector.store.intentions import Intention, State
from connector.sync import push, sweep
from sandbox.mailbox import Letter, Person
from sandbox.mailbox.letters import BORDER, MARIA, SHOP
from tests.end_to_end.post import Post, post, rules
from tests.unit.mail_relay import Keeper, honest

OTHER = "help@other.example"
EVERYBODY = Acknowledge(everybody=True, contact="Call +351 210 000 000.")
STRIPPED = re.compile(rb"^(?:Auto-Submitted|Precedence|X-[A-Za-z-]+): .*\r\n", re.MULTILINE)


class House:
    """One inbox with an Amends that acknowledges what comes in; `relay` is the SMTP server that takes its mail."""

    def __init__(self, here: Post, relay: Keeper, settings: Acknowledge) -> None:
        self.here, self.relay, self.forwarded = here, relay, 0
        self.rules: Rules = replace(rules(), policy=replace(rules().policy, acknowledge=settings))

    def works(self) -> None:
        """Pull, sweep and push, as the daemon does it."""
        here = self.here
        here.pull()
        desk = replace(here.desk, modes={**here.desk.modes, ActionKind.ACKNOWLEDGE: Mode.LIVE})
        sweep([desk], here.store, self.rules, now=here.clock)
        push(desk, here.store, self.rules, now=here.clock)

    def acknowledgements(self) -> list[Message]:
        return [message_from_bytes(one.content) for one in self.relay.kept if isinstance(one.content, bytes)]

    def intended(self) -> list[Intention]:
        with self.here.store.read() as connection:
            found = intentions.listing(connection)
        return [one for one in found if one.action.kind is ActionKind.ACKNOWLEDGE]

    def posts_to(self, other: House, through: Callable[[bytes, str], bytes]) -> int:
        """What has left since is delivered to the other's inbox; returns how much that was."""
        new = self.relay.kept[self.forwarded :]
        self.forwarded = len(self.relay.kept)
        for one in new:
            assert isinstance(one.content, bytes)
            other.here.delivered(through(one.content, one.mail_from or ""))
        return len(new)


def whole(content: bytes, path: str) -> bytes:
    """As an honest border hands a mail on."""
    sender = message_from_bytes(content)["From"].rpartition("@")[2].strip(">")
    found = f"Authentication-Results: {BORDER}; dmarc=pass header.from={sender}\r\n"
    return f"Return-Path: <{path}>\r\n{found}Received: from out.{sender} by {BORDER}\r\n".encode() + content


def stripped(content: bytes, _path: str) -> bytes:
    """As a border hands it on that takes away every header by which a machine says that it is one."""
    sender = message_from_bytes(content)["From"].rpartition("<")[2].strip(">")
    return whole(STRIPPED.sub(b"", content), sender)


@pytest.fixture
def houses() -> Iterator[Callable[..., House]]:
    with ExitStack() as open_ones:

        def built(address: str = SHOP, server: str = "pymap", settings: Acknowledge = EVERYBODY) -> House:
            relay = Keeper()
            port = open_ones.enter_context(honest(relay))
            smtp = Smtp("127.0.0.1", port, tls="none", login=False)
            here = open_ones.enter_context(post(server, address, smtp=smtp, from_name="The Shop"))
            here.program.create("Sent")
            return House(here, relay, settings)

        yield built


@pytest.mark.parametrize("server", ["pymap", "dovecot"])
def test_a_complaint_by_mail_is_acknowledged_once_and_that_is_no_answer(
    houses: Callable[..., House], server: str
) -> None:
    house = houses(server=server, settings=Acknowledge(contact="Call +351 210 000 000."))
    here = house.here
    mail = here.writes()
    for _ in range(3):
        house.works()
        here.restart()
        here.clock.advance(600)
    [message] = house.acknowledgements()
    assert message["To"] == MARIA.address and message["In-Reply-To"] == f"<{mail.message_id}>"
    [intention] = house.intended()
    assert intention.state is State.DONE
    told = [entry for entry in here.entries(mail) if entry.role is Role.AMENDS]
    assert [(entry.kind, entry.visibility) for entry in told] == [(EntryKind.STAFF_REPLY, Visibility.PUBLIC)]
    assert "Call +351 210 000 000." in (told[0].text or "")
    [clock] = [one for one in _clocks(here, mail) if one.kind == "first_reply"]
    assert clock.stopped_at is None, "the clock of the first reply runs on"
    here.answers(mail)
    house.works()
    [clock] = [one for one in _clocks(here, mail) if one.kind == "first_reply"]
    assert clock.stopped_at is not None


def test_enquiries_get_none_where_only_complaints_shall(houses: Callable[..., House]) -> None:
    house = houses(settings=Acknowledge())
    house.here.writes("What are your opening hours?", "Opening hours")
    house.works()
    assert house.acknowledgements() == [] and house.intended() == []


def test_what_is_not_to_be_answered_is_dropped_with_its_reason_and_asks_nobody(houses: Callable[..., House]) -> None:
    house = houses()
    house.here.writes(headers=[("X-Auto-Response-Suppress", "All")])
    house.here.writes("Not to you.", "Hello", Person("Kim", "kim@example.net"), to="boss@shop.example")
    house.here.writes("Who am I?", "Hello", Person("Eve", "eve@example.org"), trust="unverified")
    house.works()
    assert house.acknowledgements() == []
    states = sorted((one.state, one.why or "") for one in house.intended())
    assert [state for state, _ in states] == [State.CANCELLED, State.CANCELLED]
    assert any("asks that no machine" in why for _, why in states)
    assert any("not addressed to us" in why for _, why in states)


def test_a_complaint_that_somebody_answered_meanwhile_gets_none(houses: Callable[..., House]) -> None:
    house = houses()
    mail = house.here.writes()
    house.here.answers(mail)
    house.works()
    assert house.acknowledgements() == []


@pytest.mark.parametrize("in_thread", [True, False], ids=["as an answer", "each time anew"])
def test_m09_a_robot_that_answers_everything_and_hides_it_hears_from_us_once(
    houses: Callable[..., House], in_thread: bool
) -> None:
    """It never says what it is: no header, no null path, a good signature of its domain."""
    house, heard = houses(), 0
    robot = Person("Kim", "kim@example.net")
    house.here.writes("My parcel is lost. I want my money back.", "Lost", robot)
    for turn in range(8):
        house.works()
        new = house.acknowledgements()[heard:]
        heard += len(new)
        for message in new:
            ident = str(message["Message-ID"]).strip("<>")
            answered = Letter(b"", ident, ()) if in_thread else None
            house.here.writes(f"Thank you for your mail number {turn}.", "Thank you", robot, answers=answered)
        house.here.clock.advance(60)
    assert heard == 1


@pytest.mark.parametrize("through", [whole, stripped], ids=["with their headers", "with none that tells"])
def test_m09_two_robots_set_to_answer_each_other_fall_silent_after_one_message_each(
    houses: Callable[..., House], through: Callable[[bytes, str], bytes]
) -> None:
    ours, theirs = houses(), houses(OTHER)
    # A person at the other house writes from the address at which their robot reads.
    ours.here.writes("Our order is lost. We want our money back.", "Lost order", Person("Other Ltd", OTHER))
    for _ in range(6):
        for here, there in ((ours, theirs), (theirs, ours)):
            here.works()
            here.posts_to(there, through)
            here.here.clock.advance(60)
    sent = [len(house.relay.kept) for house in (ours, theirs)]
    assert sent == ([1, 0] if through is whole else [1, 1])


def _clocks(here: Post, mail: Letter) -> Any:
    from connector.store import complaints

    with here.store.read() as connection:
        found = {one.ticket: one for one in complaints.listing(connection, source_name="post")}
    return found[ticket_of(mail.message_id)].assessed.clocks
