"""What customers were asked and what they answered, as rows: one for each life of a complaint. Called by `outbox` and
`sync`, the page of questions, the commands and reports.

Functions take the connection of one `Store.read` or `Store.write`; none opens or ends a transaction.
"""

from __future__ import annotations

import hmac
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import msgspec
from sqlalchemy import Connection, bindparam, delete, func, select, update

from connector.model import Action, ActionKind, Answer
from connector.policy.answers import PAGE, SOURCE
from connector.store.identities import members
from connector.store.intentions import State
from connector.store.rows import insert_for, listed
from connector.store.tables import complainant, complaint, identity, instance, opt_out, outbox, source, survey
from connector.store.times import micros, moment, moment_or_none

if TYPE_CHECKING:
    from connector.store.complaints import Stored

# A survey in one of these states may have reached the customer.
_GONE = [state.value for state in (State.SENDING, State.IN_DOUBT, State.DONE, State.PARKED)]
LONGEST_COMMENT = 4000


class Asked(msgspec.Struct, frozen=True):
    """One survey: about which ticket and which of its lives, when it went out, and what came of it. `state` is that of
    the write in the outbox, and `why` its reason; None where nothing was sent (a rating at the helpdesk, or a link that
    was handed out)."""

    id: int | None
    source: str
    ticket: str
    episode: str
    marker: str | None
    language: str | None
    asked_at: datetime | None
    delivered_at: datetime | None
    answer: Answer | None
    state: str | None = None
    why: str | None = None


# -- asking --------------------------------------------------------------------------------------------------------


def asked(connection: Connection, source_id: int, action: Action, now: datetime) -> None:
    """The survey is about to leave: note it, in the transaction that lets it go."""
    _keep(connection, source_id, action.ticket, action.episode, action.marker, action.language, asked_at=micros(now))


def handed_out(
    connection: Connection, stored: Stored, episode: str, marker: str, language: str | None, now: datetime
) -> None:
    """A person asked for the link, to give it to the customer."""
    _keep(connection, stored.source_id, stored.ticket, episode, marker, language, asked_at=micros(now))


def _keep(
    connection: Connection,
    source_id: int,
    ticket: str,
    episode: str,
    marker: str,
    language: str | None,
    *,
    asked_at: int,
) -> None:
    row = connection.execute(
        select(complaint.c.id, complaint.c.complainant_id).where(
            complaint.c.source_id == source_id, complaint.c.ticket == ticket
        )
    ).one_or_none()
    if row is None:
        return
    adding = insert_for(connection.dialect.name)(survey).values(
        source_id=source_id,
        ticket=ticket,
        episode=episode,
        marker=marker,
        complaint_id=row[0],
        person_id=row[1],
        language=language,
        asked_at=asked_at,
    )
    # Where the customer rated it at the helpdesk before we asked, that row stands already.
    changed = {name: adding.excluded[name] for name in ("marker", "language")}
    changed["asked_at"] = func.coalesce(survey.c.asked_at, adding.excluded.asked_at)
    connection.execute(adding.on_conflict_do_update(index_elements=["source_id", "ticket", "episode"], set_=changed))


def delivered(connection: Connection, source_id: int, action: Action, now: datetime) -> None:
    """The helpdesk has it, or the mail has left."""
    connection.execute(
        update(survey)
        .where(survey.c.source_id == source_id, survey.c.ticket == action.ticket, survey.c.episode == action.episode)
        .values(delivered_at=micros(now))
    )


def objection(connection: Connection, stored: Stored, episode: str, now: datetime, *, days: int) -> str | None:
    """Why this person must not be asked now, in words: they want no surveys, or were asked `days` ago or less about
    another case, at whatever source. Asked in the transaction that lets the survey go."""
    why = opted_out(connection, keys_of(connection, stored.complainant_id))
    if why is not None:
        return f"the customer wants no surveys: {why}"
    last = _last_asked(connection, stored, episode)
    if days and last is not None and last > now - timedelta(days=days):
        return f"suppressed:cap: the customer was asked on {last:%Y-%m-%d}, and is asked once in {days} days"
    return None


