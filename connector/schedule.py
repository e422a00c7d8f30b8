"""The three verbs by the clock: the daemon behind `amends run`.

APScheduler only says when; each helpdesk has jobs of its own, so that one that hangs or throttles never holds another,
and everything that must not be lost lies in the store. Called by the command line, which hands in clock and settings.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from time import monotonic
from typing import Any

import msgspec

from connector.adapter import Cursor
from connector.assessment.rules import Rules
from connector.errors import AmendsError, AuthError, FencedError, InboxError, StoreError, TemporaryError
from connector.helpdesk import Helpdesk
from connector.retry import delay_seconds
from connector.store import Store, sources
from connector.sync import census, compare, pull, push, replay, sweep, tidy
from connector.sync.census import due
from connector.sync.hooks import Hooks
from connector.sync.pull import End, Pulled, stand
from connector.sync.replay import remember, stale
from connector.tracing import span
from connector.waking import listen, listens

log = logging.getLogger("amends")

PAGES_A_TURN = 20
PARKED_FOR = timedelta(minutes=15)
COUNT_AGAIN = timedelta(hours=1)
LEASE_EVERY_SECONDS = 10
PEOPLE_EVERY_SECONDS = 3600
STOP_WITHIN_SECONDS = 10
STOP_LOOK_SECONDS = 0.5
HEAR_SECONDS = 1.0  # between two looks at what hooks brought; one that finds nothing costs a tenth of a millisecond


class Pace(msgspec.Struct, frozen=True):
    """How often the daemon does what, in real seconds.

    `haste` is how many seconds pass in the complaints' world in a real one (1 but for the demo): what a helpdesk asks
    to wait is in its own seconds.
    """

    push_seconds: float = 5.0
    sweep_seconds: float = 15.0
    haste: float = 1.0


class Workplace(msgspec.Struct, frozen=True):
    """The settings in force, opened: what a reload replaces as a whole."""

    desks: tuple[Helpdesk, ...]
    rules: Rules
    poll_seconds: dict[str, float]


class Daemon:
    """One running daemon. `now` is the time in the complaints' world, `wall` the real time of day (leases)."""

    def __init__(
        self,
        store: Store,
        *,
        now: Callable[[], datetime],
        wall: Callable[[], datetime],
        open_workplace: Callable[[], Workplace],
        pace: Pace,
        hooks: Hooks | None = None,
    ) -> None:
        self.store, self.now, self.wall, self.pace, self.hooks = store, now, wall, pace, hooks
        self.open_workplace = open_workplace
        self.workplace = open_workplace()
        self.stop = threading.Event()
        self.failure: AmendsError | None = None
        self._reload = threading.Event()
        self._rest: dict[str, datetime] = {}
        self._failures: dict[str, int] = {}
        self._count_again: dict[str, datetime] = {}
        self._remembered: dict[str, str] = {}  # by source: the rules whose making is known to be kept
        self._workers = f"work-{id(self)}"
        self._reading: dict[str, threading.Lock] = {}
        self._listening: list[threading.Thread] = []

    # -- life --------------------------------------------------------------------------------------------------

    def run(self) -> None:
        """Work until `stop` is set. Raises the error that made going on impossible (fenced, store damaged)."""
        scheduler = self._scheduler()
        scheduler.start()
        try:
            # The lease is kept from here on: to read through a large store takes longer than a lease lasts.
            self.store.prove_sound()
            self._plan(scheduler)
            self._listen()
            log.info("running; sources: %s", ", ".join(desk.name for desk in self.workplace.desks) or "none")
            while not self.stop.wait(0.2):
                if self._reload.is_set():
                    self._reload.clear()
                    self._reloaded(scheduler)
        finally:
            scheduler.shutdown(wait=False)
            self._finish()
        if self.failure is not None:
            raise self.failure

    def ask_reload(self) -> None:
        """Read the settings again at the next moment; safe to call from a signal handler."""
        self._reload.set()

    def _finish(self) -> None:
        """Let running steps end; what is on its way stays marked as such and is settled by the next start."""
        deadline = monotonic() + STOP_WITHIN_SECONDS - 2
        workers = [one for one in threading.enumerate() if one.name.startswith(self._workers)]
        for thread in workers:
            thread.join(max(0.0, deadline - monotonic()))
        for thread in self._listening:  # they hold nothing, and one that hangs at a dead line ends with the process
            thread.join(2 * STOP_LOOK_SECONDS)
        log.info("stopped")

    def _scheduler(self) -> Any:
        from apscheduler.executors.pool import ThreadPoolExecutor
        from apscheduler.schedulers.background import BackgroundScheduler

        workers = 2 * len(self.workplace.desks) + 3
        scheduler = BackgroundScheduler(
            executors={"default": ThreadPoolExecutor(workers, {"thread_name_prefix": self._workers})},
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
            timezone=UTC,
        )
        self._plan_lease(scheduler)
        return scheduler

    def _plan_lease(self, scheduler: Any) -> None:
        scheduler.add_job(self._lease, "interval", seconds=LEASE_EVERY_SECONDS, id="lease", replace_existing=True)

    def _plan(self, scheduler: Any) -> None:
        every = scheduler.add_job
        start = self.wall()
        every(self._sweep, "interval", seconds=self.pace.sweep_seconds, id="sweep", replace_existing=True)
        every(self._people, "interval", seconds=PEOPLE_EVERY_SECONDS, id="people", replace_existing=True)
        for desk in self.workplace.desks:
            if desk.streams:  # people are told, and not read
                every(
                    self._pull,
                    "interval",
                    seconds=self.workplace.poll_seconds[desk.name],
                    args=[desk],
                    id=f"pull {desk.name}",
                    next_run_time=start,
                    replace_existing=True,
                )
            every(
                self._push,
                "interval",
                seconds=self.pace.push_seconds,
                args=[desk],
                id=f"push {desk.name}",
                replace_existing=True,
            )
            if self.hooks is not None and desk.hook is not None:
                every(
                    self._hear,
                    "interval",
                    seconds=HEAR_SECONDS,
                    args=[desk, self.hooks],
                    id=f"hear {desk.name}",
                    replace_existing=True,
                )

    def _listen(self) -> None:
        """Where a source tells of news, a thread hears it; those of sources that were dropped end by themselves."""
        self._listening = [thread for thread in self._listening if thread.is_alive()]
        for desk in filter(listens, self.workplace.desks):
            told = {
                "news": partial(self._pull, desk, after_others=True),
                "over": partial(self._over, desk),
                "pause": self._wait,
            }
            thread = threading.Thread(target=listen, args=[desk], kwargs=told, name=f"listen {desk.name}", daemon=True)
            self._listening.append(thread)
            thread.start()

    def _over(self, desk: Helpdesk) -> bool:
        return self.stop.is_set() or self._dropped(desk)

    def _reloaded(self, scheduler: Any) -> None:
        try:
            workplace = self.open_workplace()
        except AmendsError as error:
            log.error("the changed settings were not taken; the old ones stay in force. %s", error)
            return
        self.workplace = workplace
        scheduler.remove_all_jobs()
        self._plan_lease(scheduler)
        self._plan(scheduler)
        self._listen()
        log.info("settings read again; sources: %s", ", ".join(desk.name for desk in workplace.desks))

    # -- jobs --------------------------------------------------------------------------------------------------

    def _lease(self) -> None:
        self._guarded(lambda: self.store.renew_lease(self.wall()), None, "lease")

    def _pull(self, desk: Helpdesk, *, after_others: bool = False) -> None:
        """Read what is new, unless somebody does so just now; `after_others`: once more, for they may be past it."""
        reading = self._reading.setdefault(desk.name, threading.Lock())
        while not (self._over(desk) or self._resting(desk)):
            if reading.acquire(timeout=STOP_LOOK_SECONDS if after_others else 0):
                try:
                    self._guarded(lambda: self._read(desk), desk, "pull")
                finally:
                    reading.release()
                return
            if not after_others:
                return

    def _hear(self, desk: Helpdesk, hooks: Hooks) -> None:
        """Read what the source's hook hinted at. The hook itself is looked at from here too, every few hours."""
        if not (self._over(desk) or self._resting(desk)):
            self._guarded(lambda: self._heard(desk, hooks), desk, "hear")

    def _heard(self, desk: Helpdesk, hooks: Hooks) -> None:
        hooks.keep(desk)
        if not hooks.waiting(desk):
            return
        with self._reading.setdefault(desk.name, threading.Lock()):
            heard = hooks.read(desk, self.store, self.workplace.rules, now=self.now, stopping=self.stop.is_set)
        if heard.changed:
            log.info("%s: hooks hinted at %d tickets, %d complaints changed", desk.name, heard.tickets, heard.changed)
            self._sweep()
        if heard.poll:
            self._pull(desk, after_others=True)

    def _read(self, desk: Helpdesk) -> None:
        """Read each stream to its end. Where there was no news nothing new is due: what time alone brings is swept by
        the clock, and most polls of a day bring none."""
        news = self._by_these_rules(desk)
        with self.store.read() as connection:
            stood = {row.name: row.cursor for row in sources.streams(connection, desk.id)}
        failures, changed = [], 0
        ends: list[End] = []
        for stream in desk.streams:
            error, complete, found = self._read_stream(desk, stream, stood.get(stream), ends)
            changed += found.changed
            news |= found.records > 0
            if error is not None:
                failures.append(error)
            elif not complete:
                # Its events would tell of tickets that this one has not come to yet, each to be asked for by itself.
                break
        if not failures:
            news |= self._count(desk)
            if self.hooks is not None and desk.hook is not None:
                self.hooks.polled(desk, changed)
        if news or failures:  # before one failed, pages may have been saved
            self._sweep()
        with self.store.write("pull: went through") as connection:
            stand(connection, desk, ends)
            if not failures:
                sources.pulled(connection, desk.id, self.now())
                sources.allowed(connection, desk.id, desk.calls_left())
        if failures:
            raise failures[0]
        self._failures.pop(desk.name, None)

    def _by_these_rules(self, desk: Helpdesk) -> bool:
        """Have what is stored stand as the rules in force say; whether it stood otherwise."""
        if stale(desk, self.store):
            done = replay(desk, self.store, self.workplace.rules, now=self.now, stopping=self.stop.is_set)
            log.info(
                "%s: rules changed; %d complaints read again, %d came out differently",
                desk.name,
                done.read,
                done.changed,
            )
            return True
        if self._remembered.get(desk.name) != desk.rules_digest:
            remember(desk, self.store, self.workplace.rules)
            self._remembered[desk.name] = desk.rules_digest
        return False

    def _read_stream(
        self, desk: Helpdesk, stream: str, stood: Cursor | None, ends: list[End]
    ) -> tuple[AmendsError | None, bool, Pulled]:
        """Read one stream; what is wrong with it must not keep the others from being read. Refused credentials are
        refused for all of them, and asking again could lock us out. Returns that, whether it was ever read to its end,
        and what was read."""
        try:
            pulled = pull(
                desk,
                stream,
                self.store,
                self.workplace.rules,
                now=self.now,
                wait=self._wait,
                most_pages=PAGES_A_TURN,
                stopping=self.stop.is_set,
                begin=stood,
                ends=ends,
            )
        except (FencedError, StoreError, AuthError):
            raise
        except AmendsError as error:
            return error, False, Pulled(stream)
        if pulled.changed or pulled.quarantined:
            log.info(
                "%s: %d records read, %d complaints changed, %d put in quarantine",
                desk.name,
                pulled.records,
                pulled.changed,
                pulled.quarantined,
            )
        return None, not pulled.more or self._was_complete(desk, stream), pulled

    def _count(self, desk: Helpdesk) -> bool:
        """Whether it was counted. What goes wrong with that holds up nothing else; it is tried again after a while."""
        if self._count_again.get(desk.name, self.now()) > self.now() or not due(desk, self.store, self.now()):
            return False
        try:
            counted = census(desk, self.store, self.workplace.rules, now=self.now, stopping=self.stop.is_set)
        except (FencedError, StoreError):
            raise
        except AmendsError as error:
            self._count_again[desk.name] = self.now() + COUNT_AGAIN
            log.warning("%s: could not be counted. %s", desk.name, error)
            return False
        if counted.behind or counted.gone:
            log.info(
                "%s: counted %d tickets; %d had been missed, %d are gone",
                desk.name,
                counted.listed,
                counted.behind,
                counted.gone,
            )
        return True

    def _was_complete(self, desk: Helpdesk, stream: str) -> bool:
        with self.store.read() as connection:
            row = sources.stream_row(connection, desk.id, stream)
        return row is not None and row.complete_at is not None

    def _sweep(self) -> None:
        self._guarded(self._decide, None, "sweep")

    def _decide(self) -> None:
        with _one_at_a_time:
            swept = sweep(
                self.workplace.desks,
                self.store,
                self.workplace.rules,
                now=self.now,
                stopping=self.stop.is_set,
            )
        if swept.intended or swept.withdrawn:
            log.info(
                "sweep: %d looked at, %d writes intended, %d withdrawn", swept.looked, swept.intended, swept.withdrawn
            )

    def _people(self) -> None:
        self._guarded(self._look_after_people, None, "people")

    def _look_after_people(self) -> None:
        """What can wait: who may be one person, and what was kept long enough."""
        rules = self.workplace.rules
        compared = compare(self.store, rules.people, now=self.now, stopping=self.stop.is_set)
        gone = tidy(self.store, rules.retention, rules.people, self.now(), stopping=self.stop.is_set)
        if compared.proposed or gone.tickets:
            log.info("people: %d proposals, %d tickets erased", compared.proposed, gone.tickets)

    def _push(self, desk: Helpdesk) -> None:
        if self._dropped(desk) or self._resting(desk):
            return
        self._guarded(lambda: self._send(desk), desk, "push")

    def _send(self, desk: Helpdesk) -> None:
        pushed = push(
            desk,
            self.store,
            self.workplace.rules,
            now=self.now,
            others=self.workplace.desks,
            stopping=lambda: self.stop.is_set() or self._dropped(desk),
        )
        if pushed.rest_seconds:
            self._rest[desk.name] = self.wall() + timedelta(seconds=pushed.rest_seconds / self.pace.haste)
        if pushed.done or pushed.failed:
            log.info("%s: %d writes done, %d need a person", desk.name, pushed.done, pushed.failed)

    # -- when things go wrong ------------------------------------------------------------------------------------

    def _guarded(self, step: Callable[[], object], desk: Helpdesk | None, verb: str) -> None:
        if self.stop.is_set():
            return
        try:
            with span(verb, **({"source": desk.name} if desk else {})):
                step()
        except FencedError as error:
            self._give_up(error)
        except InboxError as error:
            # What it holds are hints. The source itself is well, and the poll goes on.
            log.error("%s", error)
        except StoreError as error:
            log.error("%s", error)
            if "malformed" in str(error) or "replaced" in str(error) or "is gone" in str(error):
                self._give_up(error)
        except (AmendsError, OSError) as error:
            self._failed(desk, error)
        except Exception as error:  # our bug: it must stop this source, not the others
            log.exception("a fault in Amends itself")
            self._failed(desk, error)

    def _give_up(self, error: AmendsError) -> None:
        self.failure = error
        log.error("stopping: %s", error)
        self.stop.set()

    def _failed(self, desk: Helpdesk | None, error: Exception) -> None:
        if desk is None:
            log.error("%s", error)
            return
        times = self._failures[desk.name] = self._failures.get(desk.name, 0) + 1
        if isinstance(error, TemporaryError):
            rest = timedelta(seconds=delay_seconds(times, error.retry_after_seconds))
        else:
            rest = PARKED_FOR
        self._rest[desk.name] = self.wall() + rest / self.pace.haste
        parked = self.now() + rest if isinstance(error, AuthError) or not isinstance(error, AmendsError) else None
        log.warning("%s: %s Tried again in %.0f s.", desk.name, error, rest.total_seconds())
        try:
            with self.store.write("source: failed") as connection:
                sources.failed(connection, desk.id, self.now(), str(error), parked)
                sources.allowed(connection, desk.id, desk.calls_left())
        except (FencedError, StoreError) as worse:
            log.error("%s", worse)

    def _dropped(self, desk: Helpdesk) -> bool:
        """Whether a reload took this desk out of work: what it still had to write stays in the outbox, and is shown."""
        return not any(one is desk for one in self.workplace.desks)

    def _resting(self, desk: Helpdesk) -> bool:
        return self._rest.get(desk.name, self.wall()) > self.wall()

    def _wait(self, seconds: float) -> None:
        self.stop.wait(seconds / self.pace.haste)


_one_at_a_time = threading.Lock()
