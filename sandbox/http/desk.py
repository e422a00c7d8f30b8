"""The front desk of a stand-in: what its server asks of it, and people who get in between a read and a write."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

from sandbox.http.answers import Answer, Request


class FrontDesk(ABC):
    """The API of one account. `before_write` holds what people do between a client's read and its write: each entry
    (ticket or None for any, what to do) is used once, just before the next write to that ticket is judged."""

    def __init__(self) -> None:
        self.before_write: list[tuple[int | None, Callable[[], object]]] = []

    @abstractmethod
    def answer(self, request: Request) -> Answer:
        """The answer to a request, applied in full. Never raises for anything a client can send."""

    @abstractmethod
    def too_many(self, wait_seconds: int) -> Answer:
        """The vendor's 429."""

    @abstractmethod
    def is_bulk(self, request: Request) -> bool:
        """Whether this is a read that `bomb_bytes` blows up."""

    def edit_before_next_write(self, ticket: int | None, act: Callable[[], object]) -> None:
        """Let somebody change `ticket` (or whichever is written next) between a client's read and its write."""
        self.before_write.append((ticket, act))

    def people_first(self, number: int) -> None:
        """Called by the vendor's routes just before a write to ticket `number` is judged."""
        for entry in [one for one in self.before_write if one[0] in (None, number)][:1]:
            self.before_write.remove(entry)
            entry[1]()
