"""What `amends init` asks about a mailbox, and what a mailbox that lets us in has to choose from. Used by `Adapter`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from email import message_from_bytes
from typing import Any

import msgspec

from adapters.imap.authentication import signer
from adapters.imap.connection import Connection
from adapters.imap.headers import Headers
from adapters.imap.login import Login
from adapters.imap.settings import NEEDED, ImapSettings
from connector.adapter import Asked, Tools
from connector.model import JSON

LOOKED_AT = 50  # of the newest mails, for the name of the border
_RESULTS = "BODY.PEEK[HEADER.FIELDS (AUTHENTICATION-RESULTS)]"

ASKED = (
    Asked("host", "The IMAP server, such as imap.shop.example", needed=True),
    Asked("user", "The mailbox, such as support@shop.example", needed=True),
    Asked("auth", "How to log in: a password, or the tokens of Microsoft 365 or Google", "password", tuple(NEEDED)),
    Asked("tenant", "The id or domain of your directory at Microsoft", needed=True, only=("auth", "microsoft")),
    Asked("smtp.host", "The SMTP server that takes mail of ours; nothing: none is sent"),
    Asked("smtp.port", "Its port: 587, or 465 where TLS begins at once", "587", only=("smtp.host", None)),
    Asked("smtp.tls", "Its TLS", "starttls", ("starttls", "implicit"), only=("smtp.host", None)),
    Asked("from_name", "The name by which your customers know you"),
    Asked("folders", "Folders in which customers' mail arrives", "INBOX", several=True),
    Asked("done_folders", "Folders to which your people move what is finished", several=True),
    Asked("trusted_hosts", "Whose Authentication-Results you trust; nothing: nobody is verified", several=True),
    Asked("notify_to", "Addresses of your people who are told of escalations", several=True),
)


def offered(source: str, options: Mapping[str, JSON], tools: Tools) -> dict[str, tuple[tuple[str, str], ...]]:
    """(value, title) pairs by option: the folders, and who signed on top of the newest mail.

    Raises ValueError for options that cannot be, AuthError, TemporaryError."""
    known: Any = msgspec.convert({**options}, ImapSettings, strict=False)
    connection = Connection(source, known.boxes[0], known, Login(source, known, tools), tools)
    try:
        with connection.speaking("listing the folders") as client:
            names = sorted(name for flags, _, name in client.list_folders() if b"\\Noselect" not in flags)
        signers = tuple(_signers(connection))
    finally:
        connection.close()
    folders = tuple((name, "") for name in names)
    return {"folders": folders, "done_folders": folders, "trusted_hosts": signers}


def _signers(connection: Connection) -> Iterator[tuple[str, str]]:
    connection.select("INBOX")
    with connection.speaking("looking for the name of the border") as client:
        newest = client.search(["UNDELETED"])[-LOOKED_AT:]
        answers = client.fetch(newest, [_RESULTS]) if newest else {}
    sent = [value for answer in answers.values() for value in answer.values() if isinstance(value, bytes)]
    found = Counter(name for head in sent if (name := signer(Headers(message_from_bytes(head).raw_items()))))
    for name, times in found.most_common():
        yield name, f"signed on top of {times} of the newest {len(sent)} mails"
