"""From entries and fields to a complaint, and from a complaint to its clocks, flags and actions; pure.

The pure rooms do not know each other; here they are put together, once, for pull, sweep, push, replay and `explain`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple, Protocol

import msgspec
from msgspec.structs import replace

from connector.clocks import closed, overdue, sla
from connector.clocks.business_hours import Hours
from connector.clocks.closed import Kept
from connector.clocks.promises import keeping
from connector.clocks.promises.standing import PROMISE
from connector.condition import policy_values, values_of
from connector.corrections import AGENT, Vocabulary, corrected
from connector.errors import RecordError
from connector.figures import Figures, figures
from connector.mapping import Mapping as FieldMapping
from connector.mapping import complaint_tag, normalise, placed, to_source
from connector.model import (
    JSON,
    Action,
    ActionKind,
    Answer,
    Clock,
    Complaint,
    Entry,
    EntryKind,
    Flag,
    Link,
    Promise,
    Role,
    Ruling,
    Tag,
)
from connector.people.identity import Identifying
from connector.people.repeats import Earlier, RepeatPolicy, chasing, leading, repeats
from connector.people.retention import Retention
from connector.people.tongues import History, Spoken, spoken, usual_language
from connector.policy import answers, correction, decision, emergencies, handoffs, recheck, wordings
from connector.policy.case import Decided
from connector.policy.copies import Reach
from connector.policy.correction import Untold
from connector.policy.ladder import Told
from connector.policy.rules import Policy
from connector.policy.taken import Ack, Hands
from connector.timeline import Folded, Words, fold
from connector.trends import speaking
from connector.trends.speaking import Alive
from connector.trends.views import Counted, Trends, counted

if TYPE_CHECKING:
    from connector.tagging import Asked, Lexicon


class Tags(Protocol):
    """What tags complaints: a `Tagger`, or what makes one when the first ticket comes."""

    def tags_of(self, asked: Sequence[Asked]) -> list[tuple[Tag, ...]]:
        """The tags of each."""
        ...


class ReadSource(NamedTuple):
    """A configured source that has a history: its first `stream` brings all its tickets, `rules_digest` names the rules
    by which they have to stand."""

    name: str
    stream: str
    rules_digest: str


class Rules(msgspec.Struct, frozen=True):
    """Everything that decides, compiled. `tagger` is None where tagging is switched off, `trends` where nothing is
    counted for them; `people` says how they are told apart; `vocabulary` holds the tags in which agents may correct us,
    `lexicon` what the tagger is made of, where a replay is to compare it. `reaches` says of each source in the settings
    what may be written there, whether or not it is at work, and `sources` names those that are read, whether or not
    they could be opened."""

    tagger: Tags | None
    sla: sla.Sla
    policy: Policy
    repeats: RepeatPolicy
    people: Identifying = Identifying()
    retention: Retention = Retention()
    vocabulary: Vocabulary | None = None
    trends: Trends | None = None
    lexicon: Lexicon | None = None
    reaches: Mapping[str, Reach] = MappingProxyType({})
    sources: tuple[ReadSource, ...] = ()

    @property
    def memory(self) -> timedelta:
        """How far back a person's earlier complaints matter."""
        return timedelta(days=max(self.repeats.many_days * 2, self.repeats.same_matter_days * 2))


class Known(msgspec.Struct, frozen=True):
    """What was understood of a ticket before."""

    complaint: Complaint | None
    tags: tuple[Tag, ...]


_STATED_BY = ("mapping", "agent")
RESOLVED_LATELY_DAYS = 3
WORDING_NEWS = timedelta(days=3)  # so long a phrase in a reply is worth a word with whoever wrote it


class Understood(msgspec.Struct, frozen=True):
    """A ticket as the mapping and the tagger understand it. `kept` is what it had when it was closed and the settings
    changed."""

    complaint: Complaint
    entries: tuple[Entry, ...]
    tags: tuple[Tag, ...]
    folded: Folded
    promises: tuple[keeping.Told, ...] = ()
    kept: Kept | None = None

    @property
    def values(self) -> dict[str, JSON]:
        """What conditions may ask of it."""
        return values_of(self.complaint, self.tags, reopens=len(self.folded.history.reopens))

    @property
    def is_complaint(self) -> str:
        """yes, no or unsure."""
        for tag in self.tags:
            if tag.facet == "complaint":
                return tag.value
        return "unsure"


