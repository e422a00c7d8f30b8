"""One mail, understood: who wrote what to whom, what it answers, who may be believed, and what a machine wrote. Pure.

Called by the adapter for each message it reads, and by `amends mail parse`. Never raises on any bytes: what cannot be
read is left out, and `defects` says so; the raw message is kept by the caller.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime
from email.utils import parsedate_tz

import msgspec

from adapters.imap import quotes
from adapters.imap.addresses import Address, addresses
from adapters.imap.attachments import Attachment, Mark, attachments, marks
from adapters.imap.authentication import Authentication, authentication
from adapters.imap.automatic import Automatic, automatic
from adapters.imap.bodies import body
from adapters.imap.habits import FORWARD_PREFIXES
from adapters.imap.headers import Headers
from adapters.imap.identifiers import canonical_id, fingerprint, ids
from adapters.imap.parts import Limits, parsed
from adapters.imap.quotes import Forwarded, Reason

USUAL = Limits()


class Message(msgspec.Struct, frozen=True):
    """A message as the rest of Amends sees it. Text is safe to store and to show as text, and never to obey.

    `subject` is read as its writer meant it; `subject_as_sent` differs where bytes had to be guessed (U+FFFD there).
    `date` is what the sender claims (aware UTC), None where that is no date. `message_id` is canonical (no brackets),
    `message_id_raw` as it was sent. `fingerprint` (32 hexadecimal digits) stands in for a missing id and tells two
    messages with one id apart. `reply_text` is what the sender wrote, `full_text` all of it, `cut_reason` why the first
    is shorter. `forwarded` is what a forward says about its origin: a hint, never an identity. `return_path` is where
    the last server would return it to, "" the null path, None where it does not say.
    """

    sender: tuple[Address, ...]
    to: tuple[Address, ...]
    cc: tuple[Address, ...]
    reply_to: tuple[Address, ...]
    subject: str
    subject_as_sent: str
    date: datetime | None
    message_id: str | None
    message_id_raw: str
    in_reply_to: tuple[str, ...]
    references: tuple[str, ...]
    fingerprint: str
    reply_text: str
    full_text: str
    cut_reason: Reason | None
    forwarded: Forwarded | None
    return_path: str | None
    automatic: Automatic
    authentication: Authentication
    attachments: tuple[Attachment, ...]
    marks: tuple[Mark, ...]
    defects: tuple[str, ...]

    @property
    def bounce_recipients(self) -> tuple[str, ...]:
        """Whom the mail that this one reports on has not reached."""
        report = self.automatic.report
        return report.recipients if report else ()


def understood(
    raw: bytes,
    *,
    own_addresses: Collection[str] = (),
    trusted_hosts: Collection[str] = (),
    limits: Limits = USUAL,
) -> Message:
    """The message in `raw` (RFC 5322, or near it).

    `own_addresses` are all that we receive at and send from; `trusted_hosts` the ids by which our own border servers
    name themselves in Authentication-Results.
    """
    tree = parsed(raw, limits)
    headers, found = tree.headers, body(tree, limits)
    sender, subject = addresses(headers.every("from")), headers.text("subject")
    reply = quotes.reply(found.text, forward=is_forward(subject))
    full_text = quotes.clean(found.text)
    date = moment(headers.said("date"))
    return Message(
        sender=sender,
        to=addresses(headers.every("to")),
        cc=addresses(headers.every("cc")),
        reply_to=addresses(headers.every("reply-to")),
        subject=subject,
        subject_as_sent=headers.as_sent("subject"),
        date=date,
        message_id=canonical_id(headers.said("message-id")),
        message_id_raw=headers.said("message-id")[:1000],
        in_reply_to=ids(headers.said("in-reply-to")),
        references=ids(headers.said("references")),
        fingerprint=fingerprint(sender[0].address if sender else "", headers.said("date"), subject, full_text),
        reply_text=reply.text,
        full_text=full_text,
        cut_reason=reply.reason,
        forwarded=reply.forwarded,
        return_path=headers.said("return-path").strip("<> \t")[:320] if "return-path" in headers else None,
        automatic=automatic(tree, subject, reply.text, sender, own_addresses),
        authentication=authentication(headers, sender, trusted_hosts),
        attachments=attachments(found.attachments),
        marks=marks(tree, full_text),
        defects=(*tree.defects, *found.defects, *_missing(headers, sender, date)),
    )


def _missing(headers: Headers, sender: tuple[Address, ...], date: datetime | None) -> tuple[str, ...]:
    missing = []
    if not sender:
        missing.append("From names nobody")
    elif len(sender) > 1:
        missing.append("From names several people")
    if date is None:
        missing.append("Date is no date" if "date" in headers else "there is no Date")
    if not headers.said("message-id"):
        missing.append("there is no Message-ID")
    return tuple(missing)


def is_forward(subject: str) -> bool:
    """Whether the outermost prefix of a subject says that the message forwards another."""
    prefix, colon, _ = subject.replace("：", ":").partition(":")
    return bool(colon) and prefix.strip().rstrip("0123456789[]()").strip().lower() in FORWARD_PREFIXES


def moment(value: str) -> datetime | None:
    """A Date header in UTC; one without a zone is taken as UTC. None for what is no date, or none in our calendar."""
    try:
        found = parsedate_tz(value[:200])
        if found is None:
            return None
        local = datetime(*found[:6], tzinfo=UTC)
        return datetime.fromtimestamp(local.timestamp() - (found[9] or 0), UTC)
    except (ValueError, TypeError, IndexError, OverflowError, OSError):
        return None
