"""Writing back by mail, step by step: what is marked, what is sent, and what becomes of it when the power fails."""

from __future__ import annotations

from email import message_from_string

import pytest
from msgspec.structs import replace

from adapters.imap import tokens, writing
from adapters.imap.caps import Caps, person
from adapters.imap.composing import ours
from adapters.imap.purposes import Purpose
from adapters.imap.recipients import Correspondent
from connector.adapter import Landed, NotYet
from connector.errors import (
    ConflictError,
    RejectedError,
    TemporaryError,
)
from connector.model import ActionKind, Effect
from tests.unit.mail_office import CUSTOMER, HEAD, KEYS, ROOT_ID, Office, action, done, prepared

# What a person sees


def test_an_escalation_is_a_keyword_on_the_mail_and_one_notice_to_our_own_people() -> None:
    office = Office()
    done(office, action(ActionKind.ESCALATE))
    assert office.flags() == {"amends_overdue", "$AmendsEscalated"}
    [mail] = office.delivered
    assert mail.recipients == ("boss@shop.example",)
    assert ours(mail.message_id).purpose is Purpose.NOTICE  # type: ignore[union-attr]
    assert "this complaint needs a manager" in message_from_string(mail.text)["Subject"]
    assert "folder INBOX of support@shop.example" in mail.text


def test_a_tag_is_a_keyword_and_no_mail() -> None:
    office = Office()
    done(office, action(ActionKind.TAG))
    assert office.flags() == {"amends_delivery"} and office.delivered == []


def test_a_tag_that_is_there_already_changes_nothing() -> None:
    office = Office()
    done(office, action(ActionKind.TAG))
    stamp = prepared(office, action(ActionKind.TAG))
    assert writing.apply(office.room(), action(ActionKind.TAG), stamp) == {"already": True}


@pytest.mark.parametrize("page", [None, "https://feedback.example/s/WyJhbS1hYmNkZWZnaGlqIl0.abcdefghijklmnop"])
def test_of_a_survey_no_key_is_kept_before_it_is_sent_and_it_is_the_same_each_time(page: str | None) -> None:
    office, one = Office(), action(ActionKind.SURVEY)
    one = replace(one, effect=replace(one.effect, link=page))
    stamp = prepared(office, one)
    survey = tokens.signed(KEYS, tokens.SURVEY, one.marker)
    leave = tokens.signed(KEYS, tokens.UNSUBSCRIBE, one.ticket)
    assert not any(key in str(stamp) for key in (survey, leave, page or survey))
    writing.apply(office.room(), one, stamp)
    [mail] = office.delivered
    text = mail.text.replace("=\r\n", "")
    assert leave in text.replace("\r\n ", "") and (page or survey) in text
    assert isinstance(writing.find(office.room(), one, stamp, office.now), Landed)


def test_a_survey_is_one_mail_to_the_one_who_wrote() -> None:
    office = Office()
    office.language = "sl"
    done(office, action(ActionKind.SURVEY))
    [mail] = office.delivered
    message = message_from_string(mail.text)
    assert mail.recipients == (CUSTOMER,) and message["To"] == CUSTOMER
    assert message["In-Reply-To"] == f"<{ROOT_ID}>"
    assert "https://shop.example/s/k1-am-" in message.get_payload(decode=True).decode()
    assert "pritožba" in message.get_payload(decode=True).decode()


def test_a_survey_is_written_in_the_language_of_the_complaint() -> None:
    office = Office()
    office.language = "sl"
    done(office, replace(action(ActionKind.SURVEY), language="de"))
    [mail] = office.delivered
    assert "Beschwerde" in message_from_string(mail.text).get_payload(decode=True).decode()


def test_a_link_is_a_notice() -> None:
    office = Office()
    done(office, action(ActionKind.LINK))
    assert office.delivered[0].recipients == ("boss@shop.example",) and office.flags() == set()


def test_our_copy_is_kept_where_the_provider_keeps_none_and_only_after_the_mail_has_gone() -> None:
    office = Office()
    office.answers = [TemporaryError("down.", applied=False)]
    one = action(ActionKind.SURVEY)
    stamp = prepared(office, one)
    with pytest.raises(TemporaryError):
        writing.apply(office.room(), one, stamp)
    assert office.folders["Sent"] == []
    writing.apply(office.room(), one, stamp)
    assert [mail.text for mail in office.folders["Sent"]] == [office.delivered[0].text]


