"""The one place that says how long to wait before trying again, and the one loop that does so.

Waits are full-jitter exponential back-off (Brooker, "Exponential Backoff And Jitter", 2015) unless the source named a
time itself. Called by `sync` and `outbox`; adapters never wait.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import TypeVar

from tenacity import RetryCallState, Retrying, retry_if_exception_type

from connector.errors import TemporaryError

FIRST_SECONDS = 1.0
LONGEST_SECONDS = 60.0
LONGEST_WISH_SECONDS = 900.0
# A longer wish is not sat out inside a step: nobody would see that the source rests, and a worker would be gone.
PATIENCE_SECONDS = 90.0
_jitter = random.Random()

T = TypeVar("T")


def delay_seconds(tries: int, wished_seconds: float | None) -> float:
    """How long to wait after `tries` failures: what the source wished, within reason, else back-off with jitter."""
    if wished_seconds is not None and wished_seconds >= 0:
        return min(wished_seconds, LONGEST_WISH_SECONDS)
    ceiling = min(LONGEST_SECONDS, FIRST_SECONDS * 2 ** min(tries, 10))
    return _jitter.uniform(ceiling / 10, ceiling)


def patiently(
    step: Callable[[], T],
    *,
    attempts: int,
    wait: Callable[[float], None],
    stopping: Callable[[], bool] = lambda: False,
) -> T:
    """Call `step` until it does not raise TemporaryError, at most `attempts` times, and return what it returns.

    `wait` is called with the seconds between two attempts; a stopping daemon hands in one that ends early. Where the
    source wishes for more than PATIENCE_SECONDS, the error is raised at once: the caller shows it and comes back.
    """

    def pause(state: RetryCallState) -> float:
        return delay_seconds(state.attempt_number, _wished(state))

    def enough(state: RetryCallState) -> bool:
        return stopping() or state.attempt_number >= attempts or (_wished(state) or 0.0) > PATIENCE_SECONDS

    failed: list[TemporaryError] = []

    def again() -> T:
        if failed:
            raise failed.pop()
        return step()

    try:  # first without the loop, whose bookkeeping costs as much as a step that has nothing to do
        return step()
    except TemporaryError as error:
        failed.append(error)
    retrying = Retrying(
        retry=retry_if_exception_type(TemporaryError),
        stop=enough,
        wait=pause,
        sleep=wait,
        reraise=True,
    )
    return retrying(again)


def _wished(state: RetryCallState) -> float | None:
    error = state.outcome.exception() if state.outcome else None
    return error.retry_after_seconds if isinstance(error, TemporaryError) else None
