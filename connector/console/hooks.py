"""Webhooks that go out: what the audit log notes, told to other programs, signed as Standard Webhooks say.

Each hook has its place in the log. A line is told until it is answered with 2xx, in order, again after longer and
longer pauses; its number is the message's id, so whoever hears one twice can tell. Called by `serving`.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import logging
from datetime import datetime, timedelta

import msgspec

from connector.commands.place import Place
from connector.credentials import SourceCredentials
from connector.errors import AmendsError, SettingsError
from connector.http import session
from connector.retry import delay_seconds
from connector.settings.web import HookSettings
from connector.store import Store, auditing
from connector.store.auditing import HookRow, Noted

log = logging.getLogger("amends.web")

BATCH = 100
_MARK = "whsec_"


def tell(place: Place, store: Store, hooks: tuple[HookSettings, ...]) -> int:
    """Tell every hook what it was not told yet; returns how many lines were. A hook that is new begins with what comes
    next."""
    with store.read() as connection:
        known = auditing.hooks(connection)
        newest = auditing.newest(connection)
    gone = sorted(set(known) - {one.name for one in hooks})
    if gone:
        with store.write("hooks: forgotten") as connection:
            auditing.forget_hooks(connection, gone)
    return sum(_tell_one(place, store, one, known.get(one.name), newest) for one in hooks)


def _tell_one(place: Place, store: Store, hook: HookSettings, row: HookRow | None, newest: int) -> int:
    now = place.wall()
    if row is None:
        _save(store, HookRow(hook.name, newest, 0, now, None))
        return 0
    if row.next_at > now:
        return 0
    with store.read() as connection:
        lines = auditing.lines_after(connection, row.told_to, BATCH)
    told = 0
    try:
        for line in lines:
            if line.what.startswith(hook.events):
                _post(hook, line, place.wall())
                told += 1
            row = HookRow(hook.name, line.id, 0, now, None)
    except AmendsError as error:
        rest = timedelta(seconds=delay_seconds(row.failures + 1, getattr(error, "retry_after_seconds", None)))
        row = HookRow(hook.name, row.told_to, row.failures + 1, now + rest, str(error))
        log.warning("webhook %s: %s Tried again in %.0f s.", hook.name, error, rest.total_seconds())
    if lines:
        _save(store, row)
    return told


def _save(store: Store, row: HookRow) -> None:
    with store.write("hook: told") as connection:
        auditing.save_hook(connection, row)


def _post(hook: HookSettings, line: Noted, now: datetime) -> None:
    body = message(line)
    headers = signed(_secret(hook), f"audit_{line.id}", now, body) | {"Content-Type": "application/json"}
    with session(f"webhook {hook.name}") as http:
        answer = http.post(hook.url, data=body, headers=headers, allow_redirects=False)
    if not 200 <= answer.status_code < 300:
        raise AmendsError(f"it answered {answer.status_code}.", remedy="Look there, and at its address in amends.yaml.")


def message(line: Noted) -> bytes:
    """A line of the log as a message: its type ("write.done"), when it happened, and what is known of it."""
    kind = line.what.replace(": ", ".").replace(" ", "_")
    return msgspec.json.encode({"type": kind, "timestamp": line.at, "data": line})


def signed(secret: bytes, ident: str, now: datetime, body: bytes) -> dict[str, str]:
    """The headers of Standard Webhooks 1.0: HMAC-SHA256 over "id.timestamp.body"."""
    stamp = str(int(now.timestamp()))
    digest = hmac.digest(secret, b".".join((ident.encode(), stamp.encode(), body)), "sha256")
    return {
        "webhook-id": ident,
        "webhook-timestamp": stamp,
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }


def _secret(hook: HookSettings) -> bytes:
    said = SourceCredentials(f"webhook {hook.name}", {"secret": hook.secret}).current()["secret"]
    try:
        return base64.b64decode(said.removeprefix(_MARK), validate=True)
    except binascii.Error:
        raise SettingsError(
            f"the secret of the webhook {hook.name} is not written in base64.",
            remedy="It is `whsec_` and 24 to 64 bytes in base64, as Standard Webhooks say.",
        ) from None
