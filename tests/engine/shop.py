"""An engine before the Zendesk sandbox, over HTTP: what the tests of write-back act on where the vendor's ways matter.

Like `world`, but with the real adapter, the real session, and faults on the wire. The sandbox's ledger is the oracle.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from typing import Any

from sqlalchemy import event

from adapters.zendesk import Adapter, ZendeskSettings
from connector.assessment.rules import Rules
from connector.desks import rules_of
from connector.errors import AuthError
from connector.helpdesk import Helpdesk
from connector.http import session
from connector.mapping import words
from connector.model import ActionKind
from connector.outbox import Outcome
from connector.settings import Settings, load
from connector.store import Store, intentions, sources
from connector.store.intentions import Intention, State
from connector.sync import pull, pull_tickets, push, sweep
from connector.testing import plain_tools
from sandbox.clock import SandboxClock
from sandbox.zendesk import Account, Effect, Faults, Site, content, serve
from tests.engine.world import LIVE, START, _hurry, empty_store
from tests.scratch import folder

LATE = "My parcel still has not arrived and nobody answers. I want my money back."


@cache
def shipped() -> Settings:
    """The shipped rules with one Zendesk account as source, read once."""
    home = folder() / "amends"
    home.mkdir()
    (home / "amends.yaml").write_text(
        "sources:\n  shop:\n    adapter: zendesk\n"
        "    options: {url: 'https://shop.zendesk.com', auth: api_token, email: amends@example.com}\n"
        "    secrets: {api_token: 'env:SHOP_TOKEN'}\n"
    )
    return load(home)


@cache
def rules() -> Rules:
    return rules_of(shipped())


class Shop:
    """One account, one store, one engine. `clock` stands still and moves both."""

    def __init__(self, site: Site, account: Account, clock: SandboxClock) -> None:
        self.site, self.account, self.clock = site, account, clock
        self.rules = rules()
        home = folder()
        shutil.copy(empty_store(), home / "amends.db")
        self.store = Store(f"sqlite:///{home / 'amends.db'}")
        event.listen(self.store.engine, "connect", _hurry)
        self.store.open()
        self.store.take_lease("the test", clock())
        self.session = session("shop")
        self.desk = self._opened()
        self.customer = account.add_customer(
            "Maria Silva", "maria@example.net", verified=True, time_zone="Europe/London"
        )

    def _opened(self) -> Helpdesk:
        options = ZendeskSettings(self.site.url, "api_token", "amends@example.com")
        tools = plain_tools(self.clock, {"api_token": content.API_TOKEN}, self.session)
        adapter = Adapter("shop", options, tools)
        mapping = shipped().sources["shop"].mapping
        with self.store.write("enlist") as connection:
            row = sources.enlist(connection, "shop", "zendesk")
            sources.introduce(connection, row.id, adapter.check(), START)
            sources.rules_in_force(connection, row.id, "rules")
        return Helpdesk(
            id=row.id,
            name="shop",
            adapter=adapter,
            streams=Adapter.streams,
            mapping=mapping,
            words=words(mapping),
            modes=LIVE,
            rules_digest="rules",
            actor=str(content.INTEGRATION),
            act_from=START,
        )

    # -- verbs -------------------------------------------------------------------------------------------------

    def pull(self) -> None:
        self.clock.advance(61)
        for stream in self.desk.streams:
            pull(self.desk, stream, self.store, self.rules, now=self.clock, wait=lambda _seconds: None)

    def hint(self, ticket: int) -> None:
        """What a webhook asks for: read this one now."""
        pull_tickets(self.desk, [str(ticket)], self.store, self.rules, now=self.clock)

    def sweep(self) -> None:
        sweep([self.desk], self.store, self.rules, now=self.clock)

    def push(self) -> list[tuple[ActionKind, State]]:
        """One push; what became of each step."""
        told: list[tuple[ActionKind, State]] = []

        def tell(_desk: Helpdesk, one: Intention, outcome: Outcome) -> None:
            told.append((one.action.kind, outcome.state))

        with suppress(AuthError):
            push(self.desk, self.store, self.rules, now=self.clock, tell=tell)
        return told

    def decide(self) -> None:
        self.pull()
        self.sweep()

    def heal(self) -> None:
        """Nothing fails any more; work until nothing moves."""
        self.site.faults = Faults([], seed=0)
        self.site.land_late_writes()
        for _ in range(6):
            self.clock.advance(1200)
            self.decide()
            self.push()

    # -- people and oracles ------------------------------------------------------------------------------------

    def overdue(self, **fields: Any) -> int:
        """A complaint that nobody has answered for a day, decided upon and not yet written to."""
        ticket = self.account.customer_opens("Parcel never arrived", LATE, self.customer, **fields)
        self.clock.advance(26 * 3600)
        self.decide()
        return ticket

    def intentions(self, kind: ActionKind | None = None) -> list[Intention]:
        with self.store.read() as connection:
            found = intentions.listing(connection)
        return [one for one in found if kind is None or one.action.kind is kind]

    def escalation(self) -> Intention:
        """The one escalation there is."""
        (found,) = self.intentions(ActionKind.ESCALATE)
        return found

    def effects(self, ticket: int, one: Intention) -> list[Effect]:
        return [effect for effect in self.account.ledger.of_marker(one.action.marker) if effect.ticket == ticket]

    def check_once(self, ticket: int) -> None:
        """The escalation is done, has one effect, and one note of it is there, for staff only."""
        one = self.escalation()
        assert one.state is State.DONE, (one.state, one.why)
        (effect,) = self.effects(ticket, one)
        assert effect.comment is not None and effect.comment["public"] is False
        notes = [said for said in self.account.live(ticket).comments() if said["author_id"] == content.INTEGRATION]  # type: ignore[union-attr]
        assert [said["public"] for said in notes] == [False]


@contextmanager
def shop() -> Iterator[Shop]:
    """A new account behind a real socket, and an engine that has never seen it."""
    clock = SandboxClock(START, scale=0)
    account = Account(clock)
    with serve(account) as site:
        yield Shop(site, account, clock)
