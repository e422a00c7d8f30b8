"""Whether an intention still holds at the moment it would be sent. Called by `outbox` just before every write.

Between deciding and sending lie minutes or, with approval, days: an answer may have come, a ticket been reopened.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from connector.model import (
    FINISHED,
    Action,
    ActionKind,
    Answer,
    Clock,
    ClockState,
    Complaint,
    FlagKind,
    History,
    Link,
    Status,
    Tag,
)
from connector.policy import acknowledgement, answers, correction
from connector.policy.decision import wanted_tags
from connector.policy.emergencies import FACET, may_be_one
from connector.policy.ladder import BETWEEN
from connector.policy.rules import COPY, DIGEST, STAGES, SURVEY, TAG_BACK, Policy, Rule
from connector.policy.standing import gone, objection
from connector.policy.survey import into_daytime, resolution, unfit
from connector.policy.taken import Hands, taken
from connector.wording import instant

ANSWERED = {
    ClockState.MET: "it was answered in time",
    ClockState.MISSED: "it was answered meanwhile",
    ClockState.CANCELLED: "nobody owes an answer any more",
}
TREND_OVER = "the trend is over, or the complaint is no part of it"
_OVER = {FlagKind.TREND: TREND_OVER, FlagKind.UNTOLD: "the customer was told meanwhile"}

# What has happened stays true; whether an unhappy customer was seen to is asked before.
_LASTING = (FlagKind.REPEAT, FlagKind.HANDOFFS, FlagKind.WORDING, FlagKind.UNHAPPY)


def unwanted(
    action: Action,
    complaint: Complaint,
    history: History,
    tags: Sequence[Tag],
    clocks: Sequence[Clock],
    policy: Policy,
    now: datetime,
    links: Sequence[Link] = (),
    hands: Hands | None = None,
    said: Sequence[Answer] = (),
    episodes: Collection[str] = (),
) -> str | None:
    """Why `action` should not be sent any more, in words; None if it still holds. What is unwanted is dropped for
    good; see `postponed` for what only has to wait. `episodes` are those of the trends and corrections that the
    complaint is flagged for now."""
    if action.kind is ActionKind.UNDO:
        return None  # a person wants it, and what has changed since stays anyway
    against = _objection(action, complaint, tags, policy)
    if against is not None:
        return against
    if action.not_after is not None and now > action.not_after:
        return f"its time ended {instant(action.not_after, policy.zone)}"
    if action.kind is ActionKind.SURVEY:
        return _survey(action, history, tags, policy)
    if action.kind is ActionKind.ACKNOWLEDGE:
        return acknowledgement.unwanted(history) if policy.acknowledge else "acknowledgements were switched off"
    if action.rule == TAG_BACK:
        return _tags(action, complaint, tags, policy)
    if action.kind in (ActionKind.CORRECT, ActionKind.LINK):
        return _correction(action, complaint, links, policy, episodes)
    if action.kind is ActionKind.NOTIFY:
        return _notice(action, complaint, history, tags, clocks, policy, now, hands or Hands(), said, episodes)
    rule = policy.rule(action.rule)
    if rule is None:
        return f"there is no rule {action.rule!r} any more"
    return _unhappy(action.episode, rule, said, history, policy, now) or _flagged(
        action.episode, rule, complaint, tags, clocks, now, episodes
    )


def _unhappy(
    episode: str, rule: Rule, said: Sequence[Answer], history: History, policy: Policy, now: datetime
) -> str | None:
    if rule.on is not FlagKind.UNHAPPY:
        return None
    standing = {flag.episode for flag in answers.flags(said, history, policy.survey, now)}
    return None if episode in standing else "somebody has seen to it since"


def _objection(action: Action, complaint: Complaint, tags: Sequence[Tag], policy: Policy) -> str | None:
    everybody = (
        action.kind is ActionKind.ACKNOWLEDGE and policy.acknowledge is not None and policy.acknowledge.everybody
    )
    rule = policy.rule(action.rule)
    if rule is not None and rule.on is FlagKind.EMERGENCY and may_be_one(complaint, tags):
        return None
    return gone(complaint) if everybody else objection(complaint, tags)


def _notice(
    action: Action,
    complaint: Complaint,
    history: History,
    tags: Sequence[Tag],
    clocks: Sequence[Clock],
    policy: Policy,
    now: datetime,
    hands: Hands,
    said: Sequence[Answer],
    episodes: Collection[str],
) -> str | None:
    notice = action.effect.notice
    if notice is None or policy.contacts.get(notice.contact) is None:
        return "whoever was to be told is no contact any more"
    if action.rule in (STAGES, DIGEST):
        return None
    rule = policy.rule(action.rule)
    if rule is None or policy.ladder_of(rule) is None:
        return f"rule {action.rule!r} tells nobody any more"
    by = taken(complaint, history, hands, notice.since)
    if by is not None:
        return by.how
    episode = action.episode.partition(BETWEEN)[0]
    return _unhappy(episode, rule, said, history, policy, now) or _flagged(
        episode, rule, complaint, tags, clocks, now, episodes
    )


def postponed(action: Action, complaint: Complaint, policy: Policy, now: datetime) -> datetime | None:
    """When `action` may be sent at the earliest where now is too early: before its time, or, for a survey that was
    held up, in the customer's night. None if it may go now."""
    if now < action.not_before:
        return action.not_before
    if action.kind is ActionKind.SURVEY and policy.survey is not None:
        morning = into_daytime(complaint, now, policy.survey)
        return morning if morning > now else None
    return None


