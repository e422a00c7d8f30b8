"""Synthetic Jira Cloud issues, with comments and changelogs: the same ones each time. Called by `jira_site`.

The words, people and times are those of `tickets`; shapes follow the vendor's public reference: about 6 KB of JSON for
the fields that `amends sync` asks for, comments included, and 2 KB of changelog beside them.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from random import Random
from typing import Any, NamedTuple

import msgspec

from benchmarks import tickets

JSONObject = dict[str, Any]

SITE = "https://bench.atlassian.net"
API = f"{SITE}/rest/api/3"
PROJECT = "BENCH"
FIRST_ISSUE, FIRST_HISTORY, FIRST_COMMENT = 10_000, 100_000, 500_000
# What a ticket's status is called here: (id, name, key of its category)
STATUSES = {
    "new": (10_000, "To Do", "new"),
    "open": (3, "In Progress", "indeterminate"),
    "pending": (10_101, "Waiting for customer", "indeterminate"),
    "hold": (10_102, "On Hold", "indeterminate"),
    "solved": (5, "Resolved", "done"),
    "closed": (6, "Closed", "done"),
}
CATEGORIES = {
    "new": (2, "blue-gray", "To Do"),
    "indeterminate": (4, "yellow", "In Progress"),
    "done": (3, "green", "Done"),
}
PRIORITIES = {
    "urgent": (1, "Highest"),
    "high": (2, "High"),
    "normal": (3, "Medium"),
    None: (3, "Medium"),
    "low": (4, "Low"),
}
AGENTS = [
    (f"5b10a2844c20165700ede{number:03d}", f"Agent {number}", f"agent{number}@example.net", "atlassian")
    for number in range(tickets.AGENTS)
]
Who = tuple[str, str, str, str]  # account id, name, address, kind of account


class Item(NamedTuple):
    """One issue: `fields` and `histories` (oldest first) as JSON, `changed` is when it was updated, `done` whether its
    status is of that category."""

    ident: int
    changed: datetime
    done: bool
    fields: bytes
    histories: bytes


def items(count: int, seed: int = 11) -> list[Item]:
    """`count` issues, oldest change first."""
    random = Random(seed)
    return sorted((_item(random, one.ticket) for one in tickets.items(count)), key=lambda one: (one.changed, one.ident))


def stamp(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}+0000"


def person(who: Who) -> JSONObject:
    account, name, address, kind = who
    pictures = {f"{size}x{size}": f"{SITE}/avatar/{account}/{size}.png" for size in (48, 24, 16, 32)}
    return {
        "self": f"{API}/user?accountId={account}",
        "accountId": account,
        "emailAddress": address,
        "avatarUrls": pictures,
        "displayName": name,
        "active": True,
        "timeZone": "UTC" if kind == "atlassian" else "Europe/Berlin",
        "accountType": kind,
    }


def project() -> JSONObject:
    pictures = {f"{size}x{size}": f"{SITE}/projectavatar/10400/{size}.png" for size in (48, 24, 16, 32)}
    named = {"self": f"{API}/project/10001", "id": "10001", "key": PROJECT, "name": "Complaints"}
    return {**named, "projectTypeKey": "software", "simplified": False, "avatarUrls": pictures}


def document(text: str) -> JSONObject:
    """A text as Cloud keeps it."""
    return {"type": "doc", "version": 1, "content": [_paragraph(part) for part in text.split("\n\n")]}


def _paragraph(text: str) -> JSONObject:
    first, *others = ({"type": "text", "text": line} for line in text.split("\n"))
    return {"type": "paragraph", "content": [first, *(part for one in others for part in ({"type": "hardBreak"}, one))]}


def _item(random: Random, ticket: JSONObject) -> Item:
    number = int(ticket["id"])
    opened, changed = _times(ticket, number)
    customer = int(ticket["requester_id"]) - tickets.FIRST_USER
    reporter = (f"qm:8f2c:{customer:08d}", f"End-User {customer}", f"end-user{customer}@example.net", "customer")
    agent = AGENTS[number % len(AGENTS)]
    fields = {
        **_stated(ticket, opened, changed),
        "reporter": person(reporter),
        "creator": person(reporter),
        "assignee": None if ticket["status"] == "new" else person(agent),
        "comment": _comments(random, number, opened, changed, (agent, reporter)),
        **{f"customfield_{10_040 + place}": one["value"] for place, one in enumerate(ticket["custom_fields"])},
    }
    told = _histories(random, number, ticket, (opened, changed), agent)
    done = STATUSES[ticket["status"]][2] == "done"
    return Item(FIRST_ISSUE + number, changed, done, msgspec.json.encode(fields), msgspec.json.encode(list(told)))


def _times(ticket: JSONObject, number: int) -> tuple[datetime, datetime]:
    """When it was opened and changed. What `tickets` has changed in its very last second lies apart here: Jira searches
    by the minute, and so many changes in one are not what a site is like."""
    opened, changed = (datetime.fromisoformat(ticket[name]) for name in ("created_at", "updated_at"))
    if changed == tickets.NEWEST:
        changed = opened + (changed - opened) * (number % 97 / 97)
    return opened, changed.replace(microsecond=number % 1000 * 1000)


def _stated(ticket: JSONObject, opened: datetime, changed: datetime) -> JSONObject:
    done = ticket["status"] in ("solved", "closed")
    number, name = PRIORITIES[ticket["priority"]]
    picture = f"{SITE}/images/icons/priorities/{name.lower()}.svg"
    resolution = {"self": f"{API}/resolution/10000", "id": "10000", "description": "Work is done.", "name": "Done"}
    kind = {"self": f"{API}/issuetype/10002", "id": "10002", "description": "A complaint.", "name": "Task"}
    return {
        "summary": ticket["subject"],
        "description": document(ticket["description"]),
        "status": _status(ticket["status"]),
        "priority": {"self": f"{API}/priority/{number}", "iconUrl": picture, "name": name, "id": str(number)},
        "labels": ticket["tags"],
        "project": project(),
        "issuetype": {
            **kind,
            "iconUrl": f"{SITE}/avatar/10318",
            "subtask": False,
            "avatarId": 10_318,
            "hierarchyLevel": 0,
        },
        "created": stamp(opened),
        "updated": stamp(changed),
        "resolution": resolution if done else None,
        "resolutiondate": stamp(changed) if done else None,
    }


def _status(name: str) -> JSONObject:
    number, shown, category = STATUSES[name]
    inner, colour, title = CATEGORIES[category]
    where = {"self": f"{API}/statuscategory/{inner}", "id": inner, "key": category, "colorName": colour, "name": title}
    told = {"self": f"{API}/status/{number}", "description": "", "iconUrl": f"{SITE}/images/icons/statuses/generic.png"}
    return {**told, "name": shown, "id": str(number), "statusCategory": where}


def _comments(random: Random, number: int, opened: datetime, changed: datetime, people: tuple[Who, Who]) -> JSONObject:
    """Up to three comments, by the agent and the customer in turn."""
    made = []
    count = random.randrange(4)
    for place in range(count):
        pool = (tickets.OTHER, tickets.COMPLAINTS)[place % 2][random.choice(tickets.LANGUAGES)]
        words = random.choice(pool).format(d=f"{opened:%d.%m.}", a="12.50 EUR")
        at, who = stamp(opened + (changed - opened) * (place + 1) / (count + 1)), person(people[place % 2])
        ident = FIRST_COMMENT + number * 4 + place
        made.append(
            {
                "self": f"{API}/issue/{FIRST_ISSUE + number}/comment/{ident}",
                "id": str(ident),
                "author": who,
                "body": document(words),
                "updateAuthor": who,
                "created": at,
                "updated": at,
                "jsdPublic": True,
            }
        )
    where = f"{API}/issue/{FIRST_ISSUE + number}/comment"
    return {"comments": made, "self": where, "maxResults": count, "total": count, "startAt": 0}


def _histories(
    random: Random, number: int, ticket: JSONObject, between: tuple[datetime, datetime], agent: Who
) -> Iterator[JSONObject]:
    """Somebody took it, perhaps found it more urgent, and brought it to where it is."""
    if ticket["status"] == "new":
        return
    way = ["new", "open"] if ticket["status"] == "open" else ["new", "open", ticket["status"]]
    steps = [_named("assignee", (None, None), (agent[0], agent[1]))]
    if random.random() < 0.2:
        steps.append(_named("priority", ("4", "Low"), tuple(map(str, PRIORITIES[ticket["priority"]]))))
    for before, after in pairwise(way):
        (old, old_name, _), (new, new_name, _) = STATUSES[before], STATUSES[after]
        steps.append(_named("status", (str(old), old_name), (str(new), new_name)))
    opened, changed = between
    pace: timedelta = (changed - opened) / len(steps)
    for place, step in enumerate(steps, 1):
        ident = str(FIRST_HISTORY + number * 8 + place)
        yield {"id": ident, "author": person(agent), "created": stamp(opened + pace * place), "items": [step]}


def _named(field: str, before: tuple[str | None, ...], after: tuple[str | None, ...]) -> JSONObject:
    told = {"field": field, "fieldtype": "jira", "fieldId": field, "from": before[0], "fromString": before[1]}
    return {**told, "to": after[0], "toString": after[1]}