def _last_asked(connection: Connection, stored: Stored, episode: str) -> datetime | None:
    statement = (
        select(func.max(outbox.c.sent_at))
        .join_from(
            complaint,
            outbox,
            (outbox.c.source_id == complaint.c.source_id) & (outbox.c.ticket == complaint.c.ticket),
        )
        .where(
            complaint.c.complainant_id.in_(_identities(connection, stored.complainant_id)),
            outbox.c.kind == ActionKind.SURVEY.value,
            outbox.c.state.in_(_GONE),
            ~((complaint.c.id == stored.id) & (outbox.c.episode == episode)),
        )
    )
    return moment_or_none(connection.execute(statement).scalar_one())


# -- who wants none ------------------------------------------------------------------------------------------------


def keys_of(connection: Connection, complainant_id: int) -> set[str]:
    """All that the person of this identity is known by, over all sources."""
    ids = _identities(connection, complainant_id)
    own = select(complainant.c.key).where(complainant.c.id.in_(ids))
    joining = select(identity.c.key).where(identity.c.complainant_id.in_(ids))
    return {str(key) for statement in (own, joining) for key in connection.execute(statement).scalars()}


def _identities(connection: Connection, complainant_id: int) -> list[int]:
    return sorted(next(iter(members(connection, [complainant_id]).values()), {complainant_id}))


def opt_out_of(connection: Connection, keys: Collection[str], why: str, now: datetime) -> bool:
    """Ask whoever is known by one of these keys no more; False where all of them are noted already."""
    statement = insert_for(connection.dialect.name)(opt_out).on_conflict_do_nothing()
    rows = [{"key": _digest(connection, key), "why": why, "at": micros(now)} for key in sorted(keys)]
    return sum(connection.execute(statement, row).rowcount for row in rows) > 0


def opt_in(connection: Connection, keys: Collection[str]) -> bool:
    """Ask them again; False where nothing stood against it."""
    digests = [_digest(connection, key) for key in keys]
    return connection.execute(delete(opt_out).where(opt_out.c.key.in_(digests))).rowcount > 0


def opted_out(connection: Connection, keys: Collection[str]) -> str | None:
    """Why whoever is known by these keys wants no surveys; None where they may be asked."""
    digests = [_digest(connection, key) for key in keys]
    found = connection.execute(select(opt_out.c.why).where(opt_out.c.key.in_(digests)).limit(1)).scalar_one_or_none()
    return None if found is None else str(found)


def _digest(connection: Connection, person: str) -> str:
    """A person in the list of those who want none, so that the list itself names nobody."""
    salt = str(connection.execute(select(instance.c.salt)).scalar_one())
    return hmac.digest(salt.encode(), person.encode(), "sha256").hex()


# -- answering -----------------------------------------------------------------------------------------------------

_ROW = select(survey, source.c.name.label("source_name")).join_from(survey, source)


def by_marker(connection: Connection, marker: str) -> Asked | None:
    """The survey that a link is for."""
    row = connection.execute(_ROW.where(survey.c.marker == marker)).one_or_none()
    return None if row is None else _asked(row)


def answer(connection: Connection, marker: str, given: Answer, now: datetime) -> bool:
    """Keep what was said on our page, once, and let sweep look at the complaint. False where it was answered before."""
    changed = connection.execute(
        update(survey)
        .where(survey.c.marker == marker, (survey.c.via != PAGE) | survey.c.via.is_(None))
        .values(**_said(given), answered_at=micros(now))
    )
    if changed.rowcount != 1:
        return False
    about = select(survey.c.complaint_id).where(survey.c.marker == marker).scalar_subquery()
    connection.execute(update(complaint).where(complaint.c.id == about).values(look_at=micros(now)))
    return True


def person_of(connection: Connection, marker: str) -> set[str]:
    """The keys of the person who was asked."""
    found = connection.execute(select(survey.c.person_id).where(survey.c.marker == marker)).scalar_one_or_none()
    return keys_of(connection, found) if found is not None else set()


