"""The weeks before the demo's story begins (`backlog.yaml`), put into an account at once. Called by `sandbox.zendesk`.

Without them, the story's five days would be all there ever was, and everything in them a jump.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import product
from pathlib import Path

import msgspec
import yaml

from sandbox.zendesk import content
from sandbox.zendesk.account import Account

WEEKS = 8
OFFICE_HOUR, OFFICE_MINUTES = 9, 7 * 60
ANSWERED_AFTER = timedelta(minutes=40)
ANSWER = "I am sorry for the trouble. This is put right."


class Kind(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """So many tickets `weekly`, with these words in turn."""

    weekly: float
    subject: str
    texts: list[str]


class Backlog(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    first: list[str]
    last: list[str]
    kinds: list[Kind]


@lru_cache(maxsize=1)
def backlog() -> Backlog:
    """What there was, checked."""
    text = Path(__file__).with_name("backlog.yaml").read_text(encoding="utf-8")
    return msgspec.convert(yaml.safe_load(text), Backlog)


def moments(first_day: datetime) -> list[tuple[datetime, Kind, int]]:
    """(when, which kind, the how-manieth of it) over the weeks before `first_day`, in order; on working days, spread
    evenly."""
    start = first_day.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(weeks=WEEKS)
    days = [start + timedelta(days=day) for day in range(7 * WEEKS)]
    days = [day for day in days if day.weekday() < 5]
    found: list[tuple[datetime, Kind, int]] = []
    for place, kind in enumerate(backlog().kinds):
        number = round(kind.weekly * WEEKS)
        for at in range(number):
            day = days[int((at + 0.5) * len(days) / number)]
            minute = (at * 97 + place * 53) % OFFICE_MINUTES
            found.append((day + timedelta(hours=OFFICE_HOUR, minutes=minute, seconds=place), kind, at))
    return sorted(found, key=lambda one: one[0])


def _names() -> Iterator[tuple[str, str]]:
    told = backlog()
    yield from product(told.last, told.first)
    raise AssertionError("there are more tickets than names")


def fill(account: Account, first_day: datetime) -> int:
    """Let the weeks before `first_day` have happened; returns how many tickets there are."""
    names, solving = _names(), list[tuple[datetime, int]]()
    told = moments(first_day)
    for when, kind, at in told:
        _solve(account, solving, when)
        last, first = next(names)
        with account.at(when):
            who = account.add_customer(
                f"{first} {last}", f"{first}.{last}@example.com".lower(), verified=True, time_zone="Europe/London"
            )
            solving.append((when + ANSWERED_AFTER, account.customer_opens(kind.subject, _text(kind, at), who)))
    _solve(account, solving, first_day)
    return len(told)


def _text(kind: Kind, at: int) -> str:
    return kind.texts[at % len(kind.texts)]


def _solve(account: Account, solving: list[tuple[datetime, int]], until: datetime) -> None:
    while solving and solving[0][0] <= until:
        when, ticket = solving.pop(0)
        with account.at(when):
            account.agent_replies(ticket, ANSWER, by=content.BEN, status="solved")
