"""The site's admin webhooks: what an administrator registers, and the events that they are sent, signed with the secret
given. Used by `routes` and `records`."""

from __future__ import annotations

import hmac
import re
import uuid
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec

from sandbox.http.answers import Answer, told
from sandbox.http.courier import Courier, Letter
from sandbox.jira.answers import forbidden, invalid
from sandbox.jira.call import Call

if TYPE_CHECKING:
    from sandbox.jira.records import Issue, Records

JSON = Any
SECTION = "issue-related-events-section"


class Webhooks:
    """The hooks of one site by number, and the courier who carries their deliveries. Secrets are never told again."""

    def __init__(self) -> None:
        self.rows: dict[int, dict[str, JSON]] = {}
        self.secrets: dict[int, str] = {}
        self.courier = Courier()
        self._last = 0

    def add(self, wish: dict[str, JSON], secret: str | None) -> dict[str, JSON]:
        self._last += 1
        self.rows[self._last] = wish
        if secret:
            self.secrets[self._last] = secret
        return wish

    def tell(self, records: Records, issue: Issue, event: str) -> None:
        """Send `event` ("jira:issue_updated") of an issue to every hook that wants it."""
        for number, row in self.rows.items():
            projects = re.findall(r'"([^"]+)"', str(row.get("filters", {}).get(SECTION, "")))
            on = row.get("enabled", row.get("active", True))
            if on and event in row["events"] and (not projects or issue.project in projects):
                body = msgspec.json.encode(
                    {
                        "timestamp": int(records.now().timestamp() * 1000),
                        "webhookEvent": event,
                        "issue": {"id": str(issue.number), "key": issue.key},
                    }
                )
                self.courier.send(Letter(row["url"], partial(self._sealed, number, str(uuid.uuid4()), body)))

    def _sealed(self, number: int, delivery: str, body: bytes) -> tuple[dict[str, str], bytes]:
        headers = {"Content-Type": "application/json", "X-Atlassian-Webhook-Identifier": delivery}
        if secret := self.secrets.get(number):
            headers["X-Hub-Signature"] = "sha256=" + hmac.digest(secret.encode(), body, "sha256").hex()
        return headers, body


def listing(call: Call) -> Answer:
    hooks = _hooks(call)
    return told([_shown(call, number, row) for number, row in hooks.rows.items()])


def create(call: Call) -> Answer:
    hooks, wish = _hooks(call), msgspec.json.decode(call.request.body)
    if not str(wish.get("url", "")).startswith("http") or not wish.get("name"):
        raise invalid("A webhook needs a name and a URL.")
    secret = wish.pop("secret", None) or wish.pop("configuration", {}).get("SECRET")
    hooks.add(wish, secret)
    number = max(hooks.rows)
    return told(_shown(call, number, hooks.rows[number]), 201)


def remove(call: Call) -> Answer:
    hooks = _hooks(call)
    number = int(call.parts[0])
    if number not in hooks.rows:
        raise invalid("The webhook does not exist.", 404)
    del hooks.rows[number]
    hooks.secrets.pop(number, None)
    return Answer(204)


def _hooks(call: Call) -> Webhooks:
    if not call.jira.admin_rights:
        raise forbidden()
    return call.jira.hooks


def _shown(call: Call, number: int, row: dict[str, JSON]) -> dict[str, JSON]:
    if call.jira.switches.cloud:
        link = f"{call.jira.links}/rest/webhooks/1.0/webhook/{number}"
        return {"enabled": True, "excludeBody": False, **row, "self": link}
    return {"active": True, "scopeType": "global", **row, "id": number}
