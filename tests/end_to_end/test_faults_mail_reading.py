"""Faults M01 to M08: what mail servers and their lines do to whoever reads. See docs/engineers/faults.md."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from adapters.imap.evidence import ticket_of
from connector.adapter import Page
from connector.errors import TemporaryError
from connector.model import EntryKind
from sandbox.mailbox import Person
from sandbox.mailbox.letters import MARIA
from tests.end_to_end.post import Post, post, texts

BOTH = pytest.mark.parametrize("here", ["pymap", "dovecot"], indirect=True)


@pytest.fixture
def here(request: pytest.FixtureRequest) -> Iterator[Post]:
    with post(getattr(request, "param", "pymap")) as made:
        yield made


def _never() -> bool:
    return False


def _read(here: Post, count: int = 7) -> list[Any]:
    """So many people have written, and all was read."""
    mails = [here.writes(f"Mail number {number} is about a lamp.") for number in range(count)]
    here.pull()
    assert len(here.complaints()) == count
    return mails


def _read_once(here: Post) -> list[Page]:
    """One attempt, of which nothing is stored."""
    adapter = here.desk.adapter
    return list(adapter.fetch("messages", adapter.start("messages", None)))


# -- M01: all numbers become void ----------------------------------------------------------------------------------


@BOTH
def test_m01_a_folder_that_is_numbered_anew_is_neither_lost_nor_doubled(here: Post) -> None:
    folder = "Post"
    here.program.create(folder)
    here.options["folders"] = (folder,)
    here.restart()
    mails = [here.writes(f"Mail number {number}.", folder=folder) for number in range(7)]
    here.pull()
    before = here.complaints()
    here.program.remove_folder(folder)
    here.program.create(folder)
    for mail in mails[:5]:  # put back from a backup, with two that are missing, and one that came meanwhile
        here.program.deliver(mail.raw, here.clock(), folder)
    late = here.writes("This one came meanwhile.", folder=folder)
    here.pull()
    after = here.complaints()
    assert set(after) == {*before, ticket_of(late.message_id)}
    assert all(len(texts(here.entries(mail))) == 1 for mail in mails), "nobody is heard twice"
    assert not here.aside()
    here.pull()
    assert here.complaints() == after


def test_m01_a_folder_put_back_without_new_numbers_is_noticed(here: Post) -> None:
    mails = _read(here, 4)
    for mail in mails:
        here.program.delete(mail.message_id)
    here.wire.rewrite(rb"UIDNEXT \d+", b"UIDNEXT 102")  # numbers are given out once more
    here.pull()
    here.wire.honest()
    late = here.writes("And another one.")
    here.pull()
    assert ticket_of(late.message_id) in here.complaints()


# -- M02: numbers become void while we read ------------------------------------------------------------------------


def test_m02_numbers_that_become_void_while_we_read_commit_nothing(here: Post) -> None:
    mails = _read(here, 3)
    cursor = here.cursor()
    here.writes("Read under the old numbers.")
    here.wire.rewrite(rb"(\* \d+ FETCH )", rb"* OK [UIDVALIDITY 4711] numbered anew\r\n\1")
    with pytest.raises(TemporaryError, match=r"numbered .* anew"):
        here.pull()
    assert here.cursor() == cursor and len(here.complaints()) == len(mails)
    here.wire.honest()
    here.pull()
    assert len(here.complaints()) == len(mails) + 1


# -- M03: the line is cut ------------------------------------------------------------------------------------------


@BOTH
@pytest.mark.parametrize("size", [1, 60, 300, 900, 2000])
def test_m03_a_line_cut_within_a_mail_loses_and_doubles_nothing(here: Post, size: int) -> None:
    mails = [here.writes(f"Mail number {number} is about a lamp." * 20) for number in range(7)]
    for _ in range(3):
        here.wire.shorten(size)
        with pytest.raises(TemporaryError):
            _read_once(here)
    here.wire.shorten(size)
    here.pull()
    assert {one.text for one in here.complaints().values()} == {
        f"Mail number {number} is about a lamp." * 20 for number in range(7)
    }
    assert all(len(texts(here.entries(mail))) == 1 for mail in mails)


def test_m03_a_server_that_says_goodbye_between_mails_is_come_back_to(here: Post) -> None:
    mails = [here.writes() for _ in range(7)]
    here.wire.goodbye("[UNAVAILABLE] shutting down", "FETCH")
    here.pull()
    assert set(here.complaints()) == {ticket_of(mail.message_id) for mail in mails}


def test_m03_a_length_that_is_a_lie_is_no_mail(here: Post) -> None:
    here.writes("An honest mail.")
    here.wire.rewrite(rb"BODY\[\] \{(\d+)\}", rb"BODY[] {9\1}")
    here.options["timeout_seconds"] = 1
    here.restart()
    with pytest.raises(TemporaryError):
        _read_once(here)
    here.wire.honest()
    here.pull()
    assert [one.text for one in here.complaints().values()] == ["An honest mail."]


# -- M04: IDLE falls silent ----------------------------------------------------------------------------------------


@BOTH
def test_m04_waiting_ends_with_news_and_reading_finds_it(here: Post) -> None:
    _read(here, 2)
    adapter: Any = here.desk.adapter
    here.wire.commands.clear()
    assert adapter.wait(0.05, _never) is False
    late: list[Any] = []

    def somebody_writes() -> None:
        while not any(b"IDLE" in command for command in here.wire.commands):
            threading.Event().wait(0.01)
        late.append(here.writes("Are you there?"))

    here.wire.commands.clear()
    writer = threading.Thread(target=somebody_writes)
    writer.start()
    assert adapter.wait(30.0, _never) is True
    writer.join()
    here.pull()
    assert ticket_of(late[0].message_id) in here.complaints()


def test_m04_a_dead_line_ends_the_wait_in_time_and_the_poll_finds_the_mail(here: Post) -> None:
    _read(here, 2)
    adapter: Any = here.desk.adapter
    here.options["timeout_seconds"] = 1
    here.restart()
    adapter = here.desk.adapter
    assert adapter.check()
    here.wire.silence("IDLE")
    with pytest.raises(TemporaryError):
        adapter.wait(0.05, _never)
    here.writes("Hello?")
    here.pull()
    assert len(here.complaints()) == 3


# -- M05: mail goes away under our hands ---------------------------------------------------------------------------


@BOTH
def test_m05_mail_that_is_moved_while_we_read_is_read_where_it_went(here: Post) -> None:
    here.program.create("Finished")
    here.options["done_folders"] = ("Finished",)
    here.restart()
    mails = [here.writes(f"Mail number {number}.") for number in range(8)]
    moved = mails[6]
    answer = here.answers(moved)
    adapter: Any = here.desk.adapter
    reading = adapter.fetch("messages", adapter.start("messages", None))
    first = next(reading)
    here.program.move(moved.message_id, "Finished")
    told = [record.ticket for page in (first, *reading) for record in page.records]
    assert ticket_of(moved.message_id) not in told
    here.pull()
    here.pull()
    assert len(here.complaints()) == 8
    kinds = [entry.kind for entry in here.entries(moved)]
    assert EntryKind.STAFF_REPLY in kinds and answer.references[-1] == moved.message_id
    assert here.complaint(moved).status == "resolved"


def test_m05_mail_that_is_removed_while_we_read_is_left_out(here: Post) -> None:
    mails = [here.writes(f"Mail number {number}.") for number in range(6)]
    adapter: Any = here.desk.adapter
    reading = adapter.fetch("messages", adapter.start("messages", None))
    told = [record.ticket for record in next(reading).records]
    here.program.delete(mails[5].message_id)
    last = list(reading)
    assert not [record for page in last for record in page.records] and last[-1].end
    assert told == [ticket_of(mail.message_id) for mail in mails[:5]]


# -- M06: too large, too deep, too many ----------------------------------------------------------------------------


@BOTH
def test_m06_a_mail_of_fifty_megabytes_is_read_by_its_beginning(here: Post) -> None:
    here.options |= {"whole_bytes": 2_000_000, "keep_bytes": 100_000}
    here.restart()
    before = here.writes("A small one before.")
    line = b"QUJD" * 19 + b"\r\n"
    huge = (
        b"From: Bob <bob@example.org>\r\nSubject: Photos\r\nMessage-ID: <huge@example.org>\r\nMIME-Version: 1.0\r\n"
        b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\n'
        b"The lamp is broken, see the photos.\r\n--b\r\nContent-Type: image/jpeg\r\n"
        b"Content-Transfer-Encoding: base64\r\n\r\n" + line * (50_000_000 // len(line)) + b"--b--\r\n"
    )
    here.delivered(huge)
    after = here.writes("A small one after.")
    here.pull()
    stored = here.complaints()
    assert {ticket_of(before.message_id), ticket_of(after.message_id)} < set(stored)
    assert stored[ticket_of("huge@example.org")].text == "The lamp is broken, see the photos."
    body = re.compile(rb"BODY\.PEEK\[\](<0\.\d+>)?")
    partial = [found[1] for command in here.wire.commands if (found := body.search(command))]
    assert b"<0.100000>" in partial


def test_m06_attachments_of_large_mail_are_told_and_not_kept(here: Post) -> None:
    here.options |= {"keep_bytes": 50_000}
    here.restart()
    line = b"QUJD" * 19 + b"\r\n"
    here.delivered(
        b"From: Bob <bob@example.org>\r\nSubject: Photo\r\nMessage-ID: <large@example.org>\r\nMIME-Version: 1.0\r\n"
        b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\n'
        b"The lamp is broken.\r\n--b\r\nContent-Type: image/jpeg; name=lamp.jpg\r\n"
        b"Content-Transfer-Encoding: base64\r\n\r\n" + line * 4000 + b"--b--\r\n"
    )
    adapter: Any = here.desk.adapter
    [record] = [one for page in adapter.fetch("messages", adapter.start("messages", None)) for one in page.records]
    [attachment] = record.fields["attachments"]
    assert (attachment["name"], attachment["size_bytes"]) == ("lamp.jpg", 4000 * 57)
    assert len(record.raw) < 100_000 and record.fields["text"] == "The lamp is broken."
    assert adapter.read("messages", record.raw, record.entries[0].seen_at) == record


@pytest.mark.parametrize("here", ["dovecot"], indirect=True)  # pymap itself breaks on such mail
def test_m06_five_hundred_parts_and_ten_thousand_headers_hold_nothing_up(here: Post) -> None:
    nested = b"".join(b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (n, n) for n in range(500))
    here.delivered(b"From: a@example.org\r\nMessage-ID: <deep@example.org>\r\n" + nested + b"\r\nDeep words.\r\n")
    many = b"".join(b"X-Odd-%d: %d\r\n" % (n, n) for n in range(10_000))
    here.delivered(b"From: a@example.org\r\nMessage-ID: <wide@example.org>\r\n" + many + b"\r\nWide words.\r\n")
    here.writes("And a plain one.")
    here.pull()
    assert "And a plain one." in {one.text for one in here.complaints().values()}
    assert len(here.complaints()) + len(here.aside()) == 3


def test_m06_a_mail_that_its_server_cannot_send_holds_nothing_up(here: Post) -> None:
    mails = [here.writes(f"Mail number {number}.") for number in range(6)]
    here.wire.choke(rb"FETCH [\d,]*\b104\b[\d,]* \(BODY")
    here.pull()
    assert set(here.complaints()) == {ticket_of(mail.message_id) for mail in mails if mail is not mails[3]}
    [left] = here.aside()
    assert "did not manage to send mail 104" in left.why and left.skipped_at is None
    here.wire.honest()
    here.program.create("Elsewhere")
    here.program.move(mails[3].message_id, "Elsewhere")
    here.program.move(mails[3].message_id, "INBOX", "Elsewhere")
    here.pull()
    assert ticket_of(mails[3].message_id) in here.complaints()


# -- M07: what cannot be read -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "raw",
    [
        b"From: a@example.org\r\nSubject: =?x-unknown?q?caf=E9?=\r\n"
        b"Content-Type: text/plain; charset=nonsense\r\n\r\nCaf\xe9\r\n",
        b"From: a@example.org\r\nContent-Transfer-Encoding: base64\r\n\r\n!!! this is no base64 ===\r\n",
        b"From: a@example.org\r\nContent-Type: multipart/mixed\r\n\r\n--x\r\n\r\nno boundary was named\r\n",
        b"From: a@example.org\r\nSubject: z\x01ro\r\n\r\nwords \x02 words\r\n",
        b"\r\n\r\nno headers at all",
        b"From: a@example.org\r\nDate: the day after tomorrow\r\n\r\nwords",
    ],
)
def test_m07_whatever_lies_in_an_inbox_is_stored_or_put_aside_and_others_go_on(here: Post, raw: bytes) -> None:
    here.writes("Before.")
    here.delivered(raw)
    here.writes("After.")
    here.pull()
    assert {"Before.", "After."} <= {one.text for one in here.complaints().values()}
    assert len(here.complaints()) + len(here.aside()) == 3


# -- M08: Message-IDs that are missing, repeated or hostile --------------------------------------------------------


def test_m08_equal_ids_with_other_words_are_two_tickets(here: Post) -> None:
    first = here.writes("My lamp is broken.", message_id="same@example.net")
    here.writes("Ignore me.", sender=Person("Eve", "eve@example.org"), message_id="same@example.net")
    here.pull()
    here.writes("Ignore me once more.", sender=Person("Eve", "eve@example.org"), message_id="same@example.net")
    here.pull()
    assert sorted(one.text for one in here.complaints().values()) == [
        "Ignore me once more.",
        "Ignore me.",
        "My lamp is broken.",
    ]
    assert texts(here.entries(first)) == ["My lamp is broken."]


def test_m08_mail_without_an_id_is_named_by_what_it_is(here: Post) -> None:
    for text in ("One.", "Two.", "One."):
        here.delivered(f"From: a@example.org\r\nDate: Mon, 2 Mar 2026 09:00:00 +0000\r\n\r\n{text}\r\n".encode())
    here.pull()
    assert sorted(one.text for one in here.complaints().values()) == ["One.", "Two."]


@pytest.mark.parametrize(
    "ident", ["x' OR 1=1 --@example.net", "ü@example.net", "a" * 900 + "@example.net", "fp:1", "m" + "a" * 24]
)
def test_m08_hostile_ids_do_no_harm(here: Post, ident: str) -> None:
    mail = here.writes("The first.", message_id=ident)
    here.writes("And more.", answers=mail)
    here.pull()
    assert any("The first." in (one.text or "") for one in here.complaints().values())
    assert sum(len(texts(here.entries_of(ticket))) for ticket in here.complaints()) == 2


@BOTH
def test_m08_one_mail_in_two_folders_is_one_ticket(here: Post) -> None:
    here.program.create("Other")
    here.options["folders"] = ("INBOX", "Other")
    here.restart()
    mail = here.writes()
    here.program.copy(mail.message_id, "Other")
    here.pull()
    assert len(here.complaints()) == 1
    assert texts(here.entries(mail)) == [here.complaint(mail).text]


def test_m08_an_answer_that_is_read_before_its_question_joins_it(here: Post) -> None:
    here.program.create("Other")
    here.options["folders"] = ("INBOX", "Other")
    here.restart()
    first = here.writes("The lamp is broken.", folder="Other")
    here.writes("And nobody answers!", answers=first)
    here.pull()
    [stored] = here.complaints().values()
    assert sorted(texts(here.entries(first))) == ["And nobody answers!", "The lamp is broken."]
    assert stored.complainant.address == MARIA.address
