"""Regulators' deadlines: the dates that the shipped profiles come to, what meets them, and that nothing pauses them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from connector.clocks.overdue import flags
from connector.clocks.regulation import Deadline, Event, Length, Profile, Regulation, deadline_clocks, last_day
from connector.clocks.sla import Sla, clocks
from connector.condition import condition, values_of
from connector.model import Clock, ClockState, Complainant, Complaint, FlagKind, History, Spell, Status
from connector.settings import SettingsFilesError, load

SHIPPED = sorted(path.stem for path in (Path(__file__).parents[2] / "mappings" / "regulations").glob("*.yaml"))
MUCH_LATER = datetime(2027, 12, 31, tzinfo=UTC)


def applied(tmp_path: Path, *names: str) -> Sla:
    lines = "".join(f"  - {{profile: {name}, owner: Complaints officer}}\n" for name in names)
    (tmp_path / "sla.yaml").write_text(f"targets: []\nregulations:\n{lines}", encoding="utf-8")
    return load(tmp_path).sla


def noon(day: str, zone: str = "Europe/London") -> datetime:
    return datetime.fromisoformat(f"{day}T12:00").replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def story(received: datetime, *, status: Status = Status.OPEN, **more: tuple[datetime, ...]) -> History:
    return History(received, (Spell(status, received, None),), **more)


def complaint(history: History, **more: object) -> Complaint:
    person = Complainant("mail:a@example.org")
    at = history.received_at
    return Complaint("bank", "7", 1, "fees", "fees", person, history.status, at, at, **more)  # type: ignore[arg-type]


VALUES = {"labels": [], "extra": {}, "complaint": "yes"}


def found(sla: Sla, history: History, now: datetime = MUCH_LATER, **more: object) -> dict[str, Clock]:
    told = clocks(complaint(history), history, VALUES | more, sla, now)
    return {one.kind.partition("/")[2]: one for one in told}


def last(clock: Clock, zone: str = "Europe/London") -> date:
    """The last day on which it is in time."""
    assert clock.due_at is not None
    return (clock.due_at - timedelta(seconds=1)).astimezone(ZoneInfo(zone)).date()


@pytest.mark.parametrize(
    ("received", "expected"),
    [("2026-04-02", ("2026-04-09", "2026-05-28")), ("2026-12-23", ("2026-12-30", "2027-02-17"))],
)
def test_disp_days_are_counted_over_bank_holidays(tmp_path: Path, received: str, expected: tuple[str, str]) -> None:
    now = noon(received)
    told = found(applied(tmp_path, "uk-disp"), story(now), now)
    assert tuple(str(last(told[name])) for name in ("summary-resolution", "final-response")) == expected


@pytest.mark.parametrize(
    ("received", "usual", "extended"),
    [("2026-04-02", "2026-04-27", "2026-05-27"), ("2026-12-23", "2027-01-18", "2027-02-15")],
)
def test_payment_services_have_fifteen_business_days_and_twenty_more_after_a_holding_reply(
    tmp_path: Path, received: str, usual: str, extended: str
) -> None:
    sla, history = applied(tmp_path, "uk-disp-payments"), story(noon(received))
    assert str(last(found(sla, history)["final-response"])) == usual
    assert str(last(found(sla, history, labels=["holding_reply_sent"])["final-response"])) == extended


def test_cfpb_days_are_calendar_days(tmp_path: Path) -> None:
    told = found(applied(tmp_path, "us-cfpb"), story(noon("2026-02-20", "America/New_York")))
    zone = "America/New_York"
    names = ("response", "response-before-investigation", "final-response")
    assert [str(last(told[name], zone)) for name in names] == ["2026-03-07", "2026-03-22", "2026-04-21"]


def test_cfpb_an_interim_response_meets_the_first_two_and_not_the_last(tmp_path: Path) -> None:
    received, zone = noon("2026-02-20", "America/New_York"), "America/New_York"
    in_progress = story(received, replies=(noon("2026-03-06", zone),))
    told = found(applied(tmp_path, "us-cfpb"), in_progress, noon("2026-05-01", zone))
    assert [told[name].state for name in ("response", "response-before-investigation", "final-response")] == [
        ClockState.MET,
        ClockState.MET,
        ClockState.BREACHED,
    ]


def test_housing_counts_the_answer_from_the_acknowledgement_but_not_from_a_late_or_missing_one(tmp_path: Path) -> None:
    sla = applied(tmp_path, "uk-housing-ombudsman")
    received = noon("2026-04-02")
    assert str(last(found(sla, story(received))["stage-1-acknowledgement"])) == "2026-04-13"
    for replies, answer in (
        ((noon("2026-04-13"),), "2026-04-27"),
        ((noon("2026-04-07"),), "2026-04-21"),
        ((noon("2026-04-20"),), "2026-04-27"),
        ((), "2026-04-27"),
    ):
        assert str(last(found(sla, story(received, replies=replies))["stage-1-answer"])) == answer
    extended = found(sla, story(received), labels=["stage1_extended"])["stage-1-answer"]
    assert str(last(extended)) == "2026-05-12"


def test_stage_two_begins_with_the_reopening(tmp_path: Path) -> None:
    sla, received = applied(tmp_path, "uk-housing-ombudsman"), noon("2026-04-02")
    assert not {"stage-2-answer", "stage-2-acknowledgement"} & set(found(sla, story(received)))
    again = story(received, resolutions=(noon("2026-04-20"),), reopens=(noon("2026-06-01"),))
    clock = found(sla, again, noon("2026-06-02"))["stage-2-answer"]
    assert (str(last(clock)), clock.state) == ("2026-07-06", ClockState.RUNNING)
    assert str(last(found(sla, again)["stage-2-acknowledgement"])) == "2026-06-08"
    done = found(sla, story(received, resolutions=(noon("2026-04-20"), noon("2026-06-20")), reopens=again.reopens))
    assert done["stage-2-answer"].state is ClockState.MET


def test_stage_two_is_answered_from_its_own_acknowledgement_on(tmp_path: Path) -> None:
    sla, received = applied(tmp_path, "uk-housing-ombudsman"), noon("2026-04-02")
    past = {"resolutions": (noon("2026-04-20"),), "reopens": (noon("2026-06-01"),)}
    for replies, answer in (
        ((noon("2026-04-03"), noon("2026-06-03")), "2026-07-01"),
        ((noon("2026-04-03"), noon("2026-06-12")), "2026-07-06"),
        ((noon("2026-04-03"),), "2026-07-06"),
    ):
        assert str(last(found(sla, story(received, replies=replies, **past))["stage-2-answer"])) == answer
    told = story(received, replies=(noon("2026-06-03"),), **past)
    assert str(last(found(sla, told, labels=["stage2_extended"])["stage-2-answer"])) == "2026-07-29"
    acknowledged = found(sla, told, noon("2026-06-20"))["stage-2-acknowledgement"]
    assert (acknowledged.state, acknowledged.stopped_at) == (ClockState.MET, noon("2026-06-03"))


@pytest.mark.parametrize(("received", "until"), [("2026-04-07", "2026-06-02"), ("2026-04-08", "2026-05-20")])
def test_ofcoms_letter_is_due_by_the_rule_of_the_day_of_receipt(tmp_path: Path, received: str, until: str) -> None:
    (clock,) = found(applied(tmp_path, "uk-ofcom"), story(noon(received))).values()
    assert str(last(clock)) == until


@pytest.mark.parametrize("name", SHIPPED)
def test_every_shipped_profile_loads_with_its_source_and_the_day_it_was_read(tmp_path: Path, name: str) -> None:
    (regulation,) = applied(tmp_path, name).regulations
    assert regulation.profile.source.startswith("http")
    assert date(2026, 1, 1) < regulation.profile.checked <= date(2026, 11, 29)
    assert regulation.owner == "Complaints officer"
    assert len(regulation.profile.version) > 4
    assert regulation.profile.owner


def test_nothing_pauses_it_and_a_reopening_does_not_start_it_anew(tmp_path: Path) -> None:
    sla, received = applied(tmp_path, "uk-disp"), noon("2026-04-02")
    waiting = History(received, (Spell(Status.WAITING_CUSTOMER, received, None),))
    (paused, open_) = (found(sla, one, noon("2026-05-01"))["final-response"] for one in (waiting, story(received)))
    assert paused == open_
    again = story(received, resolutions=(noon("2026-04-20"),), reopens=(noon("2026-05-20"),))
    assert found(sla, again)["final-response"].state is ClockState.MET


def test_an_answer_at_the_end_of_the_day_is_in_time_and_a_second_later_is_not(tmp_path: Path) -> None:
    sla, received = applied(tmp_path, "uk-disp"), noon("2026-04-02")
    due = datetime(2026, 5, 28, 23, tzinfo=UTC)  # midnight in London
    for late, state in ((0, ClockState.MET), (1, ClockState.MISSED)):
        answered = story(received, resolutions=(due + timedelta(seconds=late),))
        assert found(sla, answered)["final-response"].state is state
    running = found(sla, story(received), due - timedelta(seconds=1))["final-response"]
    assert (running.state, running.warn_at) == (ClockState.RUNNING, datetime(2026, 5, 14, 23, tzinfo=UTC))
    breached = found(sla, story(received), due)["final-response"]
    assert (breached.state, breached.breached_at) == (ClockState.BREACHED, due)


def test_a_chance_that_passed_is_no_breach(tmp_path: Path) -> None:
    sla, received = applied(tmp_path, "uk-disp"), noon("2026-04-02")
    clock = found(sla, story(received))["summary-resolution"]
    assert (clock.state, clock.breached_at) == (ClockState.CANCELLED, None)


def test_a_complaint_that_is_gone_owes_nobody_an_answer(tmp_path: Path) -> None:
    sla, received = applied(tmp_path, "uk-disp"), noon("2026-04-02")
    spells = (Spell(Status.OPEN, received, noon("2026-04-03")), Spell(Status.WITHDRAWN, noon("2026-04-03"), None))
    gone = found(sla, History(received, spells))["final-response"]
    assert (gone.state, gone.stopped_at) == (ClockState.CANCELLED, noon("2026-04-03"))


def test_an_overdue_deadline_is_a_flag_that_a_rule_may_ask_for(tmp_path: Path) -> None:
    sla, received = applied(tmp_path, "uk-disp"), noon("2026-04-02")
    told = tuple(found(sla, story(received)).values())
    (flag,) = [one for one in flags(told, sla, MUCH_LATER) if "final-response" in one.episode]
    assert (flag.kind, flag.topic) == (FlagKind.OVERDUE, "regulation")
    assert flag.why == (
        "A regulator's deadline was due Thu 28 May 2026 24:00 BST (23:00 UTC) and has not come "
        "(DISP: final response, or a written reason why not yet)."
    )


def test_only_complaints_of_the_condition_are_concerned() -> None:
    class Never:
        text = "false"

        def holds(self, _values: object) -> bool:
            return False

    deadline = Deadline("answer", "answered", Length(days=5), met_by=Event.REPLY)
    profile = Profile("p", "P", "https://example.org", "1", "me", date(2026, 1, 1), "UTC", (deadline,))
    history = story(noon("2026-04-02"))
    for when, count in ((None, 1), (Never(), 0)):
        rules = (Regulation(profile, "me", when),)
        assert len(list(deadline_clocks(complaint(history), history, VALUES, rules, MUCH_LATER))) == count


@pytest.mark.parametrize(
    ("is_complaint", "when", "counts"),
    [
        ("yes", None, True),
        ("no", None, False),
        ("unsure", None, False),
        ("no", '"complaint" in labels', False),
        ("yes", '"complaint" in labels', True),
        ("unsure", 'complaint != "no"', True),
        ("no", 'complaint != "no"', False),
    ],
)
def test_what_is_no_complaint_has_no_deadline_unless_the_admin_says_otherwise(
    is_complaint: str, when: str | None, counts: bool
) -> None:
    deadline = Deadline("answer", "answered", Length(days=5))
    profile = Profile("p", "P", "https://example.org", "1", "me", date(2026, 1, 1), "UTC", (deadline,))
    regulation = Regulation(profile, "me", None if when is None else condition(when))
    values = values_of(complaint(story(noon("2026-04-02")), labels=("complaint",)), ()) | {"complaint": is_complaint}
    assert regulation.applies(values) is counts


def test_business_days_skip_week_ends_and_calendar_days_do_not() -> None:
    friday = date(2026, 6, 5)
    assert last_day(friday, Length(business_days=1), ()) == date(2026, 6, 8)
    assert last_day(friday, Length(days=1), ()) == date(2026, 6, 6)
    assert last_day(friday, Length(weeks=1, days=1), ()) == date(2026, 6, 13)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("{profile: uk-dips, owner: me}", "there is no file regulations/uk-dips.yaml; did you mean 'uk-disp'"),
        ("{profile: uk-disp}", "owner"),
        ('{profile: uk-disp, owner: me, when: "colour == 1"}', "there is no value called 'colour'"),
    ],
)
def test_a_wrong_line_is_named_with_its_place(tmp_path: Path, line: str, says: str) -> None:
    (tmp_path / "sla.yaml").write_text(f"targets: []\nregulations:\n  - {line}\n", encoding="utf-8")
    with pytest.raises(SettingsFilesError, match=r"sla\.yaml:3:\d+") as refused:
        load(tmp_path)
    assert says in str(refused.value)
