"""Acknowledgements by mail, step by step: to whom one goes, what stands in it, and that nobody gets two."""

from __future__ import annotations

from email import message_from_string
from typing import Any

import pytest
from msgspec.structs import replace

from adapters.imap import ImapSettings, writing
from adapters.imap.automatic import MOST_HOPS
from adapters.imap.caps import Caps, person
from adapters.imap.composing import Thread, ours
from adapters.imap.message import understood
from adapters.imap.purposes import Purpose
from adapters.imap.recipients import Correspondent
from adapters.imap.sending import Smtp
from adapters.imap.settings import lacking
from adapters.imap.wordings import SHIPPED, Wording
from connector.adapter import Landed, Unknown
from connector.errors import ConflictError, DeclinedError, RejectedError, TemporaryError
from connector.model import Action, ActionKind, Effect, Message
from tests.unit.mail_office import CUSTOMER, HEAD, ROOT_ID, TICKET, Office, action, done, prepared, settled

ACKNOWLEDGE = ActionKind.ACKNOWLEDGE


def acknowledging(effect: Effect | None = None, language: str | None = None, episode: str = "received") -> Action:
    return replace(action(ACKNOWLEDGE, effect or Effect(), episode), language=language)


def said(office: Office) -> tuple[Any, str]:
    """The one mail that left: its headers and its words."""
    [mail] = office.delivered
    message = message_from_string(mail.text)
    return message, message.get_payload(decode=True).decode().replace("\r\n", "\n")


def test_it_is_one_mail_from_nobody_to_the_one_who_wrote_and_marks_nothing() -> None:
    office = Office()
    done(office, acknowledging())
    message, words = said(office)
    [mail] = office.delivered
    assert (mail.sender, mail.recipients, message["To"]) == ("", (CUSTOMER,), CUSTOMER)
    assert ours(mail.message_id).purpose is Purpose.ACKNOWLEDGEMENT  # type: ignore[union-attr]
    assert message["In-Reply-To"] == message["References"] == f"<{ROOT_ID}>"
    assert message["Auto-Submitted"] == "auto-replied" and message["X-Auto-Response-Suppress"] == "All"
    assert TICKET in words and office.flags() == set()


def test_it_speaks_the_customers_language_and_says_how_to_reach_a_person() -> None:
    for language in SHIPPED:
        office = Office()
        done(office, acknowledging(Effect(contact="Call +351 210 000 000."), language))
        _, words = said(office)
        assert SHIPPED[language].acknowledgement.partition("\n")[0] in words
        assert "\n\nCall +351 210 000 000.\n\n" in words and "{" not in words


def test_the_policys_words_go_before_the_sources_and_those_before_ours() -> None:
    source = replace(HEAD, texts={"de": Wording(acknowledgement_subject="Quelle", acknowledgement="Quelle sagt es.")})
    policy = Effect(messages={"de": Message(text="Wir haben es. {contact} {reference}")}, contact="Rufen Sie an.")
    office = Office(head=source)
    done(office, acknowledging(policy, "de"))
    message, words = said(office)
    assert message["Subject"] == "Quelle" and words == f"Wir haben es. Rufen Sie an. {TICKET}\n"
    english = Office(head=source)
    done(english, acknowledging(replace(policy, messages={"en": Message("Got it", "We have it.")}), "tr"))
    message, words = said(english)
    assert message["Subject"] == "Got it" and words == "We have it.\n\nRufen Sie an.\n"


def test_not_a_word_of_theirs_is_in_it() -> None:
    office = Office()
    office.who = Correspondent("buy-pills-now@evil.example", "verified")
    office.thread = Thread('CLICK-HERE"><b>@evil.example', ("x@y.example\r\nBcc: all@evil.example",))
    done(office, acknowledging())
    message, words = said(office)
    assert "pills" not in words and "CLICK" not in office.delivered[0].text and "Bcc" not in message
    assert message["To"] == "buy-pills-now@evil.example"


def test_long_references_are_neither_folded_within_an_id_nor_encoded() -> None:
    office = Office()
    ids = tuple(f"{number}.{'x' * 180}@outlook.example" for number in range(30))
    office.thread = Thread(ids[-1], ids)
    done(office, acknowledging())
    lines = office.delivered[0].text.split("\r\n")
    assert sum("@outlook.example>" in line for line in lines) == 13
    assert all(line.count("<") == line.count(">") == 1 for line in lines if "outlook" in line)
    assert "=?" not in office.delivered[0].text.partition("\r\n\r\n")[0].partition("References")[2]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"trust": "plausible"}, "nobody vouches"),
        ({"trust": "unverified"}, "nobody vouches"),
        ({"trust": "failed"}, "nobody vouches"),
        ({"automatic": "out_of_office"}, "automatic"),
        ({"automatic": "list"}, "automatic"),
        ({"silent": True}, "asks that no machine"),
        ({"returns_to": ""}, "null return path"),
        ({"to_us": False}, "not addressed to us"),
        ({"address": "support@shop.example"}, "is our own"),
        ({"address": "support+7@shop.example"}, "is our own"),
        ({"address": "no-reply@customer.example"}, "a machine's"),
        ({"address": "mailer-daemon@customer.example"}, "a machine's"),
        ({"address": "postmaster@customer.example"}, "a machine's"),
        ({"address": "root@customer.example"}, "a machine's"),
        ({"address": "lamps-request@customer.example"}, "a machine's"),
    ],
)
def test_machines_strangers_and_ourselves_get_none_and_nobody_has_to_look_at_it(
    change: dict[str, Any], why: str
) -> None:
    office = Office()
    office.who = replace(office.who, **change)
    with pytest.raises(DeclinedError, match=why):
        writing.prepare(office.room(), acknowledging())
    assert office.delivered == []


