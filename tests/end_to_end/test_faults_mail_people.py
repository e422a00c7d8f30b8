"""Faults M10 to M20 on the way in: whom to believe, which thread a mail belongs to, and what no person wrote.

See docs/engineers/faults.md; what concerns our own mail on its way out is tested with writing.
"""

from __future__ import annotations

from collections.abc import Iterator
from email import message_from_bytes

import pytest
from msgspec.structs import replace

from adapters.imap import tokens
from adapters.imap.caps import person
from adapters.imap.evidence import ticket_of
from adapters.imap.sending import Smtp
from connector.errors import RejectedError
from connector.model import ActionKind, EntryKind, Role, Visibility
from connector.store.memory import StoredLedger
from sandbox.mailbox import Person, bounce
from sandbox.mailbox.letters import BORDER, MARIA, SHOP
from tests.end_to_end.post import KEYS, STAFF, Post, post, texts
from tests.unit.mail_office import action
from tests.unit.mail_relay import Keeper, honest

EVE = Person("Eve", "eve@example.org")
MARKER = "am-abcdefghijklmnopqrst"


@pytest.fixture
def here(request: pytest.FixtureRequest) -> Iterator[Post]:
    with post(getattr(request, "param", "pymap")) as made:
        yield made


BOTH = pytest.mark.parametrize("here", ["pymap", "dovecot"], indirect=True)


# -- M10: our mail comes back --------------------------------------------------------------------------------------


def test_m10_a_bounce_of_our_answer_is_a_note_on_its_ticket_and_no_complaint(here: Post) -> None:
    mail = here.writes()
    here.pull()
    answer = here.answers(mail)
    here.pull()
    here.delivered(bounce(answer.message_id, MARIA.address, here.clock()).raw)
    here.pull()
    assert len(here.complaints()) == 1 and not here.aside()
    [note] = [entry for entry in here.entries(mail) if entry.kind is EntryKind.NOTE]
    assert note.visibility is Visibility.INTERNAL and MARIA.address in (note.text or "")


def test_m10_a_bounce_of_our_survey_silences_the_address_and_only_that(here: Post) -> None:
    mail = here.writes()
    here.pull()
    ticket = ticket_of(mail.message_id)
    word = tokens.signed(tokens.parse(KEYS), tokens.REPLY, ticket)
    survey = f"{MARKER}.survey.{word}@shop.example"
    ledger = StoredLedger(here.store, "post")
    here.delivered(bounce(survey, EVE.address, here.clock()).raw)
    here.pull()
    assert ledger.stopped(person(EVE.address)) is None, "nobody is silenced by a report on somebody else's mail"
    here.delivered(bounce(survey, MARIA.address, here.clock()).raw)
    here.pull()
    assert ledger.stopped(person(MARIA.address))
    assert len(here.complaints()) == 1


def test_m10_a_forged_bounce_silences_nobody(here: Post) -> None:
    here.writes()
    here.pull()
    here.delivered(bounce(f"{MARKER}.survey.k1-guess-abcdefghijklmnop@shop.example", MARIA.address, here.clock()).raw)
    here.pull()
    assert StoredLedger(here.store, "post").stopped(person(MARIA.address)) is None
    [aside] = here.aside()
    assert aside.skipped_at is not None, "nobody is asked to look at it"


@BOTH
def test_w25_a_survey_that_bounces_later_is_told_on_its_ticket_and_is_the_last_to_that_address(here: Post) -> None:
    relay = Keeper()
    mail = here.writes()
    here.pull()
    first, second = (
        replace(action(ActionKind.SURVEY, episode=f"resolution#{number}"), ticket=ticket_of(mail.message_id))
        for number in (1, 2)
    )
    with honest(relay) as port:
        here.options |= {
            "smtp": Smtp("127.0.0.1", port, tls="none", login=False),
            "survey_url": "https://s.example/{token}",
        }
        here.restart()
        here.desk.adapter.apply(first, here.desk.adapter.prepare(first))
    [sent] = relay.kept
    assert isinstance(sent.content, bytes)
    ident = message_from_bytes(sent.content)["Message-ID"].strip("<>")
    here.delivered(bounce(ident, MARIA.address, here.clock()).raw)
    here.pull()
    [note] = [entry for entry in here.entries(mail) if entry.kind is EntryKind.NOTE]
    assert note.visibility is Visibility.INTERNAL and MARIA.address in (note.text or "")
    with pytest.raises(RejectedError, match="came back"):
        here.desk.adapter.prepare(second)
    assert len(here.complaints()) == 1 and not here.aside()


