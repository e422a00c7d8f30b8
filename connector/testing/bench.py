"""The bench on which the kit's tests stand: one backend a test, fresh adapters on it, and ways to read them out.

`AdapterTests` derives from `Bench`; an adapter author overrides `make_backend` and `make_adapter`, rarely the rest.
"""

from __future__ import annotations

import json
import threading
import time
from base64 import b32encode
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, ClassVar

import msgspec
import pytest

from connector.adapter import Adapter, Cursor, Finding, NotYet, Page, Record, Stamp
from connector.errors import ConflictError, TemporaryError
from connector.model import JSON, Action, ActionKind, Effect, Notice
from connector.testing.backend import Backend

NOTE = "Overdue: first reply was due. Written by Amends."
_TOO_MANY_PAGES = 500
_EFFECTS = {
    ActionKind.ESCALATE: Effect(note=NOTE, tags=("amends-overdue",)),
    ActionKind.TAG: Effect(tags=("amends-delivery",)),
    ActionKind.SURVEY: Effect(tags=("amends-survey",)),
    ActionKind.LINK: Effect(note=NOTE),
    ActionKind.ACKNOWLEDGE: Effect(contact="Call us: +351 000 000."),
    ActionKind.CORRECT: Effect(
        tags=("amends-cause",), create={"summary": "Lamps break", "description": "Find out why."}
    ),
    ActionKind.NOTIFY: Effect(notice=Notice("kit", NOTE, NOTE, datetime(2026, 3, 2, tzinfo=UTC))),
    ActionKind.UNDO: Effect(untag=("amends-delivery",)),
}
_MOST_LOOKS = 12


