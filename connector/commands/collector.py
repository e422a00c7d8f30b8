"""How a command of ours uses Python's collector of circles. Called by those that read or tag many tickets."""

from __future__ import annotations

import gc


def spare_the_collector() -> None:
    """Pages are trees without circles and die by themselves: looking through thousands of live ones for circles again
    and again cost a fifth of a first sync (docs/performance.md)."""
    gc.freeze()
    gc.set_threshold(20_000, 10, 50)
