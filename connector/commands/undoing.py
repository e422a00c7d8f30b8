"""`amends outbox undo`: taking back what earlier writes left on a ticket, where it is still ours.

Each undo is a write of its own, sent as any other is: once, under a stamp. What the earlier write added or changed is
in its own stamp. A note cannot be taken back, nor can a message that people have read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from connector.commands.place import Place
from connector.display import plain, wrapped
from connector.errors import AmendsError
from connector.model import JSON, Action, ActionKind, Effect
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


class Undone(msgspec.Struct, frozen=True):
    """What the undo of write `id` will do: the tags to take off, the fields to set back, and what `stays` and why;
    `undo` is the number of the new write. `why_not`: it was left alone."""

    id: int
    source: str
    ticket: str
    tags: tuple[str, ...] = ()
    fields: dict[str, JSON] = {}
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
    told = msgspec.structs.replace(
        told, tags=tags, fields={name: before for name, (_, before) in restore.items()}, stays=tuple(_stays(one))
    )
    if not (tags or restore):
        return msgspec.structs.replace(told, why_not="; ".join(told.stays) or "it changed nothing"), None
    return told, Effect(untag=tags, restore=restore)


def _why_not(one: Intention, settings: Settings) -> str | None:
    if one.state is not State.DONE:
        return f"it is {one.state.value.replace('_', ' ')}, so there is nothing on the ticket"
    if one.action.kind in NO_UNDO:
        return f"it cannot be taken back: {NO_UNDO[one.action.kind]}"
    source = settings.sources.get(one.source)
    if source is None:
        return f"the source {one.source} is not in amends.yaml any more"
    if ActionKind.UNDO not in source.can:
        return f"the adapter {source.adapter} cannot undo"
    return None


def _stays(one: Intention) -> Iterator[str]:
    if one.action.effect.note is not None:
        yield "the note stays: nobody can take back what was read"
    if "to" in (one.stamp or {}):
        yield "it stays in the status to which it was moved"


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
    detail = {"outbox": one.id, "tags": list(effect.untag), "fields": sorted(effect.restore)}
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
        done += one.stays
        number = f" (write #{one.undo})" if one.undo is not None else ""
        lines += wrapped(f"#{one.id} {one.source}/{one.ticket}: {'; '.join(done)}{number}", columns)
    lines += wrapped("What somebody has changed since stays as it is.", columns)
    return lines
