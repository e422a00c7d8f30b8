"""Early warning: what stands out and what does not, which group is told of, since when, and what becomes of it."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from itertools import count
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.errors import AmendsError, SettingsError
from connector.model import Complainant, Complaint, FlagKind, Status
from connector.trends.effect import Verdict, effect
from connector.trends.finding import Case, Ground, Outbreak, findings, ground, judge
from connector.trends.life import Level, State, begun, day_number, lived, said
from connector.trends.speaking import Alive, flags, words
from connector.trends.start import likely_start
from connector.trends.views import Counted, Trends, cells_of, counted, key, label, within
from connector.trends.window import WIDEST, chance, expected, spread_of

SETTINGS = Trends(views=(("category", "root_cause", "product"),))
NOW = datetime(2026, 6, 1, 9, tzinfo=UTC)
TODAY = day_number(date(2026, 5, 31))


# -- the test itself ------------------------------------------------------------------------------------------------


def slow_chance(people: int, before: int, window: int, past: int) -> float:
    """The same from the definition, for half-integer sizes: 1 minus the sum of what is below."""
    size, share = before + 0.5, window / (past + window)
    term, total = (1 - share) ** size, 0.0
    for at in range(people):
        total += term
        term *= share * (at + size) / (at + 1)
    return 1 - total


@given(people=st.integers(1, 40), before=st.integers(0, 200), window=st.sampled_from([7, 14]))
def test_the_chance_is_that_of_the_predictive_law(people: int, before: int, window: int) -> None:
    assert chance(people, before, window, 56) == pytest.approx(slow_chance(people, before, window, 56), abs=1e-9)


def test_without_a_single_case_before_three_people_in_a_week_are_unlikely_and_worked_out_by_hand() -> None:
    share = 7 / 63
    below = sum(comb(2 * at, at) / 4**at * share**at for at in range(3)) * (1 - share) ** 0.5
    assert chance(3, 0, 7, 56) == pytest.approx(1 - below)


@given(people=st.integers(0, 300), before=st.integers(0, 3_000), spread=st.floats(1, WIDEST))
def test_more_people_are_less_likely_and_a_lively_group_is_believed_less(
    people: int, before: int, spread: float
) -> None:
    here, more = chance(people, before, 7, 56, spread), chance(people + 1, before, 7, 56, spread)
    assert 0 <= more <= here + 1e-9 and here <= 1
    if people > expected(before, 7, 56) + 20:
        assert chance(people, before, 7, 56, WIDEST) >= chance(people, before, 7, 56, 1.0)


def test_the_spread_of_chance_is_one_however_thin_the_groups_are_and_that_of_clusters_is_seen() -> None:
    rng = random.Random(7)
    thin = [[sum(rng.random() < 0.1 for _ in range(7)) for _ in range(8)] for _ in range(400)]
    assert spread_of(thin) == pytest.approx(1.0, abs=0.1)
    pairs = [[2 * sum(rng.random() < 0.05 for _ in range(7)) for _ in range(8)] for _ in range(400)]
    assert spread_of(pairs) > 1.7
    assert spread_of([]) == 1.0


# -- where complaints count -----------------------------------------------------------------------------------------


def a_complaint(day: int = 31, **named: object) -> Complaint:
    fields: dict[str, object] = {
        "source": "shop",
        "ticket": "1",
        "version": 1,
        "subject": "Late",
        "text": "Late",
        "complainant": Complainant(key="mail:a@example.com"),
        "status": Status.OPEN,
        "opened_at": datetime(2026, 5, day, 23, 30, tzinfo=UTC),
        "updated_at": NOW,
    }
    return Complaint(**(fields | named))  # type: ignore[arg-type]


VALUES = {
    "complaint": "yes",
    "category": "delivery",
    "root_cause": "carrier",
    "product": "Kettle",
    "extra": {"site": "Porto", "parts": ["a"]},
}


def test_a_complaint_counts_in_each_beginning_of_a_view_up_to_what_is_not_known() -> None:
    found = cells_of(VALUES, [("category", "root_cause", "product"), ("extra.site",), ("category", "language")])
    assert [label(one) for one in found] == [
        "category=delivery",
        "category=delivery root_cause=carrier",
        "category=delivery product=Kettle root_cause=carrier",
        "site=Porto",
    ]
    assert cells_of(VALUES | {"category": "unknown"}, SETTINGS.views) == ()
    assert cells_of(VALUES, [("extra.parts",), ("extra.none",)]) == ()


def test_a_day_is_that_of_the_zone_and_what_is_no_complaint_counts_nowhere() -> None:
    lisbon = Trends(views=SETTINGS.views, zone="Europe/Lisbon")
    found = counted(a_complaint(), VALUES, lisbon)
    assert found is not None and found.day == date(2026, 6, 1)
    assert counted(a_complaint(), VALUES | {"complaint": "unsure"}, lisbon) is None
    assert counted(a_complaint(merged_into="2"), VALUES, lisbon) is None
    assert counted(a_complaint(status=Status.DELETED), VALUES, lisbon) is None
    assert counted(a_complaint(), VALUES, lisbon, datetime(2028, 1, 1, tzinfo=UTC)) is None


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"views": (("a", "b", "c", "d", "e"),)}, "1 to 4"),
        ({"alarm": 0.01, "watch": 0.001}, "in order"),
        ({"before_days": 21}, "before is 21"),
        ({"before_days": 57}, "before is 57"),
    ],
)
def test_settings_that_cannot_work_are_refused(wrong: dict[str, object], says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        Trends(**wrong)  # type: ignore[arg-type]


# -- which group is told of -----------------------------------------------------------------------------------------

DELIVERY = key([("category", "delivery")])
CARRIER = key([("category", "delivery"), ("root_cause", "carrier")])
STOCK = key([("category", "delivery"), ("root_cause", "stock")])


def products(cause: str, number: int) -> str:
    return key([("category", "delivery"), ("root_cause", cause), ("product", f"P{number}")])


class Town:
    """Cases in cells, each complaint in all the cells that it is given."""

    def __init__(self) -> None:
        self.cells: dict[str, list[Case]] = {}
        self.number = count(1)

    def add(self, cells: Iterable[str], days: Iterable[int], person: int | None = None) -> Town:
        for day in days:
            ident = next(self.number)
            for cell in cells:
                self.cells.setdefault(cell, []).append(Case(ident, TODAY - day, person or ident))
        return self

    def ground(self, outbreaks: Sequence[Outbreak] = ()) -> Ground:
        on = ground(self.cells, SETTINGS, TODAY, TODAY - 200, outbreaks)
        assert on is not None
        return on

    def found(self) -> list[str]:
        return [one.cell for one in findings(self.cells, SETTINGS, self.ground())]


EVERY_FOURTH = range(0, 70, 4)


def test_a_jump_in_one_thin_group_is_told_there_and_not_again_above_it() -> None:
    town = Town()
    for number in range(5):
        town.add([DELIVERY, CARRIER, products("carrier", number)], EVERY_FOURTH)
    town.add([DELIVERY, CARRIER, products("carrier", 9)], [1, 1, 2, 3, 3, 4, 5, 6])
    assert town.found() == [products("carrier", 9)]


def test_a_jump_that_thin_groups_share_is_found_in_their_parent() -> None:
    town = Town()
    for number in range(10):
        town.add([DELIVERY, CARRIER, products("carrier", number)], [20 + number, 45 + number, number % 6])
    town.add([DELIVERY, STOCK], EVERY_FOURTH)
    on = town.ground()
    children = [judge(products("carrier", number), town.cells[products("carrier", number)], SETTINGS, on)
                for number in range(10)]  # fmt: skip
    assert min(one.chance for one in children) > SETTINGS.watch, "no child stands out by itself"
    assert town.found() == [CARRIER]


def test_two_jumps_are_two_findings() -> None:
    town = Town()
    town.add([DELIVERY, CARRIER], [*EVERY_FOURTH, 1, 1, 2, 2, 3, 3, 4, 5, 5, 6])
    town.add([DELIVERY, STOCK], [*EVERY_FOURTH, 0, 1, 1, 2, 3, 3, 4, 4, 5, 6])
    assert sorted(town.found()) == sorted([CARRIER, STOCK])


def test_the_same_people_in_another_view_are_not_told_of_twice() -> None:
    site = key([("extra.site", "Porto")])
    town = Town().add([DELIVERY, CARRIER, site], [1, 1, 2, 3, 4, 5, 6]).add([DELIVERY], EVERY_FOURTH)
    assert len(town.found()) == 1


def test_fewer_people_than_the_least_are_never_told_of_and_nothing_comes_of_a_usual_week() -> None:
    assert Town().add([CARRIER], [1, 2]).found() == []
    assert Town().add([CARRIER], [1] * 9, person=5).found() == []
    assert Town().add([CARRIER, DELIVERY], EVERY_FOURTH).found() == []


def test_with_less_than_four_weeks_to_compare_with_there_is_no_test() -> None:
    town = Town().add([CARRIER], [1, 2, 3])
    assert ground(town.cells, SETTINGS, TODAY, TODAY - 40) is None
    short = ground(town.cells, SETTINGS, TODAY, TODAY - 45)
    assert short is not None and short.before_days == 28


def test_an_earlier_trend_is_no_past_to_compare_with() -> None:
    town = Town().add([CARRIER], [*range(0, 70, 14), *[30] * 10, *[1] * 6])
    old = Outbreak(CARRIER, TODAY - 33, TODAY - 28)
    plain = judge(CARRIER, town.cells[CARRIER], SETTINGS, town.ground())
    knowing = judge(CARRIER, town.cells[CARRIER], SETTINGS, town.ground([old]))
    assert knowing.chance < SETTINGS.alarm < plain.chance
    assert knowing.before_days < plain.before_days


def test_the_start_is_where_the_rate_changes() -> None:
    assert likely_start([0, 1, 0, 0, 0, 1, 0, 0, 3, 2, 4]) == 8
    assert likely_start([0, 0, 0, 5]) == 3
    assert likely_start([]) == 0


# -- what becomes of it ---------------------------------------------------------------------------------------------


def a_trend() -> tuple[Town, Alive]:
    town = Town().add([CARRIER], [*range(16, 70, 18), 1, 2, 2, 3, 3, 4])
    (found,) = findings(town.cells, SETTINGS, town.ground())
    return town, Alive(1, begun(found, town.cells[CARRIER], SETTINGS, town.ground(), NOW), "shop/1")


def test_a_trend_begins_as_an_alarm_with_its_start() -> None:
    _, one = a_trend()
    assert (one.trend.level, one.trend.state, one.trend.size) == (Level.ALARM, State.OPEN, 6)
    assert one.trend.started_on == date(2026, 5, 27)


def test_a_trend_that_goes_on_does_not_become_usual_by_going_on() -> None:
    town, one = a_trend()
    trend = one.trend
    for day in range(1, 90):
        ident = next(town.number)
        town.cells[CARRIER].append(Case(ident, TODAY + day, ident))
        on = Ground(TODAY + day, 56, 1.0)
        trend = lived(trend, town.cells[CARRIER], SETTINGS, on, NOW)
    assert trend.state is State.OPEN and trend.standing_on == date(2026, 8, 28)


@pytest.mark.parametrize(
    ("path", "wrong"),
    [
        ([State.ACKNOWLEDGED], State.ACKNOWLEDGED),
        ([State.EXPLAINED], State.ACKNOWLEDGED),
        ([State.ACTIONED], State.EXPLAINED),
        ([State.CLOSED], State.CLOSED),
    ],
)
def test_a_word_that_does_not_follow_is_refused_and_says_where_the_trend_stands(
    path: list[State], wrong: State
) -> None:
    _, one = a_trend()
    trend = one.trend
    for state in path:
        trend = said(trend, state, "Ana", None, NOW)
    with pytest.raises(AmendsError, match=trend.state.value):
        said(trend, wrong, "Ana", None, NOW)


def test_only_complaints_since_its_start_carry_the_flag_and_only_while_it_speaks() -> None:
    _, one = a_trend()
    inside = Counted(date(2026, 5, 30), (DELIVERY, CARRIER))
    (flag,) = flags(inside, NOW, [one])
    assert (flag.kind, flag.episode, flag.topic, flag.cases) == (FlagKind.TREND, "trend#1", "trend", ("shop/1",))
    assert flag.since == NOW, "the trend was found after the complaint came"
    assert "6 people in 7 days told of delivery, carrier" in flag.why
    assert flags(Counted(date(2026, 5, 1), (CARRIER,)), NOW, [one]) == ()
    assert flags(Counted(date(2026, 5, 30), (STOCK,)), NOW, [one]) == ()
    explained = Alive(1, said(one.trend, State.EXPLAINED, "Ana", "a promotion", NOW))
    assert flags(inside, NOW, [explained]) == ()


def test_a_note_never_repeats_what_somebody_may_have_typed() -> None:
    assert words(key([("category", "delivery"), ("product", "click <b>here</b>")])) == "delivery"
    assert words(key([("product", "@everyone")])) == "the same thing"


def test_the_effect_of_a_correction_is_told_by_the_law_of_the_alarm() -> None:
    assert effect(20, 28, 2, 28).verdict is Verdict.FELL
    assert effect(20, 28, 18, 28).verdict is Verdict.UNCLEAR
    assert effect(20, 28, 60, 28).verdict is Verdict.ROSE
    assert effect(3, 28, 0, 28).verdict is Verdict.UNCLEAR, "so few prove nothing"


def test_a_cell_is_within_a_wider_one_and_not_within_itself() -> None:
    assert within(CARRIER, DELIVERY) and not within(DELIVERY, CARRIER) and not within(CARRIER, CARRIER)
