"""What the conformance kit needs from a stand-in of a helpdesk, and the plain tools it hands to an adapter.

An adapter author implements `Backend` once, over a fake server, a fake transport or an object in memory; the kit
(`connector.testing.AdapterTests`) calls it. Nothing here waits: time at a backend moves only when it is told to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Literal, Protocol

from requests import Session

from connector.adapter import Tools
from connector.model import JSON, Visibility

Failure = Literal["auth", "busy", "down", "timeout", "not_json"]


class Backend(Protocol):
    """A helpdesk that the kit can put to work, break and look at from outside. Ticket ids are those of `Record.ticket`.

    No method sleeps, and no clock runs: whatever is done happens at the backend's present instant until `settle`.
    """

    def tools(self) -> Tools:
        """What the adapter reaches this backend with; `now` is the backend's clock. Cheap; called once per adapter.

        The credentials hold at least one secret of eight characters or more, which must then show up nowhere."""

    def now(self) -> datetime:
        """The backend's present instant, aware UTC: the same clock as `tools().now`."""

    def stop(self) -> None:
        """Let go of everything. Called once, at the end of each test."""

    def settle(self) -> None:
        """Move the backend's clock so far that all done before is offered to `fetch`, is old enough to be pinned by
        `prepare`, and no request sent before is still under way. At least one unit of the source's timestamps."""

    def calls(self) -> int:
        """How many requests have reached the backend so far. Failed ones count."""

    # People at work

    def seed(self, count: int) -> Sequence[str]:
        """Open `count` tickets, each at an instant of its own, and return their ids, oldest first."""

    def same_instant(self, count: int) -> Sequence[str]:
        """Open `count` tickets at the present instant, all with one timestamp. Two calls in a row share the instant."""

    def touch(self, ticket: str, text: str) -> None:
        """The customer adds the public message `text`, at the present instant."""

    def agent_edit(self, ticket: str) -> str:
        """An agent changes a field and adds a label, at the present instant. Returns the label."""

    def delete(self, ticket: str) -> None:
        """An agent deletes the ticket. It answers like any deleted ticket of this source from now on."""

    def break_one(self) -> str:
        """Open a ticket of which the source will send something unreadable (a time that is no time, say)."""

    # Faults

    def fail(self, kind: Failure, retry_after_seconds: int | None = None) -> None:
        """The next call, and only that one, fails without having done anything: "auth" (401; where tokens are renewed,
        the renewal fails with it), "busy" (429, with `retry_after_seconds` stated the source's way), "down" (503),
        "timeout" (no answer comes: raise it, do not wait), "not_json" (a 200 whose body is no JSON; a mail server sends
        bytes outside its protocol)."""

    def lose_answer(self) -> None:
        """The next write is carried out, but the answer never comes. Reads are not touched."""

    # What the outside world sees

    def effects(self, ticket: str) -> Sequence[str]:
        """One item for each time that a write of ours changed this ticket, oldest first: its marker where the source
        keeps one, else any word. From the backend's own ledger, never by asking the adapter."""

    def messages(self, ticket: str) -> Sequence[tuple[str, Visibility]]:
        """All messages and notes of the ticket, with who can read them."""

    def labels(self, ticket: str) -> frozenset[str]:
        """The labels (tags, keywords) on the ticket now."""


class LateBackend(Backend, Protocol):
    """A backend of a source with compare-and-set, which can also hold a write back on its way."""

    def delay_write(self) -> None:
        """The next write hangs on its way: the caller gets what a time-out looks like, and nothing is written yet."""

    def land(self, after_calls: int = 0) -> None:
        """The delayed writes arrive and meet the source's own checks: now, or as soon as so many more calls have been
        answered. Their answers reach nobody."""


class FieldBackend(Backend, Protocol):
    """A backend whose tickets have fields that a write can fill."""

    def agent_fills(self, ticket: str, field: str, value: JSON) -> None:
        """An agent sets the field with this id, at the present instant."""

    def field(self, ticket: str, field: str) -> JSON:
        """The value of the field with this id as a snapshot shows it."""


class OpeningBackend(LateBackend, Protocol):
    """A backend at which our writes can open tickets (`ActionKind.CORRECT`)."""

    def opened(self, marker: str) -> Sequence[str]:
        """The tickets that writes of ours with this marker have opened and that stand for themselves, oldest first:
        one that we have declared a duplicate of another does not count."""


class RepairingBackend(LateBackend, Protocol):
    """A backend of a source without compare-and-set, where a write may be several requests. `Bench.one_request` is
    False, and `effects` tells of one effect for each time that the whole of a write, or the part of it that can be
    doubled, is to be seen now."""

    def delay_write(self, after_writes: int = 0) -> None:
        """As in `LateBackend`, for the writing request that comes after so many others."""

    def lose_answer(self, after_writes: int = 0) -> None:
        """As in `Backend`, for the writing request that comes after so many others."""


class NoLimit:
    """A `Budget` that always has room."""

    def take(self, endpoint: str, *, write: bool = False) -> None:
        pass

    def observe(self, endpoint: str, status: int, headers: Mapping[str, str]) -> None:
        pass


class FixedCredentials:
    """`Credentials` in memory, which rotate when told to."""

    def __init__(self, secrets: Mapping[str, str]) -> None:
        self._secrets = dict(secrets)

    def current(self) -> Mapping[str, str]:
        return dict(self._secrets)

    def replace(self, old: Mapping[str, str], new: Mapping[str, str]) -> Mapping[str, str]:
        if dict(old) == self._secrets:
            self._secrets = dict(new)
        return dict(self._secrets)

    @contextmanager
    def renewing(self) -> Iterator[None]:
        yield


def plain_tools(now: Callable[[], datetime], secrets: Mapping[str, str], session: Session | None = None) -> Tools:
    """`Tools` for a test: a session, a budget without limit, and `secrets` as credentials."""
    return Tools(
        session=session if session is not None else Session(),
        budget=NoLimit(),
        credentials=FixedCredentials(secrets),
        now=now,
    )
