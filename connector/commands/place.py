"""The admin's folder as a command meets it: settings, store and sources, opened when they are first needed.

Made by the command line, which hands in the clocks; used by every module of this room.
"""

from __future__ import annotations

import getpass
import os
import re
import signal
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import cached_property
from itertools import count
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

from connector.commands.collector import spare_the_collector
from connector.errors import AmendsError, SettingsError
from connector.store import Store, Transaction, sources

if TYPE_CHECKING:
    # Reading all settings costs more than a look at the store, which most commands are.
    from connector.settings import Settings, SourceSettings

USUAL_HOME = Path("amends")
_REFERENCE = re.compile(r"(env|file|keyring):(?!//)")


def no_seam(_place: str) -> None:
    """Nobody wants to crash here."""


def deadly_seam(wish: str | None) -> Callable[[str], None]:
    """For crash tests and the demo: kill this process as it passes a seam of the store. `wish` says at which: "17" is
    the 17th of all, "outbox: applied*2" the second of that name."""
    if not wish:
        return no_seam
    name, _, number = wish.rpartition("*")
    left = count(int(number), -1)

    def seam(place: str) -> None:
        if name in ("", place) and next(left) == 1:
            os.kill(os.getpid(), signal.SIGKILL)

    return seam


def prove_source(connection: Transaction, name: str | None) -> None:
    """A listing of a source that is not there would be empty, and look like good news. Raises SettingsError."""
    known = [one.name for one in sources.everyone(connection)]
    if name is not None and name not in known:
        raise SettingsError(f"nothing is stored of a source {name!r}.", remedy=f"There are: {', '.join(known)}.")


class Place:
    """One folder. `now` is the time in the complaints' world, `wall` the real time of day, `scale` how many seconds of
    the first pass in one of the second (1 but for the demo and crash tests)."""

    def __init__(
        self,
        home: Path | None,
        *,
        now: Callable[[], datetime],
        wall: Callable[[], datetime],
        scale: float = 1.0,
        seam: Callable[[str], None] = no_seam,
    ) -> None:
        self._named = home
        self.now, self.wall, self.scale, self._seam = now, wall, scale, seam
        self._stirred = threading.Event()

    @property
    def named(self) -> Path | None:
        """The folder as it was named; None where the usual one, which may be missing, counts."""
        return self._named

    @cached_property
    def home(self) -> Path:
        """The folder. Raises SettingsError where a named one is not there."""
        if self._named is not None and not self._named.is_dir():
            raise SettingsError(
                f"there is no folder {self._named}.", remedy="Make it with `amends init`, or name another one."
            )
        return self._named or USUAL_HOME

    @cached_property
    def settings(self) -> Settings:
        """Everything in the folder, checked. Raises SettingsFilesError."""
        from connector.settings import load

        return load(self._named, today=self.now().date())

    def read_again(self) -> Settings:
        """The settings as they are now; the old ones stay where these cannot be understood."""
        from connector.settings import load

        fresh = load(self._named, today=self.now().date())
        self.__dict__["settings"] = fresh
        return fresh

    @cached_property
    def who(self) -> str:
        """The person at the terminal, for the audit log."""
        try:
            return getpass.getuser()
        except (OSError, KeyError):
            return f"user {os.getuid()}"

    def clock(self) -> float:
        """Seconds as a helpdesk counts them against its limits."""
        return monotonic() if self.scale == 1.0 else self.now().timestamp()

    def holder(self, what: str) -> str:
        """How this process names itself to others that want the store."""
        return f"{what} (process {os.getpid()} on {socket.gethostname()})"

    def wait(self, seconds: float) -> None:
        """Let time pass; the world of a faster clock waits less. Ctrl-C ends it."""
        self._stirred.wait(seconds / max(self.scale, 1.0))

    def chosen(self, names: Sequence[str]) -> list[SourceSettings]:
        """The named sources, all without a name. Raises SettingsError for one that is not in amends.yaml."""
        known = self.settings.sources
        for name in names:
            if name not in known:
                raise SettingsError(
                    f"there is no source {name!r} in {self.home / 'amends.yaml'}.",
                    remedy=f"It names: {', '.join(known) or 'none'}.",
                )
        return [known[name] for name in names] if names else list(known.values())

    # -- the store -------------------------------------------------------------------------------------------------

    def bare_store(self) -> Store:
        """The store, not opened. It is found even where other settings are broken: `pause` has to work always."""
        return Store(store_url(self.home, _stored_in(self.home)), seam=self._seam)

    @contextmanager
    def store(self, *, create: bool = False) -> Iterator[Store]:
        """The store, for a look or for an operator's small change. Raises StoreError where there is none."""
        store = self.bare_store()
        try:
            yield store.open(create=create)
        finally:
            store.close()

    @contextmanager
    def leased_store(self, what: str) -> Iterator[Store]:
        """The store as its one writer; made where there is none. Raises StoreError while another one is at work."""
        with self.store(create=True) as store:
            store.take_lease(self.holder(what), self.wall())
            spare_the_collector()
            yield store


