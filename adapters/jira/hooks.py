"""Webhooks of Jira: what a delivery hints at, and making, mending and renewing the hook itself. Used by the adapter.

The hooks are those that an administrator can make ("admin webhooks"), with a secret of ours. Jira never tells a secret,
so a hook whose secret we do not hold is made anew.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from contextlib import suppress
from secrets import token_urlsafe

import msgspec

from adapters.jira.answers import HIDDEN, parsed
from adapters.jira.calls import Calls
from adapters.jira.settings import JiraSettings
from connector.adapter import Credentials, Hook
from connector.errors import AuthError, GoneError, RecordError, SettingsError
from connector.model import JSON

SIGNATURE = "x-hub-signature"
DELIVERY = "x-atlassian-webhook-identifier"
NAME = "Amends"
# https://developer.atlassian.com/cloud/jira/platform/webhooks/#registering-a-webhook-using-the-rest-api--other-integrations-
CLOUD = "/rest/webhooks/1.0/webhook"
DATA_CENTER = "/rest/jira-webhook/1.0/webhooks"
EVENTS = (
    "jira:issue_created",
    "jira:issue_updated",
    "jira:issue_deleted",
    "comment_created",
    "comment_updated",
    "comment_deleted",
)
_BY_HAND = (
    "Let an administrator make it under System > WebHooks with a secret, for events of issues and comments, and say "
    "`hooks: by_hand` and `hook_secret: env:…`."
)


class _Issue(msgspec.Struct, frozen=True):
    id: str | int | None = None
    key: str | None = None


class _Body(msgspec.Struct, frozen=True):
    issue: _Issue | None = None


class _Row(msgspec.Struct, frozen=True):
    """A hook as either deployment lists it; Cloud names it by its address (`self`) alone."""

    url: str = ""
    events: list[str] = []
    id: int | None = None
    link: str | None = msgspec.field(default=None, name="self")
    enabled: bool | None = None
    active: bool | None = None
    filters: dict[str, JSON] = {}

    @property
    def on(self) -> bool:
        return self.enabled is not False and self.active is not False

    @property
    def number(self) -> str:
        return str(self.id) if self.id is not None else (self.link or "").rstrip("/").rpartition("/")[2]


def hear(settings: JiraSettings, headers: Mapping[str, str], body: bytes, secrets: Sequence[str]) -> Hook:
    """See `connector.adapter.Hooking.hear`. Jira signs no time: that a delivery counts once is all that guards against
    one that is sent again by others.

    Source: https://developer.atlassian.com/cloud/jira/platform/webhooks/#secure-admin-webhooks"""
    signature = headers.get(SIGNATURE, "")
    proofs = ["sha256=" + hmac.digest(secret.encode(), body, "sha256").hex() for secret in secrets]
    if sum(hmac.compare_digest(proof.encode(), signature.lower().encode()) for proof in proofs) == 0:
        raise AuthError("the delivery is not signed with a secret of ours.")
    # The identifier is not signed: the bytes are what counts once, however the delivery is named.
    delivery = hashlib.sha256(body).hexdigest()
    if not body.strip():
        return Hook(headers.get(DELIVERY) or delivery)
    try:
        told = msgspec.json.decode(body, type=_Body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RecordError(f"the delivery cannot be read: {error}.") from None
    return Hook(delivery, _read_here(told.issue, settings))


def _read_here(issue: _Issue | None, settings: JiraSettings) -> tuple[str, ...]:
    """The issue, where it is certain that this source reads it: a hook made by hand may tell of other projects too, and
    whether an issue fits `jql` only a search can say."""
    if issue is None or settings.jql is not None or not str(issue.id).isdecimal():
        return ()
    return (str(issue.id),) if (issue.key or "").rpartition("-")[0] in settings.projects else ()


def keep(calls: Calls, address: str, secrets: Credentials, *, renew: bool = False) -> str | None:
    """See `connector.adapter.Hooking.keep_hook`."""
    ours = [row for row in _rows(calls) if row.url == address]
    held = secrets.current()
    good = [row for row in ours if row.on and set(EVENTS) <= set(row.events) and row.filters == _filters(calls)]
    if len(ours) == 1 and good and "secret" in held and not renew:
        return None
    secret = token_urlsafe(32)
    before = {"before": held["secret"]} if "secret" in held else {}
    # Kept first: a hook whose secret was lost would be refused here for ever.
    secrets.replace(held, {"secret": secret, **before})
    _remove(calls, ours)
    calls.manage("post", _path(calls), _wish(calls, address, secret))
    return "made anew" if ours else "made"


def drop(calls: Calls, address: str) -> bool:
    """See `connector.adapter.Hooking.drop_hook`."""
    ours = [row for row in _rows(calls) if row.url == address]
    _remove(calls, ours)
    return bool(ours)


def _path(calls: Calls) -> str:
    if calls.settings.gateway:
        raise SettingsError("hooks cannot be made through Atlassian's gateway.", source=calls.source, remedy=_BY_HAND)
    return CLOUD if calls.settings.cloud else DATA_CENTER


def _filters(calls: Calls) -> dict[str, JSON]:
    named = ", ".join(f'"{key}"' for key in calls.settings.projects)
    return {"issue-related-events-section": f"project in ({named})"}


def _wish(calls: Calls, address: str, secret: str) -> dict[str, JSON]:
    wish: dict[str, JSON] = {"name": NAME, "url": address, "events": list(EVENTS), "filters": _filters(calls)}
    if calls.settings.cloud:
        return wish | {"excludeBody": False, "secret": secret}
    return wish | {"active": True, "configuration": {"EXCLUDE_BODY": "false", "SECRET": secret}}


def _rows(calls: Calls) -> list[_Row]:
    path = _path(calls)
    try:
        content = calls.get(path).content
    except HIDDEN as error:
        raise SettingsError("this site tells us nothing of hooks.", source=calls.source, remedy=_BY_HAND) from error
    return parsed(content, list[_Row], f"GET {path}", source=calls.source)


def _remove(calls: Calls, rows: Sequence[_Row]) -> None:
    for row in rows:
        with suppress(GoneError):
            calls.manage("delete", f"{_path(calls)}/{row.number}")
