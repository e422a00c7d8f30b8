"""The outbox as rows: intended writes and how far each has come. Called by `outbox`, `sync` and `amends outbox`.

A row is made once for (source, ticket, rule, episode, kind), which the database itself holds. Its action is frozen:
what was decided is what is sent, whatever rules say later.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache
from typing import Any

import msgspec
from sqlalchemy import Connection, Update, bindparam, delete, func, or_, select, update

from connector.adapter import Receipt, Stamp
from connector.model import Action, ActionKind, Notice
from connector.policy.rules import DIGEST
from connector.store.rows import insert_for, listed
from connector.store.tables import audit, outbox, source
from connector.store.times import micros, micros_or_none, moment, moment_or_none


class State(StrEnum):
    """The life of an intention. Only PENDING, SENDING and IN_DOUBT move by themselves; what was CANCELLED or EXPIRED
    after it had left may be found to have landed late, and is DONE then.

    SHADOW is written down and never sent; HELD waits for a person; SENDING has a stamp on disk and may have left;
    IN_DOUBT may have landed; PARKED could not be decided; DEAD was refused for good; FOLDED is a notice that is told
    together with others.
    """

    SHADOW = "shadow"
    HELD = "held"
    PENDING = "pending"
    SENDING = "sending"
    IN_DOUBT = "in_doubt"
    DONE = "done"
    PARKED = "parked"
    DEAD = "dead"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    FOLDED = "folded"


MOVING = (State.PENDING, State.SENDING, State.IN_DOUBT)
WITHDRAWABLE = (State.SHADOW, State.HELD, State.PENDING)
# What the audit log calls the word of a person by whom a write goes.
APPROVED, SETTLED = "write: approved", "write: settled by a person"
LONGEST_FOLDED = timedelta(days=1)  # so long before its digest a notice was intended, at the very most


class Intention(msgspec.Struct, frozen=True):
    """One row of the outbox. `tries` counts sendings, `rounds` fresh decisions after a conflict."""

    id: int
    source_id: int
    source: str
    action: Action
    state: State
    next_at: datetime
    tries: int
    rounds: int
    stamp: Stamp | None
    sent_at: datetime | None
    receipt: Receipt | None
    why: str | None
    created_at: datetime
    changed_at: datetime


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Action).decode
_ROW = select(outbox, source.c.name.label("source_name")).join_from(outbox, source)


def _intention(row: Any) -> Intention:
    values = row._mapping
    return Intention(
        id=values["id"],
        source_id=values["source_id"],
        source=values["source_name"],
        action=_decode(values["action"]),
        state=State(values["state"]),
        next_at=moment(values["next_at"]),
        tries=values["tries"],
        rounds=values["rounds"],
        stamp=None if values["stamp"] is None else msgspec.json.decode(values["stamp"]),
        sent_at=moment_or_none(values["sent_at"]),
        receipt=None if values["receipt"] is None else msgspec.json.decode(values["receipt"]),
        why=values["why"],
        created_at=moment(values["created_at"]),
        changed_at=moment(values["changed_at"]),
    )


def add(
    connection: Connection, source_id: int, intended: Sequence[tuple[Action, State, str | None]], now: datetime
) -> list[Action]:
    """Write intentions that are not there yet, each with its first state; returns those that were new."""
    fresh = []
    statement = insert_for(connection.dialect.name)(outbox).on_conflict_do_nothing()
    for action, state, why in intended:
        frozen = _encode(action)
        added = connection.execute(
            statement,
            {
                "key": action.key,
                "source_id": source_id,
                "ticket": action.ticket,
                "kind": action.kind,
                "rule": action.rule,
                "episode": action.episode,
                "action": frozen,
                "action_sha256": hashlib.sha256(frozen).hexdigest(),
                "state": state,
                "rank": action.rank,
                "not_before": micros(action.not_before),
                "not_after": micros_or_none(action.not_after),
                "next_at": micros(max(action.not_before, now)),
                "why": why,
                "created_at": micros(now),
                "changed_at": micros(now),
            },
        )
        if added.rowcount == 1:
            fresh.append(action)
    return fresh


def take_back(connection: Connection, intention: Intention) -> bool:
    """Forget an intention of which nothing has left, so that it can be intended anew; False where some may have, or
    somebody moved it since it was read."""
    statement = delete(outbox).where(
        outbox.c.id == intention.id,
        outbox.c.state == intention.state,
        outbox.c.state.in_([state.value for state in (*WITHDRAWABLE, State.FOLDED)]),
        outbox.c.changed_at == micros(intention.changed_at),
        outbox.c.tries == 0,
        outbox.c.sent_at.is_(None),
    )
    return connection.execute(statement).rowcount == 1


def wanted_by_person(connection: Connection, intention: Intention) -> bool:
    """Whether a person said that it shall go, by the audit log."""
    statement = select(audit.c.detail).where(
        audit.c.source == intention.source,
        audit.c.ticket == intention.action.ticket,
        audit.c.what.in_([APPROVED, SETTLED]),
        audit.c.detail.is_not(None),
    )
    said = (msgspec.json.decode(detail) for detail in connection.execute(statement).scalars())
    return any(isinstance(one, dict) and one.get("outbox") == intention.id for one in said)


_READY = (
    _ROW.where(
        outbox.c.source_id == bindparam("of"),
        outbox.c.state.in_([state.value for state in MOVING]),
        outbox.c.next_at <= bindparam("now"),
    )
    .order_by(outbox.c.rank, outbox.c.id)
    .limit(bindparam("most"))
)


def ready(connection: Connection, source_id: int, now: datetime, most: int = 50) -> list[Intention]:
    """What may be sent or settled now, most urgent first."""
    return [_intention(row) for row in connection.execute(_READY, {"of": source_id, "now": micros(now), "most": most})]


_TO_REPAIR = (
    _ROW.where(outbox.c.source_id == bindparam("of"), outbox.c.repair_at <= bindparam("now"))
    .order_by(outbox.c.repair_at)
    .limit(bindparam("most"))
)


def to_repair(connection: Connection, source_id: int, now: datetime, most: int = 50) -> list[Intention]:
    """What was done long enough ago for a second copy to have landed, or was let go and may have landed since, and is
    to be looked at for that."""
    asked = {"of": source_id, "now": micros(now), "most": most}
    return [_intention(row) for row in connection.execute(_TO_REPAIR, asked)]


_AHEAD = (
    select(outbox.c.id)
    .where(
        outbox.c.source_id == bindparam("of"),
        outbox.c.ticket == bindparam("ticket"),
        outbox.c.id != bindparam("itself"),
        (outbox.c.state.in_([State.SENDING.value, State.IN_DOUBT.value]))
        | (
            (outbox.c.state == State.PENDING)
            & (outbox.c.next_at <= bindparam("at"))
            & (outbox.c.rank < bindparam("rank"))
        ),
    )
    .limit(1)
)
_LED_TO = (
    select(func.count())
    .select_from(outbox)
    .where(
        outbox.c.source_id == bindparam("of"),
        outbox.c.ticket == bindparam("ticket"),
        or_(
            outbox.c.sent_at.between(bindparam("since"), bindparam("decided")),
            outbox.c.sent_at > bindparam("now"),  # the clock went back: what left may have been before the decision
        ),
    )
)
_ONE = _ROW.where(outbox.c.id == bindparam("row"))


def ahead(connection: Connection, of: Intention) -> bool:
    """Whether an earlier intention for the same ticket is still on its way: writes to one ticket keep their order."""
    asked = {"of": of.source_id, "ticket": of.action.ticket, "itself": of.id}
    asked |= {"at": micros(of.next_at), "rank": of.action.rank}
    return connection.execute(_AHEAD, asked).first() is not None


def may_have_led_to(connection: Connection, of: Intention, within: timedelta, now: datetime) -> int:
    """How many writes to the same ticket left in the time `within` before `of` was decided: what the loop breaker
    counts. What had been decided before they left answers none of them, however many had to wait and leave together."""
    asked = {"of": of.source_id, "ticket": of.action.ticket, "now": micros(now)}
    asked |= {"since": micros(of.created_at - within), "decided": micros(of.created_at)}
    return int(connection.execute(_LED_TO, asked).scalar_one())


def sent_since(connection: Connection, source_id: int, since: datetime) -> int:
    """How many writes left for a source since `since`."""
    statement = (
        select(func.count())
        .select_from(outbox)
        .where(outbox.c.source_id == source_id, outbox.c.sent_at >= micros(since))
    )
    return int(connection.execute(statement).scalar_one())


def one(connection: Connection, number: int) -> Intention | None:
    row = connection.execute(_ONE, {"row": number}).one_or_none()
    return None if row is None else _intention(row)


def number_of(connection: Connection, key: str) -> int:
    """The row of the intention with this key."""
    return int(connection.execute(select(outbox.c.id).where(outbox.c.key == key)).scalar_one())


_MARKER = re.compile(r"am-([a-z2-7]{20})")


def ticket_of_marker(connection: Connection, source_id: int, marker: str) -> str | None:
    """The ticket of the intention that carries `marker`: the first 100 bits of its key, see `policy.keys`."""
    found = _MARKER.fullmatch(marker)
    if found is None:
        return None
    start = base64.b32decode(found[1].upper() + "====")[:12].hex()
    # By the key alone: asked for the source as well, SQLite walks through all of its rows.
    statement = select(outbox.c.source_id, outbox.c.ticket, outbox.c.action).where(
        outbox.c.key >= start, outbox.c.key < start + "g"
    )
    rows = [row for row in connection.execute(statement) if row.source_id == source_id]
    return next((row.ticket for row in rows if _decode(row.action).marker == marker), None)


def of_tickets(
    connection: Connection, source_id: int, tickets: Iterable[str], states: Iterable[State]
) -> dict[str, list[Intention]]:
    """The intentions of these tickets that are in one of `states`, by ticket."""
    statement = _ROW.where(
        outbox.c.source_id == source_id,
        outbox.c.ticket.in_(bindparam("tickets", expanding=True)),
        outbox.c.state.in_([state.value for state in states]),
    ).order_by(outbox.c.id)
    found: dict[str, list[Intention]] = {}
    for row in connection.execute(statement, {"tickets": listed(tickets)}):
        intention = _intention(row)
        found.setdefault(intention.action.ticket, []).append(intention)
    return found


def opening_for(connection: Connection, origin: str) -> list[Intention]:
    """The intentions, at any source, to open a ticket for the sake of the complaint "<source>/<ticket>", and to tell
    people of it."""
    kinds = (ActionKind.CORRECT.value, ActionKind.NOTIFY.value)
    statement = _ROW.where(outbox.c.ticket == origin, outbox.c.kind.in_(kinds)).order_by(outbox.c.id)
    return [_intention(row) for row in connection.execute(statement)]


_NOTICES_OF = _ROW.where(
    outbox.c.source_id == bindparam("of"), outbox.c.ticket.in_(bindparam("origins", expanding=True))
).order_by(outbox.c.id)


def notices_of(connection: Connection, contacts_id: int, origins: Iterable[str]) -> dict[str, list[Intention]]:
    """What people of ours were told, or are to be, of these complaints ("<source>/<ticket>"), by complaint."""
    found: dict[str, list[Intention]] = {}
    for row in connection.execute(_NOTICES_OF, {"of": contacts_id, "origins": listed(origins)}):
        intention = _intention(row)
        found.setdefault(intention.action.ticket, []).append(intention)
    return found


def folded_into(connection: Connection, contact: str, at: datetime) -> list[Intention]:
    """The notices to a contact that the digest of that instant is made of, oldest first. Where all was only written
    down (shadow), so are they."""
    statement = _ROW.where(
        outbox.c.kind == ActionKind.NOTIFY.value,
        outbox.c.rule != DIGEST,
        outbox.c.state.in_([State.FOLDED.value, State.SHADOW.value]),
        outbox.c.created_at >= micros(at - LONGEST_FOLDED),
    )
    found = [_intention(row) for row in connection.execute(statement.order_by(outbox.c.id))]
    return [one for one in found if _folded(one.action.effect.notice, contact, at)]


def spoken_of(connection: Connection, notice: Action) -> list[str]:
    """The complaints ("<source>/<ticket>") that a notice tells of: its own, or those of a digest."""
    said = notice.effect.notice
    if notice.rule == DIGEST and said is not None and said.digest is not None:
        return [one.action.origin or "" for one in folded_into(connection, said.contact, said.digest)]
    return [notice.origin or ""]


def _folded(notice: Notice | None, contact: str, at: datetime) -> bool:
    return notice is not None and notice.contact == contact and notice.digest == at


def by_keys(connection: Connection, keys: Iterable[str]) -> dict[str, Intention]:
    """Those of the intentions with these keys that are there, by key."""
    rows = connection.execute(_ROW.where(outbox.c.key.in_(sorted(set(keys)))))
    return {one.action.key: one for one in map(_intention, rows)}


def openings_of(connection: Connection, rule: str, episode: str) -> list[Intention]:
    """The tickets that a rule wanted opened for an episode, whatever complaint spoke for all, oldest first."""
    statement = _ROW.where(
        outbox.c.kind == ActionKind.CORRECT.value, outbox.c.rule == rule, outbox.c.episode == episode
    ).order_by(outbox.c.id)
    return [_intention(row) for row in connection.execute(statement)]


def one_by_key(connection: Connection, key: str) -> Intention | None:
    return by_keys(connection, [key]).get(key)


def notices_since(connection: Connection, since: datetime) -> list[Intention]:
    """The notices that were intended at or after `since`, oldest first."""
    statement = _ROW.where(outbox.c.kind == ActionKind.NOTIFY.value, outbox.c.created_at >= micros(since)).order_by(
        outbox.c.id
    )
    return [_intention(row) for row in connection.execute(statement)]


_NEWEST_FIRST = _ROW.order_by(outbox.c.id.desc())


def listing(
    connection: Connection,
    *,
    states: Sequence[State] = (),
    source_name: str | None = None,
    ticket: str | None = None,
    most: int | None = None,
    before: int | None = None,
) -> list[Intention]:
    """Intentions, newest first; with `before`, those that were intended before that one."""
    statement = _NEWEST_FIRST
    if states:
        statement = statement.where(outbox.c.state.in_([state.value for state in states]))
    if source_name is not None:
        statement = statement.where(source.c.name == source_name)
    if ticket is not None:
        statement = statement.where(outbox.c.ticket == ticket)
    if before is not None:
        statement = statement.where(outbox.c.id < before)
    if most is not None:
        statement = statement.limit(most)
    return [_intention(row) for row in connection.execute(statement)]


@cache
def _moving(values: tuple[str, ...], steps: tuple[str, ...]) -> Update:
    """Moves a row that nobody moved meanwhile; `steps` are counted one further."""
    to: dict[str, Any] = {name: bindparam(f"to_{name}") for name in values}
    to |= {name: outbox.c[name] + 1 for name in steps if name not in to}
    unmoved = (outbox.c.state == bindparam("was"), outbox.c.changed_at == bindparam("since"))
    return update(outbox).where(outbox.c.id == bindparam("row"), *unmoved).values(**to)


def move(
    connection: Connection,
    intention: Intention,
    state: State,
    now: datetime,
    *,
    why: str | None = None,
    next_at: datetime | None = None,
    stamp: Stamp | None = None,
    sent_at: datetime | None = None,
    receipt: Receipt | None = None,
    again: bool = False,
    anew: bool = False,
    tried: bool = False,
    repair_at: datetime | None = None,
) -> bool:
    """Move a row to `state` if nobody moved it since it was read; returns whether it was moved.

    A stamp, sending time or receipt once written stays unless a new one is given; `again` starts a new round,
    `anew` the first one (a person says so). `repair_at` is when the source is asked once more, None for not any more.
    """
    values: dict[str, object] = {
        "state": state,
        "changed_at": micros(now),
        "why": why,
        "repair_at": micros_or_none(repair_at),
    }
    if next_at is not None:
        values["next_at"] = micros(next_at)
    if stamp is not None:
        values["stamp"] = msgspec.json.encode(stamp).decode()
    if sent_at is not None:
        values["sent_at"] = micros(sent_at)
    if receipt is not None:
        values["receipt"] = msgspec.json.encode(receipt).decode()
    if anew:
        values["rounds"] = 0
    steps = (*(("rounds",) if again else ()), *(("tries",) if tried else ()))
    asked = {f"to_{name}": value for name, value in values.items()}
    asked |= {"row": intention.id, "was": intention.state, "since": micros(intention.changed_at)}
    changed = connection.execute(_moving(tuple(values), steps), asked)
    return changed.rowcount == 1


_LOOKED = (
    update(outbox)
    .where(
        outbox.c.id == bindparam("row"), outbox.c.state == bindparam("was"), outbox.c.changed_at == bindparam("since")
    )
    .values(repair_at=bindparam("next"))
)


def looked(connection: Connection, intention: Intention, next_at: datetime | None) -> None:
    """A look at what had become of it moved nothing: the next one is at `next_at`, None for not any more."""
    asked = {"row": intention.id, "was": intention.state, "since": micros(intention.changed_at)}
    connection.execute(_LOOKED, asked | {"next": micros_or_none(next_at)})


def counts(connection: Connection) -> dict[tuple[str, str], int]:
    """How many intentions stand in each (source, state)."""
    statement = (
        select(source.c.name, outbox.c.state, func.count())
        .join_from(outbox, source)
        .group_by(source.c.name, outbox.c.state)
    )
    return {(row[0], row[1]): row[2] for row in connection.execute(statement)}


def oldest_waiting(connection: Connection, now: datetime) -> timedelta | None:
    """How long the oldest write that should have gone out has been waiting; those to a source that is paused should
    not."""
    stopped = select(source.c.id).where(source.c.paused_at.is_not(None))
    statement = select(func.min(outbox.c.next_at)).where(
        outbox.c.state.in_([state.value for state in MOVING]),
        outbox.c.next_at <= micros(now),
        outbox.c.source_id.not_in(stopped),
    )
    found = connection.execute(statement).scalar_one()
    return None if found is None else now - moment(found)
