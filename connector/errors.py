"""One exception class per remedy; whoever catches one knows what to do next without reading its text.

Raised by every room, caught by `sync` (pull, push) and by the command line, which turns them into exit codes.
The message is written for the person on call: what, where (source, ticket, field, file and line) and what to do.
"""

from __future__ import annotations


class AmendsError(Exception):
    """Something went wrong that Amends understands.

    `source` names the configured source, `ticket` the id at that source, `remedy` what a person can do.
    """

    exit_code = 1

    def __init__(
        self, message: str, *, source: str | None = None, ticket: str | None = None, remedy: str | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.source = source
        self.ticket = ticket
        self.remedy = remedy

    def __str__(self) -> str:
        place = "/".join(part for part in (self.source, self.ticket) if part)
        text = f"{place}: {self.message}" if place else self.message
        return f"{text} {self.remedy}" if self.remedy else text


class SettingsError(AmendsError):
    """A person has to edit something. Nothing is tried again until they have."""

    exit_code = 2


class AuthError(AmendsError):
    """The source refuses our credentials, or they may do too little. The source is parked and the operator told."""

    exit_code = 3


class TemporaryError(AmendsError):
    """The source is slow, down or over its limit. The same step is tried again later, from the same cursor.

    `retry_after_seconds` is the source's own wish, or None where it stated none.
    `applied` is False only where the source documents that a refused call did nothing (a well formed 429). Adapters
    may act on it; the outbox does not take it as proof, since a proxy may have repeated the request: it looks.
    """

    exit_code = 4

    def __init__(
        self,
        message: str,
        *,
        source: str | None = None,
        ticket: str | None = None,
        remedy: str | None = None,
        retry_after_seconds: float | None = None,
        applied: bool | None = None,
    ) -> None:
        super().__init__(message, source=source, ticket=ticket, remedy=remedy)
        self.retry_after_seconds = retry_after_seconds
        self.applied = applied


class CursorError(AmendsError):
    """The source does not accept the cursor any more (or it stands in the future, or runs in a circle).

    The engine starts again from the stream's last safe signpost, minus an overlap.
    """


class RecordError(AmendsError):
    """This one record cannot be understood. It goes to quarantine with its payload; the page goes on."""


class RejectedError(AmendsError):
    """The source has refused this write for good. The action becomes a dead letter; a person decides."""


class DeclinedError(RejectedError):
    """This write is not meant for whom it would reach (a machine, a stranger, somebody who wants no mail). It is
    dropped with its reason; nobody has to decide anything."""


class ExposedError(AmendsError):
    """Something internal of ours can be read by a customer. The write is never repeated, and all writes are paused
    until a person has looked."""


class ConflictError(AmendsError):
    """The ticket changed since it was read, or too short a time ago to pin; it is read again and decided afresh.

    `retry_after_seconds` concerns this one ticket only; None is "at once".
    """

    def __init__(
        self,
        message: str,
        *,
        source: str | None = None,
        ticket: str | None = None,
        remedy: str | None = None,
        retry_after_seconds: float | None = None,
    ) -> None:
        super().__init__(message, source=source, ticket=ticket, remedy=remedy)
        self.retry_after_seconds = retry_after_seconds


class GoneError(AmendsError):
    """The ticket does not exist any more (deleted, merged away, or never visible to us)."""


class FencedError(AmendsError):
    """Another daemon has taken over this store. This process must stop without another write."""


class StoreError(AmendsError):
    """The store cannot be used as it is: held by another daemon, from another version, damaged, or full."""


class InboxError(AmendsError):
    """The inbox of webhooks cannot be used just now. Deliveries are not thanked for, so that they come again, and the
    poll goes on and finds everything: nothing stops."""
