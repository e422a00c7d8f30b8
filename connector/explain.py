"""One complaint explained: which words, rule, stretch of time and policy line led to what Amends says and does.

Pure. `explain` puts the facts together from the store and the rules in force; `lines` tells them to a person. Called by
`amends explain` and by the demo.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta

import msgspec
from msgspec.structs import replace

from connector.assessment.clocks import clocks_of
from connector.assessment.rules import Rules
from connector.assessment.understood import Understood
from connector.clocks.difference import pairs
from connector.clocks.explain import CALENDAR_TIME, segments
from connector.clocks.overdue import why
from connector.clocks.promises.keeping import Told
from connector.clocks.promises.standing import PROMISE
from connector.clocks.regulation import REGULATION, Regulation
from connector.clocks.source_clocks import SourceClock
from connector.clocks.telling import ClockTold, clock_lines, nearest_line, quoted, source_clock_line
from connector.display import clean, count, cut, moment, paragraphs, plain, span, wrapped
from connector.model import (
    ActionKind,
    Answer,
    Clock,
    Complaint,
    Effect,
    Entry,
    EntryKind,
    Flag,
    FlagKind,
    Link,
    Role,
    Segment,
    Tag,
    Visibility,
)
from connector.policy.answers import entries as survey_entries
from connector.policy.correction import entries as correction_entries
from connector.policy.handoffs import Handoffs, handoffs
from connector.policy.playbooks import Playbook, offered
from connector.policy.taken import Ack

SHORTEST_COLUMNS = 40
MOST_TEXT_LINES = 6
KEY = re.compile(r"[A-Za-z][A-Za-z0-9_]*-[0-9]+")  # how people call a ticket of a helpdesk that has such names: SHOP-38


class WriteTold(msgspec.Struct, frozen=True, omit_defaults=True):
    """A write of the outbox: `why` it was intended, and the `reason` for the state it is in."""

    id: int
    kind: str
    rule: str
    episode: str
    state: str
    why: str
    effect: Effect
    created_at: datetime
    changed_at: datetime
    tries: int = 0
    reason: str | None = None


class PersonTold(msgspec.Struct, frozen=True):
    """What is known of the complainant over all sources: their number, how many identities it has, their other
    complaints, what the ticket is to these, how often they asked again in it before anybody answered, and what a
    restriction of the register of conduct means for it."""

    id: int
    identities: int
    cases: tuple[str, ...]
    same_as: str | None = None
    chases: str | None = None
    chasers: int = 0
    conduct: tuple[str, ...] = ()


class Explanation(msgspec.Struct, frozen=True):
    """Everything that `amends explain` says of one complaint, as of `as_of`. `is_complaint` is yes, no or unsure;
    `source_clocks` are those of the source's own that have a target and none of ours beside them; `zone` is where the
    reader's times are told, None: those of the timeline in UTC, and each clock's in the zone of its calendar. The notes
    that were written to a helpdesk stay as they are: their times are those of `note_zone`."""

    as_of: datetime
    is_complaint: str
    complaint: Complaint
    entries: tuple[Entry, ...]
    tags: tuple[Tag, ...]
    clocks: tuple[ClockTold, ...]
    flags: tuple[Flag, ...]
    writes: tuple[WriteTold, ...]
    looked_at_next: datetime | None
    promises: tuple[Told, ...] = ()
    source_clocks: tuple[SourceClock, ...] = ()
    zone: str | None = None
    note_zone: str = "UTC"
    person: PersonTold | None = None
    handoffs: Handoffs = Handoffs()
    acks: tuple[Ack, ...] = ()
    playbook: str | None = None


def explain(
    this: Understood,
    flags: Sequence[Flag],
    writes: Sequence[WriteTold],
    rules: Rules,
    *,
    links: Sequence[Link] = (),
    source_clocks: Sequence[SourceClock] = (),
    said: Sequence[Answer] = (),
    person: PersonTold | None = None,
    acks: Sequence[Ack] = (),
    look_at: datetime | None,
    now: datetime,
    zone: str | None = None,
) -> Explanation:
    """The facts about `this`. `flags` are those of the last sweep, `writes` the outbox rows of the ticket and of what
    was opened for it, `links` its corrective tickets, `source_clocks` what the source says of its own clocks, `said`
    what its customer answered."""
    ours = clocks_of(this, rules, now)
    beside = _beside(ours, source_clocks)
    there = _where_the_reader_is(ours, rules, zone)
    clocks = tuple(_clock(one, beside.get((one.kind, one.cycle)), this, rules, now) for one in ours)
    return Explanation(
        as_of=now,
        is_complaint=this.is_complaint,
        complaint=this.complaint,
        entries=with_others(this.entries, links, said),
        tags=this.tags,
        clocks=clocks,
        flags=tuple(replace(one, why=there(one.why)) for one in flags),
        writes=tuple(replace(one, why=there(one.why)) for one in writes),
        looked_at_next=look_at,
        promises=this.promises,
        source_clocks=tuple(
            one for one in source_clocks if one.target_seconds is not None and one not in beside.values()
        ),
        zone=zone,
        note_zone=rules.policy.zone,
        person=person,
        handoffs=handoffs(this.entries),
        acks=tuple(acks),
        playbook=_playbook(rules.policy.playbooks.fitting(this.tags, this.values)),
    )


def _where_the_reader_is(ours: Sequence[Clock], rules: Rules, zone: str | None) -> Callable[[str], str]:
    """Puts what was said of these clocks, with times in the zones of their calendars, into the reader's."""
    said: dict[str, str] = {}
    for clock in ours if zone is not None else ():
        there = rules.sla.zone_of(clock)
        for kind in (FlagKind.DUE_SOON, FlagKind.BROKEN_PROMISE if clock.kind == PROMISE else FlagKind.OVERDUE):
            said[why(kind, clock, there)] = why(kind, clock, zone or there, there)

    def told(text: str) -> str:
        for here, new in said.items():
            text = text.replace(here, new)
        return text

    return told


