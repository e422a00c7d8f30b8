"""`amends sync`: the three verbs once, or only shown. Called by the command line.

A dry run works on a copy of the store: it reads the helpdesks as always, and nothing is left of it afterwards.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from connector.adapter import Counting
from connector.assessment.rules import Rules
from connector.commands.place import Place, no_source
from connector.commands.progress import Progress
from connector.desks import open_desk, people_desk, rules_of
from connector.display import count, wrapped
from connector.errors import AmendsError, AuthError, FencedError, SettingsError, StoreError, TemporaryError
from connector.helpdesk import Helpdesk
from connector.model import JSON
from connector.policy.telling import CONTACTS
from connector.settings.sources import SourceSettings
from connector.store import Store, assessments, backup, intentions, sources
from connector.store.intentions import MOVING, Intention
from connector.sync import Counted, census, count_from_now, people_changed, policy_changed, pull, push, replay, sweep
from connector.sync.census import due
from connector.sync.replay import remember, stale

# One pass ends: it waits this often and this long for a helpdesk that asks for rest, then leaves the rest for later.
MOST_RESTS = 4
LONGEST_REST_SECONDS = 10.0
LEASE_EVERY = timedelta(seconds=8)
# What a person has to put right is shown as such; a pass that goes through takes it back.
PARKED_FOR = timedelta(minutes=15)
_WORST = (SettingsError.exit_code, AuthError.exit_code, TemporaryError.exit_code, 1)


class Planned(msgspec.Struct, frozen=True):
    """A write that was newly intended."""

    id: int
    ticket: str
    kind: str
    rule: str
    state: str
    why: str


class SourceSynced(msgspec.Struct, frozen=True):
    """What one pass did with one source; counts of complaints and of writes. `waiting` writes are left for later."""

    source: str
    records: int = 0
    changed: int = 0
    complaints: int = 0
    quarantined: int = 0
    replayed: int = 0
    replay_changed: int = 0
    counted: Counted | None = None
    intended: tuple[Planned, ...] = ()
    done: int = 0
    failed: int = 0
    withdrawn: int = 0
    waiting: int = 0
    paused: bool = False
    error: str | None = None
    exit_code: int = 0


class Synced(msgspec.Struct, frozen=True):
    """One pass. `flagged` counts flags by kind as they stand now."""

    dry_run: bool
    sources: tuple[SourceSynced, ...]
    looked: int
    flagged: dict[str, int]

    @property
    def exit_code(self) -> int:
        codes = {one.exit_code or int(one.failed > 0) for one in self.sources}
        return next((code for code in _WORST if code in codes), 0)


def sync(
    place: Place, names: Sequence[str], *, dry_run: bool, most_pages: int | None, count_now: bool = False
) -> Synced:
    """Read everything new, decide, and write. One source that fails does not hold the others.

    With `count_now`, compare with what each source lists, and believe it even where much is missing. Raises
    SettingsError, StoreError (another daemon is at work) and FencedError.
    """
    wanted = place.chosen(names)
    if not wanted:
        raise no_source(place)
    with _practice_store(place) if dry_run else place.leased_store("amends sync") as store:
        return _Pass(place, store, dry_run=dry_run, most_pages=most_pages, count_now=count_now).run(wanted)


class _Pass:
    """One pass over some sources."""

    def __init__(self, place: Place, store: Store, *, dry_run: bool, most_pages: int | None, count_now: bool) -> None:
        self.place, self.store, self.dry_run, self.most_pages = place, store, dry_run, most_pages
        self.count_now = count_now
        self.rules: Rules = rules_of(place.settings)
        self.results: dict[str, SourceSynced] = {}
        self.desks: tuple[Helpdesk, ...] = ()
        self._renewed = place.wall()

    def run(self, wanted: Sequence[SourceSettings]) -> Synced:
        self.results = {one.name: SourceSynced(one.name) for one in wanted}
        desks = [desk for one in wanted if (desk := self._tried(one.name, self._opener(one))) is not None]
        people = people_desk(self.place.settings, self.store, self.place.now)
        if people is not None:
            desks.append(people)
            self.results[people.name] = SourceSynced(people.name)
        self.desks = tuple(desks)
        policy_changed(self.store, self.place.settings.policy_digest, self.place.now())
        people_changed(self.store, self.place.settings.digests["people.yaml"], self.rules.people, self.place.now())
        count_from_now(self.store, self.rules)
        before = self._newest_write()
        for desk in desks:
            if desk.streams:
                self._tried(desk.name, lambda desk=desk: self._read(desk))  # type: ignore[misc]
        swept = sweep(desks, self.store, self.rules, now=self.place.now, stopping=self._stopping)
        self._note_new(before)
        if not self.dry_run:
            for desk in desks:
                self._tried(desk.name, lambda desk=desk: self._write(desk))  # type: ignore[misc]
        for desk in desks:
            desk.adapter.close()
        with self.store.read() as connection:
            flagged = assessments.flagged(connection)
        return Synced(self.dry_run, tuple(self.results.values()), swept.looked, flagged)

    def _opener(self, source: SourceSettings) -> Callable[[], Helpdesk]:
        survey = self.place.settings.policy.survey
        page = survey.page if survey is not None else None
        return lambda: open_desk(source, self.place.home, self.store, self.place.now, self.place.clock, page=page)

    def _tried(self, name: str, step: Callable[[], Helpdesk | None]) -> Helpdesk | None:
        try:
            return step()
        except (FencedError, StoreError):
            raise
        except AmendsError as error:
            self._add(name, error=str(error), exit_code=error.exit_code)
            self._remember(name, error)
            return None

    def _remember(self, name: str, error: AmendsError) -> None:
        """So that `amends status` says what went wrong last, also of a source that was never reached."""
        now = self.place.now()
        with self.store.write("source: failed") as connection:
            row = sources.enlist(connection, name, self.place.settings.sources[name].adapter)
            parked = now + PARKED_FOR if isinstance(error, (AuthError, SettingsError)) else None
            sources.failed(connection, row.id, now, str(error), parked)

    def _add(self, name: str, **changes: JSON) -> None:
        self.results[name] = msgspec.structs.replace(self.results[name], **changes)

    def _stopping(self) -> bool:
        """Asked before each step, which is the time to say that we are still here. A pass never stops by itself."""
        wall = self.place.wall()
        if not self.dry_run and wall - self._renewed > LEASE_EVERY:
            self._renewed = wall
            self.store.renew_lease(wall)
        return False

    # -- reading ---------------------------------------------------------------------------------------------------

    def _read(self, desk: Helpdesk) -> None:
        if stale(desk, self.store):
            self._replay(desk)
        else:
            remember(desk, self.store, self.rules)
        for stream in desk.streams:
            with Progress(f"{desk.name}, {stream}", "records") as tell:
                pulled = pull(
                    desk,
                    stream,
                    self.store,
                    self.rules,
                    now=self.place.now,
                    wait=self.place.wait,
                    most_pages=self.most_pages,
                    stopping=self._stopping,
                    tell=lambda _, so_far, tell=tell: tell(so_far.records),  # type: ignore[misc]
                )
            so_far = self.results[desk.name]
            self._add(
                desk.name,
                records=so_far.records + pulled.records,
                changed=so_far.changed + pulled.changed,
                # A ticket comes once in each stream; as a complaint it is counted in the first, which has all of them.
                complaints=so_far.complaints + (pulled.complaints if stream == desk.streams[0] else 0),
                quarantined=so_far.quarantined + pulled.quarantined,
            )
        with self.store.write("pull: went through") as connection:
            sources.pulled(connection, desk.id, self.place.now())
            sources.allowed(connection, desk.id, desk.calls_left())
        self._count(desk)

    def _count(self, desk: Helpdesk) -> None:
        """What reading changes has missed; once a day, or now where that was asked for."""
        if self.count_now and not isinstance(desk.adapter, Counting):
            if any(isinstance(other.adapter, Counting) for other in self.desks):
                return
            raise SettingsError(
                f"{desk.name} cannot be counted: its changes are told in full.", remedy="Leave --census away."
            )
        if not (self.count_now or due(desk, self.store, self.place.now())):
            return
        counted = census(
            desk, self.store, self.rules, now=self.place.now, believe=self.count_now, stopping=self._stopping
        )
        self._add(desk.name, counted=counted)

    def _replay(self, desk: Helpdesk) -> None:
        with Progress(f"{desk.name}, rules changed, reading again", "complaints") as tell:
            done = replay(
                desk,
                self.store,
                self.rules,
                now=self.place.now,
                stopping=self._stopping,
                tell=lambda so_far: tell(so_far.read),
            )
        self._add(desk.name, replayed=done.read, replay_changed=done.changed)

    # -- writing ---------------------------------------------------------------------------------------------------

    def _newest_write(self) -> int:
        with self.store.read() as connection:
            found = intentions.listing(connection, most=1)
        return found[0].id if found else 0

    def _note_new(self, before: int) -> None:
        with self.store.read() as connection:
            fresh = [one for one in intentions.listing(connection, most=10_000) if one.id > before]
        for one in reversed(fresh):
            if one.source in self.results:
                self._add(one.source, intended=(*self.results[one.source].intended, _planned(one)))

    def _write(self, desk: Helpdesk) -> None:
        for rest in range(MOST_RESTS + 1):
            pushed = push(desk, self.store, self.rules, now=self.place.now, others=self.desks, stopping=self._stopping)
            so_far = self.results[desk.name]
            self._add(
                desk.name,
                done=so_far.done + pushed.done,
                failed=so_far.failed + pushed.failed,
                withdrawn=so_far.withdrawn + pushed.withdrawn,
                paused=pushed.paused,
            )
            wait = pushed.rest_seconds or self._next_step_seconds(desk)
            if wait is None or pushed.paused or wait > LONGEST_REST_SECONDS or rest == MOST_RESTS:
                break
            self.place.wait(wait)
        with self.store.read() as connection:
            left = intentions.listing(connection, states=MOVING, source_name=desk.name)
        self._add(desk.name, waiting=len(left))

    def _next_step_seconds(self, desk: Helpdesk) -> float | None:
        """How long until something can be sent or settled that could not be just now; None where that is far off."""
        now = self.place.now()
        with self.store.read() as connection:
            soon = intentions.ready(connection, desk.id, now + timedelta(seconds=LONGEST_REST_SECONDS), 1)
        return max(0.2, (soon[0].next_at - now).total_seconds()) if soon else None


def _planned(one: Intention) -> Planned:
    action = one.action
    return Planned(one.id, action.ticket, action.kind.value, action.rule, one.state.value, action.why)


@contextmanager
def _practice_store(place: Place) -> Iterator[Store]:
    """A copy of the store that is thrown away. Raises StoreError where the store cannot be copied so."""
    with TemporaryDirectory(prefix="amends-dry-run-") as folder:
        copy = Path(folder) / "amends.db"
        real = place.bare_store()
        if real.file is None or real.file.exists():
            backup.copy(real, copy)
        real.close()
        practice = Store(f"sqlite:///{copy}")
        try:
            yield practice.open()
        finally:
            practice.close()


# -- telling it ------------------------------------------------------------------------------------------------------


def synced_lines(told: Synced, columns: int) -> list[str]:
    lines = [line for one in told.sources for line in _source_lines(one, told.dry_run, columns)]
    flags = ", ".join(f"{number:,} {kind.replace('_', ' ')}" for kind, number in sorted(told.flagged.items()))
    lines.append(f"Flags now: {flags or 'none'}.")
    if told.dry_run:
        lines.append("This was a dry run: nothing was stored, nothing was written.")
    return lines


def _source_lines(one: SourceSynced, dry_run: bool, columns: int) -> Iterator[str]:
    would = "would be stored" if dry_run else "stored"
    if one.source == CONTACTS:
        yield f"{one.source}: people who are told"
    else:
        yield f"{one.source}: {count(one.records, 'record')} read, {count(one.changed, 'change')} {would}"
    if one.replayed:
        yield f"  rules changed: {one.replayed:,} read again, {one.replay_changed:,} came out differently"
    if one.counted is not None:
        yield from _counted(one.counted)
    if one.complaints:
        yield f"  {count(one.complaints, 'complaint')} among them"
    if one.quarantined:
        yield f"  {count(one.quarantined, 'record')} put in quarantine: `amends quarantine list`"
    yield from _intended(one, dry_run, columns)
    if not dry_run:
        yield from _written(one)
    if one.error:
        yield from wrapped(f"FAILED: {one.error}", columns - 2, "  ")


def _intended(one: SourceSynced, dry_run: bool, columns: int) -> Iterator[str]:
    by_state: dict[str, int] = {}
    for write in one.intended:
        by_state[write.state] = by_state.get(write.state, 0) + 1
    if by_state:
        states = ", ".join(f"{number:,} {state.replace('_', ' ')}" for state, number in by_state.items())
        yield f"  {count(len(one.intended), 'write')} {'would be ' if dry_run else ''}intended: {states}"
        for write in one.intended[:10]:
            yield from wrapped(
                f"{write.kind} {one.source}/{write.ticket} ({write.rule}): {write.why}", columns - 4, "    "
            )
        if len(one.intended) > 10:
            yield f"    … and {len(one.intended) - 10} more"


def _counted(found: Counted) -> Iterator[str]:
    yield f"  counted {count(found.listed, 'ticket')}: {found.behind:,} had been missed, {found.gone:,} are gone"
    if found.refused:
        yield f"  {found.missing:,} are suddenly not listed, and were left as they are: see what we may read there"


def _written(one: SourceSynced) -> Iterator[str]:
    parts = (
        (one.done, "done"),
        (one.withdrawn, "withdrawn"),
        (one.failed, "need a person"),
        (one.waiting, "wait for their time"),
    )
    said = ", ".join(f"{number:,} {words}" for number, words in parts if number)
    if said:
        yield f"  writes: {said}"
    if one.paused:
        yield "  all writes are paused: `amends resume`"
