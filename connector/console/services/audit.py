"""The audit log: who or what did what, when."""

from __future__ import annotations

import msgspec

from connector.console.seat import Seat, needs
from connector.roles import Permission
from connector.store import auditing
from connector.store.auditing import Noted


class AuditPage(msgspec.Struct, frozen=True):
    """Some lines, newest first, and the number to go on before; None where these are the last."""

    rows: tuple[Noted, ...]
    next: int | None


@needs(Permission.AUDIT)
def page(
    seat: Seat,
    most: int,
    *,
    before: int | None = None,
    source: str | None = None,
    ticket: str | None = None,
    who: str | None = None,
    what: str | None = None,
) -> AuditPage:
    with seat.store() as store, store.read() as connection:
        rows, beyond = auditing.page(connection, most, before=before, source=source, ticket=ticket, who=who, what=what)
    return AuditPage(tuple(rows), beyond)