class Untagged(msgspec.Struct, frozen=True):
    """A ticket as the mapping understands it. `told` is what the source says of it, `before` what was known; where it
    is `done`, the tags of `before` are its own."""

    complaint: Complaint
    entries: tuple[Entry, ...]
    folded: Folded
    told: Tag | None
    before: Known | None
    done: bool = False


class Assessment(msgspec.Struct, frozen=True):
    """What follows from a complaint at one instant. `look_again_at` is when time alone may change the answer. `copy_of`
    names the complaint ("source/ticket") of which it is the same message, `led` what is done there in its stead."""

    clocks: tuple[Clock, ...]
    flags: tuple[Flag, ...]
    actions: tuple[Action, ...]
    look_again_at: datetime | None
    copy_of: str | None = None
    led: frozenset[ActionKind] = frozenset()


def own_marked(entries: Iterable[Entry], actor: str | None) -> tuple[Entry, ...]:
    """The entries with our own ones known as such: `actor` is our user at the source."""
    found = tuple(entries)
    if actor is None or actor not in [entry.actor for entry in found]:  # as in nearly all tickets
        return found
    return tuple(
        [
            replace(entry, role=Role.AMENDS) if entry.actor == actor and entry.role is not Role.AMENDS else entry
            for entry in found
        ]
    )


def normalised(
    source: str,
    ticket: str,
    version: int,
    fields: Mapping[str, JSON],
    entries: tuple[Entry, ...],
    *,
    mapping: FieldMapping,
    words: Words,
    before: Known | None = None,
    same_tags: Callable[[Complaint], bool] | None = None,
    vocabulary: Vocabulary | None = None,
) -> Untagged:
    """The complaint that the ordered `entries` and the newest snapshot's `fields` amount to, not tagged yet.

    What an agent said `before` wins and survives. `same_tags` tells whether the tagger that is to come (or none) finds
    in the words of a complaint what that of `before` found in them. Raises RecordError where nothing can be made of the
    ticket.
    """
    folded = fold(entries, words)
    if folded is None:
        raise RecordError(
            "nothing says when this ticket was received.",
            source=source,
            ticket=ticket,
            remedy="Look at its payload: `amends quarantine list`.",
        )
    complaint = normalise(source, ticket, version, fields, folded, mapping)
    told = _told(complaint, entries, mapping)
    if same_tags and before is not None and _reads_alike(complaint, before, told) and same_tags(complaint):
        return Untagged(complaint, entries, folded, told, before, done=True)
    return Untagged(complaint, entries, folded, told, _with_corrections(before, entries, mapping, vocabulary))


def understand(
    source: str,
    ticket: str,
    version: int,
    fields: Mapping[str, JSON],
    entries: tuple[Entry, ...],
    *,
    mapping: FieldMapping,
    words: Words,
    tagger: Tags | None,
    before: Known | None = None,
    vocabulary: Vocabulary | None = None,
) -> Understood:
    """The same, tagged."""
    found = normalised(
        source,
        ticket,
        version,
        fields,
        entries,
        mapping=mapping,
        words=words,
        before=before,
        vocabulary=vocabulary,
    )
    return tagged([found], tagger)[0]


def tagged(these: Sequence[Untagged], tagger: Tags | None, history: History | None = None) -> list[Understood]:
    """Complaints with their tags; several together cost less than one after the other. Where a message is too short to
    tell its language, the person's earlier ones tell it: those of `these`, and what `history` knows of."""
    asked = [one for one in these if not one.done]
    if tagger is None or history is None:
        said = iter(_said(asked, tagger))
    else:
        said = iter(_with_history(asked, tagger, history))
    return [
        Understood(one.complaint, one.entries, one.before.tags, one.folded)
        if one.done and one.before is not None
        else _joined(one, next(said))
        for one in these
    ]


def _with_history(asked: Sequence[Untagged], tagger: Tags | None, history: History) -> list[tuple[Tag, ...] | str]:
    """What is said of each; of what no words told the language, once more with the language that its author writes."""
    said = _said(asked, tagger)
    open_ = [number for number, tags in enumerate(said) if not isinstance(tags, str) and _in_no_language(tags)]
    if not open_:
        return said
    found = history([asked[number].complaint.complainant.key for number in open_])
    known: dict[str, list[Spoken]] = {key: list(these) for key, these in found.items()}
    for one, tags in zip(asked, said, strict=True):
        heard = None if isinstance(tags, str) else spoken(one.complaint, tags)
        if heard is not None:
            known.setdefault(one.complaint.complainant.key, []).append(heard)
    usual = {
        number: language
        for number in open_
        if (language := usual_language(asked[number].complaint, known.get(asked[number].complaint.complainant.key, ())))
    }
    again = _said([asked[number] for number in usual], tagger, list(usual.values()))
    for number, tags in zip(usual, again, strict=True):
        said[number] = tags
    return said


