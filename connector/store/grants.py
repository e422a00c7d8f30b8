"""What customers were given, and what it cost, as rows. Called by `amends remedy`, and by `figures` for reports."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec.structs import replace
from sqlalchemy import Connection, bindparam, delete, insert, select

from connector.figures import NONE, Figures
from connector.policy.playbooks import Grant, costs
from connector.store.rows import listed
from connector.store.tables import granted
from connector.store.times import micros, moment


def add(connection: Connection, complaint_id: int, grant: Grant) -> int:
    """Keep what was granted; returns its number."""
    made = connection.execute(
        insert(granted).values(
            complaint_id=complaint_id,
            remedy=grant.remedy,
            cost=grant.cost,
            currency=grant.currency,
            at=micros(grant.at),
            who=grant.who,
        )
    ).inserted_primary_key
    assert made is not None
    return int(made[0])


def remove(connection: Connection, number: int) -> bool:
    """Take back what was written down by mistake; False where there is no such number."""
    return connection.execute(delete(granted).where(granted.c.id == number)).rowcount == 1


def of_complaints(connection: Connection, complaints: Iterable[int]) -> dict[int, list[Grant]]:
    """What was granted to these complaints (row ids), the oldest first."""
    statement = (
        select(granted)
        .where(granted.c.complaint_id.in_(bindparam("of", expanding=True)))
        .order_by(granted.c.complaint_id, granted.c.at, granted.c.id)
    )
    found: dict[int, list[Grant]] = {}
    for row in connection.execute(statement, {"of": listed(sorted(set(complaints)))}):
        grant = Grant(row.remedy, moment(row.at), row.who, row.cost, row.currency, row.id)
        found.setdefault(row.complaint_id, []).append(grant)
    return found


_ANY = select(granted.c.id).limit(1)


def are_any(connection: Connection) -> bool:
    """Whether anything was ever granted; where not, nobody need look."""
    return connection.execute(_ANY).first() is not None


def costed(one: Figures, given: Sequence[Grant]) -> Figures:
    """The figures with what was granted, in the place of what a field of the source says. A report holds one currency
    for each complaint: what was granted in another than the first is not added."""
    sums = costs(given)
    if not sums:
        return one
    currency, cost = next(iter(sums.items()))
    return replace(one, cost_cents=min(int(cost * 100), NONE - 1), currency=currency)


def everything(connection: Connection) -> dict[int, list[Grant]]:
    """All that was granted, by complaint (row id)."""
    rows = connection.execute(select(granted.c.complaint_id).distinct())
    return of_complaints(connection, [row[0] for row in rows])
