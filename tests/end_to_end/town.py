"""A town to live in: sandbox accounts over loopback, the real adapter on them, a real store and the engine's verbs.

The fault tests (`test_faults_*`) act here. One clock stands still but for `advance` and for waits: what the engine
wants to wait is written down in `waits` and passes at once, so that a quarter of an hour costs nothing.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import event

from adapters.zendesk import Adapter, ZendeskSettings
from connector.adapter import Tools
from connector.assessment.rules import Rules
from connector.budget import AccountBudget
from connector.credentials import SourceCredentials
from connector.desks import rules_of
from connector.errors import AmendsError
from connector.helpdesk import Helpdesk
from connector.http import Bounds, session
from connector.mapping import words
from connector.model import ActionKind, Mode
from connector.schedule import Daemon, Pace, Workplace
from connector.settings import Settings, load
from connector.settings.folder import SHIPPED
from connector.store import Store, complaints, intentions, quarantine, sources
from connector.store.complaints import Stored
from connector.store.intentions import Intention
from connector.sync import Pulled, Pushed, pull, push, sweep
from sandbox.clock import SandboxClock
from sandbox.zendesk import Account, Faults, Site, content, serve
from tests.end_to_end.wire import Patience, Watched
from tests.engine.world import empty_store
from tests.scratch import folder

START = datetime(2026, 3, 2, 9, tzinfo=UTC)  # a Monday, when the shipped calendar opens
BOUNDS = Bounds(connect_seconds=2, read_seconds=2, total_seconds=4, write_total_seconds=4)
MODES = {ActionKind.ESCALATE: Mode.LIVE, ActionKind.TAG: Mode.SHADOW, ActionKind.SURVEY: Mode.SHADOW}
SECRETS = {"api_token": content.API_TOKEN}
COMPLAINT = ("Parcel never arrived", "My parcel still has not arrived and nobody answers. I want my money back.")


@cache
def shipped() -> Settings:
    """The shipped rules, and a mapping that also reads the sandbox's product and order number."""
    home = folder() / "amends"
    (home / "mappings").mkdir(parents=True)
    mapping = (SHIPPED / "zendesk.yaml").read_text()
    for name, number in (("product", content.PRODUCT), ("order_number", content.ORDER_NUMBER)):
        mapping = mapping.replace("\n  # extra.branch", f"\n  {name}: custom:{number}\n  # extra.branch")
    (home / "mappings" / "zendesk.yaml").write_text(mapping)
    (home / "amends.yaml").write_text(
        'sources:\n  shop:\n    adapter: zendesk\n    options: {url: "https://example.zendesk.com"}\n'
    )
    return load(home)


@cache
def rules() -> Rules:
    return rules_of(shipped())


