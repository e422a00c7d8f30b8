"""What proves that a helpdesk sent a delivery, and what a delivery hints at."""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.jira import Adapter as Jira
from adapters.jira import JiraSettings
from adapters.zendesk import Adapter as Zendesk
from adapters.zendesk import ZendeskSettings
from connector.errors import AuthError, RecordError

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
ZENDESK = ZendeskSettings(url="https://acme.zendesk.com")
JIRA = JiraSettings(url="https://acme.atlassian.net", projects=("HELP",), email="a@b.example")
SUBJECT = {"id": "event-1", "subject": "zen:ticket:4711", "type": "zen:event-type:ticket.created"}


def zendesk(body: bytes, *, secret: str = "right", at: datetime = NOW, stamp: str | None = None) -> dict[str, str]:
    stamp = stamp or at.isoformat().replace("+00:00", "Z")
    proof = base64.b64encode(hmac.digest(secret.encode(), stamp.encode() + body, "sha256")).decode()
    return {"x-zendesk-webhook-signature": proof, "x-zendesk-webhook-signature-timestamp": stamp}


def jira(body: bytes, *, secret: str = "right") -> dict[str, str]:
    proof = hmac.digest(secret.encode(), body, "sha256").hex()
    return {"x-hub-signature": f"sha256={proof}", "x-atlassian-webhook-identifier": "delivery-1"}


def heard_of_zendesk(body: bytes, headers: Mapping[str, str], secrets: tuple[str, ...] = ("right",)) -> Any:
    return Zendesk.hear(ZENDESK, headers, body, secrets, NOW)


def heard_of_jira(body: bytes, headers: Mapping[str, str], settings: JiraSettings = JIRA) -> Any:
    return Jira.hear(settings, headers, body, ("right",), NOW)


def test_a_delivery_of_zendesk_names_its_ticket_and_itself() -> None:
    body = json.dumps(SUBJECT).encode()
    hook = heard_of_zendesk(body, zendesk(body))
    assert hook.delivery == "event-1" and hook.tickets == ("4711",)


def test_h04_while_a_secret_is_changed_the_one_before_counts_too() -> None:
    body = json.dumps(SUBJECT).encode()
    assert heard_of_zendesk(body, zendesk(body, secret="old"), ("new", "old")).tickets == ("4711",)


@pytest.mark.parametrize("minutes", [-6, 2, -60 * 24, 60 * 24])
def test_h02_a_delivery_that_was_signed_at_another_time_proves_nothing(minutes: int) -> None:
    body = json.dumps(SUBJECT).encode()
    with pytest.raises(AuthError):
        heard_of_zendesk(body, zendesk(body, at=NOW + timedelta(minutes=minutes)))


@pytest.mark.parametrize("stamp", ["yesterday", "", "2026-03-02", "9999-99-99T00:00:00Z"])
def test_h01_a_stamp_that_is_no_time_proves_nothing(stamp: str) -> None:
    body = json.dumps(SUBJECT).encode()
    with pytest.raises(AuthError):
        heard_of_zendesk(body, zendesk(body, stamp=stamp) | {"x-zendesk-webhook-signature-timestamp": stamp})


def test_h01_without_a_secret_of_ours_nothing_is_proven() -> None:
    body = json.dumps(SUBJECT).encode()
    with pytest.raises(AuthError):
        heard_of_zendesk(body, zendesk(body), ())
    with pytest.raises(AuthError):
        heard_of_zendesk(body, {})


@given(st.binary(max_size=200), st.binary(max_size=200), st.text(max_size=60))
def test_h03_bytes_that_were_changed_on_the_way_prove_nothing(body: bytes, other: bytes, proof: str) -> None:
    headers = zendesk(body)
    if other != body:
        with pytest.raises(AuthError):
            heard_of_zendesk(other, headers)
        with pytest.raises(AuthError):
            heard_of_jira(other, jira(body))
    if proof != headers["x-zendesk-webhook-signature"]:
        with pytest.raises(AuthError):
            heard_of_zendesk(body, headers | {"x-zendesk-webhook-signature": proof})


@given(st.binary(max_size=300))
def test_whatever_is_signed_is_a_hint_or_told_to_make_no_sense(body: bytes) -> None:
    for heard, headers in ((heard_of_zendesk, zendesk(body)), (heard_of_jira, jira(body))):
        try:
            hook = heard(body, headers)
        except RecordError:
            continue
        assert all(ticket.isdecimal() for ticket in hook.tickets) and hook.delivery


@pytest.mark.parametrize("subject", ["zen:user:4711", "zen:ticket:", "zen:ticket:4711; drop", "4711", None])
def test_a_delivery_about_something_else_names_no_ticket(subject: str | None) -> None:
    body = json.dumps(SUBJECT | {"subject": subject}).encode()
    assert heard_of_zendesk(body, zendesk(body)).tickets == ()


def test_an_empty_delivery_says_that_something_happened() -> None:
    hook = heard_of_zendesk(b"", zendesk(b""))
    assert hook.tickets == () and hook.delivery


def issue(key: str, number: Any = "10001") -> bytes:
    return json.dumps(
        {"webhookEvent": "jira:issue_updated", "timestamp": 1, "issue": {"id": number, "key": key}}
    ).encode()


def test_a_delivery_of_jira_names_its_issue() -> None:
    assert heard_of_jira(issue("HELP-7"), jira(issue("HELP-7"))).tickets == ("10001",)


@pytest.mark.parametrize("key", ["SECRET-7", "HELPME-7", "HELP", ""])
def test_an_issue_that_this_source_does_not_read_is_not_named(key: str) -> None:
    """A hook that was made by hand may tell of every project; they must not be read because of it."""
    assert heard_of_jira(issue(key), jira(issue(key))).tickets == ()


def test_where_a_search_decides_what_is_read_an_issue_is_not_named() -> None:
    only = JiraSettings(url=JIRA.url, projects=("HELP",), email=JIRA.email, jql="labels = complaint")
    assert heard_of_jira(issue("HELP-7"), jira(issue("HELP-7")), only).tickets == ()


def test_s44_the_same_delivery_has_the_same_name_under_whatever_header() -> None:
    """Jira does not sign the identifier: whoever sends a delivery again could give it another one."""
    body = issue("HELP-7")
    again = jira(body) | {"x-atlassian-webhook-identifier": "another"}
    assert heard_of_jira(body, jira(body)).delivery == heard_of_jira(body, again).delivery
