"""Which writes follow from flags, tags and resolutions, and which never do."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from connector.errors import SettingsError
from connector.model import (
    JSON,
    Action,
    ActionKind,
    Clock,
    ClockState,
    Complainant,
    Complaint,
    Effect,
    Flag,
    FlagKind,
    History,
    Priority,
    Spell,
    Status,
    Tag,
)
from connector.policy.decision import Decision, Place, decide, nowhere
from connector.policy.keys import action_key, marker
from connector.policy.rules import Policy, Rule, Survey, TagBack

NOW = datetime(2026, 6, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
COMPLAINT = Tag("complaint", "yes", 0.9, "rule")
OVERDUE = Flag(FlagKind.OVERDUE, "First reply", "first_reply#1", NOW - HOUR, "The first reply was due.")
SOON = Flag(FlagKind.DUE_SOON, "Resolution", "resolution#1", NOW - HOUR, "The resolution is due.")
REPEAT = Flag(FlagKind.REPEAT, "same_matter", "same_matter#2026-06-02", NOW, "Back again.", ("shop/3", "shop/7"))
ESCALATE = Rule("overdue", FlagKind.OVERDUE, tags=("amends_overdue",), fields={"priority": "high"}, rank=1)


class Says:
    def __init__(self, name: str, value: str) -> None:
        self.text, self.name, self.value = f'{name} == "{value}"', name, value

    def holds(self, values: Mapping[str, JSON]) -> bool:
        return bool(values.get(self.name) == self.value)


def complaint(**more: JSON) -> Complaint:
    person = Complainant("mail:ann@example.org", verified=True, time_zone="Europe/London")
    opened = NOW - DAY
    return replace(Complaint("shop", "7", 1, "late", "late", person, Status.OPEN, opened, NOW), **more)


def history(status: Status = Status.OPEN, **more: JSON) -> History:
    return replace(History(NOW - DAY, (Spell(status, NOW - DAY, None),)), **more)


def resolved(at: datetime) -> History:
    return History(NOW - 9 * DAY, (Spell(Status.RESOLVED, at, None),), resolutions=(at,))


def decided(
    policy: Policy,
    *flags: Flag,
    about: Complaint | None = None,
    story: History | None = None,
    tags: tuple[Tag, ...] = (COMPLAINT,),
    clocks: tuple[Clock, ...] = (),
    values: Mapping[str, JSON] | None = None,
    act_from: datetime = NOW - 30 * DAY,
    now: datetime = NOW,
    place: Place = nowhere,
) -> Decision:
    return decide(
        about or complaint(),
        story or history(),
        tags,
        clocks,
        flags,
        policy,
        values=values or {},
        translate=lambda fields: {f"custom:{name}": value for name, value in fields.items()},
        salt=b"salt",
        act_from=act_from,
        now=now,
        place=place,
    )


def kinds(decision: Decision) -> list[tuple[ActionKind, str, str]]:
    return [(action.kind, action.rule, action.episode) for action in decision.actions]


def one(decision: Decision) -> Action:
    (action,) = decision.actions
    return action


def test_a_breach_becomes_one_escalation_with_note_tag_and_the_sources_own_fields() -> None:
    action = one(decided(Policy((ESCALATE,)), OVERDUE))
    assert (action.kind, action.rule, action.episode) == (ActionKind.ESCALATE, "overdue", "first_reply#1")
    assert action.effect.tags == ("amends_overdue",)
    assert action.effect.fields == {"custom:priority": "high"}
    assert action.effect.note is not None
    assert "The first reply was due." in action.effect.note
    assert (action.why, action.not_before, action.rank) == (OVERDUE.why, OVERDUE.since, 1)


def test_deciding_again_gives_the_same_key_and_another_life_gives_another() -> None:
    policy = Policy((ESCALATE,))
    first = one(decided(policy, OVERDUE))
    later = one(decided(policy, OVERDUE, now=NOW + 5 * DAY))
    second_life = one(decided(policy, replace(OVERDUE, episode="first_reply#2")))
    elsewhere = one(decided(policy, OVERDUE, about=complaint(ticket="8")))
    renamed = one(decided(Policy((replace(ESCALATE, id="other"),)), OVERDUE))
    assert first.key == later.key
    assert len({action.key for action in (first, second_life, elsewhere, renamed)}) == 4


def test_warning_and_breach_are_escalated_each_by_its_own_rule() -> None:
    policy = Policy((ESCALATE, Rule("soon", FlagKind.DUE_SOON, rank=2), Rule("repeat", FlagKind.REPEAT, rank=3)))
    assert kinds(decided(policy, REPEAT, SOON, OVERDUE)) == [
        (ActionKind.ESCALATE, "overdue", "first_reply#1"),
        (ActionKind.ESCALATE, "soon", "resolution#1"),
        (ActionKind.ESCALATE, "repeat", "same_matter#2026-06-02"),
    ]


def test_a_rule_may_be_about_some_clocks_only_and_ask_for_a_condition() -> None:
    only = replace(ESCALATE, about=("resolution",))
    assert kinds(decided(Policy((only,)), OVERDUE)) == []
    urgent = replace(ESCALATE, when=Says("priority", "urgent"))
    assert kinds(decided(Policy((urgent,)), OVERDUE, values={"priority": "low"})) == []
    assert len(kinds(decided(Policy((urgent,)), OVERDUE, values={"priority": "urgent"}))) == 1


def test_nothing_that_happened_before_amends_was_switched_on_is_acted_upon() -> None:
    survey, back = Survey(tags=("ask",)), TagBack(facets=("complaint",))
    policy = Policy((ESCALATE,), survey, back)
    about, story = complaint(updated_at=NOW - 2 * HOUR), resolved(NOW - 2 * HOUR)
    assert kinds(decided(policy, OVERDUE, about=about, story=story, act_from=NOW - HOUR + timedelta(seconds=1))) == []
    assert len(kinds(decided(policy, OVERDUE, about=about, story=story, act_from=NOW - 2 * HOUR))) == 3


@pytest.mark.parametrize(
    ("about", "tags", "says"),
    [
        (complaint(), (), "not known to be a complaint"),
        (complaint(), (Tag("complaint", "no", 1, "agent"),), "not known to be a complaint"),
        (complaint(), (Tag("complaint", "unsure", 0.4, "rule"),), "not known to be a complaint"),
        (complaint(merged_into="12"), (COMPLAINT,), "merged into 12"),
        (complaint(status=Status.DELETED), (COMPLAINT,), "deleted"),
        (complaint(status=Status.WITHDRAWN), (COMPLAINT,), "withdrawn"),
    ],
)
def test_only_a_complaint_that_stands_is_acted_upon(about: Complaint, tags: tuple[Tag, ...], says: str) -> None:
    policy = Policy((ESCALATE,), Survey(tags=("ask",)), TagBack(facets=("complaint",)))
    decision = decided(policy, OVERDUE, REPEAT, about=about, tags=tags, story=resolved(NOW - HOUR))
    assert decision.actions == ()
    assert says in decision.skipped[0]


@pytest.mark.parametrize(
    ("now_is", "rule_says", "written"),
    [
        (None, "high", {"custom:priority": "high"}),
        (Priority.NORMAL, "high", {"custom:priority": "high"}),
        (Priority.HIGH, "high", {}),
        (Priority.URGENT, "high", {}),
        (Priority.URGENT, "low", {}),
    ],
)
def test_a_priority_is_raised_and_never_lowered(
    now_is: Priority | None, rule_says: str, written: dict[str, JSON]
) -> None:
    policy = Policy((replace(ESCALATE, fields={"priority": rule_says}),))
    assert one(decided(policy, OVERDUE, about=complaint(priority=now_is))).effect.fields == written


def test_a_rule_that_only_tags_writes_no_note_and_does_nothing_where_the_tag_is() -> None:
    policy = Policy((Rule("mark", FlagKind.REPEAT, ActionKind.TAG, tags=("amends_repeat",)),))
    assert one(decided(policy, REPEAT)).effect == Effect(tags=("amends_repeat",))
    assert decided(policy, REPEAT, about=complaint(labels=("amends_repeat",))).actions == ()


def test_a_survey_is_intended_once_for_each_resolution() -> None:
    policy, ended = Policy(survey=Survey(tags=("ask",))), NOW - HOUR
    done = complaint(status=Status.RESOLVED)
    action = one(decided(policy, about=done, story=resolved(ended)))
    assert (action.kind, action.episode, action.effect) == (ActionKind.SURVEY, "resolution#1", Effect(tags=("ask",)))
    assert (action.not_before, action.not_after) == (ended + DAY, ended + 2 * DAY)
    closed = replace(resolved(ended), spells=(Spell(Status.CLOSED, NOW, None),), resolutions=(ended, NOW))
    assert one(decided(policy, about=done, story=closed)).key == action.key, "closing is no second resolution"
    again = replace(resolved(NOW), resolutions=(ended - DAY, NOW), reopens=(ended,))
    assert one(decided(policy, about=done, story=again)).episode == "resolution#2"


def test_no_survey_while_open_or_after_a_reopening() -> None:
    policy = Policy(survey=Survey(tags=("ask",)))
    reopened = History(NOW - 9 * DAY, (Spell(Status.OPEN, NOW, None),), resolutions=(NOW - DAY,), reopens=(NOW - HOUR,))
    assert decided(policy, story=reopened).actions == ()
    assert decided(policy).actions == ()
    asked = Policy(survey=Survey(tags=("ask",), when=Says("language", "en")))
    assert decided(asked, story=resolved(NOW), values={"language": "de"}).actions == ()
    assert len(decided(asked, story=resolved(NOW), values={"language": "en"}).actions) == 1


def test_a_survey_whose_time_is_over_is_skipped_and_says_so() -> None:
    decision = decided(Policy(survey=Survey(tags=("ask",))), story=resolved(NOW - 3 * DAY))
    assert decision.actions == ()
    assert "its time ended" in decision.skipped[0]


def test_findings_are_written_back_as_tags_once_for_each_finding() -> None:
    policy = Policy(tag_back=TagBack(facets=("category", "root_cause")))
    tags = (COMPLAINT, Tag("category", "Late Delivery!", 0.8, "rule"), Tag("language", "en", 1, "rule"))
    action = one(decided(policy, tags=tags))
    assert (action.kind, action.rule) == (ActionKind.TAG, "tag_back")
    assert action.effect == Effect(tags=("amends_category_late_delivery",))
    assert decided(policy, tags=tags, about=complaint(labels=action.effect.tags)).actions == ()
    more = (*tags, Tag("root_cause", "carrier", 0.8, "rule"))
    half = one(decided(policy, tags=more, about=complaint(labels=action.effect.tags)))
    assert half.effect.tags == ("amends_root_cause_carrier",)
    assert half.key != action.key


def test_the_next_look_is_when_the_first_intention_falls_due() -> None:
    policy = Policy((ESCALATE,), Survey(tags=("ask",)))
    decision = decided(policy, OVERDUE, story=resolved(NOW - HOUR))
    assert decision.look_again_at == NOW + 23 * HOUR
    assert decided(Policy((ESCALATE,)), OVERDUE).look_again_at is None


def test_the_note_speaks_of_the_clock_that_was_breached() -> None:
    clock = Clock("first_reply", 1, ClockState.BREACHED, NOW - DAY, 14_400, 18_600, "First reply", "support")
    other = replace(clock, cycle=2, used_seconds=0)
    action = one(decided(Policy((ESCALATE,)), OVERDUE, clocks=(other, clock)))
    assert action.effect.note is not None
    assert "Clock: 1 h 10 min over; 5 h 10 min of 4 h used" in action.effect.note


def key_of(salt: bytes, parts: list[str]) -> str:
    source, ticket, rule, episode, kind = parts
    return action_key(salt, source, ticket, rule, episode, kind)


def test_keys_and_markers_are_opaque_and_differ_by_every_part() -> None:
    parts = ["shop", "7", "overdue", "first_reply#1", "escalate"]
    key = key_of(b"salt", parts)
    assert re.fullmatch(r"[0-9a-f]{64}", key)
    assert re.fullmatch(r"am-[a-z2-7]{20}", marker(key))
    others = [key_of(b"salt", [*parts[:n], "other", *parts[n + 1 :]]) for n in range(5)]
    assert len({key, *others, key_of(b"pepper", parts)}) == 7
    assert key_of(b"salt", ["a", "bc", "r", "e", "k"]) != key_of(b"salt", ["ab", "c", "r", "e", "k"])


@given(st.lists(st.text(), min_size=5, max_size=5), st.lists(st.text(), min_size=5, max_size=5))
def test_no_two_facts_share_a_key(one: list[str], other: list[str]) -> None:
    assert (key_of(b"salt", one) == key_of(b"salt", other)) == (one == other)


@pytest.mark.parametrize(
    ("build", "says"),
    [
        (lambda: Rule("r", FlagKind.OVERDUE, note=False), "does nothing"),
        (lambda: Rule("r", FlagKind.OVERDUE, ActionKind.TAG), "does nothing"),
        (lambda: Rule("r", FlagKind.OVERDUE, ActionKind.SURVEY), "sections of their own"),
        (lambda: Rule("tag_back", FlagKind.OVERDUE), "sections of their own"),
        (lambda: Rule("r", FlagKind.OVERDUE, fields={"priority": "hihg"}), "no priority 'hihg'"),
        (Survey, "nothing tells the helpdesk"),
        (lambda: Survey(tags=("a",), after_hours=48), "ends before it begins"),
        (lambda: Survey(tags=("a",), daytime_from_second=70_000), "daytime is empty"),
        (lambda: Survey(tags=("a",), zone="Europe/Londn"), "Europe/Londn"),
        (lambda: Policy((ESCALATE, ESCALATE)), "two rules are called 'overdue'"),
        (lambda: Policy(zone="Nowhere"), "Nowhere"),
    ],
)
def test_a_policy_that_cannot_work_is_refused_in_plain_words(build: type, says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        build()


def targets(**fields: str) -> Place:
    return lambda what, value: {fields[what]: value} if what in fields else {}


def test_a_finding_that_has_a_field_of_its_own_fills_it_where_it_is_empty_and_needs_no_tag() -> None:
    policy = Policy(tag_back=TagBack(facets=("category", "root_cause")))
    tags = (COMPLAINT, Tag("category", "delivery", 0.9, "r"), Tag("root_cause", "carrier", 0.9, "r"))
    action = one(decided(policy, tags=tags, place=targets(**{"tag.category": "cf_1"})))
    assert action.effect == Effect(tags=("amends_root_cause_carrier",), fill={"cf_1": "delivery"})
    both = one(decided(policy, tags=tags, place=targets(**{"tag.category": "cf_1", "tag.root_cause": "cf_2"})))
    assert both.effect == Effect(fill={"cf_1": "delivery", "cf_2": "carrier"})
    assert both.episode == action.episode, "where it is written makes it no other finding"


def test_a_flag_that_has_a_field_of_its_own_fills_it() -> None:
    action = one(decided(Policy((ESCALATE,)), OVERDUE, place=targets(**{"flag.overdue": "cf_3"})))
    assert action.effect.fill == {"cf_3": "overdue"}
    assert action.effect.tags == ("amends_overdue",)


def test_tags_go_to_another_field_where_the_mapping_says_so() -> None:
    action = one(decided(Policy((ESCALATE,)), OVERDUE, place=targets(tags="cf_4")))
    assert (action.effect.tags, action.effect.fields["cf_4"]) == ((), ["amends_overdue"])


def test_a_survey_is_triggered_by_the_field_that_the_mapping_names() -> None:
    policy = Policy(survey=Survey(tags=("ask",), zone="Europe/London"))
    story = resolved(NOW - 30 * HOUR)
    about = complaint(status=Status.RESOLVED)
    asked = one(decided(policy, about=about, story=story, place=targets(survey="cf_5")))
    assert (asked.effect.tags, asked.effect.fields) == ((), {"cf_5": "due"})


def test_nobody_is_asked_of_whom_it_is_not_certain_who_they_are() -> None:
    policy = Policy(survey=Survey(tags=("ask",), zone="Europe/London"))
    doubtful = replace(complaint(status=Status.RESOLVED), complainant=Complainant("mail:7", trust="unverified"))
    assert decided(policy, about=doubtful, story=resolved(NOW - 30 * HOUR)).actions == ()
