"""Our own mail: what stands in it, in which language, and that nothing a stranger wrote can add a word to its head."""

from __future__ import annotations

from datetime import UTC, datetime
from email import message_from_string, policy
from email.message import EmailMessage
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.imap import composing, tokens
from adapters.imap.composing import Letterhead, Mail, Thread
from adapters.imap.purposes import Purpose
from adapters.imap.recipients import Correspondent, internal, mailable, objection, objection_to_answering
from adapters.imap.wordings import SHIPPED, Wording, wording
from connector.errors import SettingsError

AT = datetime(2026, 3, 2, 9, 30, 15, 123456, tzinfo=UTC)
KEYS = tokens.parse("k1:a-long-and-random-secret")
MARKER = "am-abcdefghijklmnopqrst"
TICKET = "m" + "abcdefgh" * 3
ALONE = Thread()
HEAD = Letterhead("support@shop.example", "The Shop", survey_url="https://shop.example/s?t={token}", keys=KEYS)
OUR_NAMES = {
    "Date", "From", "To", "Subject", "Message-ID", "X-Amends-Loop", "Auto-Submitted", "X-Auto-Response-Suppress",
    "MIME-Version", "Content-Type", "Content-Transfer-Encoding", "In-Reply-To", "References", "Reply-To",
    "List-Unsubscribe", "List-Unsubscribe-Post", "Precedence",
}  # fmt: skip


def read(mail: Mail) -> EmailMessage:
    """The mail as the other side reads it. It is ASCII, and its lines end as they must."""
    assert mail.text.isascii() and "\n" not in mail.text.replace("\r\n", "")
    assert max(map(len, mail.text.split("\r\n"))) <= 998
    return message_from_string(mail.text, policy=policy.default)  # type: ignore[return-value]


def survey(
    head: Letterhead = HEAD, to: str = "jo@customer.example", thread: Thread = ALONE, language: str = "en"
) -> Mail:
    return composing.survey(head, MARKER, TICKET, to, language, thread, AT)


def acknowledgement(head: Letterhead = HEAD, thread: Thread = ALONE) -> Mail:
    return composing.acknowledgement(head, MARKER, TICKET, "jo@customer.example", "en", thread, AT)


def notice(note: str = "Overdue: look.", to: tuple[str, ...] = ("boss@shop.example", "second@shop.example")) -> Mail:
    return composing.notice(HEAD, MARKER, TICKET, note, "It lies in INBOX.", to, AT)


# What stands in it


@pytest.mark.parametrize("language", sorted(SHIPPED))
def test_surveys_and_acknowledgements_are_shipped_whole_in_each_language(language: str) -> None:
    mail = read(survey(language=language))
    text = mail.get_content()
    assert "https://shop.example/s?t=k1-am-" in text and "The Shop" in text and "support@shop.example" in text
    assert "{" not in text and mail["Subject"] == SHIPPED[language].survey_subject
    other = read(composing.acknowledgement(HEAD, MARKER, TICKET, "jo@customer.example", language, Thread(), AT))
    assert TICKET in other.get_content() and "{" not in other.get_content() and "{" not in str(other["Subject"])
    assert other["Subject"] == SHIPPED[language].acknowledgement_subject


def test_the_twelve_languages_that_are_read_are_written_too() -> None:
    assert set(SHIPPED) == {"en", "pt", "de", "fr", "es", "it", "nl", "pl", "ru", "sl", "zh", "ja"}
    assert len({words.survey for words in SHIPPED.values()}) == len(SHIPPED)


def test_a_language_that_we_do_not_write_gets_english_and_own_words_take_the_place_of_ours() -> None:
    assert wording("eo", {}) == wording(None, {}) == SHIPPED["en"]
    assert wording("pt_BR", {}) == SHIPPED["pt"]
    own = {"eo": Wording(survey_subject="Kiel ni faris?"), "de": Wording(survey="Na? {link}")}
    assert wording("eo", own).survey_subject == "Kiel ni faris?"
    assert wording("eo", own).survey == SHIPPED["en"].survey
    assert wording("de", own).survey == "Na? {link}"
    assert wording("de", own).survey_subject == SHIPPED["de"].survey_subject


