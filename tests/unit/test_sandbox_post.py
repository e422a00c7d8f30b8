"""The sandbox's post office: a mailbox behind TLS, a relay that wants a login, and a ledger that says who did what."""

from __future__ import annotations

import smtplib
import socket
import ssl
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from pathlib import Path

import msgspec
import pytest
from imapclient import IMAPClient
from requests import get

from adapters.imap.automatic import Kind
from adapters.imap.message import understood
from sandbox.clock import SandboxClock
from sandbox.inbox import Player, inbox
from sandbox.mailbox import MailProgram, letter
from sandbox.mailbox.letters import BORDER, MARIA, SHOP
from sandbox.mailbox.office import DONE, SENT, STAFF, TEAM, Office, serve
from sandbox.mailbox.program import hand_in
from sandbox.mailbox.server import HOST, PASSWORD, USER

DAY = datetime(2026, 3, 2, tzinfo=UTC)
NOON = DAY + timedelta(hours=12)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with Office(SandboxClock(NOON, scale=0), tmp_path) as opened:
        yield opened


@pytest.fixture
def amends(office: Office) -> Iterator[MailProgram]:
    """The mailbox as the integration sees it."""
    program = office.program(USER)
    yield program
    program.close()


def kinds(office: Office) -> Counter[tuple[str, str]]:
    return Counter((one.kind, one.actor) for one in office.ledger)


def test_a_client_that_does_not_trust_the_authority_gets_no_further(office: Office) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        IMAPClient(HOST, port=office.server.port, ssl_context=ssl.create_default_context())


def test_the_certificate_holds_by_the_strictest_rules_and_for_our_names_only(office: Office) -> None:
    context = ssl.create_default_context(cafile=office.certificates.authority)
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    IMAPClient("localhost", port=office.server.port, ssl_context=context).shutdown()
    with (
        socket.create_connection((HOST, office.server.port), timeout=10) as plain,
        pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"),
    ):
        context.wrap_socket(plain, server_hostname="imap.elsewhere.example")


def test_the_servers_key_is_for_its_owner_alone(office: Office) -> None:
    assert office.certificates.key.stat().st_mode & 0o077 == 0


def test_nothing_is_taken_without_tls_or_without_a_login(office: Office) -> None:
    with smtplib.SMTP(HOST, office.smtp_port, timeout=10) as client:
        client.ehlo()
        assert client.mail(SHOP)[0] == 530
        client.starttls(context=ssl.create_default_context(cafile=office.certificates.authority))
        client.ehlo()
        assert client.mail(SHOP)[0] == 530
        with pytest.raises(smtplib.SMTPAuthenticationError):
            client.login(USER, "a-wrong-word")
        with pytest.raises(smtplib.SMTPAuthenticationError):
            client.login("stranger@shop.example", "")
    assert len(office.ledger) == 0


def test_the_ledger_tells_who_set_a_keyword_and_tells_it_once(office: Office, amends: MailProgram) -> None:
    mail = letter(MARIA, "Late", "Where is it?", NOON)
    office.arrives(mail.raw, NOON)
    amends.flag(mail.message_id, "amends_overdue", "$AmendsEscalated")
    amends.flag(mail.message_id, "amends_overdue")
    ana = office.program(STAFF[0])
    ana.flag(mail.message_id, "seen_by_ana")
    ana.close()
    told = [(one.actor, one.ticket, one.tags_added) for one in office.ledger]
    assert told == [
        (USER, mail.message_id, ["$AmendsEscalated", "amends_overdue"]),
        (STAFF[0], mail.message_id, ["seen_by_ana"]),
    ]
    assert {"amends_overdue", "seen_by_ana"} <= amends.flags(mail.message_id), "people share one mailbox"


