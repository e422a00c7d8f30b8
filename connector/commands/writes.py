"""`amends outbox …`: looking at intended writes, and a person's decisions about them, each noted with who decided."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

import msgspec

from connector.commands.place import Place, prove_source
from connector.display import count, moment, table, wrapped
from connector.errors import AmendsError, SettingsError
from connector.model import Effect
from connector.store import Transaction, intentions, sources
from connector.store.intentions import Intention, State


class Write(msgspec.Struct, frozen=True):
    """A row of the outbox: `why` it was intended, `reason` for its state; the helpdesk knows it by its `marker`."""

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
    place: Place, *, states: Sequence[State], source: str | None, ticket: str | None, most: int | None
) -> list[Write]:
    """Newest first."""
    with place.store() as store, store.read() as connection:
        prove_source(connection, source)
        found = intentions.listing(connection, states=states, source_name=source, ticket=ticket, most=most)
    return [_write(one) for one in found]


def states_named(names: Sequence[str]) -> list[State]:
    """The states called so. Raises SettingsError for a word that is none."""
    for name in names:
        if name not in list(State):
            raise SettingsError(f"there is no state {name!r}.", remedy=f"There are: {', '.join(State)}.")
    return [State(name) for name in names]


def show(place: Place, number: int) -> Write:
    with place.store() as store, store.read() as connection:
        return _write(_one(connection, number))


def _one(connection: Transaction, number: int) -> Intention:
    found = intentions.one(connection, number)
    if found is None:
        raise AmendsError(f"there is no write #{number}.", remedy="`amends outbox list` shows what there is.")
    return found


def _write(one: Intention) -> Write:
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
    return _decide(place, numbers, states if everything else None, choice, "write: approved", dry_run)


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

    return _decide(place, numbers, None, choice, "write: settled by a person", dry_run)


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
            f"{one.source}/{one.ticket}",
            moment(one.created_at),
            one.reason or one.why,
        )
        for one in rows
    ]
    return table(head, cells, columns)


def write_lines(one: Write, columns: int) -> list[str]:
    effect = one.effect
    facts = (
        ("write", f"#{one.id} {one.kind} to {one.source}/{one.ticket}"),
        ("state", one.state.replace("_", " ")),
        ("reason", one.reason),
        ("rule", f"{one.rule} ({one.episode})"),
        ("because", one.why),
        ("note", effect.note),
        ("tags", ", ".join(effect.tags)),
        *((f"sets {name}", str(value)) for name, value in effect.fields.items()),
        ("intended", moment(one.created_at)),
        ("sent", f"{moment(one.sent_at)} ({count(one.tries, 'time')})" if one.sent_at else "never"),
        ("next step", moment(one.next_at)),
        ("marker", one.marker),
        ("receipt", str(one.receipt) if one.receipt else None),
    )
    lines = []
    for name, value in facts:
        if value:
            first, *rest = wrapped(value, columns - 16) or [""]
            lines += [f"{name:<14}  {first}", *(f"{'':16}{line}" for line in rest)]
    return lines


def decided_lines(told: Decided, columns: int) -> list[str]:
    if not told.moved:
        return ["There is nothing to decide."]
    would = "would be" if told.dry_run else "is now"
    lines = []
    for one in told.moved:
        what = f"left alone: {one.why_not}" if one.why_not else f"{would} {one.after.replace('_', ' ')}"
        lines += wrapped(f"#{one.id} {one.source}/{one.ticket}: {what}", columns)
    return lines
