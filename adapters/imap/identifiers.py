"""What tells one message from another and ties it to its thread: Message-ID, In-Reply-To, References, a fingerprint.

Called by `message`. Pure. Ids are evidence, not proof: they are missing, repeated and forged. The fingerprint stands in
for a missing id, and tells two messages of one id apart.
"""

from __future__ import annotations

import re
from hashlib import sha256

MOST_REFERENCES = 100
LONGEST_ID = 512
_BRACKETED = re.compile(r"<\s*([^<>\s]+(?:\s+[^<>\s]+)*)\s*>")
# An id without brackets: it has an @ and nothing that only prose has.
_BARE = re.compile(r"(?<![^\s,;\"'])[^\s<>@,;\"'()]+@[^\s<>@,;\"'()]+")


def canonical_id(raw: str) -> str | None:
    """The id inside `raw` without brackets and inner white space; None where there is none.

    Case is kept: the left half of an id is case-sensitive, and some senders rely on that.
    """
    found = _BRACKETED.search(raw)
    inner = found[1] if found else raw.strip().strip("<>").strip()
    if not inner or (not found and not _BARE.fullmatch(inner) and (" " in inner or not inner.isprintable())):
        return None
    return re.sub(r"\s+", "", inner)[:LONGEST_ID]


def ids(raw: str) -> tuple[str, ...]:
    """All ids in an In-Reply-To or References value, in order, each once; prose between them is passed over."""
    found = [re.sub(r"\s+", "", one) for one in _BRACKETED.findall(raw)]
    if not found:
        found = _BARE.findall(raw)
    unique = list(dict.fromkeys(one[:LONGEST_ID] for one in found if "@" in one or one.isprintable()))
    if len(unique) > MOST_REFERENCES:  # the first is the thread's, the last are the nearest
        unique = [unique[0], *unique[1 - MOST_REFERENCES :]]
    return tuple(unique)


def fingerprint(sender: str, date: str, subject: str, body: str) -> str:
    """32 hexadecimal digits of what the copies of one message share, however they came and whatever was stamped on."""
    whole = "\0".join((sender.lower(), date, " ".join(subject.split()), " ".join(body.split())))
    return sha256(whole.encode("utf-8", "replace")).hexdigest()[:32]
