"""How many promises were kept, as a share and in one line. Called by `status` and `amends clock promises`."""

from __future__ import annotations

from connector.clocks.promises.standing import BROKEN, KEPT, OPEN, RENEGOTIATED, UNSURE
from connector.display import count


def kept_share(counts: dict[str, int]) -> float | None:
    """How many of the promises whose day has come were kept; one that was renegotiated in time is neither."""
    kept, broken = counts.get(KEPT, 0), counts.get(BROKEN, 0)
    return kept / (kept + broken) if kept + broken else None


def summary(counts: dict[str, int]) -> str:
    """All promises in one line: "12 kept, 1 broken (92% kept), 3 to confirm"."""
    share = kept_share(counts)
    parts = [f"{counts[word]:,} {word}" for word in (KEPT, BROKEN) if counts.get(word)]
    kept = ", ".join(parts) + (f" ({share:.0%} kept)" if share is not None else "")
    rest = [f"{counts[word]:,} {word}" for word in (RENEGOTIATED, OPEN) if counts.get(word)]
    asked = [f"{count(counts[UNSURE], 'date')} to confirm"] if counts.get(UNSURE) else []
    return ", ".join(part for part in (kept, *rest, *asked) if part) or "none"
