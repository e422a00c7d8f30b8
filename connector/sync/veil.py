"""Links to the survey page that come back from a helpdesk, hidden before anything of them is kept.

A link that we wrote into a field is read again with the ticket, and a customer's answer may quote it. It is a key: who
has it can answer in the customer's place. What is kept says only that there was one. Called by `page` and `replay`.
"""

from __future__ import annotations

from datetime import datetime

from msgspec.structs import replace

from connector.adapter import Record
from connector.helpdesk import Helpdesk
from connector.model import Entry
from connector.store.archive import Raw


def veiled(desk: Helpdesk, stream: str, record: Record, now: datetime) -> Record:
    """The record without links in it: its raw form is changed, and read once more."""
    if desk.hide is None:
        return record
    raw = desk.hide(record.raw)
    if raw != record.raw:
        record = desk.adapter.read(stream, raw, now)
    return _said(desk, record)


def read_kept(desk: Helpdesk, raw: Raw) -> Record:
    """What a kept record says. One may hold a link in a form in which it could not be changed (a mail in base64)."""
    return _said(desk, desk.adapter.read(raw.stream, raw.body, raw.seen_at))


def _said(desk: Helpdesk, record: Record) -> Record:
    if desk.hide is None:
        return record
    entries = tuple(_entry(desk, one) for one in record.entries)
    return record if entries == record.entries else replace(record, entries=entries)


def _entry(desk: Helpdesk, entry: Entry) -> Entry:
    text, value = _hidden(desk, entry.text), _hidden(desk, entry.value)
    return entry if (text, value) == (entry.text, entry.value) else replace(entry, text=text, value=value)


def _hidden(desk: Helpdesk, text: str | None) -> str | None:
    if text is None or desk.hide is None:
        return text
    return desk.hide(text.encode("utf-8", "surrogatepass")).decode("utf-8", "surrogatepass")
