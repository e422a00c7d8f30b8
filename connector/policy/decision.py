"""Which writes follow from a complaint's flags, tags and resolution under the policy. Called by every sweep.

Pure: the same facts give the same keys, so deciding again adds nothing that the outbox does not already hold. What
happened before `act_from` (when Amends was switched on for the source) is never acted upon, or the first sync of a
long history would flood the helpdesk.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache

import msgspec
from msgspec.structs import replace

from connector.model import (
    FINISHED,
    JSON,
    Action,
    ActionKind,
    Clock,
    Complaint,
    Effect,
    Flag,
    FlagKind,
    History,
    Link,
    Priority,
    Status,
    Tag,
)
from connector.policy import acknowledgement, copies, correction, telling
from connector.policy.case import Case as _Case
from connector.policy.case import Decided, Place, Translate, speaks
from connector.policy.handoffs import Handoffs
from connector.policy.keys import action_key, marker
from connector.policy.ladder import Told
from connector.policy.note import note
from connector.policy.rules import ACKNOWLEDGE, COPY, SURVEY, TAG_BACK, Correction, Policy, Rule, TagBack
from connector.policy.standing import gone, objection
from connector.policy.survey import LINK, resolution, unfit, window
from connector.policy.taken import Hands
from connector.wording import instant


def nowhere(_what: str, _value: JSON) -> dict[str, JSON]:
    """No finding has a field of its own at the source."""
    return {}


LONGEST_TAG = 60
_NOT_A_TAG = re.compile(r"[^a-z0-9]+")
_PRIORITIES = list(Priority)


class Decision(msgspec.Struct, frozen=True):
    """What should be written, lower rank first. `look_again_at` is the next instant at which one of the actions falls
    due; `skipped` says in words what was weighed and left out, `copy_of` in whose favour, and `led` which kinds."""

    actions: tuple[Action, ...] = ()
    look_again_at: datetime | None = None
    skipped: tuple[str, ...] = ()
    copy_of: str | None = None
    led: frozenset[ActionKind] = frozenset()


def decide(
    complaint: Complaint,
    history: History,
    tags: Sequence[Tag],
    clocks: Sequence[Clock],
    flags: Sequence[Flag],
    policy: Policy,
    *,
    values: Mapping[str, JSON],
    translate: Translate,
    salt: bytes,
    act_from: datetime,
    now: datetime,
    links: Sequence[Link] = (),
    place: Place = nowhere,
    acknowledges: bool = False,
    hands: Hands | None = None,
    handed: Handoffs | None = None,
    told: Sequence[Told] = (),
    copy_of: str | None = None,
    led: frozenset[ActionKind] = frozenset(ActionKind),
    known: Container[Decided] = (),
    wordless: bool = False,
) -> Decision:
    """The actions for one complaint as of `now`. `links` are the corrective tickets that were opened for it;
    `acknowledges` says that its source can tell a customer that their complaint has come. `hands` tells of people at
    work on it, `handed` how often it was handed on, `told` which people of ours were told of it. `copy_of` names the
    complaint that is the same message: what is `led` is done there (`copies.led`), and here the rest and whatever
    cannot wait. What is `known` is not told again; `wordless` leaves out what the notes say.

    `place` says into which field of the source a finding goes ("tag.<facet>", "flag.<kind>", "survey", "tags"), {} for
    none of its own; a finding's field is filled where it is empty, and an agent's value stays.

    `values` is what conditions see; `translate` turns complaint words into the source's field ids and values (it is
    called with what a rule's `fields` says, and may raise SettingsError); `salt` is the installation's own.
    """
    case = _Case(
        complaint,
        history,
        tags,
        clocks,
        flags,
        links,
        policy,
        values,
        translate,
        place,
        salt,
        act_from,
        now,
        hands or Hands(),
        handed or Handoffs(),
        told,
        known,
        wordless,
    )
    against = objection(complaint, tags)
    same = copy_of if against is None and led else None
    left = led if same is not None else frozenset()
    wanted: list[Action] = list(_acknowledgement(case)) if acknowledges and ActionKind.ACKNOWLEDGE not in left else []
    skipped: tuple[str, ...] = () if against is None else (against,)
    # An emergency is told even where it is not certain that this is a complaint, and at every place it came to.
    urgent = replace(case, flags=[flag for flag in flags if flag.kind is FlagKind.EMERGENCY])
    if against is None:
        survey, skipped = _survey(case) if ActionKind.SURVEY not in left else ([], ())
        wanted += (*survey, *(_tag_back(case) if ActionKind.TAG not in left else ()))
    if same is not None:
        skipped = (copies.dealt_with(same), *skipped)
        wanted += _pointing(case, same) if ActionKind.ESCALATE in left else ()
    elif against is None:
        wanted += (*_corrections(case), *_links(case))
    escalations = _escalations(case if against is None else urgent)
    wanted += (one for one in escalations if one.kind not in left or copies.urgent(one, policy))
    people = telling.notices(case if against is None and same is None else urgent)
    wanted += (one for one in people.actions if same is None or one.rule not in copies.SILENT)
    actions = sorted((action for action in wanted if action.key), key=lambda action: action.rank)
    later = [action.not_before for action in wanted if action.not_before > now]
    if people.look_again_at is not None:
        later.append(people.look_again_at)
    return Decision(tuple(actions), min(later, default=None), skipped, same, left)


def wanted_tags(settings: TagBack, tags: Iterable[Tag]) -> tuple[str, ...]:
    """The tags that say what we found, sorted: lower case, with "_" for whatever is neither letter nor digit."""
    return tuple(
        sorted({tag_name(f"{settings.prefix}{tag.facet}_{tag.value}") for tag in tags if tag.facet in settings.facets})
    )


@lru_cache(maxsize=1024)  # the same few findings are named for every complaint
def tag_name(text: str) -> str:
    """A text as a helpdesk's tag: lower case, with "_" for whatever is neither letter nor digit."""
    return _NOT_A_TAG.sub("_", text.lower()).strip("_")[:LONGEST_TAG]


