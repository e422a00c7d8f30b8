"""What left by mail, as rows: the witness of what may have been sent, what caps count, and to whom nothing goes any
more. Called by `desks`, which hands it to adapters as their ledger, and by `sync`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import Connection, delete, func, insert, select, update

from connector.adapter import Sending
from connector.store.rows import insert_for
from connector.store.tables import sending, sending_count, stop
from connector.store.times import micros, moment


def one(connection: Connection, source_id: int, name: str) -> Sending | None:
    """The message called `name`, None where it was never begun or each try ended unsent."""
    row = connection.execute(
        select(sending).where(sending.c.source_id == source_id, sending.c.name == name)
    ).one_or_none()
    return None if row is None or row.tries == 0 else Sending(moment(row.begun_at), row.tries, row.sent)


def begin(connection: Connection, source_id: int, name: str, keys: Sequence[str], at: datetime) -> None:
    """One more try, counted under `keys`."""
    new = insert_for(connection.dialect.name)(sending).values(
        source_id=source_id, name=name, begun_at=micros(at), tries=1, sent=False
    )
    connection.execute(
        new.on_conflict_do_update(
            index_elements=["source_id", "name"],
            set_={"begun_at": new.excluded.begun_at, "tries": sending.c.tries + 1, "sent": False},
        )
    )
    rows = [{"source_id": source_id, "key": key, "begun_at": micros(at), "name": name} for key in dict.fromkeys(keys)]
    if rows:
        connection.execute(insert(sending_count), rows)


def end(connection: Connection, source_id: int, name: str, *, sent: bool) -> None:
    """How the last try ended; one that was refused for sure is forgotten and counts no more."""
    mine = (sending.c.source_id == source_id, sending.c.name == name)
    if sent:
        connection.execute(update(sending).where(*mine).values(sent=True))
        return
    begun_at = connection.execute(select(sending.c.begun_at).where(*mine)).scalar_one_or_none()
    connection.execute(update(sending).where(*mine, sending.c.tries > 0).values(tries=sending.c.tries - 1))
    connection.execute(
        delete(sending_count).where(
            sending_count.c.source_id == source_id,
            sending_count.c.name == name,
            sending_count.c.begun_at == begun_at,
        )
    )


def count(connection: Connection, source_id: int, key: str, since: datetime) -> int:
    """The tries under `key` that were begun at or after `since`."""
    statement = (
        select(func.count())
        .select_from(sending_count)
        .where(
            sending_count.c.source_id == source_id,
            sending_count.c.key == key,
            sending_count.c.begun_at >= micros(since),
        )
    )
    return int(connection.execute(statement).scalar_one())


def stops(connection: Connection, source_id: int, named: Iterable[tuple[str, str]], now: datetime) -> None:
    """Remember (key, why) of people to whom nothing may be sent any more; the first reason stays."""
    rows = [{"source_id": source_id, "key": key, "why": why, "at": micros(now)} for key, why in named]
    if rows:
        connection.execute(insert_for(connection.dialect.name)(stop).on_conflict_do_nothing(), rows)


def stopped(connection: Connection, source_id: int, key: str) -> str | None:
    """Why nothing may be sent to this person any more, None where it may."""
    found = connection.execute(select(stop.c.why).where(stop.c.source_id == source_id, stop.c.key == key))
    why = found.scalar_one_or_none()
    return None if why is None else str(why)