def test_m10_whoever_asks_for_no_more_surveys_gets_none(here: Post) -> None:
    mail = here.writes()
    here.pull()
    word = tokens.signed(tokens.parse(KEYS), tokens.UNSUBSCRIBE, ticket_of(mail.message_id))
    here.writes("", f"unsubscribe {word}", answers=None)
    here.pull()
    assert StoredLedger(here.store, "post").stopped(person(MARIA.address))
    assert len(here.complaints()) == 1


# -- M12, M15: who wrote it ----------------------------------------------------------------------------------------


def test_m12_a_forged_sender_touches_nobodys_history(here: Post) -> None:
    mail = here.writes()
    here.pull()
    here.writes("Cancel it all.", "Another matter", trust="failed")
    here.writes("Please stop this.", answers=mail, trust="failed")
    here.writes("Please stop that.", answers=mail, trust="unverified")
    here.pull()
    assert len(here.complaints()) == 1
    assert texts(here.entries(mail)) == [here.complaint(mail).text]
    assert len([one for one in here.aside() if one.skipped_at is None]) == 3, "a person is asked"


def test_m12_an_address_that_nobody_vouches_for_is_a_person_of_its_own(here: Post) -> None:
    verified = here.writes()
    claimed = here.writes("The lamp is broken.", "Lamp", trust="unverified")
    again = here.writes("The lamp is still broken.", "Lamp again", trust="unverified")
    here.pull()
    keys = {here.complaint(mail).complainant.key for mail in (verified, claimed, again)}
    assert len(keys) == 3 and here.complaint(verified).complainant.key.startswith(f"post:{MARIA.address}/")
    assert not here.complaint(claimed).complainant.verified


def test_m12_whoever_was_only_claimed_may_go_on_in_their_own_thread(here: Post) -> None:
    mail = here.writes(trust="unverified")
    here.pull()
    here.writes("Hello?", answers=mail, trust="unverified")
    here.pull()
    here.writes("Hello??", answers=mail, trust="verified")
    here.pull()
    assert texts(here.entries(mail))[1:] == ["Hello?", "Hello??"] and not here.aside()


def test_m15_only_our_own_border_is_believed(here: Post) -> None:
    forged = ("Authentication-Results", f"{BORDER}; dmarc=pass header.from=example.net")
    other = ("Authentication-Results", "mx.evil.example; dmarc=pass header.from=example.net")
    hop = ("Received", "from somewhere by relay.evil.example; Mon, 2 Mar 2026 09:00:00 +0000")
    below = here.writes("Below what others wrote.", trust="unverified", headers=[hop, forged])
    foreign = here.writes("From another server.", trust="unverified", headers=[other])
    here.pull()
    assert here.complaint(foreign).complainant.trust == "unverified"
    assert here.complaint(below).complainant.trust == "unverified"


# -- M13, M14: somebody new in a known thread ----------------------------------------------------------------------


@BOTH
def test_m14_somebody_new_in_a_known_thread_changes_nothing_and_a_person_is_asked(here: Post) -> None:
    mail = here.writes()
    here.pull()
    before = here.entries(mail)
    here.writes("I was in Cc and would like my money back, too.", sender=EVE, answers=mail)
    here.pull()
    assert here.entries(mail) == before and len(here.complaints()) == 1
    [asked] = here.aside()
    assert asked.skipped_at is None and "somebody new" in asked.why
    here.let_in(asked)
    assert len(here.complaints()) == 2 and here.entries(mail) == before, "let in, it is a ticket of its own"
    assert not here.aside()


