"""A report as CSV and as a workbook. What a spreadsheet would run as a formula is told as text.

A product or a category may be what a customer typed, so every word goes through `harmless`.
"""

from __future__ import annotations

import csv
import io
import re
from typing import Any

from connector.display import harmless_cell, moment
from connector.report.columns import COLUMNS, TITLES, Column
from connector.report.counting import Group, Report, Table
from connector.report.text import heading

SECONDS_A_DAY = 86_400
FORMULA = re.compile(r"[\t\r\n]|\s*[=+\-@\uff1d\uff0b\uff0d\uff20]")
_BAD_IN_SHEETS = re.compile(r"[\[\]:*?/\\]")
_FORMS = {"count": "#,##0", "percent": "0.0%", "seconds": "[h]:mm", "score": "@", "money": "@"}


def harmless(text: str) -> str:
    """`text` for a cell: never a formula, and without what would disturb the eye."""
    return harmless_cell(f"'{text}" if FORMULA.match(text) else text)


def _all(told: Report) -> list[Table]:
    return [Table("total", (told.total,)), *told.tables]


def csv_text(told: Report) -> str:
    """One row for each group: dimension, value, then every figure; seconds and percentages as plain numbers."""
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\r\n")
    names = [f"{one.section}: {one.title}" for one in COLUMNS]
    rows.writerow(["period", "dimension", "value", *names])
    for table in _all(told):
        for group in table.groups:
            cells = [_plain(one, group) for one in COLUMNS]
            rows.writerow([told.period.title, table.dimension, harmless(group.name), *cells])
    return out.getvalue()


def _plain(one: Column, group: Group) -> Any:
    value = one.value(group)
    if isinstance(value, float):
        return round(value, 2)
    return "" if value is None else harmless(value) if isinstance(value, str) else value


def workbook(told: Report) -> bytes:
    """A sheet for all complaints, one for each dimension, one for the months."""
    import xlsxwriter

    out = io.BytesIO()
    # Text stays text: neither formulas nor links are made of what somebody wrote.
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(out, options) as book:
        book.set_properties({"title": "Complaints", "created": told.made_at.replace(tzinfo=None)})
        forms = {kind: book.add_format({"num_format": form}) for kind, form in _FORMS.items()}
        bold = book.add_format({"bold": True, "text_wrap": True, "valign": "top"})
        for table in _all(told):
            _sheet(book, told, table, forms, bold)
        if told.months:
            _months(book, told, bold)
    return out.getvalue()


def _sheet(book: Any, told: Report, table: Table, forms: dict[str, Any], bold: Any) -> None:
    sheet = book.add_worksheet(_BAD_IN_SHEETS.sub(" ", TITLES[table.dimension])[:31])
    sheet.write_string(0, 0, heading(told))
    sheet.write_string(1, 0, f"Counted {moment(told.made_at)}")
    for at, title in enumerate([TITLES[table.dimension], *(f"{one.section}: {one.title}" for one in COLUMNS)]):
        sheet.write_string(3, at, title, bold)
    for row, group in enumerate(table.groups, 4):
        sheet.write_string(row, 0, harmless(group.name))
        for at, one in enumerate(COLUMNS, 1):
            _cell(sheet, row, at, one, group, forms)
    sheet.set_column(0, 0, 28)
    sheet.set_column(1, len(COLUMNS), 13)
    sheet.freeze_panes(4, 1)


def _cell(sheet: Any, row: int, at: int, one: Column, group: Group, forms: dict[str, Any]) -> None:
    value = one.value(group)
    if value is None:
        return
    if isinstance(value, str):
        sheet.write_string(row, at, harmless(value))
        return
    number = {"percent": value / 100, "seconds": value / SECONDS_A_DAY}.get(one.kind, value)
    sheet.write_number(row, at, number, forms[one.kind])


def _months(book: Any, told: Report, bold: Any) -> None:
    sheet = book.add_worksheet("Months")
    for at, title in enumerate(("Month", "Received", "Resolved", "Breached")):
        sheet.write_string(0, at, title, bold)
    for row, one in enumerate(told.months, 1):
        sheet.write_string(row, 0, one.name)
        for at, value in enumerate((one.received, one.resolved, one.breached), 1):
            sheet.write_number(row, at, value)
    chart = book.add_chart({"type": "column"})
    last = len(told.months)
    for at in (1, 2):
        chart.add_series(
            {"name": ["Months", 0, at], "categories": ["Months", 1, 0, last, 0], "values": ["Months", 1, at, last, at]}
        )
    chart.set_title({"name": "Complaints by month"})
    sheet.insert_chart("F2", chart)
