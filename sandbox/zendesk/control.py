"""The control API under /__control/, by which another process drives a served account. Not part of Zendesk.

GET  state, ledger, requests, report, ticket?id=…  ·  POST act, before_next_write, faults, switches, limits, triggers,
clock, land, revoke. Bodies and answers are JSON; what cannot be done is answered 400 with {"error"}.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec

from sandbox.clock import SandboxClock
from sandbox.zendesk import shapes
from sandbox.zendesk.account import Account
from sandbox.zendesk.answers import Answer, Request, told
from sandbox.zendesk.faults import Faults
from sandbox.zendesk.limits import Limits
from sandbox.zendesk.switches import Switches, Trigger

if TYPE_CHECKING:
    from sandbox.zendesk.server import Site

JSON = Any
ACTS = (
    "admin_adds_status",
    "admin_removes_field",
    "admin_retypes_field",
    "add_customer", "agent_notes", "agent_replies", "agent_sets", "close", "customer_opens", "customer_writes",
    "delete", "merge", "rate", "redact", "restore", "scrub", "suspend",
)  # fmt: skip
NUMBERED = ("fields",)  # arguments whose JSON keys stand for numbers


def answer(site: Site, request: Request) -> Answer:
    name = request.path.removeprefix("/__control/")
    found = (READS if request.method == "GET" else CHANGES).get(name)
    if found is None:
        return told({"error": f"there is no {request.method} /__control/{name}"}, 404)
    try:
        wish = request.query if request.method == "GET" else msgspec.json.decode(request.body or b"{}")
        return told(found(site, wish))
    except (KeyError, TypeError, ValueError, AttributeError, msgspec.MsgspecError) as error:
        return told({"error": f"{type(error).__name__}: {error}"}, 400)


def act(account: Account, wish: dict[str, JSON]) -> JSON:
    """Do {"act": "agent_notes", …arguments} as a person. Raises ValueError for an unknown act, TypeError for wrong
    arguments, KeyError for an unknown ticket."""
    arguments = dict(wish)
    name = arguments.pop("act")
    if name not in ACTS:
        raise ValueError(f"there is no act {name!r}; there are {', '.join(ACTS)}")
    for key in NUMBERED:
        if isinstance(arguments.get(key), dict):
            arguments[key] = {int(number): value for number, value in arguments[key].items()}
    return getattr(account, name)(**arguments)


def _state(site: Site, wish: dict[str, str]) -> JSON:
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


def _ticket(site: Site, wish: dict[str, str]) -> JSON:
    with site.account.lock:
        ticket = site.account.ticket(int(wish["id"]))
        return {"ticket": ticket.body, "comments": ticket.comments(), "audits": ticket.audits}


def _faults(site: Site, wish: dict[str, JSON]) -> JSON:
    site.faults = Faults(**wish)
    return {"rules": [msgspec.to_builtins(one) for one in site.faults.rules]}


def _switches(site: Site, wish: dict[str, JSON]) -> JSON:
    merged = msgspec.to_builtins(site.account.switches) | wish
    site.account.switches = msgspec.convert(merged, Switches)
    return msgspec.to_builtins(site.account.switches)


def _limits(site: Site, wish: dict[str, JSON]) -> JSON:
    merged = msgspec.to_builtins(site.desk.turnstile.limits) | wish
    site.desk.turnstile.limits = msgspec.convert(merged, Limits)
    return msgspec.to_builtins(site.desk.turnstile.limits)


def _triggers(site: Site, wish: dict[str, JSON]) -> JSON:
    site.account.triggers = msgspec.convert(wish["triggers"], list[Trigger])
    return len(site.account.triggers)


def _clock(site: Site, wish: dict[str, JSON]) -> JSON:
    clock = site.account.clock
    if not isinstance(clock, SandboxClock):
        raise TypeError("this account runs on a clock that cannot be moved")
    return shapes.iso(clock.advance(float(wish["advance_seconds"])))


def _before_next_write(site: Site, wish: dict[str, JSON]) -> JSON:
    site.desk.edit_before_next_write(wish.get("ticket"), lambda: act(site.account, wish))
    return len(site.desk.before_write)


READS: dict[str, Callable[[Site, dict[str, str]], JSON]] = {
    "state": _state,
    "ledger": lambda site, _: [msgspec.to_builtins(one) for one in site.account.ledger],
    "requests": lambda site, _: [msgspec.to_builtins(one) for one in list(site.seen)],
    "report": lambda site, _: site.faults.report(),
    "ticket": _ticket,
}
CHANGES: dict[str, Callable[[Site, dict[str, JSON]], JSON]] = {
    "act": lambda site, wish: act(site.account, wish),
    "before_next_write": _before_next_write,
    "faults": _faults,
    "switches": _switches,
    "limits": _limits,
    "triggers": _triggers,
    "clock": _clock,
    "land": lambda site, _: site.land_late_writes(),
    "revoke": lambda site, _: site.account.doorman.revoke_all(),
}