def _escalations(case: _Case) -> Iterator[Action]:
    for flag in case.flags:
        if _is_past(case, flag):
            continue
        for rule in case.speaking(flag):
            if (rule.id, flag.episode, rule.kind) in case.known:
                continue
            effect = _effect(case, rule, flag)
            if effect != Effect():
                yield _action(case, rule.kind, rule.id, flag.episode, effect, flag.why, flag.since, rank=rule.rank)


def _corrections(case: _Case) -> Iterator[Action]:
    for rule in case.policy.corrections:
        if rule.on is None:
            if (rule.id, correction.FOR_EVERY, ActionKind.CORRECT) in case.known:
                continue
            if case.complaint.opened_at >= case.act_from and rule.when is not None and rule.when.holds(case.values):
                why = f"Rule {rule.id!r} holds for this complaint."
                yield _correction(case, rule, None, correction.FOR_EVERY, why, case.complaint.opened_at)
            continue
        for flag in case.flags:
            if (rule.id, flag.episode, ActionKind.CORRECT) in case.known:
                continue
            if not _is_past(case, flag) and speaks(rule, flag, case.values) and _leads(case, flag):
                yield _correction(case, rule, flag, flag.episode, flag.why, flag.since)


def _is_past(case: _Case, flag: Flag) -> bool:
    """Whether it happened before we were switched on; of a trend that was found since, whether the complaint did."""
    return flag.since < case.act_from or (flag.kind is FlagKind.TREND and case.complaint.opened_at < case.act_from)


def _leads(case: _Case, flag: Flag) -> bool:
    """Of the complaints in a trend, one speaks for all: one cause, one ticket."""
    return flag.kind is not FlagKind.TREND or flag.cases == (f"{case.complaint.source}/{case.complaint.ticket}",)


def _correction(
    case: _Case, rule: Correction, flag: Flag | None, episode: str, why: str, not_before: datetime
) -> Action:
    return correction.opening(
        case.complaint,
        case.history,
        case.tags,
        rule,
        flag,
        correction.Reason(episode, why, not_before),
        salt=case.salt,
        zone=case.policy.zone,
        now=case.now,
    )