def _playbook(found: Playbook | None) -> str | None:
    """What may be offered, in one line."""
    if found is None:
        return None
    name, offers = offered(found)
    return f"{name} ({clean(found.title)}): may offer {offers}"


def _beside(ours: Sequence[Clock], theirs: Sequence[SourceClock]) -> dict[tuple[str, int], SourceClock]:
    """The source's clock that belongs to each of ours, by kind and cycle."""
    found = {}
    for kind in {one.kind for one in theirs if one.kind is not None}:
        of_kind = [one for one in theirs if one.kind == kind and one.target_seconds is not None]
        for our, their in pairs([one for one in ours if one.kind == kind], of_kind):
            if our is not None and their is not None:
                found[our.kind, our.cycle] = their
    return found


def known_as(complaint: Complaint) -> str | None:
    """The name by which people know the ticket, where it is another than its id: the last part of its address."""
    last = (complaint.url or "").rpartition("/")[2]
    return last if last != complaint.ticket and KEY.fullmatch(last) else None


def with_others(entries: tuple[Entry, ...], links: Sequence[Link], said: Sequence[Answer] = ()) -> tuple[Entry, ...]:
    """The timeline of a complaint with what became of its corrective tickets, and what its customer answered on our
    own page, in order."""
    news = (*correction_entries(links), *survey_entries(said))
    return tuple(sorted((*entries, *news), key=lambda entry: (entry.occurred_at, entry.id))) if news else entries