def test_all_our_mail_says_that_a_machine_wrote_it_and_wants_no_answer_from_one() -> None:
    for mail, said, quiet in (
        (survey(), "auto-generated", "DR, RN, NRN, OOF, AutoReply"),
        (notice(), "auto-generated", "DR, RN, NRN, OOF, AutoReply"),
        (acknowledgement(), "auto-replied", "All"),
    ):
        assert read(mail)["Auto-Submitted"] == said
        assert read(mail)["X-Auto-Response-Suppress"] == quiet
        assert tokens.is_our_loop(KEYS, str(read(mail)[composing.LOOP_HEADER]))


def test_an_acknowledgement_comes_from_nobody_so_that_no_machine_can_answer_it() -> None:
    assert acknowledgement().sender == ""
    assert survey().sender == notice().sender == "support@shop.example", "bounces of these are wanted"


def test_an_acknowledgement_has_no_word_of_the_customers_in_it() -> None:
    texts = {acknowledgement(thread=Thread(f"{word}@x.example")).text.split("\r\n\r\n", 1)[1] for word in ("a", "b")}
    assert len(texts) == 1


def test_the_message_id_says_whose_it_is_and_which_ticket_it_is_about() -> None:
    for mail, purpose in ((survey(), Purpose.SURVEY), (acknowledgement(), Purpose.ACKNOWLEDGEMENT)):
        assert composing.ours(f"<{mail.message_id}>") == composing.Ours(MARKER, purpose, "shop.example")
        assert tokens.reply_ticket(KEYS, mail.message_id) == TICKET
        assert read(mail)["Message-ID"] == f"<{mail.message_id}>"
    assert notice().message_id == f"{MARKER}.notice@shop.example", "answers to it are not for the customer"


@pytest.mark.parametrize(
    "other", ["x@shop.example", "am-short.survey@x", "<am-abcdefghijklmnopqrst.spam@shop.example>", ""]
)
def test_other_message_ids_are_not_taken_for_ours(other: str) -> None:
    assert composing.ours(other) is None


def test_the_same_mail_is_composed_of_the_same_bytes() -> None:
    assert survey() == survey() and notice() == notice() and acknowledgement() == acknowledgement()
    assert composing.from_json(survey().as_json()) == survey()


def test_a_survey_can_be_left_by_mail_and_by_one_click_where_there_is_a_page() -> None:
    word = tokens.signed(KEYS, tokens.UNSUBSCRIBE, TICKET)
    mail = read(survey())
    assert mail["List-Unsubscribe"] == f"<mailto:support@shop.example?subject=unsubscribe%20{word}>"
    assert mail["List-Unsubscribe-Post"] is None, "RFC 8058 asks for an https address"
    assert tokens.unsubscribing(KEYS, f"unsubscribe {word}") == tokens.unsubscribing(KEYS, f"Re: Unsubscribe {word}")
    assert tokens.unsubscribing(KEYS, f"unsubscribe {word}") == TICKET
    assert tokens.unsubscribing(KEYS, "unsubscribe me") is tokens.unsubscribing(KEYS, word) is None
    page = Letterhead(**{**_members(HEAD), "unsubscribe_url": "https://shop.example/u/{token}", "plus_addresses": True})
    mail = read(survey(page))
    assert str(mail["List-Unsubscribe"]).split() == [
        f"<https://shop.example/u/{word}>,",
        f"<mailto:support+u-{word}@shop.example>",
    ]
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert tokens.unsubscribing(KEYS, f"support+u-{word}@shop.example") == TICKET
    assert tokens.reply_ticket(KEYS, f"support+u-{word}@shop.example") is None


def test_where_plus_addresses_reach_us_an_answer_comes_back_to_one() -> None:
    head = Letterhead(**{**_members(HEAD), "plus_addresses": True})
    assert tokens.reply_ticket(KEYS, str(read(survey(head))["Reply-To"])) == TICKET
    assert read(survey())["Reply-To"] is None
    long = Letterhead(**{**_members(head), "address": f"{'s' * 40}@shop.example"})
    assert read(survey(long))["Reply-To"] is None


