"""`amends corrections open`, `done`, `approve`, `told`, `waive`: a person's word on what is done about causes.

What is approved is kept to be sent by hand, for no adapter can write to a customer in public; that it was sent, or need
not be, a person says too, and each word is noted in the audit log.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import msgspec

from connector.commands.cases import find as find_complaint
from connector.commands.corrections import Letter, find, letter_to
from connector.commands.place import Place
from connector.commands.trends import affected_by, keep
from connector.commands.trends import find as find_trend
from connector.display import clean, count, cut, paragraphs, wrapped
from connector.errors import AmendsError
from connector.settings.letters import load_letters
from connector.store import Transaction, corrections, sources, walks
from connector.store.corrections import OPEN, Concerned, Told
from connector.sync.correcting import completed
from connector.trends.life import State, said
from connector.trends.speaking import words

DECIDED = {Told.APPROVED: OPEN, Told.TOLD: OPEN, Told.WAIVED: (Told.AFFECTED, *OPEN)}


class Wish(msgspec.Struct, frozen=True):
    """A correction to be opened, for a trend or for a complaint ("SOURCE/TICKET"); `rule` is one of policy.yaml's."""

    trend: int | None = None
    complaint: str | None = None
    owner: str | None = None
    due_on: date | None = None
    rule: str | None = None
    title: str | None = None


class Opened(msgspec.Struct, frozen=True):
    """`number` is None in a dry run."""

    number: int | None
    title: str
    owner: str | None
    due_on: date | None
    concerned: int
    rule: str | None
    dry_run: bool


class Changed(msgspec.Struct, frozen=True):
    """What a person's word did: how many complaints of a correction are now so. `copy` holds the letters that are to be
    sent by hand."""

    number: int
    state: str
    complaints: tuple[str, ...]
    copy: tuple[Letter, ...]
    dry_run: bool


# -- opening ---------------------------------------------------------------------------------------------------------


def opened(place: Place, wish: Wish, *, dry_run: bool) -> Opened:
    """Open a correction by hand. Raises AmendsError for a trend, complaint or rule that is not there."""
    _prove_rule(place, wish.rule)
    rule = place.settings.policy.correction(wish.rule) if wish.rule else None
    owner = wish.owner or (rule.owner if rule else None)
    with place.store() as store:
        with store.read() as connection:
            title, concerned = _about(connection, wish)
        number = None
        if not dry_run:
            with store.write("correction: opened") as connection:
                number = _open(connection, place, wish, title, owner, concerned)
    return Opened(number, title, owner, wish.due_on, len(concerned), wish.rule, dry_run)


def _prove_rule(place: Place, name: str | None) -> None:
    known = [one.id for one in place.settings.policy.corrections]
    if name is not None and name not in known:
        there = f"There are: {', '.join(known)}." if known else "It has none yet; see its `corrections`."
        raise AmendsError(f"policy.yaml has no correction {name!r}.", remedy=there)


def _about(connection: Transaction, wish: Wish) -> tuple[str, list[int]]:
    """(title, the rows of the complaints that it concerns)."""
    if wish.trend is not None:
        trend = find_trend(connection, wish.trend).trend
        said(trend, State.ACTIONED, "", None, trend.changed_at)  # whether it may be said at all
        affected = [one.complaint for one in affected_by(connection, trend)]
        return wish.title or f"Remove the cause of trend {wish.trend} ({words(trend.cell)})", affected
    assert wish.complaint is not None, "a correction is about a trend or a complaint"
    stored = find_complaint(connection, wish.complaint)
    return wish.title or f"Remove the cause of complaint {stored.source}/{stored.ticket}", [stored.id]


def _open(
    connection: Transaction, place: Place, wish: Wish, title: str, owner: str | None, concerned: Sequence[int]
) -> int:
    now = place.now()
    number = corrections.add(connection, title, now, trend=wish.trend, rule=wish.rule, owner=owner, due_on=wish.due_on)
    corrections.concern(connection, number, concerned, now)
    if wish.trend is not None:
        trend = find_trend(connection, wish.trend).trend
        keep(connection, place, wish.trend, said(trend, State.ACTIONED, place.who, f"correction {number}", now))
    _log(connection, place, "correction: opened", number, {"concerned": len(concerned), "rule": wish.rule})
    return number


# -- done, and telling -------------------------------------------------------------------------------------------------


