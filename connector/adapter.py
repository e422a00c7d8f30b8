"""The contract between the engine and one kind of helpdesk, and finding adapters by name.

An adapter translates a vendor's structure (tickets, events, audits) into records and timeline entries; the mapping
YAML gives them meaning. Adapter authors import this module, `model` and `errors`; `connector.testing` holds the
promises below as tests. Called by `sync` and `outbox`; adapters are handed everything they touch the world with.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from importlib import import_module
from importlib.metadata import EntryPoints, entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, runtime_checkable

import msgspec

from connector.errors import SettingsError
from connector.model import JSON, Action, ActionKind, ClockStep, Entry

if TYPE_CHECKING:
    from requests import Session

Cursor = dict[str, JSON]  # the adapter's own meaning; survives a JSON round trip
Stamp = dict[str, JSON]  # what must be on disk before the first byte of a write leaves
Receipt = dict[str, JSON]  # what the source answered: proof, and the ids by which our own echo is known


class Budget(Protocol):
    """How many calls a source account still allows; one per account, shared by all workers. Never sleeps."""

    def take(self, endpoint: str, *, write: bool = False) -> None:
        """Count one call, or raise TemporaryError with the seconds until there is room. Writes have a kept share."""

    def observe(self, endpoint: str, status: int, headers: Mapping[str, str]) -> None:
        """Learn from the limits a response states."""


class Credentials(Protocol):
    """The secrets of one source. Values never appear in settings, logs, errors or the store."""

    def current(self) -> Mapping[str, str]:
        """The secrets by name, e.g. {"client_id": …, "client_secret": …, "access_token": …}."""

    def replace(self, old: Mapping[str, str], new: Mapping[str, str]) -> Mapping[str, str]:
        """Keep rotated secrets before they are used. If another worker replaced `old` first, its result is returned
        and `new` is dropped, so that a token is refreshed once."""

    def renewing(self) -> Any:
        """A context manager that one worker at a time can hold while it fetches new tokens."""


class Known(msgspec.Struct, frozen=True):
    """A ticket of this source that is stored: `finished` where it is resolved, closed, withdrawn or deleted; `people`
    are the actors of its entries, `version` is that of its snapshot."""

    ticket: str
    finished: bool
    people: frozenset[str] = frozenset()
    version: int = 0


class Memory(Protocol):
    """What the engine has stored of this source, for an adapter whose source does not say what belongs together."""

    def known(self, names: Sequence[str]) -> Mapping[str, Known]:
        """The tickets that any of these names belong to, by name; others are absent. Names are those of
        `Record.names`, those in receipts of ours (under "names"), and the markers of our intended writes."""

    def names_of(self, tickets: Sequence[str]) -> Mapping[str, Sequence[str]]:
        """The names kept with each of these tickets, oldest first, by ticket; those without any are absent."""


class Blank:
    """A memory that knows nothing."""

    def known(self, names: Sequence[str]) -> Mapping[str, Known]:
        return {}

    def names_of(self, tickets: Sequence[str]) -> Mapping[str, Sequence[str]]:
        return {}


class Sending(msgspec.Struct, frozen=True):
    """One message that was begun, for the `tries`-th time at `begun_at`. `sent`: the server said that it took it."""

    begun_at: datetime
    tries: int
    sent: bool


class Ledger(Protocol):
    """What has left by a way that cannot be asked afterwards (SMTP), by name ("<marker>.<purpose>"): the witness of
    what may have been sent, and what caps count. What is written is on disk before a call returns.

    Raises StoreError and FencedError; then nothing may be sent. Keys are digests, never addresses.
    """

    @property
    def complete_since(self) -> datetime | None:
        """Sendings begun before this instant may be missing (the store came back from a backup); None: none is."""

    def sending(self, name: str) -> Sending | None:
        """What is known of this message; None where it was never begun, or each try ended unsent."""

    def begin(self, name: str, keys: Sequence[str], at: datetime) -> None:
        """The last byte is about to leave: one more try, counted under `keys`."""

    def end(self, name: str, *, sent: bool) -> None:
        """How the last try ended. Unsent means a definite refusal: that try is forgotten, and no longer counted."""

    def count(self, key: str, since: datetime) -> int:
        """The tries under `key` that were begun at or after `since`."""

    def stopped(self, key: str) -> str | None:
        """Why nothing may be sent to this person any more (see `Record.stops`), None where it may."""


class Tools(msgspec.Struct, frozen=True):
    """What an adapter is handed to reach its source. `now` is the only clock an adapter may read (aware UTC)."""

    session: Session
    budget: Budget
    credentials: Credentials
    now: Callable[[], datetime]
    memory: Memory = Blank()
    ledger: Ledger | None = None


class Record(msgspec.Struct, frozen=True):
    """One thing the source sent about one ticket, translated in structure only.

    `ticket` is the ticket's stable id. `raw` is what is kept for replay: `Adapter.read(stream, raw, seen_at)` gives
    this record again. `raw_id` names it within its stream: a newer snapshot of a ticket replaces the older one, an
    event has an id of its own. `fields` is the snapshot by field id (see `model.fields_of`), None where the record
    only adds entries. `version` orders snapshots of one ticket. `problem` says why the record could not be read;
    such a record is quarantined with its payload and the page goes on. `aside` says why a record that could be read
    should not count before a person has looked at it (a stranger in a known thread): it is quarantined too, and a
    person may let it in; with `quiet`, nobody is asked to (automatic mail). `names` are kept with the ticket; see
    `Memory`. `stops` are (key, why) pairs of people to whom nothing may be sent any more; they count even where the
    record is put aside. `clocks` is what it tells of the source's own clocks; a record that tells nothing else is not
    kept for replay.
    """

    ticket: str
    raw_id: str
    raw: bytes
    version: int = 0
    fields: dict[str, JSON] | None = None
    entries: tuple[Entry, ...] = ()
    problem: str | None = None
    aside: str | None = None
    quiet: bool = False
    names: tuple[str, ...] = ()
    stops: tuple[tuple[str, str], ...] = ()
    clocks: tuple[ClockStep, ...] = ()

    @property
    def of_clocks_alone(self) -> bool:
        """Whether it tells of the source's own clocks and of nothing else."""
        return bool(self.clocks) and self.fields is None and not self.entries


