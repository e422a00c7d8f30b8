"""What can be read in a record that lies aside, and whom it says that it is from."""

from __future__ import annotations

from base64 import b64encode

import pytest

from connector.store.legible import senders, texts

MAIL = (
    b"From: Kim Doe <kim@example.com>\r\nTo: help@shop.example\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
    b"<a href=3Dlena@exam=\r\nple.com>\r\n"
)


@pytest.mark.parametrize("body", [MAIL, b'{"message": "%b"}' % b64encode(MAIL)], ids=["mail", "held"])
def test_a_mail_is_read_with_its_headers_and_decoded_whether_it_stands_alone_or_in_a_record(body: bytes) -> None:
    read = "\n".join(texts(body))
    assert "<kim@example.com>" in read and "=lena@example.com" in read
    assert list(senders(body)) == ["Kim Doe <kim@example.com>"]


def test_a_record_is_from_whom_it_names_as_its_sender_and_not_from_whom_it_quotes() -> None:
    body = b'{"ticket": {"text": "ask\\u003ckim@example.com>"}, "requester": {"email": "tim@example.com"}}'
    assert "ask<kim@example.com>" in list(texts(body))
    assert list(senders(body)) == ["email", "tim@example.com"]


def test_what_has_no_form_is_read_as_it_is() -> None:
    assert "\ufffd kim@example.com" in list(texts(b"\xff kim@example.com")) and not list(
        senders(b"\xff kim@example.com")
    )
