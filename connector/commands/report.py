"""`amends report`: counts what the store keeps for it, and tells it as text, JSON, CSV, a workbook or a page.

Reads the store only, beside a daemon. `--as-of` does not use what is kept: it folds every timeline up to that instant.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec
from msgspec.structs import replace

from connector.commands.place import Place, policy_zone
from connector.commands.progress import Progress
from connector.display import count
from connector.errors import AmendsError, SettingsError
from connector.report.cohort import CUSTOMER, DIMENSIONS, SOURCE, Cohort, cohort, from_blocks, from_bytes, from_scores
from connector.report.counting import Month, Period, Report, report, traced
from connector.report.pack import Action, Pack, pack
from connector.store import Store, Transaction, figures, grants, links, scores, sources
from connector.store.figures import Alone, Counted

Form = Literal["text", "json", "csv", "xlsx", "html"]
USUAL = ("product", "category", "cause", "channel", "language", "department", SOURCE)
MONTHS = 12
_PERIOD = re.compile(r"(\d{4})(?:-(?:Q([1-4])|(\d{2})))?")
_BINARY = ("xlsx",)


class Wish(msgspec.Struct, frozen=True):
    """What to report. `period` is "2026", "2026-Q1" or "2026-03"; None the last twelve months. `where` are
    DIMENSION=VALUE pairs."""

    period: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    by: tuple[str, ...] = ()
    where: tuple[str, ...] = ()
    as_of: datetime | None = None
    most: int = 25


class Cell(msgspec.Struct, frozen=True):
    """The complaints that one figure of a report counts: `n` of them, the first ones by name."""

    cell: str
    n: int
    complaints: tuple[str, ...]


def reported(place: Place, wish: Wish) -> Report:
    """Raises SettingsError for a period or a dimension that there is not."""
    zone = policy_zone(place.home)
    period = _period(wish, zone, place.now())
    by = wish.by or USUAL
    with place.store() as store:
        found = _cohort(place, store, wish.as_of, by_name=CUSTOMER in (*by, *_where(wish.where)))
        return _told(place, found, wish, period, by)


def _told(place: Place, found: Cohort, wish: Wish, period: Period, by: Sequence[str]) -> Report:
    zone = policy_zone(place.home)
    return report(
        found,
        period,
        by=_known(by),
        where=_where(wish.where),
        months=_months(period, zone, wish.as_of or place.now()),
        zone=zone,
        made_at=place.now(),
        as_of=wish.as_of,
        most=wish.most,
    )


def cell(place: Place, wish: Wish, named: str, *, most: int) -> Cell:
    """The complaints behind a figure: "breached", "category=delivery/breached"."""
    from connector.store import walks

    narrowed, _, figure = named.rpartition("/")
    where = _where((*wish.where, *([narrowed] if narrowed else [])))
    period = _period(wish, policy_zone(place.home), place.now())
    with place.store() as store:
        found = _cohort(place, store, wish.as_of, by_name=CUSTOMER in where)
        idents = traced(found, period, where, figure)
        with store.read() as connection:
            names = walks.names_of(connection, idents[:most])
    return Cell(named, len(idents), tuple(names))


def cell_lines(told: Cell, columns: int) -> list[str]:
    lines = [f"{told.cell}: {count(told.n, 'complaint')}", *told.complaints]
    return [*lines, f"… and {told.n - len(told.complaints):,} more"] if told.n > len(told.complaints) else lines


def packed(place: Place, month: str, wish: Wish) -> tuple[Report, Pack]:
    """The review of a month, with that month's report."""
    zone = policy_zone(place.home)
    if not re.fullmatch(r"\d{4}-\d{2}", month):
        raise SettingsError(f"{month!r} is no month.", remedy="Write it as 2026-03.")
    now = _span(month, zone)
    assert now.since is not None and now.until is not None
    previous = _span(_shifted(month, -1), zone)
    twelve = Period(_span(_shifted(month, -12), zone).since, now.since, "the twelve months before")
    with place.store() as store:
        found = _cohort(place, store, wish.as_of)
        told, before, year = (_told(place, found, wish, one, USUAL) for one in (now, previous, twelve))
        with store.read() as connection:
            actions = [
                Action(one.key, one.rule, one.opened_at, one.resolved_at, about)
                for about, one in links.everything(connection)
                if one.opened_at < now.until
            ]
    told = msgspec.structs.replace(told, months=_year(place, found, wish, now.until, zone))
    return told, pack(told, before, year, actions)


