"""The register of conduct: what has to come first, who may approve, and what no restriction touches."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from connector.errors import AmendsError
from connector.model import Clock, ClockState, Flag, FlagKind
from connector.people.conduct import (
    QUESTIONS,
    Conduct,
    Filed,
    Measure,
    State,
    Step,
    following,
    passes,
    prove,
    review_on,
    state,
    worth_talking,
)
from connector.people.fault import Fault, first_fault, share

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
RULES = Conduct()
YES = dict.fromkeys(QUESTIONS, True)
LAPSES = date(2026, 6, 1)
INCIDENT = Filed(Step.INCIDENT, NOW, "ana", "Shouted at Ben on the phone.")
FAIRNESS = Filed(Step.FAIRNESS, NOW, "ana", answers=YES)
WARNING = Filed(Step.WARNING, NOW, "ana", document="letters/1")
DECISION = Filed(
    Step.DECISION, NOW, "dora", "It went on.", measure=Measure.ONE_CONTACT, review_on=LAPSES, cases=("shop/1",)
)
APPROVALS = tuple(Filed(Step.APPROVAL, NOW, who) for who in ("ben", "carla"))
NOTICE = Filed(Step.NOTICE, NOW, "dora", document="letters/2")
ALL = (INCIDENT, FAIRNESS, WARNING, DECISION, *APPROVALS, NOTICE)


def may(*steps: Filed, then: Filed) -> bool:
    try:
        prove(steps, then, RULES)
    except AmendsError as error:
        assert error.remedy
        return False
    return True


def test_a_page_offers_the_steps_that_may_follow_and_no_other() -> None:
    for number in range(1, len(ALL)):
        offered = following(ALL[:number], NOW)
        assert ALL[number].step in offered
        assert set(offered) <= {ALL[number].step, Step.END}
    assert following(ALL, NOW) == (Step.EXTENSION, Step.END)
    assert following((*ALL, Filed(Step.END, NOW, "ana", "over")), NOW) == ()


def test_every_step_leads_to_the_next() -> None:
    for number, step in enumerate(ALL):
        assert may(*ALL[:number], then=step), step.step
    stands = [state(ALL[:number], NOW) for number in range(1, len(ALL) + 1)]
    assert stands == [
        State.INCIDENT, State.FAIR, State.WARNED, State.DECIDED, State.DECIDED, State.APPROVED, State.IN_FORCE,
    ]  # fmt: skip


@given(st.permutations(ALL), st.integers(1, len(ALL)))
def test_nothing_comes_into_force_by_leaving_a_step_out(order: list[Filed], number: int) -> None:
    done: list[Filed] = []
    for step in order[:number]:
        if (done or step.step is Step.INCIDENT) and may(*done, then=step):
            done.append(step)
    if state(done, NOW) is State.IN_FORCE:
        assert sorted(one.step for one in done) == sorted(one.step for one in ALL)


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_single_no_in_the_fairness_check_ends_it(question: str) -> None:
    unfair = (INCIDENT, replace(FAIRNESS, answers={**YES, question: False}))
    assert state(unfair, NOW) is State.UNFAIR
    assert not may(*unfair, then=WARNING)


@pytest.mark.parametrize("who", ["ana", "dora", "ben"])
def test_whoever_logged_decided_or_approved_it_has_spoken_already(who: str) -> None:
    assert not may(*ALL[:4], APPROVALS[0], then=Filed(Step.APPROVAL, NOW, who))
    assert state((*ALL[:4], APPROVALS[0]), NOW) is State.DECIDED


@pytest.mark.parametrize(
    "wrong",
    [
        {"text": ""},
        {"measure": None},
        {"cases": ()},
        {"review_on": None},
        {"review_on": NOW.date()},
        {"review_on": NOW.date() + timedelta(days=181)},
        {"measure": Measure.NO_CONTACT},
        {"measure": Measure.CLOSED_MATTER},
    ],
)
def test_a_decision_names_reasons_measure_matter_and_a_day_and_a_grave_one_its_written_request(
    wrong: dict[str, object],
) -> None:
    assert not may(*ALL[:3], then=replace(DECISION, **wrong))
    if wrong.get("measure"):
        assert may(*ALL[:3], then=replace(DECISION, request="letters/9", **wrong))


def test_six_months_are_the_most_whatever_the_settings_say() -> None:
    with pytest.raises(AmendsError):
        prove(ALL[:3], replace(DECISION, review_on=NOW.date() + timedelta(days=184)), Conduct(review_days=900))


def test_on_its_day_it_lapses_unless_two_people_extended_it() -> None:
    later = datetime(2026, 6, 1, 0, 0, tzinfo=UTC)
    assert state(ALL, later - timedelta(seconds=1)) is State.IN_FORCE
    assert state(ALL, later) is State.LAPSED
    asked = Filed(Step.EXTENSION, NOW + timedelta(days=60), "dora", "It goes on.", review_on=date(2026, 8, 1))
    assert may(*ALL, then=asked)
    assert review_on((*ALL, asked, APPROVALS[0])) == LAPSES
    assert review_on((*ALL, asked, *APPROVALS)) == date(2026, 8, 1)
    assert state((*ALL, asked, *APPROVALS), later) is State.IN_FORCE
    assert not may(*ALL, then=replace(asked, at=later, review_on=date(2026, 8, 1))), "it has lapsed"


def test_emergencies_and_new_matters_pass_and_clocks_go_on() -> None:
    assert "until 2026-06-01; its clocks go on" in passes(ALL, "shop/1", emergency=False, now=NOW)
    assert passes(ALL, "shop/1", emergency=True, now=NOW) == "an emergency: it passes"
    assert "it passes" in passes(ALL, "shop/2", emergency=False, now=NOW)
    assert passes(ALL[:-1], "shop/1", emergency=False, now=NOW) == "nothing is in force"


def test_software_only_says_whom_people_may_want_to_talk_about() -> None:
    assert [worth_talking(number, RULES) for number in (9, 10)] == [False, True]


# -- whose fault -------------------------------------------------------------------------------------------------------


def repeat(rule: str = "same_matter") -> Flag:
    return Flag(FlagKind.REPEAT, rule, f"{rule}#1", NOW, "back again", ("shop/1", "post/2"))


def clock(state: ClockState, hours: float, kind: str = "resolution") -> Clock:
    at = NOW + timedelta(hours=hours)
    return Clock(kind, 1, state, at - timedelta(days=1), 3600, 7200, "t", "c", breached_at=at)


def test_we_were_at_fault_first_where_something_was_late_before_the_customer_came_back() -> None:
    late = ("shop/1", clock(ClockState.MISSED, -2))
    assert first_fault(repeat(), [late]) == Fault("shop/1", "resolution came too late")
    promise = ("shop/1", clock(ClockState.BREACHED, -5, "promise"))
    assert first_fault(repeat(), [late, promise]) == Fault("shop/1", "a promise was broken")
    assert first_fault(repeat(), [("shop/1", clock(ClockState.MISSED, 2))]) is None, "only afterwards"
    assert first_fault(repeat(), [("shop/1", clock(ClockState.MET, -2))]) is None
    assert first_fault(repeat("reopened"), []) == Fault("post/2", "a resolution did not hold")
    assert share([None, Fault("shop/1", "x"), None]) == (1, 3)