class Page(msgspec.Struct, frozen=True):
    """Records and the cursor that covers them and all before. `end` says that nothing newer is to be had now."""

    records: Sequence[Record]
    cursor: Cursor
    end: bool


class Identity(msgspec.Struct, frozen=True):
    """Who we are at the source, as `check` found: `actor` is our own user id there, `may` what it allows us,
    `missing` what would be needed and how to grant it, `warnings` what is allowed today and will not be."""

    account: str
    actor: str | None
    name: str
    may: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


class Field(msgspec.Struct, frozen=True):
    """A field as a mapping may name it. `options` are (value, title) pairs of a choice field.

    `type` is text, long_text, number, date, time, choice, choices, person, people, labels, yes_no, sla or other.
    `writable` says that a write can reach it (it is on a screen; None: the source does not tell), `many` that a write
    adds a value to those there; `required` that no ticket can be opened without it. `where` names the projects, forms
    or brands that have it, () for all.
    """

    id: str
    title: str
    type: str
    options: tuple[tuple[str, str], ...] = ()
    writable: bool | None = False
    many: bool = False
    required: bool = False
    where: tuple[str, ...] = ()


class Discovery(msgspec.Struct, frozen=True):
    """What an admin can map: fields, and (id, title) pairs of statuses, priorities, groups and people. The ids are the
    words by which a mapping names them. `meanings` is what the source itself says of a status, in our words (a
    `model.Status` by status id), where it has categories of its own. `renamed` are ids that only another edition of the
    helpdesk has, and what stands for them here: a shipped mapping can name but one of the two."""

    fields: tuple[Field, ...]
    statuses: tuple[tuple[str, str], ...] = ()
    priorities: tuple[tuple[str, str], ...] = ()
    groups: tuple[tuple[str, str], ...] = ()
    people: tuple[tuple[str, str], ...] = ()
    meanings: dict[str, str] = {}
    renamed: dict[str, str] = {}


