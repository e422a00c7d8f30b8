"""The kit is worth its name: adapters that break one promise each are caught by the test that holds it."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from adapters.memory import Adapter, DeskSettings, desk
from connector.adapter import (
    LATE_LOOKS,
    Cursor,
    Finding,
    Identity,
    Landed,
    Never,
    NotYet,
    Page,
    Receipt,
    Record,
    Stamp,
)
from connector.errors import AmendsError, AuthError, TemporaryError
from connector.model import Action, ActionKind, EntryKind
from connector.testing import AdapterTests, Backend, CompareAndSetTests, OpeningTests, RepairingTests


def _neighbour(name: str) -> Any:
    """A module of this folder; tests are no package, so that they shadow nobody's."""
    spec = importlib.util.spec_from_file_location(f"neighbour_{name}", Path(__file__).with_name(f"{name}.py"))
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


memory = _neighbour("test_memory")


class EagerAdapter(Adapter):
    def fetch(self, stream: str, cursor: Cursor) -> Iterator[Page]:
        yield from list(super().fetch(stream, cursor))


class CursorAheadAdapter(Adapter):
    def fetch(self, stream: str, cursor: Cursor) -> Iterator[Page]:
        pages = super().fetch(stream, cursor)
        for page in pages:
            following = next(pages, page)
            yield Page(page.records, following.cursor, end=page.end)
            yield following


class TimeCursorAdapter(Adapter):
    """Goes on after the newest timestamp seen, which is what everybody writes first."""

    def fetch(self, stream: str, cursor: Cursor) -> Iterator[Page]:
        rows = [record for page in super().fetch(stream, {}) for record in page.records]
        after = cursor.get("after", "")
        rows = [record for record in rows if str(_changed(record)) > after]
        size = self._settings.page_size
        for place in range(0, len(rows) or 1, size):
            page = rows[place : place + size]
            after = str(_changed(page[-1])) if page else after
            yield Page(page, {"after": after}, end=place + size >= len(rows))


def _changed(record: Record) -> datetime:
    sent = msgspec.json.decode(record.raw)
    return datetime.fromisoformat(sent["at"] if "at" in sent else sent["updated_at"])


class RemembersAdapter(Adapter):
    """Keeps its place in memory; the cursor it gives is for show."""

    def fetch(self, stream: str, cursor: Cursor) -> Iterator[Page]:
        self.place = getattr(self, "place", {})
        for page in super().fetch(stream, self.place.get(stream, {})):
            self.place[stream] = page.cursor
            yield Page(page.records, {}, end=page.end)


class TidyAdapter(Adapter):
    def fetch(self, stream: str, cursor: Cursor) -> Iterator[Page]:
        for page in super().fetch(stream, cursor):
            yield Page([record for record in page.records if not record.problem], page.cursor, page.end)


class BrittleAdapter(Adapter):
    def read(self, stream: str, raw: bytes, seen_at: datetime) -> Record:
        record = super().read(stream, raw, seen_at)
        if record.problem:
            raise ValueError(record.problem)
        return record


class LocalTimeAdapter(Adapter):
    def read(self, stream: str, raw: bytes, seen_at: datetime) -> Record:
        record = super().read(stream, raw, seen_at)
        naive = [replace(entry, occurred_at=entry.occurred_at.replace(tzinfo=None)) for entry in record.entries]
        return replace(record, entries=tuple(naive))


class PlainNumbersAdapter(Adapter):
    def read(self, stream: str, raw: bytes, seen_at: datetime) -> Record:
        record = super().read(stream, raw, seen_at)
        return replace(record, entries=tuple(replace(entry, id=entry.id.lstrip("0")) for entry in record.entries))


class NewNameAdapter(Adapter):
    """Names a snapshot by its version, so that each edit looks like another ticket's."""

    def read(self, stream: str, raw: bytes, seen_at: datetime) -> Record:
        record = super().read(stream, raw, seen_at)
        return record if record.fields is None else replace(record, raw_id=f"{record.ticket}@{record.version}")


