"""The mail program of the people at the shop, and the hand that delivers: what happens to a mailbox besides Amends.

Speaks IMAP to whichever server there is, straight and not through the `wire`, and SMTP to the shop's relay. Used by
tests and the demo.
"""

from __future__ import annotations

import smtplib
import socket
import ssl
from datetime import datetime
from pathlib import Path
from typing import Any

from imapclient import IMAPClient  # type: ignore[import-untyped]


class MailProgram:
    """A connection of its own to one mailbox, behind TLS where there is an `authority` to trust. Mails are named by
    their Message-ID, without brackets."""

    def __init__(self, host: str, port: int, user: str, password: str, *, authority: Path | None = None) -> None:
        context = None if authority is None else ssl.create_default_context(cafile=authority)
        self._client: Any = IMAPClient(host, port=port, ssl=context is not None, ssl_context=context, timeout=20)
        self._client.socket().setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._client.login(user, password)

    def close(self) -> None:
        self._client.shutdown()

    def deliver(self, raw: bytes, at: datetime, folder: str = "INBOX", flags: tuple[str, ...] = ()) -> None:
        self._client.append(folder, raw, flags, at)

    def create(self, folder: str) -> None:
        if not self._client.folder_exists(folder):
            self._client.create_folder(folder)

    def remove_folder(self, folder: str) -> None:
        self._client.select_folder("INBOX", readonly=True)  # a server hangs up where the open folder goes away
        self._client.delete_folder(folder)

    def flag(self, message_id: str, *flags: str, folder: str = "INBOX") -> None:
        self._client.add_flags(self._find(message_id, folder), flags)

    def unflag(self, message_id: str, *flags: str, folder: str = "INBOX") -> None:
        self._client.remove_flags(self._find(message_id, folder), flags)

    def move(self, message_id: str, to: str, folder: str = "INBOX") -> None:
        self._client.move(self._find(message_id, folder), to)

    def copy(self, message_id: str, to: str, folder: str = "INBOX") -> None:
        self._client.copy(self._find(message_id, folder), to)

    def delete(self, message_id: str, folder: str = "INBOX") -> None:
        """For good."""
        uids = self._find(message_id, folder)
        self._client.add_flags(uids, [b"\\Deleted"])
        self._client.uid_expunge(uids)

    def flags(self, message_id: str, folder: str = "INBOX") -> frozenset[str]:
        uids = self._find(message_id, folder)
        return frozenset(flag.decode() for flags in self._client.get_flags(uids).values() for flag in flags)

    def count(self, folder: str = "INBOX") -> int:
        return int(self._client.select_folder(folder, readonly=True)[b"EXISTS"])

    def has(self, message_id: str, folder: str = "INBOX") -> bool:
        return bool(self._find(message_id, folder))

    def _find(self, message_id: str, folder: str) -> list[int]:
        self._client.select_folder(folder)
        return list(self._client.search(["HEADER", "Message-ID", f"<{message_id}>"]))


def hand_in(raw: bytes, sender: str, to: str, host: str, port: int, login: tuple[str, str], authority: Path) -> None:
    """Send a mail by SMTP, behind STARTTLS, as the user and password in `login`. Raises what smtplib raises."""
    with smtplib.SMTP(host, port, timeout=20) as client:
        client.starttls(context=ssl.create_default_context(cafile=authority))
        client.login(*login)
        client.sendmail(sender, [to], raw)
