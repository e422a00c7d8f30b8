"""Hearing of news sooner than the next poll, from a source that tells: a wake-up, on which nothing rests.

`schedule` runs `listen` in one thread for each such source. Whatever goes wrong here, the poll goes on beneath.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from connector.errors import AmendsError, TemporaryError
from connector.helpdesk import Helpdesk
from connector.retry import delay_seconds

log = logging.getLogger("amends")

LONGEST_SECONDS = 25 * 60.0
BREATH_SECONDS = 1.0  # between two waits, so that a source that talks all the time is not read all the time
ASK_AGAIN_SECONDS = 3600.0  # a server that does not tell may learn it
PARKED_SECONDS = 900.0  # what a person has to mend is told by the read


def listens(desk: Helpdesk) -> bool:
    return hasattr(desk.adapter, "wait")


def listen(
    desk: Helpdesk, *, news: Callable[[], object], over: Callable[[], bool], pause: Callable[[float], object]
) -> None:
    """Call `news` whenever the source says that something happened, until it is `over`. `pause` takes seconds and ends
    early when it is over. Raises nothing."""
    adapter: Any = desk.adapter
    failures = 0
    while not over():
        try:
            heard = adapter.wait(LONGEST_SECONDS, over)
        except AmendsError as error:
            failures += 1
            if failures == 1:  # the read tells of trouble too, and more often
                log.info("%s: news come by the poll until it can be listened to again. %s", desk.name, error)
            pause(_rest_seconds(error, failures))
            continue
        except Exception:  # our bug: it must end neither the listening for ever nor anything else
            log.exception("%s: a fault in Amends itself; news come by the poll", desk.name)
            pause(PARKED_SECONDS)
            continue
        failures = 0
        if heard and not over():
            news()
        pause(ASK_AGAIN_SECONDS if heard is None else BREATH_SECONDS)


def _rest_seconds(error: AmendsError, failures: int) -> float:
    if isinstance(error, TemporaryError):
        return max(BREATH_SECONDS, delay_seconds(failures, error.retry_after_seconds))
    return PARKED_SECONDS