class ForgetfulGetAdapter(Adapter):
    def get(self, tickets: Sequence[str]) -> Iterator[tuple[str, Record]]:
        for stream, record in super().get(tickets):
            if not any(entry.kind is EntryKind.DELETE for entry in record.entries):
                yield stream, record


class CachedGetAdapter(Adapter):
    def get(self, tickets: Sequence[str]) -> Iterator[tuple[str, Record]]:
        self.cache: list[tuple[str, Record]] = getattr(self, "cache", []) or list(super().get(tickets))
        yield from self.cache


class OptimistAdapter(Adapter):
    """Takes every failure for a passing one."""

    def check(self) -> Identity:
        try:
            return super().check()
        except AuthError as error:
            raise TemporaryError(error.message) from error


class ImpatientAdapter(Adapter):
    def check(self) -> Identity:
        try:
            return super().check()
        except TemporaryError as error:
            raise TemporaryError(error.message) from error


class TalkativeAdapter(Adapter):
    def fetch(self, stream: str, cursor: Cursor) -> Iterator[Page]:
        try:
            yield from super().fetch(stream, cursor)
        except TemporaryError as error:
            raise TemporaryError(f"{error.message} (token {memory.TOKEN})") from error


class UnguardedAdapter(Adapter):
    """Writes on whatever the ticket is by now."""

    def apply(self, action: Action, stamp: Stamp) -> Receipt:
        return super().apply(action, self.prepare(action))


class SureAdapter(Adapter):
    """Takes no answer for a no."""

    def apply(self, action: Action, stamp: Stamp) -> Receipt:
        try:
            return super().apply(action, stamp)
        except TemporaryError as error:
            raise TemporaryError(error.message, applied=False) from error


class HistoryFirstAdapter(Adapter):
    def find(self, action: Action, stamp: Stamp, sent_at: datetime) -> Finding:
        events = self._desk("history").history(action.ticket) or []
        if any(msgspec.json.decode(event)["marker"] == action.marker for event in events):
            return Landed({"marker": action.marker})
        return NotYet() if self.prepare(action) == stamp else Never()


class HopelessAdapter(Adapter):
    def find(self, action: Action, stamp: Stamp, sent_at: datetime) -> Finding:
        finding = super().find(action, stamp, sent_at)
        return Never() if isinstance(finding, NotYet) else finding


class HopefulAdapter(Adapter):
    def find(self, action: Action, stamp: Stamp, sent_at: datetime) -> Finding:
        finding = super().find(action, stamp, sent_at)
        return NotYet() if isinstance(finding, Never) else finding


class GullibleAdapter(Adapter):
    """Takes any note of ours for this one."""

    def find(self, action: Action, stamp: Stamp, sent_at: datetime) -> Finding:
        events = desk(self._settings.desk).history(action.ticket) or []
        ours = [event for event in events if msgspec.json.decode(event)["marker"]]
        return Landed({}) if ours else super().find(action, stamp, sent_at)


class LookingAdapter(Adapter):
    """Goes by what the ticket looks like."""

    late_looks = LATE_LOOKS

    def find(self, action: Action, stamp: Stamp, sent_at: datetime) -> Finding:
        ticket = desk(self._settings.desk).look(action.ticket)
        return Landed({}) if set(action.effect.tags) <= set(ticket["labels"]) else super().find(action, stamp, sent_at)


class LoudAdapter(Adapter):
    def apply(self, action: Action, stamp: Stamp) -> Receipt:
        desk(self._settings.desk).staff_reply(action.ticket, "We are late.")
        return super().apply(action, self.prepare(action))


class SweepingAdapter(Adapter):
    """Sets the labels instead of adding to them."""

    def apply(self, action: Action, stamp: Stamp) -> Receipt:
        where = desk(self._settings.desk)
        where.unlabel(action.ticket, where.look(action.ticket)["labels"])
        return super().apply(action, self.prepare(action))


