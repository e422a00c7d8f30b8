"""The search index: it learns of changes late, and of some never. Read by `search`; `records` tells it of changes."""

from __future__ import annotations

import heapq
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sandbox.jira.records import Issue, Records


class Index:
    """Pictures of issues as search knows them. `generation` counts what search learnt.

    A change shows up `index_lag_seconds` after it was made. `lose_next(id)` makes it miss that issue's next change
    altogether, until the issue is touched again.
    """

    def __init__(self, records: Records) -> None:
        self._records = records
        self._known: dict[int, Issue] = {}
        self._waiting: list[tuple[datetime, int, int, Issue | None]] = []
        self._lost: set[int] = set()
        self._lose_new = 0
        self.generation = 0
        self._sequence = 0

    def lose_next(self, issue: int) -> None:
        """The next change of this issue is never indexed."""
        self._lost.add(issue)

    def lose_new(self, count: int = 1) -> None:
        """The next `count` changes, of whatever issue, are never indexed."""
        self._lose_new += count

    def forget(self, issue: int) -> None:
        """The index loses what it knows of an issue, until that is touched."""
        self._known.pop(issue, None)
        self.generation += 1

    def drop_field(self, field: str) -> None:
        """A field that is gone is gone from every picture at once."""
        for picture in (*self._known.values(), *(one[3] for one in self._waiting)):
            if picture is not None:
                picture.values.pop(field, None)
        self.generation += 1

    def changed(self, issue: Issue) -> None:
        gone = issue.number not in self._records.issues
        if issue.number in self._lost or self._lose_new:
            self._lose_new -= issue.number not in self._lost
            self._lost.discard(issue.number)
            return
        switches = self._records.switches
        lag = switches.index_lag_of.get(issue.number, switches.index_lag_seconds)
        picture = None if gone else issue.picture()
        if lag <= 0:
            self._learn(issue.number, picture)
            return
        self._sequence += 1
        due = self._records.now() + timedelta(seconds=lag)
        heapq.heappush(self._waiting, (due, self._sequence, issue.number, picture))

    def known(self, now: datetime) -> dict[int, Issue]:
        """What search can find at `now`, by id."""
        while self._waiting and self._waiting[0][0] <= now:
            _, _, number, picture = heapq.heappop(self._waiting)
            self._learn(number, picture)
        return self._known

    def _learn(self, number: int, picture: Issue | None) -> None:
        have = self._known.get(number)
        self.generation += 1
        if picture is None:
            self._known.pop(number, None)
        elif have is None or have.updated <= picture.updated:
            self._known[number] = picture
