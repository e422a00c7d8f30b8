"""SLA clocks: what starts, stops and pauses them, and a slow independent reckoning of drawn histories."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from connector.clocks.business_hours import Hours
from connector.clocks.calendars import Calendar, Window
from connector.clocks.explain import segments
from connector.clocks.sla import Sla, clocks
from connector.clocks.targets import Target
from connector.errors import SettingsError
from connector.model import (
    FINISHED,
    JSON,
    WAITING,
    Clock,
    ClockState,
    Complainant,
    Complaint,
    History,
    Priority,
    Spell,
    Status,
)

HOUR = timedelta(hours=1)
LONDON = ZoneInfo("Europe/London")
OFFICE = Calendar("office", "Europe/London", ((Window(9 * 3600, 17 * 3600),),) * 5 + ((),) * 2)
ALWAYS = Calendar("always", "Europe/London", always=True)
CALENDARS = {"office": Hours(OFFICE), "always": Hours(ALWAYS)}
MONDAY = datetime(2026, 6, 1, 9, tzinfo=LONDON).astimezone(UTC)
MUCH_LATER = MONDAY + timedelta(days=60)


class Says:
    """A condition that is true of one priority."""

    def __init__(self, priority: str) -> None:
        self.text = f'priority == "{priority}"'
        self.priority = priority

    def holds(self, values: Mapping[str, JSON]) -> bool:
        return bool(values.get("priority") == self.priority)


def first_reply(hours: float, calendar: str = "office", **more: JSON) -> Target:
    return Target(f"answer in {hours}", "first_reply", int(hours * 3600), calendar, **more)


def resolution(hours: float, calendar: str = "office", **more: JSON) -> Target:
    return Target(f"solve in {hours}", "resolution", int(hours * 3600), calendar, **more)


def sla(*targets: Target) -> Sla:
    return Sla(targets, CALENDARS)


def complaint(status: Status = Status.OPEN, **more: JSON) -> Complaint:
    person = Complainant("mail:a@example.org")
    return Complaint("demo", "7", 1, "late", "late again", person, status, MONDAY, MONDAY, **more)


def at(text: str) -> datetime:
    """London time in June 2026: "Tue 10:00" is 2 June."""
    day, _, time = text.partition(" ")
    days = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun").index(day)
    hour, _, minute = time.partition(":")
    return MONDAY + timedelta(days=days, hours=int(hour) - 9, minutes=int(minute))


def spells(*steps: tuple[Status, str]) -> tuple[Spell, ...]:
    starts = [at(text) for _, text in steps]
    ends = [*starts[1:], None]
    return tuple(Spell(status, start, end) for (status, _), start, end in zip(steps, starts, ends, strict=True))


def history(*steps: tuple[Status, str], **more: JSON) -> History:
    return History(at("Mon 9:00"), spells(*(steps or ((Status.NEW, "Mon 9:00"),))), **more)


def one(target: Target, story: History, now: datetime, about: Complaint | None = None) -> Clock:
    (clock,) = clocks(about or complaint(story.status), story, {}, sla(target), now)
    return clock


def test_a_reply_on_the_very_second_that_is_due_is_in_time_and_one_second_later_is_not() -> None:
    due = at("Mon 13:00")
    in_time = one(first_reply(4), history(replies=(due,)), MUCH_LATER)
    assert (in_time.state, in_time.due_at, in_time.breached_at) == (ClockState.MET, due, None)
    late = one(first_reply(4), history(replies=(due + timedelta(seconds=1),)), MUCH_LATER)
    assert (late.state, late.due_at, late.breached_at) == (ClockState.MISSED, due, due)
    assert late.used_seconds == 4 * 3600 + 1


def test_an_unanswered_clock_runs_until_due_and_has_breached_from_that_second_on() -> None:
    due = at("Mon 13:00")
    before = one(first_reply(4), history(), due - timedelta(seconds=1))
    assert (before.state, before.breached_at, before.used_seconds) == (ClockState.RUNNING, None, 4 * 3600 - 1)
    assert before.warn_at == at("Mon 12:00")
    after = one(first_reply(4), history(), due)
    assert (after.state, after.breached_at, after.used_seconds) == (ClockState.BREACHED, due, 4 * 3600)


def test_a_daemon_that_slept_for_two_days_finds_the_same_breach_at_the_same_instant() -> None:
    story = history()
    at_once, slept = (one(first_reply(4), story, at("Mon 13:00") + sleep) for sleep in (0 * HOUR, 48 * HOUR))
    assert at_once.breached_at == slept.breached_at == at("Mon 13:00")


def test_only_what_the_history_calls_a_reply_counts_and_the_first_one_decides() -> None:
    story = history(customer_messages=(at("Mon 9:00"), at("Mon 9:30")), replies=(at("Mon 10:00"), at("Tue 10:00")))
    clock = one(first_reply(4), story, MUCH_LATER)
    assert (clock.state, clock.stopped_at, clock.used_seconds) == (ClockState.MET, at("Mon 10:00"), 3600)


@pytest.mark.parametrize(
    ("since", "until", "due"),
    [
        ("Mon 17:00", "Tue 9:00", "Mon 17:00"),
        ("Mon 16:00", "Tue 10:00", "Tue 11:00"),
        ("Mon 12:00", "Mon 12:00", "Mon 17:00"),
        ("Mon 16:00", "Tue 8:00", "Tue 10:00"),
        ("Sat 10:00", "Sun 10:00", "Mon 17:00"),
    ],
)
def test_a_pause_costs_only_the_working_time_in_it(since: str, until: str, due: str) -> None:
    steps = ((Status.OPEN, "Mon 9:00"), (Status.WAITING_CUSTOMER, since), (Status.OPEN, until))
    assert one(resolution(8), history(*steps), MUCH_LATER).breached_at == at(due)


def test_while_paused_nothing_is_due_and_nothing_is_used() -> None:
    story = history((Status.OPEN, "Mon 9:00"), (Status.WAITING_CUSTOMER, "Mon 12:00"))
    for now in (at("Mon 12:00"), at("Mon 15:00"), MUCH_LATER):
        clock = one(resolution(8), story, now)
        assert (clock.state, clock.due_at, clock.used_seconds) == (ClockState.PAUSED, None, 3 * 3600)


def test_a_breach_before_the_pause_stays_a_breach() -> None:
    story = history((Status.OPEN, "Mon 9:00"), (Status.WAITING_CUSTOMER, "Tue 12:00"))
    clock = one(resolution(8), story, MUCH_LATER)
    assert (clock.state, clock.breached_at, clock.used_seconds) == (ClockState.BREACHED, at("Mon 17:00"), 11 * 3600)


def test_a_customer_who_writes_ends_the_pause_even_if_nobody_touches_the_status() -> None:
    steps = ((Status.OPEN, "Mon 9:00"), (Status.WAITING_CUSTOMER, "Mon 10:00"))
    story = history(*steps, customer_messages=(at("Mon 9:00"), at("Mon 14:00"), at("Mon 15:00")))
    clock = one(resolution(8), story, at("Mon 16:00"))
    assert (clock.state, clock.used_seconds, clock.due_at) == (ClockState.RUNNING, 3 * 3600, at("Tue 13:00"))
    same_second = history(*steps, customer_messages=(at("Mon 10:00"),))
    assert one(resolution(8), same_second, at("Mon 16:00")).state is ClockState.PAUSED


def test_the_first_reply_clock_does_not_pause_unless_its_target_says_so() -> None:
    story = history((Status.ON_HOLD, "Mon 9:00"), (Status.OPEN, "Mon 12:00"))
    assert one(first_reply(4), story, MUCH_LATER).breached_at == at("Mon 13:00")
    patient = first_reply(4, pauses=frozenset({Status.ON_HOLD}))
    assert one(patient, story, MUCH_LATER).breached_at == at("Mon 16:00")
    strict = resolution(4, pauses=frozenset())
    assert one(strict, story, MUCH_LATER).breached_at == at("Mon 13:00")


def test_each_reopening_starts_a_new_life_and_leaves_the_old_one_as_it_was() -> None:
    story = history(
        (Status.OPEN, "Mon 9:00"),
        (Status.RESOLVED, "Mon 12:00"),
        (Status.OPEN, "Wed 10:00"),
        (Status.RESOLVED, "Fri 17:00"),
        resolutions=(at("Mon 12:00"), at("Fri 17:00")),
        reopens=(at("Wed 10:00"),),
    )
    first, second = clocks(complaint(Status.RESOLVED), story, {}, sla(resolution(8)), MUCH_LATER)
    assert (first.cycle, first.state, first.used_seconds) == (1, ClockState.MET, 3 * 3600)
    assert (second.cycle, second.state, second.started_at) == (2, ClockState.MISSED, at("Wed 10:00"))
    assert (second.breached_at, second.used_seconds) == (at("Thu 10:00"), 23 * 3600)


def test_a_complaint_that_is_withdrawn_cancels_what_runs_and_keeps_what_was_breached() -> None:
    early = history((Status.OPEN, "Mon 9:00"), (Status.WITHDRAWN, "Mon 11:00"))
    for target in (first_reply(4), resolution(4)):
        clock = one(target, early, MUCH_LATER)
        assert (clock.state, clock.due_at, clock.breached_at) == (ClockState.CANCELLED, None, None)
        assert (clock.stopped_at, clock.used_seconds) == (at("Mon 11:00"), 2 * 3600)
    late = history((Status.OPEN, "Mon 9:00"), (Status.DELETED, "Tue 11:00"))
    clock = one(resolution(4), late, MUCH_LATER)
    assert (clock.state, clock.breached_at) == (ClockState.CANCELLED, at("Mon 13:00"))
    on_the_second = history((Status.OPEN, "Mon 9:00"), (Status.WITHDRAWN, "Mon 13:00"))
    assert one(resolution(4), on_the_second, MUCH_LATER).breached_at is None


def test_a_merged_complaint_has_no_running_clock() -> None:
    clock = one(first_reply(4), history(), MUCH_LATER, complaint(merged_into="8"))
    assert (clock.state, clock.stopped_at) == (ClockState.CANCELLED, MONDAY)


def test_a_complaint_resolved_without_a_word_no_longer_owes_a_first_reply_until_it_is_reopened() -> None:
    steps = ((Status.OPEN, "Mon 9:00"), (Status.RESOLVED, "Mon 11:00"))
    clock = one(first_reply(4), history(*steps, resolutions=(at("Mon 11:00"),)), MUCH_LATER)
    assert (clock.state, clock.breached_at) == (ClockState.CANCELLED, None)
    reopened = history(*steps, (Status.OPEN, "Mon 15:00"), resolutions=(at("Mon 11:00"),), reopens=(at("Mon 15:00"),))
    clock = one(first_reply(4), reopened, at("Mon 16:00"))
    assert (clock.state, clock.used_seconds, clock.due_at) == (ClockState.RUNNING, 3 * 3600, at("Mon 17:00"))


def test_a_ticket_that_was_binned_and_restored_goes_on_without_the_time_in_the_bin() -> None:
    story = history((Status.OPEN, "Mon 9:00"), (Status.DELETED, "Mon 10:00"), (Status.OPEN, "Mon 16:00"))
    clock = one(resolution(8), story, at("Mon 17:00"))
    assert (clock.cycle, clock.used_seconds, clock.due_at) == (1, 2 * 3600, at("Tue 15:00"))


def test_the_first_target_that_matches_counts_for_its_clock() -> None:
    rules = sla(first_reply(1, "always", when=Says("urgent")), first_reply(4), resolution(24))
    story, now = history(), at("Mon 9:30")
    urgent = clocks(complaint(), story, {"priority": "urgent"}, rules, now)
    assert [(clock.kind, clock.due_at) for clock in urgent] == [
        ("first_reply", at("Mon 10:00")),
        ("resolution", at("Wed 17:00")),
    ]
    normal = clocks(complaint(), story, {"priority": "normal"}, rules, now)
    assert normal[0].due_at == at("Mon 13:00")
    only_urgent = sla(first_reply(1, when=Says("urgent")))
    assert clocks(complaint(), story, {"priority": "low"}, only_urgent, now) == ()


BY_PRIORITY = sla(resolution(2, "always", when=Says("urgent")), resolution(3, "always", when=Says("normal")))


def with_priorities(*steps: tuple[str, Priority], **more: JSON) -> History:
    return history(priorities=tuple((at(text), priority) for text, priority in steps), **more)


def by_priority(story: History, now: str) -> Clock:
    last = {"priority": story.priorities[-1][1].value}
    (clock,) = clocks(complaint(), story, last, BY_PRIORITY, at(now))
    return clock


def test_a_raised_priority_carries_over_what_was_used() -> None:
    story = with_priorities(("Mon 9:00", Priority.NORMAL), ("Mon 10:00", Priority.URGENT))
    clock = by_priority(story, "Mon 10:30")
    assert (clock.target, clock.due_at, clock.used_seconds) == ("solve in 2", at("Mon 11:00"), 5400)


def test_a_target_that_is_broken_when_it_comes_into_force_is_breached_at_that_moment() -> None:
    story = with_priorities(("Mon 9:00", Priority.NORMAL), ("Mon 11:40", Priority.URGENT))
    clock = by_priority(story, "Mon 15:00")
    assert (clock.state, clock.due_at, clock.breached_at) == (ClockState.BREACHED, at("Mon 11:40"), at("Mon 11:40"))


@pytest.mark.parametrize("afterwards", [Priority.NORMAL, Priority.LOW])
def test_a_lowered_priority_does_not_undo_a_breach(afterwards: Priority) -> None:
    story = with_priorities(("Mon 9:00", Priority.URGENT), ("Mon 11:01", afterwards))
    clock = by_priority(story, "Mon 11:30")
    assert (clock.state, clock.target, clock.breached_at) == (ClockState.BREACHED, "solve in 2", at("Mon 11:00"))


def test_our_own_raising_of_the_priority_does_not_move_the_breach() -> None:
    breached = with_priorities(("Mon 9:00", Priority.NORMAL))
    raised = with_priorities(("Mon 9:00", Priority.NORMAL), ("Mon 12:05", Priority.URGENT))
    before, after = by_priority(breached, "Mon 12:04"), by_priority(raised, "Tue 12:00")
    assert before.breached_at == after.breached_at == at("Mon 12:00")


def test_a_priority_changed_after_the_answer_changes_nothing() -> None:
    story = with_priorities(
        ("Mon 9:00", Priority.NORMAL), ("Mon 12:00", Priority.URGENT), resolutions=(at("Mon 11:30"),)
    )
    clock = by_priority(story, "Mon 15:00")
    assert (clock.state, clock.target) == (ClockState.MET, "solve in 3")
    without_target = replace(story, priorities=(*story.priorities, (at("Mon 13:00"), Priority.LOW)))
    assert by_priority(without_target, "Mon 15:00") == clock


def test_a_source_whose_clock_runs_ahead_does_no_harm() -> None:
    clock = one(first_reply(4), history(), MONDAY - timedelta(minutes=5))
    assert (clock.state, clock.used_seconds) == (ClockState.RUNNING, 0)


@pytest.mark.parametrize(
    ("target", "says"),
    [
        (Target("t", "first_answer", 60, "office"), "first_answer"),
        (Target("t", "first_reply", 60, "offfice"), "offfice"),
        (Target("t", "first_reply", 0, "office"), "0 s"),
        (Target("t", "first_reply", 10**10, "office"), "20 years"),
        (Target("t", "first_reply", 60, "office", warn_share=75), "75"),
    ],
)
def test_a_target_that_cannot_be_measured_is_refused_in_plain_words(target: Target, says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        sla(target)


# The slow reckoning: a story on a grid of ten minutes, walked step by step.

STEP = timedelta(minutes=10)
GRID = 60 * 24 * 12 // 10  # twelve days
PLACES = st.integers(0, GRID)


class Story:
    """A drawn life of a complaint: statuses in order, with the lists that a fold of its timeline would give."""

    def __init__(
        self,
        start: datetime,
        steps: list[tuple[int, Status]],
        messages: set[int],
        replies: set[int],
        priorities: list[tuple[int, Priority]],
    ) -> None:
        self.start, self.steps, self.messages, self.replies = start, steps, messages, replies
        self.priorities = priorities

    def at(self, place: int) -> datetime:
        return self.start + STEP * place

    def history(self) -> History:
        places = [place for place, _ in self.steps]
        ends = [*(self.at(place) for place in places[1:]), None]
        done = [status in (Status.RESOLVED, Status.CLOSED) for _, status in self.steps]
        resolved = [p for n, p in enumerate(places) if done[n] and not (n and done[n - 1])]
        reopened = [p for n, p in enumerate(places) if n and done[n - 1] and self.steps[n][1] not in FINISHED]
        return History(
            received_at=self.start,
            spells=tuple(Spell(s, self.at(p), end) for (p, s), end in zip(self.steps, ends, strict=True)),
            customer_messages=tuple(self.at(place) for place in sorted(self.messages)),
            replies=tuple(self.at(place) for place in sorted(self.replies)),
            resolutions=tuple(self.at(place) for place in resolved),
            reopens=tuple(self.at(place) for place in reopened),
            priorities=tuple((self.at(place), priority) for place, priority in self.priorities),
        )

    def spell(self, place: int) -> tuple[int, Status]:
        return max((step for step in self.steps if step[0] <= place), key=lambda step: step[0])


@st.composite
def stories(draw: st.DrawFn) -> Story:
    places = sorted(draw(st.sets(st.integers(1, GRID), max_size=6)))
    steps = [(0, Status.NEW)]
    for place in places:
        steps.append((place, draw(st.sampled_from([status for status in Status if status is not steps[-1][1]]))))
    day = draw(st.sampled_from([datetime(2026, 3, 24, tzinfo=UTC), datetime(2026, 10, 20, tzinfo=UTC)]))
    start = day + STEP * draw(st.integers(0, 144))
    changes = sorted(draw(st.sets(PLACES, max_size=4)))
    priorities = [(place, draw(st.sampled_from(list(Priority)))) for place in changes]
    return Story(start, steps, draw(st.sets(PLACES, max_size=4)), draw(st.sets(PLACES, max_size=2)), priorities)


class Plan:
    """What is promised: seconds by priority, or (None) whatever the priority; nothing where neither is named."""

    def __init__(
        self, kind: str, calendar: Calendar, pauses: frozenset[Status] | None, goals: dict[Priority | None, int]
    ) -> None:
        self.kind, self.calendar, self.told_pauses, self.goals = kind, calendar, pauses, goals
        usual = WAITING if kind == "resolution" else frozenset()
        self.pauses = usual if pauses is None else pauses

    def goal(self, priorities: Sequence[tuple[int, Priority]], place: int) -> int | None:
        so_far = [priority for since, priority in priorities if since <= place]
        first = [priority for _, priority in priorities[:1]]
        here = (so_far or first)[-1] if priorities else None
        return self.goals.get(here, self.goals.get(None))

    def sla(self) -> Sla:
        targets = tuple(
            Target(
                f"drawn for {priority}",
                self.kind,
                goal,
                self.calendar.name,
                when=None if priority is None else Says(priority.value),
                pauses=self.told_pauses,
            )
            for priority, goal in sorted(self.goals.items(), key=lambda item: item[0] is None)
        )
        return Sla(targets, {self.calendar.name: Hours(self.calendar)})


class Walk:
    """One life of a clock, walked in steps: `stop` is where it was answered, `begin` where it started."""

    def __init__(self, story: Story, plan: Plan, begin: int, stop: int | None, now: int) -> None:
        self.story, self.calendar, self.pauses, self.stop = story, plan.calendar, plan.pauses, stop
        self.cut = self.finished() if stop is None else None
        self.end = next(place for place in (stop, self.cut, max(begin, now)) if place is not None)
        ended = stop is not None or self.cut is not None
        priorities = [(self.put_off(since, begin), priority) for since, priority in story.priorities]
        self.goal = plan.goal(priorities, self.end - 1 if ended else self.end)
        self.used, self.breached = 0, None
        for place in range(begin, self.end):
            self.used += 600 * self.runs(place)
            goal = plan.goal(priorities, place + 1)
            late = goal is not None and self.used >= goal and not (ended and place + 1 == self.end)
            if late and self.breached is None:
                self.breached, self.goal = place + 1, goal

    def finished(self) -> int | None:
        since = None
        for place, status in reversed(self.story.steps):
            if status not in FINISHED:
                break
            since = place
        return since

    def put_off(self, since: int, begin: int) -> int:
        """What is changed while the complaint is finished counts once it is owed again, or was answered."""
        if not begin <= since < self.end or self.story.spell(since)[1] not in FINISHED:
            return since
        owed = (place for place in range(since, self.end) if self.story.spell(place)[1] not in FINISHED)
        return next(owed, since if self.stop is None else self.end)

    def still(self, place: int) -> bool:
        since, status = self.story.spell(place)
        wrote = any(since < message <= place for message in self.story.messages)
        return status in FINISHED or (status in self.pauses and not wrote)

    def runs(self, place: int) -> bool:
        wall = self.story.at(place).astimezone(ZoneInfo(self.calendar.zone))
        second = wall.hour * 3600 + wall.minute * 60
        today = () if self.calendar.always else self.calendar.week[wall.weekday()]
        open_now = self.calendar.always or any(w.start_second <= second < w.end_second for w in today)
        return open_now and not self.still(place)

    def tells(self) -> dict[str, JSON] | None:
        if self.goal is None:
            return None
        if self.stop is not None:
            state = ClockState.MET if self.breached is None else ClockState.MISSED
        elif self.cut is not None:
            state = ClockState.CANCELLED
        elif self.breached is not None:
            state = ClockState.BREACHED
        else:
            state = ClockState.PAUSED if self.still(self.end) else ClockState.RUNNING
        at = None if self.breached is None else self.story.at(self.breached)
        return {"state": state, "used": self.used, "breached_at": at, "goal": self.goal}


def expected(story: Story, plan: Plan, now: int) -> list[dict[str, JSON] | None]:
    if plan.kind == "first_reply":
        return [Walk(story, plan, 0, min(story.replies, default=None), now).tells()]
    told, begin = story.history(), 0
    found = []
    place_of = {story.at(place): place for place in range(GRID + 1)}
    resolved, reopened = ([place_of[at] for at in list_] for list_ in (told.resolutions, told.reopens))
    while True:
        stop = min((place for place in resolved if place >= begin), default=None)
        found.append(Walk(story, plan, begin, stop, now).tells())
        again = [place for place in reopened if stop is not None and place > stop]
        if not again:
            return found
        begin = min(again)


LUNCH = Calendar("lunch", "America/New_York", ((Window(8 * 3600, 12 * 3600), Window(13 * 3600, 18 * 3600)),) * 7)


@given(
    story=stories(),
    kind=st.sampled_from(["first_reply", "resolution"]),
    goals=st.dictionaries(st.sampled_from([None, *Priority]), st.integers(1, 300), min_size=1),
    calendar=st.sampled_from([OFFICE, ALWAYS, LUNCH]),
    pauses=st.sampled_from([None, frozenset({Status.ON_HOLD}), frozenset()]),
    later=st.integers(0, 50),
)
@settings(max_examples=400, deadline=None)
def test_any_story_gives_the_clocks_that_a_walk_in_small_steps_gives(
    story: Story,
    kind: str,
    goals: dict[Priority | None, int],
    calendar: Calendar,
    pauses: frozenset[Status] | None,
    later: int,
) -> None:
    plan = Plan(kind, calendar, pauses, {priority: steps * 600 for priority, steps in goals.items()})
    rules, told, now = plan.sla(), story.history(), GRID + later
    about, values = complaint(told.status), {"priority": story.priorities[-1][1].value if story.priorities else ""}
    found = clocks(about, told, values, rules, story.at(now))
    assert [
        {"state": c.state, "used": c.used_seconds, "breached_at": c.breached_at, "goal": c.target_seconds}
        for c in found
    ] == [one for one in expected(story, plan, now) if one is not None]
    for clock in found:
        explained = segments(kind, clock.cycle, about, told, values, rules, story.at(now))
        assert sum(segment.counted_seconds for segment in explained) == clock.used_seconds
        assert all(before.end == after.start for before, after in pairwise(explained))
        if clock.state in (ClockState.BREACHED, ClockState.MISSED):
            assert clock.breached_at == clock.due_at
        if clock.state in (ClockState.PAUSED, ClockState.CANCELLED) and clock.breached_at is None:
            assert clock.due_at is None


@given(story=stories(), steps=st.integers(1, 300), sleep=st.integers(0, 288))
@settings(max_examples=200, deadline=None)
def test_a_breach_is_the_same_whenever_it_is_looked_for(story: Story, steps: int, sleep: int) -> None:
    rules = Sla((Target("drawn", "resolution", steps * 600, "office"),), CALENDARS)
    told, now = story.history(), GRID
    about = complaint(told.status)
    at_once, slept = (clocks(about, told, {}, rules, story.at(when)) for when in (now, now + sleep))
    for early, late in zip(at_once, slept, strict=True):
        assert early.breached_at in (late.breached_at, None)
        if early.breached_at is None and late.breached_at is not None:
            assert late.breached_at > story.at(now)
        if early.state is ClockState.RUNNING:
            assert early.due_at == late.due_at
