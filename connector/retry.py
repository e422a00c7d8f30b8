"""The one place that says how long to wait before trying again, and the one loop that does so.

Waits are full-jitter exponential back-off (Brooker, "Exponential Backoff And Jitter", 2015) unless the source named a
time itself. Called by `sync` and `outbox`; adapters never wait.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import TypeVar

from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt

from connector.errors import TemporaryError

FIRST_SECONDS = 1.0
LONGEST_SECONDS = 60.0
LONGEST_WISH_SECONDS = 900.0
_jitter = random.Random()

T = TypeVar("T")


def delay_seconds(tries: int, wished_seconds: float | None) -> float:
    """How long to wait after `tries` failures: what the source wished, within reason, else back-off with jitter."""
    if wished_seconds is not None and wished_seconds >= 0:
        return min(wished_seconds, LONGEST_WISH_SECONDS)
    ceiling = min(LONGEST_SECONDS, FIRST_SECONDS * 2 ** min(tries, 10))
    return _jitter.uniform(ceiling / 10, ceiling)


def patiently(step: Callable[[], T], *, attempts: int, wait: Callable[[float], None]) -> T:
    """Call `step` until it does not raise TemporaryError, at most `attempts` times, and return what it returns.

    `wait` is called with the seconds between two attempts; a stopping daemon hands in one that ends early.
    """

    def pause(state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        wished = error.retry_after_seconds if isinstance(error, TemporaryError) else None
        return delay_seconds(state.attempt_number, wished)

    retrying = Retrying(
        retry=retry_if_exception_type(TemporaryError),
        stop=stop_after_attempt(attempts),
        wait=pause,
        sleep=wait,
        reraise=True,
    )
    return retrying(step)
