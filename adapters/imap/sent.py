"""The folder of what was sent: did our mail leave, and our own copy where the provider keeps none. Used by `writing`.

A copy is only ever added after the SMTP server has taken the mail, so that what lies there has left the house.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from imapclient import IMAPClient  # type: ignore[import-untyped]


def find_mail(client: IMAPClient, message_id: str) -> list[int]:
    """The UIDs of the mails in the selected folder that have this Message-ID (without brackets), lowest first.

    Servers search by parts of a header, and some by less; so what they find is looked at."""
    uids = client.search(["HEADER", "Message-ID", f"<{message_id}>"])
    if not uids:
        return []
    name = f"<{message_id}>".encode()
    answers = client.fetch(uids, ["BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)]"])
    return sorted(
        uid
        for uid, answer in answers.items()
        if any(isinstance(value, bytes) and name in value for value in answer.values())
    )


def has_left(client: IMAPClient, message_ids: Iterable[str]) -> bool:
    """Whether the selected folder of sent mail has one of these."""
    return any(find_mail(client, one) for one in message_ids)


def keep_copy(client: IMAPClient, folder: str, message_ids: Iterable[str], text: str, at: datetime) -> bool:
    """Add our copy to `folder` (selected), unless it is there already. False where it was."""
    if has_left(client, message_ids):
        return False
    client.append(folder, text.encode("ascii"), flags=["\\Seen"], msg_time=at)
    return True
