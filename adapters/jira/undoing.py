"""Taking back what an earlier write of ours left on an issue: labels, fields and our note, where they are still ours.

That a value is the one that we wrote does not make it ours: an agent may have taken it away and put it there again, or
have been faster by a second. So the changelog has to say that we made the last change; without that proof a thing is
left. It is asked before the write, and once more right before it leaves, for Jira has no compare-and-set. Our note goes
where nobody has edited it. What is left, and why, is in the receipt. Used by `writing`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import NamedTuple

import msgspec

from adapters.jira import notes, shapes
from adapters.jira.account import who_am_i
from adapters.jira.answers import parsed
from adapters.jira.calls import Calls
from adapters.jira.completing import changelog
from adapters.jira.target import Target, issue_path, mark_key, mark_of, read
from adapters.jira.values import moment, person_id, rows, word
from connector.adapter import Finding, Landed, Never, NotYet, Receipt, Stamp
from connector.errors import GoneError, RejectedError
from connector.model import JSON, Action

BEFORE_SENDING = timedelta(minutes=5)
NOTE = "note"
Operations = dict[str, list[dict[str, JSON]]]
UNPROVEN = "the changelog does not show that it was set by us"


class Plan(NamedTuple):
    """What is still ours of an issue: the `update` that takes it away and the `remarks` to delete; and what is `left`,
    by name ("label amends-late", a field's id, "note"), with the reason."""

    update: Operations
    remarks: tuple[notes.Comment, ...]
    left: dict[str, str]

    @property
    def is_empty(self) -> bool:
        return not self.update and not self.remarks


class _Change(NamedTuple):
    ours: bool
    field: str
    item: dict[str, JSON]


def prepare(calls: Calls, action: Action) -> Stamp:
    """What is to be taken back, and what is left. Raises GoneError where the issue cannot be seen."""
    target = _read(calls, action)
    plan = _planned(calls, action, target)
    stamp: Stamp = {"updated": target.fields.get("updated"), "server_date": target.server_now.isoformat()}
    stamp |= {"taking": _names(plan), "left": plan.left}
    return {**stamp, "already": True} if plan.is_empty else stamp


def apply(calls: Calls, action: Action) -> Receipt:
    """Take back what is ours at this moment. Raises what `Calls.put` and `delete` raise."""
    target = _read(calls, action)
    plan = _planned(calls, action, target)
    left = dict(plan.left)
    taken = []
    if target.mark is None:
        left |= _edited(calls, action, target, plan.update)
        taken = [name for name in _names(plan) if name not in left and name != NOTE]
    if plan.remarks:
        refused = _deleted(calls, target, plan.remarks)
        left |= {NOTE: refused} if refused else {}
        taken += [] if refused else [NOTE]
    return _receipt(taken, left)


def find(calls: Calls, action: Action, stamp: Stamp) -> Finding:
    """Whether nothing of ours is left to be taken. NotYet may still be under way."""
    try:
        target = _read(calls, action)
        plan = _planned(calls, action, target)
    except GoneError:
        return Never()
    # On a Data Center the mark is set after the edit, and may be missing though the edit was made.
    done = plan.is_empty if target.mark is None else not plan.remarks
    return Landed(_receipt(stamp.get("taking") or [], stamp.get("left") or {})) if done else NotYet()


def nothing_to_take(stamp: Stamp) -> Receipt:
    return {"already": True, **_receipt([], stamp.get("left") or {})}


def _receipt(taken: list[str], left: Mapping[str, str]) -> Receipt:
    return {"taken": sorted(taken), **({"left": dict(left)} if left else {})}


def _names(plan: Plan) -> list[str]:
    labels = [f"label {one['remove']}" for one in plan.update.get("labels", ())]
    fields = [name for name in plan.update if name != "labels"]
    return [*labels, *fields, *([NOTE] if plan.remarks else [])]


def _read(calls: Calls, action: Action) -> Target:
    return read(calls, action.ticket, action.marker, action.effect.restore)


# What is still ours


def _planned(calls: Calls, action: Action, target: Target) -> Plan:
    update: Operations = {}
    left: dict[str, str] = {}
    worn = [label for label in action.effect.untag if label in target.labels]
    left |= {f"label {one}": "somebody has taken it off already" for one in action.effect.untag if one not in worn}
    changes = _changes(calls, target) if worn or action.effect.restore else []
    removed = [label for label in worn if _added_by_us(changes, label)]
    left |= {f"label {one}": UNPROVEN for one in worn if one not in removed}
    if removed:
        update["labels"] = [{"remove": label} for label in removed]
    names = _field_names(calls, action, changes)
    for name, (ours, before) in action.effect.restore.items():
        of_field = [one for one in changes if one.field in (name, names.get(name))]
        operations, why = _back(target.fields.get(name), ours, before, of_field)
        if operations:
            update[name] = operations
        else:
            left[name] = why
    remarks, why_not = _remarks(calls, action, target)
    left |= {NOTE: why_not} if why_not else {}
    return Plan(update, remarks, left)


def _back(now: JSON, ours: JSON, before: JSON, changes: list[_Change]) -> tuple[list[dict[str, JSON]], str]:
    """What sets the field back, or why it is left."""
    if not any(change.ours for change in changes):
        return [], UNPROVEN
    if shapes.holds_several(ours):
        adding = "add" in ours[0]
        mine = shapes.added(now, ours, before)
        if not mine:
            return [], "somebody has taken our values out already"
        rest = shapes.without(now, mine)
        return ([{"remove": one} for one in mine] if adding else [{"set": shapes.again(rest)}]), ""
    if not shapes.fits(now, ours):
        return [], "somebody has changed it since"
    if not changes[-1].ours or not shapes.as_deep(now, ours):
        return [], "somebody has set it since, to the same value"
    return [{"set": before}], ""


def _added_by_us(changes: list[_Change], label: str) -> bool:
    """Whether it was us who put the label on the last time that it was put on."""
    ours = False
    for change in changes:
        was, now = ((word(change.item.get(side)) or "").split() for side in ("fromString", "toString"))
        if change.field == "labels" and label in now and label not in was:
            ours = change.ours
    return ours


def _changes(calls: Calls, target: Target) -> list[_Change]:
    """The issue's changelog, oldest first, and which of it was us."""
    me = person_id(who_am_i(calls))
    sent = changelog(calls, target.id)
    histories = rows(msgspec.json.decode(sent)) if sent is not None else []
    found = [
        (moment(history.get("created")), str(history.get("id")).zfill(20), history)
        for history in histories
        if moment(history.get("created")) is not None
    ]
    return [
        _Change(person_id(history.get("author")) == me, str(item.get("fieldId") or item.get("field")), item)
        for _, _, history in sorted(found, key=lambda one: one[:2])
        for item in rows(history.get("items"))
    ]


def _field_names(calls: Calls, action: Action, changes: list[_Change]) -> dict[str, str]:
    """Fields by the names that a Data Center's changelog calls them by."""
    custom = any(name.startswith("customfield_") for name in action.effect.restore)
    if not custom or all(change.item.get("fieldId") for change in changes):
        return {}
    path = calls.api("/field")
    fields = parsed(calls.get(path, writing=True).content, list[dict[str, JSON]], f"GET {path}", source=calls.source)
    return {str(one.get("id")): str(one.get("name")) for one in fields}


def _remarks(calls: Calls, action: Action, target: Target) -> tuple[tuple[notes.Comment, ...], str | None]:
    """Our note, where it is to go and still ours; else why it stays."""
    said = action.effect.unsay
    if said is None:
        return (), None
    try:
        found = notes.with_marker(calls, said.marker, said.text, target, said.since - BEFORE_SENDING)
    except notes.TooManyError as error:
        return (), error.message
    if not found:
        return (), "it is not there any more"
    if any(not _untouched(calls, one, said.text) for one in found):
        return (), "somebody has edited it"
    return tuple(found), None


def _untouched(calls: Calls, comment: notes.Comment, text: str) -> bool:
    """Whether the note is as we left it: in our words, and last touched by whoever wrote it."""
    last = person_id(comment.get("updateAuthor"))
    return notes.says(calls, comment, text) and last in (None, person_id(comment.get("author")))


# Taking it back


def _edited(calls: Calls, action: Action, target: Target, update: Operations) -> dict[str, str]:
    """Make the edit and set our mark; what Jira refused, by name. A field that is refused does not keep the others."""
    try:
        _put(calls, action, target, update)
        return {}
    except RejectedError as error:
        if len(update) < 2:
            refused = dict.fromkeys(update, error.message)
            return _refused_all(calls, action, target, update, refused)
    refused = {}
    for name, operations in update.items():
        try:
            calls.put(issue_path(calls, target.id), {"update": {name: operations}}, ticket=action.ticket)
        except RejectedError as error:
            refused[name] = error.message
    return _refused_all(calls, action, target, update, refused)


def _refused_all(
    calls: Calls, action: Action, target: Target, update: Operations, refused: dict[str, str]
) -> dict[str, str]:
    """Set the mark all the same, so that the rest is done once; "labels" are told label by label."""
    _put(calls, action, target, {})
    labels = refused.pop("labels", None)
    if labels is not None:
        refused |= {f"label {one['remove']}": labels for one in update["labels"]}
    return refused


def _put(calls: Calls, action: Action, target: Target, update: Operations) -> None:
    path, key, mark = issue_path(calls, target.id), mark_key(action.marker), mark_of(calls, action)
    if update:
        body: dict[str, JSON] = {"update": {**update}}
        if calls.settings.cloud:
            body["properties"] = [{"key": key, "value": mark}]
        calls.put(path, body, ticket=action.ticket)
    if not update or not calls.settings.cloud:
        calls.put(f"{path}/properties/{key}", mark, ticket=action.ticket)


def _deleted(calls: Calls, target: Target, remarks: tuple[notes.Comment, ...]) -> str | None:
    """Delete our note, with copies of it, if there are any; why Jira refused, if it did."""
    for one in remarks:
        try:
            calls.delete(issue_path(calls, target.id, f"/comment/{one['id']}"), ticket=target.id)
        except GoneError:
            continue  # somebody was faster
        except RejectedError as error:
            return f"Jira does not let us delete it: {error.message}"
    return None
