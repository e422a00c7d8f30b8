"""Writing back: an edit with our mark, a transition, an internal note; and finding out what of it landed.

Jira knows neither compare-and-set nor an idempotency key. So every step is one that may be repeated (labels and lists
are added to, other fields get absolute values), and before each the issue is read to see whether it is done already:

1. one PUT of labels and fields. Our mark, a property of the issue, is part of the same call: where it is, the edit was.
   A Data Center does not promise that, so there the mark is set after the edit: at worst the edit is made twice.
2. a transition, where "status" is to be written, with those fields that only its screen has.
3. the note, a comment with our marker, internal from the first moment.

After a lost answer nothing is decided for SETTLE, which is longer than Jira works on any request. A copy that lands
even later changes nothing in 1 and 2 but may double 3: `find` then takes the younger comment away, whenever asked.
A value that an agent changed while a copy of 1 was still under way may be set once more; Jira leaves no way round that.
Used by the adapter. New issues (`Effect.create`) are made in `creating`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from adapters.jira import creating, notes, shapes, transitions, undoing
from adapters.jira.answers import ForbiddenError, parsed
from adapters.jira.calls import Calls
from adapters.jira.target import Target, issue_path, mark_key, mark_of, read, wait_until_settled
from adapters.jira.values import inner, moment
from connector.adapter import Finding, Landed, Never, NotYet, Receipt, Stamp, Unknown
from connector.errors import GoneError, RejectedError
from connector.model import JSON, Action, ActionKind

SETTLE = timedelta(seconds=60)
BEFORE_SENDING = timedelta(minutes=5)
SCOPED = re.compile(r"[A-Z][A-Z0-9_]*/(?=.)")
Operations = dict[str, list[dict[str, JSON]]]


def prepare(calls: Calls, action: Action) -> Stamp:
    """What the write consists of, field by field, and what stood there before. Raises GoneError, and RejectedError for
    what Jira would refuse: a field that is on no screen, an unknown choice, a transition that is not to be had, an
    issue that we may not look at, a note of which nobody could tell who reads it."""
    with _refused_here(calls, action):
        if action.effect.create or action.kind is ActionKind.CORRECT:
            return creating.prepare(calls, action)
        return undoing.prepare(calls, action) if action.kind is ActionKind.UNDO else _prepare(calls, action)


def apply(calls: Calls, action: Action, stamp: Stamp) -> Receipt:
    """Do what is not done yet, each step once. Raises what `Calls.put` and `post` raise; ExposedError when our note
    came out where a customer can read it, or may have."""
    if "already" in stamp:
        return _already(action, stamp)
    with _refused_here(calls, action):
        if action.kind is ActionKind.UNDO:
            return undoing.apply(calls, action)
        return creating.apply(calls, action, stamp) if "create" in stamp else _apply(calls, action, stamp)


def find(calls: Calls, action: Action, stamp: Stamp, sent_at: datetime) -> Finding:
    """How much of the write landed, by strong reads. An issue that is gone takes no write any more: Never.

    Raises ExposedError, and TemporaryError with the seconds until a write that is not to be seen can no longer land."""
    if "already" in stamp:
        return Landed(_already(action, stamp))
    try:
        if action.kind is ActionKind.UNDO:
            found = undoing.find(calls, action, stamp)
            if isinstance(found, NotYet):
                wait_until_settled(calls, action, sent_at, SETTLE, SETTLE)
            return found
        if "create" in stamp:
            return creating.find(calls, action, stamp, sent_at)
        return _find(calls, action, stamp, sent_at)
    except (ForbiddenError, notes.TooManyError) as error:
        return Unknown(str(error))


@contextmanager
def _refused_here(calls: Calls, action: Action) -> Iterator[None]:
    """One issue may be closed to us by a scheme of its own; that is no reason to leave the whole site alone."""
    try:
        yield
    except ForbiddenError as error:
        raise RejectedError(error.message, source=calls.source, ticket=action.ticket, remedy=error.remedy) from error


def _prepare(calls: Calls, action: Action) -> Stamp:
    wanted = {**_ids(action.effect.fill), **_ids(action.effect.fields)}
    to = _status(wanted)
    target = read(calls, action.ticket, action.marker, wanted)
    fill = [name for name in _ids(action.effect.fill) if name in wanted and name not in _ids(action.effect.fields)]
    stands = {name for name in fill if not shapes.is_empty(target.fields.get(name))}
    moving = to is not None and not transitions.is_there(target, to)
    update, along = _shaped(calls, action, target, wanted, stands, to if moving else None)
    if _has_note(calls, action):
        notes.refuse_unprovable(calls, target)
    stamp: Stamp = {"updated": target.fields.get("updated"), "server_date": target.server_now.isoformat()}
    stamp |= {"update": update, "fill": fill}
    stamp["before"] = {name: shapes.shown(target.fields.get(name)) for name in (*update, *along)}
    stamp["undo"] = {
        "tags": [str(one["add"]) for one in update.get("labels", ())],
        "fields": {
            name: [wanted, shapes.again(target.fields.get(name))] for name, wanted in update.items() if name != "labels"
        },
        "note": _has_note(calls, action),
        # Steps: one that is refused leaves on the issue what those before it did.
        "steps": True,
    }
    if to is not None:
        stamp |= {"to": to, "with": along}
    changes = bool(update) or moving
    if action.kind is ActionKind.SURVEY and not changes and target.mark is None:
        raise RejectedError(
            "the survey's label (or field) is already set, so setting it would trigger nothing.",
            source=calls.source,
            ticket=action.ticket,
            remedy="Let the automation that sends the survey remove the label.",
        )
    return stamp if changes or action.effect.note is not None else {**stamp, "already": True}


def _already(action: Action, stamp: Stamp) -> Receipt:
    return undoing.nothing_to_take(stamp) if action.kind is ActionKind.UNDO else {"already": True}


def _apply(calls: Calls, action: Action, stamp: Stamp) -> Receipt:
    target = _read(calls, action, stamp)
    receipt: Receipt = {}
    if target.mark is None:
        _edit(calls, action, target, stamp)
        receipt["edited"] = sorted(stamp["update"])
    if _has_to_move(target, stamp):
        _move(calls, action, target, stamp)
        receipt["moved"] = stamp["to"]
    if _has_note(calls, action):
        # Where our mark was not, no comment of ours can be: the comment is only ever sent after the mark.
        marked_at = moment(inner(target.mark, "at"))
        before = [] if target.mark is None else _comments(calls, action, target, stamp, marked_at)
        receipt["comment"] = str(before[0]["id"]) if before else _noted(calls, action, target, stamp)
    return receipt


def _noted(calls: Calls, action: Action, target: Target, stamp: Stamp) -> str:
    """Leave the note and return its id: that of the oldest, should something on the way have repeated the request, for
    that is the one which stays."""
    made = notes.leave(calls, action, target)
    ours = _comments(calls, action, target, stamp, None)
    for comment in ours:
        if str(comment["id"]) != made:
            notes.refuse_exposed(calls, target, comment)
    return str(ours[0]["id"]) if ours else made


def _find(calls: Calls, action: Action, stamp: Stamp, sent_at: datetime) -> Finding:
    try:
        target = read(calls, action.ticket, action.marker)
        comments = _comments(calls, action, target, stamp, sent_at) if _has_note(calls, action) else []
        for comment in comments:
            notes.refuse_exposed(calls, target, comment)
    except GoneError:
        return Never()
    # The note is the last step: where it is, all was done, whatever people have made of the issue since.
    undone = target.mark is None or _has_to_move(target, stamp) or _has_note(calls, action)
    if not comments and undone:
        wait_until_settled(calls, action, sent_at, SETTLE, SETTLE)
        return NotYet()
    receipt: Receipt = {"updated": target.fields.get("updated")}
    if comments:
        receipt |= {"comment": str(comments[0]["id"]), **notes.repair(calls, target, comments)}
    return Landed(receipt)


def _edit(calls: Calls, action: Action, target: Target, stamp: Stamp) -> None:
    """Set labels, fields and our mark. What someone has filled in the meantime is left alone."""
    filled = _filled(target, stamp)
    update = {
        name: shapes.joined(operations, target.fields.get(name))
        for name, operations in stamp["update"].items()
        if name not in filled
    }
    # Whoever was faster to move it, and then moves it on, is not to be overruled by a second try of ours.
    there = {} if "to" not in stamp or _has_to_move(target, stamp) else {"moved": stamp["to"]}
    key, mark = mark_key(action.marker), mark_of(calls, action, **there)
    path = issue_path(calls, target.id)
    if update:
        body: dict[str, JSON] = {"update": {**update}}
        if calls.settings.cloud:
            body["properties"] = [{"key": key, "value": mark}]
        calls.put(path, body, ticket=action.ticket)
    if not update or not calls.settings.cloud:
        calls.put(f"{path}/properties/{key}", mark, ticket=action.ticket)


def _move(calls: Calls, action: Action, target: Target, stamp: Stamp) -> None:
    """Make the transition. Fields that the edit has set already, or someone has filled, keep what they hold by now."""
    mark = mark_of(calls, action, moved=stamp["to"])
    if stamp["with"]:
        target = _read(calls, action, stamp)
    settled = {*stamp["update"], *_filled(target, stamp)}
    try:
        transitions.move(calls, action, target, stamp["to"], stamp["with"], settled, mark)
        if not calls.settings.cloud:
            calls.put(
                issue_path(calls, target.id, f"/properties/{mark_key(action.marker)}"), mark, ticket=action.ticket
            )
    except RejectedError:
        # A late copy of ours, or an agent, may have been faster; then there is nothing to be moved any more.
        if _has_to_move(read(calls, action.ticket, action.marker), stamp):
            raise


def _read(calls: Calls, action: Action, stamp: Stamp) -> Target:
    return read(calls, action.ticket, action.marker, {*stamp["fill"], *stamp["update"], *stamp.get("with", ())})


def _filled(target: Target, stamp: Stamp) -> set[str]:
    return {name for name in stamp["fill"] if not shapes.is_empty(target.fields.get(name))}


def _has_to_move(target: Target, stamp: Stamp) -> bool:
    return "to" in stamp and not transitions.is_there(target, stamp["to"])


def _has_note(calls: Calls, action: Action) -> bool:
    return action.effect.note is not None and calls.settings.notes == "comment"


def _comments(
    calls: Calls, action: Action, target: Target, stamp: Stamp, sent_at: datetime | None
) -> list[notes.Comment]:
    """Our comments for this write. Jira's own time counts too, for our clock may be ahead of it."""
    read_at = moment(stamp.get("server_date"))
    earliest = min(filter(None, (read_at, sent_at)), default=calls.tools.now())
    return notes.find(calls, action, target, earliest - BEFORE_SENDING)


