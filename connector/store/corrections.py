"""What is done about a cause, whom it concerns and who was told, as rows. Called by `sync` and the commands.

A correction is opened by a rule of policy.yaml (then a ticket of another source is where the work is done) or by a
person. Whom it concerns is a row each from the beginning; when the work is done, each of them has to be told.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Any

import msgspec
from sqlalchemy import Connection, bindparam, func, select, update

from connector.policy.correction import Untold
from connector.store.people import PERSON
from connector.store.rows import add_unknown, listed
from connector.store.tables import complainant, complaint, correction, link, source, telling
from connector.store.times import micros, micros_or_none, moment, moment_or_none
from connector.trends.effect import Effect
from connector.trends.life import day_number, day_of


class Told(StrEnum):
    """How far telling a customer has come: the cause is not gone yet; a letter waits for approval; it is approved, and
    to be sent by hand; they know; it was decided that they need not be told."""

    AFFECTED = "affected"
    WAITING = "waiting"
    APPROVED = "approved"
    TOLD = "told"
    WAIVED = "waived"


OPEN = (Told.WAITING, Told.APPROVED)


class Correction(msgspec.Struct, frozen=True):
    """A corrective action. `at` and `ticket` name the ticket at which the work is done, `key` and `url` as people call
    it; None where there is none. `changed` is what was changed, in the words for customers, by language."""

    number: int
    title: str
    opened_at: datetime
    trend: int | None = None
    rule: str | None = None
    owner: str | None = None
    due_on: date | None = None
    at: str | None = None
    ticket: str | None = None
    key: str | None = None
    url: str | None = None
    resolved_at: datetime | None = None
    done_at: datetime | None = None
    changed: dict[str, str] = {}
    check_on: date | None = None
    effect: Effect | None = None
    closed_at: datetime | None = None


class Concerned(msgspec.Struct, frozen=True):
    """A complaint that a correction concerns, and how far telling its customer has come."""

    correction: int
    complaint: int
    source_id: int
    source: str
    ticket: str
    person: int
    opened_at: datetime
    state: Told
    language: str | None = None
    words: str | None = None
    who: str | None = None
    why: str | None = None

    @property
    def case(self) -> str:
        return f"{self.source}/{self.ticket}"


class Opened(msgspec.Struct, frozen=True):
    """A corrective ticket of which no correction is kept yet, and the complaint for whose sake it was opened."""

    complaint: int
    case: str
    source_id: int
    ticket: str
    rule: str
    episode: str
    opened_at: datetime


_TICKET = (
    select(link.c.source_id, link.c.ticket, func.max(link.c.key).label("key"), func.max(link.c.url).label("url"))
    .add_columns(func.max(link.c.resolved_at).label("resolved_at"))
    .group_by(link.c.source_id, link.c.ticket)
    .subquery()
)
_ROWS = (
    select(correction, source.c.name.label("at"), _TICKET.c.key, _TICKET.c.url, _TICKET.c.resolved_at)
    .join_from(correction, source, source.c.id == correction.c.source_id, isouter=True)
    .join(
        _TICKET,
        (_TICKET.c.source_id == correction.c.source_id) & (_TICKET.c.ticket == correction.c.ticket),
        isouter=True,
    )
    .order_by(correction.c.id)
)


def _correction(row: Any) -> Correction:
    return Correction(
        number=row.id,
        title=row.title,
        opened_at=moment(row.opened_at),
        trend=row.trend_id,
        rule=row.rule,
        owner=row.owner,
        due_on=_day(row.due_on),
        at=row.at,
        ticket=row.ticket,
        key=row.key,
        url=row.url,
        resolved_at=moment_or_none(row.resolved_at),
        done_at=moment_or_none(row.done_at),
        changed=msgspec.json.decode(row.changed, type=dict[str, str]) if row.changed else {},
        check_on=_day(row.check_on),
        effect=msgspec.json.decode(row.effect, type=Effect) if row.effect else None,
        closed_at=moment_or_none(row.closed_at),
    )


def _day(number: int | None) -> date | None:
    return None if number is None else day_of(number)


_GOING_ON = _ROWS.where(correction.c.closed_at.is_(None))


def going_on(connection: Connection) -> list[Correction]:
    """The corrections that are not closed, the oldest first."""
    return [_correction(row) for row in connection.execute(_GOING_ON)]


def listing(connection: Connection, *, closed: bool = False, most: int | None = None) -> list[Correction]:
    """Corrections, the newest first; with `closed` also those that are."""
    statement = _ROWS.order_by(None).order_by(correction.c.id.desc())
    if not closed:
        statement = statement.where(correction.c.closed_at.is_(None))
    return [_correction(row) for row in connection.execute(statement.limit(most) if most is not None else statement)]


def one(connection: Connection, number: int) -> Correction | None:
    row = connection.execute(_ROWS.where(correction.c.id == number)).one_or_none()
    return None if row is None else _correction(row)


def add(
    connection: Connection,
    title: str,
    now: datetime,
    *,
    trend: int | None = None,
    rule: str | None = None,
    owner: str | None = None,
    due_on: date | None = None,
) -> int:
    """Open a correction; returns its number."""
    values = {
        "title": title,
        "opened_at": micros(now),
        "trend_id": trend,
        "rule": rule,
        "owner": owner,
        "due_on": None if due_on is None else day_number(due_on),
    }
    made = connection.execute(correction.insert().values(**values)).inserted_primary_key
    assert made is not None, "a row that was added has an id"
    return int(made[0])


def change(
    connection: Connection,
    number: int,
    *,
    ticket: tuple[int, str] | None = None,
    changed: Mapping[str, str] | None = None,
    effect: Effect | None = None,
    closed_at: datetime | None = None,
) -> None:
    """Note more about a correction: the ticket (source row, id) where the work is done, and what came of it."""
    values: dict[str, Any] = {}
    if ticket is not None:
        values |= {"source_id": ticket[0], "ticket": ticket[1]}
    if changed is not None:
        values["changed"] = msgspec.json.encode(dict(changed)).decode()
    if effect is not None:
        values["effect"] = msgspec.json.encode(effect).decode()
    if closed_at is not None:
        values["closed_at"] = micros(closed_at)
    connection.execute(update(correction).where(correction.c.id == number).values(**values))


def done(connection: Connection, number: int, at: datetime | None, check_on: date | None) -> None:
    """Note that the cause is gone since `at`, or with None that it is not after all."""
    values = {"done_at": micros_or_none(at), "check_on": None if check_on is None else day_number(check_on)}
    connection.execute(update(correction).where(correction.c.id == number).values(**values))


_NEWLY_OPENED = (
    select(link.c.complaint_id, source.c.name + "/" + complaint.c.ticket, link.c.source_id, link.c.ticket)
    .add_columns(link.c.rule, link.c.episode, link.c.opened_at)
    .join_from(link, complaint, complaint.c.id == link.c.complaint_id)
    .join(source, source.c.id == complaint.c.source_id)
    .join(
        correction,
        (correction.c.source_id == link.c.source_id) & (correction.c.ticket == link.c.ticket),
        isouter=True,
    )
    .where(correction.c.id.is_(None))
    .order_by(link.c.id)
)


def newly_opened(connection: Connection) -> list[Opened]:
    """Corrective tickets of which no correction is kept yet."""
    rows = connection.execute(_NEWLY_OPENED)
    return [Opened(row[0], row[1], row[2], row[3], row[4], row[5], moment(row[6])) for row in rows]


# -- whom it concerns -------------------------------------------------------------------------------------------------


def concern(connection: Connection, number: int, complaints: Iterable[int], now: datetime) -> None:
    """Let a correction concern these complaints (row ids) too."""
    rows = [
        {"correction_id": number, "complaint_id": ident, "state": Told.AFFECTED.value, "at": micros(now)}
        for ident in sorted(set(complaints))
    ]
    add_unknown(connection, telling, rows)


def concerned(connection: Connection, number: int) -> list[Concerned]:
    """Whom a correction concerns, the oldest complaint first."""
    statement = (
        select(telling.c.correction_id, complaint.c.id, complaint.c.source_id, source.c.name, complaint.c.ticket)
        .add_columns(PERSON, complaint.c.opened_at, telling.c.state, telling.c.language)
        .add_columns(telling.c.words, telling.c.who, telling.c.why)
        .join_from(telling, complaint, complaint.c.id == telling.c.complaint_id)
        .join(source, source.c.id == complaint.c.source_id)
        .join(complainant, complainant.c.id == complaint.c.complainant_id)
        .where(telling.c.correction_id == number)
        .order_by(complaint.c.opened_at, complaint.c.id)
    )
    return [
        Concerned(
            correction=row[0],
            complaint=row[1],
            source_id=row[2],
            source=row[3],
            ticket=row[4],
            person=row[5],
            opened_at=moment(row[6]),
            state=Told(row[7]),
            language=row[8],
            words=row[9],
            who=row[10],
            why=row[11],
        )
        for row in connection.execute(statement)
    ]


def tell(
    connection: Connection,
    number: int,
    complaints: Sequence[int],
    state: Told,
    now: datetime,
    *,
    who: str | None = None,
    why: str | None = None,
    words: str | None = None,
    language: str | None = None,
) -> None:
    """Note how far telling the customers of these complaints has come; they are looked at again."""
    values: dict[str, Any] = {"state": state.value, "at": micros(now), "who": who, "why": why}
    if words is not None:
        values |= {"words": words, "language": language}
    for begin in range(0, len(complaints), 500):
        some = list(complaints[begin : begin + 500])
        which = (telling.c.correction_id == number) & telling.c.complaint_id.in_(some)
        connection.execute(update(telling).where(which).values(**values))
        connection.execute(update(complaint).where(complaint.c.id.in_(some)).values(look_at=micros(now)))


_UNTOLD = (
    select(telling.c.complaint_id, correction.c.id, correction.c.done_at)
    .join_from(telling, correction)
    .where(
        telling.c.complaint_id.in_(bindparam("of", expanding=True)),
        telling.c.state.in_([state.value for state in OPEN]),
        correction.c.done_at.is_not(None),
    )
    .order_by(correction.c.id)
)


def untold(connection: Connection, complaints: Iterable[int]) -> dict[int, list[Untold]]:
    """The corrections of which the customers of these complaints (row ids) have to be told."""
    found: dict[int, list[Untold]] = {}
    for row in connection.execute(_UNTOLD, {"of": listed(sorted(set(complaints)))}):
        found.setdefault(row[0], []).append(Untold(row[1], moment(row[2])))
    return found


def tellings(connection: Connection) -> dict[tuple[int, Told], int]:
    """How many stand in each state, by correction."""
    statement = select(telling.c.correction_id, telling.c.state, func.count()).group_by(
        telling.c.correction_id, telling.c.state
    )
    return {(row[0], Told(row[1])): row[2] for row in connection.execute(statement)}


def link_all(connection: Connection, number: int, now: datetime) -> int:
    """Let every complaint that a correction concerns be told of its ticket; returns for how many that is new."""
    statement = (
        select(telling.c.complaint_id, link)
        .join_from(
            correction, link, (link.c.source_id == correction.c.source_id) & (link.c.ticket == correction.c.ticket)
        )
        .join(telling, telling.c.correction_id == correction.c.id)
        .where(correction.c.id == number)
        .order_by(link.c.id)
    )
    known: set[int] = set()
    first: dict[int, Any] = {}
    for row in connection.execute(statement):
        known.add(row._mapping[link.c.complaint_id])
        first.setdefault(row._mapping[telling.c.complaint_id], row._mapping)
    columns = [one for one in link.c if one.name not in ("id", "complaint_id")]
    rows = [
        {"complaint_id": ident, **{one.name: like[one] for one in columns}}
        for ident, like in first.items()
        if ident not in known
    ]
    add_unknown(connection, link, rows)
    if rows:
        fresh = [row["complaint_id"] for row in rows]
        connection.execute(update(complaint).where(complaint.c.id.in_(fresh)).values(look_at=micros(now)))
    return len(rows)