def _links(case: _Case) -> Iterator[Action]:
    """What the complaint's own ticket is told. A closed one takes no notes; its timeline here has the news all the
    same."""
    if case.complaint.status is Status.CLOSED:
        return
    for link in case.links:
        rule = case.policy.correction(link.rule)
        if rule is None or not rule.tell:
            continue
        for step, at in correction.due_steps(link):
            yield _action(
                case,
                ActionKind.LINK,
                link.rule,
                correction.episode(link, step),
                Effect(note=correction.words(link, step, zone=case.policy.zone)),
                f"{link.key} at {link.source} was {step}.",
                at,
                rank=rule.rank,
            )


def _pointing(case: _Case, same: str) -> Iterator[Action]:
    """The note that sends whoever reads the copy to the ticket where the message is dealt with."""
    at = case.complaint.opened_at
    told = (COPY, same, ActionKind.LINK) in case.known
    if case.complaint.status not in FINISHED and at >= case.act_from and not told:
        text = copies.note(same)
        yield _action(case, ActionKind.LINK, COPY, same, Effect(note=text), text, at, rank=copies.RANK)


def _effect(case: _Case, rule: Rule, flag: Flag) -> Effect:
    """What the rule adds to the ticket as it is; nothing where a rule that only tags finds its tags there."""
    fields = {
        name: value for name, value in rule.fields.items() if name != "priority" or _raises(case.complaint, value)
    }
    text = None
    if rule.writes_note and case.wordless:
        text = ""
    elif rule.writes_note:
        text = note(
            case.complaint,
            case.history,
            case.tags,
            case.clock_of(flag),
            flag,
            case.flags,
            zone=case.policy.zone,
            now=case.now,
            clocks=case.clocks,
            handed=case.handed,
            offers=telling.offers_of(case),
            phrasing=case.policy.phrasing(case.policy.language),
        )
    tags, tagged = _tags(case, _missing(case.complaint, rule.tags))
    return Effect(
        note=text,
        tags=tags,
        fields={**tagged, **(case.translate(fields) if fields else {})},
        fill=case.place(f"flag.{flag.kind}", flag.kind.value),
    )


def _tags(case: _Case, tags: tuple[str, ...]) -> tuple[tuple[str, ...], dict[str, JSON]]:
    """(tags, fields): tags go where the source keeps labels, unless the mapping has another field for them."""
    elsewhere = case.place("tags", list(tags)) if tags else {}
    return ((), elsewhere) if elsewhere else (tags, {})


def _raises(complaint: Complaint, value: JSON) -> bool:
    if complaint.priority is None:
        return True
    return _PRIORITIES.index(Priority(value)) > _PRIORITIES.index(complaint.priority)


def _missing(complaint: Complaint, tags: Iterable[str]) -> tuple[str, ...]:
    return tuple(tag for tag in tags if tag not in complaint.labels)


def _acknowledgement(case: _Case) -> Iterator[Action]:
    settings, history = case.policy.acknowledge, case.history
    against = gone(case.complaint) if settings and settings.everybody else objection(case.complaint, case.tags)
    if (
        settings is None
        or against is not None
        or history.received_at < case.act_from
        or acknowledgement.unwanted(history) is not None
        or case.complaint.complainant.trust not in (None, "verified")
        or (settings.when is not None and not settings.when.holds(case.values))
    ):
        return
    last = acknowledgement.last_moment(history, settings)
    if case.now > last or (ACKNOWLEDGE, acknowledgement.EPISODE, ActionKind.ACKNOWLEDGE) in case.known:
        return
    yield _action(
        case,
        ActionKind.ACKNOWLEDGE,
        ACKNOWLEDGE,
        acknowledgement.EPISODE,
        Effect(messages=settings.messages(_spoken(case)), contact=_reachable(case)),
        f"It was received {instant(history.received_at, case.policy.zone)}.",
        history.received_at,
        not_after=last,
        rank=settings.rank,
    )


def _reachable(case: _Case) -> str | None:
    """How the customer can reach a person: the line of the section, else that of contacts.yaml."""
    settings = case.policy.acknowledge
    return (settings.contact if settings else None) or case.policy.contacts.line_for(_spoken(case))


