"""The demo's stories (`stories.yaml`), played into an account as their time comes. Called by `cli`'s demo and tests."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol, TypeVar

import msgspec
import yaml

from sandbox.zendesk import content
from sandbox.zendesk.account import Account
from sandbox.zendesk.switches import Policy

JSON = Any
STAFF = {"ana": content.ANA, "ben": content.BEN, "carla": content.CARLA}
FIELDS = {"order": content.ORDER_NUMBER, "product": content.PRODUCT}
GROUPS = {"support": content.SUPPORT, "complaints": content.COMPLAINTS, "billing": content.BILLING}
# The stories' days, counted from the first: the third one is a Monday, so that some clocks run over a week-end.
DAYS = (0, 1, 4, 5, 6)
# As many a helpdesk has it: the reply is counted by the calendar, where the shop's own target counts working hours.
POLICIES = (Policy("Replies", {"first_reply_time": {"normal": 240, "low": 240, "high": 120, "urgent": 60}}),)
MOMENT = re.compile(r"d(\d+) (\d\d):(\d\d)")


class Person(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    email: str
    zone: str
    locale: str
    verified: bool = True
    phone: str | None = None


class Step(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One thing that happens after the opening; exactly one of the fields beside `at`, `by` and `comment` is set."""

    at: str
    by: str = "ana"
    writes: str | None = None
    reply: str | None = None
    note: str | None = None
    solve: str | None = None
    sets: dict[str, str] | None = None
    redact: str | None = None
    merge_into: str | None = None
    rate: str | None = None
    comment: str | None = None
    close: bool = False
    delete: bool = False


class Story(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One ticket's life. `complaint` and `about` are the truth that a careful reader would state."""

    name: str
    who: str
    complaint: bool
    about: str
    at: str
    subject: str
    text: str
    channel: str = "email"
    priority: str | None = None
    tags: list[str] = []
    fields: dict[str, str] = {}
    then: list[Step] = []


class Timed(Protocol):
    """A story of any helpdesk: when it begins, and what happens then."""

    @property
    def at(self) -> str: ...

    @property
    def then(self) -> Sequence[Any]: ...


StoryT = TypeVar("StoryT", bound=Timed)


class Stories(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    people: dict[str, Person]
    stories: list[Story]


@lru_cache(maxsize=1)
def stories() -> Stories:
    """All stories, checked."""
    text = (Path(__file__).with_name("stories.yaml")).read_text(encoding="utf-8")
    return msgspec.convert(yaml.safe_load(text), Stories)


def moment(text: str, first_day: datetime) -> datetime:
    """ "d1 09:30" as a time: on the second of the stories' DAYS, at 09:30 UTC."""
    found = MOMENT.fullmatch(text)
    if not found:
        raise ValueError(f'{text!r} is no time of a story; write "d1 09:30"')
    day, hour, minute = map(int, found.groups())
    return first_day + timedelta(days=DAYS[day], hours=hour, minutes=minute)


def last_first(told: Iterable[StoryT], first_day: datetime) -> list[tuple[datetime, StoryT, Any]]:
    """All that happens in some stories, the last of it first: when, in which story, and which step (None for its
    opening). Day 0 begins at the midnight (UTC) before `first_day`."""
    midnight = first_day.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    events: list[tuple[datetime, StoryT, Any]] = []
    for story in told:
        events.append((moment(story.at, midnight), story, None))
        events += [(moment(step.at, midnight), story, step) for step in story.then]
    return sorted(events, key=lambda event: event[0], reverse=True)


class Player:
    """Plays every story once into `account`. `tickets` maps names of stories to ticket numbers."""

    def __init__(self, account: Account, first_day: datetime) -> None:
        self.account = account
        self.tickets: dict[str, int] = {}
        self._people: dict[str, int] = {}
        self._coming = last_first(stories().stories, first_day)

    @property
    def ends_at(self) -> datetime | None:
        """The time of the last event still to come, None when all is told."""
        return self._coming[0][0] if self._coming else None

    def play(self, until: datetime) -> int:
        """Let everything up to `until` happen, each at its own time; returns how many events that were. Nobody looks
        into the account meanwhile, and two may call this at once."""
        done = 0
        with self.account.lock:
            while self._coming and self._coming[-1][0] <= until:
                when, story, step = self._coming.pop()
                with self.account.at(when):
                    if step is None:
                        self._open(story)
                    else:
                        self._take(story, step)
                done += 1
        return done

    def _open(self, story: Story) -> None:
        self.tickets[story.name] = self.account.customer_opens(
            story.subject,
            story.text.strip(),
            self._person(story.who),
            channel=story.channel,
            priority=story.priority,
            tags=story.tags,
            fields={FIELDS[name]: value for name, value in story.fields.items()},
        )

    def _take(self, story: Story, step: Step) -> None:
        ticket = self.tickets[story.name]
        if step.merge_into is not None:
            self.account.merge(ticket, self.tickets[step.merge_into], by=STAFF[step.by])
        for name, act in ACTS.items():
            if getattr(step, name) not in (None, False):
                act(self.account, ticket, step)

    def _person(self, name: str) -> int:
        if name not in self._people:
            who = stories().people[name]
            self._people[name] = self.account.add_customer(
                who.name, who.email, verified=who.verified, time_zone=who.zone, locale=who.locale, phone=who.phone
            )
        return self._people[name]


ACTS: dict[str, Callable[[Account, int, Step], object]] = {
    "writes": lambda account, ticket, step: account.customer_writes(ticket, str(step.writes)),
    "reply": lambda account, ticket, step: account.agent_replies(ticket, str(step.reply), by=STAFF[step.by]),
    "solve": lambda account, ticket, step: account.agent_replies(
        ticket, str(step.solve), by=STAFF[step.by], status="solved"
    ),
    "note": lambda account, ticket, step: account.agent_notes(ticket, str(step.note), by=STAFF[step.by]),
    "sets": lambda account, ticket, step: account.agent_sets(ticket, by=STAFF[step.by], **_named(step.sets or {})),
    "redact": lambda account, ticket, step: account.redact(ticket, str(step.redact), by=STAFF[step.by]),
    "rate": lambda account, ticket, step: account.rate(ticket, str(step.rate), step.comment),
    "close": lambda account, ticket, step: account.close(ticket),
    "delete": lambda account, ticket, step: account.delete(ticket, by=STAFF[step.by]),
}


def _named(sets: dict[str, str]) -> dict[str, JSON]:
    named: dict[str, JSON] = dict(sets)
    if "group" in named:
        named["group"] = GROUPS[named["group"]]
    if named.get("custom_status") == "carrier":
        named["custom_status"] = content.STATUS_WAITING_FOR_CARRIER
    return named


def play(account: Account, until: datetime) -> int:
    """Let what happens in the stories up to `until` happen in `account`, where day 0 is the day the account was opened
    on. Call it again with a later time to go on; returns how many events happened."""
    with account.lock:
        if account.player is None:
            account.player = Player(account, account.opened_at)
        played: int = account.player.play(until)
        return played
