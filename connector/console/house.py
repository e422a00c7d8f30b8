"""What all requests share: the open store, the settings in force, and how often somebody may try.

Made once by `serving`; `entrance` and the routes get their seats from it.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic

from connector.assessment.rules import Rules
from connector.commands.mapping_edit import HISTORY
from connector.commands.place import Place
from connector.console.limits import Allowance
from connector.console.seat import Actor, Seat
from connector.console.tryout import Bench
from connector.desks import rules_of
from connector.errors import AmendsError
from connector.settings import Settings
from connector.settings.folder import hidden
from connector.settings.web import WebSettings
from connector.store import Store

log = logging.getLogger("amends.web")

LOOK_SECONDS = 2.0
MOST_SAID = 1000
QUARTER_HOUR_SECONDS = 900.0
MINUTE_SECONDS = 60.0


class House:
    """One console. `reload` tells the daemon of the same process that settings changed; None where there is none."""

    def __init__(
        self,
        place: Place,
        *,
        clock: Callable[[], float] = monotonic,
        reload: Callable[[], None] | None = None,
    ) -> None:
        self.place, self.clock, self.reload = place, clock, reload
        self.store: Store = place.bare_store().open(create=False)
        # Of one name at one address: nobody can lock others out by guessing; and of an address, whatever the name.
        self.guesses = Allowance(10, QUARTER_HOUR_SECONDS)
        self.callers = Allowance(50, QUARTER_HOUR_SECONDS)
        self.calls = Allowance(600, MINUTE_SECONDS)
        # On the way to the identity provider: each costs us a row and, at times, a question there.
        self.departures = Allowance(100, QUARTER_HOUR_SECONDS)
        self.known_provider: tuple[float, dict[str, str]] | None = None
        self.bench = Bench()
        self.broken: str | None = None
        self._said: dict[str, str] = {}
        self._lock = threading.RLock()
        self._settings = place.settings
        self._rules: Rules | None = None
        self._marks = self._marks_now()
        self._looked_at = clock()

    @property
    def web(self) -> WebSettings:
        """The console's own settings, as they were when it was started: they count until it is started again."""
        return self.place.settings.web

    @property
    def settings(self) -> Settings:
        """The settings in force. Files that changed are read again; where they cannot be understood, the old ones stay,
        and `broken` says why."""
        with self._lock:
            if self.clock() - self._looked_at >= LOOK_SECONDS:
                self._look()
            return self._settings

    @property
    def rules(self) -> Rules:
        """The settings in force, compiled; with a tagger, which is made when it is first asked."""
        with self._lock:
            settings = self.settings
            if self._rules is None:
                self._rules = rules_of(settings)
            return self._rules

    def seat(self, actor: Actor) -> Seat:
        return Seat(self, actor)

    def say(self, session: str | None, words: str) -> None:
        """Have the next page of a session say what became of its last form."""
        if session is not None:
            with self._lock:
                if len(self._said) > MOST_SAID:
                    self._said.clear()
                self._said[session] = words

    def told(self, session: str | None) -> str | None:
        """What is still to be said to a session, once."""
        with self._lock:
            return self._said.pop(session or "", None)

    def changed(self) -> None:
        """A file was saved here: take it over at once, and tell the daemon of this process."""
        with self._lock:
            self._look()
        if self.reload is not None:
            self.reload()

    def close(self) -> None:
        self.bench.stop()
        self.store.close()

    def _look(self) -> None:
        from connector.settings import load

        self._looked_at = self.clock()
        marks = self._marks_now()
        if marks == self._marks:
            return
        self._marks = marks
        try:
            self._settings, self._rules, self.broken = load(self.place.named, today=self.place.now().date()), None, None
        except AmendsError as error:
            self.broken = str(error)
            log.error("the changed settings were not taken over here. %s", error)

    def _marks_now(self) -> tuple[tuple[str, int, int], ...]:
        found = [(path, _mark(path)) for path in sorted(_yaml_files(self.place.home))]
        return tuple((str(path), *mark) for path, mark in found if mark is not None)


def _yaml_files(home: Path) -> Iterator[Path]:
    """All that settings may be made of. What vanishes while it is looked at is passed over."""
    for folder, below, names in os.walk(home):
        below[:] = [name for name in below if name != HISTORY and not hidden(Path(name))]
        paths = (Path(folder, name) for name in names)
        yield from (path for path in paths if path.suffix in (".yaml", ".yml") and not hidden(path))


def _mark(path: Path) -> tuple[int, int] | None:
    """When a file was changed and how long it is; None where it has gone meanwhile, as editors replace files."""
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_mtime_ns, stat.st_size