class Asked(msgspec.Struct, frozen=True):
    """An option that `amends init` asks for, in `words`; "smtp.host" is `host` within the option `smtp`. Where it is
    not `needed`, and has no default, it may be left out. `only`: asked where the option of that name has this value,
    or any (None). `several`: values with commas; these are asked last, when the account can be asked what it has."""

    name: str
    words: str
    default: str = ""
    choices: tuple[str, ...] = ()
    needed: bool = False
    only: tuple[str, str | None] | None = None
    several: bool = False


class Landed(msgspec.Struct, frozen=True):
    """The write is there, as `receipt` shows."""

    receipt: Receipt


class NotYet(msgspec.Struct, frozen=True):
    """The write is not there, but a copy of it may still land: it may be sent again with the very same stamp only."""


class Never(msgspec.Struct, frozen=True):
    """The write is not there and no copy with its stamp can land any more: decide afresh, with a new stamp."""


class Unknown(msgspec.Struct, frozen=True):
    """It cannot be told (`why`): the intention is parked for a person."""

    why: str


Finding = Landed | NotYet | Never | Unknown

# Seconds after sending: for `late_looks`, where nothing speaks for other times.
LATE_LOOKS = (3600.0, 21_600.0, 86_400.0, 259_200.0)


class Adapter(Protocol):
    """One kind of helpdesk. Constructing one does no I/O.

    Promises (the conformance kit tests each): a page's cursor covers that page and all before it; stopping early
    loses nothing; changes of one instant on both sides of a page break are not lost; ticket ids survive edits and
    moves; all times carry zones; one broken record is yielded with a `problem`, not raised; each failure becomes the
    error class of its remedy; the same action applied twice, or again after an answer was lost, has one effect.
    An adapter never sleeps, retries, starts threads, writes files, or keeps state that matters. The daemon calls one
    instance from several threads at once: one reads (fetch, get), one writes (prepare, apply, find), one waits.

    A class may also say `limits` (calls a minute by endpoint group, for the budget; an option `limits` overrides
    them), `secrets` (names of secrets by way to log in, for `amends init`), `asked` (what `amends init` asks, where
    the required options and those with a handful of choices are not the right questions), `repairs` (see
    `Repairing`) and `late_looks`: the seconds after sending at which `find` is asked whether a write that got no
    answer, and was let go since, has landed after all. Only a class whose `find` knows a write by its marker has
    them (LATE_LOOKS), for an agent may have done the same by hand. It may have the methods `census` (see
    `Counting`) and `wait` (see `Waking`). A class method `offered(source, options, tools)` tells `amends init` what
    an account has to choose from while its settings are still being made, as (value, title) pairs by option; a
    class method `lacks(kind, settings, secrets)` tells `amends check` what is not set without which no write of
    that kind can leave. An option `fields` that is left empty is filled with the source fields that the mapping
    names. A class whose source has clocks of its own says in `clocks` which of ours each corresponds to, by the
    word of `ClockStep.clock`; an option `clocks` goes before it.
    """

    Settings: ClassVar[type]
    streams: ClassVar[tuple[str, ...]]
    can: ClassVar[frozenset[ActionKind]]

    def __init__(self, source: str, settings: Any, tools: Tools) -> None: ...

    def check(self) -> Identity:
        """Who are we there, what may we do, what is missing. Raises AuthError or TemporaryError."""

    def discover(self) -> Discovery:
        """Fields, statuses, groups and people, each with the id that a mapping uses."""

    def start(self, stream: str, since: datetime | None) -> Cursor:
        """The cursor from which everything that changed at or after `since` is read; None is "from the beginning".
        Used for a first read, and to start again when a cursor was refused. Pure: no I/O."""

    def fetch(self, stream: str, cursor: Cursor) -> Iterator[Page]:
        """Pages after `cursor`, lazily, oldest change first, up to what the source has now. Raises TemporaryError,
        AuthError, or CursorError when the source no longer takes this cursor."""

    def get(self, tickets: Sequence[str]) -> Iterator[tuple[str, Record]]:
        """(stream, record) pairs of these tickets as they are this moment (a strong read, never a search index).
        A ticket that is gone is yielded as a record with a DELETE entry; one that we may not see (any more) is not
        yielded at all, for nobody can tell whether it is gone."""

    def read(self, stream: str, raw: bytes, seen_at: datetime) -> Record:
        """The record that `raw` was kept from. Pure: no I/O."""

    def prepare(self, action: Action) -> Stamp:
        """Read the ticket and return what pins this write to the state just read. Raises ConflictError when the
        ticket is too fresh to pin or the write no longer fits, GoneError, RejectedError (closed: no write can land),
        DeclinedError (not meant for whom it would reach).

        An adapter that can `undo` keeps under "undo" what an undo has to know: {"tags": those that the write adds,
        "fields": {id: [ours, what stands there now]}}; it comes back in `Effect.untag` and `Effect.restore`. Where it
        can take our note away, "note" is true, and `Effect.unsay` says which; "steps" is true where a write that was
        refused may have left a part of itself, so that an undo makes sense all the same. Of an undo itself, the stamp
        says what is "left", by name ("label late", a field's id, "note"), and why; so does the receipt, where that has
        changed by the time of the write."""

    def apply(self, action: Action, stamp: Stamp) -> Receipt:
        """Send the write once. Raises ConflictError (refused, nothing written), RejectedError, GoneError, AuthError,
        TemporaryError: in doubt, to be settled by `find`. ExposedError when something internal came out public."""

    def find(self, action: Action, stamp: Stamp, sent_at: datetime) -> Finding:
        """Did the write that was sent at `sent_at` with `stamp` land? Decided by strong reads alone.

        Raises ExposedError when it landed where a customer can read it."""

    def close(self) -> None:
        """Let go of connections."""