def _clock(clock: Clock, theirs: SourceClock | None, this: Understood, rules: Rules, now: datetime) -> ClockTold:
    if clock.kind == PROMISE:
        whole = Segment(clock.started_at, clock.stopped_at or now, clock.used_seconds, CALENDAR_TIME)
        words = next((one.promise.words for one in this.promises if one.number == clock.cycle), None)
        return ClockTold(clock, rules.sla.zone_of(clock), (whole,) if clock.used_seconds else (), words)
    history = this.folded.history
    of_rules = rules.sla.regulations if clock.kind.startswith(REGULATION) else ()
    rule = next((_rule(one) for one in of_rules if one.profile.name == clock.calendar), None)
    stretches = segments(clock.kind, clock.cycle, this.complaint, history, this.values, rules.sla, now, this.kept)
    return ClockTold(clock, rules.sla.zone_of(clock), stretches, theirs=theirs, rule=rule)


def _rule(one: Regulation) -> str:
    """Where a regulator's deadline comes from."""
    profile = one.profile
    return f"{clean(profile.version)}; {profile.source}, read {profile.checked}; confirmed by {clean(one.owner)}"


# -- telling it ------------------------------------------------------------------------------------------------------


def lines(told: Explanation, columns: int = 100, *, brief: bool = False) -> list[str]:
    """The explanation as text of at most `columns` columns, but no narrower than 40.

    `brief` leaves out what Amends put on the ticket, and writes that came to nothing.
    """
    columns = max(columns, SHORTEST_COLUMNS)
    parts = (
        ("", _heading(told, columns)),
        ("What the source says", _timeline(told, columns, brief=brief)),
        ("How it was understood", _tags(told, columns)),
        ("Clocks", _clocks(told, columns)),
        ("Flags", _flags(told, columns)),
        ("People", _people(told, columns)),
        ("Writes", _writes(told, columns, brief=brief)),
    )
    found: list[str] = []
    for title, part in parts:
        found += ["", title] if title and part else []
        found += part
    return found


def _heading(told: Explanation, columns: int) -> list[str]:
    this = told.complaint
    who = " ".join(clean(part) for part in (this.complainant.name, _address(told)) if part)
    facts = [
        ("known as", known_as(this)),
        ("from", who or this.complainant.key),
        *_person(told.person),
        ("status", this.status.value),
        ("priority", this.priority.value if this.priority else None),
        ("channel", this.channel),
        ("team", this.team),
        ("owner", this.owner),
        ("product", this.product),
        ("order", this.order_number),
        ("labels", ", ".join(this.labels)),
        ("merged into", this.merged_into),
        ("opened", moment(this.opened_at, told.zone)),
        ("link", this.url),
        *((name, plain(value)) for name, value in this.extra.items() if value not in (None, [], ())),
    ]
    return [
        *wrapped(f"{this.source}/{this.ticket}  {this.subject}", columns),
        *(line for name, value in facts if value for line in _fact(name, value, columns)),
        *(line for problem in this.problems for line in _fact("to look at", problem, columns)),
    ]


def _person(told: PersonTold | None) -> Iterator[tuple[str, str]]:
    if told is None:
        return
    if told.cases or told.identities > 1:
        others = f", with {', '.join(told.cases)}" if told.cases else ""
        yield "person", f"{told.id}, {count(told.identities, 'identity', 'identities')}{others}"
    if told.same_as:
        yield "same as", f"{told.same_as}: one message at two places"
    if told.chases:
        yield "asks after", told.chases
    if told.chasers:
        yield "chasers", f"{told.chasers}: asked again before anybody answered"
    yield from (("conduct", words) for words in told.conduct)


def _address(told: Explanation) -> str | None:
    person = told.complaint.complainant
    if not person.address:
        return None
    return f"<{person.address}>" if person.verified else f"<{person.address}> (not verified)"


def _fact(name: str, value: str, columns: int) -> Iterator[str]:
    first, *rest = wrapped(value, columns - 16) or [""]
    yield f"  {name:<12}  {first}"
    yield from (f"{'':16}{line}" for line in rest)


def _timeline(told: Explanation, columns: int, *, brief: bool) -> list[str]:
    return [line for entry in told.entries for line in _entry(entry, columns, told, brief=brief)]


