"""Figures: how many, why, how fast, how well; each of them led back to its complaints, and taken out as a file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import msgspec

from connector.commands.report import Cell, Form, Wish, cell, reported, written
from connector.console.errors import RequestError
from connector.console.seat import Seat, needs
from connector.report.counting import Report
from connector.roles import Permission
from connector.store import sources

FILES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "html": "text/html; charset=utf-8",
}
MOST_TRACED = 200
COLUMNS = 120


def _wish(period: str | None, where: Sequence[str]) -> Wish:
    return Wish(period=period, where=tuple(where))


@needs(Permission.READ)
def report(seat: Seat, period: str | None, where: Sequence[str]) -> Report:
    """The figures of a period ("2026", "2026-Q1", "2026-03"; None for the last twelve months), narrowed by
    DIMENSION=VALUE pairs. Raises SettingsError for what is none of these."""
    return reported(seat, _wish(period, where))


@needs(Permission.READ)
def traced(seat: Seat, named: str, period: str | None, where: Sequence[str]) -> Cell:
    """The complaints behind one figure, such as "category=delivery/breached". Raises SettingsError."""
    return cell(seat, _wish(period, where), named, most=MOST_TRACED)


@needs(Permission.EXPORT)
def file(seat: Seat, form: str, period: str | None, where: Sequence[str]) -> bytes:
    """The report as a file of one of FILES. It is noted who took it out. Raises RequestError, SettingsError."""
    if form not in FILES:
        raise RequestError(f"there is no report as {form!r}.", remedy=f"There are {', '.join(FILES)}.")
    wish = _wish(period, where)
    told = reported(seat, wish)
    with seat.store() as store, store.write("report: exported") as connection:
        detail = {"form": form, **{name: value for name, value in msgspec.to_builtins(wish).items() if value}}
        sources.log(connection, seat.now(), seat.who, "report: exported", detail=detail)
    return written(told, cast(Form, form), None, COLUMNS)
