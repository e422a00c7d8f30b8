"""The account's webhooks: what an admin registers, and the ticket events that they are sent, signed. Used by `routes`
and `records`."""

from __future__ import annotations

import base64
import hmac
import uuid
from functools import partial
from secrets import token_urlsafe
from typing import TYPE_CHECKING, Any

import msgspec

from sandbox.clock import wall
from sandbox.http.answers import Answer, Refused, Request, told
from sandbox.http.courier import Courier, Letter
from sandbox.zendesk.answers import invalid, not_found
from sandbox.zendesk.shapes import Body, iso

if TYPE_CHECKING:
    from sandbox.zendesk.account import Account

JSON = Any
TICKET = "zen:event-type:ticket."
OF_FIELD = {
    "status": "status_changed",
    "custom_status_id": "custom_status_changed",
    "priority": "priority_changed",
    "assignee_id": "agent_assignment_changed",
    "group_id": "group_assignment_changed",
    "requester_id": "requester_changed",
    "subject": "subject_changed",
    "tags": "tags_changed",
}


class Webhooks:
    """The hooks of one account by id, their secrets, and the courier who carries their deliveries."""

    def __init__(self) -> None:
        self.rows: dict[str, Body] = {}
        self.secrets: dict[str, str] = {}
        self.courier = Courier()

    def tell(self, audit: Body, *, created: bool) -> None:
        """Send what an audit says to every active hook that subscribes to it."""
        if not self.rows:
            return
        kinds = ["created"] if created else list(dict.fromkeys(_kinds(audit)))
        for number, row in self.rows.items():
            for kind in kinds:
                if row["status"] == "active" and TICKET + kind in row["subscriptions"]:
                    self._send(number, row["endpoint"], TICKET + kind, audit)

    def _send(self, number: str, url: str, kind: str, audit: Body) -> None:
        ticket = str(audit["ticket_id"])
        body = msgspec.json.encode(
            {
                "type": kind,
                "account_id": 88,
                "id": str(uuid.uuid4()),
                "time": audit["created_at"],
                "zendesk_event_version": "2022-11-06",
                "subject": f"zen:ticket:{ticket}",
                "detail": {"id": ticket, "updated_at": audit["created_at"]},
                "event": {},
            }
        )
        self.courier.send(Letter(url, partial(self._sealed, number, body)))

    def _sealed(self, number: str, body: bytes) -> tuple[dict[str, str], bytes]:
        stamp = iso(wall())
        proof = hmac.digest(self.secrets.get(number, "gone").encode(), stamp.encode() + body, "sha256")
        return {
            "Content-Type": "application/json",
            "User-Agent": "Zendesk Webhook",
            "X-Zendesk-Webhook-Id": number,
            "X-Zendesk-Webhook-Signature": base64.b64encode(proof).decode(),
            "X-Zendesk-Webhook-Signature-Timestamp": stamp,
        }, body


def _kinds(audit: Body) -> list[str]:
    found = []
    for event in audit["events"]:
        if event["type"] == "Comment":
            found.append("comment_added")
        elif event["type"] == "Change":
            found.append(OF_FIELD.get(event["field_name"], "custom_field_changed"))
    return found or ["status_changed"]


def create(account: Account, request: Request) -> Answer:
    wish = msgspec.json.decode(request.body).get("webhook", {})
    if not wish.get("name") or not str(wish.get("endpoint", "")).startswith("http"):
        raise invalid({"base": ["Webhook name and endpoint cannot be blank"]})
    number = uuid.uuid4().hex[:26].upper()
    row = {"status": "active", "subscriptions": [], **wish, "id": number, "created_at": iso(account.now())}
    account.hooks.rows[number] = row
    account.hooks.secrets[number] = token_urlsafe(24)
    return told({"webhook": row}, 201)


def change(account: Account, request: Request) -> Answer:
    row = account.hooks.rows[_number(account, request)]
    wish = msgspec.json.decode(request.body).get("webhook", {})
    if "subscriptions" in wish:
        raise Refused(400, {"errors": [{"code": "InvalidWebhookPatch", "title": "Subscriptions cannot be changed"}]})
    row.update({name: value for name, value in wish.items() if name != "id"})
    return Answer(204)


def remove(account: Account, request: Request) -> Answer:
    number = _number(account, request)
    del account.hooks.rows[number], account.hooks.secrets[number]
    return Answer(204)


def secret(account: Account, request: Request) -> Answer:
    """GET tells the secret, POST makes a new one."""
    number = _number(account, request)
    if request.method == "POST":
        account.hooks.secrets[number] = token_urlsafe(24)
    found = {"algorithm": "SHA256", "secret": account.hooks.secrets[number]}
    return told({"signing_secret": found}, 201 if request.method == "POST" else 200)


def _number(account: Account, request: Request) -> str:
    number = request.path.split("/")[4]
    if number not in account.hooks.rows:
        raise not_found()
    return number
