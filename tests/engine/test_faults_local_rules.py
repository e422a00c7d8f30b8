"""Clocks that jump, settings that are wrong, taggers that fail (fault cases L17, L18, L23 to L26)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from connector.clocks.business_hours import Hours
from connector.clocks.calendars import Calendar, Window
from connector.condition import condition, values_without_complaint
from connector.errors import FencedError, SettingsError
from connector.model import ActionKind, ClockState
from connector.schedule import Daemon, Pace, Workplace
from connector.settings import SettingsFilesError, load
from connector.store import Store, complaints, intentions
from connector.store.intentions import State
from connector.tagging import Tagger
from tests.engine.world import START, World, rules, shipped

TEXT = "My parcel has still not arrived. I want my money back."
ROUND = ("pull", "sweep", "push")


def live(world: World) -> None:
    for verb in ROUND:
        world.step(verb)


def of_kind(world: World, kind: ActionKind) -> list[intentions.Intention]:
    return [one for one in world.intentions() if one.action.kind is kind]


# -- the wall clock jumps ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("jumps", [(24, 0), (0, -1), (24, -1, 0), (-1, 24, -1)])
def test_l17_whatever_the_clock_does_a_breach_is_told_once(jumps: tuple[int, ...]) -> None:
    world = World()
    world.desk.open("Late", TEXT)
    live(world)
    for hours in (*jumps, 0):
        world.desk.advance(5 * 3600)
        world.skew = timedelta(hours=hours)
        live(world)
    world.skew = timedelta(0)
    world.heal()
    world.check_at_rest()
    told = [(one.action.rule, one.action.episode) for one in of_kind(world, ActionKind.ESCALATE)]
    assert told.count(("overdue", "first_reply#1")) == 1
    assert len(told) == len(set(told))


def test_l17_a_clock_that_leaps_days_ahead_brings_no_burst_of_surveys() -> None:
    world = World()
    for number in range(20):
        ticket = world.desk.open("Late", f"{TEXT} {number}")
        world.desk.staff_reply(ticket, "Sorry.")
        world.desk.set(ticket, "status", "solved")
    live(world)
    world.skew = timedelta(days=3)
    live(world)
    assert not [one for one in world.desk.ledger if "amends_survey" in one[2].tags]
    world.skew = timedelta(0)
    live(world)
    world.check()


def test_l17_a_lease_survives_a_clock_that_goes_back_and_two_writers_never_come_of_one_that_leaps_ahead(
    tmp_path: Path,
) -> None:
    first, second = (Store(f"sqlite:///{tmp_path / 'amends.db'}").open() for _ in range(2))
    first.take_lease("the first daemon", START)
    first.renew_lease(START - timedelta(hours=1))
    with first.write("work"):
        pass
    second.take_lease("the second daemon", START + timedelta(days=1))
    with pytest.raises(FencedError), first.write("work"):
        pytest.fail("only one of them may write")
    with second.write("work"):
        pass


def test_l17_a_lease_that_a_wrong_clock_dated_ahead_does_not_lock_the_next_daemon_out(tmp_path: Path) -> None:
    first = Store(f"sqlite:///{tmp_path / 'amends.db'}").open()
    first.take_lease("the first daemon", START + timedelta(days=1))
    first._try_lock()
    assert first._lock is not None
    import os

    os.close(first._lock)  # what the kernel does when a process dies
    second = Store(f"sqlite:///{tmp_path / 'amends.db'}").open()
    assert second.take_lease("the second daemon", START) == 2


# -- the year's odd days ----------------------------------------------------------------------------------------------

ALL_DAY, OFFICE, NIGHT = Window(0, 86_400), Window(9 * 3600, 17 * 3600), Window(22 * 3600, 6 * 3600)
YEAR = [
    # zone, hours of each day, from (local), working hours, due (local)
    ("Europe/London", ALL_DAY, "2026-03-28T20:00", 24, "2026-03-29T21:00"),
    ("Europe/London", ALL_DAY, "2026-10-24T20:00", 24, "2026-10-25T19:00"),
    ("America/New_York", ALL_DAY, "2026-03-07T20:00", 24, "2026-03-08T21:00"),
    ("America/New_York", ALL_DAY, "2026-10-31T20:00", 24, "2026-11-01T19:00"),
    ("Australia/Sydney", ALL_DAY, "2026-04-04T20:00", 24, "2026-04-05T19:00"),
    ("Australia/Sydney", ALL_DAY, "2026-10-03T20:00", 24, "2026-10-04T21:00"),
    ("Australia/Lord_Howe", ALL_DAY, "2026-10-03T20:00", 24, "2026-10-04T20:30"),
    ("Asia/Kolkata", ALL_DAY, "2026-03-28T20:00", 24, "2026-03-29T20:00"),
    ("Europe/London", NIGHT, "2026-03-28T22:00", 8, "2026-03-29T23:00"),
    ("Europe/London", NIGHT, "2026-10-24T22:00", 8, "2026-10-25T05:00"),
    ("Europe/London", OFFICE, "2026-03-28T16:00", 2, "2026-03-29T10:00"),
    ("Europe/London", OFFICE, "2026-10-24T16:00", 2, "2026-10-25T10:00"),
    ("Europe/Lisbon", OFFICE, "2027-02-28T16:00", 2, "2027-03-01T10:00"),
    ("Europe/Lisbon", OFFICE, "2028-02-28T16:00", 2, "2028-02-29T10:00"),
    ("Europe/Lisbon", OFFICE, "2028-02-29T16:00", 2, "2028-03-01T10:00"),
    ("Europe/Lisbon", OFFICE, "2026-12-31T16:00", 2, "2027-01-01T10:00"),
    ("Pacific/Auckland", NIGHT, "2026-12-31T22:00", 9, "2027-01-01T23:00"),
]


def local(text: str, zone: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


@pytest.mark.parametrize(("zone", "window", "start", "hours", "due"), YEAR)
def test_l18_working_time_is_right_on_the_odd_days_of_the_year(
    zone: str, window: Window, start: str, hours: int, due: str
) -> None:
    calendar = Hours(Calendar("daily", zone, ((window,),) * 7))
    assert calendar.add_working_seconds(local(start, zone), hours * 3600) == local(due, zone)
    assert calendar.working_seconds(local(start, zone), local(due, zone)) == hours * 3600


@pytest.mark.parametrize("zone", ["Europe/London", "America/New_York", "Australia/Sydney"])
def test_l18_every_day_from_2026_to_2028_has_eight_hours_of_office_whatever_the_clocks_do(zone: str) -> None:
    office = Hours(Calendar("office", zone, ((OFFICE,),) * 7))
    day = date(2026, 1, 1)
    while day < date(2029, 1, 1):
        following = day + timedelta(days=1)
        seconds = office.working_seconds(local(f"{day}T00:00", zone), local(f"{following}T00:00", zone))
        assert seconds == 8 * 3600, day
        day = following


# -- settings ---------------------------------------------------------------------------------------------------------

WRONG = [
    ("sources: [", "amends.yaml:"),
    ("sources: !!python/object/apply:os.system [id]", "amends.yaml:1"),
    ("sources: {}\n" + "# " + "x" * 10_000_000, "amends.yaml"),
    ("a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]", "amends.yaml:2"),
    ("sources: {}\nsauces: {}", "amends.yaml:2"),
    ("sources:\n  shop:\n    adapter: memory\n    options: {desk: shop}\n    poll: soon", "amends.yaml:5"),
]
BAD_PATTERN = 'rules:\n  - id: overdue\n    on: overdue\n    when: text.matches("(")\n    tags: [a]\n'


@pytest.mark.parametrize(("text", "where"), WRONG)
def test_l23_wrong_settings_are_refused_with_file_and_line(text: str, where: str, tmp_path: Path) -> None:
    (tmp_path / "amends.yaml").write_text(text)
    with pytest.raises(SettingsFilesError) as error:
        load(tmp_path)
    assert where in str(error.value)


def test_l23_a_pattern_that_is_none_is_refused_with_file_and_line(tmp_path: Path) -> None:
    (tmp_path / "amends.yaml").write_text("sources:\n  shop:\n    adapter: memory\n    options: {desk: shop}\n")
    (tmp_path / "policy.yaml").write_text(BAD_PATTERN)
    with pytest.raises(SettingsFilesError) as error:
        load(tmp_path)
    assert "policy.yaml:4" in str(error.value)
    assert "regular expression" in str(error.value)


class Office:
    """What a daemon opens at its start and at each reload."""

    def __init__(self, *workplaces: Workplace | Exception) -> None:
        self.coming = list(workplaces)

    def open(self) -> Workplace:
        found = self.coming.pop(0)
        if isinstance(found, Exception):
            raise found
        return found


def workplace(world: World, *, empty: bool = False) -> Workplace:
    desks = () if empty else (world.helpdesk(),)
    return Workplace(desks=desks, rules=world.rules, poll_seconds={"shop": 60})


def daemon_of(world: World, office: Office) -> tuple[Daemon, Any]:
    daemon = Daemon(world.store, now=world.now, wall=world.now, open_workplace=office.open, pace=Pace())
    return daemon, daemon._scheduler()


def test_l23_a_running_daemon_keeps_its_settings_where_the_new_ones_are_wrong() -> None:
    world = World()
    daemon, scheduler = daemon_of(world, Office(workplace(world), SettingsError("amends.yaml:1: not YAML.")))
    before, jobs = daemon.workplace, [job.id for job in scheduler.get_jobs()]
    daemon._reloaded(scheduler)
    assert daemon.workplace is before
    assert [job.id for job in scheduler.get_jobs()] == jobs
    assert not daemon.stop.is_set()


def test_l24_writes_of_a_source_that_a_reload_took_away_stay_are_shown_and_are_not_sent() -> None:
    world = World()
    world.desk.open("Late", TEXT)
    world.desk.advance(26 * 3600)
    world.step("pull")
    world.step("sweep")
    desk = world.helpdesk()
    daemon, scheduler = daemon_of(world, Office(workplace(world), workplace(world, empty=True), workplace(world)))
    daemon._reloaded(scheduler)
    assert {job.id for job in scheduler.get_jobs()} == {"lease", "people", "sweep"}
    daemon._push(desk)  # a job that was already on its way when the settings changed
    daemon._sweep()
    assert not world.desk.ledger
    with world.store.read() as connection:
        shown = intentions.counts(connection)
    assert shown["shop", "pending"] >= 1
    daemon._reloaded(scheduler)
    daemon._push(world.helpdesk())
    assert world.desk.ledger, "the source is back, and what still holds is sent"
    world.check()


def test_l24_a_push_that_is_under_way_ends_when_its_source_is_taken_away() -> None:
    world = World()
    for number in range(8):
        world.desk.open("Late", f"{TEXT} {number}")
    world.desk.advance(26 * 3600)
    world.step("pull")
    world.step("sweep")
    daemon, scheduler = daemon_of(world, Office(workplace(world), workplace(world, empty=True)))
    world.desk.hook = lambda _moment: daemon._reloaded(scheduler) if daemon.workplace.desks else None
    daemon._push(world.helpdesk())
    assert len(world.desk.ledger) <= 1
    assert sum(one.state is State.PENDING for one in world.intentions()) >= 7
    world.check()


# -- the tagger -------------------------------------------------------------------------------------------------------


class Broken(Tagger):
    """A tagger whose model is missing, or that has a fault."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def tags_of(self, *_: Any) -> Any:
        raise self.error