def _survey(case: _Case) -> tuple[list[Action], tuple[str, ...]]:
    settings, ended = case.policy.survey, resolution(case.history)
    if settings is None or ended is None or ended.at < case.act_from:
        return [], ()
    if settings.when is not None and not settings.when.holds(case.values):
        return [], ()
    if case.complaint.complainant.trust not in (None, "verified"):
        return [], (f"no survey for {ended.episode}: it is not certain who wrote",)
    why_not = unfit(case.history, case.tags, ended)
    if why_not is not None:
        return [], (f"no survey for {ended.episode}: {why_not}",)
    allowed = window(case.complaint, ended.at, settings)
    if allowed is None:
        hours = f"{settings.after_hours} to {settings.before_hours} hours"
        return [], (f"no survey for {ended.episode}: the customer has no daytime {hours} after it",)
    first, last = allowed
    if case.now > last:
        return [], (f"no survey for {ended.episode} any more: its time ended {instant(last, settings.zone)}",)
    if (SURVEY, ended.episode, ActionKind.SURVEY) in case.known:
        return [_unsaid(case, ActionKind.SURVEY, SURVEY, ended.episode, first)], ()
    asked = case.place("survey", "due")
    tags, tagged = ((), asked) if asked else _tags(case, settings.tags)
    link = case.place("survey_link", LINK) if settings.page is not None else {}
    fields = {**tagged, **(case.translate(settings.fields) if settings.fields else {}), **link}
    effect = Effect(tags=tags, fields=fields, contact=case.policy.contacts.line_for(_spoken(case)))
    why = f"The complaint was resolved {instant(ended.at, settings.zone)}."
    action = _action(
        case, ActionKind.SURVEY, SURVEY, ended.episode, effect, why, first, not_after=last, rank=settings.rank
    )
    return [action], ()


def _tag_back(case: _Case) -> Iterator[Action]:
    settings = case.policy.tag_back
    if settings is None or case.complaint.updated_at < case.act_from:
        return
    wanted = wanted_tags(settings, case.tags)
    # The episode is the whole finding, so a tag that a person takes off again is not put back.
    episode = "+".join(wanted)
    if (TAG_BACK, episode, ActionKind.TAG) in case.known:
        yield _unsaid(case, ActionKind.TAG, TAG_BACK, episode, case.complaint.updated_at)
        return
    fill = _filled(case, settings)
    own = {tag.facet for tag in case.tags if case.place(f"tag.{tag.facet}", tag.value)}
    missing = _missing(case.complaint, wanted_tags(settings, (tag for tag in case.tags if tag.facet not in own)))
    tags, tagged = _tags(case, missing)
    if tags or tagged or fill:
        yield _action(
            case,
            ActionKind.TAG,
            TAG_BACK,
            episode,
            Effect(tags=tags, fields=tagged, fill=fill),
            "What Amends found out about the complaint.",
            case.complaint.updated_at,
            rank=settings.rank,
        )


def _filled(case: _Case, settings: TagBack) -> dict[str, JSON]:
    """The fields of their own that findings have at the source."""
    fill: dict[str, JSON] = {}
    for tag in case.tags:
        if tag.facet in settings.facets:
            fill |= case.place(f"tag.{tag.facet}", tag.value)
    return fill


def _action(
    case: _Case,
    kind: ActionKind,
    rule: str,
    episode: str,
    effect: Effect,
    why: str,
    not_before: datetime,
    *,
    not_after: datetime | None = None,
    rank: int,
) -> Action:
    source, ticket = case.complaint.source, case.complaint.ticket
    key = action_key(case.salt, source, ticket, rule, episode, kind)
    return Action(
        key=key,
        marker=marker(key),
        source=source,
        ticket=ticket,
        kind=kind,
        rule=rule,
        episode=episode,
        effect=effect,
        why=why,
        not_before=not_before,
        not_after=not_after,
        rank=rank,
        language=_spoken(case) if kind in (ActionKind.SURVEY, ActionKind.ACKNOWLEDGE) else None,
    )


def _unsaid(case: _Case, kind: ActionKind, rule: str, episode: str, not_before: datetime) -> Action:
    """A write that is known. Without a key, for it is not decided again: only its time counts, for the next look."""
    about = case.complaint
    return Action("", "", about.source, about.ticket, kind, rule, episode, Effect(), "", not_before)


def _spoken(case: _Case) -> str | None:
    """The language that the customer is known to speak, else that of the complaint."""
    found = next((tag.value for tag in case.tags if tag.facet == "language"), case.complaint.language)
    return case.complaint.complainant.language or found
