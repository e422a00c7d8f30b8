"""`amends people conduct …`: the register of conduct, step by step. Amends keeps it, and restricts nobody."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, timedelta

import msgspec

from connector.commands.cases import find
from connector.commands.people import person_called
from connector.commands.place import Place
from connector.display import clean, moment, table, wrapped
from connector.errors import AmendsError
from connector.mapping import words
from connector.model import EntryKind, Flag, FlagKind
from connector.people.conduct import (
    QUESTIONS,
    Filed,
    Measure,
    State,
    Step,
    approvers,
    measure,
    prove,
    review_on,
    state,
    worth_talking,
)
from connector.people.fault import first_fault
from connector.people.repeats import chasers
from connector.store import Transaction, complaints, conducts, people, sources
from connector.store.complaints import Stored
from connector.store.conducts import Register
from connector.timeline import Words, fold

QUARTER = timedelta(days=90)
_OVER = (State.UNFAIR, State.LAPSED, State.ENDED)


class RegisterRow(msgspec.Struct, frozen=True):
    """A register: about whom, where it stands, what was decided and until when, and who approved."""

    id: int
    person: int
    name: str
    state: State
    measure: Measure | None
    review_on: date | None
    approved_by: tuple[str, ...]
    steps: tuple[Filed, ...]
    dry_run: bool = False


class Told(msgspec.Struct, frozen=True):
    """What is said of a step, beside who files it and when."""

    text: str = ""
    document: str | None = None
    request: str | None = None
    measure: Measure | None = None
    review: date | None = None
    cases: tuple[str, ...] = ()
    answers: dict[str, bool] = {}


def listing(place: Place, *, everything: bool) -> list[RegisterRow]:
    """The registers, oldest first; those that are over only with `everything`."""
    with place.store() as store, store.read() as connection:
        rows = [_row(place, connection, one) for one in conducts.everything(connection)]
    return [row for row in rows if everything or row.state not in _OVER]


def show(place: Place, number: int) -> RegisterRow:
    with place.store() as store, store.read() as connection:
        return _row(place, connection, _register(connection, number))


def begin(place: Place, name: str, told: Told, *, dry_run: bool) -> RegisterRow:
    """Log an incident about a person. Raises AmendsError without facts."""
    with place.store() as store, store.write("conduct: filed") as connection:
        person, _ = person_called(place, connection, name)
        filed = _filed(place, connection, Step.INCIDENT, told)
        prove((), filed, place.settings.people.conduct)
        if dry_run:
            return _row(place, connection, Register(0, person, (filed,)), dry_run=True)
        number = conducts.file(connection, person, filed)
        _log(place, connection, number, filed)
        return _row(place, connection, _register(connection, number))


def file(place: Place, number: int, step: Step, told: Told, *, dry_run: bool) -> RegisterRow:
    """File a step. Raises AmendsError, with what has to come first, where it may not follow."""
    with place.store() as store, store.write("conduct: filed") as connection:
        register = _register(connection, number)
        filed = _filed(place, connection, step, told)
        prove(register.steps, filed, place.settings.people.conduct)
        if not dry_run:
            conducts.file(connection, register.identity, filed, number)
            _log(place, connection, number, filed)
        after = msgspec.structs.replace(register, steps=(*register.steps, filed))
        return _row(place, connection, after, dry_run=dry_run)


def answers(given: Sequence[str]) -> dict[str, bool]:
    """`handled=yes` and the like. Raises AmendsError for another question or answer."""
    found = {}
    for one in given:
        name, _, said = one.partition("=")
        if name not in QUESTIONS or said not in ("yes", "no"):
            asked = "; ".join(f"{name}: {question}" for name, question in QUESTIONS.items())
            raise AmendsError(f"{one!r} answers no question.", remedy=f"Say NAME=yes or NAME=no for each. {asked}")
        found[name] = said == "yes"
    return found


def _filed(place: Place, connection: Transaction, step: Step, told: Told) -> Filed:
    cases = tuple(f"{one.source}/{one.ticket}" for one in (find(connection, name) for name in told.cases))
    return Filed(
        step=step,
        at=place.now(),
        who=place.who,
        text=told.text,
        document=told.document,
        request=told.request,
        measure=told.measure,
        review_on=told.review,
        cases=cases,
        answers=told.answers,
    )


def _log(place: Place, connection: Transaction, number: int, filed: Filed) -> None:
    sources.log(connection, filed.at, filed.who, f"conduct: {filed.step.value}", detail={"register": number})


def _register(connection: Transaction, number: int) -> Register:
    found = conducts.one(connection, number)
    if found is None:
        raise AmendsError(f"there is no register {number}.", remedy="`amends people conduct list --all` names them.")
    return found


def _row(place: Place, connection: Transaction, register: Register, *, dry_run: bool = False) -> RegisterRow:
    steps = register.steps
    last = Step.EXTENSION if any(one.step is Step.EXTENSION for one in steps) else Step.DECISION
    return RegisterRow(
        id=register.id,
        person=register.identity,
        name=conducts.names(connection, [register.identity]).get(register.identity, "?"),
        state=state(steps, place.now()),
        measure=measure(steps),
        review_on=review_on(steps),
        approved_by=tuple(sorted(approvers(steps, last))),
        steps=steps,
        dry_run=dry_run,
    )


def listing_lines(rows: list[RegisterRow], columns: int) -> list[str]:
    if not rows:
        return ["The register is empty."]
    cells = [
        (
            str(one.id),
            one.name,
            one.state.value.replace("_", " "),
            one.measure.value.replace("_", " ") if one.measure else "-",
            str(one.review_on or "-"),
        )
        for one in rows
    ]
    return table(("REGISTER", "ABOUT", "STANDS AT", "MEASURE", "LAPSES"), cells, columns)


def register_lines(told: RegisterRow, columns: int) -> list[str]:
    head = f"register {told.id} about {told.name} (person {told.person}): {told.state.value.replace('_', ' ')}"
    lines = [clean(f"Would be: {head}" if told.dry_run else head)]
    if told.measure is not None:
        lines.append(f"  {told.measure.value.replace('_', ' ')}, lapses on {told.review_on}")
    for filed in told.steps:
        lines.append(f"  {moment(filed.at)}  {filed.step.value}, by {clean(filed.who)}")
        said = [filed.text, f"document: {filed.document}" if filed.document else ""]
        said += [f"written request: {filed.request}" if filed.request else "", ", ".join(filed.cases)]
        said += [f"{QUESTIONS[name]} {'yes' if yes else 'no'}" for name, yes in filed.answers.items()]
        lines += [f"      {line}" for one in said if one for line in wrapped(clean(one), columns - 6)]
    return lines


# -- whom to talk about ----------------------------------------------------------------------------------------------


class Suggestion(msgspec.Struct, frozen=True):
    """Somebody whom people may want to talk about: how often they wrote in the last 90 days, as complaints and as
    chasers. It says nothing about who is right."""

    person: int
    name: str
    complaints: int
    chasers: int


def suggestions(place: Place) -> list[Suggestion]:
    """Those who wrote most, without those towards whom we were at fault first, and those with a register that is open.
    Nothing follows from it by itself."""
    rules, now = place.settings.people.conduct, place.now()
    spoken = {name: words(source.mapping) for name, source in place.settings.sources.items()}
    counted: Counter[int] = Counter()
    asked: Counter[int] = Counter()
    returned: dict[int, list[Flag]] = {}
    with place.store() as store, store.read() as connection:
        for one in complaints.listing(connection, is_complaint="yes", since=now - QUARTER):
            counted[one.person_id] += 1
            asked[one.person_id] += _chasers(one, spoken)
            flags = [flag for flag in one.assessed.flags if flag.kind is FlagKind.REPEAT]
            returned.setdefault(one.person_id, []).extend(flags)
        often = [one for one in counted if worth_talking(counted[one] + asked[one], rules)]
        wrong = _wronged(connection, {one: returned[one] for one in often})
        registers = conducts.everything(connection)
        open_ones = {one.identity for one in registers if state(one.steps, now) not in _OVER}
        spared = wrong | set(people.persons(connection, open_ones).values())
        found = [one for one in often if one not in spared]
        names = conducts.names(connection, found)
    rows = [Suggestion(one, names[one], counted[one], asked[one]) for one in found]
    return sorted(rows, key=lambda row: (-(row.complaints + row.chasers), row.person))


def _chasers(stored: Stored, spoken: Mapping[str, Words]) -> int:
    """How often they asked again in that ticket; most tickets need no folding to know that they did not."""
    entries = stored.doc.entries
    if stored.source not in spoken or not any(entry.kind is EntryKind.CUSTOMER_MESSAGE for entry in entries):
        return 0
    folded = fold(entries, spoken[stored.source])
    return chasers(folded.history) if folded is not None else 0


def _wronged(connection: Transaction, returned: Mapping[int, Sequence[Flag]]) -> set[int]:
    """Of people by what tells that they had to come back: those towards whom we were at fault first."""
    names = {name for flags in returned.values() for flag in flags for name in flag.cases}
    clocks = complaints.clocks_of(connection, names) if names else {}
    return {
        person
        for person, flags in returned.items()
        for flag in flags
        if first_fault(flag, [(name, clock) for name in flag.cases for clock in clocks.get(name, ())])
    }


def suggestions_lines(rows: list[Suggestion], columns: int) -> list[str]:
    if not rows:
        return ["Nobody wrote so often, or we were at fault first."]
    cells = [(str(one.person), one.name, str(one.complaints), str(one.chasers)) for one in rows]
    said = table(("PERSON", "NAME", "COMPLAINTS", "CHASERS"), cells, columns)
    return [*said, "", "Writing often is no misconduct. Talk about it; nothing was changed."]