@runtime_checkable
class Counting(Protocol):
    """An adapter whose way of reading changes can miss some (a search index) or never tells of deletions."""

    def census(self, since: datetime) -> Iterator[Sequence[tuple[str, int]]]:
        """(ticket, version) of every ticket that is unfinished or changed at or after `since`, in portions, as cheaply
        as the source can. The engine compares it with the store and reads what differs by `get`."""


class Repairing(Protocol):
    """An adapter whose source has no compare-and-set, so that a copy of a write may land after all was settled.

    `repairs` are the seconds after a write at which the engine asks `find` again; there `find` takes the younger copies
    of our own write away and says so in the receipt as "repaired": how many.
    """

    repairs: ClassVar[tuple[float, ...]]


class Waking(Protocol):
    """An adapter whose source tells by itself that something happened, so that it is read sooner than by the poll."""

    def wait(self, seconds: float, stopping: Callable[[], bool]) -> bool | None:
        """Whether something happened, within `seconds` at most; ends within a second once `stopping` says so. None
        where the source does not tell (any more). It is called in a thread of its own while other threads read and
        write. A wake-up and nothing else: what is missed here is found by the poll. Raises TemporaryError, AuthError.
        """


class Hook(msgspec.Struct, frozen=True):
    """One delivery of a source's webhook, proven to be the source's own. `delivery` names it, the same when it comes
    again; `tickets` are those that it hints at, none where it only says that something happened."""

    delivery: str
    tickets: tuple[str, ...] = ()


