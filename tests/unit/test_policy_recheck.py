"""Intentions asked again just before they are sent."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from connector.model import (
    JSON,
    Action,
    ActionKind,
    Clock,
    ClockState,
    Complainant,
    Complaint,
    Effect,
    FlagKind,
    History,
    Spell,
    Status,
    Tag,
)
from connector.policy.recheck import postponed, unwanted
from connector.policy.rules import Policy, Rule, Survey, TagBack

NOW = datetime(2026, 6, 2, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
COMPLAINT = Tag("complaint", "yes", 0.9, "rule")
DELIVERY = Tag("category", "delivery", 0.9, "rule")
POLICY = Policy(
    (Rule("overdue", FlagKind.OVERDUE), Rule("soon", FlagKind.DUE_SOON), Rule("repeat", FlagKind.REPEAT)),
    Survey(tags=("ask",), zone="Europe/London"),
    TagBack(facets=("category",)),
)
CLOCK = Clock(
    "first_reply", 1, ClockState.BREACHED, NOW - DAY, 14_400, 18_000, "First reply", "support", warn_at=NOW - HOUR
)


def intended(kind: ActionKind, rule: str, episode: str, **more: JSON) -> Action:
    effect = Effect(tags=("amends_category_delivery",))
    return Action("key", "am-x", "shop", "7", kind, rule, episode, effect, "why", NOW - HOUR, **more)


ESCALATION = intended(ActionKind.ESCALATE, "overdue", "first_reply#1")
WARNING = intended(ActionKind.ESCALATE, "soon", "first_reply#1")
REPEAT = intended(ActionKind.ESCALATE, "repeat", "many#2026-06-02")
SURVEY = intended(ActionKind.SURVEY, "survey", "resolution#1", not_after=NOW + DAY)
TAGGING = intended(ActionKind.TAG, "tag_back", "amends_category_delivery")
ALL = (ESCALATION, WARNING, REPEAT, SURVEY, TAGGING)


def complaint(**more: JSON) -> Complaint:
    person = Complainant("mail:ann@example.org", verified=True, time_zone="Europe/London")
    return replace(Complaint("shop", "7", 1, "late", "late", person, Status.OPEN, NOW - DAY, NOW), **more)


RESOLVED = History(NOW - 9 * DAY, (Spell(Status.RESOLVED, NOW - 25 * HOUR, None),), resolutions=(NOW - 25 * HOUR,))


def against(
    action: Action,
    *,
    about: Complaint | None = None,
    story: History = RESOLVED,
    tags: tuple[Tag, ...] = (COMPLAINT, DELIVERY),
    clock: Clock | None = CLOCK,
    policy: Policy = POLICY,
    now: datetime = NOW,
) -> str | None:
    clocks = () if clock is None else (clock,)
    return unwanted(action, about or complaint(), story, tags, clocks, policy, now)


def test_what_still_holds_is_sent() -> None:
    assert against(ESCALATION) is None
    assert against(WARNING, clock=replace(CLOCK, state=ClockState.RUNNING)) is None
    assert against(REPEAT) is None
    assert against(SURVEY) is None
    assert against(TAGGING) is None


@pytest.mark.parametrize("action", ALL, ids=lambda action: action.rule)
@pytest.mark.parametrize(
    ("about", "tags", "says"),
    [
        (complaint(merged_into="8"), (COMPLAINT, DELIVERY), "merged into 8"),
        (complaint(status=Status.DELETED), (COMPLAINT, DELIVERY), "deleted"),
        (complaint(status=Status.WITHDRAWN), (COMPLAINT, DELIVERY), "withdrawn"),
        (complaint(), (Tag("complaint", "no", 1, "agent"), DELIVERY), "not known to be a complaint"),
    ],
)
def test_nothing_is_sent_to_a_ticket_that_is_gone_or_no_complaint(
    action: Action, about: Complaint, tags: tuple[Tag, ...], says: str
) -> None:
    assert says in str(against(action, about=about, tags=tags))


@pytest.mark.parametrize(
    ("state", "says"),
    [
        (ClockState.MET, "answered in time"),
        (ClockState.MISSED, "answered meanwhile"),
        (ClockState.CANCELLED, "nobody owes"),
        (ClockState.RUNNING, "not overdue any more"),
        (ClockState.PAUSED, "not overdue any more"),
    ],
)
def test_an_escalation_is_dropped_once_the_breach_is_over(state: ClockState, says: str) -> None:
    assert says in str(against(ESCALATION, clock=replace(CLOCK, state=state)))


def test_an_escalation_without_its_clock_or_rule_is_dropped() -> None:
    assert against(ESCALATION, clock=None) == "no target applies any more"
    assert against(ESCALATION, clock=replace(CLOCK, cycle=2)) == "no target applies any more"
    assert "no rule 'overdue'" in str(against(ESCALATION, policy=Policy()))


def test_a_warning_is_dropped_when_it_is_no_longer_one() -> None:
    running = replace(CLOCK, state=ClockState.RUNNING)
    assert "other rules" in str(against(WARNING, clock=CLOCK))
    assert "stands still" in str(against(WARNING, clock=replace(CLOCK, state=ClockState.PAUSED)))
    assert "not due soon" in str(against(WARNING, clock=replace(running, warn_at=NOW + HOUR)))
    assert "in time" in str(against(WARNING, clock=replace(CLOCK, state=ClockState.MET)))


def test_a_survey_is_dropped_after_a_reopening_even_if_resolved_again() -> None:
    reopened = History(
        NOW - 9 * DAY, (Spell(Status.OPEN, NOW, None),), resolutions=(NOW - 25 * HOUR,), reopens=(NOW - HOUR,)
    )
    assert against(SURVEY, story=reopened) == "the complaint was reopened"
    anew = replace(reopened, spells=(Spell(Status.RESOLVED, NOW, None),), resolutions=(NOW - 25 * HOUR, NOW))
    assert "resolved anew" in str(against(SURVEY, story=anew))
    assert against(SURVEY, policy=Policy()) == "surveys were switched off"


def test_a_survey_is_never_sent_after_its_time() -> None:
    assert against(SURVEY, now=NOW + DAY) is None
    assert "its time ended" in str(against(SURVEY, now=NOW + DAY + timedelta(seconds=1)))


def test_tags_are_not_written_when_they_are_there_or_when_the_finding_changed() -> None:
    assert against(TAGGING, about=complaint(labels=("amends_category_delivery",))) == "the tags are there"
    assert "has changed" in str(against(TAGGING, tags=(COMPLAINT, Tag("category", "payment", 1, "agent"))))
    assert "not written back" in str(against(TAGGING, policy=Policy()))


def test_a_survey_that_was_held_up_until_night_waits_for_the_customers_morning() -> None:
    late = datetime(2026, 6, 2, 21, 30, tzinfo=UTC)
    assert postponed(SURVEY, complaint(), POLICY, late) == datetime(2026, 6, 3, 8, tzinfo=UTC)
    assert postponed(SURVEY, complaint(), POLICY, NOW) is None
    assert postponed(SURVEY, complaint(), POLICY, NOW - 2 * HOUR) == SURVEY.not_before
    assert postponed(ESCALATION, complaint(), POLICY, late) is None
