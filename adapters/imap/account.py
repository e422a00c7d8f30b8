"""Getting to know a mail account: whether we may come in, what its server can do, and what there is to map. Used by the
adapter's `check` and `discover`."""

from __future__ import annotations

from adapters.imap.addresses import same_person_as
from adapters.imap.connection import Connection
from adapters.imap.desk import Desk
from adapters.imap.records import DONE, OPEN
from adapters.imap.sending import knock
from connector.adapter import Discovery, Field, Identity
from connector.errors import AmendsError

_STATUSES = ((OPEN, "Open"), (DONE, "Done"))
FIELDS = (
    Field("subject", "Subject", "text"),
    Field("text", "What the sender wrote", "long_text"),
    Field("requester.id", "Sender, as far as known", "text"),
    Field("requester.name", "Sender's name", "text"),
    Field("requester.address", "Sender's address", "text"),
    Field("requester.verified", "Sender's address is verified", "yes_no"),
    Field("requester.trust", "How far the sender may be believed", "choice",
          tuple((word, word.capitalize()) for word in ("verified", "plausible", "unverified", "failed"))),
    Field("to", "To", "people", many=True),
    Field("cc", "Cc", "people", many=True),
    Field("channel", "Channel", "text"),
    Field("folder", "Folder", "text"),
    Field("labels", "Keywords and flags", "labels", writable=True, many=True),
    Field("flagged", "Flagged", "yes_no", writable=True),
    Field("status", "Status, by folder and keyword", "choice", _STATUSES),
    Field("received_at", "Received", "time"),
    Field("sent_at", "Sent, as the sender says", "time"),
    Field("message_id", "Message-ID", "text"),
    Field("follows", "Ticket that it follows", "text"),
    Field("evidence", "Why it belongs to its ticket", "text"),
    Field("size", "Size in bytes", "number"),
)  # fmt: skip


def check(desk: Desk) -> Identity:
    """Every inbox is entered, every folder opened, the SMTP server logged in to. Raises AuthError, SettingsError,
    TemporaryError."""
    missing: list[str] = []
    warnings: list[str] = []
    for folder in desk.folders(again=True):
        seen = desk.connection(folder).select(folder.name)
        keeps = seen.permanent is None or "\\*" in seen.permanent
        if not keeps and folder.name in desk.connection(folder).box.folders:
            warnings.append(
                f"{folder.key} keeps no keywords: escalations are shown by flag and folder, tags not at all."
            )
    warnings += [
        f"{address} under `notify_to` is an inbox that is read here; it is never told anything internal."
        for address in desk.settings.notify_to
        if same_person_as(address, desk.settings.own)
    ]
    for connection in desk.connections:
        warnings += _warnings(connection)
        if connection.sent_folder() is None:
            missing.append(
                f"a folder of sent mail for {connection.box.user}: name it as `sent_folder`, to see answers."
            )
    missing += _unsent(desk)
    if not desk.settings.trusted_hosts:
        missing.append("`trusted_hosts`: without the name of your border server no sender's address is ever verified.")
    name = desk.settings.from_address or next(iter(desk.settings.own), desk.settings.boxes[0].user)
    users = ", ".join(box.name for box in desk.settings.boxes)
    return Identity(
        account=users, actor=None, name=desk.settings.from_name or name, may=("read", "write"),
        missing=tuple(missing), warnings=tuple(warnings),
    )  # fmt: skip


def _unsent(desk: Desk) -> list[str]:
    """Why no mail could leave now. That is no reason not to read, so it is told and not raised."""
    smtp = desk.settings.smtp
    if smtp is None:
        return []
    try:
        knock(smtp, desk.domain, desk.connections[0].proof() if smtp.login else None, source=desk.source)
    except AmendsError as error:
        return [f"a way to send mail: {error.message} {error.remedy or ''}".strip()]
    return []


def _warnings(connection: Connection) -> list[str]:
    found = []
    if not connection.can("IDLE"):
        found.append(f"{connection.box.host} does not tell of new mail by itself (IDLE): it is seen at the next poll.")
    if not (connection.can("MOVE") or connection.can("UIDPLUS")):
        found.append(f"{connection.box.host} can neither MOVE nor UIDPLUS: no mail is moved.")
    return found


def discover(desk: Desk) -> Discovery:
    """What a snapshot holds, and the folders of each inbox as groups."""
    groups = []
    for connection in desk.connections:
        with connection.speaking("listing the folders") as client:
            names = sorted(name for _, _, name in client.list_folders())
        groups += [(f"{connection.box.name}/{name}", name) for name in names]
    return Discovery(fields=FIELDS, statuses=_STATUSES, groups=tuple(groups), people=())
