"""Marking a mail on its server: a keyword or flag, checked to have stuck, and moving it to a folder. Used by `writing`.

A server may answer OK to a keyword and drop it, or keep it for this session only. So a keyword counts where the server
says that it keeps such (PERMANENTFLAGS) and it is there when the flags are read again. Every step may be repeated.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from imapclient import IMAPClient  # type: ignore[import-untyped]

FLAGGED = "\\Flagged"
LONGEST = 60
_NOT_A_KEYWORD = re.compile(r"[^A-Za-z0-9_$.-]+")


class Opened(NamedTuple):
    """A folder that is selected, and what the server said of it then: its UIDVALIDITY, and the flags that can be set
    for good (None where it did not say)."""

    client: IMAPClient
    validity: int
    permanent: frozenset[str] | None


def keyword(tag: str) -> str:
    """`tag` as a keyword that every server takes: no spaces and none of IMAP's special characters."""
    return _NOT_A_KEYWORD.sub("_", tag).strip("_")[:LONGEST] or "_"


def can_keep(opened: Opened, word: str) -> bool:
    """Whether the server says that it keeps this keyword or flag beyond our session. One that says nothing keeps all
    (RFC 3501, 7.1)."""
    if opened.permanent is None:
        return True
    names = {one.lower() for one in opened.permanent}
    return word.lower() in names or ("\\*" in names and not word.startswith("\\"))


def stuck(opened: Opened, uid: int, words: Iterable[str]) -> frozenset[str]:
    """Those of `words` that the mail has and that will stay."""
    answer = opened.client.fetch([uid], ["FLAGS"]).get(uid, {})
    there = {_lower(one) for one in answer.get(b"FLAGS", ())}
    return frozenset(word for word in words if word.lower() in there and can_keep(opened, word))


def mark(opened: Opened, uid: int, words: Iterable[str]) -> frozenset[str]:
    """Set keywords and flags; returns those that stuck. Those that the server would not keep are not tried."""
    wanted = [word for word in words if can_keep(opened, word)]
    missing = [word for word in wanted if word not in stuck(opened, uid, wanted)] if wanted else []
    if missing:
        opened.client.add_flags([uid], missing)
    return stuck(opened, uid, wanted) if wanted else frozenset()


def unmark(opened: Opened, uid: int, words: Iterable[str]) -> frozenset[str]:
    """Take keywords and flags off; returns those that are there all the same."""
    wanted = [*words]
    opened.client.remove_flags([uid], wanted)
    return stuck(opened, uid, wanted)


def way_to_move(opened: Opened, folder: str) -> str | None:
    """How this server moves one mail to `folder`, which is made if it is not there: "move", "copy", or None where it
    cannot, since a bare EXPUNGE would take away what other people have marked as deleted."""
    way = next(
        (way for way, needs in (("move", "MOVE"), ("copy", "UIDPLUS")) if opened.client.has_capability(needs)), None
    )
    if way is not None and not opened.client.folder_exists(folder):
        opened.client.create_folder(folder)
    return way


def move(opened: Opened, uid: int, folder: str, way: str, *, copied: bool) -> None:
    """Move a mail the way that `way_to_move` found; `copied` says that its copy is there from an earlier try."""
    if way == "move":
        opened.client.move([uid], folder)
        return
    if not copied:
        opened.client.copy([uid], folder)
    opened.client.add_flags([uid], ["\\Deleted"])
    opened.client.uid_expunge([uid])


def _lower(flag: bytes | str) -> str:
    return (flag.decode("utf-8", "replace") if isinstance(flag, bytes) else flag).lower()