@pytest.mark.parametrize(
    "error", [ZeroDivisionError(), FileNotFoundError("model.bin"), MemoryError(), RecursionError(), SettingsError("?")]
)
def test_l25_a_complaint_that_cannot_be_tagged_is_stored_as_unsure_and_its_clocks_run(error: Exception) -> None:
    world = World()
    world.rules = replace(rules(), tagger=Broken(error))
    ticket = world.desk.open("Late", TEXT)
    live(world)
    world.desk.advance(5 * 3600)
    live(world)
    stored = doc_of(world, ticket)
    assert type(error).__name__ in " ".join(stored.doc.complaint.problems)
    assert stored.doc.tags == ()
    states = {clock.kind: clock.state for clock in stored.assessed.clocks}
    assert states["first_reply"] is ClockState.BREACHED
    assert [flag.kind.value for flag in stored.assessed.flags] == ["overdue"]
    assert not world.intentions(), "nothing is written about what may be no complaint"
    with world.store.read() as connection:
        assert connection.exec_driver_sql("SELECT complaint FROM complaint").scalar_one() == "unsure"


def test_l25_what_was_known_before_the_tagger_failed_stays_and_it_catches_up_once_mended() -> None:
    world = World()
    ticket = world.desk.open("Late", TEXT)
    live(world)
    known = doc_of(world, ticket).doc.tags
    world.rules = replace(rules(), tagger=Broken(ZeroDivisionError()))
    world.desk.customer_message(ticket, "Hello? Anybody?")
    live(world)
    assert doc_of(world, ticket).doc.tags == known
    assert doc_of(world, ticket).doc.complaint.problems
    world.rules = rules()
    world.desk.customer_message(ticket, "Still nothing.")
    live(world)
    assert doc_of(world, ticket).doc.complaint.problems == ()


def doc_of(world: World, ticket: str) -> complaints.Stored:
    with world.store.read() as connection:
        return complaints.of_tickets(connection, world.helpdesk().id, [ticket])[ticket]


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|aa)+$", "(.*a){20}", "^(([a-z])+.)+[A-Z]([a-z])+$"])
def test_l26_a_pattern_that_would_choke_others_is_answered(pattern: str) -> None:
    asked = condition(f'text.matches("{pattern}")')
    values = {**values_without_complaint(), "text": "a" * 50_000 + "!"}
    assert asked.trouble(values) is None
    assert asked.holds(values) in (True, False)


@pytest.mark.parametrize("text", ["a" * 50_000, "not " * 20_000, "late " * 20_000, "> " * 30_000, "my parcel " * 9_000])
def test_l26_phrases_answer_any_text_however_it_repeats(text: str) -> None:
    world = World()
    world.desk.open(text[:1000], text)
    live(world)
    assert shipped().tag
    assert len(of_kind(world, ActionKind.SURVEY)) == 0
    world.heal()  # what it is taken for may be written back, which is news
    world.check_at_rest()
