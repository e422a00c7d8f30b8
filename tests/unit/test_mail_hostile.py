"""Mail that is meant to break its reader: any bytes, and structures whose cost would grow faster than their size.

A test that does not end within the suite's patience has failed; there are no other clocks here. The figures, with
seconds and megabytes, are those of `benchmarks/mail.py`.
"""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.imap.describing import described
from adapters.imap.message import understood

HEAD = b"From: a@b.example\nSubject: x\nDate: Mon, 2 Mar 2026 08:00:00 +0000\nMessage-ID: <1@x>\n"
PIECES = st.sampled_from([
    b"From: a@b.example\n", b"Subject: =?utf-8?q?", b"?=", b"\n", b"\r\n", b"\r", b"--b\n", b"--b--\n", b"(", b'"',
    b"<", b">", b"Content-Type: multipart/mixed; boundary=b\n", b"Content-Type: text/html\n", b"Date: x\n", b"text",
    b" ", b"Content-Transfer-Encoding: base64\n", b"Content-Type: message/delivery-status\n", b"References: <",
    b"+2AA-", b"Content-Type: text/plain; charset=utf-7\n", b"=D8=00", b"\xff\xfe",
    b"Content-Type: message/rfc822\n", b"\xe9",
    b"Content-Transfer-Encoding: x-uuencode\n", b"begin 644 a\n", b"\0", b"> ", b"<div>", b"Action: failed\n", b"\xc3",
    b"Final-Recipient: rfc822; a@b\n", b"On 2 Mar 2026, a@b wrote:\n", b"&#xD800;", b"filename*0*=x''%",
    b"Authentication-Results: mx; dmarc=pass\n",
])  # fmt: skip


def readable(raw: bytes) -> None:
    """Understood without an exception, and storable."""
    message = understood(raw, own_addresses=["a@b.example"], trusted_hosts=["mx"])
    msgspec.json.encode(described("x", message, "en"))


@given(st.binary(max_size=3000))
def test_no_bytes_raise(raw: bytes) -> None:
    readable(raw)
    readable(HEAD + b"\n" + raw)


@settings(max_examples=400)
@given(st.lists(PIECES, max_size=40))
def test_no_pieces_of_mail_in_any_order_raise(pieces: list[bytes]) -> None:
    readable(b"".join(pieces))


def nested(levels: int) -> bytes:
    opened = (b'Content-Type: multipart/mixed; boundary="b%d"\n\n--b%d\n' % (level, level) for level in range(levels))
    return HEAD + b"".join(opened) + b"Content-Type: text/plain\n\ninnermost\n"


HOSTILE = {
    "3,000 parentheses": b"From: " + b"(" * 3000 + b"\nTo: " + b"(" * 3000 + b"\n\nx",
    "500 nested parts": nested(500),
    "5,000 nested parts": nested(5000),
    "200 nested parts around a million lines": nested(200) + b"line\n" * 1_000_000,
    "50,000 parts": HEAD + b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\nx\n" * 50_000 + b"--b--\n",
    "50,000 lines that are almost a boundary": HEAD
    + b"Content-Type: multipart/mixed; boundary=b\n\n"
    + b"--bx\n" * 50_000,
    "200 kB of quotes": HEAD + b"\nBroken.\n" + b"> quoted line of text here\n" * 8000,
    "words that almost introduce a quote": HEAD
    + b"\nx\n"
    + b"On Mon, 2 Mar 2026 at 10:00, A a@b.example and so on\n" * 4000,
    "copied headers without end": HEAD + b"\nx\n" + b"Cc: a@b.example\n" * 16_000,
    "20,000 nested elements": HEAD + b"Content-Type: text/html\n\n" + b"<div>" * 20_000 + b"innermost",
    "50,000 scripts that never end": HEAD + b"Content-Type: text/html\n\n" + b"<script>" * 50_000,
    "an endless style": HEAD + b'Content-Type: text/html\n\n<div style="' + b"border:none " * 20_000 + b'">x</div>',
    "10,000 headers": HEAD + b"X-A: b\n" * 10_000 + b"\nx",
    "a header of 20 MB": b"From: a@b.example\nSubject: " + b"x" * 20_000_000 + b"\n\nx",
    "encoded words that never end": b"From: a@b.example\nSubject: " + b"=?utf-8?q?a" * 1500 + b"\n\nx",
    "a name of backslashes": b'From: "' + b"\\a" * 8000 + b"\n\nx",
    "ten million empty lines": HEAD + b"\n" + b"\n" * 10_000_000,
    "one line of 20 MB": HEAD + b"\n" + b"a" * 20_000_000,
    "at signs and brackets": HEAD + b"\n" + b"@" * 100_000 + b"\n" + b"<" * 100_000 + b"\n" + b"a@" * 50_000,
    "spaces": HEAD + b"\n" + b" " * 200_000 + b"\n" + (b" " * 390 + b"x\n") * 200,
    "a bounce without end": b"From: mailer-daemon@x.example\nSubject: Undeliverable\n\n" + b"-" * 3_000_000,
    "comments in comments": HEAD + b"Authentication-Results: " + b"(" * 16_000 + b"\n\nx",
    "a million brackets": HEAD + b"\n" + b"<" * 1_000_000 + b"\n" + b"[" * 1_000_000,
    "a million brackets in From": b"From: " + b"<" * 1_000_000 + b"\n\nx",
    "copied headers in one line": HEAD + b"\nx\n" + (b"From: a@b " + b"Sent: x " * 200 + b"\n") * 3000,
    "names that almost introduce a quote": HEAD + b"\nx\n" + (b"<a" * 190 + b"@b:\n") * 4000,
    "a bounce of words": b"From: mailer-daemon@x.example\nSubject: Undeliverable\n\n"
    + b"was not delivered a@b.example original address: \n" * 50_000,
    "a bounce of recipients": b"From: mailer-daemon@x.example\nSubject: Undeliverable\n\n"
    + b"Final-Recipient: rfc822; a@b.example\n" * 50_000,
    "forwards in forwards": HEAD + b"Content-Type: message/rfc822\n\n" * 2000 + b"x",
}


@pytest.mark.parametrize("raw", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_mail_is_read_within_bounds(raw: bytes) -> None:
    readable(raw)


def test_the_innermost_text_of_deep_structure_is_kept() -> None:
    assert "innermost" in understood(HOSTILE["500 nested parts"]).full_text
    assert understood(HOSTILE["20,000 nested elements"]).full_text == "innermost"
