"""`amends remedy …`: what customers asked for, what they were given, what it cost, and what the playbook allows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal, InvalidOperation

import msgspec

from connector.assessment.understood import understood_again
from connector.commands.cases import find, values_of
from connector.commands.place import Place, prove_source
from connector.display import clean, moment, table, wrapped
from connector.errors import AmendsError, SettingsError
from connector.mapping import words
from connector.policy.playbooks import REMEDY, Grant, Playbook, beyond, costs
from connector.settings import Settings
from connector.store import assessments, grants, sources, walks
from connector.store.complaints import Stored


class Line(msgspec.Struct, frozen=True):
    """One complaint: what was `asked` for and what was `granted`; `playbook` is the one that fits it, `beyond` says
    which grants it does not cover, and why."""

    complaint: str
    asked: tuple[str, ...]
    granted: tuple[Grant, ...]
    playbook: str | None
    beyond: tuple[str, ...]


class Ledger(msgspec.Struct, frozen=True):
    """`cost` by currency, of the complaints that are listed."""

    lines: tuple[Line, ...]
    cost: dict[str, str]

    @property
    def exit_code(self) -> int:
        return 1 if any(one.beyond for one in self.lines) else 0


class Granted(msgspec.Struct, frozen=True):
    """What was written down; `beyond` says why it is not within the playbook."""

    dry_run: bool
    complaint: str
    grant: Grant
    beyond: str | None

    @property
    def exit_code(self) -> int:
        return 1 if self.beyond else 0


class Steps(msgspec.Struct, frozen=True):
    """The playbook that fits a complaint; None where there are none."""

    complaint: str
    asked: tuple[str, ...]
    playbook: str | None
    title: str | None
    steps: tuple[str, ...]
    offers: tuple[str, ...]
    granted: tuple[Grant, ...]


def ledger(place: Place, *, source: str | None, most: int | None) -> Ledger:
    """Complaints of which something was granted, the newest grants last. Raises SettingsError."""
    settings = place.settings
    with place.store() as store, store.read() as connection:
        prove_source(connection, source)
        kept = grants.everything(connection)
        by_id = walks.by_ids(connection, list(kept))
    shown = [
        _line(by_id[number], given, settings)
        for number, given in kept.items()
        if number in by_id and source in (None, by_id[number].source)
    ]
    shown = shown[-most:] if most is not None else shown
    total = costs(one for line in shown for one in line.granted)
    return Ledger(tuple(shown), {currency: str(sum_) for currency, sum_ in sorted(total.items())})


def _line(stored: Stored, given: Sequence[Grant], settings: Settings) -> Line:
    book = _book(stored, settings)
    over = tuple(f"#{one.id}: {why}" for one in given if (why := beyond(one, book)))
    return Line(_name(stored), values_of(stored.doc.tags, REMEDY), tuple(given), book.id if book else None, over)


def _name(stored: Stored) -> str:
    return f"{stored.source}/{stored.ticket}"


def _book(stored: Stored, settings: Settings) -> Playbook | None:
    """The playbook that fits, by the rules in force now."""
    source = settings.sources.get(stored.source)
    if source is None:
        return None
    doc = stored.doc
    this = understood_again(doc.complaint, doc.entries, doc.tags, words(source.mapping))
    return settings.policy.playbooks.fitting(doc.tags, this.values)


def grant(place: Place, name: str, remedy: str, *, cost: str | None, currency: str | None, dry_run: bool) -> Granted:
    """Write down what a customer was given. Raises SettingsError for a remedy that the taxonomy does not know, or a
    cost without currency."""
    settings, now = place.settings, place.now()
    facet = settings.tagging.taxonomy.facets.get(REMEDY)
    if facet is not None and remedy not in facet.values:
        raise SettingsError(f"there is no remedy {remedy!r}.", remedy=f"There are: {', '.join(facet.values)}.")
    given = Grant(remedy, now, place.who, _money(cost), _currency(cost, currency))
    with place.store() as store:
        with store.read() as connection:
            stored = find(connection, name)
        if not dry_run:
            with store.write("remedy: granted") as connection:
                number = grants.add(connection, stored.id, given)
                assessments.wake(connection, _name(stored), now)
                given = msgspec.structs.replace(given, id=number)
                detail = {"remedy": remedy, "cost": given.cost, "currency": given.currency}
                sources.log(
                    connection,
                    now,
                    place.who,
                    "remedy: granted",
                    source=stored.source,
                    ticket=stored.ticket,
                    detail=detail,
                )
    return Granted(dry_run, _name(stored), given, beyond(given, _book(stored, settings)))


def _money(text: str | None) -> str | None:
    if text is None:
        return None
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = Decimal(-1)
    if not number.is_finite() or number < 0:
        raise SettingsError(f"{text!r} is no sum of money.", remedy="Write digits, such as 49.90.")
    return str(number)


def _currency(cost: str | None, currency: str | None) -> str | None:
    code = (currency or "").upper()
    if cost is not None and not (len(code) == 3 and code.isalpha()):
        raise SettingsError("the cost has no currency.", remedy="Add one, such as --currency EUR.")
    return code or None


def take_back(place: Place, number: int, *, dry_run: bool) -> Granted:
    """Strike out what was written down by mistake. Raises AmendsError where there is no such grant."""
    with place.store() as store:
        with store.read() as connection:
            kept = grants.everything(connection)
            found = next(((of, one) for of, given in kept.items() for one in given if one.id == number), None)
            if found is None:
                raise AmendsError(f"there is no grant #{number}.", remedy="`amends remedy list` shows what there is.")
            stored = walks.by_ids(connection, [found[0]])[found[0]]
        if not dry_run:
            with store.write("remedy: taken back") as connection:
                grants.remove(connection, number)
                assessments.wake(connection, _name(stored), place.now())
                sources.log(
                    connection,
                    place.now(),
                    place.who,
                    "remedy: taken back",
                    source=stored.source,
                    ticket=stored.ticket,
                    detail={"remedy": found[1].remedy, "cost": found[1].cost},
                )
    return Granted(dry_run, _name(stored), found[1], None)


def steps(place: Place, name: str) -> Steps:
    """What the playbook that fits a complaint says. Raises AmendsError where there is no such complaint."""
    settings = place.settings
    with place.store() as store, store.read() as connection:
        stored = find(connection, name)
        given = grants.of_complaints(connection, [stored.id]).get(stored.id, [])
    book = _book(stored, settings)
    asked = values_of(stored.doc.tags, REMEDY)
    if book is None:
        return Steps(_name(stored), asked, None, None, (), (), tuple(given))
    offers = tuple(_offer_words(one.remedy, book) for one in book.offers)
    return Steps(_name(stored), asked, book.id, book.title, book.steps, offers, tuple(given))


def _offer_words(remedy: str, book: Playbook) -> str:
    offer = book.offer(remedy)
    assert offer is not None
    said = remedy.replace("_", " ")
    if offer.most is not None:
        said += f": up to {offer.most} {offer.currency}"
    if offer.alone is not None and offer.by:
        said += f", above {offer.alone} {offer.currency} {offer.by.replace('_', ' ')} decides"
    return said


# -- telling it ------------------------------------------------------------------------------------------------------


def _given(grants: Iterable[Grant]) -> str:
    return ", ".join(_grant_words(one) for one in grants) or "-"


def _grant_words(one: Grant) -> str:
    number = f"#{one.id} " if one.id is not None else ""
    return f"{number}{one.remedy.replace('_', ' ')}{f' {one.cost} {one.currency}' if one.cost else ''}"


def ledger_lines(told: Ledger, columns: int) -> list[str]:
    if not told.lines:
        return ["Nothing was granted yet: `amends remedy grant`."]
    head = ("COMPLAINT", "ASKED", "GRANTED", "PLAYBOOK", "BEYOND IT")
    cells = [
        (
            one.complaint,
            ", ".join(one.asked) or "-",
            _given(one.granted),
            one.playbook or "-",
            "; ".join(one.beyond) or "-",
        )
        for one in told.lines
    ]
    total = ", ".join(f"{cost} {currency}" for currency, cost in told.cost.items())
    return [*table(head, cells, columns), "", f"cost  {total or 'none'}"]


def granted_lines(told: Granted, columns: int) -> list[str]:
    done = "would be written down" if told.dry_run else "is written down"
    lines = wrapped(f"{told.complaint}: {_grant_words(told.grant)} {done}.", columns)
    return [*lines, *wrapped(f"Not within the playbook: {told.beyond}.", columns)] if told.beyond else lines


def taken_back_lines(told: Granted, columns: int) -> list[str]:
    done = "would be struck out" if told.dry_run else "is struck out"
    return wrapped(f"{told.complaint}: {_grant_words(told.grant)} of {moment(told.grant.at)} {done}.", columns)


def steps_lines(told: Steps, columns: int) -> list[str]:
    lines = [f"complaint  {told.complaint}", f"asked      {', '.join(told.asked) or 'nothing that we noticed'}"]
    if told.playbook is None:
        return [*lines, "playbook   none: playbooks.yaml has no playbooks"]
    lines += [f"playbook   {told.playbook}: {clean(told.title)}"]
    for number, step in enumerate(told.steps, 1):
        lines += wrapped(f"{number}. {step}", columns - 2, "  ")
    lines += [f"may offer  {offer}" for offer in told.offers]
    return [*lines, f"granted    {_given(told.granted)}"]
