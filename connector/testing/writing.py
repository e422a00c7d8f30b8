"""The promises of writing: one effect, whatever happens on the way, and never a word the customer can read.

Part of the conformance kit; `AdapterTests` joins it with the promises of reading. `CompareAndSetTests` asks more, of
adapters whose source compares versions as it writes; for the others see `connector.testing.settling`. Effects are
counted in the backend's ledger, not by the adapter.
"""

from __future__ import annotations

from contextlib import suppress

import pytest

from connector.adapter import Landed, Never, NotYet, Unknown
from connector.errors import AuthError, ConflictError, GoneError, RejectedError, TemporaryError
from connector.model import ActionKind, Effect, EntryKind, Role, Visibility
from connector.testing.backend import Backend, Failure, FieldBackend, LateBackend
from connector.testing.bench import Bench, as_stored, read_all
from connector.testing.failing import FAILURES

each_kind = pytest.mark.parametrize(
    "kind", sorted(set(ActionKind) - {ActionKind.CORRECT, ActionKind.NOTIFY, ActionKind.UNDO})
)


class WritingTests(Bench):
    @each_kind
    def test_a_write_has_one_effect(self, backend: Backend, kind: ActionKind) -> None:
        self.able(backend, kind)
        first, other = backend.seed(2)
        action = self.action(first, kind, backend)
        receipt = self.connect(backend).apply(action, self.prepare(backend, action))
        assert as_stored(receipt), "a receipt says what the source answered"
        assert len(backend.effects(first)) == 1
        assert backend.effects(other) == []
        assert set(action.effect.tags) <= backend.labels(first)

    @each_kind
    def test_sending_twice_with_one_stamp_has_one_effect(self, backend: Backend, kind: ActionKind) -> None:
        self.able(backend, kind)
        ticket = backend.seed(1)[0]
        action = self.action(ticket, kind, backend)
        stamp, sent_at = self.prepare(backend, action), backend.now()
        self.connect(backend).apply(action, stamp)
        backend.settle()
        with suppress(ConflictError):
            self.connect(backend).apply(action, stamp)
        assert len(backend.effects(ticket)) == 1
        assert isinstance(self.look(backend, action, stamp, sent_at), Landed)

    @each_kind
    def test_a_write_whose_answer_was_lost_is_found(self, backend: Backend, kind: ActionKind) -> None:
        self.able(backend, kind)
        ticket = backend.seed(1)[0]
        action = self.action(ticket, kind, backend)
        stamp, sent_at = self.prepare(backend, action), backend.now()
        backend.lose_answer()
        with pytest.raises(TemporaryError) as caught:
            self.connect(backend).apply(action, stamp)
        assert caught.value.applied is not False, "nobody can know that nothing was written"
        looking = self.look if self.one_request else self.end
        finding = looking(backend, action, stamp, sent_at)
        assert isinstance(finding, Landed), f"the write is there, but find() says {finding}"
        as_stored(finding.receipt)
        backend.agent_edit(ticket)
        backend.settle()
        assert isinstance(self.look(backend, action, stamp, sent_at), Landed), "not after an agent's edit"
        assert len(backend.effects(ticket)) == 1

    @each_kind
    def test_a_write_that_never_left_may_be_sent_with_its_stamp(self, backend: Backend, kind: ActionKind) -> None:
        self.able(backend, kind)
        ticket = backend.seed(1)[0]
        action = self.action(ticket, kind, backend)
        stamp = self.prepare(backend, action)
        finding = self.look(backend, action, stamp, backend.now())
        assert isinstance(finding, NotYet), f"nothing was sent and nothing changed, but find() says {finding}"
        self.connect(backend).apply(action, stamp)
        assert len(backend.effects(ticket)) == 1

    @pytest.mark.parametrize("failure", FAILURES)
    @each_kind
    def test_a_write_that_failed_did_nothing_and_can_be_sent_again(
        self, backend: Backend, kind: ActionKind, failure: Failure
    ) -> None:
        self.able(backend, kind)
        ticket = backend.seed(1)[0]
        action = self.action(ticket, kind, backend)
        stamp, sent_at = self.prepare(backend, action), backend.now()
        backend.fail(failure, retry_after_seconds=7 if failure == "busy" else None)
        with pytest.raises(AuthError if failure == "auth" else TemporaryError) as caught:
            self.connect(backend).apply(action, stamp)
        if isinstance(caught.value, TemporaryError):
            assert caught.value.retry_after_seconds == (7 if failure == "busy" else None)
        assert backend.effects(ticket) == []
        backend.settle()
        assert isinstance(self.look(backend, action, stamp, sent_at), NotYet)
        self.connect(backend).apply(action, stamp)
        assert len(backend.effects(ticket)) == 1

    @each_kind
    def test_an_agent_who_was_faster_costs_nothing(self, backend: Backend, kind: ActionKind) -> None:
        self.able(backend, kind)
        ticket = backend.seed(1)[0]
        action = self.action(ticket, kind, backend)
        stamp, sent_at = self.prepare(backend, action), backend.now()
        label = backend.agent_edit(ticket)
        try:
            self.connect(backend).apply(action, stamp)
        except ConflictError:
            assert backend.effects(ticket) == [], "a conflict means that nothing was written"
            backend.settle()
            assert isinstance(self.look(backend, action, stamp, sent_at), Never)
            self.carry_out(backend, action)
        assert len(backend.effects(ticket)) == 1
        assert backend.labels(ticket) >= {label, *action.effect.tags}

    @each_kind
    def test_labels_that_agents_set_survive_our_write(self, backend: Backend, kind: ActionKind) -> None:
        self.able(backend, kind)
        ticket = backend.seed(1)[0]
        label = backend.agent_edit(ticket)
        before = backend.labels(ticket)
        action = self.action(ticket, kind, backend)
        self.carry_out(backend, action)
        assert label in before
        assert backend.labels(ticket) >= before | set(action.effect.tags)

    @each_kind
    def test_nothing_we_write_is_for_the_customers_eyes(self, backend: Backend, kind: ActionKind) -> None:
        self.able(backend, kind)
        ticket = backend.seed(1)[0]
        action = self.action(ticket, kind, backend)
        before = backend.messages(ticket)
        self.carry_out(backend, action)
        new = list(backend.messages(ticket)[len(before) :])
        assert [visibility for _, visibility in new if visibility is Visibility.PUBLIC] == []
        note = action.effect.note
        assert len(new) == (note is not None), f"one note, or none where none was asked for: {new}"
        assert note is None or note in new[0][0]

    def test_our_note_comes_back_as_a_note(self, backend: Backend) -> None:
        self.able(backend, ActionKind.ESCALATE)
        ticket = backend.seed(1)[0]
        action = self.action(ticket, ActionKind.ESCALATE, backend)
        self.carry_out(backend, action)
        backend.settle()
        entries = [entry for _, record in self.connect(backend).get([ticket]) for entry in record.entries]
        ours = [entry for entry in entries if action.effect.note and action.effect.note in (entry.text or "")]
        for entry in ours:
            assert entry.kind is EntryKind.NOTE, "our note must not count as a reply"
            assert entry.visibility is Visibility.INTERNAL

    def test_an_acknowledgement_comes_back_as_ours_and_answers_nothing(self, backend: Backend) -> None:
        self.able(backend, ActionKind.ACKNOWLEDGE)
        ticket = backend.seed(1)[0]
        action = self.action(ticket, ActionKind.ACKNOWLEDGE, backend)
        self.carry_out(backend, action)
        backend.settle()
        records = [one for read in read_all(self.connect(backend)).values() for one in read if one.ticket == ticket]
        entries = [entry for record in records for entry in record.entries]
        ours = [entry for entry in entries if action.effect.contact and action.effect.contact in (entry.text or "")]
        assert [(entry.role, entry.visibility) for entry in ours] == [(Role.AMENDS, Visibility.PUBLIC)]
        answers = [entry for entry in entries if entry.kind is EntryKind.STAFF_REPLY and entry.role is not Role.AMENDS]
        assert answers == [], "an acknowledgement must not count as a reply"

    @each_kind
    def test_a_ticket_that_is_gone_takes_no_write(self, backend: Backend, kind: ActionKind) -> None:
        self.able(backend, kind)
        early, late = backend.seed(2)
        first, second = self.action(early, kind, backend), self.action(late, kind, backend)
        backend.delete(early)
        backend.settle()
        with pytest.raises(GoneError):
            self.connect(backend).prepare(first)
        stamp, sent_at = self.prepare(backend, second), backend.now()
        backend.delete(late)
        with pytest.raises(GoneError):
            self.connect(backend).apply(second, stamp)
        backend.settle()
        assert isinstance(self.look(backend, second, stamp, sent_at), Never | Unknown)
        assert [*backend.effects(early), *backend.effects(late)] == []

    @each_kind
    def test_a_write_is_found_on_its_own_ticket_only(self, backend: Backend, kind: ActionKind) -> None:
        self.able(backend, kind)
        mine, other = backend.seed(2)
        action, elsewhere = self.action(mine, kind, backend), self.action(other, kind, backend)
        stamp, sent_at = self.prepare(backend, elsewhere), backend.now()
        self.carry_out(backend, action)
        assert isinstance(self.look(backend, elsewhere, stamp, sent_at), NotYet)

    @each_kind
    def test_a_late_look_does_not_take_the_same_done_by_another_for_ours(
        self, backend: Backend, kind: ActionKind
    ) -> None:
        self.able(backend, kind)
        if not getattr(self.connect(backend), "late_looks", ()):
            pytest.skip("the class has no late looks")
        ticket = backend.seed(1)[0]
        ours = self.action(ticket, kind, backend)
        stamp, sent_at = self.prepare(backend, ours), backend.now()
        self.carry_out(backend, self.action(ticket, kind, backend, episode="first_reply#2"))
        assert len(backend.effects(ticket)) == 1
        finding = self.look(backend, ours, stamp, sent_at)
        assert not isinstance(finding, Landed), f"it never left, and looks alike only, but find() says {finding}"

    def test_a_second_escalation_is_not_taken_for_the_first(self, backend: Backend) -> None:
        self.able(backend, ActionKind.ESCALATE)
        ticket = backend.seed(1)[0]
        first = self.action(ticket, ActionKind.ESCALATE, backend, "first_reply#1")
        second = self.action(ticket, ActionKind.ESCALATE, backend, "first_reply#2")
        self.carry_out(backend, first)
        stamp, sent_at = self.prepare(backend, second), backend.now()
        assert isinstance(self.look(backend, second, stamp, sent_at), NotYet)
        self.connect(backend).apply(second, stamp)
        assert len(backend.effects(ticket)) == 2

    def test_what_is_empty_is_filled_and_what_stands_there_stays(self, backend: FieldBackend) -> None:
        self.able(backend, ActionKind.TAG)
        if self.fill is None:
            pytest.skip("the bench names no field that can be filled")
        name, ours, theirs = self.fill
        empty, full, late = backend.seed(3)
        backend.agent_fills(full, name, theirs)
        fill = Effect(tags=("amends-filled",), fill={name: ours})
        for ticket in (empty, full):
            self.carry_out(backend, self.action(ticket, ActionKind.TAG, backend, effect=fill))
        assert backend.field(empty, name) == ours
        assert backend.field(full, name) == theirs
        action = self.action(late, ActionKind.TAG, backend, effect=fill)
        stamp = self.prepare(backend, action)
        backend.agent_fills(late, name, theirs)
        with suppress(ConflictError):
            self.connect(backend).apply(action, stamp)
        assert backend.field(late, name) == theirs, "an agent was faster, and their word stays"
        only = self.action(full, ActionKind.TAG, backend, "fill only", Effect(fill={name: ours}))
        self.carry_out(backend, only)
        assert backend.field(full, name) == theirs

    def test_an_undo_takes_back_what_is_ours_and_leaves_what_others_did(self, backend: Backend) -> None:
        self.able(backend, ActionKind.UNDO)
        ticket = backend.seed(1)[0]
        backend.settle()
        theirs = backend.agent_edit(ticket)
        action = self.action(ticket, ActionKind.TAG, backend)
        stamp = self.prepare(backend, action)
        self.connect(backend).apply(action, stamp)
        ours = stamp["undo"]["tags"]
        assert set(ours) == set(action.effect.tags)
        backend.settle()
        other = backend.agent_edit(ticket)
        undo = self.action(ticket, ActionKind.UNDO, backend, "undo", Effect(untag=tuple(ours)))
        self.carry_out(backend, undo)
        assert backend.labels(ticket).isdisjoint(ours)
        assert {theirs, other} <= backend.labels(ticket)
        before = len(backend.effects(ticket))
        again = self.action(ticket, ActionKind.UNDO, backend, "again", Effect(untag=tuple(ours)))
        self.carry_out(backend, again)
        assert len(backend.effects(ticket)) == before, "what is not there any more is not taken off again"

    def test_an_undo_sets_a_field_back_unless_somebody_has_changed_it_since(self, backend: FieldBackend) -> None:
        self.able(backend, ActionKind.UNDO)
        if self.fill is None:
            pytest.skip("the bench names no field that can be filled")
        name, ours, theirs = self.fill
        alone, changed = backend.seed(2)
        for ticket in (alone, changed):
            action = self.action(ticket, ActionKind.TAG, backend, effect=Effect(fill={name: ours}))
            stamp = self.prepare(backend, action)
            self.connect(backend).apply(action, stamp)
            wrote, before = as_stored(stamp)["undo"]["fields"][name]
            backend.settle()
            undo = self.action(ticket, ActionKind.UNDO, backend, "undo", Effect(restore={name: (wrote, before)}))
            if ticket == changed:
                backend.agent_fills(ticket, name, theirs)
                backend.settle()
                assert self.prepare(backend, undo)["left"].keys() == {name}, "and it says what it leaves"
            self.carry_out(backend, undo)
        assert backend.field(alone, name) in (None, "", [])
        assert backend.field(changed, name) == theirs

    def test_a_kind_it_cannot_write_is_refused_before_anything_is_sent(self, backend: Backend) -> None:
        ticket = backend.seed(1)[0]
        backend.settle()
        for kind in set(ActionKind) - self.connect(backend).can:
            before = backend.calls()
            with pytest.raises(RejectedError):
                self.connect(backend).prepare(self.action(ticket, kind, backend))
            assert backend.calls() == before


