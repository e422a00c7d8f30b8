"""One mail, understood: headers, people, structure, attachments and ids, of mails as they really come."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from hashlib import sha256

import pytest

from adapters.imap.addresses import Address, addresses, same_person_as
from adapters.imap.attachments import Mark, safe_name
from adapters.imap.identifiers import canonical_id, ids
from adapters.imap.message import Message, understood
from adapters.imap.parts import Limits

HEAD = (
    "From: Ana <ana@home.example>\nTo: help@shop.example\nDate: Mon, 2 Mar 2026 09:14:00 +0100\nMessage-ID: <1@home>\n"
)


def mail(headers: str, body: str = "Broken again.") -> Message:
    return understood(f"{HEAD}{headers}\n\n{body}".encode("utf-8", "surrogateescape"))


def parts(*each: str, kind: str = "mixed", more: str = "") -> Message:
    body = "".join(f"--sep\n{part}\n" for part in each)
    return mail(f'MIME-Version: 1.0\nContent-Type: multipart/{kind}; boundary="sep"{more}', f"{body}--sep--\n")


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ("=?utf-8?Q?Beschwerde_=C3=BCber_4711?=", "Beschwerde über 4711"),
        ("=?UTF-8?B?QmVzY2h3ZXJkZQ==?=\n =?UTF-8?B?IMO8YmVyIDQ3MTE=?=", "Beschwerde über 4711"),
        ("=?utf-8?Q?split_letter_=C3?= =?utf-8?Q?=BC?=", "split letter ü"),
        ("=?iso-2022-jp?B?GyRCNmw+cBsoQg==?=", "苦情"),
        ("=?gb2312?B?zbbL3w==?=", "投诉"),
        ("=?x-unknown?Q?caf=E9?=", "café"),
        ("=?utf-8?q?no_end", "=?utf-8?q?no_end"),
        ("Jammer genoeg — kapot", "Jammer genoeg — kapot"),
        ("folded\n and folded", "folded and folded"),
        ("turned \u202e around", "turned around"),
    ],
)  # fmt: skip
def test_subjects_are_read_as_their_writers_meant_them(sent: str, read: str) -> None:
    assert mail(f"Subject: {sent}").subject == read


def test_a_subject_in_raw_western_letters_is_read_and_the_guess_is_told() -> None:
    message = understood(b"From: a@b.example\nSubject: R\xfcckgabe\n\nx")
    assert (message.subject, message.subject_as_sent) == ("Rückgabe", "R\ufffdckgabe")


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ("Ana Novak <ana@home.example>", [Address("Ana Novak", "ana@home.example")]),
        ('"Novak, Ana" <Ana@Home.Example>', [Address("Novak, Ana", "Ana@home.example")]),
        ("ana@home.example (Ana Novak)", [Address("Ana Novak", "ana@home.example")]),
        ("=?utf-8?Q?Novak=2C_Ana?= <ana@home.example>", [Address("Novak, Ana", "ana@home.example")]),
        ('"boss@shop.example" <x@evil.example>', [Address("boss@shop.example", "x@evil.example")]),
        ("Team: a@x.example, B <b@x.example>;", [Address("", "a@x.example"), Address("B", "b@x.example")]),
        ("undisclosed-recipients:;", []),
        ("<ana @ home.example>", [Address("", "ana@home.example")]),
        ("Ana ana@home.example", [Address("Ana", "ana@home.example")]),
        ("<<ana@home.example>>", [Address("", "ana@home.example")]),
        ("mailto:ana@home.example", [Address("", "ana@home.example")]),
        ("", []),
        ("(" * 3000, []),
    ],
)  # fmt: skip
def test_people_are_read_from_their_addresses_and_never_from_their_names(sent: str, read: list[Address]) -> None:
    assert list(addresses([sent])) == read


def test_at_most_so_many_recipients_are_read() -> None:
    assert len(addresses([", ".join(f"n{number}@x.example" for number in range(2000))], most=200)) == 200


def test_a_plus_form_of_our_address_is_ours_and_a_longer_domain_is_not() -> None:
    own = ["Help@Shop.example"]
    assert same_person_as("help+t1@shop.example", own)
    assert not same_person_as("help@evil-shop.example", own)
    assert not same_person_as("help@shop.example.evil.example", own)


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ("Mon, 2 Mar 2026 09:14:00 +0100", datetime(2026, 3, 2, 8, 14, tzinfo=UTC)),
        ("2 Mar 2026 09:14 EST", datetime(2026, 3, 2, 14, 14, tzinfo=UTC)),
        ("Mon, 02 Mar 2026 09:14:00", datetime(2026, 3, 2, 9, 14, tzinfo=UTC)),
        ("yesterday", None),
        ("Mon, 99 Mar 2026 99:14:00 +9999", None),
    ],
)
def test_dates_are_in_utc_or_none(sent: str, read: datetime | None) -> None:
    assert understood(f"From: a@b.example\nDate: {sent}\n\nx".encode()).date == read


def test_the_plain_alternative_is_taken_unless_it_says_nothing() -> None:
    html = "Content-Type: text/html\n\n<p>Die Lampe ist kaputt, zum zweiten Mal.</p>"
    assert parts("Content-Type: text/plain\n\nBroken.", html, kind="alternative").full_text == "Broken."
    for nothing in ("", " \n", "Your mail program does not support HTML mail.", "<html><body>x</body></html>"):
        message = parts(f"Content-Type: text/plain\n\n{nothing}", html, kind="alternative")
        assert message.full_text == "Die Lampe ist kaputt, zum zweiten Mal."


def test_texts_that_follow_each_other_are_joined_and_files_are_not() -> None:
    message = parts(
        "\nBefore the picture.",
        "Content-Type: image/png; name=lamp.png\nContent-Transfer-Encoding: base64\n\niVBORw0KGgo=",
        "Content-Type: text/plain\n\nAfter it.",
        "Content-Type: text/plain; name=log.txt\nContent-Disposition: attachment; filename=log.txt\n\nlog",
    )
    assert message.full_text == "Before the picture.\n\nAfter it."
    assert [(one.name, one.type, one.size_bytes) for one in message.attachments] == [
        ("lamp.png", "image/png", 8),
        ("log.txt", "text/plain", 3),
    ]
    assert message.attachments[0].sha256 == sha256(base64.b64decode("iVBORw0KGgo=")).hexdigest()


def test_a_forwarded_message_as_an_attachment_is_one_and_bears_its_subject() -> None:
    inner = "Content-Type: message/rfc822\n\nFrom: x@y.example\nSubject: =?utf-8?q?Prito=C5=BEba?=\n\nThe inner text."
    message = parts("\nSee attached.", inner)
    assert message.full_text == "See attached."
    assert [one.name for one in message.attachments] == ["Pritožba.eml"]


@pytest.mark.parametrize(
    ("sent", "safe"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\ana\\lamp.png", "lamp.png"),
        ("invoice\u202efdp.exe", "invoicefdp.exe"),
        ("a\x00b\r\nc.txt", "ab_c.txt"),
        ("..", ""),
        ("x" * 300 + ".pdf", "x" * 109 + ".pdf"),
        ('we"ird<name>?.txt', "we_ird_name_.txt"),
    ],
)
def test_names_of_attachments_are_made_safe(sent: str, safe: str) -> None:
    assert safe_name(sent) == safe


@pytest.mark.parametrize(
    ("disposition", "name"),
    [
        ('attachment; filename="=?utf-8?q?ra=C4=8Dun.pdf?="', "račun.pdf"),
        ("attachment; filename*=utf-8''ra%C4%8Dun.pdf", "račun.pdf"),
        ("attachment; filename*0*=utf-8''ra%C4; filename*1*=%8Dun; filename*2=.pdf", "račun.pdf"),
        ("attachment; filename=two words.pdf", "two words.pdf"),
        ("attachment", "part-1.bin"),
    ],
)
def test_names_of_attachments_are_read_however_they_are_written(disposition: str, name: str) -> None:
    message = parts("\nx", f"Content-Type: application/pdf\nContent-Disposition: {disposition}\n\n%PDF")
    assert [one.name for one in message.attachments] == [name]


@pytest.mark.parametrize(
    ("part", "mark"),
    [
        ("Content-Type: application/ms-tnef; name=winmail.dat\n\nx", Mark.TNEF),
        ("Content-Type: application/pkcs7-mime; smime-type=enveloped-data\n\nx", Mark.ENCRYPTED),
        ("Content-Type: application/pkcs7-mime; smime-type=signed-data\n\nx", Mark.OPAQUE),
        ("Content-Type: text/plain\n\n-----BEGIN PGP MESSAGE-----\nhQEMA", Mark.ENCRYPTED),
        ("Content-Type: text/calendar\n\nMETHOD:PUBLISH", Mark.CALENDAR),
    ],
)
def test_what_is_sealed_is_marked_and_not_guessed_at(part: str, mark: Mark) -> None:
    assert parts(part).marks == (mark,)


def test_a_signed_mail_is_read_and_its_signature_gives_no_trust() -> None:
    message = parts("\nBroken.", "Content-Type: application/pgp-signature\n\n-----BEGIN", kind="signed")
    assert (message.full_text, message.marks) == ("Broken.", (Mark.SIGNED,))
    assert message.authentication.level == "unverified"


@pytest.mark.parametrize(
    "body",
    [
        'Content-Type: multipart/mixed; boundary="b"\n\n--b\n\nBroken.\n',
        'Content-Type: multipart/mixed; boundary="b"\n\npreamble\n--b\n\nBroken.\n--b--\nepilogue\n--b\n\nnot this\n',
        'Content-Type: multipart/mixed; boundary="b"\n\n--b\n'
        'Content-Type: multipart/mixed; boundary="bb"\n\n--bb\n\nBroken.\n--bb--\n--b--\n',
        "Content-Type: multipart/mixed\n\nBroken.\n",
        "Content-Type: text/plain; charset=no-such\n\nBroken.\n",
        "Content-Type: text/plain\nContent-Transfer-Encoding: 7-bit\n\nBroken.\n",
        "Content-Type: text/plain\nContent-Transfer-Encoding: base64\n\nQnJva2Vu\nLg\n",
        "Content-Type: nonsense\n\nBroken.\n",
        "Subject : spaces before the colon\n\nBroken.\n",
        "this line is none\nMIME-Version: 1.0\n\nBroken.\n",
    ],
)  # fmt: skip
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_broken_structure_still_gives_the_text(body: str, line_end: str) -> None:
    raw = f"From: a@b.example\n{body}".replace("\n", line_end).encode()
    assert understood(raw).full_text == "Broken."


def test_text_without_headers_is_text_and_no_mail_at_all_is_nothing() -> None:
    assert understood(b"Hello: this is\nonly text.").full_text == "Hello: this is\nonly text."
    assert understood(b"\xd0\xcf\x11\xe0\0\0\0\0" * 100).full_text == ""
    assert understood(b"").full_text == ""
    assert understood(b"<div>Only <b>mark-up</b></div>").full_text == "Only mark-up"


def test_a_text_that_holds_copied_headers_is_no_mail() -> None:
    text = "My answer.\nFrom: Shop <s@shop.example>\nSent: Monday\nTo: a@b.example\nSubject: x\n\nYour order"
    message = understood(text.encode())
    assert (message.reply_text, message.full_text) == ("My answer.", text)


def test_paragraphs_that_were_wrapped_on_their_way_are_whole_again() -> None:
    message = mail("Content-Type: text/plain; format=flowed", "The lamp \narrived broken.\n\n> you \n> said\n")
    assert message.full_text == "The lamp arrived broken.\n\n> you said"


@pytest.mark.parametrize(
    ("raw", "canonical"),
    [("<a@b>", "a@b"), (" < a@b > ", "a@b"), ("a@b", "a@b"), ("<a b@c>", "ab@c"), ("", None), ("<>", None)],
)
def test_message_ids_are_compared_without_what_clients_add(raw: str, canonical: str | None) -> None:
    assert canonical_id(raw) == canonical


def test_references_are_read_with_prose_repeats_and_missing_brackets() -> None:
    assert ids("<a@b> <c@d>\n <a@b>") == ("a@b", "c@d")
    assert ids('Your message of "Mon" <a@b>') == ("a@b",)
    assert ids("a@b c@d") == ("a@b", "c@d")
    assert ids("no id here") == ()
    assert len(ids(" ".join(f"<{number}@x>" for number in range(500)))) == 100


def test_copies_of_one_message_share_a_fingerprint_and_a_replayed_id_does_not() -> None:
    first, copy = (
        mail("Subject: x"),
        understood(b"Received: by another.example\n" + f"{HEAD}Subject: x\n\nBroken again.".encode()),
    )
    replayed = mail("Subject: x", "Something else.")
    assert first.fingerprint == copy.fingerprint
    assert first.message_id == replayed.message_id
    assert first.fingerprint != replayed.fingerprint


def test_what_lies_beyond_the_limits_is_left_out_and_said() -> None:
    many = b"From: a@b.example\nContent-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\nx\n" * 50_000 + b"--b--\n"
    assert "there are too many parts: the rest was left out" in understood(many, limits=Limits(parts=100)).defects
    large = understood(b"From: a@b.example\n\n" + b"x" * 1000, limits=Limits(bytes_of_message=500))
    assert "the message is too large: only its beginning was read" in large.defects
