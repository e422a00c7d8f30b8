"""How long a read waits for one issue that Jira cannot tell, so that it does not hold up all others.

An answer that refuses one issue makes it a record with a problem at once. One that may pass is first raised, so that
the engine comes again; the second time, the issue is told with a problem. Where more than a few fail at once it is
hardly the issues' fault: then it takes many times, so that an outage puts no history aside. Used by `completing` and
`getting`.
"""

from __future__ import annotations

from adapters.jira.answers import ForbiddenError
from adapters.jira.calls import Calls
from connector.errors import AmendsError, SettingsError, TemporaryError

FEW = 3
TRIES = 2
TRIES_OF_MANY = 10
REFUSALS = (ForbiddenError, SettingsError)
PER_ISSUE = (*REFUSALS, TemporaryError)


class Patience:
    """What failed among the issues of one page. `calls.troubles` counts from read to read."""

    def __init__(self, calls: Calls, asked: int) -> None:
        self._calls = calls
        self._asked = asked
        self._refused: list[AmendsError] = []
        self._waiting: list[tuple[int, TemporaryError]] = []

    def well(self, ident: str) -> None:
        """This issue was told."""
        self._calls.troubles.pop(ident, None)

    def trouble(self, ident: str, error: AmendsError) -> str:
        """Why this issue is told with a problem. Raises `error` where it says nothing of this one issue."""
        if isinstance(error, TemporaryError):
            self._wait(ident, error)
        else:
            self._refused.append(error)
        return f"Jira does not tell all of it: {error.message}"

    def _wait(self, ident: str, error: TemporaryError) -> None:
        if error.applied is not None or error.retry_after_seconds is not None:
            raise error  # a limit, or a pause for all
        tries = count(self._calls, ident)
        self._waiting.append((tries, error))
        if len(self._waiting) > FEW and tries < TRIES_OF_MANY:
            raise error

    def settle(self) -> None:
        """All were asked for. Raises what is to be tried again, and what is no single issue's matter."""
        least = TRIES if len(self._waiting) <= FEW else TRIES_OF_MANY
        for tries, error in self._waiting:
            if tries < least:
                raise error
        if len(self._refused) > FEW and len(self._refused) == self._asked:
            raise self._refused[0]


def count(calls: Calls, what: str) -> int:
    """How often in a row `what` has failed by now."""
    calls.troubles[what] = calls.troubles.get(what, 0) + 1
    return calls.troubles[what]
