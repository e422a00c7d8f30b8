"""The promises of writing where a source compares no versions: settle, look, repair; and those of opening a ticket.

Part of the conformance kit. `RepairingTests` are for adapters whose source has no compare-and-set, `OpeningTests` for
those that open tickets (`ActionKind.CORRECT`). Effects are counted in the backend's ledger, not by the adapter.
"""

from __future__ import annotations

import pytest

from connector.adapter import Landed, NotYet, Stamp
from connector.errors import AuthError, TemporaryError
from connector.model import Action, ActionKind
from connector.testing.backend import Backend, Failure, OpeningBackend, RepairingBackend
from connector.testing.bench import Bench, as_stored, tells
from connector.testing.failing import FAILURES
from connector.testing.writing import each_kind

MOST_REQUESTS = 5  # no write that we know of takes more; the kit notices one that does


class OpeningTests(Bench):
    """For adapters that open tickets (`ActionKind.CORRECT`). Skipped for others."""

    def correction(self, backend: Backend) -> Action:
        self.able(backend, ActionKind.CORRECT)
        return self.action("elsewhere/17", ActionKind.CORRECT, backend)

    def test_a_ticket_is_opened_and_its_receipt_says_where(self, backend: OpeningBackend) -> None:
        action = self.correction(backend)
        receipt = as_stored(self.connect(backend).apply(action, self.prepare(backend, action)))
        assert [receipt["ticket"]] == list(backend.opened(action.marker))
        assert receipt["key"] and "url" in receipt
        assert set(action.effect.tags) <= backend.labels(receipt["ticket"])
        backend.settle()
        records = [record for _, record in self.connect(backend).get([receipt["ticket"]])]
        for word in ("summary", "description"):
            assert any(tells(record, action.effect.create[word]) for record in records), word

    def test_sending_twice_opens_one_ticket(self, backend: OpeningBackend) -> None:
        action = self.correction(backend)
        stamp, sent_at = self.prepare(backend, action), backend.now()
        first = self.connect(backend).apply(action, stamp)
        assert isinstance(self.end(backend, action, stamp, sent_at), Landed)
        again = self.connect(backend).apply(action, stamp)
        assert first["ticket"] == again["ticket"]
        assert len(backend.opened(action.marker)) == 1

    def test_a_ticket_whose_answer_was_lost_is_found(self, backend: OpeningBackend) -> None:
        action = self.correction(backend)
        stamp, sent_at = self.prepare(backend, action), backend.now()
        backend.lose_answer()
        with pytest.raises(TemporaryError):
            self.connect(backend).apply(action, stamp)
        finding = self.end(backend, action, stamp, sent_at)
        assert isinstance(finding, Landed)
        assert [as_stored(finding.receipt)["ticket"]] == list(backend.opened(action.marker))

    def test_a_ticket_that_was_never_asked_for_may_be_opened_with_its_stamp(self, backend: OpeningBackend) -> None:
        action = self.correction(backend)
        stamp = self.prepare(backend, action)
        assert isinstance(self.look(backend, action, stamp, backend.now()), NotYet)
        self.connect(backend).apply(action, stamp)
        assert len(backend.opened(action.marker)) == 1

    @pytest.mark.parametrize("failure", FAILURES)
    def test_opening_that_failed_did_nothing_and_can_be_tried_again(
        self, backend: OpeningBackend, failure: Failure
    ) -> None:
        action = self.correction(backend)
        stamp, sent_at = self.prepare(backend, action), backend.now()
        backend.fail(failure)
        with pytest.raises(AuthError if failure == "auth" else TemporaryError):
            self.connect(backend).apply(action, stamp)
        assert list(backend.opened(action.marker)) == []
        assert isinstance(self.end(backend, action, stamp, sent_at), Landed)
        assert len(backend.opened(action.marker)) == 1

    def test_a_second_ticket_that_lands_late_does_not_stand_for_itself(self, backend: OpeningBackend) -> None:
        action = self.correction(backend)
        stamp, sent_at = self.prepare(backend, action), backend.now()
        backend.delay_write()
        with pytest.raises(TemporaryError):
            self.connect(backend).apply(action, stamp)
        finding = self.end(backend, action, stamp, sent_at)
        assert isinstance(finding, Landed)
        [first] = backend.opened(action.marker)
        backend.land()
        for _ in range(10):  # an index of the source's may need its time to tell of the second one
            backend.settle()
        assert isinstance(self.look(backend, action, stamp, sent_at), Landed)
        assert list(backend.opened(action.marker)) == [first]
        assert "repaired" not in getattr(self.look(backend, action, stamp, sent_at), "receipt", {}), (
            "repaired is repaired"
        )


