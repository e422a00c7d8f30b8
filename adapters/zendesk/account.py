"""Who we are at the account and what it has: `check` and `discover`. Used by the adapter."""

from __future__ import annotations

from typing import Any

import msgspec

from adapters.zendesk.answers import parsed
from adapters.zendesk.calls import Calls
from adapters.zendesk.listing import listed
from adapters.zendesk.people import staff, who_am_i
from adapters.zendesk.values import number
from connector.adapter import Discovery, Field, Identity
from connector.errors import AuthError, GoneError, SettingsError
from connector.model import JSON

# https://developer.zendesk.com/documentation/api-basics/authentication/oauth-migration/
LEGACY_LOGIN_ENDS = (
    "API tokens end: none can be created since 27 October 2026, one that is idle for 30 days is switched off, and all "
    "stop on 30 April 2027. Register a confidential OAuth client and set auth: oauth_client."
)
STATUSES = ("new", "open", "pending", "hold", "solved", "closed", "deleted")
PRIORITIES = ("low", "normal", "high", "urgent")
SYSTEM = {
    "subject": ("subject", False),
    "description": ("description", False),
    "status": ("status", True),
    "custom_status": ("custom_status_id", True),
    "tickettype": ("type", True),
    "priority": ("priority", True),
    "basic_priority": ("priority", True),
    "group": ("group_id", True),
    "assignee": ("assignee_id", True),
}
# https://developer.zendesk.com/api-reference/ticketing/tickets/ticket_fields/#ticket-field-types
KINDS = {
    **dict.fromkeys(("text", "regexp", "subject"), "text"),
    **dict.fromkeys(("textarea", "description"), "long_text"),
    **dict.fromkeys(("integer", "decimal"), "number"),
    **dict.fromkeys(
        ("tagger", "tickettype", "priority", "basic_priority", "status", "custom_status", "group"), "choice"
    ),
    "multiselect": "choices",
    "checkbox": "yes_no",
    "date": "date",
    "assignee": "person",
}
ALWAYS = (
    Field("requester.name", "Requester", "text"),
    Field("requester.email", "Requester's address", "text"),
    Field("requester.phone", "Requester's phone", "text"),
    Field("requester.verified", "Requester's address is verified", "yes_no"),
    Field("requester.locale", "Requester's language", "text"),
    Field("requester.iana_time_zone", "Requester's time zone", "text"),
    Field("requester.external_id", "Requester's id elsewhere", "text"),
    Field("tags", "Tags", "labels", writable=True, many=True),
    Field("via.channel", "Channel", "text"),
    Field("external_id", "Ticket's id elsewhere", "text"),
    Field("organization_id", "Organisation", "number"),
    Field("satisfaction_rating.score", "Satisfaction", "text"),
    Field("agent_url", "Address for agents", "text"),
    Field("created_at", "Created", "time"),
    Field("updated_at", "Updated", "time"),
)


class _Token(msgspec.Struct, frozen=True):
    scopes: list[str] = []


class _Current(msgspec.Struct, frozen=True):
    token: _Token


def check(calls: Calls) -> Identity:
    """Raises AuthError where we are nobody, TemporaryError."""
    me = who_am_i(calls)
    scopes = _scopes(calls)
    missing = []
    if me.role != "admin":
        missing.append(f"user {me.name or me.id} is {me.role}, but the exports are for admins: give it that role")
    may = []
    for right, why in (("read", "audits need the global scope read"), ("write", "write-backs need the scope write")):
        if scopes is None or right in scopes or (right == "write" and "tickets:write" in scopes):
            may.append(right)
        else:
            missing.append(f"{why}: add it to the OAuth client and to `scopes`")
    return Identity(
        account=calls.settings.site,
        actor=str(me.id),
        name=me.name or me.email or str(me.id),
        may=tuple(may),
        missing=tuple(missing),
        warnings=(LEGACY_LOGIN_ENDS,) if calls.settings.auth == "api_token" else (),
    )


def _scopes(calls: Calls) -> list[str] | None:
    """The scopes of our token; None where it has none to tell (API tokens) or does not tell."""
    if calls.settings.auth == "api_token":
        return None
    path = "/api/v2/oauth/tokens/current.json"
    try:
        content = calls.get(path).content
    except (AuthError, GoneError, SettingsError):
        return None  # telling is itself behind a scope
    return parsed(content, _Current, f"GET {path}", source=calls.source).token.scopes


def discover(calls: Calls) -> Discovery:
    groups = _pairs(listed(calls, "/api/v2/groups.json", "groups"), "name")
    people = _pairs(staff(calls), "name")
    custom_statuses = _pairs(listed(calls, "/api/v2/custom_statuses.json", "custom_statuses"), "agent_label")
    choices = {
        "group_id": groups,
        "assignee_id": people,
        "custom_status_id": custom_statuses,
        "brand_id": _pairs(listed(calls, "/api/v2/brands.json", "brands"), "name"),
        "ticket_form_id": _pairs(listed(calls, "/api/v2/ticket_forms.json", "ticket_forms"), "name"),
        "status": tuple((word, word.capitalize()) for word in STATUSES),
        "priority": tuple((word, word.capitalize()) for word in PRIORITIES),
    }
    found = {field.id: field for field in map(_field, listed(calls, "/api/v2/ticket_fields.json", "ticket_fields"))}
    for name, title in (("custom_status_id", "Ticket status"), ("brand_id", "Brand"), ("ticket_form_id", "Form")):
        found.setdefault(name, Field(name, title, "choice", writable=name == "custom_status_id"))
    named = (msgspec.structs.replace(field, options=choices.get(field.id, field.options)) for field in found.values())
    return Discovery(
        fields=(*named, *(field for field in ALWAYS if field.id not in found)),
        statuses=choices["status"],
        priorities=choices["priority"],
        groups=groups,
        people=people,
    )


def _field(row: dict[str, Any]) -> Field:
    kind = str(row.get("type"))
    options = row.get("custom_field_options") or row.get("system_field_options") or ()
    pairs = tuple((str(one.get("value")), str(one.get("name"))) for one in options if isinstance(one, dict))
    ident, writable = SYSTEM.get(kind, (f"custom:{number(row.get('id'))}", True))
    return Field(ident, str(row.get("title") or ident), KINDS.get(kind, "other"), pairs, writable)


def _pairs(rows: list[dict[str, JSON]], title: str) -> tuple[tuple[str, str], ...]:
    found = {str(row["id"]): str(row.get(title) or row["id"]) for row in rows if number(row.get("id")) is not None}
    return tuple(found.items())
