"""Writing by mail against real servers on this machine: IMAPClient to a mailbox, smtplib to a relay."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage

import pytest
from imapclient import IMAPClient

from adapters.imap import writing
from adapters.imap.keywords import Opened
from adapters.imap.postroom import Place, Postroom, Root
from adapters.imap.recipients import Correspondent
from adapters.imap.sending import Smtp, send
from adapters.imap.sent import find_mail, keep_copy
from connector.adapter import Landed
from connector.errors import RejectedError
from connector.model import ActionKind
from sandbox.mailbox import MailServer
from sandbox.mailbox.server import PASSWORD, USER
from tests.unit.mail_office import CUSTOMER, HEAD, ROOT_ID, TICKET, BookLedger, Office, action
from tests.unit.mail_relay import Keeper, honest

START = datetime(2026, 3, 2, 9, tzinfo=UTC)


class Boxes:
    """A `postroom.Mailbox` on one IMAPClient."""

    def __init__(self, server: MailServer) -> None:
        self.client = IMAPClient(server.host, port=server.port, ssl=False, timeout=10)
        self.client.login(USER, PASSWORD)
        self.folders = ["INBOX", "Escalated"]

    def root(self, ticket: str) -> Root | None:
        for folder in self.folders:
            if not self.client.folder_exists(folder):
                continue
            with self.at(Place(USER, folder)) as opened:
                for uid in find_mail(self.client, ROOT_ID):
                    who = Correspondent(CUSTOMER, "verified")
                    return Root(Place(USER, folder), uid, opened.validity, ROOT_ID, who, Office().thread, "de")
        return None

    @contextmanager
    def at(self, place: Place, *, write: bool = False) -> Iterator[Opened]:
        seen = self.client.select_folder(place.folder, readonly=not write)
        yield Opened(
            self.client, seen[b"UIDVALIDITY"], frozenset(one.decode() for one in seen.get(b"PERMANENTFLAGS", ()))
        )

    def sent(self) -> Place:
        return Place(USER, "Sent")

    def lies(self, folder: str) -> list[set[bytes]]:
        with self.at(Place(USER, folder)):
            uids = self.client.search("ALL")
            return (
                [set(one[b"FLAGS"]) - {b"\\Recent"} for one in self.client.fetch(uids, ["FLAGS"]).values()]
                if uids
                else []
            )


@pytest.fixture
def boxes() -> Iterator[Boxes]:
    server = MailServer()
    found = Boxes(server)
    complaint = EmailMessage()
    complaint["Message-ID"], complaint["From"], complaint["Subject"] = f"<{ROOT_ID}>", CUSTOMER, "Broken"
    complaint.set_content("It broke.")
    other = EmailMessage()
    other["Message-ID"] = f"<x{ROOT_ID}>"
    found.client.append("INBOX", other.as_bytes())
    found.client.append("INBOX", complaint.as_bytes())
    if not found.client.folder_exists("Sent"):
        found.client.create_folder("Sent")
    yield found
    found.client.logout()
    server.stop()


class Relay(Keeper):
    """An SMTP server with its ledger."""

    port = 0


@pytest.fixture
def relay() -> Iterator[Relay]:
    found = Relay()
    with honest(found) as found.port:
        yield found


def room(boxes: Boxes, relay: Relay) -> Postroom:
    smtp = Smtp("127.0.0.1", relay.port, tls="none")
    return Postroom(
        source="post",
        mailbox=boxes,
        ledger=BookLedger(Office()),
        head=HEAD,
        now=lambda: START,
        post=lambda mail, begin, ticket: send(mail, smtp, None, begin, source="post", ticket=ticket),
        notify_to=("boss@shop.example",),
        own=(USER,),
        escalation_folder="Escalated",
    )


def test_an_escalation_on_a_server_that_drops_keywords_moves_the_mail_and_tells_our_people(
    boxes: Boxes, relay: Relay
) -> None:
    here, one = room(boxes, relay), action(ActionKind.ESCALATE)
    stamp = json.loads(json.dumps(writing.prepare(here, one)))
    receipt = writing.apply(here, one, stamp)
    assert set(receipt["marks"]) == {"\\Flagged", "Escalated"} and receipt["copy"] == "Sent"
    assert boxes.lies("Escalated") == [{b"\\Flagged"}]
    assert boxes.lies("INBOX") == [set()], "the other mail is untouched, and unread as before"
    [sent] = relay.kept
    assert sent.rcpt_tos == ["boss@shop.example"]
    assert isinstance(writing.find(here, one, stamp, START), Landed)
    writing.apply(here, one, stamp)
    assert len(relay.kept) == 1 and len(boxes.lies("Sent")) == 1


def test_a_survey_is_found_again_by_its_message_id_although_the_ledger_was_lost(boxes: Boxes, relay: Relay) -> None:
    here, one = room(boxes, relay), action(ActionKind.SURVEY)
    stamp = writing.prepare(here, one)
    writing.apply(here, one, stamp)
    again = room(boxes, relay)
    assert isinstance(writing.find(again, one, stamp, START), Landed)
    writing.apply(again, one, stamp)
    assert len(relay.kept) == 1 and relay.kept[0].rcpt_tos == [CUSTOMER]


def test_a_tag_is_refused_by_a_server_that_drops_keywords(boxes: Boxes, relay: Relay) -> None:
    with pytest.raises(RejectedError, match="does not keep the keyword"):
        here, one = room(boxes, relay), action(ActionKind.TAG)
        writing.apply(here, one, writing.prepare(here, one))


def test_our_copy_is_kept_once(boxes: Boxes) -> None:
    with boxes.at(boxes.sent(), write=True) as opened:
        text = "Message-ID: <a@shop.example>\r\n\r\nx\r\n"
        assert keep_copy(opened.client, "Sent", ["a@shop.example"], text, START)
        assert not keep_copy(opened.client, "Sent", ["a@shop.example"], text, START + timedelta(days=1))
    assert boxes.lies("Sent") == [{b"\\Seen"}]


def test_a_mail_that_is_gone_has_no_root(boxes: Boxes) -> None:
    boxes.folders = ["Sent"]
    assert boxes.root(TICKET) is None
