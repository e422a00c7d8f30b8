"""Moving an issue to another status: by a transition of its workflow, with what the transition's screen asks for.

An edit of an issue cannot change its status; a transition can, and takes along only fields of its own screen. Used by
`writing` and, to close a duplicate, by `creating`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adapters.jira import shapes
from adapters.jira.answers import parsed
from adapters.jira.calls import Calls
from adapters.jira.target import Target, issue_path, mark_key
from adapters.jira.values import inner
from connector.errors import RejectedError
from connector.model import JSON, Action

Transition = dict[str, Any]


def is_there(target: Target, status: str) -> bool:
    """Whether the issue stands where it should, or did after our move: then whoever moved it on knew why."""
    return _same(target.status, status) or _same(inner(target.mark, "moved"), status)


def choose(calls: Calls, target: Target, status: str, given: Mapping[str, JSON]) -> Transition:
    """A transition that leads to `status` and asks for nothing but `given`.

    Raises RejectedError, with what there is instead, or with the names of the fields that are missing."""
    place = {"source": calls.source, "ticket": target.id}
    found = _transitions(calls, target)
    fitting = [one for one in found if _same(inner(one, "to", "name"), status) and one.get("isAvailable") is not False]
    if not fitting:
        offered = ", ".join(sorted({str(inner(one, "to", "name")) for one in found})) or "none"
        raise RejectedError(
            f"no transition leads from {target.status!r} to {status!r} for our user, only to: {offered}.",
            remedy="Name one of these in the mapping, or allow our user the transition in the workflow.",
            **place,
        )
    lacking = {id(one): _lacking(one, given) for one in fitting}
    best = min(fitting, key=lambda one: len(lacking[id(one)]))
    if lacking[id(best)]:
        names = ", ".join(f"{name} ({title})" for name, title in lacking[id(best)])
        raise RejectedError(
            f"the transition {best.get('name')!r} to {status!r} requires fields that we do not set: {names}.",
            remedy="Write them too (mapping), give them a default, or take them off the transition's screen.",
            **place,
        )
    return best


def screen_of(transition: Transition) -> dict[str, shapes.Meta]:
    """The fields that may go with the transition, by id."""
    fields = transition.get("fields")
    return fields if isinstance(fields, dict) else {}


def move(
    calls: Calls, action: Action, target: Target, status: str, fields: Mapping[str, JSON], mark: JSON = None
) -> None:
    """Make the transition. `fields` are shaped already. On Cloud our mark is set in the same call.

    Raises what `choose` and `Calls.post` raise."""
    transition = choose(calls, target, status, fields)
    body: dict[str, JSON] = {"transition": {"id": str(transition.get("id"))}}
    taken = {name: value for name, value in fields.items() if name in screen_of(transition)}
    if taken:
        body["fields"] = taken
    if mark is not None and calls.settings.cloud:
        body["properties"] = [{"key": mark_key(action.marker), "value": mark}]
    calls.post(issue_path(calls, target.id, "/transitions"), body, ticket=target.id)


def finishing(calls: Calls, target: Target) -> str | None:
    """A status in which the issue would be done, that one gets to at once and without a word; None if there is none."""
    for one in _transitions(calls, target):
        if inner(one, "to", "statusCategory", "key") == "done" and not _lacking(one, {}):
            return str(inner(one, "to", "name"))
    return None


def _transitions(calls: Calls, target: Target) -> list[Transition]:
    path = issue_path(calls, target.id, "/transitions")
    content = calls.get(path, {"expand": "transitions.fields"}, ticket=target.id, writing=True).content
    sent = parsed(content, dict[str, JSON], f"GET {path}", source=calls.source, ticket=target.id).get("transitions")
    return [one for one in sent if isinstance(one, dict)] if isinstance(sent, list) else []


def _lacking(transition: Transition, given: Mapping[str, JSON]) -> list[tuple[str, str]]:
    return [
        (name, str(meta.get("name") or name))
        for name, meta in screen_of(transition).items()
        if meta.get("required") and not meta.get("hasDefaultValue") and name not in given
    ]


def _same(now: JSON, wanted: str) -> bool:
    return isinstance(now, str) and now.strip().casefold() == wanted.strip().casefold()
