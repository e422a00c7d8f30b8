"""The reference adapter keeps every promise, and its desk behaves like a small helpdesk."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.memory import DESKS, Adapter, Desk, DeskSettings, LateError, Moment, desk
from connector.adapter import Cursor, Never, Record, Tools, Unknown
from connector.errors import AuthError, CursorError, GoneError, RejectedError, TemporaryError
from connector.model import JSON, ActionKind, Effect, EntryKind, Role, Visibility, fields_of
from connector.testing import (
    AdapterTests,
    Backend,
    CompareAndSetTests,
    Failure,
    LateBackend,
    OpeningTests,
    plain_tools,
)
from connector.testing.bench import read_all

TOKEN = "a-secret-for-the-desk"
_numbers = count()


class MemoryBackend:
    """A desk of its own for each test; faults are what its hook raises."""

    def __init__(self) -> None:
        self.name = f"desk-{next(_numbers)}"
        self.desk = desk(self.name)
        self.desk.token = TOKEN
        self.desk.hook = self._moment
        self._faults: dict[Moment, Callable[[], None]] = {}
        self._land_at: int | None = None

    def tools(self) -> Tools:
        return plain_tools(self.now, {"token": TOKEN})

    def now(self) -> datetime:
        return self.desk.now

    def stop(self) -> None:
        del DESKS[self.name]

    def settle(self) -> None:
        self.desk.advance(1)

    def calls(self) -> int:
        return self.desk.calls

    def seed(self, count: int) -> Sequence[str]:
        tickets = []
        for _ in range(count):
            self.settle()
            tickets.append(self.desk.open())
        return tickets

    def same_instant(self, count: int) -> Sequence[str]:
        with self.desk.together():
            return [self.desk.open() for _ in range(count)]

    def touch(self, ticket: str, text: str) -> None:
        self.desk.customer_message(ticket, text)

    def agent_edit(self, ticket: str) -> str:
        self.desk.set(ticket, "priority", "high")
        self.desk.label(ticket, ["by-agent"])
        return "by-agent"

    def delete(self, ticket: str) -> None:
        self.desk.delete(ticket)

    def break_one(self) -> str:
        ticket = self.desk.open()
        self.desk.spoil(ticket)
        return ticket

    def fail(self, kind: Failure, retry_after_seconds: int | None = None) -> None:
        def fault() -> None:
            self._faults.clear()
            if kind == "auth":
                raise AuthError("no.", source=self.name)
            raise TemporaryError(kind, source=self.name, retry_after_seconds=retry_after_seconds)

        self._faults = {Moment.BEFORE_READ: fault, Moment.BEFORE_WRITE: fault}

    def lose_answer(self) -> None:
        def fault() -> None:
            self._faults.clear()
            raise TemporaryError("no answer.", source=self.name)

        self._faults = {Moment.AFTER_WRITE: fault}

    def delay_write(self) -> None:
        def fault() -> None:
            self._faults.clear()
            raise LateError("no answer.", source=self.name)

        self._faults = {Moment.BEFORE_WRITE: fault}

    def land(self, after_calls: int = 0) -> None:
        self._land_at = self.desk.calls + after_calls
        self._land_if_due(self.desk.calls)

    def effects(self, ticket: str) -> Sequence[str]:
        return [marker for changed, marker, _ in self.desk.ledger if changed == ticket]

    def messages(self, ticket: str) -> Sequence[tuple[str, Visibility]]:
        return [
            (event["text"], Visibility.PUBLIC if event["public"] else Visibility.INTERNAL)
            for event in self.desk.story(ticket)
            if event["text"] is not None
        ]

    def labels(self, ticket: str) -> frozenset[str]:
        return frozenset(self.desk.look(ticket)["labels"])

    def agent_fills(self, ticket: str, field: str, value: JSON) -> None:
        self.desk.set(ticket, field, value)

    def field(self, ticket: str, field: str) -> JSON:
        return fields_of(self.desk.look(ticket), field)

    def opened(self, marker: str) -> Sequence[str]:
        return [ticket for ticket, told, effect in self.desk.ledger if told == marker and effect.create]

    def _moment(self, moment: Moment) -> None:
        if moment is not Moment.BETWEEN_RECORDS:
            self._land_if_due(self.desk.calls - 1)
        self._faults.get(moment, lambda: None)()

    def _land_if_due(self, answered: int) -> None:
        if self._land_at is not None and answered >= self._land_at:
            self._land_at = None
            while self.desk.late:
                self.desk.land()


def adapter_for(backend: MemoryBackend, page_size: int = 3) -> Adapter:
    return Adapter("kit", DeskSettings(desk=backend.name, page_size=page_size), backend.tools())


class TestMemory(AdapterTests, CompareAndSetTests, OpeningTests):
    fill = ("custom:stage", "late", "early")

    def make_backend(self) -> LateBackend:
        return MemoryBackend()

    def make_adapter(self, backend: Backend) -> Adapter:
        assert isinstance(backend, MemoryBackend)
        return adapter_for(backend, self.page_size)

    def test_a_ticket_removed_for_good_leaves_us_in_doubt(self, backend: MemoryBackend) -> None:
        ticket = backend.seed(1)[0]
        action = self.action(ticket, ActionKind.TAG, backend)
        stamp = self.prepare(backend, action)
        backend.desk.purge(ticket)
        assert isinstance(adapter_for(backend).find(action, stamp, backend.now()), Unknown)
        with pytest.raises(GoneError):
            adapter_for(backend).prepare(action)
        [(_, gone)] = adapter_for(backend).get([ticket])
        assert [entry.kind for entry in gone.entries] == [EntryKind.DELETE]

    def test_a_ticket_restored_after_its_deletion_takes_no_old_copy(self, backend: MemoryBackend) -> None:
        ticket = backend.seed(1)[0]
        action = self.action(ticket, ActionKind.ESCALATE, backend)
        stamp = self.prepare(backend, action)
        backend.delay_write()
        with pytest.raises(TemporaryError):
            adapter_for(backend).apply(action, stamp)
        backend.desk.delete(ticket)
        backend.desk.restore(ticket)
        backend.land()
        assert isinstance(adapter_for(backend).find(action, stamp, backend.now()), Never)
        assert backend.desk.look(ticket)["status"] == "new"
        assert backend.effects(ticket) == []

    def test_a_closed_ticket_takes_no_write(self, backend: MemoryBackend) -> None:
        ticket, winner = backend.seed(2)
        action = self.action(ticket, ActionKind.TAG, backend)
        stamp = self.prepare(backend, action)
        backend.desk.merge(ticket, into=winner)
        with pytest.raises(RejectedError):
            adapter_for(backend).prepare(action)
        with pytest.raises(RejectedError):
            adapter_for(backend).apply(action, stamp)
        assert backend.desk.look(ticket)["merged_into"] == winner

    def test_a_cursor_of_another_stream_is_refused(self, backend: MemoryBackend) -> None:
        backend.seed(1)
        with pytest.raises(CursorError):
            next(adapter_for(backend).fetch("tickets", {"after": 3}))

    def test_a_fault_between_two_records_loses_the_page_and_nothing_else(self, backend: MemoryBackend) -> None:
        backend.seed(5)
        adapter = adapter_for(backend)
        whole = read_all(adapter)
        left = [4]

        def third_record(moment: Moment) -> None:
            left[0] -= moment is Moment.BETWEEN_RECORDS
            if left[0] == 0 and moment is Moment.BETWEEN_RECORDS:
                raise TemporaryError("torn page.")

        backend.desk.hook = third_record
        reading = adapter.fetch("tickets", {})
        page = next(reading)
        with pytest.raises(TemporaryError):
            next(reading)
        rest = [record for later in adapter.fetch("tickets", page.cursor) for record in later.records]
        assert [*page.records, *rest] == whole["tickets"]

    def test_a_redaction_blanks_the_words_and_says_which(self, backend: MemoryBackend) -> None:
        ticket = backend.seed(1)[0]
        backend.touch(ticket, "my card is 4111")
        said = backend.desk.story(ticket)[-1]["id"]
        backend.desk.redact(ticket, said)
        found = read_all(adapter_for(backend))["events"]
        assert not any("4111" in (entry.text or "") for record in found for entry in record.entries)
        assert found[-1].entries[0].kind is EntryKind.REDACTION
        assert found[-1].entries[0].value == said

    def test_what_we_wrote_is_told_as_ours(self, backend: MemoryBackend) -> None:
        ticket = backend.seed(1)[0]
        wanted = Effect(note="Late.", tags=("x",), fields={"priority": "urgent", "custom:stage": "2"})
        version = backend.desk.look(ticket)["version"]
        backend.desk.write(ticket, version, "am-1", wanted)
        ours = [
            (entry.kind, entry.value, entry.field)
            for record in read_all(adapter_for(backend))["events"]
            for entry in record.entries
            if entry.role is Role.AMENDS
        ]
        assert ours == [
            (EntryKind.NOTE, None, None),
            (EntryKind.FIELD, "x", "labels"),
            (EntryKind.PRIORITY, "urgent", None),
            (EntryKind.FIELD, "2", "custom:stage"),
        ]
        assert backend.desk.ledger == [(ticket, "am-1", wanted)]

    @pytest.mark.parametrize("fields", [{"colour": "red"}, {"priority": "sky-high"}, {"status": "deleted"}])
    def test_a_write_that_the_desk_cannot_hold_is_rejected_whole(
        self, backend: MemoryBackend, fields: dict[str, str]
    ) -> None:
        ticket = backend.seed(1)[0]
        before = backend.desk.look(ticket)
        with pytest.raises(RejectedError):
            backend.desk.write(ticket, before["version"], "am-1", Effect(note="x", fields=fields))
        assert backend.desk.look(ticket) == before

    def test_a_wrong_token_is_told_apart_from_a_bad_day(self, backend: MemoryBackend) -> None:
        backend.desk.token = "another"
        with pytest.raises(AuthError):
            adapter_for(backend).check()


def test_discovery_names_custom_fields_teams_and_people() -> None:
    backend = MemoryBackend()
    backend.desk.open(custom={"order": "A1"}, team="Returns", owner="ann")
    found = adapter_for(backend).discover()
    assert "custom:order" in {field.id for field in found.fields}
    assert found.groups == (("Returns", "Returns"),)
    assert found.people == (("ann", "ann"),)


WORK: dict[str, Callable[[Desk, str], object]] = {
    "open": lambda desk, ticket: desk.open(),
    "wait": lambda desk, ticket: desk.advance(0.4),
    "message": lambda desk, ticket: desk.customer_message(ticket, "Hello?"),
    "reply": lambda desk, ticket: desk.staff_reply(ticket, "Sorry!"),
    "solve": lambda desk, ticket: desk.set(ticket, "status", "solved"),
    "label": lambda desk, ticket: desk.label(ticket, ["vip"]),
    "delete": lambda desk, ticket: desk.delete(ticket),
    "restore": lambda desk, ticket: desk.restore(ticket),
    "merge": lambda desk, ticket: desk.merge(ticket, into="1"),
    "purge": lambda desk, ticket: desk.purge(ticket),
    "read": lambda desk, ticket: None,
}


@given(st.lists(st.tuples(st.sampled_from(sorted(WORK)), st.integers(1, 4)), max_size=40), st.integers(1, 3))
def test_whatever_people_do_between_pages_nothing_is_missed(work: list[tuple[str, int]], page_size: int) -> None:
    backend = MemoryBackend()
    cursors: dict[str, Cursor] = {stream: {} for stream in Adapter.streams}
    known: dict[str, dict[str, Record]] = {stream: {} for stream in Adapter.streams}

    def read_a_page() -> bool:
        pages = {stream: next(adapter_for(backend, page_size).fetch(stream, cursors[stream])) for stream in cursors}
        for stream, page in pages.items():
            cursors[stream] = page.cursor
            known[stream] |= {record.raw_id: record for record in page.records}
        return all(page.end for page in pages.values())

    for deed, ticket in work:
        with suppress(GoneError):
            WORK[deed](backend.desk, str(ticket))
        if deed == "read":
            read_a_page()
    while not read_a_page():
        pass
    for ticket_id in backend.desk.tickets():
        assert known["tickets"][ticket_id].fields == backend.desk.look(ticket_id)
        assert {event["id"] for event in backend.desk.story(ticket_id)} <= set(known["events"])
    backend.stop()


def test_a_desk_that_is_used_twice_the_same_way_is_twice_the_same() -> None:
    def story() -> tuple[list[str], list[bytes]]:
        used = Desk("twin")
        ticket = used.open(subject="Wrong size")
        used.staff_reply(ticket, "Sorry!")
        used.set(ticket, "status", "solved")
        used.advance(3600)
        used.customer_message(ticket, "Still wrong")
        return used.tickets(), used.history(ticket) or []

    assert story() == story()


def test_a_solved_ticket_opens_again_when_its_customer_writes() -> None:
    used = Desk("reopening")
    ticket = used.open()
    used.set(ticket, "status", "solved")
    before = used.look(ticket)["version"]
    used.customer_message(ticket, "It is not solved")
    assert used.look(ticket)["status"] == "open"
    assert used.look(ticket)["version"] == before + 1
