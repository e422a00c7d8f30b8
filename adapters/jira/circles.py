"""Who may read our notes in a project that is no service desk: is the configured role or group there, and are we in it?

Jira refuses a comment that is kept for a role or group which its author is not in. Used by `account` for `check`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from adapters.jira.answers import HIDDEN, parsed
from adapters.jira.calls import Calls
from adapters.jira.values import inner, person_id, rows
from connector.model import JSON

OTHER_WAYS = "or set note_visibility to one that fits, or notes: property_only"


def missing_circles(calls: Calls, me: dict[str, JSON], projects: Iterable[dict[str, JSON]]) -> Iterator[str]:
    """What stands in the way of notes in these projects (as Jira shows them), in words. Makes no call where notes are
    off or all projects are service desks."""
    plain = [str(one.get("key")) for one in projects if one.get("projectTypeKey") != "service_desk"]
    if calls.settings.notes != "comment" or not plain:
        return
    kind, _, name = calls.settings.note_visibility.partition(":")
    groups = _our_groups(calls)
    if kind == "group":
        if name not in groups:
            yield f"our user is not in the group {name!r}, for which our notes are kept: add it, {OTHER_WAYS}"
        return
    outside = [key for key in plain if not _in_role(calls, key, name, me, groups)]
    if outside:
        yield (
            f"our user is not in the role {name!r} of {', '.join(outside)}, for which our notes are kept: add it "
            f"under the project's people, {OTHER_WAYS}"
        )


def _our_groups(calls: Calls) -> set[str]:
    found = _answer(calls, calls.api("/myself"), expand="groups")
    return {str(one.get("name")) for one in rows(inner(found, "groups", "items"))}


def _in_role(calls: Calls, key: str, name: str, me: dict[str, JSON], groups: set[str]) -> bool:
    roles = _answer(calls, calls.api(f"/project/{key}/role"))
    number = str(roles.get(name) or "").rstrip("/").rpartition("/")[2]
    if not number.isdecimal():
        return False
    role = _answer(calls, calls.api(f"/project/{key}/role/{number}"))
    return any(_is_us(actor, me, groups) for actor in rows(role.get("actors")))


def _is_us(actor: dict[str, JSON], me: dict[str, JSON], groups: set[str]) -> bool:
    """An actor is a person (by account id, or on a Data Center by name) or a group."""
    if actor.get("type") == "atlassian-group-role-actor":
        names = (inner(actor, "actorGroup", "name"), inner(actor, "actorGroup", "displayName"), actor.get("name"))
        return any(name in groups for name in names)
    ours = {person_id(me), me.get("key")} - {None}
    return inner(actor, "actorUser", "accountId") in ours or actor.get("name") in ours


def _answer(calls: Calls, path: str, **asked: JSON) -> dict[str, JSON]:
    try:
        return parsed(calls.get(path, asked or None).content, dict[str, JSON], f"GET {path}", source=calls.source)
    except HIDDEN:
        return {}
