"""The site's state and the one way it changes: `update` writes the changelog, moves the times and tells the index.

`people` (class Jira) lets people act on top of this, `writes` lets the API. Not thread-safe by itself: callers hold
`lock`.
"""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from sandbox.clock import Elsewhen
from sandbox.jira import content, kinds
from sandbox.jira.content import FieldSpec, Person, Project
from sandbox.jira.hooks import Webhooks
from sandbox.jira.index import Index
from sandbox.jira.ledger import Ledger
from sandbox.jira.switches import Switches
from sandbox.jira.view import View

JSON = Any
MILLISECOND = timedelta(milliseconds=1)


class Comment(msgspec.Struct, frozen=True):
    """`visibility` is {"type", "value"} where only a group or role may read it; `properties` are by key."""

    number: int
    author: str
    body: JSON
    created: datetime
    updated: datetime
    update_author: str
    public: bool = True
    visibility: dict[str, str] | None = None
    properties: dict[str, JSON] = {}


class History(msgspec.Struct, frozen=True):
    number: int
    author: str
    created: datetime
    items: list[dict[str, JSON]]
    metadata: JSON = None


@dataclass
class Issue:
    """An issue. `values` are kept as `kinds` describes; comments and histories are oldest first."""

    number: int
    project: str
    serial: int
    created: datetime
    updated: datetime
    values: dict[str, JSON] = field(default_factory=dict)
    comments: tuple[Comment, ...] = ()
    histories: list[History] = field(default_factory=list)
    properties: dict[str, JSON] = field(default_factory=dict)
    links: list[tuple[int, int, int, str]] = field(default_factory=list)
    remote_links: list[dict[str, JSON]] = field(default_factory=list)

    @property
    def key(self) -> str:
        return f"{self.project}-{self.serial}"

    def picture(self) -> Issue:
        """What a search index keeps of it; later changes do not show."""
        picture = copy.copy(self)
        picture.values = dict(self.values)
        return picture


class Change(msgspec.Struct, frozen=True):
    """One update: `values` maps field ids to kept values (see `kinds`)."""

    actor: str
    values: dict[str, JSON] = {}
    comment: Comment | None = None
    metadata: JSON = None