def test_m13_a_guessed_reply_word_opens_no_door(here: Post) -> None:
    mail = here.writes()
    here.pull()
    ticket = ticket_of(mail.message_id)
    here.writes("Let me in.", "Hello", sender=EVE, to=f"support+k1-{ticket}-aaaaaaaaaaaaaaaa@shop.example")
    here.pull()
    assert texts(here.entries(mail)) == [here.complaint(mail).text]
    assert len(here.complaints()) == 2


def test_m13_our_signed_word_finds_the_thread_for_its_people_only(here: Post) -> None:
    mail = here.writes()
    here.pull()
    word = tokens.signed(tokens.parse(KEYS), tokens.REPLY, ticket_of(mail.message_id))
    to = f"support+{word}@shop.example"
    here.writes("My answer, from another program.", "No prefix", to=to)
    here.writes("I have found this address.", "Hello", sender=EVE, to=to)
    here.pull()
    assert texts(here.entries(mail))[1:] == ["My answer, from another program."]
    assert ["somebody new" in one.why for one in here.aside()] == [True]


def test_m13_mail_from_outside_never_speaks_for_the_shop(here: Post) -> None:
    mail = here.writes()
    here.pull()
    here.writes("It is all settled.", sender=STAFF, answers=mail, trust="verified")
    here.writes("It is all settled!", sender=STAFF, answers=mail, trust="failed")
    here.pull()
    assert not [entry for entry in here.entries(mail) if entry.role is Role.STAFF]
    assert len(here.complaints()) == 1


# -- M16 to M18: what is in it, and what no person wrote -----------------------------------------------------------


def test_m16_of_html_only_the_text_comes_in(here: Post) -> None:
    html = (
        "<html><head><style>p{color:red}</style><script>steal()</script></head><body><p>The lamp is broken.</p>"
        "<img src='https://track.example/1.gif'><form action='https://evil.example'><input name=a></form></body></html>"
    )
    here.delivered(
        f"From: {MARIA.address}\r\nMessage-ID: <html@example.net>\r\nContent-Type: text/html\r\n\r\n{html}\r\n".encode()
    )
    here.pull()
    [stored] = here.complaints().values()
    assert stored.text.strip() == "The lamp is broken."


def test_m17_what_is_sealed_is_marked_and_left_sealed(here: Post) -> None:
    here.delivered(
        f"From: {MARIA.address}\r\nMessage-ID: <sealed@example.net>\r\nSubject: Secret\r\nMIME-Version: 1.0\r\n"
        "Content-Type: application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m\r\n"
        "Content-Transfer-Encoding: base64\r\n\r\nMIIB\r\n".encode()
    )
    here.pull()
    [stored] = here.complaints().values()
    assert "encrypted" in stored.extra["marks"] and stored.subject == "Secret"


@pytest.mark.parametrize(
    ("subject", "headers"),
    [
        ("Out of office: I am away", [("Auto-Submitted", "auto-replied")]),
        ("Automatic reply: Parcel", [("X-Autoreply", "yes"), ("Precedence", "auto_reply")]),
        ("Our newsletter", [("List-Unsubscribe", "<https://news.example/u>"), ("Precedence", "bulk")]),
        ("Backup done", [("Auto-Submitted", "auto-generated")]),
    ],
)
def test_m18_what_a_machine_wrote_is_put_aside_and_nobody_is_asked(
    here: Post, subject: str, headers: list[tuple[str, str]]
) -> None:
    mail = here.writes()
    here.pull()
    here.writes("This is an automatic message.", subject, headers=headers, answers=mail if "Auto" in subject else None)
    here.pull()
    assert texts(here.entries(mail)) == [here.complaint(mail).text] and len(here.complaints()) == 1
    [aside] = here.aside()
    assert aside.skipped_at is not None and "automatic mail" in aside.why


def test_m18_what_a_person_wrote_comes_in_whatever_its_headers_say(here: Post) -> None:
    first = here.writes()
    here.pull()
    here.writes(
        "No, the parcel has not come. I am waiting at home.", "Re: Parcel never arrived", answers=first,
        headers=[("Auto-Submitted", "auto-generated")],
    )  # fmt: skip
    here.pull()
    assert len(texts(here.entries(first))) == 2 and not here.aside()