def _in_no_language(tags: Sequence[Tag]) -> bool:
    return any(tag.facet == "language" and tag.author == "default" for tag in tags)


def _said(
    asked: Sequence[Untagged], tagger: Tags | None, usual: Sequence[str | None] | None = None
) -> list[tuple[Tag, ...] | str]:
    """The tags of each, or why it has none."""
    if tagger is None or not asked:
        return [() if one.told is None else (one.told,) for one in asked]
    from connector.tagging import Asked

    try:
        speaks = usual if usual is not None else [None] * len(asked)
        return list(
            tagger.tags_of(
                [
                    Asked(one.complaint, one.told, _language_of(one), their)
                    for one, their in zip(asked, speaks, strict=True)
                ]
            )
        )
    except Exception as error:  # noqa: BLE001  # no complaint may be lost, and no clock stop, over what it is about
        if len(asked) == 1:
            return [type(error).__name__]
        return [
            said
            for number, one in enumerate(asked)
            for said in _said([one], tagger, None if usual is None else [usual[number]])
        ]


def _joined(one: Untagged, said: tuple[Tag, ...] | str) -> Understood:
    """What was said, with the agents' word above it. What was known of a ticket that could not be tagged stays, and its
    problems say so."""
    complaint, known = one.complaint, one.before.tags if one.before else ()
    if isinstance(said, str):
        complaint = replace(complaint, problems=(*complaint.problems, f"{_UNTAGGED}{said}"))
        told = () if one.told is None else (one.told,)
        said = (*told, *(tag for tag in known if one.told is None or tag.facet != one.told.facet))
    agents = tuple(tag for tag in known if tag.author == AGENT) if known else ()
    if agents:
        facets = {tag.facet for tag in agents}
        said = (*agents, *(tag for tag in said if tag.facet not in facets))
    return Understood(complaint, one.entries, said, one.folded)


def _with_corrections(
    before: Known | None, entries: tuple[Entry, ...], mapping: FieldMapping, vocabulary: Vocabulary | None
) -> Known | None:
    """What was known, with what agents said since at the helpdesk; of a facet the newer word counts."""
    said = corrected(entries, vocabulary, mapping) if vocabulary is not None else ()
    if not said:
        return before
    facets = {tag.facet for tag in said}
    kept = tuple(tag for tag in before.tags if tag.facet not in facets) if before is not None else ()
    return Known(before.complaint if before is not None else None, (*said, *kept))


def as_corrected(this: Understood, mapping: FieldMapping, vocabulary: Vocabulary | None) -> Understood:
    """The same with what agents said in its entries."""
    said = corrected(this.entries, vocabulary, mapping) if vocabulary is not None else ()
    facets = {tag.facet for tag in said}
    tags = (*said, *(tag for tag in this.tags if tag.facet not in facets)) if said else this.tags
    return Understood(this.complaint, this.entries, tags, this.folded)


def said_by_agents(this: Understood, before: Sequence[Tag]) -> dict[str, tuple[str, ...]]:
    """What agents say of it, by facet, where that was not known `before`: what a model can learn from."""
    said = _by_agents(this.tags)
    if not said:  # as of nearly all
        return said
    return {facet: values for facet, values in said.items() if values != _by_agents(before).get(facet)}


