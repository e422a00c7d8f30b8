"""What people of ours are told outside the helpdesk: the next step of each ladder, and each stage of a complaint; pure.

A notice is an action like any other: frozen in the outbox, sent once, withdrawn when its reason goes. It belongs to the
source CONTACTS, whose adapter is `connector.notify`. Called by `decision`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import msgspec

from connector.model import Action, ActionKind, Effect, Flag, Notice
from connector.policy.case import Case
from connector.policy.contacts import Contact, choose
from connector.policy.keys import action_key, marker
from connector.policy.ladder import Ladder, Rung, standing
from connector.policy.note import body, joined, note
from connector.policy.phrasing import Phrasing
from connector.policy.playbooks import offered
from connector.policy.rules import STAGES, Rule
from connector.policy.stages import Stage, reached
from connector.policy.taken import taken
from connector.wording import instant

CONTACTS = "contacts"  # the source to which notices belong; no source in amends.yaml may be called so
STAGE_RANK = 8


class Telling(msgspec.Struct, frozen=True):
    """The notices that are due now, and when there may be more."""

    actions: tuple[Action, ...] = ()
    look_again_at: datetime | None = None


def notices(case: Case) -> Telling:
    """Who has to be told what, now."""
    if not case.policy.contacts.people:
        return Telling()
    actions: list[Action] = []
    later: list[datetime] = []
    for found in (*_ladders(case), _stages(case)):
        actions += found.actions
        if found.look_again_at is not None:
            later.append(found.look_again_at)
    return Telling(tuple(actions), min(later, default=None))


def offers_of(case: Case) -> tuple[str, str] | None:
    """The playbook that fits, and what may be offered by it."""
    book = case.policy.playbooks.fitting(case.tags, case.values)
    return offered(book) if book is not None else None


def _ladders(case: Case) -> Iterator[Telling]:
    for flag in case.flags:
        if flag.since < case.act_from:
            continue
        for rule in case.speaking(flag):
            ladder = case.policy.ladder_of(rule)
            if ladder is not None:
                yield _ladder(case, rule, ladder, flag)


def _ladder(case: Case, rule: Rule, ladder: Ladder, flag: Flag) -> Telling:
    if taken(case.complaint, case.history, case.hands, flag.since) is not None:
        return Telling()
    found = standing(
        ladder,
        rule.id,
        flag.episode,
        flag.since,
        case.told,
        case.policy.contacts,
        values=case.values,
        language=_language(case),
        now=case.now,
    )
    return Telling(tuple(_rung(case, rule, ladder, flag, one) for one in found.rungs), found.look_again_at)


def _rung(case: Case, rule: Rule, ladder: Ladder, flag: Flag, rung: Rung) -> Action:
    person = rung.chosen.contact
    title, text = ("", "") if case.wordless else _told(case, ladder, flag, rung)
    notice = Notice(contact=person.id, title=title, text=text, since=flag.since, urgent=ladder.at_any_hour)
    why = f"{flag.why} Step {rung.number} of ladder {ladder.name!r}: {rung.target.replace('_', ' ')}."
    return _action(case, rule.id, rung.episode, notice, why, rank=1 if ladder.at_any_hour else rule.rank)


def _told(case: Case, ladder: Ladder, flag: Flag, rung: Rung) -> tuple[str, str]:
    """(title, text) of what a step tells."""
    person = rung.chosen.contact
    phrasing = case.policy.phrasing(*person.languages)
    lines = note(
        case.complaint,
        case.history,
        case.tags,
        case.clock_of(flag),
        flag,
        case.flags,
        zone=person.zone,
        now=case.now,
        clocks=case.clocks,
        handed=case.handed,
        offers=offers_of(case),
        phrasing=phrasing,
    ).splitlines()
    again = rung.number > len(ladder.steps)
    text = [*lines[:-1], phrasing.line("again") if again else "", *_how_to_answer(case, phrasing)]
    return f"{lines[0]} ({case.about})", joined(text)


def _how_to_answer(case: Case, phrasing: Phrasing) -> Iterator[str]:
    if case.complaint.url:
        yield phrasing.line("link", url=case.complaint.url)
    yield phrasing.line("answer", case=case.about)


def _stages(case: Case) -> Telling:
    actions: list[Action] = []
    later: list[datetime] = []
    known = {one.episode for one in case.told if one.rule == STAGES}
    waiting = {
        stage: [target for target in targets if f"{stage}.{target}" not in known]
        for stage, targets in case.policy.stages.items()
    }
    if not any(waiting.values()):
        return Telling()
    for stage, at in reached(case.complaint, case.history, case.hands.entries).items():
        for target in waiting.get(stage, ()) if at >= case.act_from else ():
            episode = f"{stage}.{target}"
            chosen = choose(
                case.policy.contacts,
                target,
                values=case.values,
                now=case.now,
                before=[one.contact for one in case.told],
                language=_language(case),
            )
            if chosen is None:
                continue
            if chosen.at > case.now:
                later.append(chosen.at)
            else:
                actions.append(_stage(case, stage, at, episode, chosen.contact))
    return Telling(tuple(actions), min(later, default=None))


def _stage(case: Case, stage: Stage, at: datetime, episode: str, person: Contact) -> Action:
    title, text = ("", "") if case.wordless else _stage_told(case, stage, person)
    notice = Notice(contact=person.id, title=title, text=text, since=at)
    return _action(case, STAGES, episode, notice, f"It was {stage} {instant(at, case.policy.zone)}.", rank=STAGE_RANK)


def _stage_told(case: Case, stage: Stage, person: Contact) -> tuple[str, str]:
    """(title, text) of what is told of a stage."""
    phrasing = case.policy.phrasing(*person.languages)
    step = phrasing.next_step(stage)
    title = f"{phrasing.headline('stage')} {phrasing.word(stage).capitalize()}. ({case.about})"
    text = joined(
        [
            title,
            *body(
                case.complaint,
                case.history,
                case.tags,
                None,
                case.flags,
                zone=person.zone,
                clocks=case.clocks,
                handed=case.handed,
                offers=offers_of(case),
                phrasing=phrasing,
            ),
            phrasing.line("next", step=step) if step else "",
            *_how_to_answer(case, phrasing),
        ]
    )
    return title, text


def _action(case: Case, rule: str, episode: str, notice: Notice, why: str, *, rank: int) -> Action:
    key = action_key(case.salt, CONTACTS, case.about, rule, episode, ActionKind.NOTIFY)
    return Action(
        key=key,
        marker=marker(key),
        source=CONTACTS,
        ticket=case.about,
        kind=ActionKind.NOTIFY,
        rule=rule,
        episode=episode,
        effect=Effect(notice=notice),
        why=why,
        not_before=case.now,
        rank=rank,
        origin=case.about,
    )


def _language(case: Case) -> str | None:
    found = next((tag.value for tag in case.tags if tag.facet == "language"), case.complaint.language)
    return case.complaint.complainant.language or found