def _survey(action: Action, history: History, tags: Sequence[Tag], policy: Policy) -> str | None:
    ended = resolution(history)
    if policy.survey is None or action.rule != SURVEY:
        return "surveys were switched off"
    if ended is None:
        return "the complaint was reopened"
    if ended.episode != action.episode:
        return "the complaint was reopened and resolved anew"
    return unfit(history, tags, ended)


def _tags(action: Action, complaint: Complaint, tags: Sequence[Tag], policy: Policy) -> str | None:
    if policy.tag_back is None:
        return "tags are not written back any more"
    if "+".join(wanted_tags(policy.tag_back, tags)) != action.episode:
        return "what was found has changed"
    only_tags = not (action.effect.fill or action.effect.fields)
    return "the tags are there" if only_tags and set(action.effect.tags) <= set(complaint.labels) else None


def _correction(
    action: Action, complaint: Complaint, links: Sequence[Link], policy: Policy, episodes: Collection[str]
) -> str | None:
    if action.rule == COPY:
        return "the ticket takes no more notes" if complaint.status in FINISHED else None
    rule = policy.correction(action.rule)
    if rule is None:
        return f"there is no correction {action.rule!r} any more"
    if action.kind is ActionKind.CORRECT:
        if rule.at != action.source:
            return f"corrections of {action.rule!r} go to {rule.at} by now"
        # One that a person asked for by the same rule has an episode of its own, and stands.
        of_trend = action.episode.startswith(f"{FlagKind.TREND}#")
        return TREND_OVER if of_trend and action.episode not in episodes else None
    if complaint.status is Status.CLOSED:
        return "the ticket is closed and takes no more notes"
    told = {correction.episode(link, step) for link in links for step, _ in correction.due_steps(link)}
    return None if action.episode in told else "the other ticket was taken up again"


def _flagged(
    episode: str,
    rule: Rule,
    complaint: Complaint,
    tags: Sequence[Tag],
    clocks: Sequence[Clock],
    now: datetime,
    episodes: Collection[str],
) -> str | None:
    """Why the flag that the rule spoke of is over; None while it lasts."""
    if rule.on is FlagKind.EMERGENCY:
        if complaint.status in FINISHED:
            return f"the ticket is {complaint.status}"
        there = any(tag.facet == FACET and tag.value == episode for tag in tags)
        return None if there else "it is not taken for an emergency any more"
    if rule.on in _LASTING:
        return None
    if rule.on in _OVER:
        return None if episode in episodes else _OVER[rule.on]
    clock = next((clock for clock in clocks if f"{clock.kind}#{clock.cycle}" == episode), None)
    if clock is None:
        return "no target applies any more"
    if clock.state in ANSWERED:
        return ANSWERED[clock.state]
    return _warning(clock, now) if rule.on is FlagKind.DUE_SOON else _breach(clock)


def _warning(clock: Clock, now: datetime) -> str | None:
    if clock.state is ClockState.BREACHED:
        return "it is overdue by now, of which other rules speak"
    if clock.state is ClockState.PAUSED:
        return "the clock stands still"
    return "it is not due soon any more" if clock.warn_at is None or now < clock.warn_at else None


def _breach(clock: Clock) -> str | None:
    return None if clock.state is ClockState.BREACHED else "it is not overdue any more"