def done(place: Place, number: int, changed: Mapping[str, str], *, dry_run: bool) -> Changed:
    """Say that the cause is gone, or, where that is known already, what was changed (`changed`, by language)."""
    known = load_letters(place.named).letters
    for language in changed:
        if language not in known:
            raise AmendsError(f"there is no letter in {language!r}.", remedy=f"There are: {', '.join(known)}.")
    with place.store() as store:
        with store.read() as connection:
            one = find(connection, number)
            concerned = [each.case for each in corrections.concerned(connection, number)]
        if one.done_at is None and one.ticket is not None:
            raise AmendsError(
                f"correction {number} is done when {one.at}/{one.key} is resolved.",
                remedy="Resolve that ticket. What was changed can be said then.",
            )
        if not dry_run:
            with store.write("correction: done") as connection:
                if one.done_at is None:
                    completed(connection, one, place.now(), place.settings.trends, place.now(), who=place.who)
                corrections.change(connection, number, changed={**one.changed, **changed})
                _log(connection, place, "correction: what was changed", number, {"languages": sorted(changed)})
    return Changed(number, "done", tuple(concerned), (), dry_run)


def decide(
    place: Place, number: int, names: Sequence[str], state: Told, why: str | None, *, everything: bool, dry_run: bool
) -> Changed:
    """Keep a person's word on letters: approved, told or waived. Raises AmendsError for a complaint that the correction
    does not concern, or of which that cannot be said any more."""
    letters = load_letters(place.named)
    with place.store() as store:
        with store.read() as connection:
            one = find(connection, number)
            chosen = _chosen(connection, number, names, state, everything=everything)
            known = walks.by_ids(connection, [each.complaint for each in chosen])
        drafts = {each.complaint: letter_to(each, known[each.complaint], one, letters) for each in chosen}
        if not dry_run:
            with store.write("correction: told") as connection:
                for each in chosen:
                    _keep(connection, place, each, state, why, drafts[each.complaint])
    copy = tuple(drafts.values()) if state is Told.APPROVED else ()
    return Changed(number, state.value, tuple(each.case for each in chosen), copy, dry_run)


def _chosen(
    connection: Transaction, number: int, names: Sequence[str], state: Told, *, everything: bool
) -> list[Concerned]:
    members = corrections.concerned(connection, number)
    may = [one for one in members if one.state in DECIDED[state]]
    if everything:
        return may
    if not names:
        raise AmendsError("nobody is named.", remedy="Name complaints, or say --all.")
    wanted = [find_complaint(connection, name).id for name in names]
    for name, ident in zip(names, wanted, strict=True):
        if ident not in [one.complaint for one in may]:
            stands = next((one.state.value for one in members if one.complaint == ident), None)
            what = f"{name} is {stands}" if stands else f"{name} is no concern of correction {number}"
            raise AmendsError(f"{what}.", remedy=f"`amends corrections show {number}` says where each stands.")
    return [one for one in may if one.complaint in wanted]


def _keep(connection: Transaction, place: Place, one: Concerned, state: Told, why: str | None, letter: Letter) -> None:
    kept = letter.words if state in (Told.APPROVED, Told.TOLD) else None
    corrections.tell(
        connection,
        one.correction,
        [one.complaint],
        state,
        place.now(),
        who=place.who,
        why=why,
        words=kept,
        language=letter.language,
    )
    sources.log(
        connection,
        place.now(),
        place.who,
        f"correction: customer {state}",
        source=one.source,
        ticket=one.ticket,
        detail={"correction": one.correction, "language": letter.language, "why": why},
    )


def _log(connection: Transaction, place: Place, what: str, number: int, detail: dict[str, object]) -> None:
    sources.log(connection, place.now(), place.who, what, detail={"correction": number, **detail})


# -- telling it ------------------------------------------------------------------------------------------------------


def opened_lines(told: Opened, columns: int) -> list[str]:
    head = "Would open a correction" if told.number is None else f"Correction {told.number} is open"
    due = f", due {told.due_on.isoformat()}" if told.due_on else ""
    owner = f", owner {clean(told.owner)}" if told.owner else ""
    lines = wrapped(
        f"{head}: {clean(told.title)}{owner}{due}. It concerns {count_complaints(told.concerned)}.", columns
    )
    if told.rule:
        lines.append(f"The next sweep has a ticket opened by rule {told.rule}: `amends outbox list`.")
    return lines


def changed_lines(told: Changed, columns: int) -> list[str]:
    would = "would be" if told.dry_run else "is" if len(told.complaints) == 1 else "are"
    what = f"correction {told.number}: {count_complaints(len(told.complaints))} {would} {told.state}"
    lines = [cut(what, columns)]
    for one in told.copy:
        lines += ["", f"To {one.id}, in {one.language}{f': {one.url}' if one.url else ''}"]
        lines += paragraphs(one.words or "", columns, "    ")
    if told.copy and not told.dry_run:
        remedy = f"`amends corrections told {told.number}` notes that it was sent."
        lines += ["", *wrapped(f"No adapter writes to customers in public: send these by hand. {remedy}", columns)]
    return lines


def count_complaints(number: int) -> str:
    """ "3 complaints"."""
    return count(number, "complaint")
