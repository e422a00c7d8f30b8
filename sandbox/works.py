"""The demo's Jira at work: customers of a service desk (`works.yaml`), and people in operations who remove causes.

Whatever is opened in the project of operations is taken up an hour later, and done after six. Called
by `python -m sandbox.jira --stories` and tests.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path

import msgspec
import yaml

from sandbox.jira import content
from sandbox.jira.people import Jira
from sandbox.stories import last_first

STAFF = {"ana": content.ANA, "ben": content.BEN, "carla": content.CARLA}
TAKEN_UP_AFTER, DONE_AFTER = timedelta(hours=1), timedelta(hours=6)


class Person(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    email: str
    zone: str


class Step(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One thing that happens after the opening; exactly one of the fields beside `at` and `by` is set."""

    at: str
    by: str = "ana"
    writes: str | None = None
    reply: str | None = None
    note: str | None = None
    solve: str | None = None


class Story(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One request's life."""

    name: str
    who: str
    at: str
    summary: str
    text: str
    request_type: int = 101
    order: str | None = None
    then: list[Step] = []


class Works(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    people: dict[str, Person]
    stories: list[Story]


@lru_cache(maxsize=1)
def works() -> Works:
    """All stories, checked."""
    text = Path(__file__).with_name("works.yaml").read_text(encoding="utf-8")
    return msgspec.convert(yaml.safe_load(text), Works)


class Player:
    """Plays every story once into `jira`, and the people of operations as long as it is asked."""

    def __init__(self, jira: Jira, first_day: datetime) -> None:
        self.jira = jira
        self.issues: dict[str, str] = {}
        self._people: dict[str, str] = {}
        self._taken: set[int] = set()
        self._done: set[int] = set()
        self._coming = last_first(works().stories, first_day)

    def play(self, until: datetime) -> None:
        """Let everything up to `until` happen, each at its own time."""
        while self._coming and self._coming[-1][0] <= until:
            when, story, step = self._coming.pop()
            with self.jira.at(when):
                if step is None:
                    self._open(story)
                else:
                    self._take(self.issues[story.name], step)
        self._remove_causes(until)

    def _open(self, story: Story) -> None:
        if story.who not in self._people:
            who = works().people[story.who]
            self._people[story.who] = self.jira.add_customer(who.name, who.email, zone=who.zone)
        fields = {content.ORDER_NUMBER: story.order} if story.order else None
        self.issues[story.name] = str(
            self.jira.customer_opens(
                story.summary,
                story.text.strip(),
                self._people[story.who],
                request_type=story.request_type,
                fields=fields,
            )
        )

    def _take(self, issue: str, step: Step) -> None:
        by = STAFF[step.by]
        if step.writes is not None:
            self.jira.customer_comments(issue, step.writes)
        if step.reply is not None:
            self.jira.agent_comments(issue, step.reply, by=by, status=content.WAITING_FOR_CUSTOMER)
        if step.note is not None:
            self.jira.agent_notes(issue, step.note, by=by)
        if step.solve is not None:
            self.jira.agent_comments(issue, step.solve, by=by, status=content.RESOLVED)

    def _remove_causes(self, until: datetime) -> None:
        opened = [one for one in self.jira.ledger.of_kind("issue.create") if one.key.startswith(f"{content.OPS}-")]
        for effect in opened:
            issue, made = effect.ticket, self.jira.issue(str(effect.ticket)).created
            if issue not in self._taken and made + TAKEN_UP_AFTER <= until:
                self._taken.add(issue)
                with self.jira.at(made + TAKEN_UP_AFTER):
                    self.jira.agent_sets(str(issue), by=content.BEN, status=content.IN_PROGRESS, assignee=content.BEN)
            if issue in self._taken and issue not in self._done and made + DONE_AFTER <= until:
                self._done.add(issue)
                with self.jira.at(made + DONE_AFTER):
                    self.jira.agent_sets(str(issue), by=content.BEN, status=content.DONE, resolution=10000)
