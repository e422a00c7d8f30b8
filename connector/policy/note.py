"""The note that a manager reads on the ticket: what is wrong, by how much, what happened before, what to do next.

It quotes nothing that anyone wrote to us. What a customer writes may be meant for the machine that copies it, and a
note is read by people and rules that trust it; so a note holds our own words, figures, ids and names from the
taxonomy only. Called by `decision`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime

from connector.model import Clock, Complaint, Flag, FlagKind, History, Tag
from connector.wording import days, duration, instant

MOST_CASES = 8
LONGEST_LINE = 300
HEADLINES = {
    FlagKind.DUE_SOON: "Due soon: please see that this complaint is answered in time.",
    FlagKind.OVERDUE: "Overdue: this complaint needs a manager.",
    FlagKind.BROKEN_PROMISE: "Broken promise: a date that this customer was given has passed without a word.",
    FlagKind.REPEAT: "Repeat: this customer had to come back to us.",
    FlagKind.TREND: "Trend: this customer is not the only one.",
    FlagKind.UNTOLD: "Not told yet: the cause is gone, and this customer does not know.",
}
FACETS = (("emergency", "Cannot wait"), ("category", "Category"), ("root_cause", "Cause"), ("remedy", "Wanted"))
NEXT_STEPS = {
    "acknowledgement": "tell the customer that the complaint has arrived, and who sees to it.",
    "first_reply": "answer the customer, or say by when an answer will come, and name an owner if there is none.",
    "next_reply": "answer the customer's last message, or say by when an answer will come.",
    "periodic_update": "tell the customer how far it is, even if there is nothing new, and when they hear again.",
    "requester_wait": "see what the customer is waiting for, and bring the case to an end.",
    "agent_work": "see what takes so long, and whether somebody else could help.",
    "team_time": "finish the team's part, or hand it on to those who can.",
    "regulation": "see that the answer goes out as the rule asks, and let its owner look at it first.",
    "promise": "tell the customer what has become of it, why, and the new date; then see that it is kept.",
    "resolution": "settle with the owner what is missing, and tell the customer the new date and the reason.",
    "same_matter": "find out why the earlier solution did not hold, and let one person see this one through.",
    "many": "give the customer one contact, and look for what the cases have in common.",
    "trend": "see to this customer as usual; what they have in common is looked into: amends trends list",
    "correction": "see the letter that is drafted, and approve it or say why none is needed: amends corrections list",
    "reopened": "ask the customer what is still open, and have a second person check the solution.",
}
_PLAIN = re.compile(r"[^\W_][\w &-]{0,39}")


def note(
    complaint: Complaint,
    history: History,
    tags: Sequence[Tag],
    clock: Clock | None,
    flag: Flag,
    flags: Iterable[Flag],
    *,
    zone: str,
    now: datetime,
) -> str:
    """At most 15 lines of English; times in `zone` (an IANA name) and UTC. `clock` is the one that `flag` speaks of."""
    topic = flag.topic
    lines = [
        HEADLINES[flag.kind],
        f"Why: {flag.why}",
        _clock_line(clock),
        f"Received: {instant(history.received_at, zone)}.",
        f"Now: {complaint.status}, priority {complaint.priority or 'not set'}, "
        f"{'has an owner' if complaint.owner else 'has no owner'}{_lives(history)}.",
        tag_line(tags),
        _cases_line(complaint, flag, flags),
        f"Next step: {NEXT_STEPS[topic]}" if topic in NEXT_STEPS else "",
        f"Written by Amends, {instant(now, zone)}. To see why: amends explain {complaint.source}/{complaint.ticket}",
    ]
    return "\n".join(" ".join(line.split())[:LONGEST_LINE] for line in lines if line)


def _clock_line(clock: Clock | None) -> str:
    if clock is None or clock.kind == "promise":  # its dates are all there is to say, and "why" says them
        return ""
    regulated = clock.kind.startswith("regulation:")
    lasts = days if regulated else duration
    left = clock.target_seconds - clock.used_seconds
    state = f"{lasts(left)} left" if left > 0 else f"{lasts(-left)} over"
    used = f"{lasts(clock.used_seconds)} of {lasts(clock.target_seconds)} used"
    if regulated:
        return f"Clock: {state}; {used}, by the calendar and without pauses, for {clock.target}."
    return f"Clock: {state}; {used}, counted by calendar {clock.calendar} for target {clock.target}."


def _lives(history: History) -> str:
    count = len(history.reopens)
    return f", reopened {count} time{'s' if count > 1 else ''}" if count else ""


def tag_line(tags: Sequence[Tag]) -> str:
    """What the complaint is about, in names from the taxonomy; "" where nothing was found."""
    said = []
    for facet, title in FACETS:
        values = [tag.value.replace("_", " ") for tag in tags if tag.facet == facet and _PLAIN.fullmatch(tag.value)]
        if values:
            said.append(f"{title}: {', '.join(values[:3])}")
    return "; ".join(said)


def _cases_line(complaint: Complaint, flag: Flag, flags: Iterable[Flag]) -> str:
    here = f"{complaint.source}/{complaint.ticket}"
    cases = [case for one in (flag, *flags) for case in one.cases if case != here]
    cases = list(dict.fromkeys(cases))
    if not cases:
        return ""
    more = f" and {len(cases) - MOST_CASES} more" if len(cases) > MOST_CASES else ""
    return f"Earlier cases: {', '.join(cases[:MOST_CASES])}{more}."
