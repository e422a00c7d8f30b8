"""The marks of a write on the mail that its ticket began with: which, and whether they are there.

Marks are keywords, the flag, and a folder. Setting one that is there changes nothing, so a write may be done again from
the start. Where a server keeps no keywords, an escalation falls back to the flag and the folder for escalations.
Used by `writing` and `undoing`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgspec

from adapters.imap import keywords
from adapters.imap.postroom import Place, Postroom, Root
from adapters.imap.sent import find_mail
from connector.errors import ConflictError, RejectedError
from connector.model import JSON, Action, ActionKind

FLAGGED, FOLDER = "flagged", "folder"  # the fields of a mail that a policy may set


class Marks(msgspec.Struct, frozen=True):
    """What shall be true of the mail: it has the keywords, the flag, lies in the folder. `escalates`: see above."""

    keywords: tuple[str, ...] = ()
    flagged: bool = False
    folder: str | None = None
    escalates: bool = False

    def as_json(self) -> dict[str, JSON]:
        return msgspec.json.decode(msgspec.json.encode(self), type=dict[str, JSON])


def from_json(value: JSON) -> Marks:
    return msgspec.convert(value, Marks)


def wanted(room: Postroom, action: Action) -> Marks:
    """The marks that an action asks for. Raises RejectedError for fields that a mail has not."""
    fields = {**action.effect.fill, **action.effect.fields}
    odd = sorted(set(fields) - {FLAGGED, FOLDER})
    if odd or action.effect.create:
        raise RejectedError(
            f"the field {odd[0]!r} cannot be written to a mail." if odd else "an inbox opens no tickets.",
            remedy=f"A policy may set `{FLAGGED}` (yes or no) and `{FOLDER}` (where the mail is moved).",
            **_place(room, action.ticket),
        )
    escalates = action.kind is ActionKind.ESCALATE
    tags = (*action.effect.tags, *((room.escalation_keyword,) if escalates else ()))
    words = tuple(dict.fromkeys(keywords.keyword(tag) for tag in tags))
    return Marks(words, bool(fields.get(FLAGGED)), fields.get(FOLDER) or None, escalates)


def are_there(room: Postroom, root: Root, marks: Marks) -> bool:
    """Whether all marks are on the mail, or what stands in for them."""
    if marks.folder and root.place.folder != marks.folder:
        return False
    kept, has = kept_and_there(room, root, marks)
    if keywords.FLAGGED in has and marks.escalates and len(kept) < len(marks.keywords):
        return True
    return has >= set(marks.keywords) and (keywords.FLAGGED in has or not marks.flagged)


def kept_and_there(room: Postroom, root: Root, marks: Marks) -> tuple[frozenset[str], frozenset[str]]:
    """Which of the keywords the server says that it keeps, and which of them, and of the flag, are on the mail."""
    with room.mailbox.at(root.place, write=True) as opened:
        kept = frozenset(word for word in marks.keywords if keywords.can_keep(opened, word))
        return kept, keywords.stuck(opened, root.uid, [*marks.keywords, keywords.FLAGGED])


def refuse_unkept(room: Postroom, ticket: str, root: Root, marks: Marks) -> None:
    """Raise RejectedError where the server says from the start that it would not keep the keywords."""
    if marks.escalates:
        return
    with room.mailbox.at(root.place, write=True) as opened:
        unkept = [word for word in marks.keywords if not keywords.can_keep(opened, word)]
    if unkept:
        raise _unkept(room, ticket, unkept)


def mark(room: Postroom, ticket: str, root: Root, marks: Marks) -> set[str]:
    """Set what is missing; returns what stuck. Raises RejectedError where the server keeps none of it."""
    with unchanged(room, ticket, root) as opened:
        stuck = set(keywords.mark(opened, root.uid, marks.keywords))
        missing = sorted(set(marks.keywords) - stuck)
        if marks.flagged or (missing and marks.escalates):
            stuck |= keywords.mark(opened, root.uid, [keywords.FLAGGED])
    folder = marks.folder or (room.escalation_folder if missing and marks.escalates else None)
    if folder and moved(room, ticket, root, folder):
        stuck.add(folder)
    if missing and not (marks.escalates and stuck):
        raise _unkept(room, ticket, missing)
    return stuck


def moved(room: Postroom, ticket: str, root: Root, folder: str) -> bool:
    if root.place.folder == folder:
        return True
    with unchanged(room, ticket, root) as opened:
        way = keywords.way_to_move(opened, folder)
    if way is None:
        return False
    # Where moving is copying, we may have died after the copy the last time.
    copied = way == "copy" and _lies_in(room, root, folder)
    with unchanged(room, ticket, root) as opened:
        keywords.move(opened, root.uid, folder, way, copied=copied)
    return True


def _lies_in(room: Postroom, root: Root, folder: str) -> bool:
    with room.mailbox.at(Place(root.place.inbox, folder)) as opened:
        return root.message_id is not None and bool(find_mail(opened.client, root.message_id))


@contextmanager
def unchanged(room: Postroom, ticket: str, root: Root) -> Iterator[keywords.Opened]:
    """The mail's folder for writing, still numbered as when the mail was found: or the mark would hit another one."""
    with room.mailbox.at(root.place, write=True) as opened:
        if opened.validity != root.validity:
            raise ConflictError("the server has numbered its mail anew.", **_place(room, ticket))
        yield opened


def _unkept(room: Postroom, ticket: str, words: list[str]) -> RejectedError:
    return RejectedError(
        f"the mail server does not keep the keyword {words[0]!r}.",
        remedy="Set mode `tag: shadow` for this source: the tags are in the store all the same.",
        **_place(room, ticket),
    )


def _place(room: Postroom, ticket: str) -> dict[str, Any]:
    return {"source": room.source, "ticket": ticket}