FAULTS: list[tuple[type[Adapter], str, dict[str, Any]]] = [
    (EagerAdapter, "reading_is_lazy", {}),
    (CursorAheadAdapter, "reading_on_from_any_page_loses_nothing", {}),
    (CursorAheadAdapter, "stopping_after_each_page_loses_nothing", {}),
    (TimeCursorAdapter, "one_instant_on_both_sides_of_a_page_break_loses_nothing", {}),
    (TimeCursorAdapter, "an_instant_that_goes_on_after_it_was_read_loses_nothing", {}),
    (RemembersAdapter, "stopping_after_each_page_loses_nothing", {}),
    (TidyAdapter, "a_broken_record_is_told_and_stops_nothing", {}),
    (BrittleAdapter, "a_broken_record_is_told_and_stops_nothing", {}),
    (LocalTimeAdapter, "all_times_carry_zones", {}),
    (PlainNumbersAdapter, "entries_have_ids_of_their_own_and_keep_their_order", {}),
    (NewNameAdapter, "ids_survive_edits_and_versions_grow", {}),
    (ForgetfulGetAdapter, "get_tells_that_a_ticket_is_gone", {}),
    (CachedGetAdapter, "get_tells_what_was_changed_this_moment", {}),
    (TalkativeAdapter, "no_secret_shows_anywhere", {}),
    (OptimistAdapter, "each_failure_becomes_the_error_of_its_remedy", {"failure": "auth", "call": "check"}),
    (ImpatientAdapter, "the_delay_that_the_source_asks_for_is_passed_on", {"call": "check"}),
    (UnguardedAdapter, "a_stale_stamp_is_refused_for_good", {"kind": ActionKind.TAG}),
    (UnguardedAdapter, "sending_twice_with_one_stamp_has_one_effect", {"kind": ActionKind.TAG}),
    (HopelessAdapter, "a_copy_that_lands_late_changes_nothing", {"kind": ActionKind.SURVEY}),
    (HopefulAdapter, "after_never_a_late_copy_cannot_land", {"kind": ActionKind.SURVEY}),
    (SureAdapter, "a_write_whose_answer_was_lost_is_found", {"kind": ActionKind.ESCALATE}),
    (
        HistoryFirstAdapter,
        "a_copy_that_lands_while_we_look_is_never_called_lost",
        {"kind": ActionKind.ESCALATE, "after_calls": 1},
    ),
    (HopelessAdapter, "a_write_that_never_left_may_be_sent_with_its_stamp", {"kind": ActionKind.TAG}),
    (HopefulAdapter, "an_agent_who_was_faster_costs_nothing", {"kind": ActionKind.TAG}),
    (GullibleAdapter, "a_second_escalation_is_not_taken_for_the_first", {}),
    (LookingAdapter, "a_late_look_does_not_take_the_same_done_by_another_for_ours", {"kind": ActionKind.TAG}),
    (LoudAdapter, "nothing_we_write_is_for_the_customers_eyes", {"kind": ActionKind.TAG}),
    (SweepingAdapter, "labels_that_agents_set_survive_our_write", {"kind": ActionKind.TAG}),
]


@pytest.mark.parametrize(("faulty", "promise", "given"), FAULTS, ids=lambda value: getattr(value, "__name__", None))
def test_the_kit_catches(
    faulty: type[Adapter], promise: str, given: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    class Kit(AdapterTests, CompareAndSetTests):
        def make_adapter(self, backend: Backend) -> Adapter:
            assert isinstance(backend, memory.MemoryBackend)
            return faulty("kit", DeskSettings(desk=backend.name, page_size=3), backend.tools())

    kit, backend = Kit(), memory.MemoryBackend()
    with pytest.raises((AssertionError, pytest.fail.Exception, AmendsError, ValueError)):
        getattr(kit, f"test_{promise}")(backend, **given, **({"caplog": caplog} if "secret" in promise else {}))
    backend.stop()


def test_the_contract_page_names_every_test_of_the_kit_and_no_other() -> None:
    page = (Path(__file__).parents[2] / "docs" / "engineers" / "adapter-contract.md").read_text()
    classes = (AdapterTests, CompareAndSetTests, RepairingTests, OpeningTests)
    kit = {name for cls in classes for name in dir(cls) if name.startswith("test_")}
    named = re.findall(r"\| `(\w+)` \|$", page, re.MULTILINE)
    assert sorted(f"test_{name}" for name in named) == sorted(kit)