def _year(place: Place, found: Cohort, wish: Wish, until: datetime, zone: str) -> tuple[Month, ...]:
    """The twelve months up to `until`, for the drawing."""
    names = _month_names(until, MONTHS, zone)
    wide = Period(names[0][1], until)
    where = _where(wish.where)
    return report(found, wide, by=(), where=where, months=names, zone=zone, made_at=place.now()).months


# -- writing it ------------------------------------------------------------------------------------------------------


def written(told: Report, form: Form, review: Pack | None, columns: int) -> bytes:
    """The report in that form."""
    if form == "json":
        from connector.display import harmless_json

        whole = {"report": told, "pack": review} if review is not None else told
        return harmless_json(msgspec.json.format(msgspec.json.encode(whole), indent=2)).encode() + b"\n"
    if form == "csv":
        from connector.report.files import csv_text

        return csv_text(told).encode("utf-8-sig")
    if form == "xlsx":
        from connector.report.files import workbook

        return workbook(told)
    if form == "html":
        from connector.report.page import page

        return page(told, pack=review).encode()
    from connector.report import pack as packs
    from connector.report.text import lines

    text = packs.lines(review, columns) if review is not None else lines(told, columns)
    return "\n".join(text).encode() + b"\n"


def put(content: bytes, form: Form, out: Path | None) -> None:
    """Write it to a new file (mode 0600), or to the standard output. Raises AmendsError."""
    if out is None:
        if form in _BINARY and sys.stdout.isatty():
            raise SettingsError("a workbook is nothing for a terminal.", remedy="Name a file: --out report.xlsx.")
        sys.stdout.buffer.write(content)
        sys.stdout.flush()
        return
    try:
        handle = os.open(out, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except OSError as error:
        raise AmendsError(f"{out} cannot be written ({error.strerror}).", remedy="Name a new file.") from error
    with os.fdopen(handle, "wb") as file:
        file.write(content)


# -- what is counted -------------------------------------------------------------------------------------------------


def _cohort(place: Place, store: Store, as_of: datetime | None, *, by_name: bool = False) -> Cohort:
    with store.read() as connection:
        names = {row.id: row.name for row in sources.everyone(connection)}
        answered, given = from_scores(*scores.everything(connection, as_of)), list(_granted(connection, as_of))
        if as_of is None:
            found = cohort(
                from_blocks(figures.blocks(connection)), figures.words(connection), names, answered, None, given
            )
        else:
            alone = _alone(place, connection, as_of)
            found = cohort(from_bytes(bytes(alone.body), alone.idents), alone.words, names, answered, as_of, given)
        if not by_name:
            return found
        from connector.store import people

        called, whose = people.names(connection)
        return found._replace(people=called, whose=whose)


def _granted(connection: Transaction, as_of: datetime | None) -> Iterator[tuple[int, int, str]]:
    """(complaint, hundredths, currency) of what customers were given, as `amends remedy grant` wrote it down."""
    for ident, given in grants.everything(connection).items():
        for one in given:
            if one.cost is not None and (as_of is None or one.at <= as_of):
                yield ident, round(Decimal(one.cost) * 100), one.currency or ""


def _alone(place: Place, connection: Transaction, as_of: datetime) -> Alone:
    """What every complaint counted as at that instant: its timeline up to then, folded by the rules of today."""
    from connector.assessment.clocks import clock_flags, clocks_of
    from connector.assessment.counting import figures_of
    from connector.assessment.understood import understood_again
    from connector.desks import rules_of
    from connector.mapping import words
    from connector.store import complaints

    rules, known = rules_of(place.settings), place.settings.sources
    spoken = {name: words(source.mapping) for name, source in known.items()}
    made, granted = Alone(), grants.everything(connection)
    with Progress("as of then", "complaints") as tell:
        for done, stored in enumerate(complaints.listing(connection, until=as_of), 1):
            tell(done)
            entries = tuple(entry for entry in stored.doc.entries if entry.occurred_at <= as_of)
            if stored.source not in spoken or not entries:
                continue
            doc, kept = stored.doc, stored.assessed.kept
            kept = kept if kept is not None and kept.until <= as_of else None
            this = understood_again(doc.complaint, entries, doc.tags, spoken[stored.source], doc.promises, kept=kept)
            then = replace(this.complaint, status=this.folded.status, merged_into=this.folded.merged_into)
            this = replace(this, complaint=then)
            clocks = clocks_of(this, rules, as_of)
            flags, _ = clock_flags(clocks, rules, as_of)
            repeats = tuple(flag for flag in stored.assessed.flags if flag.since <= as_of and flag not in flags)
            told = figures_of(this, clocks, (*flags, *repeats), rules)
            if told is not None and stored.id in granted:
                told = grants.costed(told, [one for one in granted[stored.id] if one.at <= as_of])
            made.add(stored.id, Counted(stored.source_id, stored.complainant_id, told))
    return made


def _where(pairs: Sequence[str]) -> dict[str, str]:
    found = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or name not in DIMENSIONS:
            raise SettingsError(
                f"{pair!r} is no condition.", remedy=f"Write DIMENSION=VALUE; there are {', '.join(DIMENSIONS)}."
            )
        found[name] = value
    return found


def _known(by: Sequence[str]) -> tuple[str, ...]:
    odd = [name for name in by if name not in DIMENSIONS]
    if odd:
        raise SettingsError(f"nothing is counted by {odd[0]!r}.", remedy=f"There are {', '.join(DIMENSIONS)}.")
    return tuple(by)


# -- periods ---------------------------------------------------------------------------------------------------------


def _period(wish: Wish, zone: str, now: datetime) -> Period:
    if wish.period is not None:
        return _span(wish.period, zone)
    if wish.since is not None or wish.until is not None:
        since, until = (_local(one, zone) for one in (wish.since, wish.until))
        title = " to ".join(f"{one:%Y-%m-%d}" if one else "…" for one in (wish.since, wish.until))
        return Period(since, until, title)
    at = wish.as_of or now
    names = _month_names(at, MONTHS, zone)
    return Period(names[0][1], None, f"since {names[0][0]}")


def _local(day: datetime | None, zone: str) -> datetime | None:
    return None if day is None else day.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def _span(text: str, zone: str) -> Period:
    """ "2026", "2026-Q1" or "2026-03", from midnight to midnight in `zone`."""
    found = _PERIOD.fullmatch(text)
    if found is None or not 1970 <= int(found[1]) < 2106 or (found[3] and not 1 <= int(found[3]) <= 12):
        raise SettingsError(f"{text!r} is no period.", remedy="Write it as 2026, 2026-Q1 or 2026-03.")
    year = int(found[1])
    first, length = (int(found[2]) * 3 - 2, 3) if found[2] else (int(found[3]), 1) if found[3] else (1, 12)
    return Period(_first_of(year, first, zone), _first_of(year, first + length, zone), text)


def _first_of(year: int, month: int, zone: str) -> datetime:
    """Midnight on the first of a month; months before 1 and after 12 are those of other years."""
    year, month = year + (month - 1) // 12, (month - 1) % 12 + 1
    return datetime(year, month, 1, tzinfo=ZoneInfo(zone)).astimezone(UTC)


def _shifted(month: str, by: int) -> str:
    year, number = int(month[:4]), int(month[5:]) + by
    return f"{year + (number - 1) // 12}-{(number - 1) % 12 + 1:02d}"


def _months(period: Period, zone: str, now: datetime) -> list[tuple[str, datetime, datetime]]:
    """The months of a period, where it has two or more; the last 36 at most."""
    since, until = period.since, min(period.until or now, now)
    if since is None or until <= since:
        return []
    names = [one for one in _month_names(until, 36, zone) if one[2] > since]
    return names if len(names) > 1 else []


def _month_names(until: datetime, number: int, zone: str) -> list[tuple[str, datetime, datetime]]:
    """The `number` months up to the one in which the instant before `until` lies: (name, from, to)."""
    return list(_each_month(until, number, zone))


def _each_month(until: datetime, number: int, zone: str) -> Iterator[tuple[str, datetime, datetime]]:
    last = datetime.fromtimestamp(until.timestamp() - 1, ZoneInfo(zone))
    for back in range(number - 1, -1, -1):
        since = _first_of(last.year, last.month - back, zone)
        local = since.astimezone(ZoneInfo(zone))
        yield f"{local:%Y-%m}", since, _first_of(last.year, last.month - back + 1, zone)
