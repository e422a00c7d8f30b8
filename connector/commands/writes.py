"""`amends outbox …`: looking at intended writes, and a person's decisions about them, each noted with who decided."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

import msgspec

from connector.commands.cases import ticket_called
from connector.commands.place import Place, prove_source
from connector.display import clean, count, moment, plain, table, verbatim, wrapped
from connector.errors import AmendsError, SettingsError
from connector.model import ActionKind, Effect
from connector.store import Transaction, assessments, intentions, sources
from connector.store.intentions import MOVING, Intention, State

WIDEST_NAME = 24
_ELSEWHERE = (ActionKind.CORRECT, ActionKind.NOTIFY)
WAITS = "waits for its time"  # what the outbox says of a write that its policy holds back


class Write(msgspec.Struct, frozen=True):
    """A row of the outbox: `why` it was intended, `reason` for its state; the helpdesk knows it by its `marker`.
    `waits` says why it is not sent now although it may be, `advice` what a person can do about a dead one; `left`
    is what an undo did not take back, and why."""

    id: int
    source: str
    ticket: str
    kind: str
    rule: str
    episode: str
    state: str
    why: str
    reason: str | None
    effect: Effect
    key: str
    marker: str
    tries: int
    created_at: datetime
    changed_at: datetime
    next_at: datetime
    not_after: datetime | None
    sent_at: datetime | None
    stamp: dict[str, object] | None
    receipt: dict[str, object] | None
    waits: str | None = None
    advice: str | None = None
    left: dict[str, str] = {}


class Moved(msgspec.Struct, frozen=True):
    """What a decision did to one row: its state before and after, or why it was left alone."""

    id: int
    source: str
    ticket: str
    before: str
    after: str
    why_not: str | None = None


class Decided(msgspec.Struct, frozen=True):
    dry_run: bool
    moved: tuple[Moved, ...]

    @property
    def exit_code(self) -> int:
        return 1 if any(one.why_not for one in self.moved) else 0


def listing(
    place: Place,
    *,
    states: Sequence[State],
    source: str | None,
    ticket: str | None,
    most: int | None,
    before: int | None = None,
) -> list[Write]:
    """Newest first; with `before`, those that were intended before that one."""
    with place.store() as store, store.read() as connection:
        prove_source(connection, source)
        known = ticket_called(connection, ticket, source) if ticket else None
        found = intentions.listing(
            connection, states=states, source_name=source, ticket=known, most=most, before=before
        )
    return [_write(one, place.now()) for one in found]


def states_named(names: Sequence[str]) -> list[State]:
    """The states called so. Raises SettingsError for a word that is none."""
    for name in names:
        if name not in list(State):
            raise SettingsError(f"there is no state {name!r}.", remedy=f"There are: {', '.join(State)}.")
    return [State(name) for name in names]


def show(place: Place, number: int) -> Write:
    with place.store() as store, store.read() as connection:
        return _write(_one(connection, number), place.now())


def _one(connection: Transaction, number: int) -> Intention:
    found = intentions.one(connection, number)
    if found is None:
        raise AmendsError(f"there is no write #{number}.", remedy="`amends outbox list` shows what there is.")
    return found


def _write(one: Intention, now: datetime) -> Write:
    action = one.action
    return Write(
        id=one.id,
        source=one.source,
        ticket=action.ticket,
        kind=action.kind.value,
        rule=action.rule,
        episode=action.episode,
        state=one.state.value,
        why=action.why,
        reason=one.why,
        effect=action.effect,
        key=action.key,
        marker=action.marker,
        tries=one.tries,
        created_at=one.created_at,
        changed_at=one.changed_at,
        next_at=one.next_at,
        not_after=action.not_after,
        sent_at=one.sent_at,
        stamp=one.stamp,
        receipt=one.receipt,
        waits=_waits(one, now),
        advice=_advice(one) if one.state is State.DEAD else None,
        left=(one.receipt or {}).get("left") or (one.stamp or {}).get("left") or {},
    )


def _waits(one: Intention, now: datetime) -> str | None:
    """Why a write that is on its way does not leave now."""
    action = one.action
    if one.state not in MOVING or one.next_at <= now:
        return None
    if one.state is State.PENDING and action.not_before > now:
        survey = ": some time after the resolution, by day" if action.kind is ActionKind.SURVEY else ""
        return f"the policy does not want it sooner{survey}"
    if one.why and one.why != WAITS:
        return one.why
    if action.kind is ActionKind.SURVEY:
        return "it is night where the customer is"
    if action.kind in (ActionKind.CORRECT, ActionKind.NOTIFY):
        return "the source of its complaint is not at work"
    return "it is looked at again then"


def _advice(one: Intention) -> str:
    """What helps a dead write. It was frozen when it was decided: a corrected policy does not change it."""
    again = (
        f"`amends outbox retry {one.id}` sends exactly this once more, and helps only once the helpdesk would take it"
    )
    if one.action.kind is not ActionKind.CORRECT:
        return f"{again}. What the policy or the mapping had wrong stays wrong in it: `amends outbox drop {one.id}`."
    return (
        f"{again}: a right was given, a field is on its screen by now. Where the policy is wrong, it is "
        f"`amends outbox drop {one.id}`; then correct {one.action.rule!r} under `corrections:` and give it a new id, "
        "so that it is decided anew. A new id opens a ticket for every complaint that it fits: where the old one has "
        "opened some, keep the old one, and open this ticket by hand."
    )


# -- decisions -------------------------------------------------------------------------------------------------------

Choice = Callable[[Intention], State | str]  # the state to move to, or why not


def approve(place: Place, numbers: Sequence[int], *, everything: bool, even_shadow: bool, dry_run: bool) -> Decided:
    """Let held writes go (and, asked for by name, such as were only written down in shadow mode)."""

    def choice(one: Intention) -> State | str:
        if one.state is State.HELD or (one.state is State.SHADOW and even_shadow):
            return State.PENDING
        if one.state is State.SHADOW:
            return "it was decided in shadow mode; --even-shadow sends it all the same"
        return f"it is {_words(one.state)}, not held"

    states = (State.HELD, State.SHADOW) if even_shadow else (State.HELD,)
    return _decide(place, numbers, states if everything else None, choice, intentions.APPROVED, dry_run)


def retry(place: Place, numbers: Sequence[int], *, is_there: bool, send_again: bool, dry_run: bool) -> Decided:
    """Try dead writes again; settle parked ones as the person says who has looked at the ticket."""

    def choice(one: Intention) -> State | str:
        if one.state is State.DEAD:
            return State.PENDING
        if one.state is not State.PARKED:
            return f"it is {_words(one.state)}, neither dead nor parked"
        if is_there:
            return State.DONE
        return State.PENDING if send_again else "look at the ticket first, then say --it-is-there or --send-again"

    return _decide(place, numbers, None, choice, intentions.SETTLED, dry_run)


def drop(place: Place, numbers: Sequence[int], *, dry_run: bool) -> Decided:
    """Cancel writes that have not left."""

    def choice(one: Intention) -> State | str:
        if one.state in (State.SHADOW, State.HELD, State.PENDING, State.PARKED, State.DEAD):
            return State.CANCELLED
        if one.state in (State.SENDING, State.IN_DOUBT):
            return "it may have left already; it is settled first"
        return f"it is {_words(one.state)}"

    return _decide(place, numbers, None, choice, "write: dropped", dry_run)


def _words(state: State) -> str:
    return state.value.replace("_", " ")


def _decide(
    place: Place, numbers: Sequence[int], states: Sequence[State] | None, choice: Choice, what: str, dry_run: bool
) -> Decided:
    with place.store() as store:
        with store.read() as connection:
            rows = [_one(connection, number) for number in numbers]
            if states is not None:
                rows += intentions.listing(connection, states=states)[::-1]
        if dry_run:
            return Decided(True, tuple(_moved(one, choice(one)) for one in rows))
        with store.write("outbox: decided") as connection:
            return Decided(False, tuple(_act(connection, place, one, choice, what) for one in rows))


def _act(connection: Transaction, place: Place, one: Intention, choice: Choice, what: str) -> Moved:
    chosen, now = choice(one), place.now()
    if not isinstance(chosen, State):
        return _moved(one, chosen)
    why = f"{_words(one.state)} before; decided by {place.who}"
    if not intentions.move(connection, one, chosen, now, why=why, next_at=now, anew=chosen is State.PENDING):
        return _moved(one, "it moved in the meantime; look again")
    if one.action.kind is ActionKind.NOTIFY:
        for about in intentions.spoken_of(connection, one.action):
            assessments.wake(connection, about, now)
    detail = {"outbox": one.id, "kind": one.action.kind, "before": one.state, "after": chosen}
    sources.log(connection, now, place.who, what, source=one.source, ticket=one.action.ticket, detail=detail)
    return _moved(one, chosen)


def _moved(one: Intention, chosen: State | str) -> Moved:
    after, why_not = (chosen.value, None) if isinstance(chosen, State) else (one.state.value, chosen)
    return Moved(one.id, one.source, one.action.ticket, one.state.value, after, why_not)


# -- telling it ------------------------------------------------------------------------------------------------------


def listing_lines(rows: list[Write], columns: int) -> list[str]:
    if not rows:
        return ["No write is like that."]
    head = ("#", "STATE", "KIND", "RULE", "TICKET", "INTENDED", "WHY")
    cells = [
        (
            str(one.id),
            one.state.replace("_", " "),
            one.kind,
            one.rule,
            one.ticket if one.kind in _ELSEWHERE else f"{one.source}/{one.ticket}",
            moment(one.created_at),
            one.reason or one.why,
        )
        for one in rows
    ]
    return table(head, cells, columns)


def write_lines(one: Write, columns: int) -> list[str]:
    """All of one write; what it would put on the ticket word for word, with its line breaks."""
    facts = [(name, value) for name, value in (*_standing(one), *_effect(one.effect), *_course(one)) if value]
    longest = min(WIDEST_NAME, max(len(name) for name, _ in facts))
    lines = []
    for name, value in facts:
        first, *rest = verbatim(value, columns - longest - 2) or [""]
        lines += [f"{clean(name):<{longest}}  {first}", *(f"{'':{longest + 2}}{line}".rstrip() for line in rest)]
    return lines


def _standing(one: Write) -> Iterator[tuple[str, str | None]]:
    what = {
        ActionKind.CORRECT.value: f"opens a ticket at {one.source} for {one.ticket}",
        ActionKind.NOTIFY.value: f"tells people of {one.ticket}",
    }.get(one.kind, f"to {one.source}/{one.ticket}")
    yield "write", f"#{one.id} {one.kind} {what}"
    yield "state", one.state.replace("_", " ")
    yield "reason", clean(one.reason)
    yield "to do", one.advice
    yield "rule", f"{one.rule} ({one.episode})"
    yield "because", clean(one.why)


def _effect(effect: Effect) -> Iterator[tuple[str, str | None]]:
    yield "note", effect.note
    if effect.notice is not None:
        yield "tells", f"{effect.notice.contact}{', at any hour' if effect.notice.urgent else ''}"
        yield "title", effect.notice.title
        yield "text", effect.notice.text
    for language, message in effect.messages.items():
        yield f"subject ({language})", message.subject
        yield f"text ({language})", message.text
    yield "contact", effect.contact
    yield "takes off", ", ".join(effect.untag)
    if effect.unsay is not None:
        yield "deletes", f"our note, if nobody has edited it:\n{effect.unsay.text}"
    yield from ((f"sets back {name}", plain(before)) for name, (_, before) in effect.restore.items())
    yield "tags", ", ".join(effect.tags)
    yield from ((f"with {name}", plain(value)) for name, value in effect.create.items())
    yield from ((f"sets {name}", plain(value)) for name, value in effect.fields.items())
    yield from ((f"fills {name}", f"{plain(value)} (if it is empty)") for name, value in effect.fill.items())


def _course(one: Write) -> Iterator[tuple[str, str | None]]:
    yield "intended", moment(one.created_at)
    yield "sent", f"{moment(one.sent_at)} ({count(one.tries, 'time')})" if one.sent_at else "never"
    if one.state in MOVING:
        yield "next step", f"{moment(one.next_at)}{f': {clean(one.waits)}' if one.waits else ''}"
    yield "marker", one.marker
    receipt = [(name, value) for name, value in (one.receipt or {}).items() if name != "left"]
    yield "receipt", ", ".join(f"{name} {plain(value)}" for name, value in receipt)
    yield from ((f"left {name}", clean(str(why))) for name, why in one.left.items())


def decided_lines(told: Decided, columns: int) -> list[str]:
    if not told.moved:
        return ["There is nothing to decide."]
    would = "would be" if told.dry_run else "is now"
    lines = []
    for one in told.moved:
        what = f"left alone: {one.why_not}" if one.why_not else f"{would} {one.after.replace('_', ' ')}"
        if one.before == State.DEAD and one.after == State.PENDING:
            what += ", with what was decided then: a policy that was corrected since does not change it"
        lines += wrapped(f"#{one.id} {one.source}/{one.ticket}: {what}", columns)
    return lines
