"""Who is staff at the account, and who we are: events name people by number only. Used by `pages` and `getting`."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from adapters.zendesk import events
from adapters.zendesk.answers import parsed
from adapters.zendesk.calls import Calls
from adapters.zendesk.listing import listed
from adapters.zendesk.values import number
from connector.errors import AuthError
from connector.model import JSON

LIFE = timedelta(minutes=15)
STAFF_ROLES = ("agent", "admin")


class Me(msgspec.Struct, frozen=True):
    """The user that our calls act as."""

    id: int | None = None
    name: str | None = None
    email: str | None = None
    role: str | None = None
    ticket_restriction: JSON = None


class _Mine(msgspec.Struct, frozen=True):
    user: Me


def who_am_i(calls: Calls) -> Me:
    """Raises AuthError where Zendesk takes us for nobody: it answers 200 with an anonymous user then."""
    content = calls.get("/api/v2/users/me.json").content
    me = parsed(content, _Mine, "GET /api/v2/users/me", source=calls.source).user
    if me.id is None:
        raise AuthError("Zendesk takes us for an anonymous user.", source=calls.source, remedy="Check the secrets.")
    return me


def staff(calls: Calls) -> list[dict[str, JSON]]:
    """All agents and admins. A few calls: one for each hundred of either."""
    rows = [row for role in STAFF_ROLES for row in listed(calls, "/api/v2/users.json", "users", {"role": role})]
    return [row for row in rows if row.get("role") in STAFF_ROLES]


class Roster:
    """The roles of those in an event, for its kept record. Asked for when the first event wants it, and again after a
    quarter of an hour; somebody who is no longer staff counts as a customer in what is read from then on."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self._roles: dict[int, str] = {}
        self._until: datetime | None = None

    def roles(self, event: JSON) -> dict[str, str]:
        people = events.people_in(event)
        now = self._calls.tools.now()
        if people and (self._until is None or now >= self._until):
            found = [number(row.get("id")) for row in staff(self._calls)]
            self._roles = {ident: events.STAFF for ident in found if ident is not None}
            self._roles[who_am_i(self._calls).id or 0] = events.OWN
            self._until = now + LIFE
        return {str(one): self._roles[one] for one in sorted(people & self._roles.keys())}
