"""Zendesk's JSON objects as the vendor returns them: every key, sensible values. Pure; called by `account`."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

JSON = Any
Body = dict[str, JSON]

SYSTEM_METADATA: Body = {
    "client": "Mozilla/5.0 (X11; Linux x86_64)",
    "ip_address": "192.0.2.10",
    "location": "Lisbon, 11, Portugal",
    "latitude": 38.7167,
    "longitude": -9.1333,
}


def iso(moment: datetime) -> str:
    """Whole seconds in UTC, as Zendesk writes times."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def via(channel: str, *, rel: str | None = None, source: Body | None = None, to: Body | None = None) -> Body:
    return {"channel": channel, "source": {"from": source or {}, "to": to or {}, "rel": rel}}


def user(site: str, number: int, name: str, email: str | None, role: str, at: str, **more: JSON) -> Body:
    staff = role != "end-user"
    body: Body = {
        "id": number,
        "url": f"{site}/api/v2/users/{number}.json",
        "name": name,
        "email": email,
        "created_at": at,
        "updated_at": at,
        "time_zone": "Europe/Lisbon",
        "iana_time_zone": "Europe/Lisbon",
        "phone": None,
        "shared_phone_number": None,
        "photo": None,
        "locale_id": 1,
        "locale": "en-US",
        "organization_id": None,
        "role": role,
        "verified": True,
        "external_id": None,
        "tags": [],
        "alias": None,
        "active": True,
        "shared": False,
        "shared_agent": False,
        "last_login_at": at if staff else None,
        "two_factor_auth_enabled": None,
        "signature": None,
        "details": None,
        "notes": None,
        "role_type": {"admin": 4, "agent": 0}.get(role),
        "custom_role_id": None,
        "moderator": staff,
        "ticket_restriction": None if staff else "requested",
        "only_private_comments": False,
        "restricted_agent": role != "admin",
        "suspended": False,
        "default_group_id": None,
        "report_csv": role == "admin",
        "user_fields": {},
    }
    return body | more


def ticket(site: str, number: int, at: str, **more: JSON) -> Body:
    body: Body = {
        "url": f"{site}/api/v2/tickets/{number}.json",
        "id": number,
        "external_id": None,
        "via": via("web"),
        "created_at": at,
        "updated_at": at,
        "generated_timestamp": 0,
        "type": None,
        "subject": None,
        "raw_subject": None,
        "description": "",
        "priority": None,
        "status": "new",
        "recipient": None,
        "requester_id": None,
        "submitter_id": None,
        "assignee_id": None,
        "organization_id": None,
        "group_id": None,
        "collaborator_ids": [],
        "follower_ids": [],
        "email_cc_ids": [],
        "forum_topic_id": None,
        "problem_id": None,
        "has_incidents": False,
        "is_public": True,
        "due_at": None,
        "tags": [],
        "custom_fields": [],
        "satisfaction_rating": None,
        "sharing_agreement_ids": [],
        "custom_status_id": None,
        "fields": [],
        "followup_ids": [],
        "ticket_form_id": None,
        "brand_id": None,
        "allow_channelback": False,
        "allow_attachments": True,
        "from_messaging_channel": False,
    }
    return body | more


def comment(number: int, audit_id: int, author: int, text: str, public: bool) -> Body:
    """A comment as it stands inside an audit; `listed_comment` adds what the comment list has besides."""
    paragraphs = "".join(
        f'<p dir="auto">{html.escape(part, quote=False)}</p>'.replace("\n", "<br>") for part in text.split("\n\n")
    )
    return {
        "id": number,
        "type": "Comment",
        "author_id": author,
        "body": text,
        "html_body": f'<div class="zd-comment" dir="auto">{paragraphs}</div>',
        "plain_body": text,
        "public": public,
        "attachments": [],
        "audit_id": audit_id,
    }


def listed_comment(event: Body, audit: Body) -> Body:
    return event | {"via": audit["via"], "created_at": audit["created_at"], "metadata": audit["metadata"]}


def group(site: str, number: int, name: str, at: str, *, default: bool = False) -> Body:
    return {
        "id": number,
        "url": f"{site}/api/v2/groups/{number}.json",
        "name": name,
        "description": "",
        "default": default,
        "deleted": False,
        "is_public": True,
        "created_at": at,
        "updated_at": at,
    }


def brand(site: str, number: int, name: str, at: str, forms: Sequence[int], *, default: bool = False) -> Body:
    return {
        "id": number,
        "url": f"{site}/api/v2/brands/{number}.json",
        "name": name,
        "subdomain": name.lower().replace(" ", "-"),
        "brand_url": site,
        "active": True,
        "default": default,
        "is_deleted": False,
        "has_help_center": False,
        "help_center_state": "disabled",
        "host_mapping": None,
        "logo": None,
        "signature_template": "{{agent.signature}}",
        "ticket_form_ids": list(forms),
        "created_at": at,
        "updated_at": at,
    }