def test_a_house_with_signs_in_its_name_stays_one_name() -> None:
    for house in ("Müller, Söhne & Co. <x@y.example>", 'The "Shop"', "店", "Shop"):
        [sender] = read(survey(Letterhead(**{**_members(HEAD), "house": house})))["From"].addresses
        assert (sender.display_name, sender.addr_spec) == (house, "support@shop.example")


@pytest.mark.parametrize(
    "bad",
    [
        {"address": "support@shop.example\r\nBcc: x@y.example"},
        {"address": "support"},
        {"survey_url": "http://shop.example/{token}"},
        {"survey_url": "https://shop.example/"},
        {"unsubscribe_url": "https://shop.example/{token}>, <mailto:x@y.example"},
        {"unsubscribe_url": "https://shop.example/é/{token}"},
    ],
)
def test_a_letterhead_that_cannot_stand_in_a_mail_is_refused(bad: dict[str, str]) -> None:
    with pytest.raises(SettingsError):
        Letterhead(**{**_members(HEAD), **bad})


def test_m10_a_bounce_tells_by_its_returned_headers_which_mail_of_ours_it_is_about() -> None:
    for mail, purpose in ((survey(), Purpose.SURVEY), (notice(), Purpose.NOTICE)):
        returned = str(read(mail)["Message-ID"])
        found = composing.ours(returned)
        assert found is not None and (found.marker, found.purpose) == (MARKER, purpose)
    assert tokens.reply_ticket(KEYS, str(read(survey())["Message-ID"])) == TICKET


def test_m20_our_own_mail_in_a_folder_that_we_read_is_known_as_ours() -> None:
    for mail in (survey(), notice(), acknowledgement()):
        message = read(mail)
        found = composing.ours(str(message["Message-ID"]))
        assert found is not None and found.domain == HEAD.domain
        assert tokens.is_our_loop(KEYS, str(message[composing.LOOP_HEADER]))


def _members(head: Letterhead) -> dict[str, object]:
    return {name: getattr(head, name) for name in head.__struct_fields__}


# Threads


def test_a_long_id_is_neither_broken_nor_encoded() -> None:
    long = "A" * 120 + "@prod.outlook.example"
    mail = survey(thread=Thread(long, (f"{'B' * 100}@x.example",)))
    assert f"In-Reply-To: <{long}>\r\n" in mail.text
    assert f"References: <{'B' * 100}@x.example>\r\n <{long}>\r\n" in mail.text


def test_of_many_references_the_first_and_the_last_stay() -> None:
    many = tuple(f"{number}@x.example" for number in range(500))
    found = str(read(survey(thread=Thread("499@x.example", many)))["References"]).split()
    assert len(found) == composing.MOST_REFERENCES
    assert found[0] == "<0@x.example>" and found[-2:] == ["<498@x.example>", "<499@x.example>"]


@pytest.mark.parametrize(
    "odd", ["a b@x.example", "a@x\r\nBcc: e@x.example", "x" * 300 + "@x.example", "no at", "é@x", ""]
)
def test_an_id_that_could_be_anything_else_than_an_id_is_left_out(odd: str) -> None:
    assert "In-Reply-To" not in survey(thread=Thread(odd)).text
    assert "References: <a@b.example>\r\n" in survey(thread=Thread("a@b.example", (odd,))).text


# M19: nothing that a customer wrote can add a header or a recipient


@given(st.text(), st.lists(st.text(), max_size=20), st.text(max_size=5))
def test_m19_whatever_ids_and_language_a_mail_claims_our_answer_has_our_headers_only(
    answers: str, references: list[str], language: str
) -> None:
    thread = Thread(answers, tuple(references))
    for mail in (survey(thread=thread, language=language), acknowledgement(thread=thread)):
        message = read(mail)
        assert set(message.keys()) <= OUR_NAMES and len(message.keys()) == len(set(message.keys()))
        assert message["To"] == "jo@customer.example" and mail.recipients == ("jo@customer.example",)
        assert message.get_content_type() == "text/plain" and not message.defects