def test_the_ledger_holds_each_mail_that_left_and_each_copy_and_move(office: Office, amends: MailProgram) -> None:
    mail = letter(MARIA, "Late", "Where is it?", NOON)
    office.arrives(mail.raw, NOON)
    notice = letter(MARIA, "Notice", "Look.", NOON, trust="ours")
    hand_in(notice.raw, SHOP, TEAM, HOST, office.smtp_port, (USER, PASSWORD), office.certificates.authority)
    assert amends.has(notice.message_id, SENT), "the relay keeps what it takes"
    amends.deliver(notice.raw, NOON, SENT)
    amends.move(mail.message_id, DONE)
    assert [one.kind for one in office.ledger] == ["mail", "append", "move"]
    assert office.ledger.markers()[notice.message_id] == 2
    assert next(iter(office.ledger)).recipients == [TEAM]
    team = office.program(TEAM)
    assert team.has(notice.message_id)
    team.close()


def test_another_process_can_ask_for_ports_and_ledger(office: Office) -> None:
    with serve(office) as site:
        state = get(f"{site.url}/__control/state", timeout=10).json()
        ledger = get(f"{site.url}/__control/ledger", timeout=10).json()
        elsewhere = get(f"{site.url}/mail", timeout=10)
    assert (state["imap"], state["smtp"]) == (office.server.port, office.smtp_port)
    assert Path(state["authority"]).exists()
    assert ledger == [msgspec.to_builtins(one) for one in office.ledger]
    assert elsewhere.status_code == 404


# -- the stories -----------------------------------------------------------------------------------------------------


def everything(office: Office) -> list[bytes]:
    client = IMAPClient(
        HOST,
        port=office.server.port,
        ssl_context=ssl.create_default_context(cafile=office.certificates.authority),
    )
    client.login(USER, PASSWORD)
    client.select_folder("INBOX", readonly=True)
    found = [one[b"BODY[]"] for one in client.fetch(client.search("ALL"), ["BODY.PEEK[]"]).values()]
    client.logout()
    return found


def test_every_story_is_told_to_its_end_and_staff_answer_in_their_own_names(
    office: Office, amends: MailProgram
) -> None:
    told = inbox().stories
    with Player(office, DAY) as player:
        assert player.play(DAY + timedelta(days=9)) == sum(1 + len(one.then) for one in told)
        assert player.play(DAY + timedelta(days=19)) == 0
    answers = [step for one in told for step in one.then if step.reply or step.solve]
    by = kinds(office)
    assert sum(count for (kind, _), count in by.items() if kind == "mail") == len(answers) == amends.count(SENT)
    assert {actor for _, actor in by} <= set(STAFF)
    assert amends.count(DONE) == sum(any(step.solve for step in one.then) for one in told)


def test_machines_answer_what_staff_wrote_once_and_are_known_for_machines(office: Office) -> None:
    with Player(office, DAY) as player:
        player.play(DAY + timedelta(days=9))
    read = [understood(raw, own_addresses=[SHOP], trusted_hosts=[BORDER]) for raw in everything(office)]
    automatic = Counter(one.automatic.kind for one in read if one.automatic.kind is not None)
    assert automatic == {Kind.OUT_OF_OFFICE: 1, Kind.BOUNCE: 1, Kind.LIST: 1}


def test_what_people_write_comes_through_the_border_in_twelve_languages(office: Office) -> None:
    with Player(office, DAY) as player:
        player.play(DAY + timedelta(days=9))
    read = [understood(raw, own_addresses=[SHOP], trusted_hosts=[BORDER]) for raw in everything(office)]
    people = [one for one in read if one.automatic.kind is None]
    assert {str(one.authentication.level) for one in people} == {"verified"}
    subjects = {one.subject for one in read}
    assert {"注文した商品が届きません", "Błędna faktura", "Грубость вашего сотрудника"} <= subjects
    assert all(message_from_bytes(raw)["Message-ID"] for raw in everything(office))


def test_one_of_them_wrote_to_the_zendesk_before() -> None:
    from sandbox.stories import stories

    mine = {one.email for one in inbox().people.values()}
    theirs = {one.email for one in stories().people.values() if one.verified}
    assert len(mine & theirs) == 1
