"""Which ticket a mail belongs to: evidence and its order, who may join, and what a name can and cannot stand for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.imap import cursors, tokens
from adapters.imap.answers import backoff_seconds, refusal
from adapters.imap.cursors import MOST_MARKS, Place, Places
from adapters.imap.evidence import Letter, identity_of, letter_of, names_asked, ticket_of
from adapters.imap.message import understood
from adapters.imap.people import acquainted
from adapters.imap.records import Kept, arrival, packed, read, shortened
from adapters.imap.threading import Placed, Role, placed
from connector.adapter import Known
from connector.errors import AuthError, CursorError, SettingsError, TemporaryError
from sandbox.mailbox import Person, letter
from sandbox.mailbox.letters import BORDER, MARIA, SHOP

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
KEYS = tokens.parse("k1:a-long-and-random-secret")
OWN = (SHOP,)
EVE = Person("Eve", "eve@example.org")


def of(sender: Person = MARIA, text: str = "The lamp is broken.", **how: Any) -> Letter:
    sent = how.pop("sent", False)
    thread = how.pop("thread", None)
    raw = letter(sender, "Lamp", text, AT, **how).raw
    message = understood(raw, own_addresses=OWN, trusted_hosts=(BORDER,))
    return letter_of(message, KEYS, OWN, "shop.example", sent=sent, thread=thread)


def knowing(*stored: tuple[Placed | None, str | None], finished: Sequence[str] = ()) -> dict[str, Known]:
    """What the store knows after these were stored, each written by that person."""
    people: dict[str, set[str]] = {}
    names: dict[str, str] = {}
    for place, who in stored:
        assert place is not None
        people.setdefault(place.ticket, set()).update([who] if who else [])
        for name in place.names:
            names.setdefault(name, place.ticket)
    return {
        name: Known(ticket, finished=ticket in finished, people=frozenset(people[ticket]))
        for name, ticket in names.items()
    }


def test_mail_that_answers_nothing_begins_a_ticket_of_its_own() -> None:
    mail = of(message_id="1@example.net")
    place = placed(mail, {})
    assert place is not None and (place.ticket, place.role) == (ticket_of("1@example.net"), Role.FIRST)


def test_an_answer_finds_the_thread_by_any_of_its_mails() -> None:
    root = letter(MARIA, "Lamp", "One.", AT, message_id="1@example.net")
    second = letter(MARIA, "Lamp", "Two.", AT, message_id="2@example.net", answers=root)
    first = of(message_id="1@example.net", text="One.")
    middle = of(message_id="2@example.net", text="Two.", answers=root)
    begun = placed(first, {})
    joined = placed(middle, knowing((begun, first.who)))
    known = knowing((begun, first.who), (joined, middle.who))
    last = of(text="Three.", answers=second)
    place = placed(last, known)
    assert place is not None and begun is not None
    assert (place.ticket, place.role) == (begun.ticket, Role.CUSTOMER)
    only = placed(last, {name: one for name, one in known.items() if name == "2@example.net"})
    assert only is not None and only.ticket == begun.ticket


def test_an_answer_whose_question_is_unknown_waits_for_it_in_the_right_place() -> None:
    root = letter(MARIA, "Lamp", "One.", AT, message_id="1@example.net")
    answer = of(text="Two.", message_id="2@example.net", answers=root)
    first = placed(answer, {})
    assert first is not None and first.ticket == ticket_of("1@example.net")
    question = placed(of(text="One.", message_id="1@example.net"), knowing((first, answer.who)))
    assert question is not None and question.ticket == first.ticket


def test_a_stranger_who_was_there_first_gets_no_hold_of_the_thread() -> None:
    root = letter(MARIA, "Lamp", "One.", AT, message_id="1@example.net")
    early = of(EVE, "I know its id.", answers=root)
    taken = placed(early, {})
    question = placed(of(text="One.", message_id="1@example.net"), knowing((taken, early.who)))
    assert taken is not None and question is not None
    assert question.ticket != taken.ticket and question.aside is None


@pytest.mark.parametrize(
    ("first", "then", "joins"),
    [
        ("verified", "verified", True),
        ("verified", "plausible", True),
        ("verified", "unverified", False),
        ("verified", "failed", False),
        ("unverified", "unverified", True),
        ("unverified", "verified", True),
    ],
)
def test_whoever_was_believed_has_to_be_believed_again(first: str, then: str, joins: bool) -> None:
    root = letter(MARIA, "Lamp", "One.", AT, message_id="1@example.net")
    begun = of(text="One.", message_id="1@example.net", trust=first)
    place = placed(of(text="Two.", answers=root, trust=then), knowing((placed(begun, {}), begun.who)))
    assert place is not None and (place.aside is None) == joins


def test_an_answer_after_the_end_follows_it() -> None:
    root = letter(MARIA, "Lamp", "One.", AT, message_id="1@example.net")
    begun = of(text="One.", message_id="1@example.net")
    old = placed(begun, {})
    assert old is not None
    new = placed(of(text="Again!", answers=root), knowing((old, begun.who), finished=[old.ticket]))
    assert new is not None and (new.follows, new.role) == (old.ticket, Role.FIRST) and new.ticket != old.ticket


def test_the_provider_s_thread_counts_where_nothing_better_is_known() -> None:
    begun = of(thread="0/17", message_id="1@example.net")
    place = placed(of(text="Two.", thread="0/17"), knowing((placed(begun, {}), begun.who)))
    assert place is not None and place.ticket == ticket_of("1@example.net")


def test_what_was_sent_is_an_answer_where_its_thread_is_known_and_else_nothing() -> None:
    root = letter(MARIA, "Lamp", "One.", AT, message_id="1@example.net")
    begun = of(text="One.", message_id="1@example.net")
    shop = Person("Shop", SHOP)
    answer = of(shop, "Sorry.", answers=root, sent=True)
    place = placed(answer, knowing((placed(begun, {}), begun.who)))
    assert place is not None and place.role is Role.STAFF
    assert placed(answer, {}) is None and placed(of(shop, "Lunch?", sent=True), {}) is None


@settings(max_examples=200, deadline=None)
@given(st.text(min_size=1, max_size=40))
def test_no_message_id_can_pass_for_a_name_of_another_kind(ident: str) -> None:
    hostile = of(EVE, message_id=ident.replace("\r", "").replace("\n", "") or "x")
    victim = of(message_id="1@example.net")
    known = knowing((placed(victim, {}), victim.who))
    mine = {name for name in names_asked(hostile) if name in known}
    assert not mine or hostile.message_id == "1@example.net"


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(["a@x", "b@x", "c@x", "d@x"]), max_size=8), st.booleans())
def test_threads_that_run_in_circles_come_to_an_end(references: list[str], same: bool) -> None:
    lines = " ".join(f"<{one}>" for one in references)
    raw = f"From: a@example.org\r\nMessage-ID: <{'a@x' if same else 'z@x'}>\r\nReferences: {lines}\r\n\r\nwords\r\n"
    mail = letter_of(understood(raw.encode()), KEYS, OWN, "shop.example")
    assert mail.message_id not in mail.parents
    place = placed(mail, {})
    assert place is not None and place.ticket


def test_two_mails_are_one_only_if_they_are_the_same() -> None:
    one = understood(letter(MARIA, "Lamp", "One.", AT, message_id="1@x").raw)
    again = understood(letter(MARIA, "Lamp", "One.", AT, message_id="1@x").raw.replace(b"Received:", b"Delivered-To:"))
    other = understood(letter(MARIA, "Lamp", "One.", AT, message_id="2@x").raw)
    forged = understood(letter(MARIA, "Lamp", "Two.", AT, message_id="1@x").raw)
    assert identity_of(one) == identity_of(again)
    assert len({identity_of(one), identity_of(other), identity_of(forged)}) == 3


def test_nobody_is_not_acquainted_with_anybody() -> None:
    assert not acquainted(None, {"maria@example.net"})
    assert not acquainted("unverified:maria@example.net", {"maria@example.net"})


# -- What is kept ----------------------------------------------------------------------------------------------------


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=400))
def test_a_record_is_read_from_any_bytes(raw: bytes) -> None:
    record = read(raw, AT, OWN, (BORDER,))
    assert record.ticket and (record.problem is not None or record.entries)
    place = Placed("m" + "a" * 24, Role.FIRST, "by hand", ())
    kept = packed(Kept(place.ticket, arrival(AT, 7), placed=place, message=raw))
    assert read(kept, AT, OWN, (BORDER,)).ticket == place.ticket


def test_mails_of_one_second_keep_the_order_of_their_numbers() -> None:
    assert arrival(AT, 101) < arrival(AT, 102) < arrival(AT + timedelta(seconds=1), 1)


def test_a_text_in_base64_is_kept_where_an_attachment_is_not() -> None:
    from base64 import encodebytes

    words = "Das ist sehr ärgerlich. " * 4000
    head = (
        b"From: a@example.org\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    )
    raw = head + encodebytes(words.encode()).replace(b"\n", b"\r\n")
    message = understood(raw)
    assert shortened(raw, message, 1000, OWN, ()) == raw, "cutting it would have changed what was said"


ATTACHED = (
    b"From: a@example.org\r\nSubject: Lamp\r\nMIME-Version: 1.0\r\n"
    b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n'
    b"--b\r\nContent-Type: text/plain\r\n\r\nThe lamp is broken.\r\n"
    b"--b\r\nContent-Type: text/plain; name=secret.txt\r\nContent-Disposition: attachment\r\n\r\nmy card number\r\n"
    b"--b\r\nContent-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n"
    b"Content-Disposition: attachment; filename=lamp.png\r\n\r\niVBORw0KGgo=\r\n--b--\r\n"
)


def test_the_content_of_attachments_is_kept_only_if_the_admin_asks() -> None:
    message = understood(ATTACHED)
    cut = shortened(ATTACHED, message, 1_000_000, OWN, ())
    assert b"card number" not in cut and b"iVBOR" not in cut and b"lamp.png" in cut
    again = understood(cut)
    assert (again.full_text, again.fingerprint) == (message.full_text, message.fingerprint)
    assert [one.name for one in again.attachments] == ["secret.txt", "lamp.png"]
    assert shortened(ATTACHED, message, 1_000_000, OWN, (), attached=True) == ATTACHED


def test_a_bounce_keeps_the_mail_that_it_returns_where_its_meaning_lies_there() -> None:
    raw = (
        ATTACHED.replace(b"Content-Type: image/png", b"Content-Type: message/delivery-status")
        .replace(b"Content-Transfer-Encoding: base64\r\n", b"")
        .replace(b"iVBORw0KGgo=", b"Final-Recipient: rfc822; kim@gone.example\r\nAction: failed")
    )
    message = understood(raw)
    assert understood(shortened(raw, message, 1_000_000, OWN, ())).bounce_recipients == ("kim@gone.example",)


@given(st.lists(st.sampled_from([ATTACHED[at : at + 40] for at in range(0, len(ATTACHED), 40)]), max_size=30))
def test_taking_attachments_out_never_changes_what_was_said(pieces: list[bytes]) -> None:
    raw = b"".join(pieces)
    message = understood(raw)
    again = understood(shortened(raw, message, 1_000_000, OWN, ()))
    assert (again.full_text, again.fingerprint, again.automatic) == (
        message.full_text,
        message.fingerprint,
        message.automatic,
    )


# -- Cursors and answers ---------------------------------------------------------------------------------------------


@given(
    st.dictionaries(st.text(max_size=9), st.builds(Place, st.integers(1, 2**32), st.integers(0, 2**32)), max_size=3),
    st.none() | st.just(AT),
)
def test_a_cursor_survives_json(folders: dict[str, Place], since: datetime | None) -> None:
    places = Places(
        since, {key: Place(one.validity, one.uid, 3, AT, {5: "done"}, since) for key, one in folders.items()}
    )
    assert cursors.parsed(cursors.written(places), "kit") == places


@pytest.mark.parametrize("cursor", [{"folders": 3}, {"folders": {"a": {"validity": "x"}}}, {"since": "soon"}])
def test_what_is_no_cursor_is_refused(cursor: dict[str, Any]) -> None:
    with pytest.raises(CursorError):
        cursors.parsed(cursor, "kit")


def test_a_cursor_stays_small() -> None:
    marks = cursors.newest_marks(dict.fromkeys(range(10_000), "done"))
    assert len(marks) == MOST_MARKS and min(marks) == 10_000 - MOST_MARKS


@pytest.mark.parametrize(
    ("said", "error"),
    [
        ("[THROTTLED] Request is throttled. Suggested Backoff Time: 7000 milliseconds", TemporaryError),
        ("[UNAVAILABLE] User is authenticated but not connected.", TemporaryError),
        ("[OVERQUOTA] Account exceeded command or bandwidth limits.", TemporaryError),
        ("[NONEXISTENT] Unknown Mailbox: Post (Failure)", SettingsError),
        ("Mailbox doesn't exist: Post", SettingsError),
        ("[NOPERM] Permission denied", AuthError),
        ("socket error: EOF", TemporaryError),
        ("", TemporaryError),
    ],
)
def test_what_a_server_says_has_a_remedy(said: str, error: type[Exception]) -> None:
    assert isinstance(refusal(said, "opening a folder", source="post"), error)


def test_a_wait_that_a_server_asks_for_is_bounded() -> None:
    assert backoff_seconds("Suggested Backoff Time: 7000 milliseconds") == 7
    assert backoff_seconds("Suggested Backoff Time: 299923000 milliseconds") == 900
    assert backoff_seconds("Later.") is None