def form(site: str, number: int, name: str, at: str, fields: Iterable[int]) -> Body:
    return {
        "id": number,
        "url": f"{site}/api/v2/ticket_forms/{number}.json",
        "name": name,
        "raw_name": name,
        "display_name": name,
        "raw_display_name": name,
        "position": 1,
        "active": True,
        "default": True,
        "end_user_visible": True,
        "in_all_brands": True,
        "restricted_brand_ids": [],
        "ticket_field_ids": list(fields),
        "agent_conditions": [],
        "end_user_conditions": [],
        "created_at": at,
        "updated_at": at,
    }


def field(site: str, number: int, title: str, kind: str, at: str, options: Sequence[tuple[str, str]] = ()) -> Body:
    """`options` are (value, title) pairs; a choice field is of kind "tagger" or "multiselect"."""
    system = kind in SYSTEM_FIELD_KINDS
    body: Body = {
        "id": number,
        "url": f"{site}/api/v2/ticket_fields/{number}.json",
        "key": None,
        "type": kind,
        "title": title,
        "raw_title": title,
        "title_in_portal": title,
        "raw_title_in_portal": title,
        "description": "",
        "raw_description": "",
        "agent_description": None,
        "position": number % 1000,
        "active": True,
        "required": False,
        "required_in_portal": False,
        "collapsed_for_agents": False,
        "regexp_for_validation": None,
        "visible_in_portal": system,
        "editable_in_portal": system,
        "removable": not system,
        "tag": None,
        "created_at": at,
        "updated_at": at,
    }
    named = [{"id": number * 100 + n, "name": name, "value": value} for n, (value, name) in enumerate(options)]
    if kind in ("tagger", "multiselect"):
        body["custom_field_options"] = [
            one | {"raw_name": one["name"], "default": False, "position": n} for n, one in enumerate(named)
        ]
    elif options:
        body["system_field_options"] = [{"name": one["name"], "value": one["value"]} for one in named]
    return body


SYSTEM_FIELD_KINDS = frozenset({"subject", "description", "status", "tickettype", "priority", "group", "assignee"})


def custom_status(site: str, number: int, label: str, category: str, at: str, *, default: bool) -> Body:
    return {
        "id": number,
        "url": f"{site}/api/v2/custom_statuses/{number}.json",
        "status_category": category,
        "agent_label": label,
        "raw_agent_label": label,
        "end_user_label": label,
        "raw_end_user_label": label,
        "description": None,
        "raw_description": None,
        "end_user_description": None,
        "raw_end_user_description": None,
        "active": True,
        "default": default,
        "created_at": at,
        "updated_at": at,
    }


def settings() -> Body:
    """The account settings, cut to the parts an integration looks at."""
    return {
        "settings": {
            "active_features": {"customer_satisfaction": False, "automatic_answers": False, "custom_statuses": True},
            "api": {"accepted_api_agreement": True, "api_password_access": "false", "api_token_access": "true"},
            "brands": {"default_brand_id": None, "require_brand_on_new_tickets": False},
            "localization": {"locale_ids": [1], "time_zone": "Lisbon", "iana_time_zone": "Europe/Lisbon"},
            "tickets": {"comments_public_by_default": True, "tagging": True, "list_newest_comments_first": True},
            "users": {"tagging": True, "time_zone_selection": True},
        }
    }


def survey_response(
    ident: str, ticket: int, responder: int, at: str, rating: int | None, comment: str | None, points: int
) -> Body:
    """An answer in the newer survey, or the lack of one.
    https://developer.zendesk.com/api-reference/ticketing/ticket-management/csat_survey_responses/"""
    options = [{"rating": one, "label": {"type": "static", "value": str(one)}} for one in range(1, points + 1)]
    asks = {"id": "01J0SCALE", "type": "rating_scale_numeric", "sub_type": "customer_satisfaction", "options": options}
    more = {"id": "01J0WORDS", "type": "open_ended", "alias": "comment"}
    times = {"created_at": at, "updated_at": at}
    middle = (points + 1) / 2
    category = "" if rating is None else "good" if rating > middle else "bad" if rating < middle else "neutral"
    rated = {"type": "skipped"} if rating is None else {"type": "rating_scale", "rating": rating}
    said = {"type": "skipped"} if comment is None else {"type": "open_ended", "value": comment}
    return {
        "id": ident,
        "answers": [
            {**rated, "question": asks, **times, **({"rating_category": category} if category else {})},
            {**said, "question": more, **times},
        ],
        "expires_at": at,
        "responder_id": responder,
        "subject_zrns": [f"zen:ticket:{ticket}"],
        "subjects": [{"id": str(ticket), "type": "ticket", "zrn": f"zen:ticket:{ticket}"}],
        "survey": {"id": "01J0SURVEY", "state": "enabled", "version": 1},
    }
