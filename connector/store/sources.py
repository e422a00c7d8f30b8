"""Sources, their streams and cursors, the pause switch and the audit log, as rows.

Called by `sync`, `outbox` and the commands.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from secrets import token_hex
from typing import Any

import msgspec
from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from connector.adapter import Cursor, Identity
from connector.helpdesk import CallsLeft
from connector.model import JSON
from connector.store.audit_chain import START, proven, sealed
from connector.store.rows import insert_for
from connector.store.tables import audit, instance, source, stream, unlisted, unplaced
from connector.store.times import micros, micros_or_none, moment, moment_or_none


class SourceRow(msgspec.Struct, frozen=True):
    """A source as the store knows it. `act_from` is the instant before which nothing is acted upon."""

    id: int
    name: str
    adapter: str
    account: str | None
    actor: str | None
    act_from: datetime | None
    rules_digest: str | None
    replayed_to: int | None
    replayed_by: str | None
    replays_closed: bool | None
    parked_until: datetime | None
    parked_why: str | None
    last_error: str | None
    last_error_at: datetime | None
    last_pull_at: datetime | None
    last_push_at: datetime | None
    counted_at: datetime | None
    paused_at: datetime | None
    paused_why: str | None
    calls_left: tuple[CallsLeft, ...]


class StreamRow(msgspec.Struct, frozen=True):
    """How far a stream was read. `complete_at` is when it last had nothing more for us; `records` counts for ever."""

    name: str
    cursor: Cursor
    complete_at: datetime | None
    advanced_at: datetime | None
    records: int


class AuditLine(msgspec.Struct, frozen=True):
    """Who did what, when; to which ticket."""

    at: datetime
    who: str
    what: str
    source: str | None
    ticket: str | None
    detail: JSON


def _source(row: Any) -> SourceRow:
    values = row._mapping
    times = ("act_from", "parked_until", "last_error_at", "last_pull_at", "last_push_at", "counted_at", "paused_at")
    told: dict[str, Any] = {str(name): values[name] for name in values}
    told["calls_left"] = _decode_calls(told["calls_left"]) if told["calls_left"] else ()
    told.update({name: moment_or_none(told[name]) for name in times})
    return SourceRow(**told)


_decode_calls = msgspec.json.Decoder(tuple[CallsLeft, ...]).decode


def enlist(connection: Connection, name: str, adapter: str) -> SourceRow:
    """The row of the source called `name`, made if there is none."""
    found = by_name(connection, name)
    if found is None:
        connection.execute(insert(source).values(name=name, adapter=adapter))
        found = by_name(connection, name)
    assert found is not None
    return found


# What every poll asks and says is put together once: that takes longer than the database's part.
_BY_NAME = select(source).where(source.c.name == bindparam("called"))
_STREAM = select(stream).where(stream.c.source_id == bindparam("of"), stream.c.name == bindparam("called"))
_FURTHER: dict[str, Any] = {
    "cursor": bindparam("to"),
    "advanced_at": bindparam("at"),
    "records": stream.c.records + bindparam("more"),
}
_OF_STREAM = (stream.c.source_id == bindparam("of"), stream.c.name == bindparam("called"))
_ADVANCE = update(stream).where(*_OF_STREAM).values(**_FURTHER)
_ADVANCE_TO_END = update(stream).where(*_OF_STREAM).values(**_FURTHER, complete_at=bindparam("at"))
_PULLED = (
    update(source)
    .where(source.c.id == bindparam("of"))
    .values(last_pull_at=bindparam("at"), parked_until=None, parked_why=None, last_error=None, last_error_at=None)
)

_PUSHED = update(source).where(source.c.id == bindparam("of")).values(last_push_at=bindparam("at"))
_ALLOWED = update(source).where(source.c.id == bindparam("of")).values(calls_left=bindparam("told"))
_EVERYONE = select(source).order_by(source.c.name)
_STREAMS = select(stream).where(stream.c.source_id == bindparam("of")).order_by(stream.c.name)


def by_name(connection: Connection, name: str) -> SourceRow | None:
    row = connection.execute(_BY_NAME, {"called": name}).one_or_none()
    return None if row is None else _source(row)


def everyone(connection: Connection) -> list[SourceRow]:
    """All sources the store has ever known, by name."""
    return [_source(row) for row in connection.execute(_EVERYONE)]


def introduce(connection: Connection, source_id: int, identity: Identity, act_from: datetime) -> None:
    """Remember who we are at a source and from when on we act there; the latter is set once."""
    connection.execute(
        update(source)
        .where(source.c.id == source_id)
        .values(
            account=identity.account,
            actor=identity.actor,
            act_from=func.coalesce(source.c.act_from, micros(act_from)),
        )
    )


def rules_in_force(connection: Connection, source_id: int, digest: str) -> None:
    """All complaints of the source now stand as the rules called `digest` say."""
    connection.execute(
        update(source)
        .where(source.c.id == source_id)
        .values(rules_digest=digest, replayed_to=None, replayed_by=None, replays_closed=None)
    )


def replayed(connection: Connection, source_id: int, last_id: int, digest: str, *, closed_too: bool) -> None:
    """A replay by the rules called `digest` came as far as this complaint; one that is killed goes on from there, and
    as it was begun: with the clocks of closed complaints, or without."""
    connection.execute(
        update(source)
        .where(source.c.id == source_id)
        .values(replayed_to=last_id, replayed_by=digest, replays_closed=closed_too)
    )


def mixed(connection: Connection, source_id: int, digest: str) -> None:
    """A complaint was written by the rules called `digest` while others are in force, as a replay by them would have
    done: no later replay may think that all stand as the rules in force say."""
    begun = func.coalesce(source.c.replayed_by, source.c.rules_digest)
    connection.execute(
        update(source)
        .where(source.c.id == source_id, begun != digest)
        .values(replayed_to=0, replayed_by=digest, replays_closed=None)
    )


def pulled(connection: Connection, source_id: int, now: datetime) -> None:
    """A pull went through: whatever was wrong is over."""
    connection.execute(_PULLED, {"of": source_id, "at": micros(now)})


def counted(connection: Connection, source_id: int, now: datetime) -> None:
    """A census of the source went through."""
    connection.execute(update(source).where(source.c.id == source_id).values(counted_at=micros(now)))


def unlisted_tickets(connection: Connection, source_id: int) -> set[str]:
    """The tickets that the source has and does not list."""
    rows = connection.execute(select(unlisted.c.ticket).where(unlisted.c.source_id == source_id))
    return {row[0] for row in rows}


def not_listed(connection: Connection, source_id: int, tickets: Iterable[str]) -> None:
    """Remember tickets that a strong read showed although the source did not list them."""
    rows = [{"source_id": source_id, "ticket": ticket} for ticket in tickets]
    if rows:
        connection.execute(insert_for(connection.dialect.name)(unlisted).on_conflict_do_nothing(), rows)


def listed_again(connection: Connection, source_id: int, tickets: Iterable[str]) -> None:
    """Forget what was remembered of these: they are listed."""
    for ticket in tickets:
        connection.execute(delete(unlisted).where(unlisted.c.source_id == source_id, unlisted.c.ticket == ticket))


def pushed(connection: Connection, source_id: int, now: datetime) -> None:
    connection.execute(_PUSHED, {"of": source_id, "at": micros(now)})


def allowed(connection: Connection, source_id: int, left: Sequence[CallsLeft]) -> None:
    """Keep how many calls the source still allows; where nothing is known, what was known before stays."""
    if left:
        told = msgspec.json.encode(left).decode()
        connection.execute(_ALLOWED, {"of": source_id, "told": told})


def well(connection: Connection, source_id: int) -> None:
    """What was wrong with it is over."""
    gone = {"parked_until": None, "parked_why": None, "last_error": None, "last_error_at": None}
    connection.execute(update(source).where(source.c.id == source_id).values(**gone))


def failed(connection: Connection, source_id: int, now: datetime, why: str, parked_until: datetime | None) -> None:
    """A step failed. With `parked_until`, nothing is tried before that time."""
    connection.execute(
        update(source)
        .where(source.c.id == source_id)
        .values(
            last_error=why,
            last_error_at=micros(now),
            parked_until=micros_or_none(parked_until),
            parked_why=why if parked_until else None,
        )
    )


def stream_row(connection: Connection, source_id: int, name: str) -> StreamRow | None:
    row = connection.execute(_STREAM, {"of": source_id, "called": name}).one_or_none()
    return None if row is None else _stream(row)


def streams(connection: Connection, source_id: int) -> list[StreamRow]:
    return [_stream(row) for row in connection.execute(_STREAMS, {"of": source_id})]


def _stream(row: Any) -> StreamRow:
    values = row._mapping
    return StreamRow(
        name=values["name"],
        cursor=msgspec.json.decode(values["cursor"]),
        complete_at=moment_or_none(values["complete_at"]),
        advanced_at=moment_or_none(values["advanced_at"]),
        records=values["records"],
    )


def advance(
    connection: Connection, source_id: int, name: str, cursor: Cursor, *, now: datetime, records: int, complete: bool
) -> None:
    """Move a stream's cursor. Called in the transaction that holds the rows it covers, and nowhere else."""
    at, told = micros(now), msgspec.json.encode(cursor).decode()
    changed = connection.execute(
        _ADVANCE_TO_END if complete else _ADVANCE,
        {"of": source_id, "called": name, "to": told, "at": at, "more": records},
    )
    if changed.rowcount == 0:
        first = {"cursor": told, "advanced_at": at, "complete_at": at if complete else None, "records": records}
        connection.execute(insert(stream).values(source_id=source_id, name=name, **first))