@given(st.one_of(st.text(), st.text().map(lambda text: f"{text}@x.example"), st.emails()))
def test_m19_an_address_is_mailable_only_if_it_can_be_nothing_but_an_address(address: str) -> None:
    to = mailable(address)
    if to is None:
        return
    assert to.isascii() and to.isprintable() and not set(to) & set(' \t,;:<>()[]"\\%')
    assert to.count("@") == 1 and not to.startswith("-")
    message = read(survey(to=to))
    assert [one.addr_spec for one in message["To"].addresses] == [to]
    assert set(message.keys()) <= OUR_NAMES


@given(st.text())
def test_m19_a_note_with_anything_in_it_adds_no_header(note: str) -> None:
    message = read(notice(note))
    assert set(message.keys()) <= OUR_NAMES
    assert [one.addr_spec for one in message["To"].addresses] == ["boss@shop.example", "second@shop.example"]
    assert len(str(message["Subject"])) <= 200 and "\n" not in str(message["Subject"])


@given(st.text(alphabet=st.characters(codec="utf-8")))
def test_the_text_of_a_notice_arrives_as_it_was_written(note: str) -> None:
    shown = composing._body(note)
    assert read(notice(note)).get_content().replace("\r\n", "\n").startswith(shown)


def test_a_header_that_would_hold_a_line_end_is_never_set_down() -> None:
    for value in ("a\r\nBcc: x@y.example", "a\nb", "a\rb", "é", "", "a\r\n \r\n b"):
        with pytest.raises(ValueError, match="no header may"):
            composing._checked("Subject", value)


# Who may be written to


WHO = Correspondent("jo@customer.example", "verified", returns_to="jo@customer.example")
OWN = ("support@shop.example",)


def test_a_person_whom_our_border_vouches_for_may_be_answered() -> None:
    assert objection(WHO, OWN) is None and objection_to_answering(WHO, OWN) is None


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"address": "support@shop.example"}, "our own"),
        ({"address": "support+k1-x@SHOP.example"}, "our own"),
        ({"address": "no-reply@customer.example"}, "a machine's"),
        ({"address": "MAILER-DAEMON@customer.example"}, "a machine's"),
        ({"address": "list-bounces@customer.example"}, "a machine's"),
        ({"address": "jo@localhost"}, "safely"),
        ({"automatic": "out_of_office"}, "out_of_office"),
        ({"silent": True}, "no machine"),
        ({"trust": "plausible"}, "plausible"),
        ({"trust": "failed"}, "failed"),
    ],
)
def test_m09_machines_strangers_and_ourselves_get_no_mail_from_a_machine(change: dict[str, Any], why: str) -> None:
    who = Correspondent(**{**{name: getattr(WHO, name) for name in WHO.__struct_fields__}, **change})
    assert why in str(objection(who, OWN)) and why in str(objection_to_answering(who, OWN))


@pytest.mark.parametrize(
    ("change", "why"), [({"returns_to": ""}, "null return path"), ({"to_us": False}, "not addressed")]
)
def test_m09_what_asks_for_no_answer_gets_none(change: dict[str, object], why: str) -> None:
    who = Correspondent(**{**{name: getattr(WHO, name) for name in WHO.__struct_fields__}, **change})
    assert why in str(objection_to_answering(who, OWN))


def test_internal_news_goes_to_our_own_people_alone() -> None:
    told = ("boss@shop.example", "BOSS@shop.example", "support@shop.example", "jo@customer.example", "no address")
    assert internal(told, OWN, "jo+complaints@customer.example")[:1] == ("boss@shop.example",)
    assert "jo@customer.example" not in internal(told, OWN, "jo+complaints@customer.example")
    assert "support@shop.example" not in internal(told, OWN, "")
    assert internal(["jo+work@customer.example", "jo@customer.example"], OWN, "jo@customer.example") == ()


def test_a_survey_says_how_to_reach_a_person_where_there_is_one() -> None:
    page = "https://shop.example/s/x"
    mail = composing.survey(HEAD, MARKER, TICKET, "jo@customer.example", "pt", ALONE, AT, page, "Telefone: 210 000 000")
    assert read(mail).get_content().rstrip().endswith("Telefone: 210 000 000")
