"""What helpdesks pushed at us: reading the tickets that hooks hint at, and keeping the hooks themselves alive.

A hook is a hint. What it names is read by id; that moves no cursor, and the poll goes on beneath, so hooks that are
lost, doubled or late change nothing but how soon something is known. A ticket that cannot be read is asked for again by
itself, a few times, and holds no other up. Called by `schedule`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

import msgspec

from connector.adapter import Hooking
from connector.assessment.rules import Rules
from connector.errors import AmendsError, AuthError, FencedError, InboxError, SettingsError, StoreError, TemporaryError
from connector.helpdesk import Helpdesk
from connector.store import Store
from connector.store.hook_inbox import Hint, HookInbox
from connector.sync.page import pull_tickets

log = logging.getLogger("amends")

HINTS_A_TURN = 2_000
AT_ONCE = 50
LOOK_AT_HOOK = timedelta(hours=6)
TRY_HOOK_AGAIN = timedelta(minutes=15)
# The poll found changes for so long, so often, of which no delivery told: the hook is gone or switched off.
DROUGHT = timedelta(minutes=15)
DROUGHT_POLLS = 3
# A ticket in trouble is asked for again after so long, twice as long each time, so often; then it is left to the poll.
AGAIN = timedelta(seconds=30)
TRIES = 6
# So many in trouble one after another, and none well: that is the source's trouble.
TROUBLED = 3


class Heard(msgspec.Struct, frozen=True):
    """What a turn at the inbox did: how many `tickets` were read, of which `changed` differed; `poll` asks for a poll,
    since a delivery named no ticket."""

    deliveries: int = 0
    tickets: int = 0
    changed: int = 0
    poll: bool = False


class _Trouble(msgspec.Struct, frozen=True):
    """A ticket that could not be read, so many `times`, and when it is asked for again."""

    times: int
    at: datetime


class Hooks:
    """The hooks of one daemon. `now` is the real time of day: deliveries come from the real world."""

    def __init__(self, inbox: HookInbox, now: Callable[[], datetime]) -> None:
        self.inbox, self.now = inbox, now
        self._look: dict[str, datetime] = {}
        self._missed: dict[str, tuple[datetime, int]] = {}
        self._again: dict[str, dict[str, _Trouble]] = {}

    def waiting(self, desk: Helpdesk) -> bool:
        """Whether a delivery waits to be acted upon, or a ticket to be asked for again."""
        return bool(self._due(desk)) or bool(self.inbox.hints(desk.name, 1))

    def _due(self, desk: Helpdesk) -> list[str]:
        return [ticket for ticket, known in self._again.get(desk.name, {}).items() if known.at <= self.now()]

    def read(
        self, desk: Helpdesk, store: Store, rules: Rules, *, now: Callable[[], datetime], stopping: Callable[[], bool]
    ) -> Heard:
        """Read what unread deliveries hint at, each ticket once. While the source is in trouble, what could not be read
        stays in the inbox; a ticket that is in trouble by itself leaves it, and is asked for again.

        Raises AuthError, TemporaryError, FencedError, StoreError, InboxError."""
        hints = self.inbox.hints(desk.name, HINTS_A_TURN)
        by_ticket: dict[str, list[Hint]] = {ticket: [] for ticket in self._due(desk)}
        if not (hints or by_ticket):
            return Heard()
        for hint in hints:
            for ticket in hint.tickets:
                by_ticket.setdefault(ticket, []).append(hint)
        blank = [hint for hint in hints if not hint.tickets]
        tickets, changed = list(by_ticket), 0
        for begin in range(0, len(tickets), AT_ONCE):
            if stopping():
                return Heard(len(hints), begin, changed)
            some = tickets[begin : begin + AT_ONCE]
            changed += self._some(desk, some, store, rules, now)
            self.inbox.done([hint for ticket in some for hint in by_ticket[ticket]], self.now())
        self.inbox.done(blank, self.now())
        self.inbox.forget(self.now())
        return Heard(len(hints), len(tickets), changed, poll=bool(blank))

    def _some(self, desk: Helpdesk, tickets: list[str], store: Store, rules: Rules, now: Callable[[], datetime]) -> int:
        """Read these together or, where that fails, one by one. Returns how many complaints changed."""
        again = self._again.setdefault(desk.name, {})
        try:
            changed = pull_tickets(desk, tickets, store, rules, now=now)
        except (AuthError, FencedError, StoreError):
            raise
        except Exception as error:  # one ticket may be what it stumbles over, also by a fault of ours
            if isinstance(error, TemporaryError) and error.retry_after_seconds is not None:
                raise  # the source wants to be left alone
            return self._one_by_one(desk, tickets, store, rules, now)
        for ticket in tickets:
            again.pop(ticket, None)
        return changed

    def _one_by_one(
        self, desk: Helpdesk, tickets: list[str], store: Store, rules: Rules, now: Callable[[], datetime]
    ) -> int:
        again, changed, well = self._again[desk.name], 0, 0
        failed: dict[str, Exception] = {}
        for ticket in tickets:
            try:
                changed += pull_tickets(desk, [ticket], store, rules, now=now)
            except (AuthError, FencedError, StoreError):
                raise
            except Exception as error:
                failed[ticket] = error
                if not well and len(failed) == TROUBLED and isinstance(error, TemporaryError):
                    raise
                continue
            well += 1
            again.pop(ticket, None)
        for ticket, trouble in failed.items():
            self._troubled(desk, ticket, trouble)
        return changed

    def _troubled(self, desk: Helpdesk, ticket: str, error: Exception) -> None:
        again = self._again[desk.name]
        times = again[ticket].times + 1 if ticket in again else 1
        if times > TRIES:
            del again[ticket]
            log.error("%s/%s cannot be read; left to the poll. %s", desk.name, ticket, error)
            return
        again[ticket] = _Trouble(times, self.now() + AGAIN * 2 ** (times - 1))
        log.warning("%s/%s, which a hook hinted at, cannot be read: %s Asked for again.", desk.name, ticket, error)

    def polled(self, desk: Helpdesk, changed: int) -> None:
        """The poll found `changed` complaints that no hook had told of. Deliveries that stay out are an alarm. An inbox
        that cannot be used just now keeps no poll from its end."""
        try:
            self._compare(desk, changed)
        except InboxError as error:
            log.error("%s", error)

    def _compare(self, desk: Helpdesk, changed: int) -> None:
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