class CompareAndSetTests(Bench):
    """For adapters whose source refuses a write when the ticket changed since the stamp. The backend is a
    `LateBackend`: a write may still be on its way when the caller has long given up."""

    @each_kind
    def test_a_stale_stamp_is_refused_for_good(self, backend: Backend, kind: ActionKind) -> None:
        self.able(backend, kind)
        ticket = backend.seed(1)[0]
        action = self.action(ticket, kind, backend)
        stamp, sent_at = self.prepare(backend, action), backend.now()
        backend.agent_edit(ticket)
        with pytest.raises(ConflictError):
            self.connect(backend).apply(action, stamp)
        finding = self.connect(backend).find(action, stamp, sent_at)
        assert isinstance(finding, Never), f"a stale stamp can never land, but find() says {finding}"
        assert backend.effects(ticket) == []

    @each_kind
    def test_a_copy_that_lands_late_changes_nothing(self, backend: LateBackend, kind: ActionKind) -> None:
        self.able(backend, kind)
        ticket = backend.seed(1)[0]
        action = self.action(ticket, kind, backend)
        stamp, sent_at = self.prepare(backend, action), backend.now()
        backend.delay_write()
        with pytest.raises(TemporaryError):
            self.connect(backend).apply(action, stamp)
        assert isinstance(self.connect(backend).find(action, stamp, sent_at), NotYet)
        self.connect(backend).apply(action, stamp)
        backend.land()
        assert len(backend.effects(ticket)) == 1

    @pytest.mark.parametrize("after_calls", range(4))
    @each_kind
    def test_a_copy_that_lands_while_we_look_is_never_called_lost(
        self, backend: LateBackend, kind: ActionKind, after_calls: int
    ) -> None:
        self.able(backend, kind)
        ticket = backend.seed(1)[0]
        action = self.action(ticket, kind, backend)
        stamp, sent_at = self.prepare(backend, action), backend.now()
        backend.delay_write()
        with pytest.raises(TemporaryError):
            self.connect(backend).apply(action, stamp)
        backend.land(after_calls)
        finding = self.connect(backend).find(action, stamp, sent_at)
        assert isinstance(finding, Landed | NotYet), "find() has to read the ticket before its history"
        backend.land()
        assert isinstance(self.connect(backend).find(action, stamp, sent_at), Landed)
        assert len(backend.effects(ticket)) == 1

    @each_kind
    def test_after_never_a_late_copy_cannot_land(self, backend: LateBackend, kind: ActionKind) -> None:
        self.able(backend, kind)
        ticket = backend.seed(1)[0]
        action = self.action(ticket, kind, backend)
        stamp, sent_at = self.prepare(backend, action), backend.now()
        backend.delay_write()
        with pytest.raises(TemporaryError):
            self.connect(backend).apply(action, stamp)
        backend.agent_edit(ticket)
        assert isinstance(self.connect(backend).find(action, stamp, sent_at), Never)
        self.carry_out(backend, action)
        backend.land()
        assert len(backend.effects(ticket)) == 1
