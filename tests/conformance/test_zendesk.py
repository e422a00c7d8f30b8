"""The Zendesk adapter keeps every promise, against the sandbox account without sockets in between."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from adapters.zendesk import Adapter, ZendeskSettings, survey_responses
from connector.adapter import Cursor, Landed, Tools, Unknown
from connector.errors import AuthError, ConflictError, CursorError, ExposedError, RejectedError, TemporaryError
from connector.http import session
from connector.model import JSON, ActionKind, Effect, Entry, EntryKind, Role, Visibility
from connector.testing import AdapterTests, Backend, CompareAndSetTests, Failure, LateBackend, plain_tools
from connector.timeline import merge
from sandbox.clock import SandboxClock
from sandbox.zendesk import Account, Trigger, content
from sandbox.zendesk.answers import Answer, Request
from sandbox.zendesk.routes import Desk
from tests.conformance.carrier import Wire

SITE = "https://sandbox.zendesk.test"


class ZendeskBackend:
    """An account of its own for each test, with a clock that stands still."""

    def __init__(self, page_size: int = 3) -> None:
        self.clock = SandboxClock(datetime(2026, 3, 2, 9, tzinfo=UTC), scale=0)
        self.account = Account(self.clock)
        self.account.switches.page_size = page_size
        self.customer = self.account.add_customer("Maria Silva", "maria@example.net")
        self.wire = Wire(Desk(self.account), self.clock, ".json")

    def tools(self) -> Tools:
        carried = session("kit")
        carried.mount(SITE, self.wire)
        return plain_tools(self.now, {"api_token": content.API_TOKEN}, carried)

    def now(self) -> datetime:
        return self.clock()

    def stop(self) -> None:
        pass

    def settle(self) -> None:
        self.clock.advance(61)

    def calls(self) -> int:
        return self.wire.calls

    def seed(self, count: int) -> Sequence[str]:
        tickets = []
        for _ in range(count):
            self.clock.advance(1)
            tickets += self.same_instant(1)
        return tickets

    def same_instant(self, count: int) -> Sequence[str]:
        opened = (self.account.customer_opens("Late", "Where is it?", self.customer) for _ in range(count))
        return [str(number) for number in opened]

    def touch(self, ticket: str, text: str) -> None:
        self.account.customer_writes(int(ticket), text)

    def agent_edit(self, ticket: str) -> str:
        self.account.agent_sets(int(ticket), priority="high", add_tags=["by_agent"])
        return "by_agent"

    def delete(self, ticket: str) -> None:
        self.account.delete(int(ticket))

    def break_one(self) -> str:
        ticket = self.account.customer_opens("Odd", "The clock is broken", self.customer)
        self.account.tickets[ticket].body["created_at"] = "soon"
        return str(ticket)

    def fail(self, kind: Failure, retry_after_seconds: int | None = None) -> None:
        self.wire.fail(kind, retry_after_seconds)

    def lose_answer(self) -> None:
        self.wire.on_write(self.wire.lose)

    def delay_write(self) -> None:
        self.wire.on_write(self.wire.hold)

    def land(self, after_calls: int = 0) -> None:
        self.wire.land(after_calls)

    def effects(self, ticket: str) -> Sequence[str]:
        return [str(one.marker.get("amends", one.kind)) for one in self.account.ledger.of_ticket(int(ticket))]

    def messages(self, ticket: str) -> Sequence[tuple[str, Visibility]]:
        comments = self.account.tickets[int(ticket)].comments()
        return [(one["body"], Visibility.PUBLIC if one["public"] else Visibility.INTERNAL) for one in comments]

    def labels(self, ticket: str) -> frozenset[str]:
        return frozenset(self.account.tickets[int(ticket)].body["tags"])

    def agent_fills(self, ticket: str, field: str, value: JSON) -> None:
        self.account.agent_sets(int(ticket), fields={int(field.partition(":")[2]): value})

    def field(self, ticket: str, field: str) -> JSON:
        held = self.account.tickets[int(ticket)].body["custom_fields"]
        return next((one["value"] for one in held if f"custom:{one['id']}" == field), None)


def adapter_for(backend: ZendeskBackend, page_size: int = 3) -> Adapter:
    options = ZendeskSettings(url=SITE, auth="api_token", email="amends@example.com", page_size=page_size)
    return Adapter("kit", options, backend.tools())


class TestZendesk(AdapterTests, CompareAndSetTests):
    fill = (f"custom:{content.REASON}", "overdue", "other")

    def make_backend(self) -> LateBackend:
        return ZendeskBackend(self.page_size)

    def make_adapter(self, backend: Backend) -> Adapter:
        assert isinstance(backend, ZendeskBackend)
        return adapter_for(backend, self.page_size)

    def future(self, stream: str, cursor: Cursor) -> Cursor:
        return {"start_time": 2_000_000_000}

    # What the sandbox account can do besides

    def test_an_expired_cursor_is_told_as_such(self, backend: ZendeskBackend) -> None:
        for status in (400, 410, 422):
            backend.account.switches.cursor_refused = status
            with pytest.raises(CursorError):
                next(adapter_for(backend).fetch("tickets", {"cursor": "MTY5NTA2MjcyNC4wfHwxNTcxfA=="}))

    def test_an_export_that_runs_in_a_circle_is_stopped(self, backend: ZendeskBackend) -> None:
        self.filled(backend)
        backend.account.switches.cursor_loops = True
        with pytest.raises(CursorError):
            list(adapter_for(backend).fetch("tickets", {"start_time": 0}))

    def test_a_page_served_twice_by_a_cache_costs_one_more_call_and_nothing_else(
        self, backend: ZendeskBackend, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(survey_responses, "PAGE", self.page_size)
        tickets = self.filled(backend)
        for ticket in tickets:
            backend.account.answer_survey(int(ticket), 4)
        for stream in Adapter.streams:
            answers: list[Answer] = []
            reading = adapter_for(backend).fetch(stream, {"start_time": 0})
            backend.wire.next_call = lambda asked, kept=answers: kept.append(backend.wire.desk.answer(asked)) or kept[0]
            first = next(reading)
            backend.wire.next_call = lambda asked, kept=answers: kept[0]
            rest = [record for page in reading for record in page.records]
            assert {record.ticket for record in [*first.records, *rest]} == set(tickets), stream

    def test_more_events_in_a_second_than_a_page_holds_do_not_stop_the_read(
        self, backend: ZendeskBackend, caplog: pytest.LogCaptureFixture
    ) -> None:
        body = b'{"ticket_events": [], "end_of_stream": false, "end_time": 1700000000}'
        reading = adapter_for(backend).fetch("ticket_events", {"start_time": 1_700_000_000})
        stuck = lambda asked: Answer(200, body)  # noqa: E731

        def twice(asked: Request) -> Answer:
            backend.wire.next_call = stuck
            return stuck(asked)

        backend.wire.next_call = twice
        assert next(reading).cursor == {"start_time": 1_700_000_001}
        assert "may be missing" in caplog.text

    def test_a_second_that_is_still_running_is_read_again(self, backend: ZendeskBackend) -> None:
        ticket = backend.seed(1)[0]
        now = int(backend.now().timestamp())
        pages = list(adapter_for(backend).fetch("ticket_events", {"start_time": now}))
        backend.settle()
        pages += adapter_for(backend).fetch("ticket_events", pages[-1].cursor)
        assert ticket in {record.ticket for page in pages for record in page.records}

    def test_a_start_that_the_vendor_finds_too_recent_is_asked_again_later(self, backend: ZendeskBackend) -> None:
        backend.account.switches.skew_seconds = -600
        for status in (400, 422):
            backend.account.switches.too_recent_status = status
            with pytest.raises(TemporaryError):
                next(adapter_for(backend).fetch("tickets", {"start_time": int(backend.now().timestamp())}))

    def test_deletion_restoring_and_merging_are_told(self, backend: ZendeskBackend) -> None:
        loser, winner, deleted = backend.seed(3)
        backend.account.merge(int(loser), int(winner))
        backend.account.delete(int(deleted))
        backend.settle()
        told = entries_by_ticket(adapter_for(backend))
        assert [entry.value for entry in told[loser] if entry.kind is EntryKind.MERGE] == [winner]
        assert not [entry for entry in told[winner] if entry.kind is EntryKind.MERGE]
        assert {entry.observed for entry in told[deleted] if entry.kind is EntryKind.DELETE} == {True, False}
        backend.account.restore(int(deleted))
        backend.settle()
        told = entries_by_ticket(adapter_for(backend))
        words = [entry for entry in told[deleted] if entry.kind in (EntryKind.STATUS, EntryKind.DELETE)]
        assert [(entry.kind, entry.value) for entry in words if entry.observed][-1] == (EntryKind.STATUS, "new")

    def test_what_was_scrubbed_at_the_source_does_not_wipe_what_we_hold(self, backend: ZendeskBackend) -> None:
        ticket = backend.seed(1)[0]
        backend.settle()
        [before] = next(adapter_for(backend).fetch("tickets", {"start_time": 0})).records
        backend.account.delete(int(ticket))
        backend.account.scrub(int(ticket))
        backend.settle()
        [after] = next(adapter_for(backend).fetch("tickets", {"start_time": 0})).records
        assert (after.fields, [entry.kind for entry in after.entries]) == (None, [EntryKind.DELETE])
        assert after.raw_id != before.raw_id

    def test_redacted_words_are_blanked_wherever_they_were_told(self, backend: ZendeskBackend) -> None:
        ticket = backend.seed(1)[0]
        backend.settle()
        backend.touch(ticket, "my card is 4111 and it is mine")
        backend.settle()
        before = entries_by_ticket(adapter_for(backend))[ticket]
        backend.account.redact(int(ticket), "Where")
        backend.account.redact(int(ticket), "4111")
        backend.settle()
        after = entries_by_ticket(adapter_for(backend))[ticket]
        timeline = merge(before, after)
        assert not [entry for entry in timeline if "4111" in (entry.text or "") or "Where" in (entry.text or "")]
        [opened] = [entry for entry in timeline if entry.kind is EntryKind.RECEIVED]
        assert opened.text == "▇▇▇▇▇ is it?"

    def test_the_first_message_is_told_once(self, backend: ZendeskBackend) -> None:
        ticket = backend.seed(1)[0]
        backend.settle()
        told = [entry for entry in entries_by_ticket(adapter_for(backend))[ticket] if entry.text == "Where is it?"]
        assert [(entry.kind, entry.role) for entry in told] == [(EntryKind.RECEIVED, Role.CUSTOMER)]

    def test_who_spoke_and_who_acted_is_told(self, backend: ZendeskBackend) -> None:
        ticket = backend.seed(1)[0]
        backend.account.triggers.append(Trigger("Vip", when="amends-overdue", add=["vip"]))
        backend.touch(ticket, "customer")
        backend.account.agent_replies(int(ticket), "staff")
        backend.account.agent_notes(int(ticket), "note")
        backend.account.agent_replies(int(ticket), "a person who shares our user", by=content.INTEGRATION)
        self.carry_out(backend, self.action(ticket, ActionKind.ESCALATE, backend))
        backend.account.agent_sets(int(ticket), status="solved")
        backend.account.close(int(ticket))
        backend.account.rate(int(ticket), "bad", "never again")
        backend.settle()
        for metadata in (True, False):
            backend.account.switches.metadata_in_events = metadata
            told = entries_by_ticket(adapter_for(backend))[ticket]
            by_text = {entry.text: (entry.kind, entry.role) for entry in told if entry.text}
            assert by_text["customer"] == (EntryKind.CUSTOMER_MESSAGE, Role.CUSTOMER)
            assert by_text["staff"] == (EntryKind.STAFF_REPLY, Role.STAFF)
            assert by_text["note"] == (EntryKind.NOTE, Role.STAFF)
            assert by_text["a person who shares our user"] == (EntryKind.STAFF_REPLY, Role.STAFF)
            assert (EntryKind.NOTE, Role.AMENDS) in by_text.values()
            assert by_text["never again"] == (EntryKind.RATING, Role.CUSTOMER)
            words = [(entry.value, entry.role) for entry in told if entry.kind is EntryKind.STATUS and entry.observed]
            assert words == [
                ("new", Role.CUSTOMER), ("open", Role.STAFF), ("solved", Role.STAFF), ("closed", Role.SYSTEM),
            ]  # fmt: skip

    def test_a_snapshot_alone_tells_status_reply_and_owner(self, backend: ZendeskBackend) -> None:
        ticket = backend.seed(1)[0]
        opened = backend.now()
        backend.clock.advance(600)
        backend.account.agent_replies(int(ticket), "Sorry!", status="solved")
        backend.clock.advance(86_400)
        backend.account.close(int(ticket))
        backend.settle()
        [record] = next(adapter_for(backend).fetch("tickets", {"start_time": 0})).records
        told = {entry.kind: (entry.value, (entry.occurred_at - opened).total_seconds()) for entry in record.entries}
        assert told == {
            EntryKind.RECEIVED: (None, 0),
            EntryKind.STATUS: ("closed", 600),
            EntryKind.OWNER: (str(content.ANA), 600),
            EntryKind.STAFF_REPLY: (None, 600),
        }

    def test_a_survey_whose_tag_a_trigger_consumes_is_still_found(self, backend: ZendeskBackend) -> None:
        backend.account.triggers.append(Trigger("Survey", when="amends-survey", remove=["amends-survey"]))
        ticket = backend.seed(1)[0]
        action = self.action(ticket, ActionKind.SURVEY, backend)
        stamp, sent_at = self.prepare(backend, action), backend.now()
        backend.lose_answer()
        with pytest.raises(TemporaryError):
            adapter_for(backend).apply(action, stamp)
        assert "amends-survey" not in backend.labels(ticket)
        assert isinstance(adapter_for(backend).find(action, stamp, sent_at), Landed)

    def test_a_survey_that_could_trigger_nothing_is_refused(self, backend: ZendeskBackend) -> None:
        ticket = backend.seed(1)[0]
        backend.account.agent_sets(int(ticket), add_tags=["amends-survey"])
        with pytest.raises(RejectedError, match="trigger"):
            self.prepare(backend, self.action(ticket, ActionKind.SURVEY, backend))

    def test_an_escalation_that_changes_nothing_is_done_without_a_call(self, backend: ZendeskBackend) -> None:
        ticket = backend.seed(1)[0]
        self.agent_sets_everything(backend, ticket)
        effect = Effect(tags=("by_agent",), fields={"priority": "high", f"custom:{content.REASON}": "late"})
        action = replace(self.action(ticket, ActionKind.ESCALATE, backend), effect=effect)
        stamp, sent_at = self.prepare(backend, action), backend.now()
        calls = backend.calls()
        assert adapter_for(backend).apply(action, stamp) == {"already": True}
        assert adapter_for(backend).find(action, stamp, sent_at) == Landed({"already": True})
        assert backend.calls() == calls
        assert backend.effects(ticket) == []

    def test_an_update_that_the_account_takes_for_no_change_is_done_too(self, backend: ZendeskBackend) -> None:
        ticket = backend.seed(1)[0]
        self.agent_sets_everything(backend, ticket)
        effect = Effect(tags=("By Agent",), fields={"custom:999": "x"})  # Zendesk ignores fields that it does not know
        action = replace(self.action(ticket, ActionKind.ESCALATE, backend), effect=effect)
        assert adapter_for(backend).apply(action, self.prepare(backend, action)) == {"already": True}

    def agent_sets_everything(self, backend: ZendeskBackend, ticket: str) -> None:
        backend.agent_edit(ticket)
        backend.account.agent_sets(int(ticket), fields={content.REASON: "late"})

    def test_a_ticket_that_changed_a_moment_ago_is_left_alone(self, backend: ZendeskBackend) -> None:
        ticket = backend.seed(1)[0]
        with pytest.raises(ConflictError) as caught:
            adapter_for(backend).prepare(self.action(ticket, ActionKind.ESCALATE, backend))
        assert caught.value.retry_after_seconds == 2
        backend.clock.advance(2)
        adapter_for(backend).prepare(self.action(ticket, ActionKind.ESCALATE, backend))

    def test_a_closed_ticket_takes_no_write(self, backend: ZendeskBackend) -> None:
        ticket = backend.seed(1)[0]
        action = self.action(ticket, ActionKind.ESCALATE, backend)
        stamp = self.prepare(backend, action)
        backend.account.agent_sets(int(ticket), status="solved")
        backend.account.close(int(ticket))
        backend.settle()
        with pytest.raises(RejectedError, match="closed"):
            adapter_for(backend).prepare(action)
        with pytest.raises(RejectedError, match="closed prevents ticket update"):
            adapter_for(backend).apply(action, stamp)

    def test_a_tag_is_known_again_in_the_letters_that_zendesk_keeps(self, backend: ZendeskBackend) -> None:
        ticket = backend.seed(1)[0]
        action = replace(self.action(ticket, ActionKind.TAG, backend), effect=Effect(tags=("Late Delivery",)))
        stamp, sent_at = self.prepare(backend, action), backend.now()
        assert "audit" in adapter_for(backend).apply(action, stamp)
        assert backend.labels(ticket) >= {"late_delivery"}
        assert isinstance(adapter_for(backend).find(action, stamp, sent_at), Landed)
        backend.settle()
        assert "already" in self.prepare(backend, action), "it is on the ticket, in the letters that Zendesk keeps"

    def test_a_tag_that_a_trigger_takes_off_at_once_is_added_once(self, backend: ZendeskBackend) -> None:
        ticket = backend.seed(1)[0]
        backend.account.triggers.append(Trigger("Eat", when="amends_late", add=["eaten"], remove=["amends_late"]))
        action = replace(self.action(ticket, ActionKind.TAG, backend), effect=Effect(tags=("amends_late",)))
        stamp, sent_at = self.prepare(backend, action), backend.now()
        adapter_for(backend).apply(action, stamp)
        assert "amends_late" not in backend.labels(ticket)
        assert isinstance(adapter_for(backend).find(action, stamp, sent_at), Landed)

    def test_fields_are_written_with_the_note_in_one_update(self, backend: ZendeskBackend) -> None:
        ticket = backend.seed(1)[0]
        fields = {"priority": "urgent", "group": str(content.COMPLAINTS), f"custom:{content.REASON}": "overdue"}
        effect = Effect(note="Late.", tags=("amends_overdue",), fields=fields)
        action = replace(self.action(ticket, ActionKind.ESCALATE, backend), effect=effect)
        self.carry_out(backend, action)
        [one] = backend.account.ledger.of_ticket(int(ticket))
        assert one.comment == {"body": "Late.", "public": False}
        assert {name: after for name, (_, after) in one.fields.items()} == {
            "priority": "urgent", "group_id": content.COMPLAINTS, f"custom:{content.REASON}": "overdue",
        }  # fmt: skip

    def test_a_field_that_cannot_be_written_is_refused_before_anything_is_sent(self, backend: ZendeskBackend) -> None:
        ticket = backend.seed(1)[0]
        before = backend.calls()
        effect = Effect(fields={"requester.email": "x@example.net"})
        with pytest.raises(RejectedError, match=r"requester\.email"):
            adapter_for(backend).prepare(replace(self.action(ticket, ActionKind.ESCALATE, backend), effect=effect))
        assert backend.calls() == before

    def test_a_value_that_the_account_does_not_know_is_refused_with_its_field(self, backend: ZendeskBackend) -> None:
        ticket = backend.seed(1)[0]
        effect = Effect(fields={"priority": "sky-high"})
        action = replace(self.action(ticket, ActionKind.ESCALATE, backend), effect=effect)
        stamp = self.prepare(backend, action)
        with pytest.raises(RejectedError, match="priority: Priority: sky-high is not valid"):
            adapter_for(backend).apply(action, stamp)

    def test_a_note_that_came_out_public_raises_the_alarm(self, backend: ZendeskBackend) -> None:
        ticket = backend.seed(1)[0]
        action = self.action(ticket, ActionKind.ESCALATE, backend)
        stamp, sent_at = self.prepare(backend, action), backend.now()

        def publish(asked: Request) -> Answer:
            answer = backend.wire.desk.answer(asked)
            backend.account.tickets[int(ticket)].audits[-1]["events"][0]["public"] = True
            return Answer(200, answer.payload.replace(b'"public":false', b'"public":true'))

        backend.wire.next_write = publish
        with pytest.raises(ExposedError, match="PUBLIC"):
            adapter_for(backend).apply(action, stamp)
        with pytest.raises(ExposedError, match="PUBLIC"):
            adapter_for(backend).find(action, stamp, sent_at)

    def test_a_proxy_that_repeats_the_write_makes_one_effect(self, backend: ZendeskBackend) -> None:
        for kind in sorted(Adapter.can):
            ticket = backend.seed(1)[0]
            action = self.action(ticket, kind, backend)
            if kind is ActionKind.UNDO:
                backend.account.agent_sets(int(ticket), add_tags=list(action.effect.untag))
            stamp, sent_at = self.prepare(backend, action), backend.now()
            backend.wire.next_write = lambda asked: backend.wire.desk.answer(asked) and backend.wire.desk.answer(asked)
            with pytest.raises(ConflictError):
                adapter_for(backend).apply(action, stamp)
            assert isinstance(adapter_for(backend).find(action, stamp, sent_at), Landed)
            assert len(backend.effects(ticket)) == 1

    def test_a_stale_list_of_audits_is_no_proof_that_a_write_was_lost(self, backend: ZendeskBackend) -> None:
        ticket = backend.seed(1)[0]
        action = self.action(ticket, ActionKind.ESCALATE, backend)
        stamp, sent_at = self.prepare(backend, action), backend.now()
        stale = adapter_for(backend)._calls.get(f"/api/v2/tickets/{ticket}/audits.json").content
        adapter_for(backend).apply(action, stamp)

        def old_list(asked: Request) -> Answer:
            backend.wire.next_call = lambda asked: Answer(200, stale)
            return backend.wire.desk.answer(asked)

        backend.wire.next_call = old_list
        with pytest.raises(TemporaryError):
            adapter_for(backend).find(action, stamp, sent_at)
        backend.clock.advance(1000)
        backend.wire.next_call = old_list
        assert isinstance(adapter_for(backend).find(action, stamp, sent_at), Unknown)
        assert isinstance(adapter_for(backend).find(action, stamp, sent_at), Landed)

    def test_a_clock_that_is_off_by_hours_does_not_hide_what_landed(self, backend: ZendeskBackend) -> None:
        ticket = backend.seed(1)[0]
        action = self.action(ticket, ActionKind.ESCALATE, backend)
        stamp = self.prepare(backend, action)
        adapter_for(backend).apply(action, stamp)
        for _ in range(3):
            backend.settle()
            backend.agent_edit(ticket)
            backend.account.agent_notes(int(ticket), "more to look through")
        ahead = backend.now().replace(hour=23)
        assert isinstance(adapter_for(backend).find(action, stamp, ahead), Landed)

    def test_a_write_is_found_behind_hundreds_of_later_changes(self, backend: ZendeskBackend) -> None:
        ticket = backend.seed(1)[0]
        action = self.action(ticket, ActionKind.ESCALATE, backend)
        stamp, sent_at = self.prepare(backend, action), backend.now()
        adapter_for(backend).apply(action, stamp)
        for number in range(250):
            backend.account.agent_notes(int(ticket), f"note {number}")
        assert isinstance(adapter_for(backend).find(action, stamp, sent_at), Landed)
        for number in range(2000):
            backend.account.agent_notes(int(ticket), f"note {number}")
        assert isinstance(adapter_for(backend).find(action, stamp, sent_at), Unknown)

    def test_a_ticket_that_we_may_not_see_is_not_told_as_gone(self, backend: ZendeskBackend) -> None:
        ticket = backend.seed(1)[0]
        backend.delete(ticket)
        backend.account.users[content.INTEGRATION]["role"] = "agent"
        backend.account.users[content.INTEGRATION]["ticket_restriction"] = "assigned"
        with pytest.raises(AuthError):
            list(adapter_for(backend).get([ticket]))

    def test_get_and_the_event_export_tell_the_same_entries(self, backend: ZendeskBackend) -> None:
        loser, ticket = backend.seed(2)
        backend.touch(ticket, "customer")
        backend.account.agent_replies(int(ticket), "staff", status="solved")
        backend.account.agent_sets(int(ticket), priority="high", fields={content.PRODUCT: "prod_lamp"})
        backend.account.merge(int(loser), int(ticket))
        backend.settle()
        exported = [record for page in adapter_for(backend).fetch("ticket_events", {}) for record in page.records]
        shown = [one for stream, one in adapter_for(backend).get([loser, ticket]) if stream == "ticket_events"]
        assert {record.raw_id: record.entries for record in exported} == {one.raw_id: one.entries for one in shown}

    def test_check_says_what_is_missing_and_what_will_end(self, backend: ZendeskBackend) -> None:
        found = adapter_for(backend).check()
        assert (found.actor, found.may, found.missing) == (str(content.INTEGRATION), ("read", "write"), ())
        assert "30 April 2027" in found.warnings[0]
        backend.account.users[content.INTEGRATION]["role"] = "agent"
        assert "admin" in adapter_for(backend).check().missing[0]

    def test_discover_offers_what_a_mapping_needs(self, backend: ZendeskBackend) -> None:
        found = adapter_for(backend).discover()
        fields = {field.id: field for field in found.fields}
        assert ("prod_lamp", "Lamp") in fields[f"custom:{content.PRODUCT}"].options
        assert (str(content.STATUS_WAITING_FOR_CARRIER), "Waiting for the carrier") in fields[
            "custom_status_id"
        ].options
        assert (str(content.COMPLAINTS), "Complaints") in found.groups
        assert (str(content.ANA), "Ana Ribeiro") in found.people
        assert dict(found.statuses)["hold"] == "Hold"


def entries_by_ticket(adapter: Adapter) -> dict[str, list[Entry]]:
    """What both streams tell, from the beginning, in the order of a timeline."""
    found: dict[str, dict[str, Entry]] = {}
    for stream in adapter.streams:
        for page in adapter.fetch(stream, adapter.start(stream, None)):
            for record in page.records:
                found.setdefault(record.ticket, {}).update({entry.id: entry for entry in record.entries})
    return {
        ticket: sorted(entries.values(), key=lambda entry: (entry.occurred_at, entry.id))
        for ticket, entries in found.items()
    }