# What is to be written, and how


def _ids(fields: Mapping[str, JSON]) -> dict[str, JSON]:
    """The values by field id: a mapping reads "priority.name", and writes to "priority"."""
    return {path.partition(".")[0]: value for path, value in fields.items()}


def _status(wanted: dict[str, JSON]) -> str | None:
    """The status to move to, taken out of `wanted`: "OPS/Done" and "Done" are one."""
    status = wanted.pop("status", None)
    return None if status is None else SCOPED.sub("", str(status), count=1)


def _shaped(
    calls: Calls, action: Action, target: Target, values: dict[str, JSON], stands: set[str], to: str | None
) -> tuple[Operations, Operations]:
    """What the edit does to each field that is not as wanted yet; and what goes with the transition, because only its
    screen has the field, or because it insists on it. What `stands` already is left as it is."""
    labels = [] if "labels" in stands else _label_values(values)
    values.pop("labels", None)
    missing = [label for label in dict.fromkeys([*action.effect.tags, *labels]) if label not in target.labels]
    _refuse_spaces(calls, action, missing)
    meta = _edit_meta(calls, action, target) if missing or values.keys() - stands else {}
    screen = transitions.screen_of(_transition(calls, target, to, values)) if to is not None else {}
    update: Operations = {}
    along: Operations = {}
    for name, value in values.items():
        free = name not in stands
        if free and name in meta:
            operations = _fitted(calls, action, name, shapes.operations, value, meta[name])
            if not shapes.fits(target.fields.get(name), operations):
                update[name] = operations
        if name in screen and (screen[name].get("required") or (free and name not in meta)):
            along[name] = _fitted(calls, action, name, shapes.operations, value, screen[name])
        elif free and name not in meta:
            raise _not_on_screen(calls, action, name)
    if missing and "labels" not in meta:
        raise _not_on_screen(calls, action, "labels")
    if missing:
        update["labels"] = [{"add": label} for label in missing]
    return update, along