def test_no_copy_of_ours_is_added_where_the_provider_keeps_one() -> None:
    office = Office()
    office.provider_saves = True
    done(office, action(ActionKind.SURVEY))
    assert len(office.folders["Sent"]) == 1


def test_a_copy_that_cannot_be_kept_does_not_make_the_mail_unsent() -> None:
    office = Office()
    one = action(ActionKind.SURVEY)
    stamp = prepared(office, one)

    def refuse(*_: object, **__: object) -> None:
        raise TemporaryError("no room for copies.")

    room = office.room()
    real = office.at
    office.at = lambda place, write=False: refuse() if write and place.folder == "Sent" else real(place, write=write)  # type: ignore
    receipt = writing.apply(room, one, stamp)
    assert receipt["copy"] == "none: no room for copies."
    assert isinstance(writing.find(room, one, stamp, office.now), Landed)


def test_a_policy_may_set_the_flag_and_the_folder_and_nothing_else() -> None:
    office = Office()
    done(office, action(ActionKind.ESCALATE, Effect(tags=("x",), fields={"flagged": True, "folder": "Escalated"})))
    assert office.flags() == {"x", "$AmendsEscalated", "\\Flagged"}
    assert office.folders["INBOX"] == []
    with pytest.raises(RejectedError, match="'priority' cannot be written"):
        writing.prepare(office.room(), action(ActionKind.TAG, Effect(fields={"priority": "high"})))
    with pytest.raises(RejectedError, match="opens no tickets"):
        writing.prepare(office.room(), action(ActionKind.CORRECT))


# Servers that keep no keywords


@pytest.mark.parametrize("capabilities", [{"MOVE", "UIDPLUS"}, {"UIDPLUS"}])
def test_without_keywords_an_escalation_is_the_flag_and_the_folder(capabilities: set[str]) -> None:
    office = Office()
    office.keeps, office.capabilities = False, capabilities
    done(office, action(ActionKind.ESCALATE))
    assert office.folders["INBOX"] == []
    assert office.folders["Escalated"][0].flags >= {"\\Flagged"}
    assert len(office.delivered) == 1


def test_a_mail_that_cannot_be_moved_alone_stays_where_it_is() -> None:
    office = Office()
    office.keeps, office.capabilities = False, set()
    done(office, action(ActionKind.ESCALATE))
    assert office.folders["INBOX"][0].flags == {"\\Flagged"}


def test_a_keyword_that_the_server_promises_and_drops_is_noticed() -> None:
    office = Office()
    one = action(ActionKind.TAG)
    stamp = prepared(office, one)
    office.keeps = False
    with pytest.raises(RejectedError, match="does not keep the keyword"):
        writing.apply(office.room(), one, stamp)


def test_a_tag_is_refused_before_anything_is_sent_where_keywords_are_not_kept() -> None:
    office = Office()
    office.keeps = False
    with pytest.raises(RejectedError, match="tag: shadow"):
        writing.prepare(office.room(), action(ActionKind.TAG))


def test_people_are_told_even_where_the_mailbox_takes_no_marks() -> None:
    office = Office()
    office.read_only = True
    done(office, action(ActionKind.ESCALATE))
    assert len(office.delivered) == 1 and office.flags() == set()


def test_a_mail_is_never_marked_by_a_number_from_before_the_server_numbered_anew() -> None:
    office = Office()
    one = action(ActionKind.TAG)
    stamp = prepared(office, one)
    real = office.root

    def then_numbered_anew(ticket: str) -> object:
        found = real(ticket)
        office.validity += 1
        return found

    office.root = then_numbered_anew  # type: ignore[method-assign]
    with pytest.raises(ConflictError):
        writing.apply(office.room(), one, stamp)
    assert office.flags() == set()


# Who may be written to


