"""`amends people …`: who is who over all sources, and why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

import msgspec

from connector.commands.keeping import Done
from connector.commands.place import Place
from connector.commands.progress import Progress
from connector.display import clean, count, cut, moment, table, wrapped
from connector.errors import AmendsError
from connector.model import EPOCH, Flag, FlagKind
from connector.people.conduct import State, review_on, state
from connector.people.fault import Fault, first_fault, share
from connector.people.identity import FINDING, Identity, e164
from connector.people.linking import Said, Tie
from connector.people.repeats import Earlier, chased, chasers, copy_of
from connector.store import Transaction, complaints, conducts, earlier, identities, people, sources
from connector.store.complaints import Stored
from connector.store.people import Listed
from connector.sync import compare
from connector.timeline import fold


def listing(place: Place, words: str | None, most: int) -> list[Listed]:
    """Those heard of last first."""
    with place.store() as store, store.read() as connection:
        return list(people.listing(connection, words=words, most=most))


def listing_lines(rows: list[Listed], columns: int) -> list[str]:
    if not rows:
        return ["Nobody is like that."]
    cells = [
        (str(one.id), one.name or "-", str(one.identities), str(one.tickets), str(one.complaints), moment(one.last_at))
        for one in rows
    ]
    return table(("PERSON", "NAME", "IDENTITIES", "TICKETS", "COMPLAINTS", "LAST"), cells, columns)


# -- one person ------------------------------------------------------------------------------------------------------


def identity_called(place: Place, connection: Transaction, name: str) -> list[int]:
    """The identities called `name`: their number, key, address, phone or number. Raises AmendsError for none."""
    rules = place.settings.people.identifying
    found = people.find(connection, e164(name, rules.country) or name, [number.name for number in rules.numbers])
    found = found or people.find(connection, name, ())
    if not found:
        raise AmendsError(f"there is nobody {name!r}.", remedy="`amends people list` looks for them.")
    return found


def person_called(place: Place, connection: Transaction, name: str) -> tuple[int, set[int]]:
    """The person called `name` and their identities. Raises AmendsError where that is nobody, or several people."""
    found = identities.members(connection, identity_called(place, connection, name))
    if len(found) > 1:
        named = ", ".join(map(str, sorted(found)))
        raise AmendsError(f"{name!r} is more than one person.", remedy=f"Say which: {named}.")
    return next(iter(found.items()))


class Case(msgspec.Struct, frozen=True):
    """A ticket of the person. `same_as` is the complaint of which it is the same message at another place, `chases` the
    open one after which it asks; `chasers` counts how often they asked again in it before anybody answered."""

    id: str
    opened_at: datetime
    status: str
    complaint: str
    subject: str
    category: str | None
    flags: tuple[str, ...]
    identity: int
    same_as: str | None = None
    chases: str | None = None
    chasers: int = 0


class RegisterTold(msgspec.Struct, frozen=True):
    """A register of conduct about the person."""

    id: int
    state: State
    review_on: str | None


class Person(msgspec.Struct, frozen=True):
    """All about one person: their identities with what each is known by, what joins or parts these, what is proposed,
    their tickets newest first, and the register."""

    id: int
    name: str
    identities: tuple[Identity, ...]
    ties: tuple[Tie, ...]
    proposals: tuple[Tie, ...]
    cases: tuple[Case, ...]
    registers: tuple[RegisterTold, ...]


def show(place: Place, name: str) -> Person:
    """Raises AmendsError where that is nobody, or several people."""
    with place.store() as store, store.read() as connection:
        person, ids = person_called(place, connection, name)
        known = identities.identities(connection, ids, keys=True)
        ties = identities.ties_of(connection, ids)
        stored = complaints.of_identities(connection, ids)
        others = earlier.cases_of(connection, [person], EPOCH).get(person, [])
        registers = conducts.of_identities(connection, ids)
    now = place.now()
    known = [msgspec.structs.replace(one, keys=_proving(one.keys)) for one in sorted(known, key=lambda one: one.id)]
    return Person(
        id=person,
        name=next((one.name for one in known if one.name), known[0].key),
        identities=tuple(known),
        ties=tuple(tie for tie in ties if tie.said is not Said.PROPOSED),
        proposals=tuple(tie for tie in ties if tie.said is Said.PROPOSED),
        cases=tuple(_case(place, one, others) for one in stored),
        registers=tuple(
            RegisterTold(one.id, state(one.steps, now), str(review_on(one.steps) or "") or None) for one in registers
        ),
    )


def _proving(keys: Iterable[str]) -> frozenset[str]:
    return frozenset(key for key in keys if not key.startswith(FINDING))


def _case(place: Place, stored: Stored, others: Sequence[Earlier]) -> Case:
    this, tags = stored.doc.complaint, stored.doc.tags
    name = f"{stored.source}/{stored.ticket}"
    own = next((one for one in others if one.case == name), None)
    rest = [one for one in others if one.case != name]
    same = copy_of(own, rest) if own else None
    after = chased(own, rest) if own and not same else None
    return Case(
        id=name,
        opened_at=this.opened_at,
        status=this.status.value,
        complaint=next((tag.value for tag in tags if tag.facet == "complaint"), "unsure"),
        subject=this.subject,
        category=next((tag.value for tag in tags if tag.facet == "category"), None),
        flags=tuple(dict.fromkeys(flag.kind.value for flag in stored.assessed.flags)),
        identity=stored.complainant_id,
        same_as=same.case if same else None,
        chases=after.case if after else None,
        chasers=_chasers(place, stored),
    )


def _chasers(place: Place, stored: Stored) -> int:
    from connector.mapping import words

    source = place.settings.sources.get(stored.source)
    folded = fold(stored.doc.entries, words(source.mapping)) if source is not None else None
    return chasers(folded.history) if folded is not None else 0


def person_lines(told: Person, columns: int) -> list[str]:
    lines = [f"person {told.id}  {clean(told.name)}", "", "Known as"]
    for one in told.identities:
        lines += _identity_lines(one, columns)
    if told.ties:
        lines += ["", "What joins and parts them"]
        lines += [line for tie in told.ties for line in _tie_lines(tie, columns)]
    if told.proposals:
        lines += ["", "May be the same (`amends people link` or `unlink` decides)"]
        lines += [line for tie in told.proposals for line in _tie_lines(tie, columns)]
    lines += ["", "Tickets"]
    lines += [line for case in told.cases for line in _case_lines(case, columns)]
    if told.registers:
        lines += ["", "Register of conduct"]
        lines += [
            f"  {one.id}  {one.state.value.replace('_', ' ')}{f', until {one.review_on}' if one.review_on else ''}"
            for one in told.registers
        ]
    return lines


def _identity_lines(one: Identity, columns: int) -> Iterator[str]:
    proof = "verified" if one.verified else "not verified"
    address = f" <{one.address}> ({'shared: it joins nobody' if one.shared else proof})" if one.address else ""
    yield cut(clean(f"  {one.id:<6} {one.source:<12} {one.name or '-'}{address}"), columns)
    if one.keys:
        yield from (
            f"{'':21}{clean(line)}" for line in wrapped(f"known by {', '.join(sorted(one.keys))}", columns - 21)
        )


_HOW = {
    Said.KEY: "joined by",
    Said.LINKED: "joined by a person:",
    Said.APART: "kept apart by a person:",
    Said.PROPOSED: "proposed:",
}


def _tie_lines(tie: Tie, columns: int) -> Iterator[str]:
    score = f" ({tie.score:g})" if tie.score is not None else ""
    who = "" if tie.who == identities.AMENDS else f", {tie.who}"
    text = f"{tie.a} and {tie.b}  {_HOW[tie.said]} {tie.why}{score}{who}, {moment(tie.at)}"
    yield from (f"  {clean(line)}" for line in wrapped(text, columns - 2))


def _case_lines(case: Case, columns: int) -> Iterator[str]:
    marks = [*case.flags]
    marks += [f"same message as {case.same_as}"] if case.same_as else []
    marks += [f"asks after {case.chases}"] if case.chases else []
    marks += [count(case.chasers, "chaser")] if case.chasers else []
    what = {"yes": case.category or "complaint", "no": "no complaint"}.get(case.complaint, "unsure")
    yield cut(clean(f"  {moment(case.opened_at)}  {case.id:<14} {case.status:<17} {what:<14} {case.subject}"), columns)
    if marks:
        yield cut(f"{'':20}{', '.join(marks)}", columns)


# -- a person's word -------------------------------------------------------------------------------------------------


def link(place: Place, one: str, other: str, why: str, *, dry_run: bool) -> Done:
    """Say that two are one person. Everything that follows from it is reckoned anew."""
    rules = place.settings.people.identifying
    with place.store() as store, store.write("people: linked") as connection:
        (a, ours), (b, theirs) = person_called(place, connection, one), person_called(place, connection, other)
        if a == b:
            return Done(f"{one} and {other} are one person already.", dry_run)
        words = identities.ties_of(connection, ours | theirs)
        pairs = {tuple(sorted((x, y))) for x in ours for y in theirs}
        apart = [(tie.a, tie.b) for tie in words if tie.said is Said.APART and (tie.a, tie.b) in pairs]
        if dry_run:
            return Done(f"Would join person {a} and person {b}.", True)
        identities.forget_word(connection, apart, Said.APART)
        identities.say(connection, [(min(ours), min(theirs))], Said.LINKED, why, place.who, place.now())
        changed = identities.recompose(connection, ours | theirs, rules, place.now())
        detail = {"identities": [min(ours), min(theirs)], "words taken back": len(apart)}
        sources.log(connection, place.now(), place.who, "people: linked", detail=detail)
    return Done(f"Joined: {count(len(changed), 'identity', 'identities')} are person {min(a, b)} now.")


def unlink(place: Place, one: str, other: str | None, why: str, *, dry_run: bool) -> Done:
    """Say that an identity is not `other`'s; without `other`, that it is none of those it is joined with. It is neither
    joined with them nor proposed again, whatever keys say."""
    rules = place.settings.people.identifying
    with place.store() as store, store.write("people: unlinked") as connection:
        ours = identity_called(place, connection, one)
        if len(ours) > 1:
            known = ", ".join(map(str, ours))
            raise AmendsError(f"{one!r} is more than one identity.", remedy=f"Say which: {known}.")
        if other is None:
            group = next(iter(identities.members(connection, ours).values()))
        else:
            group = set(identity_called(place, connection, other))
        others = sorted(group - set(ours))
        if not others:
            raise AmendsError(f"{one!r} is joined with nobody.", remedy="`amends people show` tells what is joined.")
        if dry_run:
            return Done(f"Would keep {ours[0]} apart from {', '.join(map(str, others))}.", True)
        pairs = [(ours[0], each) for each in others]
        identities.say(connection, pairs, Said.APART, why, place.who, place.now())
        changed = identities.recompose(connection, {*ours, *others}, rules, place.now())
        detail = {"identity": ours[0], "apart from": others}
        sources.log(connection, place.now(), place.who, "people: unlinked", detail=detail)
    what = count(len(changed), "identity", "identities")
    return Done(f"Kept {ours[0]} apart from {', '.join(map(str, others))}; {what} belong to another person now.")


# -- proposals -------------------------------------------------------------------------------------------------------


class Proposal(msgspec.Struct, frozen=True):
    """Two identities that may be one person, as log odds say, and why."""

    one: int
    one_name: str
    other: int
    other_name: str
    score: float
    why: str


def proposals(place: Place, most: int) -> list[Proposal]:
    """Who may be one person, the most likely first. Whoever is new is compared with all others before."""
    with place.store() as store:
        with Progress("people", "people compared") as tell:
            compare(store, place.settings.people.identifying, now=place.now, tell=tell)
        with store.read() as connection:
            found = identities.proposals(connection, most)
            known = identities.identities(connection, {end for tie in found for end in (tie.a, tie.b)})
    names = {one.id: f"{one.name or one.address or one.key} ({one.source})" for one in known}
    return [Proposal(tie.a, names[tie.a], tie.b, names[tie.b], tie.score or 0.0, tie.why) for tie in found]


def proposals_lines(rows: list[Proposal], columns: int) -> list[str]:
    if not rows:
        return ["Nobody seems to be somebody else."]
    cells = [(str(one.one), one.one_name, str(one.other), one.other_name, f"{one.score:g}", one.why) for one in rows]
    said = table(("ONE", "NAME", "OTHER", "NAME", "ODDS", "WHY"), cells, columns)
    return [*said, "", "`amends people link ONE OTHER` says that they are one person, `unlink ONE OTHER` that not."]


# -- who came back, and whose fault it was ---------------------------------------------------------------------------


class Back(msgspec.Struct, frozen=True):
    """A complaint where somebody had to come back, its cases, and what we had done wrong before, if anything."""

    id: str
    rule: str
    since: datetime
    why: str
    cases: tuple[str, ...]
    fault: Fault | None


class Backs(msgspec.Struct, frozen=True):
    """Those who came back: in `at_fault` of `counted` cases we had been at fault first."""

    counted: int
    at_fault: int
    rows: tuple[Back, ...]


def repeats(place: Place) -> Backs:
    """Every flag of a repeat that stands, newest first."""
    with place.store() as store, store.read() as connection:
        found = list(complaints.listing(connection, flag=FlagKind.REPEAT.value))
        named = {name for one in found for flag in _repeats(one) for name in flag.cases}
        clocks = complaints.clocks_of(connection, named)
    rows = [
        Back(
            f"{one.source}/{one.ticket}",
            flag.rule,
            flag.since,
            flag.why,
            flag.cases,
            first_fault(flag, [(name, clock) for name in flag.cases for clock in clocks.get(name, ())]),
        )
        for one in found
        for flag in _repeats(one)
    ]
    wrong, counted = share(row.fault for row in rows)
    return Backs(counted, wrong, tuple(rows))


def _repeats(stored: Stored) -> list[Flag]:
    return [flag for flag in stored.assessed.flags if flag.kind is FlagKind.REPEAT]


def repeats_lines(told: Backs, columns: int) -> list[str]:
    if not told.rows:
        return ["Nobody had to come back."]
    cells = [
        (
            one.id,
            one.rule.replace("_", " "),
            moment(one.since),
            f"{one.fault.why} ({one.fault.case})" if one.fault else "-",
            ", ".join(one.cases),
        )
        for one in told.rows
    ]
    share_of = f"{100 * told.at_fault / told.counted:.0f} %"
    said = f"In {told.at_fault} of {told.counted} ({share_of}) we had been at fault before the customer came back."
    return [*table(("ID", "KIND", "SINCE", "OUR FAULT FIRST", "CASES"), cells, columns), "", said]
