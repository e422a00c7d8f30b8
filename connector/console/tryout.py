"""The try-out of a policy that is under way: one at a time for everybody, and beside the requests.

Going through all that is stored takes minutes, for which no request can wait. Held by `house`; asked by
`services.policy`. Whoever closes the page finds it again there: how far it is, or what came of it.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

import msgspec
from msgspec.structs import replace

from connector.commands.policy_try import Tried
from connector.errors import AmendsError

log = logging.getLogger("amends.web")

Tell = Callable[[int, int], None]


class Outcome(msgspec.Struct, frozen=True):
    """What a policy would have sent; or what is wrong with the draft of it, or with the walk."""

    problems: tuple[str, ...] = ()
    tried: Tried | None = None
    stopped: bool = False


class Tryout(msgspec.Struct, frozen=True):
    """The draft that `who` tries, and how many complaints of how many are behind. While it goes on, there is no
    `outcome`."""

    who: str
    draft: str
    days: int
    behind: int = 0
    stored: int = 0
    outcome: Outcome | None = None


class _StoppedError(Exception):
    """Somebody does not want to know any more."""


class Bench:
    """Where the one try-out lies."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._now: Tryout | None = None
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def now(self) -> Tryout | None:
        """The one that goes on, else the last one; None where there was none."""
        return self._now

    def begin(self, wish: Tryout, work: Callable[[Tell], Outcome]) -> bool:
        """Start `work`, which calls what it is handed after each batch. One of the same person that goes on gives way;
        False where somebody else's does."""
        with self._lock:
            going = self._now
            if going is not None and going.outcome is None and going.who != wish.who:
                return False
            self._end()
            self._stop = threading.Event()
            self._now = wish
            self._thread = threading.Thread(target=self._run, args=[work, self._stop], name="try-out", daemon=True)
            self._thread.start()
            return True

    def stop(self) -> None:
        """End the one that goes on. It lets go after its batch."""
        with self._lock:
            self._end()

    def wait(self, seconds: float) -> None:
        """Until it has come to its end, but no longer than that."""
        thread = self._thread
        if thread is not None:
            thread.join(seconds)

    def _end(self) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self, work: Callable[[Tell], Outcome], stop: threading.Event) -> None:
        def tell(behind: int, stored: int) -> None:
            if stop.is_set():
                raise _StoppedError
            self._change(behind=behind, stored=stored)

        try:
            outcome = work(tell)
        except _StoppedError:
            outcome = Outcome(stopped=True)
        except AmendsError as error:
            outcome = Outcome((str(error),))
        except Exception:
            log.exception("a policy could not be tried")
            outcome = Outcome(("Something is wrong in Amends itself; its log says more.",))
        self._change(outcome=outcome)

    def _change(self, **news: object) -> None:
        assert self._now is not None, "it was begun"
        self._now = replace(self._now, **news)
