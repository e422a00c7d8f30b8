"""Which of the rules changed since a source's complaints were last understood. Called by `page`, `sweep`, `replay` and
`amends explain`.

The rules in force are named by a digest of three parts; the store knows the one by which a source's complaints stand.
"""

from __future__ import annotations

from collections.abc import Sequence

from connector.store import Transaction, sources
from connector.store.sources import SourceRow

PARTS = ("mapping", "tagging", "clocks")


def part_of(digest: str | None, part: str) -> str | None:
    """One part of a digest; None where it has none."""
    parts = (digest or "").split(":")
    return parts[PARTS.index(part)] if len(parts) == len(PARTS) else None


def changed_parts(before: str | None, now: str) -> frozenset[str]:
    """Which of PARTS differ between two digests of rules; all, where that cannot be told."""
    pairs = ((part, part_of(before, part), part_of(now, part)) for part in PARTS)
    return frozenset(part for part, one, other in pairs if one is None or one != other)


def clocks_changed(row: SourceRow | None, digest: str) -> bool:
    """Whether some complaints of a source may still stand as other settings of clocks said than those of `digest`."""
    if row is None or row.rules_digest is None:
        return False
    known = [row.rules_digest, *([row.replayed_by] if row.replayed_by is not None else [])]
    return any(one != digest and "clocks" in changed_parts(one, digest) for one in known)


def with_changed_clocks(connection: Transaction, digests: Sequence[tuple[int, str]]) -> frozenset[int]:
    """Of sources with the rules now in force, those of which `clocks_changed` is true, by their row ids."""
    wanted = dict(digests)
    return frozenset(
        row.id for row in sources.everyone(connection) if row.id in wanted and clocks_changed(row, wanted[row.id])
    )
