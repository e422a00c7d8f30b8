"""`amends run`: the daemon, its signals, and what it opens. Called by the command line."""

from __future__ import annotations

import logging
import os
import signal
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from types import FrameType

from connector import tracing
from connector.commands.place import Place, no_source
from connector.desks import open_desk, people_desk, prove_account, rules_of
from connector.errors import AmendsError, AuthError, SettingsError, TemporaryError
from connector.helpdesk import Helpdesk
from connector.schedule import Daemon, Pace, Workplace
from connector.settings.sources import SourceSettings
from connector.settings.web import PublicSettings
from connector.store import Store
from connector.store.hook_inbox import HookInbox
from connector.sync import count_from_now, people_changed, policy_changed
from connector.sync.hooks import Hooks

log = logging.getLogger("amends")

# Nothing is done more often than this, however fast the clock of a demo runs.
SHORTEST_SECONDS = 0.2
MISSING_AGAIN_SECONDS = 60.0
_BEFORE_WORK = (AuthError, TemporaryError, SettingsError)


Beside = Callable[[Place, Callable[[], None]], AbstractContextManager[None]]


def run(place: Place, console: Beside | None = None) -> None:
    """Work until SIGTERM or SIGINT; SIGHUP reads the settings again, and keeps the old ones where they are wrong.

    Raises what made going on impossible: SettingsError, StoreError, FencedError, and AuthError or TemporaryError where
    not a single source could be reached for the first time. `console` is started beside the daemon, where amends.yaml
    wishes so, and asks it to read its settings again.
    """
    if not place.settings.sources:
        raise no_source(place)
    if tracing.set_up():
        log.info("traces go to %s", os.environ[tracing.ENDPOINT])
    with place.leased_store("amends run") as store:
        office = _Office(place, store)
        inbox = HookInbox(place.home)
        daemon = Daemon(
            store,
            now=place.now,
            wall=place.wall,
            open_workplace=office.open,
            pace=_pace(place),
            hooks=Hooks(inbox, place.wall),
        )
        office.ask_again = daemon.ask_reload
        with _Signals(daemon), _console(place, console, daemon):
            try:
                daemon.run()
            finally:
                office.close()
                inbox.close()


def _console(place: Place, console: Beside | None, daemon: Daemon) -> AbstractContextManager[None]:
    if console is None or not place.settings.web.serve:
        return nullcontext()
    return console(place, daemon.ask_reload)


def _pace(place: Place) -> Pace:
    usual = Pace()
    return Pace(
        push_seconds=_real(usual.push_seconds, place),
        sweep_seconds=_real(usual.sweep_seconds, place),
        haste=max(place.scale, 1.0),
    )


def _real(seconds: float, place: Place) -> float:
    return max(seconds / max(place.scale, 1.0), min(seconds, SHORTEST_SECONDS))


def _nothing() -> None:
    """There is no daemon yet that could be asked."""


class _Office:
    """Opens the sources; one that cannot be reached for its first time is tried again later, the others work."""

    def __init__(self, place: Place, store: Store) -> None:
        self.place, self.store = place, store
        self.ask_again: Callable[[], None] = _nothing
        self._timer: threading.Timer | None = None
        self._read_before = False
        self.public: PublicSettings | None = None

    def open(self) -> Workplace:
        settings = self.place.read_again() if self._read_before else self.place.settings
        self.public = settings.public
        desks, missing = self._desks(list(settings.sources.values()))
        if missing and not desks:
            raise missing[0]
        for error in missing:
            log.error("%s This source is tried again in %.0f s.", error, MISSING_AGAIN_SECONDS)
        if missing:
            self._later()
        if policy_changed(self.store, settings.policy_digest, self.place.now()):
            log.info("the policy changed; every open complaint is looked at again")
        if people_changed(self.store, settings.digests["people.yaml"], settings.people.identifying, self.place.now()):
            log.info("the rules about people changed; all of them were gone through again")
        rules = rules_of(settings)
        count_from_now(self.store, rules)
        self._read_before = True
        for warning in settings.warnings:
            log.warning("%s", warning)
        polls = {one.name: _real(one.poll_seconds, self.place) for one in settings.sources.values()}
        people = people_desk(settings, self.store, self.place.now)
        everywhere = (*desks, *([people] if people is not None else []))
        return Workplace(desks=everywhere, rules=rules, poll_seconds=polls)

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _desks(self, wanted: list[SourceSettings]) -> tuple[list[Helpdesk], list[AmendsError]]:
        desks: list[Helpdesk] = []
        missing: list[AmendsError] = []
        survey = self.place.settings.policy.survey
        page = survey.page if survey is not None else None
        for source in wanted:
            try:
                desk = open_desk(
                    source, self.place.home, self.store, self.place.now, self.place.clock, self.public, page
                )
                prove_account(desk, self.store)
                desks.append(desk)
            except _BEFORE_WORK as error:
                missing.append(error)
        return desks, missing

    def _later(self) -> None:
        self.close()
        self._timer = threading.Timer(MISSING_AGAIN_SECONDS, self.ask_again)
        self._timer.daemon = True
        self._timer.start()


class _Signals:
    """While the daemon runs: SIGTERM and SIGINT stop it, SIGHUP makes it read its settings again."""

    def __init__(self, daemon: Daemon) -> None:
        self.daemon = daemon

    def __enter__(self) -> None:
        signal.signal(signal.SIGTERM, self._stop)
        signal.signal(signal.SIGINT, self._stop)
        signal.signal(signal.SIGHUP, lambda *_: self.daemon.ask_reload())

    def __exit__(self, *_: object) -> None:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self.daemon.stop.set()
