"""Corrective tickets and the complaints for whose sake they were opened, as rows. Called by `outbox`, `sync` and the
commands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import Connection, bindparam, select, update

from connector.adapter import Receipt
from connector.model import Action, Link, Status
from connector.store.rows import insert_for, listed
from connector.store.tables import complaint, link, source
from connector.store.times import micros, moment, moment_or_none


class Standing(Protocol):
    """What has the status of a ticket and when it was resolved, as its complaint row has them."""

    @property
    def standing(self) -> tuple[str, int | None]: ...


def opened(connection: Connection, source_id: int, action: Action, receipt: Receipt, now: datetime) -> bool:
    """Remember the ticket that `action` opened at the source; the complaint is looked at again, so that it is told.

    False where the complaint, or the new ticket's id, is not known.
    """
    origin, _, ticket = (action.origin or "").partition("/")
    about = connection.execute(
        select(complaint.c.id).join_from(complaint, source).where(source.c.name == origin, complaint.c.ticket == ticket)
    ).scalar_one_or_none()
    made = receipt.get("ticket")
    if about is None or not isinstance(made, str):
        return False
    standing = connection.execute(
        select(complaint.c.status, complaint.c.resolved_at).where(
            complaint.c.source_id == source_id, complaint.c.ticket == made
        )
    ).one_or_none()
    connection.execute(
        insert_for(connection.dialect.name)(link).on_conflict_do_nothing(),
        {
            "complaint_id": about,
            "source_id": source_id,
            "ticket": made,
            "key": str(receipt.get("key") or made),
            "url": receipt.get("url"),
            "rule": action.rule,
            "episode": action.episode,
            "opened_at": micros(now),
            "status": standing.status if standing else None,
            "resolved_at": standing.resolved_at if standing else None,
        },
    )
    _look_again(connection, [about], now)
    return True


_ANY_OF = select(link.c.id).where(link.c.source_id == bindparam("of")).limit(1)
_FOLLOWED = select(link.c.id, link.c.complaint_id, link.c.ticket, link.c.status, link.c.resolved_at).where(
    link.c.source_id == bindparam("of"), link.c.ticket.in_(bindparam("tickets", expanding=True))
)


def followed(connection: Connection, source_id: int, now: datetime, tickets: Mapping[str, Standing]) -> int:
    """Take over how the corrective tickets among `tickets` stand now; returns how many changed."""
    if connection.execute(_ANY_OF, {"of": source_id}).first() is None:  # as nearly everywhere, for each page
        return 0
    rows = connection.execute(_FOLLOWED, {"of": source_id, "tickets": listed(tickets)})
    changed = [row for row in rows if tickets[row[2]].standing != (row[3], row[4])]
    for row in changed:
        status, resolved_at = tickets[row[2]].standing
        connection.execute(update(link).where(link.c.id == row[0]).values(status=status, resolved_at=resolved_at))
    _look_again(connection, [row[1] for row in changed], now)
    return len(changed)


def everything(connection: Connection) -> list[tuple[str, Link]]:
    """(SOURCE/TICKET of the complaint, corrective ticket) of all that were ever opened, the oldest first."""
    about = source.alias("about")
    statement = (
        select(link, source.c.name.label("at"), about.c.name.label("home"), complaint.c.ticket.label("origin"))
        .join_from(link, source, link.c.source_id == source.c.id)
        .join(complaint, link.c.complaint_id == complaint.c.id)
        .join(about, complaint.c.source_id == about.c.id)
        .order_by(link.c.opened_at, link.c.id)
    )
    return [(f"{row.home}/{row.origin}", _link(row)) for row in connection.execute(statement)]


def unfinished(connection: Connection, source_id: int) -> list[str]:
    """The corrective tickets of a source that are not known to be resolved, whether it lists them or not."""
    statement = select(link.c.ticket).where(link.c.source_id == source_id, link.c.resolved_at.is_(None)).distinct()
    return [row[0] for row in connection.execute(statement)]


def _look_again(connection: Connection, complaints: Iterable[int], now: datetime) -> None:
    rows = [{"of": number, "at": micros(now)} for number in complaints]
    if rows:
        connection.execute(
            update(complaint).where(complaint.c.id == bindparam("of")).values(look_at=bindparam("at")), rows
        )


_OF_COMPLAINTS = (
    select(link, source.c.name.label("at"))
    .join_from(link, source)
    .where(link.c.complaint_id.in_(bindparam("of", expanding=True)))
    .order_by(link.c.opened_at, link.c.id)
)


def of_complaints(connection: Connection, complaints: Iterable[int]) -> dict[int, list[Link]]:
    """The corrective tickets of these complaints (row ids), the oldest first."""
    found: dict[int, list[Link]] = {}
    for row in connection.execute(_OF_COMPLAINTS, {"of": listed(sorted(set(complaints)))}):
        found.setdefault(row.complaint_id, []).append(_link(row))
    return found


def _link(row: Any) -> Link:
    return Link(
        source=row.at,
        ticket=row.ticket,
        key=row.key,
        rule=row.rule,
        episode=row.episode,
        opened_at=moment(row.opened_at),
        url=row.url,
        status=Status(row.status) if row.status else None,
        resolved_at=moment_or_none(row.resolved_at),
    )
