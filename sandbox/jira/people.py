"""The site as people use it: customers write, agents answer, issues move between projects, admins change fields.

Tests, the stories and the control API call these; none of them touches the ledger.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec

from sandbox.jira import content
from sandbox.jira.content import FieldSpec, Person, Project
from sandbox.jira.doorman import Doorman
from sandbox.jira.records import Change, Issue, Records, item
from sandbox.jira.search import Memory

JSON = Any


class Jira(Records):
    """A Jira site. Construct with a clock (`now`), hand it to `serve`, act on it, read `ledger`. Issues are named by
    id or key; every act on one returns its id."""

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self.doorman = Doorman(self.now)
        self.searches = Memory()

    # people

    def add_customer(
        self, name: str, email: str | None, *, hidden_email: bool = False, zone: str = "Europe/Lisbon"
    ) -> str:
        """A new portal customer; returns the account id. `zone` is an IANA name."""
        with self.lock:
            number = self.next_id()
            account = f"qm:{number:06d}-customer"
            self.people[account] = Person(
                account, name, email, "customer", zone, f"customer{number}", f"JIRAUSER{number}", hidden_email
            )
            return account

    def set_zone(self, zone: str, *, account: str = content.INTEGRATION) -> None:
        """Change a person's zone: JQL and answers follow it."""
        self.people[account].time_zone = zone

    # customers

    def customer_opens(
        self,
        summary: str,
        text: str,
        customer: str | None = None,
        *,
        project: str = content.CARE,
        request_type: int | None = 101,
        priority: int = content.MEDIUM,
        labels: tuple[str, ...] | list[str] = (),
        fields: dict[str, JSON] | None = None,
    ) -> int:
        """A customer's new issue. `fields` maps custom field ids to kept values (an option as its number, see `kinds`).
        Where the project has no service desk, an ordinary issue is made."""
        with self.lock:
            who, place = customer or self._somebody(), self.projects[project]
            values: dict[str, JSON] = {"summary": summary, "description": text, "priority": priority}
            values |= {"labels": tuple(labels)} | {name: _kept(value) for name, value in (fields or {}).items()}
            if place.desk and request_type:
                values |= {content.REQUEST_TYPE: request_type, "issuetype": content.REQUEST_TYPES[request_type][1]}
            return self.create(project, Change(who, values)).number

    def customer_comments(self, issue: int | str, text: str) -> int:
        """The reporter writes, in public. An issue that waits for the customer goes back to support."""
        with self.lock:
            found = self.issue(issue)
            who = found.values["reporter"]
            waits = found.values["status"] == content.WAITING_FOR_CUSTOMER
            values = {"status": content.WAITING_FOR_SUPPORT} if waits else {}
            self.update(found, Change(who, values, self.new_comment(found, who, text)))
            return found.number

    def rate(self, issue: int | str, rating: int, comment: str | None = None) -> int:
        """The reporter's satisfaction, 1 to 5."""
        with self.lock:
            found = self.issue(issue)
            found.values[content.SATISFACTION] = {"rating": rating, "comment": comment, "at": self.now()}
            self.touch(found)
            return found.number

    # staff

    def agent_comments(
        self,
        issue: int | str,
        text: JSON,
        *,
        by: str = content.ANA,
        public: bool = True,
        visibility: dict[str, str] | None = None,
        status: int | None = None,
    ) -> int:
        """A comment by staff: text or an Atlassian document. `visibility` is {"type": "role"|"group", "value"}."""
        with self.lock:
            found = self.issue(issue)
            properties = {} if public else {"sd.public.comment": {"internal": True}}
            comment = self.new_comment(found, by, text, public=public, visibility=visibility, properties=properties)
            self.update(found, Change(by, {"status": status} if status else {}, comment))
            return found.number

    def agent_notes(self, issue: int | str, text: JSON, *, by: str = content.ANA) -> int:
        return self.agent_comments(issue, text, by=by, public=False)

    def agent_sets(
        self,
        issue: int | str,
        *,
        by: str = content.ANA,
        add_labels: list[str] | None = None,
        remove_labels: list[str] | None = None,
        fields: dict[str, JSON] | None = None,
        **named: JSON,
    ) -> int:
        """Change fields without a comment: status=, priority=, assignee=, summary=, resolution=, issuetype= … in kept
        values (see `kinds`), custom ones by id in `fields`."""
        with self.lock:
            found = self.issue(issue)
            values = {name: _kept(value) for name, value in {**named, **(fields or {})}.items()}
            if add_labels or remove_labels:
                have = [one for one in found.values["labels"] if one not in (remove_labels or ())]
                values["labels"] = tuple(have + [one for one in add_labels or () if one not in have])
            self.update(found, Change(by, values))
            return found.number

    def edit_comment(self, issue: int | str, comment: int, text: JSON, *, by: str | None = None) -> int:
        with self.lock:
            found = self.issue(issue)
            moment = self._moment(found)
            found.comments = tuple(
                msgspec.structs.replace(one, body=text, updated=moment, update_author=by or one.author)
                if one.number == comment
                else one
                for one in found.comments
            )
            self.touch(found, moment)
            return found.number

    def delete_comment(self, issue: int | str, comment: int, *, by: str = content.ANA) -> int:
        """Gone for good; the changelog keeps that it was there, and its words."""
        with self.lock:
            found = self.issue(issue)
            gone = next(one for one in found.comments if one.number == comment)
            found.comments = tuple(one for one in found.comments if one is not gone)
            words = self.view(version="2").comment(found, gone)["body"]
            self.file(found, by, [item("Comment", "jira", str(gone.number), words, None, None, "comment")])
            return found.number

    def move_to(self, issue: int | str, project: str, *, by: str = content.ANA) -> int:
        """To another project: new key, same id, the old key still leads there."""
        with self.lock:
            found = self.issue(issue)
            self.move(found, project, by)
            return found.number

    def link(self, issue: int | str, other: int | str, *, kind: int = 10002, by: str = content.ANA) -> int:
        """`issue` (outward: "blocks") and `other` (inward: "is blocked by") are linked; returns the link's id."""
        with self.lock:
            one, two, number = self.issue(issue), self.issue(other), self.next_id()
            _, inward, outward = content.LINK_TYPES[kind]
            one.links = [*one.links, (number, kind, two.number, "outward")]
            two.links = [*two.links, (number, kind, one.number, "inward")]
            for here, there, words in ((one, two, outward), (two, one, inward)):
                told = f"This issue {words} {there.key}"
                self.file(here, by, [item("Link", "jira", None, None, there.key, told, None)])
            return number

    def delete(self, issue: int | str) -> None:
        with self.lock:
            self.remove(self.issue(issue))

    # admins

    def admin_hides_project(self, key: str) -> None:
        """The integration loses its permission on a project: its issues answer as if they were gone."""
        self.hidden_projects.add(key)

    def admin_shows_project(self, key: str) -> None:
        self.hidden_projects.discard(key)

    def admin_adds_project(self, number: int, key: str, name: str, *, like: str = content.SHOP) -> None:
        """A new project with another one's workflow, types and priorities."""
        with self.lock:
            other = self.projects[like]
            self.projects[key] = msgspec.structs.replace(other, number=number, key=key, name=name)

    def admin_adds_field(self, number: int, name: str, kind: str, options: dict[int, str] | None = None) -> str:
        with self.lock:
            spec = FieldSpec(f"customfield_{number}", name, kind, dict(options or {}))
            self.fields[spec.id] = spec
            return spec.id

    def admin_removes_field(self, field: str) -> None:
        """A custom field goes, and its values with it; issues are not touched by that."""
        with self.lock:
            del self.fields[field]
            for one in self.issues.values():
                one.values.pop(field, None)
            self.index.drop_field(field)

    def admin_retypes_field(self, field: str, kind: str, options: dict[int, str] | None = None) -> None:
        """A custom field is made anew under its id with another kind; its values are gone."""
        with self.lock:
            name = self.fields[field].name
            self.admin_removes_field(field)
            self.fields[field] = FieldSpec(field, name, kind, dict(options or {}))

    def admin_renames_option(self, field: str, option: int, name: str) -> None:
        self.fields[field].options[option] = name

    def admin_requires_field(self, field: str, projects: list[str]) -> None:
        """No new issue of these projects without it."""
        self.fields[field].required = tuple(projects)

    def admin_takes_field_off(self, field: str, screens: list[str] | None = None) -> None:
        """`screens` are those it stays on: "create", "edit"."""
        self.fields[field].screens = tuple(screens or ())

    def admin_adds_status(self, project: str, number: int, name: str, category: str) -> None:
        """A new status ("new", "indeterminate", "done") that can be reached from everywhere in a project."""
        with self.lock:
            self.statuses[number] = (name, category)
            place: Project = self.projects[project]
            place.statuses = (*place.statuses, number)
            step = max([one.number for one in place.transitions], default=1) + 10
            place.transitions = (*place.transitions, content.Transition(step, name, number))

    # the passing of time

    def loses_from_index(self, issue: int | str) -> None:
        """Search forgets the issue until it is touched."""
        self.index.forget(self.issue(issue).number)

    def backdate(self, issue: int | str, seconds: float) -> None:
        """Make an issue look `seconds` older, for histories that have to be there at the start."""
        with self.lock:
            found: Issue = self.issue(issue)
            found.created -= timedelta(seconds=seconds)
            found.updated -= timedelta(seconds=seconds)
            self.index.changed(found)

    def _somebody(self) -> str:
        found = next((n for n, one in self.people.items() if one.account_type == "customer"), None)
        return found or self.add_customer("Maria Silva", "maria@example.net")


def _kept(value: JSON) -> JSON:
    return tuple(value) if isinstance(value, list) else value