def test_m11_an_inbox_of_ours_is_told_nothing() -> None:
    office = Office(notify_to=("Support@Shop.example", "support+x@shop.example"))
    with pytest.raises(RejectedError, match="nobody to tell"):
        writing.prepare(office.room(), action(ActionKind.ESCALATE))
    office.who = Correspondent("support@shop.example", "verified")
    with pytest.raises(RejectedError, match="is our own"):
        writing.prepare(office.room(), action(ActionKind.SURVEY))


def test_a_complainant_who_is_one_of_our_people_is_not_told_what_is_internal() -> None:
    office = Office(notify_to=("boss@shop.example", "second@shop.example"))
    office.who = Correspondent("Boss@shop.example", "verified")
    done(office, action(ActionKind.ESCALATE))
    assert office.delivered[0].recipients == ("second@shop.example",)


@pytest.mark.parametrize("trust", ["plausible", "unverified", "failed"])
def test_m12_nobody_is_surveyed_whose_address_nobody_vouches_for(trust: str) -> None:
    office = Office()
    office.who = Correspondent(CUSTOMER, trust)
    with pytest.raises(RejectedError, match="nobody vouches"):
        writing.prepare(office.room(), action(ActionKind.SURVEY))


def test_m10_who_bounced_or_wants_no_more_is_not_surveyed() -> None:
    office = Office()
    office.ledger.stops[person(CUSTOMER)] = "a mail to this address came back"
    with pytest.raises(RejectedError, match="came back"):
        writing.prepare(office.room(), action(ActionKind.SURVEY))


def test_m14_whoever_is_in_copy_gets_nothing() -> None:
    office = Office()
    for kind in (ActionKind.SURVEY, ActionKind.ESCALATE):
        done(office, action(kind))
    for mail in office.delivered:
        message = message_from_string(mail.text)
        assert "Cc" not in message and "Bcc" not in message
        assert set(mail.recipients) <= {CUSTOMER, "boss@shop.example"}


def test_a_survey_needs_a_key_an_address_to_answer_at_and_a_server() -> None:
    office = Office()
    one = action(ActionKind.SURVEY)
    for head, what in ((HEAD.__class__("support@shop.example"), "reply_keys"), (None, "smtp")):
        with pytest.raises(RejectedError, match=what):
            writing.prepare(office.room(head=head) if head else office.room(post=None), one)


# Caps


def test_a_cap_makes_a_mail_wait_and_not_get_lost() -> None:
    office = Office(caps=Caps(per_person_a_day=1))
    done(office, action(ActionKind.SURVEY))
    second = action(ActionKind.SURVEY, episode="resolution#2")
    with pytest.raises(ConflictError) as caught:
        writing.prepare(office.room(), second)
    assert caught.value.retry_after_seconds
    office.later(24 * 3600 + 1)
    done(office, second)
    assert len(office.delivered) == 2


def test_a_cap_that_filled_up_since_holds_at_the_last_moment() -> None:
    office = Office(caps=Caps(all_an_hour=1))
    first, second = action(ActionKind.SURVEY), action(ActionKind.SURVEY, episode="resolution#2")
    stamps = [prepared(office, one) for one in (first, second)]
    writing.apply(office.room(), first, stamps[0])
    with pytest.raises(ConflictError):
        writing.apply(office.room(), second, stamps[1])
    assert isinstance(writing.find(office.room(), second, stamps[1], office.now), NotYet)
    assert len(office.delivered) == 1


def test_notices_have_a_cap_of_their_own() -> None:
    office = Office(caps=Caps(all_an_hour=0, notices_an_hour=1))
    done(office, action(ActionKind.ESCALATE))
    with pytest.raises(ConflictError):
        writing.prepare(office.room(), action(ActionKind.ESCALATE, episode="first_reply#2"))


def test_without_a_ledger_nothing_is_sent() -> None:
    office = Office()
    for kind in (ActionKind.SURVEY, ActionKind.ESCALATE):
        with pytest.raises(RejectedError, match="keeps count"):
            writing.prepare(office.room(ledger=None), action(kind))


def test_a_count_that_cannot_be_had_sends_nothing() -> None:
    office = Office()
    office.ledger.count = lambda key, since: -1  # type: ignore[method-assign]
    with pytest.raises(ConflictError):
        writing.prepare(office.room(), action(ActionKind.SURVEY))
