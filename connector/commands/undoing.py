"""`amends outbox undo`: taking back what earlier writes left on a ticket, where it is still ours.

Each undo is a write of its own, sent as any other is: once, under a stamp. What the earlier write added or changed is
in its own stamp. A note cannot be taken back, nor can a message that people have read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from connector.commands.place import Place
from connector.display import plain, wrapped
from connector.errors import AmendsError
from connector.model import JSON, Action, ActionKind, Effect, Remark
from connector.policy.keys import action_key, marker
from connector.policy.rules import UNDO
from connector.settings import Settings
from connector.store import Transaction, intentions, sources
from connector.store.intentions import Intention, State

NO_UNDO = {
    ActionKind.NOTIFY: "people have been told",
    ActionKind.CORRECT: "a ticket was opened; close it at its source",
    ActionKind.ACKNOWLEDGE: "the customer has the mail",
    ActionKind.UNDO: "it is an undo itself",
}
UNDO_RANK = 1
# A source that is written to in steps may have refused the second one: then what the first one did is on the ticket.
IN_PART = frozenset({State.DEAD, State.PARKED, State.CANCELLED, State.EXPIRED})


class Undone(msgspec.Struct, frozen=True):
    """What the undo of write `id` will do: the tags to take off, the fields to set back, whether the `note` is to go,
    and what `stays` and why; `undo` is the number of the new write. `why_not`: it was left alone."""

    id: int
    source: str
    ticket: str
    tags: tuple[str, ...] = ()
    fields: dict[str, JSON] = {}
    note: bool = False
    stays: tuple[str, ...] = ()
    undo: int | None = None
    why_not: str | None = None


class Undoing(msgspec.Struct, frozen=True):
    dry_run: bool
    writes: tuple[Undone, ...]

    @property
    def exit_code(self) -> int:
        return 1 if any(one.why_not for one in self.writes) else 0


def undo(place: Place, numbers: Sequence[int], *, rule: str | None, dry_run: bool) -> Undoing:
    """Write down the undo of these writes, or of all that a `rule` has done. The daemon carries them out; a ticket that
    somebody has changed since keeps that change. Raises AmendsError for a number that is none."""
    settings = place.settings
    with place.store() as store:
        with store.read() as connection:
            salt = sources.salt(connection).encode()
            rows = [_one(connection, number) for number in numbers]
            if rule is not None:
                done = intentions.listing(connection, states=[State.DONE])
                rows += [one for one in reversed(done) if one.action.rule == rule]
        if dry_run:
            return Undoing(True, tuple(_planned(one, settings)[0] for one in rows))
        with store.write("outbox: undo") as connection:
            return Undoing(False, tuple(_intend(connection, place, one, settings, salt) for one in rows))


def _one(connection: Transaction, number: int) -> Intention:
    found = intentions.one(connection, number)
    if found is None:
        raise AmendsError(f"there is no write #{number}.", remedy="`amends outbox list` shows what there is.")
    return found


def _planned(one: Intention, settings: Settings) -> tuple[Undone, Effect | None]:
    action = one.action
    told = Undone(one.id, one.source, action.ticket)
    why_not = _why_not(one, settings)
    if why_not is not None:
        return msgspec.structs.replace(told, why_not=why_not), None
    left = (one.stamp or {}).get("undo") or {}
    tags = tuple(left.get("tags", ()))
    restore = {name: (pair[0], pair[1]) for name, pair in left.get("fields", {}).items()}
    note = _remark(one, left)
    stood: dict[str, JSON] = (one.stamp or {}).get("before") or {}  # as people call it, where a source keeps that
    told = msgspec.structs.replace(
        told,
        tags=tags,
        fields={name: stood.get(name, before) for name, (_, before) in restore.items()},
        note=note is not None,
        stays=tuple(_stays(one, note)),
    )
    if not (tags or restore or note):
        return msgspec.structs.replace(told, why_not="; ".join(told.stays) or "it changed nothing"), None
    return told, Effect(untag=tags, restore=restore, unsay=note)


def _remark(one: Intention, left: Mapping[str, JSON]) -> Remark | None:
    """The note of a write, where its source can take one away."""
    text = one.action.effect.note
    if text is None or not left.get("note"):
        return None
    return Remark(one.action.marker, text, one.sent_at or one.created_at)


def _why_not(one: Intention, settings: Settings) -> str | None:
    in_part = one.state in IN_PART and bool(((one.stamp or {}).get("undo") or {}).get("steps"))
    if one.state is not State.DONE and not in_part:
        return f"it is {one.state.value.replace('_', ' ')}, so there is nothing on the ticket"
    if one.action.kind in NO_UNDO:
        return f"it cannot be taken back: {NO_UNDO[one.action.kind]}"
    source = settings.sources.get(one.source)
    if source is None:
        return f"the source {one.source} is not in amends.yaml any more"
    if ActionKind.UNDO not in source.can:
        return f"the adapter {source.adapter} cannot undo"
    return None


def _stays(one: Intention, note: Remark | None) -> Iterator[str]:
    stamp = one.stamp or {}
    if one.action.effect.note is not None and note is None:
        yield "the note stays: nobody can take back what was read"
    if "to" in stamp:
        yield "it stays in the status to which it was moved"
    if stamp.get("with"):
        yield f"what was set on the way there stays: {', '.join(sorted(stamp['with']))}"


def _intend(connection: Transaction, place: Place, one: Intention, settings: Settings, salt: bytes) -> Undone:
    told, effect = _planned(one, settings)
    if effect is None:
        return told
    now, episode = place.now(), f"#{one.id}"
    key = action_key(salt, one.source, one.action.ticket, UNDO, episode, ActionKind.UNDO)
    action = Action(
        key=key,
        marker=marker(key),
        source=one.source,
        ticket=one.action.ticket,
        kind=ActionKind.UNDO,
        rule=UNDO,
        episode=episode,
        effect=effect,
        why=f"{place.who} takes back #{one.id} ({one.action.kind} by rule {one.action.rule!r}).",
        not_before=now,
        rank=UNDO_RANK,
    )
    if not intentions.add(connection, one.source_id, [(action, State.PENDING, None)], now):
        return msgspec.structs.replace(told, why_not="it is being taken back already: `amends outbox list`")
    detail = {"outbox": one.id, "tags": list(effect.untag), "fields": sorted(effect.restore), "note": told.note}
    sources.log(connection, now, place.who, "write: undo", source=one.source, ticket=action.ticket, detail=detail)
    return msgspec.structs.replace(told, undo=intentions.number_of(connection, key))


def undoing_lines(told: Undoing, columns: int) -> list[str]:
    if not told.writes:
        return ["There is nothing to undo."]
    will = "would" if told.dry_run else "will"
    lines = []
    for one in told.writes:
        if one.why_not:
            lines += wrapped(f"#{one.id} {one.source}/{one.ticket}: left alone: {one.why_not}", columns)
            continue
        done = [f"{will} take off {', '.join(one.tags)}"] if one.tags else []
        done += [f"{will} set {name} back to {plain(value) or 'nothing'}" for name, value in one.fields.items()]
        done += [f"{will} delete our note"] if one.note else []
        done += one.stays
        number = f" (write #{one.undo})" if one.undo is not None else ""
        lines += wrapped(f"#{one.id} {one.source}/{one.ticket}: {'; '.join(done)}{number}", columns)
    after = "" if told.dry_run else "; `amends outbox show` says afterwards what was left, and why"
    lines += wrapped(f"What somebody has changed since stays as it is{after}.", columns)
    return lines