@runtime_checkable
class Hooking(Protocol):
    """An adapter whose source can push changes to us. A delivery is a hint to read a ticket sooner than the poll would;
    nothing rests on it, and it never moves a cursor."""

    @staticmethod
    def hear(options: Any, headers: Mapping[str, str], body: bytes, secrets: Sequence[str], now: datetime) -> Hook:
        """What a delivery hints at, of tickets that this source reads. `options` are its settings; the names of
        `headers` are in lower case; any of `secrets` may have signed it.

        Pure: no I/O. Raises AuthError where nothing proves that the source sent it, or that it did so lately;
        RecordError where it is proven, and makes no sense."""

    def keep_hook(self, address: str, secrets: Credentials, *, renew: bool = False) -> str | None:
        """See to it that the source pushes its changes to `address`, and that we hold the secret that it signs with.

        `secrets` keeps "secret" and "before", the one that may still be in use; `renew` asks for a new one. Returns
        what had to be done, None where all was well. Raises AuthError, SettingsError (a person has to make the hook),
        TemporaryError."""

    def drop_hook(self, address: str) -> bool:
        """Take the hook to `address` away; whether there was one. Raises what `keep_hook` does."""


LONGEST_WAIT_SECONDS = 900.0


def retry_after_seconds(value: str | None, now: datetime) -> float | None:
    """The wait that a Retry-After header asks for: seconds (whole or not) or an HTTP date; at most 15 minutes.

    A date that has passed is 0. None where there is no header or it says nothing sensible (negative, garbage): the
    caller backs off by its own rule. `now` is aware. RFC 9110, section 10.2.3.
    """
    from email.utils import parsedate_to_datetime
    from math import isfinite

    try:
        seconds = float(value or "")
    except ValueError:
        try:
            then = parsedate_to_datetime(value or "")
        except ValueError:
            return None
        seconds = max(0.0, ((then if then.tzinfo else then.replace(tzinfo=UTC)) - now).total_seconds())
    return min(seconds, LONGEST_WAIT_SECONDS) if isfinite(seconds) and seconds >= 0 else None


ENTRY_POINTS = "amends.adapters"


def adapter_names() -> list[str]:
    """Every adapter that can be named in settings: built in (a module of `adapters`) and installed by others."""
    import adapters

    built_in = [path.stem for folder in adapters.__path__ for path in sorted(_modules(folder))]
    return sorted({*built_in, *(point.name for point in _installed())})


def _modules(folder: str) -> list[Any]:
    here = Path(folder)
    files = [path for path in here.glob("*.py") if path.stem != "__init__"]
    return files + [path.parent for path in here.glob("*/__init__.py")]


def _installed() -> EntryPoints:
    return _in_force(tuple((place, _changed_at(place)) for place in sys.path))


# To ask takes a look at every package that is installed; what lies in its folders only changes when they do.
@lru_cache(maxsize=1)
def _in_force(_places: tuple[tuple[str, int], ...]) -> EntryPoints:
    return entry_points(group=ENTRY_POINTS)


def _changed_at(place: str) -> int:
    try:
        return Path(place).stat().st_mtime_ns
    except OSError:
        return 0


def find_adapter(name: str) -> type[Adapter]:
    """The adapter class called `name`. Raises SettingsError when there is none, two, or it cannot be imported."""
    others = [point for point in _installed() if point.name == name]
    built_in = name.isidentifier() and find_spec(f"adapters.{name}") is not None
    if len(others) + built_in > 1:
        owners = [point.value for point in others] + (["Amends itself"] if built_in else [])
        raise SettingsError(f"two adapters are called {name!r}: {', '.join(owners)}.", remedy="Uninstall one of them.")
    if not others and not built_in:
        raise SettingsError(
            f"there is no adapter called {name!r}.", remedy=f"Installed ones: {', '.join(adapter_names())}."
        )
    try:
        found = others[0].load() if others else import_module(f"adapters.{name}").Adapter
    except (ImportError, AttributeError) as error:
        raise SettingsError(
            f"the adapter {name!r} cannot be loaded: {error}.", remedy="Reinstall its package."
        ) from error
    return found  # type: ignore[no-any-return]
