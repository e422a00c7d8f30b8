"""What helpdesks pushed at us: reading the tickets that hooks hint at, and keeping the hooks themselves alive.

A hook is a hint. What it names is read by id; that moves no cursor, and the poll goes on beneath, so hooks that are
lost, doubled or late change nothing but how soon something is known. Called by `schedule`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

import msgspec

from connector.adapter import Hooking
from connector.assessment import Rules
from connector.errors import AmendsError, AuthError, SettingsError
from connector.helpdesk import Helpdesk
from connector.store import Store
from connector.store.hook_inbox import Hint, HookInbox
from connector.sync.pull import pull_tickets

log = logging.getLogger("amends")

HINTS_A_TURN = 2_000
AT_ONCE = 50
LOOK_AT_HOOK = timedelta(hours=6)
TRY_HOOK_AGAIN = timedelta(minutes=15)
# The poll found changes for so long, so often, of which no delivery told: the hook is gone or switched off.
DROUGHT = timedelta(minutes=15)
DROUGHT_POLLS = 3


class Heard(msgspec.Struct, frozen=True):
    """What a turn at the inbox did: how many `tickets` were read, of which `changed` differed; `poll` asks for a poll,
    since a delivery named no ticket."""

    deliveries: int = 0
    tickets: int = 0
    changed: int = 0
    poll: bool = False


class Hooks:
    """The hooks of one daemon. `now` is the real time of day: deliveries come from the real world."""

    def __init__(self, inbox: HookInbox, now: Callable[[], datetime]) -> None:
        self.inbox, self.now = inbox, now
        self._look: dict[str, datetime] = {}
        self._missed: dict[str, tuple[datetime, int]] = {}

    def waiting(self, desk: Helpdesk) -> bool:
        """Whether a delivery waits to be acted upon."""
        return bool(self.inbox.hints(desk.name, 1))

    def read(
        self, desk: Helpdesk, store: Store, rules: Rules, *, now: Callable[[], datetime], stopping: Callable[[], bool]
    ) -> Heard:
        """Read what unread deliveries hint at, each ticket once. What could not be read stays in the inbox.

        Raises what the adapter's `get` raises, FencedError, StoreError."""
        hints = self.inbox.hints(desk.name, HINTS_A_TURN)
        if not hints:
            return Heard()
        by_ticket: dict[str, list[Hint]] = {}
        for hint in hints:
            for ticket in hint.tickets:
                by_ticket.setdefault(ticket, []).append(hint)
        blank = [hint for hint in hints if not hint.tickets]
        tickets, changed = list(by_ticket), 0
        for begin in range(0, len(tickets), AT_ONCE):
            if stopping():
                return Heard(len(hints), begin, changed)
            some = tickets[begin : begin + AT_ONCE]
            changed += pull_tickets(desk, some, store, rules, now=now)
            self.inbox.done([hint for ticket in some for hint in by_ticket[ticket]], self.now())
        self.inbox.done(blank, self.now())
        self.inbox.forget(self.now())
        return Heard(len(hints), len(tickets), changed, poll=bool(blank))

    def polled(self, desk: Helpdesk, changed: int) -> None:
        """The poll found `changed` complaints that no hook had told of. Deliveries that stay out are an alarm."""
        known = self._missed.get(desk.name)
        if known is not None and self._heard_since(desk, known[0]):
            del self._missed[desk.name]
            self.inbox.silent(desk.name, None)
            known = None
        if not changed:
            return
        since, times = known or (self.now(), 0)
        self._missed[desk.name] = (since, times + 1)
        if times + 1 >= DROUGHT_POLLS and self.now() - since >= DROUGHT:
            self._alarm(desk, since)

    def _alarm(self, desk: Helpdesk, since: datetime) -> None:
        if self.inbox.standing(desk.name).silent_since is not None:
            return
        self.inbox.silent(desk.name, since)
        self._look.pop(desk.name, None)
        log.warning(
            "%s: the poll finds changes, and no hook has told of any since %s; the hook is looked at again.",
            desk.name,
            since.isoformat(timespec="seconds"),
        )

    def _heard_since(self, desk: Helpdesk, since: datetime) -> bool:
        heard = self.inbox.standing(desk.name).heard_at
        return heard is not None and heard >= since

    def keep(self, desk: Helpdesk, *, renew: bool = False) -> str | None:
        """Look at the hook, if it is time, and mend it; what was done. What goes wrong is told by `status` and holds up
        nothing: the poll finds everything."""
        at, order = self.now(), desk.hook
        if order is None or order.by_hand or (not renew and at < self._look.get(desk.name, at)):
            return None
        assert isinstance(desk.adapter, Hooking), "a source with such an order can push"
        try:
            done = desk.adapter.keep_hook(order.address, order.secrets, renew=renew)
        except AmendsError as error:
            self._look[desk.name] = at + TRY_HOOK_AGAIN
            self.inbox.troubled(desk.name, str(error))
            if isinstance(error, AuthError | SettingsError):
                log.warning("%s: no hook; changes come by the poll. %s", desk.name, error)
            return None
        self._look[desk.name] = at + LOOK_AT_HOOK
        self.inbox.kept(desk.name, order.address, at, done)
        if done:
            log.info("%s: the hook was %s", desk.name, done)
        return done
