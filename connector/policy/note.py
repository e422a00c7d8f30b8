"""What a manager reads, on the ticket or elsewhere: what is wrong, by how much, what happened before, what to do next.

It quotes nothing that anyone wrote to us. What a customer writes may be meant for the machine that copies it, and a
note is read by people and rules that trust it; so a note holds our own words, figures, ids and names from the
taxonomy only. Called by `decision` and `telling`; the words themselves are in `phrasing`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from connector.model import Clock, ClockState, Complaint, Flag, History, Tag
from connector.policy.handoffs import Handoffs
from connector.policy.phrasing import ENGLISH, Phrasing
from connector.wording import days, duration, instant

MOST_CASES = 8
LONGEST_LINE = 300
FACETS = ("emergency", "category", "root_cause", "remedy")
PROMISE, REGULATED = "promise", "regulation:"
_PLAIN = re.compile(r"[^\W_][\w &-]{0,39}")
_KEPT = (ClockState.MET,)
_BROKEN = (ClockState.BREACHED, ClockState.MISSED)


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
    clocks: Sequence[Clock] = (),
    handed: Handoffs | None = None,
    offers: tuple[str, str] | None = None,
    phrasing: Phrasing = ENGLISH,
) -> str:
    """At most 15 lines; times in `zone` (an IANA name) and UTC. `clock` is the one that `flag` speaks of, `clocks` are
    all of them; `offers` is the playbook that fits and what may be offered by it."""
    here = f"{complaint.source}/{complaint.ticket}"
    lines = [
        phrasing.headline(flag.kind),
        phrasing.line("why", why=_why(flag, clock, zone, phrasing)),
        *body(
            complaint,
            history,
            tags,
            clock,
            (flag, *flags),
            zone=zone,
            clocks=clocks,
            handed=handed,
            offers=offers,
            phrasing=phrasing,
        ),
        _next(flag.topic, phrasing),
        phrasing.line("written", at=instant(now, zone), case=here),
    ]
    return joined(lines)


def body(
    complaint: Complaint,
    history: History,
    tags: Sequence[Tag],
    clock: Clock | None,
    flags: Iterable[Flag],
    *,
    zone: str,
    clocks: Sequence[Clock] = (),
    handed: Handoffs | None = None,
    offers: tuple[str, str] | None = None,
    phrasing: Phrasing = ENGLISH,
) -> Iterator[str]:
    """The facts in the middle of a note, a line each; "" for what there is nothing to say of."""
    yield _clock_line(clock, phrasing)
    yield _promises_line(clocks, phrasing)
    yield phrasing.line("received", at=instant(history.received_at, zone))
    yield phrasing.line(
        "now",
        status=phrasing.word(complaint.status),
        priority=phrasing.word(complaint.priority) if complaint.priority else phrasing.line("no_priority"),
        owner=phrasing.line("owner" if complaint.owner else "no_owner"),
        lives=_lives(history, phrasing),
    )
    yield tag_line(tags, phrasing)
    yield _cases_line(complaint, flags, phrasing)
    if handed is not None and handed.changes:
        yield phrasing.line("handoffs", changes=len(handed.changes), voices=len(handed.voices))
    if offers is not None:
        yield phrasing.line("offer", playbook=offers[0], offers=offers[1])


def joined(lines: Iterable[str]) -> str:
    """A text of these lines, each cut to what one may hold, the empty ones left out."""
    return "\n".join(" ".join(line.split())[:LONGEST_LINE] for line in lines if line)


def _why(flag: Flag, clock: Clock | None, zone: str, phrasing: Phrasing) -> str:
    """The flag's own words; in another language, a sentence of its kind, as far as there is one."""
    said = phrasing.reasons.get(flag.topic) or phrasing.reasons.get(flag.kind)
    if said is None:
        return flag.why
    due = instant(flag.since, zone)
    if clock is not None and clock.due_at is not None:
        due = instant(clock.due_at, zone, ends_day=flag.topic == "regulation")
    what = phrasing.clocks.get(flag.topic) or (clock.target if clock is not None else flag.rule)
    return said.format(what=what, due=due, since=instant(flag.since, zone), count=len(flag.cases))


def _next(topic: str, phrasing: Phrasing) -> str:
    step = phrasing.next_step(topic)
    return phrasing.line("next", step=step) if step else ""


def _clock_line(clock: Clock | None, phrasing: Phrasing) -> str:
    if clock is None or clock.kind == PROMISE:  # its dates are all there is to say, and "why" says them
        return ""
    regulated = clock.kind.startswith(REGULATED)
    lasts = days if regulated else duration
    left = clock.target_seconds - clock.used_seconds
    return phrasing.line(
        "regulated" if regulated else "clock",
        state=phrasing.line("left", time=lasts(left)) if left > 0 else phrasing.line("over", time=lasts(-left)),
        used=lasts(clock.used_seconds),
        target=lasts(clock.target_seconds),
        calendar=clock.calendar,
        name=clock.target,
    )


def _promises_line(clocks: Sequence[Clock], phrasing: Phrasing) -> str:
    states = [clock.state for clock in clocks if clock.kind == PROMISE]
    if not states:
        return ""
    return phrasing.line(
        "promises",
        kept=sum(state in _KEPT for state in states),
        broken=sum(state in _BROKEN for state in states),
        open=sum(state is ClockState.RUNNING for state in states),
    )


def _lives(history: History, phrasing: Phrasing) -> str:
    count = len(history.reopens)
    if not count:
        return ""
    return phrasing.line("reopened_once") if count == 1 else phrasing.line("reopened", count=count)


def tag_line(tags: Sequence[Tag], phrasing: Phrasing = ENGLISH) -> str:
    """What the complaint is about, in names from the taxonomy; "" where nothing was found."""
    said = []
    for facet in FACETS:
        values = [tag.value.replace("_", " ") for tag in tags if tag.facet == facet and _PLAIN.fullmatch(tag.value)]
        if values:
            said.append(f"{phrasing.line(facet)}: {', '.join(values[:3])}")
    return "; ".join(said)


def _cases_line(complaint: Complaint, flags: Iterable[Flag], phrasing: Phrasing) -> str:
    here = f"{complaint.source}/{complaint.ticket}"
    cases = list(dict.fromkeys(case for one in flags for case in one.cases if case != here))
    if not cases:
        return ""
    more = phrasing.line("more", count=len(cases) - MOST_CASES) if len(cases) > MOST_CASES else ""
    return phrasing.line("cases", cases=f"{', '.join(cases[:MOST_CASES])}{more}")
