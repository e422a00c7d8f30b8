"""Moving an issue to another status: by a transition of its workflow, with what the transition's screen asks for.

An edit of an issue cannot change its status; a transition can, and takes along only fields of its own screen. Used by
`writing` and, to close a duplicate, by `creating`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from adapters.jira import shapes
from adapters.jira.answers import parsed
from adapters.jira.calls import Calls
from adapters.jira.target import Target, issue_path, mark_key
from adapters.jira.values import inner
from connector.errors import RejectedError
from connector.model import JSON, Action

Transition = dict[str, Any]
Operations = Mapping[str, list[dict[str, JSON]]]


def is_there(target: Target, status: str) -> bool:
    """Whether the issue stands where it should, or did when we wrote: then whoever moved it on knew why."""
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
    calls: Calls,
    action: Action,
    target: Target,
    status: str,
    along: Operations,
    settled: Collection[str] = (),
    mark: JSON = None,
) -> None:
    """Make the transition, with what of `along` (shaped already) its screen has and `target`, just read, does not hold.
    A field that is `settled` keeps its value. On Cloud our mark is set in the same call.

    Raises what `choose` and `Calls.post` raise."""
    transition = choose(calls, target, status, along)
    body: dict[str, JSON] = {"transition": {"id": str(transition.get("id"))}}
    body |= _carried(screen_of(transition), target, along, settled)
    if mark is not None and calls.settings.cloud:
        body["properties"] = [{"key": mark_key(action.marker), "value": mark}]
    calls.post(issue_path(calls, target.id, "/transitions"), body, ticket=target.id)


def _carried(
    screen: Mapping[str, shapes.Meta], target: Target, along: Operations, settled: Collection[str]
) -> dict[str, JSON]:
    """What goes with the transition: verbs for what holds several values, so that none is lost, and values for others.
    A field that is as it should be stays out, unless the screen insists on it: then it is given what it has."""
    fields: dict[str, JSON] = {}
    update: dict[str, JSON] = {}
    for name, wanted in along.items():
        now = target.fields.get(name)
        stands = shapes.fits(now, wanted) or (name in settled and not shapes.is_empty(now))
        if name not in screen or (stands and not screen[name].get("required")):
            continue
        operations = shapes.unchanged(wanted, now) if stands else shapes.joined(wanted, now)
        if [*map(list, operations)] == [["set"]]:
            fields[name] = operations[0]["set"]
        elif operations:
            update[name] = [*operations]
    return {**({"fields": fields} if fields else {}), **({"update": update} if update else {})}


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
