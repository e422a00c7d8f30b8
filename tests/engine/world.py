"""A desk in memory, an engine on a store file, and faults at every seam between them: what the engine's tests act on.

The desk's own ledger is the oracle; `World.check` holds it against what the store decided.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import event, select

from adapters.memory import DESKS, Adapter, Desk, DeskSettings, Moment
from connector.assessment.rules import Rules, Tags
from connector.desks import rules_of
from connector.errors import AuthError, TemporaryError
from connector.helpdesk import Helpdesk
from connector.mapping import words
from connector.model import ActionKind, EntryKind, Mode, Tag
from connector.outbox import LATEST_LANDING, LONGEST_REPAIR
from connector.settings import Settings, load
from connector.store import Store, complaints, intentions, quarantine, sources
from connector.store.intentions import MOVING, State
from connector.store.tables import outbox
from connector.store.times import moment_or_none
from connector.sync import pull, push, sweep
from connector.tagging import Asked
from connector.testing import plain_tools
from tests.scratch import folder

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
LIVE = dict.fromkeys(ActionKind, Mode.LIVE)
SOURCE = "shop"
LET_GO = (State.CANCELLED, State.EXPIRED)
MAY_BE_THERE = (State.SENDING, State.IN_DOUBT, State.DONE, State.PARKED, State.PENDING)
CUSTOMERS = [
    {
        "id": f"c{n}",
        "name": f"Customer {n}",
        "address": f"c{n}@example.com",
        "verified": True,
        "language": "en",
        "time_zone": "Europe/Lisbon",
    }
    for n in range(3)
]


class KilledError(BaseException):
    """The process dies here: nothing after this line happens, and nobody may catch it."""


@cache
def shipped() -> Settings:
    """The shipped rules with one memory desk as source, read once."""
    home = folder() / "amends"
    home.mkdir()
    (home / "amends.yaml").write_text(
        "sources:\n  shop:\n    adapter: memory\n    options: {desk: shop}\n"
        "    modes: {escalate: live, tag: live, survey: live}\n"
    )
    return load(home)


class Remembering:
    """A tagger that is asked once for all complaints of the same words. People of these tests say one of a few things,
    and what is answered hangs on what is read alone, not on what it is read with (`test_tagging_models.py`)."""

    def __init__(self, tagger: Tags) -> None:
        self._tagger = tagger
        self._known: dict[object, tuple[Tag, ...]] = {}

    def tags_of(self, asked: Sequence[Asked]) -> list[tuple[Tag, ...]]:
        keys = [_read_of(one) for one in asked]
        new = {key: one for key, one in zip(keys, asked, strict=True) if key not in self._known}
        if new:
            self._known.update(zip(new, self._tagger.tags_of(list(new.values())), strict=True))
        return [self._known[key] for key in keys]


def _read_of(one: Asked) -> object:
    said = one.complaint
    return said.subject, said.text, said.language, said.complainant.language, one.told, one.language, one.usual


@cache
def rules() -> Rules:
    found = rules_of(shipped())
    assert found.tagger is not None
    return msgspec.structs.replace(found, tagger=Remembering(found.tagger))


@cache
def empty_store() -> Path:
    """A migrated, empty store to copy: migrating one costs more than most tests."""
    path = folder() / "empty.db"
    Store(f"sqlite:///{path}").open().close()
    return path


def _hurry(dbapi: Any, _record: Any) -> None:
    # These tests kill a process only in the mind, so the disk need not be asked to keep its word.
    dbapi.execute("PRAGMA synchronous=OFF")


class World:
    """One desk and one engine. `desk.now` is the only clock; the engine's own may be wrong by `skew`."""

    def __init__(self, *, modes: dict[ActionKind, Mode] | None = None, page_size: int = 3) -> None:
        self.folder = folder()
        self.desk = Desk(f"desk {id(self)}", START)
        DESKS[self.desk.name] = self.desk
        self.modes = modes or LIVE
        self.page_size = page_size
        shutil.copy(empty_store(), self.folder / "amends.db")
        self.seams = 0
        self.skew = timedelta(0)
        self.rules = rules()
        self.die_at: int | None = None
        self._helpdesk: Helpdesk | None = None
        self.store = self.opened()
        self.lives = 1

    # -- the engine --------------------------------------------------------------------------------------------

    def opened(self) -> Store:
        """The store, opened as a starting daemon does."""
        store = Store(f"sqlite:///{self.folder / 'amends.db'}", seam=self._seam)
        event.listen(store.engine, "connect", _hurry)
        store.open()
        store.take_lease(f"life {self.seams}", self.desk.now)
        return store

    def _seam(self, _place: str) -> None:
        self.seams += 1
        if self.die_at is not None and self.seams >= self.die_at:
            self.die_at = None
            raise KilledError

    def now(self) -> datetime:
        return self.desk.now + self.skew

    def helpdesk(self) -> Helpdesk:
        """The source as the composition root would open it, once a life."""
        if self._helpdesk is None:
            self._helpdesk = self._opened_helpdesk()
        return self._helpdesk

    def _opened_helpdesk(self) -> Helpdesk:
        adapter = self.adapter()
        with self.store.write("enlist") as connection:
            row = sources.enlist(connection, SOURCE, "memory")
            sources.introduce(connection, row.id, adapter.check(), START)
            sources.rules_in_force(connection, row.id, "rules")
        mapping = shipped().sources[SOURCE].mapping
        return Helpdesk(
            id=row.id,
            name=SOURCE,
            adapter=adapter,
            streams=Adapter.streams,
            mapping=mapping,
            words=words(mapping),
            modes=self.modes,
            rules_digest="rules",
            actor="amends",
            act_from=START,
        )

    def adapter(self) -> Adapter:
        tools = plain_tools(self.now, {"token": "secret-token"})
        return Adapter(SOURCE, DeskSettings(self.desk.name, self.page_size), tools)

    def pull(self) -> None:
        helpdesk = self.helpdesk()
        for stream in helpdesk.streams:
            pull(helpdesk, stream, self.store, self.rules, now=self.now, wait=lambda _seconds: None)

    def sweep(self) -> None:
        sweep([self.helpdesk()], self.store, self.rules, now=self.now)

    def push(self) -> None:
        push(self.helpdesk(), self.store, self.rules, now=self.now)

    def step(self, verb: str) -> None:
        """One verb, as the daemon runs it: what goes wrong outside is survived, a kill is followed by a new life."""
        try:
            {"pull": self.pull, "sweep": self.sweep, "push": self.push}[verb]()
        except KilledError:
            self.live_again()
        except (TemporaryError, AuthError):
            return

    def live_again(self) -> None:
        """The process died: its lock is gone, its memory too; a new one starts on the same file."""
        self.store.engine.dispose()
        if self.store._lock is not None:
            import os

            os.close(self.store._lock)
        self.lives += 1
        self._helpdesk = None
        self.store = self.opened()

    # -- faults ------------------------------------------------------------------------------------------------

    @contextmanager
    def fault(self, moment: Moment, after: int, error: Callable[[], BaseException]) -> Iterator[None]:
        """The `after`-th time the desk comes to `moment` inside, `error` comes out."""
        left = after

        def hook(at: Moment) -> None:
            nonlocal left
            if at is moment:
                left -= 1
                if left == 0:
                    raise error()

        self.desk.hook = hook
        try:
            yield
        finally:
            self.desk.hook = lambda moment: None

    # -- the oracle --------------------------------------------------------------------------------------------

    def land(self) -> None:
        """The oldest write on its way lands, if there is one: within three days, or never."""
        sent = {one.action.marker: one.sent_at for one in self.intentions()}
        self.desk.late = [
            one for one in self.desk.late if (at := sent.get(one[2])) is None or self.desk.now < at + LONGEST_REPAIR
        ]
        if self.desk.late:
            self.desk.land()

    def heal(self) -> None:
        """Nothing fails any more; work until nothing moves, and then some."""
        self.desk.hook = lambda moment: None
        self.die_at = None
        with self.store.write("resume") as connection:
            sources.resume(connection)
        while self.desk.late:
            self.land()
        while looks := [at for one in self.intentions() if (at := self._late_look_at(one)) is not None]:
            self.desk.advance(max(1, int((min(looks) - self.now()).total_seconds()) + 1))
            self.step("push")
        for turn in range(12):
            self.desk.advance(20 * 60)
            for verb in ("pull", "sweep", "push"):
                self.step(verb)
            if turn and not any(one.state in MOVING and one.next_at <= self.now() for one in self.intentions()):
                break
        self.step("pull")

    def intentions(self) -> list[intentions.Intention]:
        with self.store.read() as connection:
            return intentions.listing(connection)

    def effects(self) -> Counter[str]:
        """How often each write of ours took effect, by the desk's own ledger."""
        return Counter(marker for _, marker, _ in self.desk.ledger)

    def check(self) -> None:
        """What must be true at every moment: no effect twice, no effect without a decision, none after a withdrawal
        but of what was sent before it and landed later than a helpdesk should."""
        known = {one.action.marker: one for one in self.intentions()}
        effects = self.effects()
        for marker, count in effects.items():
            assert count == 1, f"{marker} took effect {count} times"
            state = known[marker].state if marker in known else None
            assert state in MAY_BE_THERE or (state in LET_GO and self._landed_late(known[marker])), (
                f"{marker} took effect although it stands as {state}"
            )
        for marker, one in known.items():
            assert one.state is not State.DONE or effects[marker] == 1, f"{marker} is called done and is not there"

    def _late_look_at(self, one: intentions.Intention) -> datetime | None:
        """When the engine will ask what became of a write that it has let go, and that has taken effect."""
        if one.state not in LET_GO or not self.effects()[one.action.marker]:
            return None
        with self.store.read() as connection:
            asked = select(outbox.c.repair_at).where(outbox.c.id == one.id)
            return moment_or_none(connection.execute(asked).scalar_one())

    def _landed_late(self, one: intentions.Intention) -> bool:
        times = [event["at"] for event in self.desk.story(one.action.ticket) if event["marker"] == one.action.marker]
        return one.sent_at is not None and datetime.fromisoformat(min(times)) >= one.sent_at + LATEST_LANDING

    def check_at_rest(self) -> None:
        """What must be true when all has healed: nothing lost, nothing open, the store equals the desk."""
        self.check()
        moving = [one for one in self.intentions() if one.state in (State.SENDING, State.IN_DOUBT)]
        assert not moving, f"still in doubt: {[(one.action.marker, one.why) for one in moving]}"
        effects = self.effects()
        for one in self.intentions():
            if one.state in (State.CANCELLED, State.EXPIRED, State.DEAD, State.SHADOW, State.HELD):
                assert not effects[one.action.marker], f"{one.action.marker} is {one.state} and took effect"
        self._check_store()

    def _check_store(self) -> None:
        with self.store.read() as connection:
            stored = {one.ticket: one.doc for one in complaints.listing(connection)}
            assert not quarantine.listing(connection)
        for ticket in self.desk.tickets():
            assert ticket in stored, f"ticket {ticket} was lost"
            told, there = stored[ticket], self.desk.look(ticket)
            assert told.complaint.version == there["version"], f"ticket {ticket} is behind"
            ids = [entry.id for entry in told.entries]
            assert len(ids) == len(set(ids))
            missing = {event["id"] for event in self.desk.story(ticket)} - set(ids)
            assert not missing, f"events {missing} of ticket {ticket} were lost"
            for entry in told.entries:
                if entry.kind is EntryKind.NOTE:
                    assert entry.visibility.value == "internal"
