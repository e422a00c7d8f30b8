"""Flags from clocks, when to look again, and a clock explained stretch by stretch."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from connector.clocks.business_hours import Hours
from connector.clocks.calendars import Calendar, Holiday, Window
from connector.clocks.explain import segments
from connector.clocks.overdue import flags, next_change
from connector.clocks.sla import Sla, clocks
from connector.clocks.targets import Target
from connector.model import Clock, Complainant, Complaint, FlagKind, History, Spell, Status

LONDON = ZoneInfo("Europe/London")
OFFICE = Calendar(
    "office",
    "Europe/London",
    ((Window(9 * 3600, 17 * 3600),),) * 5 + ((),) * 2,
    (Holiday(date(2026, 4, 3), "Good Friday"), Holiday(date(2026, 4, 6), "Easter Monday")),
)
RULES = Sla(
    (Target("Answer", "first_reply", 4 * 3600, "office"), Target("Solve", "resolution", 16 * 3600, "office")),
    {"office": Hours(OFFICE)},
)


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=LONDON).astimezone(UTC)


OPENED = local("2026-06-01T09:00")


def complaint(status: Status = Status.OPEN) -> Complaint:
    return Complaint("demo", "7", 1, "late", "late", Complainant("mail:a@example.org"), status, OPENED, OPENED)


def new(opened: datetime = OPENED) -> History:
    return History(opened, (Spell(Status.NEW, opened, None),))


def of(story: History, now: datetime) -> tuple[Clock, ...]:
    return clocks(complaint(story.status), story, {}, RULES, now)


def raised(story: History, now: datetime) -> list[tuple[FlagKind, str]]:
    return [(flag.kind, flag.episode) for flag in flags(of(story, now), RULES, now)]


def test_a_warning_comes_at_three_quarters_of_the_time_and_gives_way_to_the_breach() -> None:
    assert raised(new(), local("2026-06-01T11:59")) == []
    assert raised(new(), local("2026-06-01T12:00")) == [(FlagKind.DUE_SOON, "first_reply#1")]
    assert raised(new(), local("2026-06-01T13:00")) == [(FlagKind.OVERDUE, "first_reply#1")]
    assert raised(new(), local("2026-06-30T13:00")) == [
        (FlagKind.OVERDUE, "first_reply#1"),
        (FlagKind.OVERDUE, "resolution#1"),
    ]


def test_an_overdue_flag_says_in_words_what_was_due_when_in_local_time_and_utc() -> None:
    (flag,) = flags(of(new(), local("2026-06-01T14:00")), RULES, local("2026-06-01T14:00"))
    assert flag.since == local("2026-06-01T13:00")
    assert flag.why == (
        "The first reply was due Mon 1 Jun 2026 13:00 BST (12:00 UTC) and has not come "
        "(Answer: 4 h of calendar office)."
    )


def test_the_same_breach_gives_the_very_same_flag_hours_later() -> None:
    times = (local("2026-06-01T13:00"), local("2026-06-01T16:30"), local("2026-06-02T09:00"))
    first, second, third = (flags(of(new(), now), RULES, now)[0] for now in times)
    assert first == second == third


def test_an_answer_that_came_late_is_no_longer_a_flag_but_the_clock_remembers() -> None:
    story = History(OPENED, (Spell(Status.OPEN, OPENED, None),), replies=(local("2026-06-01T15:00"),))
    now = local("2026-06-01T16:00")
    assert raised(story, now) == []
    assert of(story, now)[0].breached_at == local("2026-06-01T13:00")


def test_no_warning_while_the_clock_stands_still() -> None:
    waiting = (
        Spell(Status.OPEN, OPENED, local("2026-06-02T15:00")),
        Spell(Status.WAITING_CUSTOMER, local("2026-06-02T15:00"), None),
    )
    story = History(OPENED, waiting, replies=(local("2026-06-01T10:00"),))
    assert raised(story, local("2026-06-02T14:59")) == [(FlagKind.DUE_SOON, "resolution#1")]
    assert raised(story, local("2026-06-09T14:59")) == []
    assert next_change(of(story, local("2026-06-09T14:59")), local("2026-06-09T14:59")) is None


def test_the_breach_of_a_second_life_is_an_episode_of_its_own() -> None:
    resolved, reopened = local("2026-06-01T12:00"), local("2026-06-08T09:00")
    story = History(
        OPENED,
        (
            Spell(Status.OPEN, OPENED, resolved),
            Spell(Status.RESOLVED, resolved, reopened),
            Spell(Status.OPEN, reopened, None),
        ),
        replies=(local("2026-06-01T10:00"),),
        resolutions=(resolved,),
        reopens=(reopened,),
    )
    now = local("2026-06-09T17:00")
    (flag,) = flags(of(story, now), RULES, now)
    assert (flag.episode, flag.since) == ("resolution#2", now)
    assert "The resolution (life 2) was due Tue 9 Jun 2026 17:00 BST" in flag.why


def test_looking_only_when_told_to_misses_no_flag() -> None:
    now, seen = OPENED, []
    while (coming := next_change(of(new(), now), now)) is not None:
        assert raised(new(), coming - timedelta(seconds=1)) == raised(new(), now)
        now = coming
        seen.append(now)
    assert seen == [local(f"2026-06-{time}") for time in ("01T12:00", "01T13:00", "02T13:00", "02T17:00")]


def test_a_clock_is_explained_by_stretches_that_add_up() -> None:
    opened, now = local("2026-04-02T16:00"), local("2026-04-07T12:00")
    story = History(
        opened,
        (
            Spell(Status.OPEN, opened, local("2026-04-07T10:00")),
            Spell(Status.WAITING_CUSTOMER, local("2026-04-07T10:00"), local("2026-04-07T11:00")),
            Spell(Status.OPEN, local("2026-04-07T11:00"), None),
        ),
    )
    found = segments("resolution", 1, complaint(), story, {}, RULES, now)
    assert [(segment.start, segment.counted_seconds, segment.why) for segment in found] == [
        (local("2026-04-02T16:00"), 3600, "working"),
        (local("2026-04-02T17:00"), 0, "outside hours"),
        (local("2026-04-03T00:00"), 0, "holiday: Good Friday"),
        (local("2026-04-04T00:00"), 0, "outside hours"),
        (local("2026-04-06T00:00"), 0, "holiday: Easter Monday"),
        (local("2026-04-07T00:00"), 0, "outside hours"),
        (local("2026-04-07T09:00"), 3600, "working"),
        (local("2026-04-07T10:00"), 0, "paused: waiting_customer"),
        (local("2026-04-07T11:00"), 3600, "working"),
    ]
    clock = clocks(complaint(), story, {}, RULES, now)[1]
    assert clock.used_seconds == sum(segment.counted_seconds for segment in found)
    assert found[-1].end == now


def test_there_is_nothing_to_explain_about_a_clock_that_does_not_exist() -> None:
    assert segments("resolution", 2, complaint(), new(), {}, RULES, OPENED) == ()
    assert segments("first_reply", 1, complaint(), new(), {}, Sla((), {}), OPENED) == ()
