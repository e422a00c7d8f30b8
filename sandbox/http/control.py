"""The control API under /__control/, by which another process drives a served stand-in. No vendor has it.

GET  ledger, requests, report  ·  POST act, before_next_write, faults, switches, limits, clock, land, and what each
vendor's own `control` adds. Bodies and answers are JSON; what cannot be done is answered 400 with {"error"}.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from sandbox.clock import SandboxClock
from sandbox.http.answers import Answer, Request, told
from sandbox.http.faults import Faults

JSON = Any
Wish = dict[str, JSON]
Entry = Callable[[Any, Wish], JSON]


class Door:
    """A vendor's control door: `acts` are the methods of the account that may be called by name, `numbered` their
    arguments whose JSON keys stand for numbers, `reads` and `changes` further entries. Calling it answers a request."""

    def __init__(
        self,
        acts: tuple[str, ...],
        reads: dict[str, Entry],
        changes: dict[str, Entry],
        *,
        numbered: tuple[str, ...] = (),
    ) -> None:
        self.acts, self.numbered = acts, numbered
        self.reads = READS | reads
        self.changes = CHANGES | {"act": self._act, "before_next_write": self._before_next_write} | changes

    def __call__(self, site: Any, request: Request) -> Answer:
        name = request.path.removeprefix("/__control/")
        found = (self.reads if request.method == "GET" else self.changes).get(name)
        if found is None:
            return told({"error": f"there is no {request.method} /__control/{name}"}, 404)
        try:
            wish = request.query if request.method == "GET" else msgspec.json.decode(request.body or b"{}")
            return told(found(site, wish))
        except (KeyError, TypeError, ValueError, AttributeError, msgspec.MsgspecError) as error:
            return told({"error": f"{type(error).__name__}: {error}"}, 400)

    def act(self, account: Any, wish: Wish) -> JSON:
        """Do {"act": "agent_notes", …arguments} as a person. Raises ValueError for an unknown act, TypeError for wrong
        arguments, KeyError for an unknown ticket."""
        arguments = dict(wish)
        name = arguments.pop("act")
        if name not in self.acts:
            raise ValueError(f"there is no act {name!r}; there are {', '.join(self.acts)}")
        for key in self.numbered:
            if isinstance(arguments.get(key), dict):
                arguments[key] = {int(number): value for number, value in arguments[key].items()}
        return getattr(account, name)(**arguments)

    def _act(self, site: Any, wish: Wish) -> JSON:
        return self.act(site.account, wish)

    def _before_next_write(self, site: Any, wish: Wish) -> JSON:
        number = wish.get("ticket", wish.get("issue"))  # whichever word the vendor has; none is any
        site.desk.edit_before_next_write(number, lambda: self.act(site.account, wish))
        return len(site.desk.before_write)


def _faults(site: Any, wish: Wish) -> JSON:
    site.faults = Faults(**wish)
    return {"rules": [msgspec.to_builtins(one) for one in site.faults.rules]}


def _switches(site: Any, wish: Wish) -> JSON:
    merged = msgspec.to_builtins(site.account.switches) | wish
    site.account.switches = msgspec.convert(merged, type(site.account.switches))
    return msgspec.to_builtins(site.account.switches)


def _limits(site: Any, wish: Wish) -> JSON:
    merged = msgspec.to_builtins(site.desk.turnstile.limits) | wish
    site.desk.turnstile.limits = msgspec.convert(merged, type(site.desk.turnstile.limits))
    return msgspec.to_builtins(site.desk.turnstile.limits)


def _clock(site: Any, wish: Wish) -> JSON:
    clock = site.account.clock
    if not isinstance(clock, SandboxClock):
        raise TypeError("this account runs on a clock that cannot be moved")
    return clock.advance(float(wish["advance_seconds"])).strftime("%Y-%m-%dT%H:%M:%SZ")


READS: dict[str, Entry] = {
    "ledger": lambda site, _: [msgspec.to_builtins(one) for one in site.account.ledger],
    "requests": lambda site, _: [msgspec.to_builtins(one) for one in list(site.seen)],
    "report": lambda site, _: site.faults.report(),
}
CHANGES: dict[str, Entry] = {
    "faults": _faults,
    "switches": _switches,
    "limits": _limits,
    "clock": _clock,
    "land": lambda site, _: site.land_late_writes(),
}
