"""Carrying intentions out: each has exactly one visible effect at its source, whatever dies or lies on the way.

Called by `sync.push`. The order of steps is the guarantee: what pins the write (its stamp) and the time of sending
are on disk before the first byte leaves; after that only a strong read by marker ends doubt. Every send, also a
repeated one, writes its time first. No answer but a success is taken as proof: even a refusal may be the echo of a
copy that landed (a proxy repeated it), so it is looked for before anything else is decided.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TypeVar

import msgspec
from msgspec.structs import replace

from connector.adapter import Finding, Landed, Never, Receipt, Stamp, Unknown
from connector.errors import (
    AmendsError,
    AuthError,
    ConflictError,
    DeclinedError,
    ExposedError,
    FencedError,
    GoneError,
    RejectedError,
    StoreError,
    TemporaryError,
)
from connector.helpdesk import Helpdesk
from connector.model import JSON, Action, ActionKind
from connector.policy.survey import LINK, filled, hidden, with_link
from connector.retry import delay_seconds
from connector.store import Store, Transaction, assessments, intentions, links, names, sources, surveys
from connector.store.intentions import MOVING, Intention, State

T = TypeVar("T")
log = logging.getLogger("amends")
# One ticket, ours: a customer's trigger that answers each of our writes must not keep us writing for ever, whether it
# answers at once or is seen with each poll. So many writes in so long before another was decided are a loop.
LOOPS = ((5, timedelta(minutes=10)), (20, timedelta(hours=1)))
# A ticket that changes between every read and write is left to a person.
ROUNDS = 8
# Helpdesks do not carry a request out this long after it was sent; until then what is not wanted any more stays in
# doubt. What lands later all the same is noticed by the looks that follow (`Sender.look_again`).
LATEST_LANDING = timedelta(minutes=15)
# So long a look for second copies is tried again where the source cannot be asked.
LONGEST_REPAIR = timedelta(days=3)
# The last look at what was let go is made again after so long where it told nothing, for as many days once more.
LAST_LOOK_AGAIN = timedelta(hours=1)
# In a stamp: what the source's refusal makes of the write, once it is certain that no copy of it landed.
REFUSED = "refused"
# Of a source that is written to in steps: why a write that was withdrawn after its first one is not all said.
BROKEN_OFF = "it was broken off, so part of it may be on the ticket: `amends outbox undo {}` takes that off"
_REFUSED = {True: State.DEAD, False: State.CANCELLED}
_LET_GO = (State.CANCELLED, State.EXPIRED)


class Verdict(msgspec.Struct, frozen=True):
    """Whether an intention still holds: why not, or until when it has to wait."""

    why_not: str | None = None
    wait_until: datetime | None = None


Recheck = Callable[[Transaction, Intention, datetime], Verdict]


class Outcome(msgspec.Struct, frozen=True):
    """What became of one step: the row's new state, and whether the source should be left alone for a while; `asked`
    where it said so itself, else the trouble may be this ticket's alone."""

    state: State
    why: str | None = None
    rest_seconds: float | None = None
    asked: bool = False
    auth: AuthError | None = None


def with_earlier(stamp: Stamp, earlier: Stamp | None) -> Stamp:
    """`stamp` of a write that is sent anew, with what an undo has to know of a first try that was refused half way:
    what that one left on the ticket stands there already, and is ours all the same. Pure."""
    was: dict[str, JSON] = (earlier or {}).get("undo") or {}
    now: dict[str, JSON] = stamp.get("undo") or {}
    if not was.get("steps") or stamp is earlier:
        return stamp
    new: dict[str, list[JSON]] = now.get("fields") or {}
    old: dict[str, list[JSON]] = was.get("fields") or {}
    fields = new | {name: [new.get(name, pair)[0], pair[1]] for name, pair in old.items()}
    tags = dict.fromkeys([*(was.get("tags") or ()), *(now.get("tags") or ())])
    return {**stamp, "undo": {**was, **now, "tags": [*tags], "fields": fields}}


