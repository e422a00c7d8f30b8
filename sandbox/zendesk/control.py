"""The control door of a served account (see `sandbox.http.control`), with GET state, ticket?id=… and POST triggers,
policies, revoke beside the shared entries.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from sandbox.http.control import Door, Wish
from sandbox.zendesk import shapes
from sandbox.zendesk.switches import Policy, Trigger

if TYPE_CHECKING:
    from sandbox.zendesk.server import Site

JSON = Any
ACTS = (
    "admin_adds_status",
    "admin_removes_field",
    "admin_retypes_field",
    "add_customer", "agent_notes", "agent_replies", "agent_sets", "close", "customer_opens", "customer_writes",
    "delete", "merge", "answer_survey", "rate", "redact", "restore", "scrub", "suspend",
)  # fmt: skip


def _state(site: Site, wish: Wish) -> JSON:
    account = site.account
    with account.lock:
        return {
            "now": shapes.iso(account.now()),
            "tickets": len(account.tickets),
            "users": len(account.users),
            "effects": len(account.ledger),
            "late_writes": site.late_writes(),
            "tokens_issued": account.doorman.issued,
        }


def _ticket(site: Site, wish: Wish) -> JSON:
    with site.account.lock:
        ticket = site.account.ticket(int(wish["id"]))
        return {"ticket": ticket.body, "comments": ticket.comments(), "audits": ticket.audits}


def _triggers(site: Site, wish: Wish) -> JSON:
    site.account.triggers = msgspec.convert(wish["triggers"], list[Trigger])
    return len(site.account.triggers)


def _policies(site: Site, wish: Wish) -> JSON:
    site.account.policies = msgspec.convert(wish["policies"], list[Policy])
    return len(site.account.policies)


answer = Door(
    ACTS,
    {"state": _state, "ticket": _ticket},
    {
        "triggers": _triggers,
        "policies": _policies,
        "revoke": lambda site, _: site.account.doorman.revoke_all(),
    },
    numbered=("fields",),
)
