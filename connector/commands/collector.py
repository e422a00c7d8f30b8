"""How a command of ours uses Python's collector of circles and C's memory. Called by those that read or tag many
tickets."""

from __future__ import annotations

import gc

MEGABYTE = 1 << 20
# Of glibc's malloc.h: from what size on a block is the system's own, and how much free memory at the end is given back.
_MMAP_THRESHOLD, _TRIM_THRESHOLD = -3, -1


def spare_the_collector() -> None:
    """Pages are trees without circles and die by themselves: looking through thousands of live ones for circles again
    and again cost a fifth of a first sync (docs/performance.md)."""
    gc.freeze()
    gc.set_threshold(20_000, 10, 50)
    _keep_for_the_next_page()


def _keep_for_the_next_page() -> None:
    """What a page took is freed with its last ticket, and the next page wants as much: to give it back to the system
    and to be given it anew, zeroed, cost a fiftieth of a first sync."""
    try:
        import ctypes  # not in every Python, and not needed

        tune = ctypes.CDLL(None).mallopt
    except (ImportError, OSError, AttributeError):  # another C library than glibc: it keeps to its own ways
        return
    tune(_MMAP_THRESHOLD, 32 * MEGABYTE)
    tune(_TRIM_THRESHOLD, 32 * MEGABYTE)
