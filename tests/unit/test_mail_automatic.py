"""Which mail a machine wrote, of which kind, and which only must not be answered by one."""

from __future__ import annotations

import pytest

from adapters.imap.automatic import Automatic, Kind
from adapters.imap.message import Message, understood

OWN = ["help@shop.example"]


def mail(headers: str, body: str = "The lamp is broken, I want my money back.") -> Message:
    start = "" if "From:" in headers else "From: Ana <ana@home.example>\n"
    return understood(f"{start}To: help@shop.example\n{headers}\n\n{body}".encode(), own_addresses=OWN)


def of(headers: str, body: str = "The lamp is broken, I want my money back.") -> Automatic:
    return mail(headers, body).automatic


@pytest.mark.parametrize(
    "subject",
    [
        "Automatic reply: Your order", "Out of Office: Your order", "Automatische Antwort: Ihre Bestellung",
        "Abwesenheitsnotiz: Ihre Bestellung", "Réponse automatique : Votre commande", "Respuesta automática: Su pedido",
        "Resposta automática: Pedido", "Risposta automatica: Ordine", "Automatisch antwoord: Bestelling",
        "Odpowiedź automatyczna: Zamówienie", "Автоматический ответ: Заказ", "Samodejni odgovor: Naročilo",
        "自动回复: 订单", "自動返信: 注文",
    ],
)  # fmt: skip
def test_absence_notices_are_known_by_their_subject_in_every_language(subject: str) -> None:
    assert of(f"Subject: {subject}").kind is Kind.OUT_OF_OFFICE


@pytest.mark.parametrize(
    ("headers", "kind"),
    [
        ("Auto-Submitted: auto-replied\nSubject: Re: Your order", Kind.AUTO_REPLY),
        ("Auto-Submitted: auto-replied (vacation)\nSubject: Out of office", Kind.OUT_OF_OFFICE),
        ("Auto-Submitted: auto-generated\nSubject: Backup done", Kind.AUTO_SUBMITTED),
        ("Auto-Submitted: auto-notified\nSubject: New login", Kind.AUTO_SUBMITTED),
        ("X-Autoreply: yes\nSubject: Re: Your order", Kind.AUTO_REPLY),
        ("Precedence: auto_reply\nSubject: Re: Your order", Kind.AUTO_REPLY),
        ("Precedence: bulk\nSubject: Thank you for your message", Kind.AUTO_SUBMITTED),
        ("Return-Path: <>\nSubject: Thank you for your message", Kind.AUTO_REPLY),
        ("List-Unsubscribe: <mailto:u@x.example>\nPrecedence: bulk\nSubject: Spring sale", Kind.LIST),
        ("List-Unsubscribe: <https://x>\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\nSubject: Sale", Kind.LIST),
        ("From: help@shop.example\nSubject: Your order", Kind.OWN),
        ("From: Help <help+t12@shop.example>\nSubject: Your order", Kind.OWN),
    ],
)
def test_machines_are_known_by_what_their_headers_say(headers: str, kind: Kind) -> None:
    found = of(headers)
    assert (found.kind, found.silent) == (kind, True)
    assert found.reason


@pytest.mark.parametrize(
    ("headers", "silent"),
    [
        ("Subject: Broken lamp", False),
        ("Auto-Submitted: no\nSubject: Broken lamp", False),
        ("Subject: Re: Automatic reply: Your order", False),
        ("Subject: Re: Undeliverable: my parcel", False),
        ("Subject: Delivery problem with my parcel", False),
        ("Subject: My parcel could not be delivered", False),
        ("Subject: Undelivered parcel, where is it?", False),
        ("Subject: Delivery failed for the third time", False),
        ("Subject: Unzustellbar? Ich war den ganzen Tag zu Hause", False),
        ("Subject: Absence de livraison", False),
        ("Subject: Ausencia de respuesta", False),
        ("Subject: Auto: Mangel nach zwei Wochen", False),
        ("Subject: On holiday with you: never again", False),
        ("Subject: Automatic reply is all I ever get", False),
        ("Auto-Submitted: auto-generated\nIn-Reply-To: <1@shop>\nSubject: RE: Your order", True),
        (
            "List-Id: <help.shop.example>\nPrecedence: list\nList-Unsubscribe: <mailto:u@x>\nList-Post: <mailto:a@b>",
            True,
        ),
        ("Precedence: bulk\nIn-Reply-To: <1@shop>\nSubject: Re: Your order", True),
        ("X-Auto-Response-Suppress: All\nSubject: Broken lamp", True),
        ("From: no-reply@forms.example\nReply-To: ana@home.example\nSubject: Contact form", True),
        ("From: help@shop.example\nReply-To: Ana <ana@home.example>\nSubject: Contact form", False),
    ],
)
def test_what_people_wrote_comes_in_though_it_may_not_be_answered(headers: str, silent: bool) -> None:
    found = of(headers)
    assert (found.kind, found.silent) == (None, silent)