# -- M20: our own mail in the inbox --------------------------------------------------------------------------------


def test_m20_our_own_mail_that_comes_round_is_nobodys_complaint(here: Post) -> None:
    mail = here.writes()
    here.pull()
    answer = here.answers(mail)
    here.program.copy(answer.message_id, "INBOX", "Sent")
    here.writes("Overdue.", "[Amends] Overdue", sender=STAFF, message_id=f"{MARKER}.notice@shop.example", to=SHOP)
    here.pull()
    here.pull()
    assert len(here.complaints()) == 1
    assert [entry.kind for entry in here.entries(mail) if entry.role is Role.STAFF] == [EntryKind.STAFF_REPLY]
    assert all(one.skipped_at is not None for one in here.aside())


# -- What becomes of a thread --------------------------------------------------------------------------------------


@BOTH
def test_mail_moved_to_a_folder_for_what_is_done_resolves_its_ticket(here: Post) -> None:
    here.program.create("Done")
    here.options["done_folders"] = ("Done",)
    here.restart()
    mail = here.writes()
    here.pull()
    here.program.move(mail.message_id, "Done")
    here.pull()
    assert here.complaint(mail).status == "resolved"
    assert len(texts(here.entries(mail))) == 1
    here.program.move(mail.message_id, "INBOX", "Done")
    here.pull()
    assert here.complaint(mail).status == "open", "put back, it is to be done again"


@pytest.mark.parametrize("here", ["dovecot"], indirect=True)
def test_a_keyword_resolves_a_ticket_and_its_removal_opens_it_again(here: Post) -> None:
    mail = here.writes()
    here.pull()
    here.program.flag(mail.message_id, "$AmendsDone", "complaint")
    here.pull()
    assert here.complaint(mail).status == "resolved" and "complaint" in here.complaint(mail).labels
    here.program.unflag(mail.message_id, "$AmendsDone", "complaint")
    here.pull()
    assert here.complaint(mail).status == "open" and here.complaint(mail).labels == ()
    here.program.flag(mail.message_id, "\\Seen")
    here.wire.commands.clear()
    here.pull()
    assert not [one for one in here.wire.commands if b"BODY" in one], "who reads a mail costs nothing"


@BOTH
def test_a_reply_after_the_end_is_a_new_ticket_that_follows_the_old_one(here: Post) -> None:
    here.program.create("Done")
    here.options["done_folders"] = ("Done",)
    here.restart()
    mail = here.writes()
    here.pull()
    here.program.move(mail.message_id, "Done")
    here.pull()
    again = here.writes("It is broken again!", answers=mail)
    here.pull()
    assert here.complaint(mail).status == "resolved"
    assert here.complaint(again).text == "It is broken again!"
    assert here.complaint(again).follows == ticket_of(mail.message_id)
    later = here.writes("And nobody answers.", answers=again)
    here.pull()
    assert texts(here.entries(again)) == ["It is broken again!", "And nobody answers."]
    assert later.references[0] == mail.message_id


@BOTH
def test_an_answer_from_the_shop_is_seen_in_its_sent_folder(here: Post) -> None:
    mail = here.writes()
    answer = here.answers(mail)
    here.answers(answer, "And one more thing.")
    here.writes("Thank you.", answers=answer)
    here.pull()
    told = [(entry.role, entry.text) for entry in here.entries(mail) if entry.observed]
    assert [role for role, _ in told] == [Role.CUSTOMER, Role.STAFF, Role.STAFF, Role.CUSTOMER]


def test_what_the_shop_sends_to_others_is_none_of_ours(here: Post) -> None:
    here.program.create("Sent")
    here.writes("Lunch?", "Lunch", STAFF, folder="Sent", to="anna@shop.example")
    here.pull()
    assert not here.complaints() and not here.aside()


def test_reading_marks_nothing_as_read(here: Post) -> None:
    mail = here.writes()
    here.pull()
    assert "\\Seen" not in here.program.flags(mail.message_id)