class Shop:
    """One account with the engine's helpdesk on it. `calls` is what left us, `site.seen` what arrived there."""

    def __init__(self, town: Town, name: str, account: Account, site: Site, desk: Helpdesk, wire: Watched) -> None:
        self.town, self.name, self.account, self.site, self.desk = town, name, account, site, desk
        self.calls = wire.calls

    def opens(self, subject: str = COMPLAINT[0], text: str = COMPLAINT[1], **how: Any) -> int:
        """A customer complains; two seconds pass, so that no two acts share a stamp by chance."""
        ticket = self.account.customer_opens(subject, text, **how)
        self.town.clock.advance(2)
        return ticket

    def overdue(self) -> int:
        """A complaint that nobody answered in time, read and decided upon, its escalation not yet sent."""
        ticket = self.opens()
        self.town.clock.advance(5 * 3600)
        self.pull()
        self.town.sweep()
        return ticket

    def pull(self, *streams: str, most_pages: int | None = None) -> list[Pulled]:
        """Read these streams (all of them if none is named); raises what `pull` raises."""
        return [
            pull(
                self.desk, one, self.town.store, rules(), now=self.town.now, wait=self.town.wait, most_pages=most_pages
            )
            for one in streams or self.desk.streams
        ]

    def pull_through(self, turns: int = 40) -> None:
        """Turns of the daemon until one pull goes through; the time that it rests passes in between."""
        for _ in range(turns):
            self.turn("pull")
            if self.row.last_error is None and self.row.last_pull_at == self.town.now():
                return
            self.town.clock.advance(60)
        raise AssertionError(f"no pull went through in {turns} turns: {self.row.last_error}")

    def push(self) -> Pushed:
        return push(self.desk, self.town.store, rules(), now=self.town.now)

    def push_until_quiet(self, turns: int = 12, seconds: float = 5.0) -> None:
        """Push as often as the daemon would, until nothing of this source moves any more."""
        for _ in range(turns):
            self.push()
            self.town.clock.advance(seconds)

    def turn(self, *verbs: str) -> None:
        """What the daemon does for this source when it is its turn: errors go to the source's row, rests are kept."""
        daemon = self.town.daemon
        jobs: dict[str, Callable[[Helpdesk], None]] = {"pull": daemon._pull, "push": daemon._push}
        for verb in verbs or ("pull", "push"):
            jobs[verb](self.desk)

    @property
    def row(self) -> sources.SourceRow:
        """What `amends status` shows of this source."""
        with self.town.store.read() as connection:
            found = sources.by_name(connection, self.name)
        assert found is not None
        return found

    def stream(self, name: str = "tickets") -> sources.StreamRow | None:
        with self.town.store.read() as connection:
            return sources.stream_row(connection, self.desk.id, name)

    def stored(self, ticket: int) -> Stored:
        """The complaint as the store has it."""
        return self.all_stored()[str(ticket)]

    def all_stored(self) -> dict[str, Stored]:
        with self.town.store.read() as connection:
            return {one.ticket: one for one in complaints.listing(connection, source_name=self.name)}

    def intentions(self, ticket: int | None = None, kind: ActionKind = ActionKind.ESCALATE) -> list[Intention]:
        """The outbox of this source, oldest first."""
        with self.town.store.read() as connection:
            found = intentions.listing(connection, source_name=self.name, ticket=str(ticket) if ticket else None)
        return [one for one in reversed(found) if one.action.kind is kind]

    def quarantined(self) -> list[quarantine.Quarantined]:
        with self.town.store.read() as connection:
            return quarantine.listing(connection, source_name=self.name)

    def audit(self, what: str) -> list[sources.AuditLine]:
        """The lines of the audit log that say `what`, oldest first."""
        with self.town.store.read() as connection:
            lines = sources.audit_lines(connection, source=self.name, most=10_000)
        return [line for line in reversed(lines) if line.what == what]

    def exports(self) -> list[dict[str, str]]:
        """The queries of the ticket export as they arrived."""
        return [one.query for one in self.site.seen if one.path.endswith("/incremental/tickets/cursor")]

    def check(self) -> None:
        """The fault is over, a minute passes: every ticket is here as it stands there, and no write was doubled."""
        self.site.faults = Faults()
        self.town.clock.advance(61)
        self.pull()
        stored = self.all_stored()
        for number, ticket in self.account.tickets.items():
            assert str(number) in stored, f"ticket {number} was lost"
            if ticket.before_delete is None:
                assert stored[str(number)].doc.complaint.version >= ticket.body["generated_timestamp"]
                ids = [entry.id for entry in stored[str(number)].doc.entries]
                assert len(ids) == len(set(ids))
        doubled = {marker: count for marker, count in self.account.ledger.markers().items() if count > 1}
        assert not doubled


