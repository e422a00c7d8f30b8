"""What people wrote before: the cases that count towards coming back, and the languages of their tickets. Called by
`sync`, and by the commands that explain a complaint, show a person or try a policy."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import BindParameter, Connection, bindparam, select

from connector.model import Status
from connector.people.repeats import Earlier
from connector.people.tongues import Spoken, spoken
from connector.store.complaints import unpack
from connector.store.people import PERSON
from connector.store.rows import listed
from connector.store.tables import IS_COMPLAINT, complainant, complaint, source
from connector.store.times import micros, moment, moment_or_none

# Tickets are read back at the most to learn in which language people write.
MOST_SPOKEN = 1_000

_WHOSE: BindParameter[list[int]] = bindparam("people", expanding=True)
_CASES = (
    select(
        PERSON,
        source.c.name,
        complaint.c.ticket,
        complaint.c.opened_at,
        complaint.c.resolved_at,
        complaint.c.category,
        complaint.c.product,
        complaint.c.order_number,
        complaint.c.words,
        complaint.c.status.in_([Status.DELETED.value, Status.WITHDRAWN.value]),
    )
    .join_from(complaint, source)
    .join_from(complaint, complainant)
    .where(
        IS_COMPLAINT,
        complaint.c.merged.is_(False),
        complaint.c.complainant_id.in_(
            select(complainant.c.id).where(complainant.c.id.in_(_WHOSE) | complainant.c.person_id.in_(_WHOSE))
        ),
        complaint.c.opened_at >= bindparam("since"),
    )
    .order_by(complaint.c.opened_at, complaint.c.id)
)


def cases_of(connection: Connection, people: Iterable[int], since: datetime) -> dict[int, list[Earlier]]:
    """What counts towards coming back: the complaints, by person, of these people (`Stored.person_id`) that were opened
    at or after `since` and not merged into others, oldest first. One query for a batch."""
    found: dict[int, list[Earlier]] = {}
    for row in connection.execute(_CASES, {"people": listed(sorted(set(people))), "since": micros(since)}):
        who, name, ticket, opened_at, resolved_at, category, product, order_number, words, gone = row
        case = Earlier(
            name,
            ticket,
            moment(opened_at),
            moment_or_none(resolved_at),
            category=category,
            product=product,
            order_number=order_number,
            words=words,
            gone=bool(gone),
        )
        found.setdefault(who, []).append(case)
    return found


_SPOKEN = (
    select(complainant.c.key, complaint.c.doc)
    .join_from(complaint, complainant)
    .where(complainant.c.key.in_(bindparam("keys", expanding=True)))
    .order_by(complaint.c.opened_at.desc(), complaint.c.id.desc())
    .limit(MOST_SPOKEN)
)


def spoken_by(connection: Connection, keys: Iterable[str]) -> dict[str, list[Spoken]]:
    """In which languages these people (complainants' keys) wrote their tickets, as far as the words tell."""
    found: dict[str, list[Spoken]] = {}
    for key, body in connection.execute(_SPOKEN, {"keys": listed(sorted(set(keys)))}):
        doc = unpack(body)
        heard = spoken(doc.complaint, doc.tags)
        if heard is not None:
            found.setdefault(key, []).append(heard)
    return found