class RepairingTests(Bench):
    """For adapters whose source has no compare-and-set (`connector.adapter.Repairing`). The backend is a
    `RepairingBackend`: a copy of a write may land when all was long settled."""

    def fails(self, backend: Backend, action: Action, stamp: Stamp, after_writes: int) -> None:
        """Send the write, whose request after so many others fails. Skips the test, for all to see, where the write
        takes fewer requests, so that nothing failed and nothing would be proven."""
        try:
            self.connect(backend).apply(action, stamp)
        except TemporaryError:
            return
        assert after_writes, "the answer to the very first request is lost, and apply() goes on as if it were not"
        pytest.skip(f"the write takes no more than {after_writes} requests")

    def test_the_class_says_when_to_look_again(self, backend: Backend) -> None:
        repairs = getattr(self.connect(backend), "repairs", ())
        assert repairs and list(repairs) == sorted(repairs) and repairs[0] > 0

    @each_kind
    def test_nothing_is_decided_while_a_write_may_be_under_way(
        self, backend: RepairingBackend, kind: ActionKind
    ) -> None:
        self.able(backend, kind)
        ticket = backend.seed(1)[0]
        action = self.action(ticket, kind, backend)
        stamp, sent_at = self.prepare(backend, action), backend.now()
        backend.delay_write()
        with pytest.raises(TemporaryError):
            self.connect(backend).apply(action, stamp)
        with pytest.raises(TemporaryError) as caught:
            self.connect(backend).find(action, stamp, sent_at)
        assert caught.value.retry_after_seconds, "find() is to say how long it wants to wait"
        backend.settle()
        assert isinstance(self.look(backend, action, stamp, sent_at), NotYet)

    @each_kind
    def test_no_write_takes_more_requests_than_are_tried_here(
        self, backend: RepairingBackend, kind: ActionKind
    ) -> None:
        self.able(backend, kind)
        action = self.action(backend.seed(1)[0], kind, backend)
        stamp = self.prepare(backend, action)
        backend.lose_answer(MOST_REQUESTS)
        self.connect(backend).apply(action, stamp)

    @pytest.mark.parametrize("after_writes", range(MOST_REQUESTS))
    @each_kind
    def test_an_answer_lost_at_any_step_ends_in_one_effect(
        self, backend: RepairingBackend, kind: ActionKind, after_writes: int
    ) -> None:
        self.able(backend, kind)
        ticket = backend.seed(1)[0]
        action = self.action(ticket, kind, backend)
        stamp, sent_at = self.prepare(backend, action), backend.now()
        backend.lose_answer(after_writes)
        self.fails(backend, action, stamp, after_writes)
        assert isinstance(self.end(backend, action, stamp, sent_at), Landed)
        assert len(backend.effects(ticket)) == 1
        assert backend.labels(ticket) >= set(action.effect.tags)

    @pytest.mark.parametrize("after_writes", range(MOST_REQUESTS))
    @each_kind
    def test_a_copy_that_lands_after_all_was_settled_is_taken_away(
        self, backend: RepairingBackend, kind: ActionKind, after_writes: int
    ) -> None:
        self.able(backend, kind)
        ticket = backend.seed(1)[0]
        action = self.action(ticket, kind, backend)
        stamp, sent_at = self.prepare(backend, action), backend.now()
        backend.delay_write(after_writes)
        self.fails(backend, action, stamp, after_writes)
        assert isinstance(self.end(backend, action, stamp, sent_at), Landed)
        label = backend.agent_edit(ticket)
        backend.land()
        copies = len(backend.effects(ticket)) - 1
        finding = self.look(backend, action, stamp, sent_at)
        assert isinstance(finding, Landed)
        assert finding.receipt.get("repaired", 0) == copies
        assert len(backend.effects(ticket)) == 1
        assert backend.labels(ticket) >= {label, *action.effect.tags}
        again = self.look(backend, action, stamp, sent_at)
        assert isinstance(again, Landed) and "repaired" not in again.receipt, "what is repaired is not repaired again"

    @pytest.mark.parametrize("after_calls", range(6))
    def test_a_copy_that_lands_while_we_look_makes_no_second_effect(
        self, backend: RepairingBackend, after_calls: int
    ) -> None:
        self.able(backend, ActionKind.ESCALATE)
        ticket = backend.seed(1)[0]
        action = self.action(ticket, ActionKind.ESCALATE, backend)
        stamp, sent_at = self.prepare(backend, action), backend.now()
        backend.delay_write(1)
        self.fails(backend, action, stamp, 1)
        backend.settle()
        backend.land(after_calls)
        assert isinstance(self.end(backend, action, stamp, sent_at), Landed)
        backend.land()
        assert isinstance(self.look(backend, action, stamp, sent_at), Landed)
        assert len(backend.effects(ticket)) == 1