def newly_unplaced(
    connection: Connection, source_id: int, seen: Iterable[tuple[str, str, str]], now: datetime
) -> list[tuple[str, str, str]]:
    """Those of `seen`, (complaint field, the source's value, ticket), for which the mapping lacks a line for the first
    time."""
    statement = insert_for(connection.dialect.name)(unplaced).on_conflict_do_nothing()
    fresh = []
    for field, value, ticket in seen:
        row = {"source_id": source_id, "field": field, "value": value, "ticket": ticket, "at": micros(now)}
        if connection.execute(statement, row).rowcount == 1:
            fresh.append((field, value, ticket))
    return fresh


# -- the switch that stops all writes -----------------------------------------------------------------------------


_SALT = select(instance.c.salt)
_ALL_PAUSED = select(instance.c.paused_at, instance.c.paused_why)
_PAUSED = select(source.c.paused_at, source.c.paused_why).where(source.c.id == bindparam("of"))


def salt(connection: Connection) -> str:
    """What makes this store's markers its own."""
    return str(connection.execute(_SALT).scalar_one())


def paused(connection: Connection, source_id: int | None = None) -> tuple[datetime, str] | None:
    """Since when and why all writes are stopped, or None; with a source, also those to it alone."""
    row = connection.execute(_ALL_PAUSED).one()
    if row.paused_at is None and source_id is not None:
        row = connection.execute(_PAUSED, {"of": source_id}).one()
    return None if row.paused_at is None else (moment(row.paused_at), row.paused_why or "")


