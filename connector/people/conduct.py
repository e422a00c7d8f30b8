"""The register of conduct: what has to happen before anybody is restricted, and what no restriction touches; pure.

A stop procedure in the order that ombudsmen ask for: an incident with its facts, a check whether *we* were fair, a
warning, a decision that two people approve, a notice, and a date on which it lapses. Amends keeps the register and
shows it beside complaints. It restricts nobody: no priority is lowered, no clock stopped, no message held back. It may
only propose to talk about somebody (`worth_talking`). Called by `amends people conduct` and by `explain`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum

import msgspec

from connector.errors import AmendsError

# Six months; a shorter time is the admin's choice.
LONGEST_REVIEW_DAYS = 183
APPROVALS = 2


class Conduct(msgspec.Struct, frozen=True):
    """What people.yaml says: within how many days a restriction is looked at again, and after how many chasers and
    complaints in 90 days it is proposed to talk about somebody."""

    review_days: int = 180
    suggest_after: int = 10


class Step(StrEnum):
    """What was done. APPROVAL follows a DECISION or an EXTENSION, each twice by different people."""

    INCIDENT = "incident"
    FAIRNESS = "fairness"
    WARNING = "warning"
    DECISION = "decision"
    APPROVAL = "approval"
    NOTICE = "notice"
    EXTENSION = "extension"
    END = "end"


class Measure(StrEnum):
    """What may be decided, mildest first."""

    AGREEMENT = "agreement"
    ADVOCATE = "advocate"
    IN_WRITING = "in_writing"
    SET_DAYS = "set_days"
    ONE_CHANNEL = "one_channel"
    ONE_CONTACT = "one_contact"
    CLOSED_MATTER = "closed_matter"
    NO_CONTACT = "no_contact"


# These go beyond what a manager may decide: somebody has to have asked for them in writing.
GRAVE = frozenset({Measure.CLOSED_MATTER, Measure.NO_CONTACT})

QUESTIONS = {
    "handled": "Was the complaint handled properly?",
    "communicated": "Was what we wrote and said adequate?",
    "nothing_new": "Is there nothing new in what they write?",
    "no_better_route": "Is there no better route for them, such as another person or an ombudsman?",
    "vulnerability": "Was it considered whether a disability or a vulnerable situation plays a part?",
    "adjustment": "Was an adjustment considered that might help?",
}


class Filed(msgspec.Struct, frozen=True, omit_defaults=True):
    """One step of one register. `text` holds facts or reasons, `document` where the letter or form lies, `request`
    where the written request for a grave measure lies. `review_on` is the day on which it lapses, `cases` are the
    complaints ("source/ticket") that it is about, `answers` those to QUESTIONS."""

    step: Step
    at: datetime
    who: str
    text: str = ""
    document: str | None = None
    request: str | None = None
    measure: Measure | None = None
    review_on: date | None = None
    cases: tuple[str, ...] = ()
    answers: dict[str, bool] = {}


class State(StrEnum):
    """Where a register stands. UNFAIR, LAPSED and ENDED are ends."""

    INCIDENT = "incident"
    UNFAIR = "unfair"
    FAIR = "fair"
    WARNED = "warned"
    DECIDED = "decided"
    APPROVED = "approved"
    IN_FORCE = "in_force"
    LAPSED = "lapsed"
    ENDED = "ended"


_AFTER = {
    Step.FAIRNESS: (State.INCIDENT,),
    Step.WARNING: (State.FAIR,),
    Step.DECISION: (State.WARNED,),
    Step.NOTICE: (State.APPROVED,),
    Step.EXTENSION: (State.IN_FORCE,),
    Step.END: (State.INCIDENT, State.FAIR, State.WARNED, State.DECIDED, State.APPROVED, State.IN_FORCE),
}
_FIRST = {
    Step.FAIRNESS: "an incident is logged",
    Step.WARNING: "the fairness check is passed",
    Step.DECISION: "they were warned and asked to change",
    Step.NOTICE: f"{APPROVALS} people approved the decision",
    Step.EXTENSION: "a restriction is in force",
    Step.END: "there is something to end",
}


def state(steps: Sequence[Filed], now: datetime) -> State:
    """Where a register stands at `now`; `steps` in the order in which they were filed."""
    done = {filed.step for filed in steps}
    if Step.END in done:
        return State.ENDED
    if Step.DECISION in done:
        if Step.NOTICE in done:
            review = review_on(steps)
            return State.LAPSED if review is not None and now.date() >= review else State.IN_FORCE
        return State.APPROVED if len(approvers(steps, Step.DECISION)) >= APPROVALS else State.DECIDED
    if Step.WARNING in done:
        return State.WARNED
    check = next((filed for filed in steps if filed.step is Step.FAIRNESS), None)
    if check is None:
        return State.INCIDENT
    return State.FAIR if all(check.answers.get(question) for question in QUESTIONS) else State.UNFAIR


def following(steps: Sequence[Filed], now: datetime) -> tuple[Step, ...]:
    """The steps that may be filed next, whatever they need besides; by whom is for `prove` to say."""
    stands = state(steps, now)
    found = [step for step, after in _AFTER.items() if stands in after]
    last = next((one.step for one in reversed(steps) if one.step in (Step.DECISION, Step.EXTENSION)), None)
    waits = last is not None and len(approvers(steps, last)) < APPROVALS
    return (*((Step.APPROVAL,) if waits and stands in (State.DECIDED, State.IN_FORCE) else ()), *found)


def approvers(steps: Sequence[Filed], of: Step) -> frozenset[str]:
    """Who approved the last decision or extension."""
    found: set[str] = set()
    for filed in steps:
        if filed.step in (Step.DECISION, Step.EXTENSION):
            found = set()
            last = filed.step
        elif filed.step is Step.APPROVAL and last is of:
            found.add(filed.who)
    return frozenset(found)


def review_on(steps: Sequence[Filed]) -> date | None:
    """The day on which the restriction lapses: that of the decision, or of the last extension that two approved."""
    found: date | None = None
    asked: date | None = None
    said: set[str] = set()
    for filed in steps:
        if filed.step is Step.DECISION:
            found = filed.review_on
        elif filed.step is Step.EXTENSION:
            asked, said = filed.review_on, set()
        elif filed.step is Step.APPROVAL and asked is not None:
            said.add(filed.who)
            found = asked if len(said) >= APPROVALS else found
    return found


def measure(steps: Sequence[Filed]) -> Measure | None:
    """What was decided."""
    return next((filed.measure for filed in steps if filed.step is Step.DECISION), None)


def prove(steps: Sequence[Filed], new: Filed, rules: Conduct) -> None:
    """Raises AmendsError, with what has to come first, where `new` may not be filed after `steps`."""
    stands = state(steps, new.at)
    if new.step is Step.INCIDENT:
        _want(new.text, "an incident needs its facts: what was said or done, when, to whom", "Say --text.")
        return
    if new.step is Step.APPROVAL:
        _prove_approval(steps, new, stands)
    elif stands not in _AFTER[new.step]:
        raise AmendsError(
            f"the register stands at {stands.value!r}: no {new.step.value} can follow.",
            remedy=f"It needs that {_FIRST[new.step]}. `amends people conduct show` tells what was done.",
        )
    if new.step is Step.FAIRNESS and set(new.answers) != set(QUESTIONS):
        missing = [name for name in QUESTIONS if name not in new.answers]
        raise AmendsError(f"not answered: {', '.join(missing)}.", remedy="Say --answer NAME=yes or =no for each.")
    if new.step in (Step.WARNING, Step.NOTICE):
        _want(new.document, f"a {new.step.value} is a letter", "Say where it lies: --document.")
    if new.step in (Step.DECISION, Step.EXTENSION):
        _prove_decision(new, rules)
    if new.step is Step.END:
        _want(new.text, "nobody would know why it ended", "Say --text.")


def _want(value: object, what: str, remedy: str) -> None:
    if not value:
        raise AmendsError(f"{what}.", remedy=remedy)


def _prove_decision(new: Filed, rules: Conduct) -> None:
    _want(new.text, "a decision needs its reasons", "Say --text.")
    last = new.at.date() + timedelta(days=min(rules.review_days, LONGEST_REVIEW_DAYS))
    if new.review_on is None or not new.at.date() < new.review_on <= last:
        raise AmendsError(
            "a restriction needs a day on which it lapses.", remedy=f"Say --review, {last} at the latest."
        )
    if new.step is Step.EXTENSION:
        return
    _want(new.measure, "a decision needs a measure", f"Say --measure: {', '.join(Measure)}.")
    _want(new.cases, "a decision is about a matter; new ones are judged on their merit", "Say --case for each.")
    if new.measure in GRAVE and not new.request:
        raise AmendsError(
            f"{new.measure.value!r} goes beyond the manager and needs a written request.",
            remedy="Say where it lies: --request.",
        )


def _prove_approval(steps: Sequence[Filed], new: Filed, stands: State) -> None:
    last = next((one for one in reversed(steps) if one.step in (Step.DECISION, Step.EXTENSION)), None)
    said = approvers(steps, last.step) if last is not None else frozenset()
    if last is None or stands not in (State.DECIDED, State.IN_FORCE) or len(said) >= APPROVALS:
        raise AmendsError("there is nothing to approve.", remedy="`amends people conduct show` tells what was done.")
    logged = next(one.who for one in steps if one.step is Step.INCIDENT)
    if new.who in said or new.who in (last.who, logged):
        raise AmendsError(
            f"{new.who} cannot approve: whoever logged, decided or approved it has spoken already.",
            remedy=f"{APPROVALS} other people have to.",
        )


def passes(steps: Sequence[Filed], case: str, *, emergency: bool, now: datetime) -> str:
    """What a restriction means for one complaint, in words. Emergencies and new matters always pass."""
    if state(steps, now) is not State.IN_FORCE:
        return "nothing is in force"
    if emergency:
        return "an emergency: it passes"
    about = {one for filed in steps if filed.step is Step.DECISION for one in filed.cases}
    if case not in about:
        return "a matter of its own: it passes, and is judged on its merit"
    what = measure(steps)
    return f"{what.value.replace('_', ' ') if what else 'a measure'} until {review_on(steps)}; its clocks go on"


def worth_talking(contacts: int, rules: Conduct) -> bool:
    """Whether somebody wrote so often in 90 days, in complaints and chasers, that people may want to talk about them.
    Whoever asks leaves out those towards whom we were at fault first."""
    return contacts >= rules.suggest_after
