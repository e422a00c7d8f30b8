"""Removing the cause: what a corrective ticket says, and what the complaint's own ticket is told of it.

Like every note, both hold our own words, ids, names from the taxonomy and links only: neither the customer's words nor
who the customer is leaves the helpdesk where the complaint lies. Called by `decision` and, for what has happened, by
`explain` and the listings.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta

import msgspec

from connector.model import (
    JSON,
    Action,
    ActionKind,
    Complaint,
    Effect,
    Entry,
    EntryKind,
    Flag,
    FlagKind,
    History,
    Link,
    Role,
    Tag,
)
from connector.policy.keys import action_key, marker
from connector.policy.note import LONGEST_LINE, tag_line
from connector.policy.rules import Correction
from connector.wording import instant

FOR_EVERY = "complaint"  # the episode of a correction that speaks of a complaint as such
OPENED, RESOLVED = "opened", "resolved"


class Untold(msgspec.Struct, frozen=True):
    """A correction (by its number) that was made, and of which a complaint's customer has not been told."""

    number: int
    done_at: datetime


def untold_flags(untold: Iterable[Untold]) -> tuple[Flag, ...]:
    """The complaint's circle is open: its cause was removed, and its customer does not know."""
    return tuple(
        Flag(
            FlagKind.UNTOLD,
            "untold",
            f"correction#{one.number}",
            one.done_at,
            f"The cause was removed by correction {one.number}, and the customer has not been told.",
        )
        for one in untold
    )


def due_on(rule: Correction, opened_at: datetime) -> date | None:
    """The day (UTC) by which the work should be done."""
    return None if rule.due_days is None else (opened_at + timedelta(days=rule.due_days)).date()


class Reason(msgspec.Struct, frozen=True):
    """Why a corrective ticket is opened: the episode that names it, in words, and since when it is wanted."""

    episode: str
    why: str
    not_before: datetime


def opening(
    complaint: Complaint,
    history: History,
    tags: Sequence[Tag],
    rule: Correction,
    flag: Flag | None,
    reason: Reason,
    *,
    salt: bytes,
    zone: str,
    now: datetime,
) -> Action:
    """The ticket that `rule` opens for the sake of a complaint; also where a person asks for it."""
    about = f"{complaint.source}/{complaint.ticket}"
    create = ticket_fields(complaint, history, tags, flag, rule, zone=zone, now=now)
    key = action_key(salt, rule.at, about, rule.id, reason.episode, ActionKind.CORRECT)
    return Action(
        key=key,
        marker=marker(key),
        source=rule.at,
        ticket=about,
        kind=ActionKind.CORRECT,
        rule=rule.id,
        episode=reason.episode,
        effect=Effect(tags=rule.tags, create=create),
        why=reason.why,
        not_before=reason.not_before,
        rank=rule.rank,
        origin=about,
    )


def ticket_fields(
    complaint: Complaint,
    history: History,
    tags: Sequence[Tag],
    flag: Flag | None,
    rule: Correction,
    *,
    zone: str,
    now: datetime,
) -> dict[str, JSON]:
    """What the corrective ticket is opened with: the rule's own fields (the admin's field ids and values) over summary,
    description and "url", the address of the complaint for those who may see it there."""
    about = f"{complaint.source}/{complaint.ticket}"
    found = tag_line(tags)
    many = flag is not None and flag.kind is FlagKind.TREND
    due = due_on(rule, now)
    lines = [
        "Complaints have a cause in common that lies with us. Please find and remove it."
        if many
        else "A complaint has a cause that lies with us. Please find and remove it.",
        found,
        # A product that the admin's own tree knows; anything else may be what somebody typed.
        f"Product: {complaint.product}" if complaint.product and "product_group" in complaint.extra else "",
        f"Why now: {flag.why}" if flag else "",
        "" if many else f"Received: {instant(history.received_at, zone)}.",
        f"{'One of them' if many else 'Complaint'}: {about}{f', {complaint.url}' if complaint.url else ''}",
        f"Owner: {rule.owner}." if rule.owner else "",
        f"Due: {due.isoformat()}." if due else "",
        f"When this is resolved, {'all of them are' if many else 'the complaint is'} told so.",
    ]
    what = f"complaints like {about}" if many else f"complaint {about}"
    told: dict[str, JSON] = {
        "summary": f"Remove the cause of {what}" + (f" ({found})" if found else ""),
        "description": "\n".join(" ".join(line.split())[:LONGEST_LINE] for line in lines if line),
    }
    return {**told, **({"url": complaint.url} if complaint.url else {}), **rule.fields}


def words(link: Link, step: str, *, zone: str) -> str:
    """The note on the complaint's ticket when the corrective one was opened, and when it was resolved."""
    where = f"{link.key} at {link.source}{f': {link.url}' if link.url else ''}"
    if step == OPENED:
        return "\n".join(
            (
                f"To remove the cause of this complaint, {where} was opened.",
                f"Opened {instant(link.opened_at, zone)} by rule {link.rule!r}. You will be told when it is resolved.",
            )
        )
    at = f" {instant(link.resolved_at, zone)}" if link.resolved_at else ""
    return "\n".join(
        (
            f"The cause of this complaint was dealt with: {where} was resolved{at}.",
            "Next step: see that it holds, and tell the customer what was changed.",
        )
    )


def episode(link: Link, step: str) -> str:
    """Names one telling, so that it happens once: "jira/10042:opened"; each resolution is one of its own."""
    life = f"@{link.resolved_at:%Y-%m-%dT%H:%M:%S}" if step == RESOLVED and link.resolved_at else ""
    return f"{link.source}/{link.ticket}:{step}{life}"


def due_steps(link: Link) -> Iterable[tuple[str, datetime]]:
    """(step, when it happened) of everything that the complaint's ticket should know of by now."""
    yield OPENED, link.opened_at
    if link.resolved_at is not None:
        yield RESOLVED, max(link.resolved_at, link.opened_at)


def entries(links: Iterable[Link]) -> tuple[Entry, ...]:
    """What became of the corrective tickets, as entries of the complaint's own timeline."""
    return tuple(
        Entry(
            id=f"~{episode(link, step)}",
            kind=EntryKind.CORRECTION,
            occurred_at=at,
            seen_at=at,
            role=Role.AMENDS,
            text=f"{link.key} at {link.source} was {step}{f': {link.url}' if link.url and step == OPENED else ''}",
            value=step,
            field=f"{link.source}/{link.ticket}",
        )
        for link in links
        for step, at in due_steps(link)
    )
