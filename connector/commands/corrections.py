"""`amends corrections list` and `show`: what is done about causes, whom that concerns, and the letters to them.

Letters are drafts until a person has approved them. Reads the store, beside a daemon.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

import msgspec

from connector.commands.cases import value_of
from connector.commands.place import Place
from connector.display import clean, moment, paragraphs, table, wrapped
from connector.errors import AmendsError
from connector.explain import known_as
from connector.policy.letter import Draft, Letters, draft
from connector.settings.letters import load_letters
from connector.store import Transaction, corrections, walks
from connector.store.complaints import Stored
from connector.store.corrections import OPEN, Concerned, Correction, Told


class Row(msgspec.Struct, frozen=True):
    """A correction in a listing. `state` is open, overdue, done (somebody has to be told, or its effect is not known
    yet) or closed; `tellings` counts whom it concerns by how far telling them has come. `verdict` says whether the rate
    fell, from `before` people to `after` in as many days."""

    number: int
    title: str
    state: str
    owner: str | None
    due_on: date | None
    trend: int | None
    rule: str | None
    ticket: str | None
    url: str | None
    opened_at: datetime
    done_at: datetime | None
    check_on: date | None
    verdict: str | None
    tellings: dict[str, int]


class Letter(msgspec.Struct, frozen=True):
    """A complaint that a correction concerns. `words` is its letter, drafted or as it was approved; None where none is
    due. `fallback` is the customer's language where there are no words in it."""

    id: str
    state: str
    language: str | None
    words: str | None
    fallback: str | None
    who: str | None
    why: str | None
    url: str | None


class Shown(msgspec.Struct, frozen=True):
    correction: Row
    changed: dict[str, str]
    concerned: tuple[Letter, ...]


def listing(place: Place, *, everything: bool, most: int | None) -> list[Row]:
    """Newest first; with `everything` also those that are closed."""
    today = place.settings.trends.day(place.now())
    with place.store() as store, store.read() as connection:
        found = corrections.listing(connection, closed=everything, most=most)
        tellings = corrections.tellings(connection)
    return [_row(one, tellings, today) for one in found]


def show(place: Place, number: int) -> Shown:
    """One correction with its letters. Raises AmendsError where there is none of that number."""
    today = place.settings.trends.day(place.now())
    letters = load_letters(place.named)
    with place.store() as store, store.read() as connection:
        one = find(connection, number)
        row = _row(one, corrections.tellings(connection), today)
        concerned = corrections.concerned(connection, number)
        known = walks.by_ids(connection, [each.complaint for each in concerned])
    told = tuple(letter_to(each, known[each.complaint], one, letters) for each in concerned)
    return Shown(row, one.changed, told)


def find(connection: Transaction, number: int) -> Correction:
    """The correction of that number. Raises AmendsError where there is none."""
    found = corrections.one(connection, number)
    if found is None:
        raise AmendsError(f"there is no correction {number}.", remedy="`amends corrections list --all` names them.")
    return found


def _row(one: Correction, tellings: Mapping[tuple[int, Told], int], today: date) -> Row:
    state = "closed" if one.closed_at else "done" if one.done_at else "open"
    if state == "open" and one.due_on is not None and one.due_on < today:
        state = "overdue"
    return Row(
        number=one.number,
        title=one.title,
        state=state,
        owner=one.owner,
        due_on=one.due_on,
        trend=one.trend,
        rule=one.rule,
        ticket=f"{one.at}/{one.key or one.ticket}" if one.ticket else None,
        url=one.url,
        opened_at=one.opened_at,
        done_at=one.done_at,
        check_on=one.check_on,
        verdict=one.effect.verdict.value if one.effect else None,
        tellings={state.value: number for (of, state), number in tellings.items() if of == one.number},
    )


def letter_to(one: Concerned, stored: Stored, correction: Correction, letters: Letters) -> Letter:
    """The letter of a complaint, drafted where one is due and none was approved."""
    made = _drafted(stored, correction, letters) if one.state in OPEN else None
    return Letter(
        id=one.case,
        state=one.state.value,
        language=one.language or (made.language if made else None),
        words=one.words or (made.words if made else None),
        fallback=made.instead_of if made and not one.words else None,
        who=one.who,
        why=one.why,
        url=stored.doc.complaint.url,
    )


def _drafted(stored: Stored, correction: Correction, letters: Letters) -> Draft:
    told = stored.doc.complaint
    language = told.complainant.language or value_of(stored.doc.tags, "language") or told.language
    return draft(letters, language, known_as(told) or told.ticket, correction.changed)


# -- telling it ------------------------------------------------------------------------------------------------------


def listing_lines(rows: list[Row], columns: int) -> list[str]:
    if not rows:
        return ["Nothing is being corrected."]
    cells = [
        (
            str(one.number),
            one.state + (f", {one.verdict}" if one.verdict else ""),
            one.owner or "-",
            one.due_on.isoformat() if one.due_on else "-",
            one.ticket or "-",
            _tellings(one.tellings),
            one.title,
        )
        for one in rows
    ]
    return table(("NO", "STATE", "OWNER", "DUE", "TICKET", "CUSTOMERS", "WHAT"), cells, columns)


def _tellings(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{counts[state]} {_SAID[state]}" for state in Told if counts.get(state)) or "-"


_SAID = {
    Told.AFFECTED: "affected",
    Told.WAITING: "to tell",
    Told.APPROVED: "approved",
    Told.TOLD: "told",
    Told.WAIVED: "waived",
}


def shown_lines(told: Shown, columns: int) -> list[str]:
    """A correction, and a paragraph for each letter."""
    one = told.correction
    lines = [f"correction {one.number}: {clean(one.title)}", *_facts(one), ""]
    for language, change in told.changed.items():
        lines += wrapped(f"what was changed ({language}): {clean(change)}", columns)
    for each in told.concerned:
        because = f", {clean(each.why)}" if each.why else ""
        by = f" by {clean(each.who)}" if each.who else ""
        lines += ["", f"{each.id}  {_SAID[Told(each.state)]}{by}{because}"]
        if each.words:
            missing = f" (no letter in {each.fallback!r})" if each.fallback else ""
            lines += [f"  in {each.language}{missing}:", *paragraphs(each.words, columns, "    ")]
    return lines


def _facts(one: Row) -> list[str]:
    facts: tuple[tuple[str, object], ...] = (
        ("state", one.state),
        ("owner", one.owner),
        ("due", one.due_on),
        ("ticket", one.ticket and f"{one.ticket} {one.url or ''}".strip()),
        ("trend", one.trend),
        ("opened", moment(one.opened_at)),
        ("done", moment(one.done_at) if one.done_at else None),
        ("checked", f"the rate {_VERDICTS[one.verdict]}" if one.verdict else one.check_on),
        ("customers", _tellings(one.tellings)),
    )
    return [f"{name:<10}  {value}" for name, value in facts if value]


_VERDICTS = {"fell": "fell", "rose": "rose", "unclear": "did not fall for certain"}