def test_who_wants_no_mail_or_cannot_be_reached_gets_none() -> None:
    office = Office()
    office.ledger.stops[person(CUSTOMER)] = "mail to this address came back"
    with pytest.raises(DeclinedError, match="came back"):
        writing.prepare(office.room(), acknowledging())


def test_without_a_server_it_is_refused_with_what_to_set() -> None:
    with pytest.raises(RejectedError, match="smtp"):
        writing.prepare(Office().room(post=None), acknowledging())


def test_one_a_day_for_each_person_whatever_they_write() -> None:
    office = Office(caps=Caps(per_person_a_day=9))
    done(office, acknowledging())
    second = acknowledging(episode="received again")
    with pytest.raises(ConflictError, match="acknowledgements to this person"):
        writing.prepare(office.room(), second)
    office.later(24 * 3600 + 1)
    done(office, second)
    assert len(office.delivered) == 2


@pytest.mark.parametrize("caps", [Caps(per_person_a_day=0), Caps(per_domain_an_hour=0), Caps(all_an_hour=0)])
def test_each_cap_closes_and_a_count_that_cannot_be_had_sends_nothing(caps: Caps) -> None:
    with pytest.raises(ConflictError):
        writing.prepare(Office(caps=caps).room(), acknowledging())
    office = Office()
    office.ledger.count = lambda key, since: -1  # type: ignore[method-assign]
    with pytest.raises(ConflictError):
        writing.prepare(office.room(), acknowledging())


@pytest.mark.parametrize("saves", [True, False])
def test_an_answer_that_was_lost_is_looked_for_and_never_answered_by_a_second_mail(saves: bool) -> None:
    office = Office()
    office.provider_saves = saves
    one = acknowledging()
    stamp = prepared(office, one)
    office.answers = ["lost"]
    with pytest.raises(TemporaryError):
        writing.apply(office.room(), one, stamp)
    finding = settled(office, one, stamp)
    assert isinstance(finding, Landed if saves else Unknown), "it is in the Sent folder, or a person decides"
    assert len(office.delivered) == 1


def test_every_try_sends_the_same_bytes() -> None:
    office = Office()
    one = acknowledging()
    stamp = prepared(office, one)
    office.answers = [TemporaryError("down.", applied=False)]
    with pytest.raises(TemporaryError):
        writing.apply(office.room(), one, stamp)
    office.later(3600)
    writing.apply(office.room(), one, stamp)
    assert office.delivered[0].text == stamp["mail"]["text"]


# What is known of the mail that would be answered


@pytest.mark.parametrize(
    "header",
    [
        "X-Spam-Flag: YES",
        "X-Spam-Status: Yes, score=9.1",
        "X-Auto-Response-Suppress: OOF, AutoReply",
        "Precedence: bulk\r\nIn-Reply-To: <x@y.example>",
        "List-Id: <lamps.example>\r\nList-Post: <mailto:lamps@example.org>",
        "\r\n".join(f"Received: from a{hop} by b{hop}; Mon, 2 Mar 2026 09:00:00 +0000" for hop in range(MOST_HOPS + 1)),
    ],
    ids=["spam", "spam status", "suppress", "bulk", "list", "hops"],
)
def test_what_asks_for_silence_or_runs_in_circles_comes_in_and_is_not_answered(header: str) -> None:
    raw = f"From: jo@customer.example\r\nSubject: My lamp\r\n{header}\r\n\r\nIt broke, I want my money back.\r\n"
    told = understood(raw.encode()).automatic
    assert told.kind is None and told.silent


@pytest.mark.parametrize(
    ("header", "path"),
    [("", None), ("Return-Path: <>\r\n", ""), ("Return-Path: <jo@customer.example>\r\n", "jo@customer.example")],
)
def test_the_return_path_is_read(header: str, path: str | None) -> None:
    assert understood(f"{header}From: jo@customer.example\r\n\r\nHello\r\n".encode()).return_path == path


# What an admin has to set


def test_what_is_missing_for_mail_to_customers_is_named() -> None:
    bare = ImapSettings(host="imap.shop.example", user="support@shop.example")
    some = replace(bare, smtp=Smtp("smtp.shop.example"))
    whole = replace(some, trusted_hosts=("mx.shop.example",))
    assert "smtp" in (lacking(ACKNOWLEDGE, bare, frozenset()) or "")
    assert "trusted_hosts" in (lacking(ACKNOWLEDGE, some, frozenset()) or "")
    assert lacking(ACKNOWLEDGE, whole, frozenset()) is None
    assert "survey_url" in (lacking(ActionKind.SURVEY, whole, frozenset()) or "")
    asking = replace(whole, survey_url="https://shop.example/{token}")
    assert "reply_keys" in (lacking(ActionKind.SURVEY, asking, frozenset()) or "")
    assert lacking(ActionKind.SURVEY, asking, frozenset({"reply_keys"})) is None
    assert lacking(ActionKind.ESCALATE, bare, frozenset()) is None
