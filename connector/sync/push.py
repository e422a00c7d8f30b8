"""Push: carry out what the outbox holds for one helpdesk, in its order and within its limits.

Called by `schedule` and `amends sync`. How one write has exactly one effect is told in `connector.outbox`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import msgspec

from connector.assessment.clocks import closed_before
from connector.assessment.deciding import hands_of, wait_until, why_not
from connector.assessment.rules import Rules
from connector.assessment.understood import understood_again
from connector.errors import AuthError
from connector.helpdesk import Helpdesk
from connector.model import ActionKind
from connector.outbox import Outcome, Recheck, Sender, Verdict
from connector.policy.rules import DIGEST
from connector.store import (
    Store,
    Transaction,
    acks,
    complaints,
    corrections,
    intentions,
    links,
    sources,
    surveys,
    trends,
)
from connector.store.intentions import Intention, State
from connector.sync.changing import with_changed_clocks

BATCH = 50  # one where people are told: what cannot wait goes before whatever waits for a dead channel
# So many tickets in trouble one after another are the source's trouble; fewer may be their own.
TROUBLED = 3
PARKED_FOR = timedelta(minutes=15)
# While the source of a complaint is not at work (its settings are wrong, it cannot be reached), nobody can say whether
# what was to be opened for it elsewhere is still wanted.
UNKNOWN_HOME = timedelta(minutes=5)


class Pushed(msgspec.Struct, frozen=True):
    """What one push did, by final state. `rest_seconds`: how long the source should be left alone."""

    done: int = 0
    failed: int = 0
    withdrawn: int = 0
    rest_seconds: float | None = None
    paused: bool = False


Tell = Callable[[Helpdesk, Intention, Outcome], None]


def _nobody(_desk: Helpdesk, _intention: Intention, _outcome: Outcome) -> None:
    """Nobody wants to be told."""


def push(
    desk: Helpdesk,
    store: Store,
    rules: Rules,
    *,
    now: Callable[[], datetime],
    others: Sequence[Helpdesk] = (),
    stopping: Callable[[], bool] = lambda: False,
    tell: Tell = _nobody,
) -> Pushed:
    """Send and settle what is due, until nothing is, the source asks for rest, or its writes are paused.

    `others` are the sources whose complaints may have something opened here. Raises AuthError after parking the
    source, FencedError, StoreError.
    """
    sender = Sender(desk, store, now, rechecking((desk, *others), rules))
    result = _pushed(desk, store, sender, now, stopping, tell)
    if result.rest_seconds is None and not result.paused:
        result = _looked_again(desk, store, sender, now, stopping, result)
    went_through = result.rest_seconds is None and not result.paused
    with store.read() as connection:
        row = sources.by_name(connection, desk.name)
    # What is read as well is well again once it could be read.
    well = went_through and not desk.streams and row is not None and row.last_error is not None
    if result.done or well:
        with store.write("push: went through") as connection:
            if result.done:
                sources.pushed(connection, desk.id, now())
                sources.allowed(connection, desk.id, desk.calls_left())
            if well:
                sources.well(connection, desk.id)
    return result


def _pushed(
    desk: Helpdesk,
    store: Store,
    sender: Sender,
    now: Callable[[], datetime],
    stopping: Callable[[], bool],
    tell: Tell,
) -> Pushed:
    result = Pushed()
    tried: set[tuple[int, State, int, int]] = set()
    troubled = 0
    rest: float | None = None
    while not stopping():
        with store.read() as connection:
            if sources.paused(connection, desk.id):
                return msgspec.structs.replace(result, paused=True)
            ready = intentions.ready(connection, desk.id, now(), (BATCH if desk.streams else 1) + len(tried))
        # A row that did not move (another write to its ticket comes first) is not taken up twice in one push.
        fresh = [one for one in ready if _step_of(one) not in tried]
        if not fresh:
            break
        for intention in fresh:
            tried.add(_step_of(intention))
            outcome = sender.carry_out(intention)
            tell(desk, intention, outcome)
            result = _counted(result, outcome)
            if outcome.auth is not None:
                raise _parked(desk, store, now(), outcome.auth)
            troubled = troubled + 1 if outcome.rest_seconds is not None else 0
            rest = outcome.rest_seconds if outcome.rest_seconds is not None else rest
            if outcome.asked or troubled == TROUBLED or stopping():
                return msgspec.structs.replace(result, rest_seconds=outcome.rest_seconds)
    return msgspec.structs.replace(result, rest_seconds=rest if troubled else None)


def _looked_again(
    desk: Helpdesk,
    store: Store,
    sender: Sender,
    now: Callable[[], datetime],
    stopping: Callable[[], bool],
    result: Pushed,
) -> Pushed:
    """Look for second copies of what was done a while ago, and for what landed after it had been let go."""
    with store.read() as connection:
        due = intentions.to_repair(connection, desk.id, now())
    troubled = 0
    for intention in due:
        with store.read() as connection:
            paused = sources.paused(connection, desk.id) is not None
        if stopping() or paused:
            break
        outcome = sender.look_again(intention)
        troubled = troubled + 1 if outcome.rest_seconds is not None else 0
        if outcome.asked or troubled == TROUBLED:
            return msgspec.structs.replace(result, rest_seconds=outcome.rest_seconds)
    return result


def _step_of(one: Intention) -> tuple[int, State, int, int]:
    return one.id, one.state, one.tries, one.rounds


def _counted(result: Pushed, outcome: Outcome) -> Pushed:
    if outcome.state is State.DONE:
        return msgspec.structs.replace(result, done=result.done + 1)
    if outcome.state in (State.DEAD, State.PARKED):
        return msgspec.structs.replace(result, failed=result.failed + 1)
    if outcome.state in (State.CANCELLED, State.EXPIRED):
        return msgspec.structs.replace(result, withdrawn=result.withdrawn + 1)
    return result


def _parked(desk: Helpdesk, store: Store, now: datetime, error: AuthError) -> AuthError:
    with store.write("push: parked") as connection:
        sources.failed(connection, desk.id, now, str(error), now + PARKED_FOR)
    return error


def rechecking(desks: Sequence[Helpdesk], rules: Rules) -> Recheck:
    """Whether an intention still holds, from its complaint as the store has it now; `desks[0]` is the one that writes,
    another one may be where the complaint lies."""
    by_name = {desk.name: desk for desk in reversed(desks)}

    def recheck(connection: Transaction, intention: Intention, now: datetime) -> Verdict:
        action = intention.action
        if action.rule == DIGEST:
            return Verdict()  # it speaks of many complaints
        source, _, ticket = (action.origin or f"{desks[0].name}/{action.ticket}").partition("/")
        home = by_name.get(source)
        if home is None:
            return Verdict(wait_until=now + UNKNOWN_HOME)
        stored = complaints.of_tickets(connection, home.id, [ticket]).get(ticket)
        if stored is None:
            return Verdict(why_not="the complaint was erased")
        linked = links.of_complaints(connection, [stored.id]).get(stored.id, [])
        said = surveys.of_complaints(connection, [stored.id]).get(stored.id, [])
        doc, kept = stored.doc, stored.assessed.kept
        this = understood_again(doc.complaint, doc.entries, doc.tags, home.words, doc.promises, stored.rulings, kept)
        if with_changed_clocks(connection, [(home.id, home.rules_digest)]):
            this = closed_before(this, stored.assessed.clocks)
        words = acks.of_complaints(connection, [stored.id]).get(stored.id, [])
        untold = corrections.untold(connection, [stored.id]).get(stored.id, [])
        alive = trends.alive(connection) if rules.trends is not None else []
        hands = hands_of(this, rules, home.mapping, words)
        why = why_not(action, this, rules, now, linked, hands, said, alive, untold)
        if why is None and action.kind is ActionKind.SURVEY and intention.state is State.PENDING:
            assert rules.policy.survey is not None, "a survey that nobody wants was withdrawn"
            why = surveys.objection(connection, stored, action.episode, now, days=rules.policy.survey.every_days)
        return Verdict(why, None if why else wait_until(action, this, rules, now))

    return recheck
