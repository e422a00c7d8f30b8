"""An admin's own cases for a calendar: from when, how much working time, which pauses, and when that has to be due.

Pure. `amends clock test` reads the files and calls `tried` for each case, which goes through the same measuring as the
clocks of complaints do.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from connector.clocks.business_hours import Hours, instant_at
from connector.clocks.case_reading import Case, Pause, read
from connector.clocks.lives import Break, Run
from connector.clocks.sla import measured
from connector.errors import RecordError, SettingsError
from connector.model import Status


class Probe(msgspec.Struct, frozen=True, omit_defaults=True):
    """How much working time was used `at` an instant, in minutes, and how much was expected."""

    at: datetime
    used_minutes: float
    expected_minutes: float
    ok: bool


class Tried(msgspec.Struct, frozen=True):
    """One case: `due` as computed (UTC; None: never, for it stands still), and whether all is as expected. `ok` is None
    where the case expects nothing."""

    id: str
    due: datetime | None
    expected: datetime | None
    ok: bool | None
    zone: str
    probes: tuple[Probe, ...] = ()


def tried(shape: Mapping[str, Any]) -> Tried:
    """What comes out for one case, as `case_reading.read` understands it. Raises SettingsError naming the key that is
    wrong and what to write."""
    case = read(shape)
    try:
        return _tried(case)
    except RecordError as error:  # it leads out of the years that calendars are laid out for
        raise SettingsError(
            f"case {case.id!r}: {error.message}", remedy="Use dates from 1902 to 2297, and a target that ends there."
        ) from error


def _tried(case: Case) -> Tried:
    hours = Hours(case.calendar)
    due = _due(hours, case)
    probes = tuple(_probe(at, minutes, hours, case) for at, minutes in case.probes)
    as_expected = [*([due == case.due] if case.expects_due else []), *(probe.ok for probe in probes)]
    return Tried(
        id=case.id,
        due=None if due is None else instant_at(due),
        expected=None if case.due is None else instant_at(case.due),
        ok=all(as_expected) if as_expected else None,
        zone=case.calendar.zone,
        probes=probes,
    )


def _due(hours: Hours, case: Case) -> int | None:
    if case.target_seconds <= 0:
        return case.start
    last = max([case.start, *(instant for pause in case.pauses for instant in pause if instant is not None)])
    _, due, _ = measured(hours, _run(case.start, last, case.pauses), case.target_seconds, case.target_seconds)
    return due


def _run(start: int, end: int, pauses: Iterable[Pause]) -> Run:
    """The course of a clock up to `end`, standing still in the pauses."""
    breaks = [
        Break(begin, until, Status.ON_HOLD)
        for begin, until in _joined(pauses)
        if begin <= end and (until is None or until > start)
    ]
    clipped = [Break(max(one.start, start), one.end, one.status) for one in breaks]
    return Run(start, end, clipped, answered=False, cut_off=False)


def _joined(pauses: Iterable[Pause]) -> Sequence[Pause]:
    """Stretches in any order, those that touch or overlap made one, oldest first; an end of None is never."""
    found: list[Pause] = []
    for start, end in sorted(pauses, key=lambda pause: pause[0]):
        if not found or ((last := found[-1][1]) is not None and start > last):
            found.append((start, end))
        elif last is not None:
            found[-1] = (found[-1][0], None if end is None else max(last, end))
    return found


def _probe(at: int, expected: float, hours: Hours, case: Case) -> Probe:
    until = [(begin, min(at, at if end is None else end)) for begin, end in case.pauses if begin < at]
    used = measured(hours, _run(case.start, max(case.start, at), until), 1, 1)[0]
    return Probe(instant_at(at), used / 60, expected, abs(used / 60 - expected) < 1 / 120)