class Town:
    """A store, a clock, and the shops that `opened` made."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self.folder = folder()
        self.clock = SandboxClock(START, scale=0)
        self.waits: list[float] = []
        self.while_waiting: Callable[[], object] = lambda: None
        self.shops: list[Shop] = []
        shutil.copy(empty_store(), self.folder / "amends.db")
        self.store = Store(f"sqlite:///{self.folder / 'amends.db'}")
        event.listen(self.store.engine, "connect", _hurry)
        self.store.open()
        self.store.take_lease("town", START)
        stack.callback(shutil.rmtree, self.folder, ignore_errors=True)
        stack.callback(self.store.close)
        self.daemon = Daemon(self.store, now=self.now, wall=self.now, open_workplace=self._workplace, pace=Pace())
        self.daemon.stop = Patience(self.wait)

    def now(self) -> datetime:
        return self.clock()

    def wait(self, seconds: float) -> None:
        """Where the engine waits: noted, and over at once."""
        self.waits.append(seconds)
        self.while_waiting()
        self.clock.advance(seconds)

    def opened(self, name: str = "shop", *, certificate: tuple[Path, Path] | None = None, **how: Any) -> Shop:
        """A new account and the helpdesk on it; `how` goes to `connected`."""
        account = Account(self.clock)
        site = self._stack.enter_context(serve(account, certificate=certificate))
        return self.connected(name, account, site, **how)

    def connected(
        self,
        name: str,
        account: Account,
        site: Site,
        *,
        url: str | None = None,
        bounds: Bounds = BOUNDS,
        secrets: dict[str, str] | None = None,
        limits: dict[str, int] | None = None,
        ca_file: str | None = None,
        introduced: bool = True,
        **options: Any,
    ) -> Shop:
        """The helpdesk as the composition root would open it, with all its I/O real."""
        given = secrets or SECRETS
        login = {} if "auth" in options else {"auth": "api_token", "email": "amends@example.com"}
        settings = ZendeskSettings(url or site.url, **login, **options)
        wire = Watched(bounds.max_bytes, self.clock)
        http = session(name, bounds=bounds, ca_file=ca_file)
        http.mount("http://", wire)
        http.mount("https://", wire)
        budget = AccountBudget(limits or {}, source=name, now=self.now, clock=lambda: self.clock().timestamp())
        tools = Tools(session=http, budget=budget, credentials=self.credentials(name, given), now=self.now)
        adapter = Adapter(name, settings, tools)
        self._stack.callback(adapter.close)
        shop = Shop(self, name, account, site, self._helpdesk(name, adapter, introduced), wire)
        self.shops.append(shop)
        self.daemon.workplace = self._workplace()
        return shop

    def credentials(self, name: str, secrets: dict[str, str]) -> SourceCredentials:
        """Secrets in files, as `file:` references have them; rotated ones beside them."""
        for key, value in secrets.items():
            (self.folder / f"{name}.{key}").write_text(value)
        references = {key: f"file:{self.folder / f'{name}.{key}'}" for key in secrets}
        return SourceCredentials(name, references, self.folder / f"{name}.tokens.json")

    def _helpdesk(self, name: str, adapter: Adapter, introduced: bool) -> Helpdesk:
        with self.store.write("enlist") as connection:
            row = sources.enlist(connection, name, "zendesk")
        actor = str(content.INTEGRATION)
        if introduced:
            identity = adapter.check()
            with self.store.write("introduce") as connection:
                sources.introduce(connection, row.id, identity, START)
                sources.rules_in_force(connection, row.id, "rules")
            actor = identity.actor or actor
        mapping = shipped().sources["shop"].mapping
        return Helpdesk(
            id=row.id,
            name=name,
            adapter=adapter,
            streams=Adapter.streams,
            mapping=mapping,
            words=words(mapping),
            modes=MODES,
            rules_digest="rules",
            actor=actor,
            act_from=START,
        )

    def _workplace(self) -> Workplace:
        desks = tuple(shop.desk for shop in self.shops) if hasattr(self, "shops") else ()
        return Workplace(desks=desks, rules=rules(), poll_seconds={desk.name: 60.0 for desk in desks})

    def sweep(self) -> None:
        sweep([shop.desk for shop in self.shops], self.store, rules(), now=self.now)


def _hurry(dbapi: Any, _record: Any) -> None:
    # Nobody pulls the plug in these tests, so the disk need not be asked to keep its word.
    dbapi.execute("PRAGMA synchronous=OFF")


@contextmanager
def town() -> Iterator[Town]:
    """A town; everything in it is closed and gone afterwards."""
    with ExitStack() as stack:
        yield Town(stack)


def failure(act: Callable[[], object]) -> AmendsError | None:
    """The error that comes out of `act`, in our own words; None where it goes well."""
    try:
        act()
    except AmendsError as error:
        return error
    return None
