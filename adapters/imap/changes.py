"""Which mails that were read before have other flags now. Used by `pages`.

Where the server numbers its changes (CONDSTORE), they are asked for by number. Whether it does is told by its answer to
opening the folder, never by the absence of an error: servers that cannot accept the question and ignore it (RFC 7162 is
asked by SEARCH MODSEQ). Elsewhere every flag that is worth telling is searched for.
"""

from __future__ import annotations

from adapters.imap import folders
from adapters.imap.connection import Connection, Selected
from adapters.imap.cursors import MOST_MARKS, Place
from adapters.imap.records import told

MOST_KEYWORDS = 20
_SYSTEM = {"\\Answered": "ANSWERED", "\\Flagged": "FLAGGED"}


def mark(flags: tuple[str, ...]) -> str:
    """The flags that are worth telling, as a cursor keeps them."""
    return " ".join(told(flags))


def differing(connection: Connection, seen: Selected, place: Place) -> dict[int, str]:
    """The mails up to `place` whose flags differ from its marks, with what they are now."""
    if place.uid == 0:
        return {}
    if seen.modseq is not None and place.modseq is not None and seen.modseq >= place.modseq:
        now = _numbered(connection, seen, place.uid, place.modseq)
    else:
        now = _searched(connection, seen, place)
    return {uid: flags for uid, flags in sorted(now.items()) if flags != place.marks.get(uid, "")}


def _numbered(connection: Connection, seen: Selected, last: int, modseq: int) -> dict[int, str]:
    if seen.modseq == modseq:
        return {}
    changed = folders.searched(connection, seen, ["UID", f"1:{last}", "MODSEQ", str(modseq + 1), "UNDELETED"])
    return {uid: mark(flags) for uid, flags in folders.flags(connection, seen, changed).items()}


def _searched(connection: Connection, seen: Selected, place: Place) -> dict[int, str]:
    found: dict[int, list[str]] = {}
    keywords = sorted(word for word in told(tuple(seen.keywords)) if not word.startswith("\\"))[:MOST_KEYWORDS]
    for flag, criteria in [
        *((flag, [key]) for flag, key in _SYSTEM.items()),
        *((one, ["KEYWORD", one]) for one in keywords),
    ]:
        for uid in folders.searched(connection, seen, ["UID", f"1:{place.uid}", *criteria, "UNDELETED"]):
            found.setdefault(uid, []).append(flag)
    # Of older mail than a cursor remembers the flags of, nobody can say what is new.
    oldest = min(place.marks) if len(place.marks) >= MOST_MARKS else 0
    now = {uid: mark(tuple(flags)) for uid, flags in found.items() if uid >= oldest}
    return {**dict.fromkeys(place.marks, ""), **now}
