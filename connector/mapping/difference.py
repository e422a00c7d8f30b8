"""Which tickets a changed mapping can read otherwise, where only its words for statuses and priorities changed: the
others need not be understood again from their raw records.

Called by `sync.replay`, which keeps what the stored complaints were understood by (`packed`) and compares it with what
is in force. The answer errs on the side of reading again: a timeline none of whose words changed its meaning folds to
the same, and the same fold with the same fields is the same complaint.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from connector.mapping.rules import Mapping
from connector.model import Entry, EntryKind, Priority, Status
from connector.timeline import Words


class _Kept(msgspec.Struct, frozen=True):
    """What has to be known of a mapping that is not in force any more."""

    version: str
    besides: str
    status: dict[str, Status]
    priority: dict[str, Priority]


def packed(mapping: Mapping, version: str) -> bytes:
    """A mapping as it is kept, by the release `version`."""
    return msgspec.json.encode(_Kept(version, mapping.besides, mapping.status, mapping.priority))


def difference(before: bytes, now: Mapping, version: str) -> Reworded | None:
    """How the words of `now` differ from those that `packed` kept; None where more than words differs, or another
    release may have read them otherwise, so that everything has to be read again."""
    try:
        kept = msgspec.json.decode(before, type=_Kept)
    except msgspec.MsgspecError:
        return None
    if not now.besides or (kept.version, kept.besides) != (version, now.besides):
        return None
    return Reworded(Words(kept.status, kept.priority), Words(now.status, now.priority))


class Reworded:
    """The words of a source before and after a change of nothing else."""

    def __init__(self, before: Words, now: Words) -> None:
        self._before, self._now = before, now
        self._status: dict[str | None, bool] = {}
        words = before.priority.keys() | now.priority.keys()
        self._priority = frozenset(word for word in words if before.priority.get(word) != now.priority.get(word))

    def touches(self, entries: Iterable[Entry]) -> bool:
        """Whether a timeline holds a word that means something else now."""
        for entry in entries:
            kind = entry.kind
            if kind is EntryKind.STATUS:
                if self._restated(entry.value):
                    return True
            elif kind is EntryKind.PRIORITY and entry.value in self._priority:
                return True
        return False

    def _restated(self, word: str | None) -> bool:
        known = self._status.get(word)
        if known is None:
            known = self._before.status_of(word or "") is not self._now.status_of(word or "")
            self._status[word] = known
        return known
