"""Writing back by mail: marks on the mail that a ticket began with, and one mail of our own. Used by the adapter.

An escalation is a keyword (or the flag and a folder) and a notice to our own people, a tag is a keyword, a survey is
one mail to the complainant, as is an acknowledgement; a link is a notice. Marks come first, for they may be set again;
the mail comes last, so where it is, all is done. It is composed once, in `prepare`, and lies in the stamp: each try
sends the same bytes. Of a survey only what it was composed of lies there, and it is composed again on its way out: its
links are keys (whoever has one can answer, or unsubscribe, in the customer's place), and no key is kept. How often it
is sent is told in `posting`, how the marks are checked in `marking`.
"""

from __future__ import annotations

from datetime import datetime

from adapters.imap import composing, marking, posting, undoing
from adapters.imap.composing import Mail
from adapters.imap.postroom import Postroom, Root
from connector.adapter import Finding, Landed, Never, NotYet, Receipt, Stamp
from connector.errors import AuthError, GoneError, RejectedError
from connector.model import Action, ActionKind


def prepare(room: Postroom, action: Action) -> Stamp:
    """The marks and the mail, composed. Raises GoneError; RejectedError for what cannot be (nobody to tell, an address
    that nobody vouches for, a server without keywords); ConflictError where a cap says "later"."""
    root = _root(room, action)
    if action.kind is ActionKind.UNDO:
        return undoing.prepare(room, action, root)
    marks = marking.wanted(room, action)
    mail = posting.mail_for(room, action, root)
    kept = None if mail is None else posting.kept(mail, action, root)
    stamp: Stamp = {"marks": marks.as_json(), "mail": kept, "at": room.now().isoformat()}
    stamp["undo"] = undoing.known(room, root, marks)
    if mail is not None:
        posting.refuse_full(room, action, mail)
        return stamp
    marking.refuse_unkept(room, action.ticket, root, marks)
    return {**stamp, "already": True} if marking.are_there(room, root, marks) else stamp


def apply(room: Postroom, action: Action, stamp: Stamp) -> Receipt:
    """Do what is not done yet. Raises what `sending.send` and the mailbox raise; ConflictError at a full cap."""
    if "already" in stamp:
        return {"already": True}
    root, mail = _root(room, action), _mail(stamp)
    if action.kind is ActionKind.UNDO:
        return undoing.apply(room, action, root, stamp)
    try:
        marks = sorted(marking.mark(room, action.ticket, root, marking.from_json(stamp["marks"])))
    except (RejectedError, AuthError):
        if mail is None:
            raise
        marks = []  # the mailbox takes none from us; that people are told matters more
    receipt: Receipt = {"marks": list(marks)}
    return (
        receipt
        if mail is None
        else {**receipt, **posting.send(room, action, mail, datetime.fromisoformat(stamp["at"]), stamp["mail"])}
    )


def find(room: Postroom, action: Action, stamp: Stamp, sent_at: datetime) -> Finding:
    """Whether the write landed: by the mail where there is one, else by the marks. Raises TemporaryError while a mail
    that is in doubt may still turn up."""
    if "already" in stamp:
        return Landed({"already": True})
    if action.kind is ActionKind.UNDO:
        return undoing.find(room, room.mailbox.root(action.ticket), stamp)
    mail = _mail(stamp)
    found = None if mail is None else posting.find(room, action, mail, sent_at)
    if found is not None:
        return found
    root = room.mailbox.root(action.ticket)
    if root is None:
        return Never()
    marks = marking.from_json(stamp["marks"])
    if mail is None and marking.are_there(room, root, marks):
        return Landed({"marks": list(marks.keywords)})
    return NotYet()


def _root(room: Postroom, action: Action) -> Root:
    root = room.mailbox.root(action.ticket)
    if root is None:
        raise GoneError("its mail is in no folder that we read.", source=room.source, ticket=action.ticket)
    return root


def _mail(stamp: Stamp) -> Mail | None:
    sent = stamp["mail"]
    return None if sent is None else composing.from_json(sent)