def _entry(entry: Entry, columns: int, told: Explanation, *, brief: bool) -> list[str]:
    ours = entry.kind is EntryKind.NOTE and entry.role is Role.AMENDS and entry.text
    head = f"  {moment(entry.occurred_at, told.zone)}  {happened(entry)}{_as_written(told) if ours else ''}"
    if not entry.text:
        return [cut(head, columns)]
    body = paragraphs(entry.text, columns, "      ")
    most = 1 if brief and entry.role is Role.AMENDS else MOST_TEXT_LINES
    return [cut(head, columns), *body[:most], *(["      …"] if len(body) > most else [])]


_SAID = {
    EntryKind.RECEIVED: "received",
    EntryKind.CUSTOMER_MESSAGE: "the customer wrote",
    EntryKind.STAFF_REPLY: "staff replied",
    EntryKind.NOTE: "internal note",
    EntryKind.MERGE: "merged",
    EntryKind.DELETE: "deleted",
    EntryKind.RESTORE: "restored",
    EntryKind.REDACTION: "text removed at the source",
    EntryKind.RATING: "rated",
    EntryKind.CORRECTION: "removing the cause",
}


def happened(entry: Entry) -> str:
    """What an entry of the timeline says, in a few words."""
    said = _SAID.get(entry.kind) or (f"field {entry.field}" if entry.field else entry.kind.value)
    if entry.role is Role.AMENDS:
        said = f"{'acknowledged' if entry.kind is EntryKind.STAFF_REPLY else said} (by Amends)"
    if entry.kind is EntryKind.STAFF_REPLY and entry.visibility is Visibility.INTERNAL:
        said = f"{said}, internally"
    value = f": {clean(entry.value)}" if entry.value and entry.kind is not EntryKind.REDACTION else ""
    return f"{said}{value}" if entry.observed else f"{said}{value} (as the ticket stands)"


def _tags(told: Explanation, columns: int) -> list[str]:
    if not told.tags:
        return ["  Nothing could be told from its words."]
    return [line for tag in told.tags for line in _tag(tag, columns)]


def _tag(tag: Tag, columns: int) -> list[str]:
    money = f" of {tag.amount.number} {tag.amount.currency}" if tag.amount is not None else ""
    said = f"  {tag.facet:<12}  {tag.value}{money}  ({tag.confidence:.0%}, said by {tag.author})"
    quotes = list(dict.fromkeys(f"“{clean(one.words)}” in the {one.field}" for one in tag.evidence))
    return [cut(said, columns), *(f"{'':16}{cut(quote, columns - 16)}" for quote in quotes)]


def _clocks(told: Explanation, columns: int) -> list[str]:
    others = [
        cut(f"  {source_clock_line(one, 'UTC', told.zone, own_name=True)}", columns) for one in told.source_clocks
    ]
    if not told.clocks:
        return ["  No target applies.", *others]
    lines = [line for one in told.clocks for line in clock_lines(one, columns, told.zone)]
    return [*nearest_line(told.clocks, columns, told.zone), *lines, *_undecided(told, columns), *others]


def _undecided(told: Explanation, columns: int) -> Iterator[str]:
    """What may be a promise, and what a person said is none."""
    here = f"{told.complaint.source}/{told.complaint.ticket}"
    for one in told.promises:
        if one.stands:
            continue
        said = f"promise #{one.number}: {_doubt(one)}; by {moment(one.promise.due_at, told.zone)}"
        yield from wrapped(f"{said}, {quoted(one.promise.words)}", columns - 2, "  ")
        if one.stands is None:
            yield cut(
                f"    amends clock confirm {here} {one.number}   or   amends clock dismiss {here} {one.number}", columns
            )


def _doubt(one: Told) -> str:
    return f"unsure, {one.promise.doubt}" if one.ruling is None else f"dismissed by {clean(one.ruling.who)}"


def _flags(told: Explanation, columns: int) -> list[str]:
    if not told.flags:
        return ["  None."]
    return [line for flag in told.flags for line in _flag(flag, told, columns)]


