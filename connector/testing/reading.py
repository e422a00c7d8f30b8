"""The promises of reading: nothing lost, everything named, nothing asked that nobody wanted to know.

Part of the conformance kit; `AdapterTests` joins it with the promises of failing and of writing.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from connector.adapter import Counting, Discovery, Identity
from connector.errors import CursorError
from connector.model import ActionKind, ClockStep, Entry, EntryKind, StepKind, fields_of
from connector.testing.backend import Backend
from connector.testing.bench import (
    Bench,
    as_stored,
    assert_covered,
    close,
    moment,
    names,
    page_by_page,
    pages_of,
    read_all,
    records_in,
    tells,
    told,
)


def entries_of(found: dict[str, list[Any]], ticket: str) -> list[Entry]:
    """All that the streams told of one ticket, each entry once, in the order of a timeline."""
    known = {
        entry.id: entry
        for records in found.values()
        for record in records
        for entry in record.entries
        if record.ticket == ticket
    }
    return sorted(known.values(), key=lambda entry: (entry.occurred_at, entry.id))


def steps_of(found: dict[str, list[Any]]) -> dict[str, dict[str, ClockStep]]:
    """What the streams told of the source's own clocks, by ticket and the step's id."""
    known: dict[str, dict[str, ClockStep]] = {}
    for record in (record for records in found.values() for record in records if record.problem is None):
        for step in record.clocks:
            before = known.setdefault(record.ticket, {}).setdefault(step.id, step)
            assert unseen(before) == unseen(step), f"two steps of ticket {record.ticket} are called {step.id}"
    return known


def unseen(step: ClockStep) -> ClockStep:
    """The step without when we saw it."""
    return msgspec.structs.replace(step, seen_at=step.at)


class ReadingTests(Bench):
    # Pages and cursors

    def test_all_tickets_are_read_oldest_change_first(self, backend: Backend) -> None:
        tickets = self.filled(backend)
        found = read_all(self.connect(backend))
        assert_covered(tickets, found)
        for stream, records in found.items():
            order = [ticket for ticket in dict.fromkeys(record.ticket for record in records) if ticket in tickets]
            assert order == [ticket for ticket in tickets if ticket in order], f"{stream}: not oldest first"

    def test_a_read_has_several_pages_and_only_the_last_says_end(self, backend: Backend) -> None:
        self.filled(backend)
        adapter = self.connect(backend)
        lengths = []
        for stream in adapter.streams:
            pages = pages_of(adapter, stream)
            lengths.append(len(pages))
            assert [page.end for page in pages] == [False] * (len(pages) - 1) + [True], stream
        assert max(lengths) > 1, "all fitted on one page, so this kit proves little: lower the page size"

    def test_reading_on_from_any_page_loses_nothing(self, backend: Backend) -> None:
        self.filled(backend)
        for stream in self.connect(backend).streams:
            pages = pages_of(self.connect(backend), stream)
            everything = names(records_in(pages))
            for index, page in enumerate(pages):
                later = pages_of(self.connect(backend), stream, as_stored(page.cursor))
                lost = everything - names(records_in(pages[: index + 1])) - names(records_in(later))
                assert not lost, f"{stream}: the cursor of page {index} skips {lost}"

    def test_stopping_after_each_page_loses_nothing(self, backend: Backend) -> None:
        self.filled(backend)
        for stream in self.connect(backend).streams:
            whole = names(records_in(pages_of(self.connect(backend), stream)))
            steps = page_by_page(lambda: self.connect(backend), stream)
            assert whole <= names(records_in(steps)), stream

    def test_a_start_at_an_instant_covers_it_and_all_later(self, backend: Backend) -> None:
        self.filled(backend)
        backend.settle()
        since = backend.now()
        crowd = [*backend.same_instant(2), *backend.seed(self.page_size + 1)]
        backend.settle()
        calls = backend.calls()
        adapter = self.connect(backend)
        starts = {stream: as_stored(adapter.start(stream, since)) for stream in adapter.streams}
        assert backend.calls() == calls, "start() is pure: it asks nothing"
        assert_covered(crowd, {stream: records_in(pages_of(adapter, stream, at)) for stream, at in starts.items()})

    def test_a_start_at_this_moment_goes_on_from_here(self, backend: Backend) -> None:
        self.filled(backend)
        adapter = self.connect(backend)
        cursors = {stream: adapter.start(stream, backend.now()) for stream in adapter.streams}
        cursors = {stream: pages_of(adapter, stream, at)[-1].cursor for stream, at in cursors.items()}
        news = backend.seed(self.page_size + 1)
        backend.settle()
        assert_covered(news, {stream: records_in(pages_of(adapter, stream, at)) for stream, at in cursors.items()})

    def test_one_instant_on_both_sides_of_a_page_break_loses_nothing(self, backend: Backend) -> None:
        self.filled(backend)
        crowd = backend.same_instant(2 * self.page_size + 1)
        backend.settle()
        assert_covered(crowd, read_all(self.connect(backend)))
        streams = self.connect(backend).streams
        steps = {stream: records_in(page_by_page(lambda: self.connect(backend), stream)) for stream in streams}
        assert_covered(crowd, steps)

    def test_an_instant_that_goes_on_after_it_was_read_loses_nothing(self, backend: Backend) -> None:
        early = backend.same_instant(2)
        first = {stream: pages_of(self.connect(backend), stream) for stream in self.connect(backend).streams}
        late = backend.same_instant(2)
        backend.settle()
        found = {
            stream: records_in(pages) + records_in(pages_of(self.connect(backend), stream, pages[-1].cursor))
            for stream, pages in first.items()
        }
        assert_covered([*early, *late], found)

    def test_a_change_made_between_two_pages_is_not_lost(self, backend: Backend) -> None:
        tickets = self.filled(backend)
        adapter = self.connect(backend)
        readings = {stream: adapter.fetch(stream, adapter.start(stream, None)) for stream in adapter.streams}
        pages = {stream: [next(reading)] for stream, reading in readings.items()}
        backend.touch(tickets[0], "words for a ticket already read")
        backend.touch(tickets[-1], "words for a ticket still to come")
        for stream, reading in readings.items():
            pages[stream].extend(reading)
        backend.settle()
        for stream in readings:
            pages[stream] += pages_of(self.connect(backend), stream, as_stored(pages[stream][-1].cursor))
        found = {stream: records_in(some) for stream, some in pages.items()}
        assert told(found, "words for a ticket already read")
        assert told(found, "words for a ticket still to come")

    def test_reading_again_from_the_beginning_tells_the_same(self, backend: Backend) -> None:
        tickets = self.filled(backend)
        backend.touch(tickets[0], "once more")
        backend.settle()
        once, again = read_all(self.connect(backend)), read_all(self.connect(backend))
        for stream in once:
            assert names(once[stream]) == names(again[stream]), stream
        for ticket in tickets:
            first, second = entries_of(once, ticket), entries_of(again, ticket)
            assert [msgspec.structs.replace(entry, seen_at=entry.occurred_at) for entry in first] == [
                msgspec.structs.replace(entry, seen_at=entry.occurred_at) for entry in second
            ]

    def test_where_nothing_is_new_the_read_ends_and_the_cursor_stays(self, backend: Backend) -> None:
        self.filled(backend)
        for stream in self.connect(backend).streams:
            pages = pages_of(self.connect(backend), stream)
            idle = pages_of(self.connect(backend), stream, as_stored(pages[-1].cursor))
            still = pages_of(self.connect(backend), stream, as_stored(idle[-1].cursor))
            assert names(records_in(still)) <= names(records_in(pages)), f"{stream}: news although nothing happened"
            assert still[-1].cursor == idle[-1].cursor, f"{stream}: the cursor wanders although nothing happened"

    def test_an_empty_source_is_read_to_its_end(self, backend: Backend) -> None:
        for stream in self.connect(backend).streams:
            page = pages_of(self.connect(backend), stream)[-1]
            assert page.end
            assert pages_of(self.connect(backend), stream, as_stored(page.cursor))[-1].end

    def test_a_cursor_is_json_and_is_left_as_it_was_given(self, backend: Backend) -> None:
        self.filled(backend)
        for stream in self.connect(backend).streams:
            for page in pages_of(self.connect(backend), stream):
                given = as_stored(page.cursor)
                pages_of(self.connect(backend), stream, given)
                assert given == page.cursor, f"{stream}: fetch changed the cursor it was given"

    def test_a_cursor_far_ahead_gives_no_rows(self, backend: Backend) -> None:
        self.filled(backend)
        for stream in self.connect(backend).streams:
            ahead = self.future(stream, pages_of(self.connect(backend), stream)[-1].cursor)
            try:
                pages = pages_of(self.connect(backend), stream, ahead)
            except CursorError:
                continue
            old = records_in(pages_of(self.connect(backend), stream))
            assert not names(records_in(pages)) - names(old[-self.page_size :]), f"{stream}: rows from the future"

    def test_reading_is_lazy(self, backend: Backend) -> None:
        self.filled(backend)
        before = backend.calls()
        adapter = self.connect(backend)
        assert backend.calls() == before, "constructing an adapter asks nothing"
        adapter.check()  # whoever needs a token first has one now
        for stream in adapter.streams:
            before = backend.calls()
            reading = adapter.fetch(stream, adapter.start(stream, None))
            assert backend.calls() == before, f"{stream}: asked before the first page was wanted"
            next(reading)
            one_page = backend.calls()
            close(reading)
            assert backend.calls() == one_page, f"{stream}: asked again although nobody wanted more"
            if len(pages_of(adapter, stream)) > 1:
                assert one_page - before < backend.calls() - one_page, f"{stream}: one page cost as much as all"

    # Records

    def test_a_kept_record_reads_the_same_again(self, backend: Backend) -> None:
        tickets = self.filled(backend)
        backend.agent_edit(tickets[0])
        backend.settle()
        reader = self.connect(backend)
        told_by_get = [(stream, record) for stream, record in self.connect(backend).get(tickets)]
        fetched = [
            (stream, record) for stream, records in read_all(self.connect(backend)).items() for record in records
        ]
        calls = backend.calls()
        for stream, record in fetched + told_by_get:
            seen_at = record.entries[0].seen_at if record.entries else backend.now()
            assert isinstance(record.raw, bytes)
            assert reader.read(stream, record.raw, seen_at) == record
        assert backend.calls() == calls, "read() is pure: all it needs is in `raw`"

    def test_ids_survive_edits_and_versions_grow(self, backend: Backend) -> None:
        tickets = self.filled(backend)
        before = read_all(self.connect(backend))
        backend.touch(tickets[0], "still the same ticket")
        backend.agent_edit(tickets[0])
        backend.settle()
        after = read_all(self.connect(backend))
        for stream in before:
            assert {record.ticket for record in after[stream]} == {record.ticket for record in before[stream]}, stream
            old = {record.raw_id: record for record in before[stream] if record.fields is not None}
            new = {record.raw_id: record for record in after[stream] if record.fields is not None}
            assert set(old) == set(new), f"{stream}: a newer snapshot has the raw_id of the older"
            for name, record in new.items():
                assert record.version >= old[name].version, f"{stream}: {name} went back"
                if record.ticket == tickets[0]:
                    assert record.version > old[name].version, f"{stream}: {name} was edited, its version stayed"

    def test_all_times_carry_zones(self, backend: Backend) -> None:
        tickets = self.filled(backend)
        backend.touch(tickets[0], "what is the time?")
        backend.settle()
        for stream, records in read_all(self.connect(backend)).items():
            for record in records:
                for entry in record.entries:
                    for at in (entry.occurred_at, entry.seen_at):
                        assert at.utcoffset() == timedelta(0), f"{stream}: {entry.id} at {at!r} is not in UTC"
                for name, value in (record.fields or {}).items():
                    at_field = moment(value)
                    assert at_field is None or at_field.tzinfo, f"{stream}: field {name} at {value!r} has no zone"

    def test_entries_have_ids_of_their_own_and_keep_their_order(self, backend: Backend) -> None:
        ticket = backend.seed(1)[0]
        backend.settle()
        words = [f"message number {number} of twelve" for number in range(12)]
        for text in words:
            backend.touch(ticket, text)
        backend.settle()
        found = read_all(self.connect(backend))
        timeline = entries_of(found, ticket)
        messages = [entry.text or "" for entry in timeline if entry.kind is EntryKind.CUSTOMER_MESSAGE]
        heard = [text for message in messages for text in words if text in message]
        assert heard == words, "messages of one instant lost their order or their own ids (are numbers zero-padded?)"
        for record in (record for records in found.values() for record in records):
            ids = [entry.id for entry in record.entries]
            assert len(ids) == len(set(ids)), f"one record gives an entry id twice: {ids}"

    def test_a_broken_record_is_told_and_stops_nothing(self, backend: Backend) -> None:
        before = list(backend.seed(self.page_size))
        broken = backend.break_one()
        after = list(backend.seed(self.page_size))
        backend.settle()
        reader = self.connect(backend)
        found = read_all(self.connect(backend))
        assert_covered(before + after, found)
        problems = [(stream, record) for stream, some in found.items() for record in some if record.problem]
        assert broken in {record.ticket for _, record in problems}, "the broken record was dropped"
        for stream, record in problems:
            assert record.ticket == broken, f"{record.ticket} is fine but was called broken: {record.problem}"
            assert record.raw, "a broken record keeps its payload"
            assert reader.read(stream, record.raw, backend.now()).problem == record.problem

    # The source's own clocks

    def test_clocks_of_the_source_are_told_alike_whenever_they_are_told(self, backend: Backend) -> None:
        tickets = self.filled(backend)
        adapter = self.connect(backend)
        first = steps_of(read_all(adapter))
        if not first:
            pytest.skip("no clock is told here")
        assert set(first) >= set(tickets), "a source that has clocks tells them of every ticket"
        assert {step.clock for steps in first.values() for step in steps.values()} & set(getattr(adapter, "clocks", {}))
        for steps in first.values():
            assert StepKind.STARTED in {step.kind for step in steps.values()}
            for step in steps.values():
                assert step.clock and step.cycle, "a step names its clock and the run of it"
                assert step.at.utcoffset() == step.seen_at.utcoffset() == timedelta(0), "times are in UTC"
                assert (step.kind is StepKind.WITHDRAWN) == (step.of is not None)
        for ticket in tickets:
            backend.touch(ticket, "Is anybody there?")
        backend.settle()
        again = steps_of(read_all(self.connect(backend)))
        for ticket, steps in first.items():
            known = {name: step for name, step in again.get(ticket, {}).items() if name in steps}
            assert all(unseen(step) == unseen(steps[name]) for name, step in known.items()), "a step never changes"

    # Strong reads

    def test_get_tells_what_was_changed_this_moment(self, backend: Backend) -> None:
        tickets = self.filled(backend)
        adapter = self.connect(backend)
        for text in ("the first fresh words", "the second fresh words"):
            backend.touch(tickets[0], text)
            told_now = list(adapter.get([tickets[0]]))
            assert any(tells(record, text) for _, record in told_now), f"get() does not know {text!r} yet"
            assert {record.ticket for _, record in told_now} == {tickets[0]}
            assert {stream for stream, _ in told_now} <= set(adapter.streams)

    def test_get_tells_of_every_ticket_asked_for(self, backend: Backend) -> None:
        tickets = self.filled(backend)
        wanted = tickets[::-1]
        assert {record.ticket for _, record in self.connect(backend).get(wanted)} == set(wanted)
        calls = backend.calls()
        assert list(self.connect(backend).get([])) == []
        assert backend.calls() == calls, "asking for nothing costs nothing"

    def test_get_tells_that_a_ticket_is_gone(self, backend: Backend) -> None:
        tickets = self.filled(backend)
        backend.delete(tickets[1])
        found = [record for _, record in self.connect(backend).get(tickets[:3])]
        gone = {record.ticket for record in found for entry in record.entries if entry.kind is EntryKind.DELETE}
        assert gone == {tickets[1]}
        assert {record.ticket for record in found} == set(tickets[:3])

    def test_a_census_counts_what_is_unfinished_or_has_changed(self, backend: Backend) -> None:
        adapter = self.connect(backend)
        if not isinstance(adapter, Counting):
            pytest.skip("the adapter takes no census")
        tickets = self.filled(backend)
        backend.delete(tickets[-1])
        for _ in range(10):  # an index may need its time
            backend.settle()
        before = backend.now() - timedelta(days=1)
        counted = [pair for portion in adapter.census(before) for pair in portion]
        assert len(dict(counted)) == len(counted), "each ticket once"
        assert set(tickets[:-1]) <= set(dict(counted)), "all that are there are counted"
        assert tickets[-1] not in dict(counted), "what is gone is not"
        shown = {
            record.ticket: record.version for _, record in self.connect(backend).get(tickets[:-1]) if record.fields
        }
        assert {ticket: dict(counted)[ticket] for ticket in shown} == shown, "versions are those of the snapshots"

    # Who and what

    def test_waiting_ends_when_it_is_told_to(self, backend: Backend) -> None:
        adapter: Any = self.connect(backend)
        if not hasattr(adapter, "wait"):
            pytest.skip("the source tells of no news by itself")
        assert not adapter.wait(3600.0, lambda: True)

    def test_check_says_who_we_are(self, backend: Backend) -> None:
        identity = self.connect(backend).check()
        assert isinstance(identity, Identity)
        assert identity.account
        assert identity.name
        for words in (identity.may, identity.missing, identity.warnings):
            assert all(isinstance(word, str) and word for word in words)

    def test_discover_names_the_fields_of_snapshots(self, backend: Backend) -> None:
        self.filled(backend)
        found = self.connect(backend).discover()
        assert isinstance(found, Discovery)
        ids = [field.id for field in found.fields]
        assert ids and len(ids) == len(set(ids)), f"field ids are to be given, each once: {ids}"
        assert all(field.title and field.type for field in found.fields)
        snapshots = [some.fields for all_ in read_all(self.connect(backend)).values() for some in all_ if some.fields]
        assert any(fields_of(fields, name) is not None for fields in snapshots for name in ids), "no id finds a value"
        for pairs in (found.statuses, found.priorities, found.groups, found.people):
            assert len({value for value, _ in pairs}) == len(pairs)

    def test_what_the_class_declares(self, backend: Backend) -> None:
        adapter = self.connect(backend)
        assert adapter.streams and len(set(adapter.streams)) == len(adapter.streams)
        assert issubclass(adapter.Settings, msgspec.Struct) and adapter.Settings.__struct_config__.frozen
        assert isinstance(adapter.can, frozenset) and adapter.can <= set(ActionKind)