def _by_agents(tags: Iterable[Tag]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for tag in tags:
        if tag.author == AGENT:
            found[tag.facet] = (*found.get(tag.facet, ()), tag.value)
    return found


def _reads_alike(complaint: Complaint, before: Known, told: Tag | None) -> bool:
    """Whether a tagger has to find the same as `before`: in the same words, beside the same word of the source."""
    was = before.complaint
    if was is None or (
        (complaint.text, complaint.subject, complaint.language, complaint.complainant.language)
        != (was.text, was.subject, was.language, was.complainant.language)
        or left_untagged(was)
    ):
        return False
    # In one loop, without generators: each complaint of a replay passes here.
    said: Tag | None = None
    for tag in before.tags:
        author = tag.author
        if author == AGENT:
            return False
        if said is None and (author[:8] == "mapping:" or tag == _OURS):
            said = tag
    return told == said


def left_untagged(complaint: Complaint) -> bool:
    """Whether the tagger failed on a complaint when it was last asked."""
    return bool(complaint.problems) and any(problem.startswith(_UNTAGGED) for problem in complaint.problems)


def tags_stand(known: Known, entries: tuple[Entry, ...], mapping: FieldMapping) -> bool:
    """Whether a tagger that finds in its words what was found before would give a stored complaint the tags it has."""
    complaint = known.complaint
    return complaint is not None and _reads_alike(complaint, known, _told(complaint, entries, mapping))


def untagged(before: Known, entries: tuple[Entry, ...], *, mapping: FieldMapping, words: Words) -> Untagged:
    """A stored complaint, to be tagged afresh: what to do when only phrases, taxonomy or models changed."""
    folded = fold(entries, words)
    assert folded is not None and before.complaint is not None, "a stored complaint has a timeline"
    told = _told(before.complaint, entries, mapping)
    return Untagged(before.complaint, entries, folded, told, before)


# A corrective ticket speaks of a complaint and is none; taken for one, it would have a corrective ticket opened for it.
# Who opened it does not always tell, for a rule or the project may name another reporter; our marker as a label does.
_MARKER = re.compile(r"am-[a-z2-7]{20}")
_OURS = Tag("complaint", "no", 1.0, "amends")
_RECEIVED = EntryKind.RECEIVED  # each ticket is asked for it
_UNTAGGED = "it could not be tagged: "


def _told(complaint: Complaint, entries: tuple[Entry, ...], mapping: FieldMapping) -> Tag | None:
    """What is known of it without reading its words."""
    ours = _opened_by_us(entries) or _carries_our_marker(complaint.labels)
    return _OURS if ours else complaint_tag(complaint, mapping)


def _carries_our_marker(labels: tuple[str, ...]) -> bool:
    return bool([label for label in labels if label[:3] == "am-" and _MARKER.fullmatch(label)])


def _opened_by_us(entries: tuple[Entry, ...]) -> bool:
    for entry in entries:
        if entry.kind is _RECEIVED:
            return entry.role is Role.AMENDS
    return False


def _language_of(one: Untagged) -> Tag | None:
    """What was found of the very same words before: guessing a language costs more than all other tags."""
    complaint, was = one.complaint, one.before.complaint if one.before is not None else None
    if one.before is None or was is None or (complaint.text, complaint.subject) != (was.text, was.subject):
        return None
    return next((tag for tag in one.before.tags if tag.facet == "language" and tag.author not in _STATED_BY), None)


def understood_again(
    complaint: Complaint,
    entries: tuple[Entry, ...],
    tags: tuple[Tag, ...],
    words: Words,
    promises: Sequence[Promise] = (),
    rulings: Sequence[Ruling] = (),
    kept: Kept | None = None,
) -> Understood:
    """The same from what the store holds, without reading the source's fields again."""
    folded = fold(entries, words)
    assert folded is not None, "a stored complaint has a timeline"
    return Understood(complaint, entries, tags, folded, keeping.settled(promises, rulings), kept)


def promises_of(
    this: Understood,
    rules: Rules,
    mapping: FieldMapping,
    *,
    before: Sequence[Promise] = (),
    searched: Sequence[Entry] = (),
) -> tuple[Promise, ...]:
    """The dates that its customer was given. `before` are those known, found in the `searched` entries by these
    rules."""
    promising = rules.sla.promising
    field_id = mapping.fields.get(f"extra.{promising.field}") if promising is not None else None
    return keeping.given(this.complaint, this.entries, promising, field_id=field_id, before=before, searched=searched)


def with_promises(this: Understood, promises: Sequence[Promise], rulings: Sequence[Ruling]) -> Understood:
    """The same with what was promised, and what people said of it."""
    told = keeping.settled(promises, rulings)
    return replace(this, promises=told) if told or this.promises else this


def counts_in(
    complaint: Complaint,
    tags: Sequence[Tag],
    rules: Rules,
    now: datetime | None = None,
    values: Mapping[str, JSON] | None = None,
) -> Counted | None:
    """Where a complaint counts for trends; with `now`, None for one that is too old to tell of any. `values` are its
    own, where somebody has them at hand."""
    if rules.trends is None or "yes" not in [tag.value for tag in tags if tag.facet == "complaint"]:
        return None
    return counted(complaint, values_of(complaint, tags) if values is None else values, rules.trends, now)


def trend_flags(this: Understood, alive: Sequence[Alive], rules: Rules) -> tuple[Flag, ...]:
    """The trends that a complaint is part of."""
    if not alive:
        return ()
    return speaking.flags(counts_in(this.complaint, this.tags, rules), this.complaint.opened_at, alive)


def clocks_of(
    this: Understood, rules: Rules, now: datetime, values: Mapping[str, JSON] | None = None
) -> tuple[Clock, ...]:
    """Its clocks at `now`; last, what was promised. `values` are its own, where somebody has them at hand."""
    return with_kept(clocks_by_settings(this, rules, now, this.values if values is None else values), this, rules, now)


def clocks_by_settings(this: Understood, rules: Rules, now: datetime, values: Mapping[str, JSON]) -> tuple[Clock, ...]:
    """Its clocks as today's settings alone have them, whatever it was closed with."""
    history = this.folded.history
    found = sla.clocks(this.complaint, history, values, rules.sla, now)
    if this.promises:
        found += keeping.promise_clocks(this.promises, this.complaint, history, rules.sla.promising, now)
    return found


def with_kept(found: tuple[Clock, ...], this: Understood, rules: Rules, now: datetime) -> tuple[Clock, ...]:
    """The clocks that today's settings give it, with those in their place that it was closed with."""
    if this.kept is None:
        return found
    history = this.folded.history
    ruled = [one for one in this.promises if one.ruling is not None] if rules.sla.promising is not None else []
    return closed.joined(
        found,
        this.kept,
        lambda old, clock: _resumed(old, clock, this, rules, now),
        reopened=this.kept.reopened(this.complaint, history),
        anew={f"{PROMISE}#{one.number}" for one in ruled},
    )


def _resumed(old: Clock, clock: Clock, this: Understood, rules: Rules, now: datetime) -> Clock | None:
    """A regulator's deadline and a promise go on by dates alone."""
    if old.kind not in rules.sla.by_kind:
        return closed.still_broken(clock, old)
    again = sla.resumed(old, this.complaint, this.folded.history, this.values, rules.sla, now)
    return None if again is None else again[0]


def closed_before(this: Understood, clocks: Sequence[Clock]) -> Understood:
    """The same where the settings that gave it these `clocks` are no longer in force: what it was closed with stays."""
    return replace(this, kept=closed.kept(this.kept, clocks, this.complaint, this.folded.history))


def figures_of(this: Understood, clocks: Sequence[Clock], flags: Sequence[Flag], rules: Rules) -> Figures | None:
    """What it counts as in reports. Working time is that of the calendar that its clocks go by, else of the first."""
    answer = this.is_complaint
    if answer == "no":
        return None
    return figures(this.complaint, answer, this.tags, this.folded.history, clocks, flags, _hours_of(clocks, rules))


def _hours_of(clocks: Sequence[Clock], rules: Rules) -> Hours | None:
    calendars = rules.sla.calendars
    for clock in clocks:
        if clock.calendar in calendars:
            return calendars[clock.calendar]
    return next(iter(calendars.values()), None)


def clock_flags(clocks: tuple[Clock, ...], rules: Rules, now: datetime) -> tuple[tuple[Flag, ...], datetime | None]:
    """What the clocks alone flag at `now`, and when time alone may change that."""
    return overdue.flags(clocks, rules.sla, now), overdue.next_change(clocks, now)


def worth_a_look(this: Understood, rules: Rules, act_from: datetime, now: datetime) -> bool:
    """Whether a ticket read for the first time may be acted upon or joins a person's recent complaints; most of a long
    history does neither."""
    complaint, resolutions = this.complaint, this.folded.history.resolutions
    if complaint.updated_at >= act_from or (resolutions and (now - resolutions[-1]).days < RESOLVED_LATELY_DAYS):
        return True
    return (now - complaint.opened_at).days < rules.repeats.many_days and this.is_complaint == "yes"


def assess(
    this: Understood,
    earlier: Sequence[Earlier],
    rules: Rules,
    mapping: FieldMapping,
    *,
    salt: str,
    act_from: datetime,
    now: datetime,
    links: Sequence[Link] = (),
    acknowledges: bool = False,
    acks: Sequence[Ack] = (),
    told: Sequence[Told] = (),
    said: Sequence[Answer] = (),
    alive: Sequence[Alive] = (),
    untold: Sequence[Untold] = (),
    led: Callable[[Earlier], frozenset[ActionKind]] = lambda _leading: frozenset(ActionKind),
    known: Container[Decided] = (),
    wordless: bool = False,
) -> Assessment:
    """Its clocks, flags and due actions at `now`. Deterministic: the same stored state and `now` give the same.
    `acknowledges`: its source can tell a customer that their complaint has come. `acks` are the words of people who see
    to it, `told` is what others were told of it, `said` what the customer answered. `alive` are the trends that go on,
    `untold` the corrections of which its customer has not been told. Of a message that came to two places, what
    `led` says is done at the first, and only the rest at its copy. Writes that are `known` are not decided again;
    `wordless` leaves out what notes say, for who only counts them."""
    history, own = this.folded.history, this.values
    clocks = clocks_of(this, rules, now, own)
    handed = handoffs.handoffs(this.entries)
    flags = overdue.flags(clocks, rules.sla, now)
    if earlier or history.reopens:
        flags = (*flags, *repeats(this.complaint, history, this.tags, earlier, rules.repeats, now))
    if said:
        flags = (*flags, *answers.flags(said, history, rules.policy.survey, now))
    flags = (
        *emergencies.flags(this.complaint, this.tags, history.received_at),
        *flags,
        *handoffs.flags(this.complaint, this.tags, handed),
        *_wording_flags(this, rules, max(act_from, now - WORDING_NEWS)),
        *trend_flags(this, alive, rules),
        *correction.untold_flags(untold),
    )
    values = policy_values(
        own,
        clocks,
        flags,
        handoffs=len(handed.changes),
        earlier=len(earlier),
        chasers=chasing(this.complaint, history, this.tags, earlier),
    )
    same = leading(this.complaint, history, this.tags, earlier) if earlier else None
    decided = decision.decide(
        this.complaint,
        history,
        this.tags,
        clocks,
        flags,
        rules.policy,
        values=values,
        translate=lambda change: to_source(mapping, change),
        salt=salt.encode(),
        act_from=act_from,
        now=now,
        links=links,
        place=lambda what, value: placed(mapping, what, value),
        acknowledges=acknowledges,
        hands=hands_of(this, rules, mapping, acks),
        handed=handed,
        told=told,
        copy_of=None if same is None else same.case,
        led=frozenset() if same is None else led(same),
        known=known,
        wordless=wordless,
    )
    later = answers.next_change(said, history, rules.policy.survey, now) if said else None
    times = (decided.look_again_at, overdue.next_change(clocks, now), later)
    again = min((at for at in times if at is not None), default=None)
    return Assessment(clocks, flags, decided.actions, again, decided.copy_of, decided.led)


def _wording_flags(this: Understood, rules: Rules, since: datetime) -> tuple[Flag, ...]:
    lists = rules.policy.wordings
    if not lists:
        return ()
    spoken = next((tag.value for tag in this.tags if tag.facet == "language"), this.complaint.language)
    return wordings.flags(this.entries, lists, spoken, since)


def hands_of(this: Understood, rules: Rules, mapping: FieldMapping, acks: Sequence[Ack]) -> Hands:
    """What tells of people at work on a complaint."""
    return Hands(this.entries, acks, mapping.fields.get("labels", "labels"), rules.policy.ack_tag)


def why_not(
    action: Action,
    this: Understood,
    rules: Rules,
    now: datetime,
    links: Sequence[Link] = (),
    hands: Hands | None = None,
    said: Sequence[Answer] = (),
    alive: Sequence[Alive] = (),
    untold: Sequence[Untold] = (),
) -> str | None:
    """Why an intended write no longer holds, or None. `links` are the complaint's corrective tickets, `hands` tells of
    people at work on it, `said` is what its customer answered; `alive` and `untold` as in `assess`."""
    sections = {ActionKind.SURVEY: rules.policy.survey, ActionKind.ACKNOWLEDGE: rules.policy.acknowledge}
    section = sections.get(action.kind)
    if section is not None and section.when is not None and not section.when.holds(this.values):
        return f"the condition of `{action.kind}` does not hold any more"
    clocks = clocks_of(this, rules, now)
    episodes = {flag.episode for flag in (*trend_flags(this, alive, rules), *correction.untold_flags(untold))}
    history = this.folded.history
    return recheck.unwanted(
        action, this.complaint, history, this.tags, clocks, rules.policy, now, links, hands, said, episodes
    )


def wait_until(action: Action, this: Understood, rules: Rules, now: datetime) -> datetime | None:
    """Until when an intended write has to wait (a survey at night), or None."""
    return recheck.postponed(action, this.complaint, rules.policy, now)