def _label_values(values: dict[str, JSON]) -> list[str]:
    """Labels that a mapping writes as a field, taken out of `values`: they are added like any other."""
    labels = values.pop("labels", None)
    return [str(one) for one in (labels if isinstance(labels, list) else [labels] if labels is not None else [])]


def _transition(calls: Calls, target: Target, to: str, values: Mapping[str, JSON]) -> transitions.Transition:
    return transitions.choose(calls, target, to, values)


def _fitted(calls: Calls, action: Action, name: str, shape: Any, value: JSON, meta: shapes.Meta) -> Any:
    try:
        return shape(value, meta, calls.settings.cloud)
    except shapes.ShapeError as error:
        raise RejectedError(
            f"the field {name!r} ({meta.get('name', name)}): {error}.",
            source=calls.source,
            ticket=action.ticket,
            remedy="Correct the value in the mapping; `amends mapping discover` lists the choices.",
        ) from error


def _edit_meta(calls: Calls, action: Action, target: Target) -> dict[str, shapes.Meta]:
    path = issue_path(calls, target.id, "/editmeta")
    content = calls.get(path, ticket=action.ticket, writing=True).content
    fields = parsed(content, dict[str, Any], f"GET {path}", source=calls.source, ticket=action.ticket).get("fields")
    return {name: meta for name, meta in fields.items() if isinstance(meta, dict)} if isinstance(fields, dict) else {}


def _not_on_screen(calls: Calls, action: Action, name: str) -> RejectedError:
    return RejectedError(
        f"the field {name!r} cannot be written: it is not on the issue's edit screen, or our user may not edit it.",
        source=calls.source,
        ticket=action.ticket,
        remedy="Add it to the project's edit screen (or to that of the transition), or write to another field.",
    )


def _refuse_spaces(calls: Calls, action: Action, labels: list[str]) -> None:
    for label in labels:
        if not label or len(label) > creating.LONGEST_LABEL or any(sign.isspace() for sign in label):
            raise RejectedError(
                f"{label!r} cannot be a label: Jira's have no spaces and at most {creating.LONGEST_LABEL} characters.",
                source=calls.source,
                ticket=action.ticket,
                remedy="Give the tag another name in the policy or the mapping.",
            )