def rated_at_source(connection: Connection, source_id: int, ratings: Iterable[tuple[int, int, str, Answer]]) -> None:
    """Keep ratings that the helpdesk collected: (complaint, person, ticket, answer). What was said on our page
    stays."""
    rows = [
        {
            "source_id": source_id,
            "ticket": ticket,
            "episode": one.episode,
            "marker": f"{source_id}/{ticket}/{one.episode}",
            "complaint_id": complaint_id,
            "person_id": person_id,
            "answered_at": micros(one.at),
            **_said(one),
        }
        for complaint_id, person_id, ticket, one in ratings
    ]
    if not rows:
        return
    adding = insert_for(connection.dialect.name)(survey)
    names = ("answered_at", "via", "csat", "scale", "comment")
    statement = adding.on_conflict_do_update(
        index_elements=["source_id", "ticket", "episode"],
        set_={name: adding.excluded[name] for name in names},
        where=survey.c.via.is_(None) | (survey.c.via == SOURCE),
    )
    connection.execute(statement, rows)


def _said(one: Answer) -> dict[str, Any]:
    return {
        "via": one.via,
        "csat": one.csat,
        "scale": one.scale,
        "ces": one.ces,
        "nps": one.nps,
        "solved": one.solved,
        "comment": one.comment[:LONGEST_COMMENT] if one.comment else None,
    }


_ANSWERED = _ROW.where(
    survey.c.complaint_id.in_(bindparam("of", expanding=True)), survey.c.answered_at.is_not(None)
).order_by(survey.c.answered_at, survey.c.id)


def of_complaints(connection: Connection, complaints: Iterable[int]) -> dict[int, list[Answer]]:
    """What was answered about these complaints (row ids), oldest first."""
    found: dict[int, list[Answer]] = {}
    for row in connection.execute(_ANSWERED, {"of": listed(sorted(set(complaints)))}):
        given = _asked(row).answer
        if given is not None:
            found.setdefault(row.complaint_id, []).append(given)
    return found


def _asked(row: Any) -> Asked:
    given = None
    if row.answered_at is not None:
        given = Answer(
            row.episode,
            moment(row.answered_at),
            row.via or SOURCE,
            row.csat,
            row.ces,
            row.nps,
            row.solved,
            row.comment,
            row.scale or 5,
        )
    marker = row.marker if row.marker.startswith("am-") else None
    return Asked(
        row.id,
        row.source_name,
        row.ticket,
        row.episode,
        marker,
        row.language,
        moment_or_none(row.asked_at),
        moment_or_none(row.delivered_at),
        given,
    )


# -- looking -------------------------------------------------------------------------------------------------------


def listing(connection: Connection, *, source_name: str | None = None, most: int | None = None) -> list[Asked]:
    """Surveys that were decided, sent or answered, the newest first; the decided ones with the state of their write."""
    writes = select(outbox, source.c.name.label("source_name")).join_from(outbox, source)
    writes = writes.where(outbox.c.kind == ActionKind.SURVEY.value).order_by(outbox.c.id.desc())
    rows = _ROW.order_by(func.coalesce(survey.c.answered_at, survey.c.asked_at).desc(), survey.c.id.desc())
    if source_name is not None:
        writes, rows = writes.where(source.c.name == source_name), rows.where(source.c.name == source_name)
    if most is not None:
        writes, rows = writes.limit(most), rows.limit(most)
    states = {(one.source_name, one.ticket, one.episode): one for one in connection.execute(writes)}
    found = []
    for row in connection.execute(rows):
        one = _asked(row)
        write = states.pop((one.source, one.ticket, one.episode), None)
        found.append(msgspec.structs.replace(one, state=write.state, why=write.why) if write else one)
    decided = [
        Asked(None, name, ticket, episode, None, None, None, None, None, write.state, write.why)
        for (name, ticket, episode), write in states.items()
    ]
    return (decided + found)[:most]