def _flag(flag: Flag, told: Explanation, columns: int) -> list[str]:
    since = moment(flag.since, told.zone)
    head = f"  {flag.kind.value.replace('_', ' ')} since {since}  (rule {flag.rule}, {flag.episode})"
    own = f"{told.complaint.source}/{told.complaint.ticket}"
    others = ", ".join(case for case in flag.cases if case != own)
    cases = wrapped(f"see also {others}", columns - 6, "      ") if others else []
    return [cut(head, columns), *wrapped(flag.why, columns - 6, "      "), *cases]


def _people(told: Explanation, columns: int) -> list[str]:
    """Who is at it, how often the customer was handed on, and what may be offered; [] where there is nothing to say."""
    lines = [f"  {clean(ack.who)} sees to it since {moment(ack.at, told.zone)}" for ack in told.acks]
    if told.handoffs.changes or len(told.handoffs.voices) > 1:
        many = count(len(told.handoffs.changes), "time")
        voices = count(len(told.handoffs.voices), "person", "people")
        lines.append(f"  handed on {many}; the customer has heard from {voices}")
    if told.playbook is not None:
        lines += wrapped(f"playbook {told.playbook}", columns - 2, "  ")
    return lines


def _writes(told: Explanation, columns: int, *, brief: bool) -> list[str]:
    shown = [write for write in told.writes if not brief or write.state not in ("cancelled", "expired")]
    if not shown:
        return ["  None intended."]
    return [
        line for write in shown for line in (*_write(write, columns), *(() if brief else _effect(write, columns, told)))
    ]


def _write(write: WriteTold, columns: int) -> Iterator[str]:
    tried = f", sent {write.tries} times" if write.tries > 1 else ""
    state = write.state.replace("_", " ")
    yield cut(f"  #{write.id} {write.kind} by rule {write.rule} ({write.episode}): {state}{tried}", columns)
    yield from wrapped(f"because {clean(write.why)}", columns - 6, "      ")
    if write.reason:
        yield from wrapped(f"state: {clean(write.reason)}", columns - 6, "      ")


def _changes(effect: Effect) -> Iterator[str]:
    """What it does to the tags and fields of the ticket, a line each."""
    if effect.tags:
        yield f"adds the tags {', '.join(effect.tags)}"
    if effect.untag:
        yield f"takes off the tags {', '.join(effect.untag)}"
    yield from (f"sets {field} to {plain(value)}" for field, value in effect.fields.items())
    yield from (f"sets {field} to {plain(value)} where it is empty" for field, value in effect.fill.items())
    yield from (f"sets {field} back to {plain(before)}" for field, (_, before) in effect.restore.items())


def _as_written(told: Explanation) -> str:
    """What is said of a note that names times of another zone than the reader's."""
    return f", as written, with times of {told.note_zone}" if told.zone not in (None, told.note_zone) else ""


def _effect(write: WriteTold, columns: int, told: Explanation) -> Iterator[str]:
    effect, zone = write.effect, told.zone
    theirs = _as_written(told)
    for change in _changes(effect):
        yield from wrapped(change, columns - 6, "      ")
    for field, value in effect.create.items():
        yield from paragraphs(f"with {field}: {plain(value)}", columns, "      ")
    if write.kind == ActionKind.ACKNOWLEDGE:
        yield "      tells the customer that it has come"
    if effect.notice is not None:
        yield f"      tells {effect.notice.contact}{', as written, with times of their zone' if zone else ''}:"
        yield from paragraphs(effect.notice.text, columns, "        ")
    if effect.note:
        yield f"      internal note{theirs}:"
        yield from paragraphs(effect.note, columns, "        ")
    length = write.changed_at - write.created_at
    if length >= timedelta(minutes=1):
        yield cut(f"      intended {moment(write.created_at, zone)}, in this state {span(length)} later", columns)
