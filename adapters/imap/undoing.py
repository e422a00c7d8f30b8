"""Taking back the marks of an earlier write, where they are still as it left them. Used by `writing`.

A mailbox does not tell who set a keyword. What stood on the mail before our write is in that write's stamp, so only
what it added is taken off; what somebody has taken off or moved since stays so. A mail that was sent stays sent.
"""

from __future__ import annotations

from adapters.imap import keywords, marking
from adapters.imap.marking import FLAGGED, FOLDER, Marks
from adapters.imap.postroom import Postroom, Root
from connector.adapter import Finding, Landed, Never, NotYet, Receipt, Stamp
from connector.errors import RejectedError
from connector.model import JSON, Action


def known(room: Postroom, root: Root, marks: Marks) -> dict[str, JSON]:
    """What an undo has to know of a write that is about to set these marks: those that are not there yet. They are set
    one after the other and before any mail leaves, so a write that was refused may have left some ("steps")."""
    if not (marks.keywords or marks.flagged or marks.folder):
        return {"tags": [], "fields": {}}
    kept, there = marking.kept_and_there(room, root, marks)
    falls_back = marks.escalates and len(kept) < len(marks.keywords)
    folder = marks.folder or (room.escalation_folder if falls_back else None)
    fields: dict[str, JSON] = {}
    if (marks.flagged or falls_back) and keywords.FLAGGED not in there:
        fields[FLAGGED] = [True, False]
    if folder and folder != root.place.folder:
        fields[FOLDER] = [folder, root.place.folder]
    new = [word for word in marks.keywords if word in kept and word not in there]
    return {"tags": new, "fields": fields, "steps": True}


def prepare(room: Postroom, action: Action, root: Root) -> Stamp:
    """What of the earlier write is still there, and is to be taken off; "left" is the rest, and why."""
    restore, place = action.effect.restore, root.place.folder
    marks = Marks(action.effect.untag, flagged=FLAGGED in restore)
    _, there = marking.kept_and_there(room, root, marks)
    off = tuple(word for word in marks.keywords if word in there)
    left = {f"label {word}": "somebody has taken it off already" for word in marks.keywords if word not in there}
    unflag = marks.flagged and keywords.FLAGGED in there
    if marks.flagged and not unflag:
        left[FLAGGED] = "somebody has taken it off already"
    ours, before = restore.get(FOLDER, (None, None))
    back = None
    if ours is not None and ours != place:
        left[FOLDER] = "somebody has moved the mail since"
    elif ours is not None and not _can_move(room, root):
        left[FOLDER] = "this server can only copy a mail, and a crash half way would leave two"
    elif ours is not None:
        back = str(before)
    taken = Marks(off, unflag, back)
    stamp: Stamp = {"marks": taken.as_json(), "mail": None, "at": room.now().isoformat(), "left": left}
    return stamp if taken != Marks() else {**stamp, "already": True}


def apply(room: Postroom, action: Action, root: Root, stamp: Stamp) -> Receipt:
    """Take the marks off, and move the mail back. Raises RejectedError where the server keeps what it was told to
    drop, or cannot move."""
    marks = marking.from_json(stamp["marks"])
    words = _words(marks)
    if words:
        with marking.unchanged(room, action.ticket, root) as opened:
            still = keywords.unmark(opened, root.uid, words)
        if still:
            raise _refused(room, action, f"the mail server does not take off {sorted(still)[0]!r}.")
    if marks.folder and not marking.moved(room, action.ticket, root, marks.folder):
        raise _refused(room, action, "the mail server cannot move a mail.")
    return {"taken_off": [*words], **({FOLDER: marks.folder} if marks.folder else {})}


def find(room: Postroom, root: Root | None, stamp: Stamp) -> Finding:
    """Whether all that was to be taken off is off."""
    if root is None:
        return Never()
    marks = marking.from_json(stamp["marks"])
    _, there = marking.kept_and_there(room, root, marks)
    if there.intersection(_words(marks)) or (marks.folder and root.place.folder != marks.folder):
        return NotYet()
    return Landed({"taken_off": [*_words(marks)]})


def _can_move(room: Postroom, root: Root) -> bool:
    with room.mailbox.at(root.place) as opened:
        return bool(opened.client.has_capability("MOVE"))


def _words(marks: Marks) -> tuple[str, ...]:
    return (*marks.keywords, *((keywords.FLAGGED,) if marks.flagged else ()))


def _refused(room: Postroom, action: Action, what: str) -> RejectedError:
    return RejectedError(
        what, remedy="Take it off in the mail program, by hand.", source=room.source, ticket=action.ticket
    )