def no_source(place: Place) -> SettingsError:
    """What to say where nothing can be done for want of a source."""
    named = place.home / "amends.yaml"
    return SettingsError(f"{named} names no source.", remedy="Make a folder with `amends init`, or name one in --home.")


def policy_zone(home: Path) -> str:
    """The zone of policy.yaml, the admin's or the shipped one, without reading anything else of the settings: it is all
    that a report wants of them. Raises SettingsError for one that there is not."""
    from zoneinfo import ZoneInfo

    import mappings

    own = home / "policy.yaml"
    file = own if own.exists() else Path(mappings.__file__).with_name("policy.yaml")
    zone = str(_yaml_file(file).get("zone", "UTC"))
    try:
        ZoneInfo(zone)
    except (KeyError, ValueError, OSError) as error:
        raise SettingsError(f"{file}: there is no time zone {zone!r}.", remedy="See `amends check`.") from error
    return zone


def _stored_in(home: Path) -> str:
    named = _main_file(home).get("store")
    return named if isinstance(named, str) and named else "amends.db"


def _main_file(home: Path) -> dict[str, Any]:
    """amends.yaml as it is, right or wrong; whatever is wrong in it is told by the commands that need all of it."""
    return _yaml_file(home / "amends.yaml")


def _yaml_file(file: Path) -> dict[str, Any]:
    import yaml

    try:
        # As `yaml.safe_load`, by the C parser where there is one.
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        value = yaml.load(file.read_text(encoding="utf-8"), loader)  # noqa: S506
    except (OSError, ValueError, yaml.YAMLError):
        return {}
    return value if isinstance(value, dict) else {}


def store_url(home: Path, named: str) -> str:
    """The database URL of what `store:` says: a file in `home`, a URL, or a reference to one of them."""
    if _REFERENCE.match(named):
        from connector.credentials import SourceCredentials

        named = SourceCredentials("store", {"store": named}).current()["store"]
    return named if "://" in named else f"sqlite:///{(home / named).absolute()}"


def source_names(home: Path | None) -> list[str]:
    """The sources of a folder, for completion; [] where nothing can be read."""
    sources = _main_file(home or USUAL_HOME).get("sources")
    return sorted(map(str, sources)) if isinstance(sources, dict) else []


def facet_names(home: Path | None) -> list[str]:
    """The facets of a folder's taxonomy, for completion; [] where nothing can be read."""
    from connector.settings import load_tagging

    try:
        return sorted(load_tagging(home)[0].taxonomy.facets)
    except (OSError, AmendsError):
        return []


def correction_rules(home: Path | None) -> list[str]:
    """The ids of policy.yaml's corrections, for completion; [] where nothing can be read."""
    from connector.settings import load

    try:
        return [one.id for one in load(home).policy.corrections]
    except (OSError, AmendsError):
        return []