def pause(connection: Connection, now: datetime, why: str, source_id: int | None = None) -> None:
    """Stop all writes, or those to one source."""
    _switch(connection, source_id, {"paused_at": micros(now), "paused_why": why})


def resume(connection: Connection, source_id: int | None = None) -> None:
    """Lift the pause of all writes, or that of one source; neither lifts the other."""
    _switch(connection, source_id, {"paused_at": None, "paused_why": None})


def _switch(connection: Connection, source_id: int | None, values: dict[str, Any]) -> None:
    where = update(instance) if source_id is None else update(source).where(source.c.id == source_id)
    connection.execute(where.values(values))


def known_policy(connection: Connection) -> str | None:
    """Which policy decided last, by its digest."""
    found = connection.execute(select(instance.c.policy_digest)).scalar_one()
    return None if found is None else str(found)


def policy_in_force(connection: Connection, digest: str) -> bool:
    """Note which policy decides from now on; whether another one decided before."""
    before = known_policy(connection)
    if before != digest:
        connection.execute(update(instance).values(policy_digest=digest))
    return before not in (None, digest)


_RESTORED = select(instance.c.restored_at)


def restored_at(connection: Connection) -> datetime | None:
    """When this store was last put back from a backup: what it does not know of may have happened before."""
    return moment_or_none(connection.execute(_RESTORED).scalar_one())


# -- the audit log ------------------------------------------------------------------------------------------------


_AUDIT_HEAD = select(instance.c.audit_head)
_AUDIT_HEAD_TO = update(instance).values(audit_head=bindparam("head"))
_AUDIT_LINE = insert(audit)


def log(
    connection: Connection,
    now: datetime,
    who: str,
    what: str,
    *,
    source: str | None = None,
    ticket: str | None = None,
    detail: JSON = None,
) -> None:
    """Add a line to the audit log, in the transaction of the thing it tells of. It proves the line before it."""
    text = None if detail is None else msgspec.json.encode(detail).decode()
    nonce = token_hex(16)
    seal = sealed(text, nonce)
    head = connection.execute(_AUDIT_HEAD).scalar_one() or f"0:{START}"
    proof = proven(head.partition(":")[2], micros(now), who, what, source, ticket, seal)
    added = connection.execute(
        _AUDIT_LINE,
        {
            "at": micros(now),
            "who": who,
            "what": what,
            "source": source,
            "ticket": ticket,
            "detail": text,
            "nonce": nonce,
            "seal": seal,
            "proof": proof,
        },
    )
    assert added.inserted_primary_key is not None
    connection.execute(_AUDIT_HEAD_TO, {"head": f"{added.inserted_primary_key[0]}:{proof}"})


def erase_detail(connection: Connection, lines: Sequence[int]) -> None:
    """Take what these lines of the audit log tell of a person; that they were written, and when, stays proven."""
    connection.execute(update(audit).where(audit.c.id.in_(lines)).values(detail=None, nonce=None))


def audit_lines(
    connection: Connection, *, source: str | None = None, ticket: str | None = None, most: int = 100
) -> list[AuditLine]:
    """The newest lines first."""
    statement = select(audit).order_by(audit.c.id.desc()).limit(most)
    if source is not None:
        statement = statement.where(audit.c.source == source)
    if ticket is not None:
        statement = statement.where(audit.c.ticket == ticket)
    return [
        AuditLine(
            at=moment(row.at),
            who=row.who,
            what=row.what,
            source=row.source,
            ticket=row.ticket,
            detail=None if row.detail is None else msgspec.json.decode(row.detail),
        )
        for row in connection.execute(statement)
    ]