class Sender:
    """Sends the intentions of one helpdesk. `recheck` says from the store's newest state whether an intention still
    holds; it is asked before the ticket is read, and once more in the transaction that lets the write go."""

    def __init__(self, desk: Helpdesk, store: Store, now: Callable[[], datetime], recheck: Recheck) -> None:
        self.desk = desk
        self.store = store
        self.now = now
        self.recheck = recheck

    def carry_out(self, intention: Intention) -> Outcome:
        """Take one step with `intention`. Raises FencedError and StoreError; everything else is an Outcome."""
        if intention.state in (State.SENDING, State.IN_DOUBT):
            return self._settle(intention)
        return self._begin(intention)

    # -- a fresh write -----------------------------------------------------------------------------------------

    def _begin(self, intention: Intention) -> Outcome:
        refusal = self._refusal(intention)
        if refusal is not None:
            return refusal
        try:
            stamp = self._asking(intention, lambda action, link: hidden(self.desk.adapter.prepare(action), link))
        except AmendsError as error:
            return self._unprepared(intention, error)
        return self._sent_before_restore(intention, stamp) or self._commit_and_send(intention, stamp)

    def _sent_before_restore(self, intention: Intention, stamp: Stamp) -> Outcome | None:
        """A store put back from a backup does not know what it sent since: what may have left is looked up first."""
        due = intention.action.not_before
        with self.store.read() as connection:
            restored_at = sources.restored_at(connection)
        if restored_at is None or due > restored_at:
            return None
        try:
            finding = self._look(intention, stamp, due)
        except ExposedError as error:
            return self._stop_all(intention, error)
        except AmendsError as error:
            return self._later(intention, intention.state, error)
        if isinstance(finding, Landed):
            return self._done(intention, finding.receipt)
        return self._move(intention, State.PARKED, why=finding.why) if isinstance(finding, Unknown) else None

    def _refusal(self, intention: Intention) -> Outcome | None:
        now = self.now()
        with self.store.read() as connection:
            notice = intention.action.kind is ActionKind.NOTIFY  # two people are told of one complaint apart
            if not notice and intentions.ahead(connection, intention):
                return Outcome(intention.state, "an earlier write to this ticket comes first")
            verdict = self.recheck(connection, intention, now)
        if verdict.why_not is not None:
            return self._withdraw(intention, verdict.why_not)
        if verdict.wait_until is not None:
            return self._move(intention, State.PENDING, why="waits for its time", next_at=verdict.wait_until)
        loop = self._loop(intention, now)
        if loop is not None:
            return self._move(intention, State.PARKED, why=loop)
        if intention.rounds >= ROUNDS:
            return self._move(intention, State.PARKED, why=f"the ticket changed under us {ROUNDS} times in a row")
        return None

    def _loop(self, intention: Intention, now: datetime) -> str | None:
        """Why it looks like the next turn of a loop, or None. A notice is no write to the ticket, and what a person
        wants or takes back answers no trigger."""
        if intention.action.kind in (ActionKind.NOTIFY, ActionKind.UNDO):
            return None
        with self.store.read() as connection:
            for most, within in LOOPS:
                number = intentions.may_have_led_to(connection, intention, within, now)
                if number >= most and not intentions.wanted_by_person(connection, intention):
                    before = f"in the {within // timedelta(minutes=1)} minutes before this was decided"
                    return f"loop breaker: {number} writes to this ticket {before}"
        return None

    def _withdraw(self, intention: Intention, why: str) -> Outcome:
        late = intention.action.not_after is not None and self.now() > intention.action.not_after
        if intention.sent_at is not None and ((intention.stamp or {}).get("undo") or {}).get("steps"):
            why = f"{why}; {BROKEN_OFF.format(intention.id)}"
        state = State.EXPIRED if late else State.CANCELLED
        return self._move(intention, state, why=why, repair_at=self._next_look(intention, state))

    def _asking(self, intention: Intention, ask: Callable[[Action, str | None], T]) -> T:
        """Ask the adapter something about the action as its source sees it. A link to a survey is a key, and no key
        lies in the store: it is filled in here, hidden again by whoever asks, and hidden in what is said of a failure.
        """
        link = self._survey_link(intention)
        action = intention.action
        if action.kind is ActionKind.SURVEY:
            action = with_link(action, link)
        elif link is not None:
            restore = {name: (filled(ours, link), before) for name, (ours, before) in action.effect.restore.items()}
            action = replace(action, effect=replace(action.effect, restore=restore))
        try:
            return ask(action, link)
        except AmendsError as error:
            error.message = hidden(error.message, link)
            error.remedy = hidden(error.remedy, link)
            raise

    def _survey_link(self, intention: Intention) -> str | None:
        """The link that belongs into the action: its own, or that of the survey which it takes back."""
        action = intention.action
        if action.kind is ActionKind.UNDO and any(LINK in str(ours) for ours, _ in action.effect.restore.values()):
            with self.store.read() as connection:
                undone = intentions.one(connection, int(action.episode.lstrip("#")))
            action = undone.action if undone is not None else action
        if action.kind is not ActionKind.SURVEY or self.desk.survey_link is None:
            return None
        return self.desk.survey_link(action)

    def _look(self, intention: Intention, stamp: Stamp, sent_at: datetime) -> Finding:
        def ask(action: Action, link: str | None) -> Finding:
            finding = self.desk.adapter.find(action, filled(stamp, link), sent_at)
            return Landed(hidden(finding.receipt, link)) if isinstance(finding, Landed) else finding

        return self._asking(intention, ask)

    def _unprepared(self, intention: Intention, error: AmendsError) -> Outcome:
        if isinstance(error, RejectedError) and not isinstance(error, DeclinedError):
            return self._move(intention, State.DEAD, why=str(error))
        if isinstance(error, GoneError | DeclinedError):
            return self._move(intention, State.CANCELLED, why=str(error))
        fresh_decision = isinstance(error, ConflictError) and error.retry_after_seconds is None
        return self._later(intention, intention.state, error, again=fresh_decision)

    def _commit_and_send(self, intention: Intention, stamp: Stamp) -> Outcome:
        sending = self._mark_sending(intention, stamp)
        if isinstance(sending, Outcome):
            return sending
        return self._send(sending, stamp)

    def _mark_sending(self, intention: Intention, stamp: Stamp) -> Intention | Outcome:
        now = self.now()
        with self.store.write("outbox: sending") as connection:
            if sources.paused(connection, self.desk.id):
                return Outcome(intention.state, "its writes are paused")
            # In this very transaction: nobody can opt out, reopen or be asked elsewhere between the look and the word.
            verdict = self.recheck(connection, intention, now)
            if verdict.why_not is None or intention.state is not State.PENDING:
                return self._marked(connection, intention, stamp, now)
        return self._withdraw(intention, verdict.why_not)

    def _marked(
        self, connection: Transaction, intention: Intention, stamp: Stamp, now: datetime
    ) -> Intention | Outcome:
        stamp = with_earlier(stamp, intention.stamp)
        moved = intentions.move(connection, intention, State.SENDING, now, stamp=stamp, sent_at=now, tried=True)
        if not moved:
            return Outcome(intention.state, "somebody else moved it")
        if intention.action.kind is ActionKind.SURVEY:
            surveys.asked(connection, intention.source_id, intention.action, now)
        self._log(connection, "write: sending", intention, now)
        found = intentions.one(connection, intention.id)
        assert found is not None
        return found

    def _send(self, sending: Intention, stamp: Stamp) -> Outcome:
        self.store.seam("outbox: before apply")
        try:
            receipt = self._asking(
                sending, lambda action, link: hidden(self.desk.adapter.apply(action, filled(stamp, link)), link)
            )
        except (FencedError, StoreError):
            raise
        except AmendsError as error:
            return self._refused(sending, error)
        self.store.seam("outbox: applied")
        return self._done(sending, receipt)

    def _refused(self, sending: Intention, error: AmendsError) -> Outcome:
        if isinstance(error, ExposedError):
            return self._stop_all(sending, error)
        if not isinstance(error, (RejectedError, GoneError)):
            return self._later(sending, State.IN_DOUBT, error)
        try:
            finding = self._find(sending)
        except ExposedError as exposed:
            return self._stop_all(sending, exposed)
        except AmendsError as doubt:
            # It has to settle first; what was said here counts then, or it would be sent and refused for ever.
            state = _REFUSED[isinstance(error, RejectedError)]
            return self._later(sending, State.IN_DOUBT, doubt, refused=(state, str(error)))
        if isinstance(finding, Landed):
            return self._done(sending, finding.receipt)
        if isinstance(finding, Unknown):
            return self._move(sending, State.PARKED, why=f"{error} {finding.why}")
        return self._move(sending, _REFUSED[isinstance(error, RejectedError)], why=str(error))

    def _stop_all(self, sending: Intention, error: ExposedError) -> Outcome:
        now = self.now()
        with self.store.write("outbox: exposed") as connection:
            sources.pause(connection, now, str(error))
            sources.log(connection, now, "amends", "pause", source=self.desk.name, detail={"why": str(error)})
        return self._move(sending, State.DEAD, why=str(error))

    # -- a write that may have landed --------------------------------------------------------------------------

    def _settle(self, intention: Intention) -> Outcome:
        try:
            finding = self._find(intention)
        except (FencedError, StoreError):
            raise
        except ExposedError as error:
            return self._stop_all(intention, error)
        except AmendsError as error:
            return self._later(intention, State.IN_DOUBT, error)
        if isinstance(finding, Landed):
            return self._done(intention, finding.receipt)
        refused = (intention.stamp or {}).get(REFUSED)
        if refused is not None and not isinstance(finding, Unknown):
            return self._move(intention, State(refused[0]), why=refused[1])
        if isinstance(finding, Never):
            return self._move(
                intention, State.PENDING, why="it did not land and cannot any more", next_at=self.now(), again=True
            )
        if isinstance(finding, Unknown):
            return self._move(intention, State.PARKED, why=finding.why)
        return self._send_again(intention)

    def _find(self, intention: Intention) -> Finding:
        if intention.stamp is None or intention.sent_at is None:
            return Unknown("it was marked as sent but carries no stamp")
        return self._look(intention, intention.stamp, intention.sent_at)

    def _send_again(self, intention: Intention) -> Outcome:
        now = self.now()
        with self.store.read() as connection:
            why_not = self.recheck(connection, intention, now).why_not
        if why_not is not None:
            return self._let_go(intention, why_not, now)
        assert intention.stamp is not None
        return self._commit_and_send(intention, intention.stamp)

    def _let_go(self, intention: Intention, why: str, now: datetime) -> Outcome:
        assert intention.sent_at is not None
        if now - intention.sent_at < LATEST_LANDING:
            next_at = intention.sent_at + LATEST_LANDING
            return self._move(intention, State.IN_DOUBT, why=f"{why}; waiting whether it still lands", next_at=next_at)
        return self._withdraw(intention, why)

    # -- what landed after all ----------------------------------------------------------------------------------

    def look_again(self, intention: Intention) -> Outcome:
        """Ask the source once more what became of a write that is done or was let go. Of what is done, a second copy
        may have landed since where the source has no compare-and-set, and `find` takes it away. What was let go may
        have landed later than anything should, and is done then."""
        try:
            finding = self._find(intention)
        except (FencedError, StoreError):
            raise
        except ExposedError as error:
            return self._stop_all(intention, error)
        except GoneError:
            return self._looked(intention, None)
        except AmendsError as error:
            return self._look_later(intention, str(error), error)
        if intention.state in _LET_GO:
            if isinstance(finding, Landed):
                return self._landed_late(intention, finding)
            if isinstance(finding, Unknown):
                return self._look_later(intention, finding.why)
        else:
            self._tell_repair(intention, finding.receipt if isinstance(finding, Landed) else {})
        return self._looked(intention, self._next_look(intention, intention.state))

    def _landed_late(self, intention: Intention, finding: Landed) -> Outcome:
        why = f"it landed after it had been let go ({intention.why})"
        outcome = self._done(intention, finding.receipt, why)
        self._tell_repair(intention, finding.receipt)
        place, number = f"{intention.source}/{intention.action.ticket}", intention.id
        log.warning("%s: write #%d landed late: %s. `amends outbox show %d` tells more.", place, number, why, number)
        return outcome

    def _looked(self, intention: Intention, next_at: datetime | None, given_up: str | None = None) -> Outcome:
        with self.store.write("outbox: looked") as connection:
            intentions.looked(connection, intention, next_at)
            if given_up is not None:
                self._log(connection, "write: not looked for again", intention, self.now(), given_up)
        return Outcome(intention.state)

    def _tell_repair(self, intention: Intention, receipt: Receipt) -> None:
        taken, left = receipt.get("repaired"), receipt.get("copies")
        if not (taken or left):
            return
        what = "write: second copy could not be taken away" if left else "write: second copy taken away"
        with self.store.write("outbox: repaired") as connection:
            told = {"taken": taken or 0, "left": left or 0}
            self._log(connection, what, intention, self.now(), receipt.get("why"), told)
        if left:
            action = intention.action
            log.error("%s/%s carries a second copy of our note: %s", action.source, action.ticket, receipt.get("why"))

    def _look_later(self, intention: Intention, why: str, error: AmendsError | None = None) -> Outcome:
        """What may pass is asked again soon, for some days; anything else only at its next time, but for the last look
        at what was let go. It concerns one ticket: if the credentials are at fault, reading will say so."""
        let_go = intention.state in _LET_GO
        young = self.now() - (intention.sent_at or self.now()) <= LONGEST_REPAIR * (2 if let_go else 1)
        wish = error.retry_after_seconds if isinstance(error, TemporaryError) else None
        rest = delay_seconds(ROUNDS, wish) if isinstance(error, TemporaryError) and young else None
        at = self._next_look(intention, intention.state)
        if rest is not None:
            at = self.now() + timedelta(seconds=rest)
        elif at is None and let_go and young:
            at = self.now() + LAST_LOOK_AGAIN
        self._looked(intention, at, why if at is None else None)
        return Outcome(intention.state, why, rest, rest is not None and wish is not None)

    def _next_look(self, intention: Intention, state: State) -> datetime | None:
        """The next of the adapter's times to look at a write in that state that is still to come. An undo that was let
        go is not looked at: that its work is done proves nothing, an agent may have done it."""
        undo = intention.action.kind is ActionKind.UNDO
        if intention.sent_at is None or (undo and state is not State.DONE):
            return None
        after = getattr(self.desk.adapter, "repairs" if state is State.DONE else "late_looks", ())
        times = (intention.sent_at + timedelta(seconds=one) for one in after)
        return min((at for at in times if at > self.now()), default=None)

    # -- writing down what happened ----------------------------------------------------------------------------

    def _done(self, intention: Intention, receipt: Receipt, why: str | None = None) -> Outcome:
        repair_at = self._next_look(intention, State.DONE)
        return self._move(intention, State.DONE, why=why, receipt=receipt, repair_at=repair_at)

    def _later(
        self,
        intention: Intention,
        state: State,
        error: AmendsError,
        *,
        again: bool = False,
        refused: tuple[State, str] | None = None,
    ) -> Outcome:
        wished: float | None = None
        if isinstance(error, ConflictError):
            # It concerns this one ticket; the others go on.
            wait, rest = error.retry_after_seconds or 0.0, None
        else:
            wished = error.retry_after_seconds if isinstance(error, TemporaryError) else None
            wait = rest = delay_seconds(intention.tries, wished)
        next_at = self.now() + timedelta(seconds=wait)
        stamp = {**(intention.stamp or {}), REFUSED: list(refused)} if refused else None
        self._move(intention, state, why=str(error), next_at=next_at, again=again, stamp=stamp)
        return Outcome(state, str(error), rest, wished is not None, error if isinstance(error, AuthError) else None)

    def _move(
        self,
        intention: Intention,
        state: State,
        *,
        why: str | None = None,
        next_at: datetime | None = None,
        receipt: Receipt | None = None,
        again: bool = False,
        repair_at: datetime | None = None,
        stamp: Stamp | None = None,
    ) -> Outcome:
        now = self.now()
        with self.store.write(f"outbox: {state}") as connection:
            moved = intentions.move(
                connection,
                intention,
                state,
                now,
                why=why,
                next_at=next_at,
                receipt=receipt,
                again=again,
                repair_at=repair_at,
                stamp=stamp,
            )
            if moved and state is State.DONE and receipt and intention.action.kind is ActionKind.CORRECT:
                self._link(connection, intention, receipt, now)
            if moved and intention.action.kind is ActionKind.NOTIFY and state not in MOVING:
                for about in intentions.spoken_of(connection, intention.action):
                    assessments.wake(connection, about, now)
            if moved and state is State.DONE and intention.action.kind is ActionKind.SURVEY:
                surveys.delivered(connection, intention.source_id, intention.action, now)
            if moved and receipt and isinstance(receipt.get("names"), list):
                kept = [(str(name), intention.action.ticket) for name in receipt["names"]]
                names.keep(connection, intention.source_id, kept)
            if moved and state is not intention.state:
                self._log(connection, f"write: {state.replace('_', ' ')}", intention, now, why, receipt)
        return Outcome(state, why)

    def _link(self, connection: Transaction, intention: Intention, receipt: Receipt, now: datetime) -> None:
        if not links.opened(connection, intention.source_id, intention.action, receipt, now):
            why = "the complaint was erased since, or the source does not say which ticket it opened"
            self._log(connection, "correction: opened and not linked", intention, now, why, receipt)

    def _log(
        self,
        connection: Transaction,
        what: str,
        intention: Intention,
        now: datetime,
        why: str | None = None,
        receipt: Receipt | None = None,
    ) -> None:
        action = intention.action
        detail = {"outbox": intention.id, "kind": action.kind, "rule": action.rule, "episode": action.episode}
        if why:
            detail["why"] = why
        if receipt:
            detail["receipt"] = receipt
        sources.log(connection, now, "amends", what, source=self.desk.name, ticket=action.ticket, detail=detail)
