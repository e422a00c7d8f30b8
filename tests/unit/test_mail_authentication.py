"""Whether a sender is believed: only what our own border found out counts, and never what a stranger can type."""

from __future__ import annotations

import pytest

from adapters.imap.authentication import Authentication, Trust
from adapters.imap.message import understood

PASS = "dkim=pass header.d=home.example; spf=pass smtp.mailfrom=ana@home.example; dmarc=pass header.from=home.example"
BORDER = "Received: from out.home.example by mx.shop.example; Mon, 2 Mar 2026 08:00:00 +0000\n"
OUTSIDE = "Received: from laptop by out.home.example; Mon, 2 Mar 2026 07:59:00 +0000\n"


def of(
    headers: str, sender: str = "Ana <ana@home.example>", trusted: tuple[str, ...] = ("mx.shop.example",)
) -> Authentication:
    return understood(f"{headers}From: {sender}\nSubject: x\n\nx".encode(), trusted_hosts=trusted).authentication


def results(text: str, host: str = "mx.shop.example") -> str:
    return f"Authentication-Results: {host};\n {text}\n"


@pytest.mark.parametrize(
    ("text", "level"),
    [
        (PASS, Trust.VERIFIED),
        ("dmarc=pass (p=REJECT sp=NONE dis=NONE) header.from=home.example", Trust.VERIFIED),
        ("dmarc=pass header.from=other.example", Trust.PLAUSIBLE),
        ("dmarc=none; spf=pass smtp.mailfrom=bounce.example", Trust.PLAUSIBLE),
        ("dkim=fail header.d=home.example; dkim=pass header.d=list.example", Trust.PLAUSIBLE),
        ("spf=softfail; dkim=none; dmarc=none", Trust.UNVERIFIED),
        ("none", Trust.UNVERIFIED),
        ("spf=pass smtp.mailfrom=evil.example; dmarc=fail header.from=home.example", Trust.FAILED),
        ("dkim=pass (dmarc=pass header.from=home.example); dmarc=fail", Trust.FAILED),
        ("dmarc=temperror header.from=home.example", Trust.UNVERIFIED),
    ],
)
def test_the_level_is_what_the_border_found(text: str, level: Trust) -> None:
    assert of(results(text) + BORDER + OUTSIDE).level is level


def test_a_result_below_the_border_is_what_gmail_writes_and_is_believed() -> None:
    assert of(BORDER + results(PASS) + OUTSIDE).level is Trust.VERIFIED


def test_a_result_that_a_stranger_typed_is_not_believed() -> None:
    assert of(BORDER + OUTSIDE + results(PASS)).level is Trust.UNVERIFIED
    assert of(OUTSIDE + results(PASS)).level is Trust.UNVERIFIED
    assert of(results("dmarc=fail") + BORDER + OUTSIDE + results(PASS)).level is Trust.FAILED


@pytest.mark.parametrize("host", ["mx.evil.example", "evil-mx.shop.example", "mx.shop.example.evil.example", ""])
def test_a_result_of_another_host_is_not_believed(host: str) -> None:
    assert of(results(PASS, host) + BORDER + OUTSIDE).level is Trust.UNVERIFIED


def test_without_a_trusted_host_nobody_is_believed() -> None:
    assert of(results(PASS) + BORDER, trusted=()).level is Trust.UNVERIFIED


@pytest.mark.parametrize("sender", ["a@home.example, b@home.example", "ana", "", "undisclosed:;"])
def test_a_sender_who_is_not_exactly_one_address_is_never_verified(sender: str) -> None:
    assert of(results(PASS) + BORDER, sender).level is Trust.UNVERIFIED


def test_domains_are_compared_as_the_net_knows_them() -> None:
    assert (
        of(results("dmarc=pass header.from=xn--bcher-kva.example") + BORDER, "x@Bücher.example").level is Trust.VERIFIED
    )
    # The second letter is Cyrillic: another domain, whatever it looks like.
    assert of(results("dmarc=pass header.from=home.example") + BORDER, "x@hоme.example").level is Trust.PLAUSIBLE


def test_servers_of_ours_behind_the_border_do_not_hide_its_result() -> None:
    behind = "Received: from mx.shop.example by store.internal; Mon, 2 Mar 2026 08:00:01 +0000\n"
    assert of(behind + results(PASS) + BORDER + OUTSIDE).level is Trust.VERIFIED