def test_a_ticket_system_that_only_says_it_got_our_mail_is_a_machine() -> None:
    text = "This is an automatically generated message. Please do not reply."
    assert of("Auto-Submitted: auto-generated\nIn-Reply-To: <1@shop>\nSubject: RE: x", text).kind is Kind.AUTO_SUBMITTED


def report(fields: str, returned: str = "Message-ID: <survey-7@shop.example>\nSubject: x") -> Message:
    body = (
        "--b\n\nIt could not be delivered.\n"
        f"--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example\n\n{fields}\n"
        f"--b\nContent-Type: message/rfc822\n\n{returned}\n\nThe survey.\n--b--\n"
    )
    headers = (
        'From: MAILER-DAEMON@mx.example\nContent-Type: multipart/report; report-type=delivery-status; boundary="b"'
    )
    return mail(headers, body)


def test_a_bounce_names_whom_it_did_not_reach_and_which_mail_of_ours_it_was() -> None:
    message = report(
        "Final-Recipient: rfc822; ana@home.example\nAction: failed\nStatus: 5.1.1\n\n"
        "Final-Recipient: rfc822; <bor@home.example>\nAction: failed\nStatus: 5.2.2\n\n"
        "Final-Recipient: rfc822; reached@home.example\nAction: delivered\nStatus: 2.0.0"
    )
    assert message.automatic.kind is Kind.BOUNCE
    assert message.bounce_recipients == ("ana@home.example", "bor@home.example")
    assert message.automatic.report is not None
    assert message.automatic.report.original_id == "survey-7@shop.example"


@pytest.mark.parametrize(
    ("fields", "outcome", "recipients"),
    [
        ("Final-Recipient: rfc822; a@b.example\nAction: delayed\nStatus: 4.4.1", "delayed", ("a@b.example",)),
        ("Final-Recipient: rfc822; a@b.example\nAction: delivered\nStatus: 2.0.0", "other", ()),
        ("Final-Recipient: rfc822; a@b.example\nAction: relayed", "other", ()),
    ],
)
def test_late_is_not_lost(fields: str, outcome: str, recipients: tuple[str, ...]) -> None:
    message = report(fields)
    assert message.automatic.kind is Kind.DELIVERY_REPORT
    assert message.automatic.report is not None
    assert (message.automatic.report.outcome, message.bounce_recipients) == (outcome, recipients)


def test_the_address_we_wrote_to_is_named_and_not_the_one_it_was_rewritten_to() -> None:
    fields = "Original-Recipient: rfc822;ana@home.example\nFinal-Recipient: rfc822;u12@internal.example\nAction: failed"
    assert report(fields).bounce_recipients == ("ana@home.example",)


def test_a_bounce_in_nobodys_form_is_known_by_its_words() -> None:
    text = "Hello.\n\nYour message could not be delivered to the following address:\n\n  ana@home.example\n\nBye."
    message = mail("From: Postmaster <postmaster@mx.example>\nSubject: Returned mail", text)
    assert (message.automatic.kind, message.bounce_recipients) == (Kind.BOUNCE, ("ana@home.example",))


def test_a_person_called_postmaster_who_complains_is_no_bounce() -> None:
    found = of("From: Ana, Postmaster <postmaster@home.example>\nSubject: Broken lamp", "The lamp is broken.")
    assert found.kind is None


def test_read_receipts_abuse_reports_and_appointments_are_what_they_are() -> None:
    receipt = 'Content-Type: multipart/report; report-type=disposition-notification; boundary="b"'
    assert (
        of(receipt, "--b\n\nRead.\n--b\nContent-Type: message/disposition-notification\n\nx\n--b--").kind
        == "read_receipt"
    )
    abuse = 'Content-Type: multipart/report; report-type=feedback-report; boundary="b"'
    assert of(abuse, "--b\n\nSpam.\n--b\nContent-Type: message/feedback-report\n\nx\n--b--").kind == "abuse_report"
    meeting = 'Content-Type: multipart/alternative; boundary="b"'
    body = "--b\n\nMeeting\n--b\nContent-Type: text/calendar; method={}\n\nBEGIN:VCALENDAR\n--b--"
    assert of(meeting, body.format("REQUEST")).kind is Kind.CALENDAR
    assert of(meeting, body.format("PUBLISH")).kind is None