class Bench:
    """What a conformance class tells the kit. `page_size` is the number of records of one page at most, as the
    adapter from `make_adapter` asks for them; small, so that a handful of tickets fills several pages.

    `one_request` says that a write to a ticket is a single request, which lands whole or not at all. `fill` is a field
    that new tickets have empty, and two values for it; None where the source has no such field.
    """

    page_size: ClassVar[int] = 3
    source: ClassVar[str] = "kit"
    one_request: ClassVar[bool] = True
    fill: ClassVar[tuple[str, JSON, JSON] | None] = None
    _opened: tuple[Adapter, ...] = ()

    def make_backend(self) -> Backend:
        """A new, empty helpdesk."""
        raise NotImplementedError

    def make_adapter(self, backend: Backend) -> Adapter:
        """A new adapter for the source `self.source` on this backend, with pages of `page_size`."""
        raise NotImplementedError

    def effect(self, kind: ActionKind) -> Effect:
        """What an action of this kind changes; override where the source cannot hold a label or a note."""
        return _EFFECTS[kind]

    def future(self, stream: str, cursor: Cursor) -> Cursor:
        """`cursor` as it would look far ahead of the source. Numbers and times inside are moved; override where
        a cursor is a token that has neither."""
        moved = _moved(cursor)
        assert isinstance(moved, dict)
        return moved

    @pytest.fixture
    def backend(self) -> Iterator[Backend]:
        backend = self.make_backend()
        yield backend
        for adapter in self._opened:
            adapter.close()
        backend.stop()

    @pytest.fixture(autouse=True)
    def nobody_sleeps(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """An adapter never sleeps. A server that runs in a thread of its own may."""
        real = time.sleep  # noqa: TID251 - taken only to be forbidden

        def sleep(seconds: float) -> None:
            if threading.current_thread() is threading.main_thread():
                pytest.fail(f"the adapter slept for {seconds} s; raise TemporaryError and let the engine wait.")
            real(seconds)

        monkeypatch.setattr(time, "sleep", sleep)

    def connect(self, backend: Backend) -> Adapter:
        """A fresh adapter, as after a restart of the daemon: what the last one knew is gone."""
        adapter = self.make_adapter(backend)
        self._opened = (*self._opened, adapter)
        return adapter

    def filled(self, backend: Backend) -> list[str]:
        """Tickets enough for three pages and a bit, settled."""
        tickets = list(backend.seed(3 * self.page_size + 1))
        backend.settle()
        return tickets

    def action(
        self,
        ticket: str,
        kind: ActionKind,
        backend: Backend,
        episode: str = "first_reply#1",
        effect: Effect | None = None,
    ) -> Action:
        digest = sha256(f"{self.source}|{ticket}|{kind}|{episode}".encode()).digest()
        return Action(
            key=digest.hex(),
            marker="am-" + b32encode(digest)[:20].decode().lower(),
            source=self.source,
            ticket=ticket,
            kind=kind,
            rule="kit",
            episode=episode,
            effect=self.effect(kind) if effect is None else effect,
            why="The conformance kit wants to see it written.",
            not_before=backend.now(),
            origin=ticket if kind is ActionKind.CORRECT else None,
        )

    def prepare(self, backend: Backend, action: Action) -> Stamp:
        """The stamp as the engine gets it back from its store."""
        backend.settle()
        return as_stored(self.connect(backend).prepare(action))

    def look(self, backend: Backend, action: Action, stamp: Stamp, sent_at: datetime) -> Finding:
        """What `find` says; where it wants to wait until the source has settled, the backend does so."""
        for _ in range(_MOST_LOOKS):
            try:
                return self.connect(backend).find(action, stamp, sent_at)
            except TemporaryError as error:
                assert error.retry_after_seconds, f"find() is to say how long it wants to wait: {error}"
                backend.settle()
        pytest.fail(f"find() still wants to wait after {_MOST_LOOKS} times.")

    def end(self, backend: Backend, action: Action, stamp: Stamp, sent_at: datetime) -> Finding:
        """What comes of a write in doubt: what is not there yet is sent again, as the engine does."""
        finding = self.look(backend, action, stamp, sent_at)
        if isinstance(finding, NotYet):
            sent_at = backend.now()
            self.connect(backend).apply(action, stamp)
            finding = self.look(backend, action, stamp, sent_at)
        return finding

    def carry_out(self, backend: Backend, action: Action) -> None:
        """Prepare and send, afresh after a conflict, as the engine does."""
        for _ in range(3):
            try:
                self.connect(backend).apply(action, self.prepare(backend, action))
            except ConflictError:
                continue
            return
        pytest.fail("the write met a conflict three times although nobody else was at work.")

    def able(self, backend: Backend, kind: ActionKind) -> None:
        """Skip the test where the adapter does not claim this kind of write."""
        if kind not in self.connect(backend).can:
            pytest.skip(f"the adapter cannot {kind}")


def as_stored(value: dict[str, JSON]) -> dict[str, JSON]:
    """The value after a stay in the store."""
    stored: dict[str, JSON] = json.loads(json.dumps(value, allow_nan=False))
    assert stored == value, f"not the same after a JSON round trip: {value!r} became {stored!r}"
    return stored


def pages_of(adapter: Adapter, stream: str, cursor: Cursor | None = None) -> list[Page]:
    """All pages after the cursor, by default from the beginning. Fails where they do not come to an end."""
    pages = []
    for page in adapter.fetch(stream, adapter.start(stream, None) if cursor is None else cursor):
        pages.append(page)
        assert len(pages) < _TOO_MANY_PAGES, f"{stream}: no end after {len(pages)} pages"
    assert pages, f"{stream}: a read gives at least one page, be it empty"
    return pages


def page_by_page(connect: Callable[[], Adapter], stream: str) -> list[Page]:
    """All pages, each read by a fresh adapter that stops after one, as if the daemon were restarted all the time."""
    pages: list[Page] = []
    cursor = connect().start(stream, None)
    while not pages or not pages[-1].end:
        reading = connect().fetch(stream, cursor)
        pages.append(next(reading))
        close(reading)
        cursor = as_stored(pages[-1].cursor)
        assert len(pages) < _TOO_MANY_PAGES, f"{stream}: one page at a time never comes to an end"
    return pages


def close(reading: Iterator[Any]) -> None:
    """Stop reading; a generator is told, a plain iterator is just left."""
    stop = getattr(reading, "close", None)
    if stop is not None:
        stop()


def records_in(pages: Iterable[Page]) -> list[Record]:
    return [record for page in pages for record in page.records]


def names(records: Iterable[Record]) -> set[tuple[str, str, int]]:
    """What tells one state of one record from all others."""
    return {(record.ticket, record.raw_id, record.version) for record in records}


def read_all(adapter: Adapter) -> dict[str, list[Record]]:
    """All records by stream, from the beginning."""
    return {stream: records_in(pages_of(adapter, stream)) for stream in adapter.streams}


def assert_covered(wanted: Sequence[str], found: dict[str, list[Record]]) -> None:
    """Some stream tells of the wanted tickets, and a stream that tells of one tells of all."""
    seen = {stream: {record.ticket for record in records} for stream, records in found.items()}
    silent = [stream for stream, tickets in seen.items() if not tickets & set(wanted)]
    assert len(silent) < len(seen), f"no stream tells of the tickets {list(wanted)}: {seen}"
    for stream, tickets in seen.items():
        missing = set(wanted) - tickets
        assert stream in silent or not missing, f"{stream}: lost {sorted(missing)}"


def tells(record: Record, text: str) -> bool:
    """Whether the customer's words arrived, be it as an entry or in a field."""
    fields = msgspec.json.encode(dict(record.fields or {})).decode()
    return any(text in (entry.text or "") for entry in record.entries) or text in fields


def told(found: dict[str, list[Record]], text: str) -> bool:
    return any(tells(record, text) for records in found.values() for record in records)


def moment(text: JSON) -> datetime | None:
    """The time that a string of a snapshot stands for, None where it is no time."""
    if not isinstance(text, str) or len(text) < len("2026-01-05T09:00") or text[10:11] != "T":
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _moved(value: JSON) -> JSON:
    if isinstance(value, dict):
        return {key: _moved(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_moved(inner) for inner in value]
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value + 10**9
    at = moment(value)
    return value if at is None else (at + timedelta(days=3650)).isoformat().replace("+00:00", "Z")
