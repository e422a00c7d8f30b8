"""Webhooks of Zendesk: what a delivery hints at, and making, mending and renewing the hook itself. Used by the adapter.

The hook subscribes to ticket events, so that no trigger of the admin's is needed. Its secret is made by Zendesk.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from adapters.zendesk.answers import parsed
from adapters.zendesk.calls import Calls
from adapters.zendesk.listing import listed
from connector.adapter import Credentials, Hook
from connector.errors import AuthError, RecordError

SIGNATURE = "x-zendesk-webhook-signature"
SIGNED_AT = "x-zendesk-webhook-signature-timestamp"
# Zendesk tries a delivery again within minutes, each time with a stamp of its own.
LATE, EARLY = timedelta(minutes=5), timedelta(minutes=1)
SUBJECT = "zen:ticket:"
NAME = "Amends"
HOOKS = "/api/v2/webhooks"
# https://developer.zendesk.com/api-reference/webhooks/event-types/ticket-events/
EVENTS = tuple(
    f"zen:event-type:ticket.{name}"
    for name in (
        "created",
        "comment_added",
        "comment_made_private",
        "comment_redacted",
        "status_changed",
        "custom_status_changed",
        "priority_changed",
        "agent_assignment_changed",
        "group_assignment_changed",
        "custom_field_changed",
        "requester_changed",
        "subject_changed",
        "tags_changed",
        "merged",
        "soft_deleted",
        "undeleted",
        "permanently_deleted",
    )
)


class _Body(msgspec.Struct, frozen=True):
    id: str | None = None
    subject: str | None = None


class _Secret(msgspec.Struct, frozen=True):
    secret: str


class _SecretAnswer(msgspec.Struct, frozen=True):
    signing_secret: _Secret


def hear(headers: Mapping[str, str], body: bytes, secrets: Sequence[str], now: datetime) -> Hook:
    """See `connector.adapter.Hooking.hear`. The signature is over the stamp and the bytes as they came.

    Source: https://developer.zendesk.com/documentation/webhooks/verifying/"""
    stamp, signature = headers.get(SIGNED_AT, ""), headers.get(SIGNATURE, "")
    signed = stamp.encode() + body
    proofs = [base64.b64encode(hmac.digest(secret.encode(), signed, "sha256")).decode() for secret in secrets]
    # All are compared, so that the time it takes tells nothing.
    if sum(hmac.compare_digest(proof.encode(), signature.encode()) for proof in proofs) == 0:
        raise AuthError("the delivery is not signed with a secret of ours.")
    if not now - LATE <= _moment(stamp) <= now + EARLY:
        raise AuthError(f"the delivery was signed at {stamp}, which is not now.")
    if not body.strip():
        return Hook(_digest(stamp, body))
    try:
        told = msgspec.json.decode(body, type=_Body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RecordError(f"the delivery cannot be read: {error}.") from None
    number = (told.subject or "").removeprefix(SUBJECT)
    tickets = (number,) if number.isdecimal() and (told.subject or "").startswith(SUBJECT) else ()
    return Hook(told.id or _digest(stamp, body), tickets)


def keep(calls: Calls, address: str, secrets: Credentials, *, renew: bool = False) -> str | None:
    """See `connector.adapter.Hooking.keep_hook`. Subscriptions are fixed when a hook is made: one that lacks any is
    made anew."""
    ours = [row for row in listed(calls, HOOKS, "webhooks") if row.get("endpoint") == address]
    good = [row for row in ours if set(EVENTS) <= set(_words(row.get("subscriptions")))]
    for row in ours:
        if row not in good[:1]:
            calls.manage("delete", f"{HOOKS}/{row['id']}")
    if not good:
        wish = {
            "name": NAME,
            "endpoint": address,
            "http_method": "POST",
            "request_format": "json",
            "status": "active",
            "subscriptions": list(EVENTS),
        }
        made = calls.manage("post", HOOKS, {"webhook": wish})
        number = parsed(made.content, dict[str, dict[str, Any]], f"POST {HOOKS}", source=calls.source)["webhook"]["id"]
        _kept(secrets, _secret(calls, number))
        return "made"
    number = good[0]["id"]
    done = []
    if good[0].get("status") != "active":
        calls.manage("patch", f"{HOOKS}/{number}", {"webhook": {"status": "active"}})
        done.append("switched on again")
    if renew:
        calls.manage("post", f"{HOOKS}/{number}/signing_secret")
    if _kept(secrets, _secret(calls, number)):
        done.append("its secret fetched")
    return " and ".join(done) or None


def drop(calls: Calls, address: str) -> bool:
    """See `connector.adapter.Hooking.drop_hook`."""
    ours = [row for row in listed(calls, HOOKS, "webhooks") if row.get("endpoint") == address]
    for row in ours:
        calls.manage("delete", f"{HOOKS}/{row['id']}")
    return bool(ours)


def _secret(calls: Calls, number: object) -> str:
    path = f"{HOOKS}/{number}/signing_secret"
    return parsed(calls.get(path).content, _SecretAnswer, f"GET {path}", source=calls.source).signing_secret.secret


def _kept(secrets: Credentials, secret: str) -> bool:
    """Keep the secret, and the one before it for deliveries that are on their way; whether it is a new one."""
    old = secrets.current()
    if old.get("secret") == secret:
        return False
    before = {"before": old["secret"]} if "secret" in old else {}
    secrets.replace(old, {"secret": secret, **before})
    return True


def _words(value: object) -> list[str]:
    return [str(one) for one in value] if isinstance(value, list) else []


def _moment(stamp: str) -> datetime:
    try:
        found = datetime.fromisoformat(stamp)
    except ValueError:
        return datetime.min.replace(tzinfo=UTC)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _digest(stamp: str, body: bytes) -> str:
    return hashlib.sha256(stamp.encode() + body).hexdigest()
