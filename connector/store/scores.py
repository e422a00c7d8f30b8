"""What surveys brought, for reports: of a third of a million at once. Called by `report`."""

from __future__ import annotations

import math
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Integer, Text, cast, func, literal, select, type_coerce

from connector.store.tables import survey
from connector.store.times import micros

# A score as digits of a number with these bases, each one more than it is and 0 where there is none.
DIGITS = (("csat", 8), ("scale", 8), ("ces", 8), ("nps", 16), ("solved", 4))
SAID = math.prod(base for _, base in DIGITS)
INSTANT = 2**32  # seconds: until 2106, as in figures
MIDDLE = INSTANT // 2  # taken off, so that two of them are a number of 64 bits


def everything(connection: Connection, until: datetime | None = None) -> tuple[str, str]:
    """All surveys that reached somebody or were answered, as two numbers each, those of all in one text, with commas
    between them: the complaint times SAID plus the answers as DIGITS; and when it was sent, less MIDDLE, times INSTANT
    plus when it was answered, each as a second since 1970 plus one, 0 where it was not. None that went out or was
    answered after `until`. As rows, a third of a million of them took twice the time.
    """
    said: ColumnElement[int] = literal(0)
    place = 1
    for name, base in DIGITS:
        said = said + place * func.coalesce(type_coerce(survey.c[name], Integer) + 1, 0)
        place *= base
    sent, answered = (
        func.coalesce(column, -1_000_000) // 1_000_000 + 1
        for column in (func.coalesce(survey.c.delivered_at, survey.c.asked_at), survey.c.answered_at)
    )
    numbers = (survey.c.complaint_id * SAID + said, (sent - MIDDLE) * INSTANT + answered)
    about, when = (func.aggregate_strings(cast(number, Text), ",") for number in numbers)
    statement = select(about, when).where(survey.c.delivered_at.is_not(None) | survey.c.answered_at.is_not(None))
    if until is not None:
        at = micros(until)
        statement = statement.where((survey.c.delivered_at <= at) | (survey.c.answered_at <= at))
    found = connection.execute(statement).one()
    return found[0] or "", found[1] or ""