class Records:
    """Everything in the site. `clock` is the only clock; `links` the address that objects name in their `self`."""

    def __init__(self, now: Callable[[], datetime], site: str = "https://sandbox.atlassian.test") -> None:
        self.clock = now
        self._elsewhen = Elsewhen()
        self.lock = threading.RLock()
        self.links = site
        self.ledger = Ledger()
        self.switches = Switches()
        self.people: dict[str, Person] = {one.account_id: msgspec.structs.replace(one) for one in content.PEOPLE}
        self.projects: dict[str, Project] = {one.key: copy.deepcopy(one) for one in content.PROJECTS}
        self.hidden_projects: set[str] = set()
        self.statuses: dict[int, tuple[str, str]] = dict(content.STATUSES)
        self.fields: dict[str, FieldSpec] = {one.id: copy.deepcopy(one) for one in (*kinds.SYSTEM, *content.FIELDS)}
        self.disabled_options: set[int] = set()
        self.admin_rights = True  # of the integration: silent edits and deletion need them
        self.our_roles = {"Administrators", "Service Desk Team"}  # that the integration is in
        self.our_groups = set(content.GROUPS)
        self.denied: set[str] = set()  # permissions that /mypermissions says no to
        self.issues: dict[int, Issue] = {}
        self.keys: dict[str, int] = {}
        self.index = Index(self)
        self.hooks = Webhooks()
        self._last_id = 20_000
        self._last_issue = 10_000
        self._serials: dict[str, int] = {}

    # time and numbers

    def now(self) -> datetime:
        moment = self._elsewhen.moment or self.clock() + timedelta(seconds=self.switches.skew_seconds)
        return moment.astimezone(UTC).replace(microsecond=moment.microsecond // 1000 * 1000)

    def at(self, moment: datetime) -> AbstractContextManager[None]:
        """Let what this thread does inside happen at `moment`, for stories that catch up with the clock."""
        return self._elsewhen.at(moment)

    def next_id(self) -> int:
        self._last_id += 1
        return self._last_id

    def _moment(self, issue: Issue) -> datetime:
        """Now, but always after the issue's last change: its history does not run backwards or stand still."""
        return max(self.now(), issue.updated + MILLISECOND)

    # look-up

    def issue(self, name: int | str) -> Issue:
        """By id, key or former key. Raises KeyError."""
        text = str(name)
        return self.issues[int(text) if text.isdigit() else self.keys[text.upper()]]

    def is_done(self, status: int) -> bool:
        return self.statuses[status][1] == "done"

    def view(self, viewer: str = content.INTEGRATION, version: str = "3") -> View:
        return View(self, viewer, version)

    def applies(self, spec: FieldSpec, project: str) -> bool:
        return not spec.projects or project in spec.projects

    # change

    def create(self, project: str, change: Change, *, properties: dict[str, JSON] | None = None) -> Issue:
        """A new issue; `change.values` holds what it is born with, `issuetype` and `summary` among it."""
        self._last_issue += 1
        serial = self._serials[project] = self._serials.get(project, 0) + 1
        now, place = self.now(), self.projects[project]
        born: dict[str, JSON] = {
            "issuetype": place.types[0],
            "status": place.statuses[0],
            "priority": content.MEDIUM,
            "reporter": change.actor,
            "creator": change.actor,
            "labels": (),
            "statuscategorychangedate": now,
        }
        issue = Issue(self._last_issue, project, serial, now, now, born | change.values)
        issue.properties = dict(properties or {})
        self.issues[issue.number] = issue
        self.keys[issue.key] = issue.number
        self.index.changed(issue)
        self.hooks.tell(self, issue, "jira:issue_created")
        return issue

    def update(self, issue: Issue, change: Change) -> History | None:
        """Apply `change`; returns the history entry, or None when no field was changed by it."""
        items = [self._set(issue, name, value) for name, value in self._derived(issue, change.values).items()]
        history = self._file(issue, change.actor, [one for one in items if one], change.metadata)
        if change.comment:
            issue.comments = (*issue.comments, change.comment)
        if history or change.comment:
            self.touch(issue, max(one.created for one in (history, change.comment) if one))
        return history

    def touch(self, issue: Issue, moment: datetime | None = None) -> None:
        issue.updated = moment or self._moment(issue)
        self.index.changed(issue)
        self.hooks.tell(self, issue, "jira:issue_updated")

    def file(self, issue: Issue, actor: str, items: list[dict[str, JSON]]) -> None:
        """A history entry for what is no field ("Comment", "Link", "Key"), and the issue's new time."""
        history = self._file(issue, actor, items, None)
        self.touch(issue, history.created if history else None)

    def new_comment(self, issue: Issue, author: str, body: JSON, **more: Any) -> Comment:
        moment = self._moment(issue)
        return Comment(self.next_id(), author, body, moment, moment, author, **more)

    def remove(self, issue: Issue) -> None:
        del self.issues[issue.number]
        for _, _, other, _ in issue.links:
            there = self.issues[other]
            there.links = [one for one in there.links if one[2] != issue.number]
        self.keys = {key: number for key, number in self.keys.items() if number != issue.number}
        self.index.changed(issue)
        self.hooks.tell(self, issue, "jira:issue_deleted")

    def move(self, issue: Issue, project: str, actor: str) -> None:
        """To another project: a new key, the same id, the old key still leads here."""
        serial = self._serials[project] = self._serials.get(project, 0) + 1
        old, before = issue.key, self.projects[issue.project]
        after = self.projects[project]
        issue.project, issue.serial = project, serial
        self.keys[issue.key] = issue.number
        items = [
            item("project", "jira", str(before.number), before.name, str(after.number), after.name, "project"),
            item("Key", "jira", None, old, None, issue.key, None),
        ]
        if issue.values["status"] not in after.statuses:
            items += [one for one in [self._set(issue, "status", after.statuses[0])] if one]
        self.file(issue, actor, items)

    def _derived(self, issue: Issue, wish: dict[str, JSON]) -> dict[str, JSON]:
        """A status in another category moves its date; a done one brings a resolution, and leaving it takes it away."""
        status = wish.get("status")
        if status is None or status == issue.values["status"]:
            return wish
        done, was = self.is_done(status), self.is_done(issue.values["status"])
        more: dict[str, JSON] = {}
        if done and not was:
            more = {"resolution": wish.get("resolution") or 10000, "resolutiondate": self.now()}
        if was and not done:
            more = {"resolution": None, "resolutiondate": None}
        if self.statuses[status][1] != self.statuses[issue.values["status"]][1]:
            more["statuscategorychangedate"] = self.now()
        return wish | more

    def _set(self, issue: Issue, name: str, value: JSON) -> dict[str, JSON] | None:
        spec, before = self.fields[name], issue.values.get(name)
        if before == value or (not before and not value and before != 0 and value != 0):
            return None
        issue.values[name] = value
        if name in ("resolutiondate", "statuscategorychangedate") or spec.kind in ("sla", "feedback"):
            return None
        view = self.view()
        (old, old_words), (new, new_words) = kinds.in_words(view, spec, before), kinds.in_words(view, spec, value)
        custom = name.startswith("customfield_")
        title = spec.name if custom else name
        return item(title, "custom" if custom else "jira", old, old_words, new, new_words, name)

    def _file(self, issue: Issue, actor: str, items: list[dict[str, JSON]], metadata: JSON) -> History | None:
        if not items:
            return None
        history = History(self.next_id(), actor, self._moment(issue), items, metadata)
        issue.histories.append(history)
        return history


def item(
    name: str,
    kind: str,
    old: str | None,
    old_words: str | None,
    new: str | None,
    new_words: str | None,
    id_: str | None,
) -> dict[str, JSON]:
    """One line of a history entry, in the vendor's words."""
    told: dict[str, JSON] = {"field": name, "fieldtype": kind}
    told |= {"fieldId": id_} if id_ else {}
    return told | {"from": old, "fromString": old_words, "to": new, "toString": new_words}
