"""What was done to the mailboxes, and which mails left: the entries of the ledger (see `sandbox.http.ledger`)."""

from __future__ import annotations

import msgspec

from sandbox.http import ledger


class Effect(msgspec.Struct, frozen=True):
    """One change that somebody made who had logged in. Commands that change nothing leave none.

    `kind` is mail (handed in by SMTP), append (put into a folder), keywords (keywords and flags, the missing ones that
    were set), or move. `actor` is the login. `ticket` is the Message-ID, without brackets, of the mail that it was done
    to; a mailbox has no other name for it. `marker` holds that id under "message_id" where the mail is the actor's own
    (mail, append). `folder` is where to.
    """

    number: int
    kind: str
    ticket: str
    actor: str
    applied_at: str
    marker: dict[str, str] = {}
    folder: str = ""
    recipients: list[str] = []
    tags_added: list[str] = []


class Ledger(ledger.Ledger[Effect]):
    effect = Effect
