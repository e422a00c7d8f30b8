"""Pull: read what is new at one helpdesk, page by page, and save each page together with its cursor.

Called by `schedule` and `amends sync`. Nothing is lost because a cursor moves only in the transaction that holds the
rows it covers; nothing is doubled because entries, records and complaints have ids of their source. How a page's
records become rows is in `page`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

import msgspec

from connector.adapter import Cursor, Page
from connector.assessment.rules import Rules
from connector.errors import CursorError
from connector.helpdesk import Helpdesk
from connector.retry import patiently
from connector.store import Store, Transaction, sources
from connector.sync.page import save_page

ATTEMPTS = 6
# After a refused cursor, reading starts this long before the last time we know we had everything. That time is of our
# own clock and the source counts by its, so the overlap has to cover how far two clocks may be apart.
OVERLAP = timedelta(hours=2)


class Pulled(msgspec.Struct, frozen=True):
    """What one pull of one stream did. `more` says that it stopped before the source's end."""

    stream: str
    pages: int = 0
    records: int = 0
    changed: int = 0
    complaints: int = 0
    quarantined: int = 0
    more: bool = False


class End(NamedTuple):
    """The end of a stream that brought nothing: where it stands since `at`, to be saved by whoever asked for it."""

    stream: str
    cursor: Cursor
    at: datetime


Tell = Callable[[Helpdesk, Pulled], None]


def _nobody(_desk: Helpdesk, _so_far: Pulled) -> None:
    """Nobody wants to be told of pages."""


def pull(
    desk: Helpdesk,
    stream: str,
    store: Store,
    rules: Rules,
    *,
    now: Callable[[], datetime],
    wait: Callable[[float], None],
    most_pages: int | None = None,
    stopping: Callable[[], bool] = lambda: False,
    tell: Tell = _nobody,
    begin: Cursor | None = None,
    ends: list[End] | None = None,
) -> Pulled:
    """Read `stream` up to its end (or `most_pages`, so that a long history cannot starve the rest).

    Who reads many streams many times, and mostly for nothing, hands in as `begin` where the store says that this one
    stands, and gets in `ends` what else would be a transaction of its own; `stand` saves all of them in one.

    A temporary failure is tried again from the last saved cursor; each saved page starts the count afresh.
    Raises TemporaryError after several attempts without progress, AuthError, FencedError, StoreError.
    """
    pulling = _Pulling(desk, stream, store, rules, now, tell, begin, ends)
    while not pulling.finished and not stopping() and (most_pages is None or pulling.sum.pages < most_pages):
        patiently(pulling.step, attempts=ATTEMPTS, wait=wait, stopping=stopping)
    pulling.close()
    return msgspec.structs.replace(pulling.sum, more=not pulling.finished)


def stand(connection: Transaction, desk: Helpdesk, ends: Iterable[End]) -> None:
    """Save where streams stand that brought nothing."""
    for end in ends:
        sources.advance(connection, desk.id, end.stream, end.cursor, now=end.at, records=0, complete=True)


class _Pulling:
    """One pull in progress: the open generator of pages and what was done so far."""

    def __init__(
        self,
        desk: Helpdesk,
        stream: str,
        store: Store,
        rules: Rules,
        now: Callable[[], datetime],
        tell: Tell,
        begin: Cursor | None,
        ends: list[End] | None,
    ) -> None:
        self.desk, self.stream, self.store, self.rules, self.now, self.tell = desk, stream, store, rules, now, tell
        self.sum = Pulled(stream)
        self.finished = False
        self._ends = ends
        self._restarted = False
        self._pages = self._open(begin)

    def _open(self, cursor: Cursor | None = None) -> Iterable[Page]:
        return iter(self.desk.adapter.fetch(self.stream, self._cursor() if cursor is None else cursor))

    def _cursor(self) -> Cursor:
        with self.store.read() as connection:
            row = sources.stream_row(connection, self.desk.id, self.stream)
        return row.cursor if row else self.desk.adapter.start(self.stream, self.desk.read_from)

    def close(self) -> None:
        """Let the adapter's generator go."""
        close = getattr(self._pages, "close", None)
        if close is not None:
            close()

    def step(self) -> None:
        """Read and save one page. After any failure the next step starts from the saved cursor."""
        try:
            page = next(iter(self._pages), None)
            if page is not None and page.end and not page.records and self._ends is not None:
                self._ends.append(End(self.stream, page.cursor, self.now()))
            elif page is not None:
                self._save(page)
        except CursorError as error:
            self._start_again(error)
            return
        except BaseException:
            # Also where the page came and was not saved: the generator is past it, the saved cursor is not.
            self.close()
            self._pages = self._open()
            raise
        self.finished = page is None or page.end

    def _save(self, page: Page) -> None:
        self.store.seam("pull: page read")
        saved = save_page(self.desk, self.stream, page, self.store, self.rules, self.now())
        self.sum = msgspec.structs.replace(
            self.sum,
            pages=self.sum.pages + 1,
            records=self.sum.records + len(page.records),
            changed=self.sum.changed + saved.changed,
            complaints=self.sum.complaints + saved.complaints,
            quarantined=self.sum.quarantined + saved.quarantined,
        )
        self.tell(self.desk, self.sum)

    def _start_again(self, error: CursorError) -> None:
        if self._restarted:
            raise error
        self._restarted = True
        with self.store.write("pull: restart") as connection:
            row = sources.stream_row(connection, self.desk.id, self.stream)
            since = row.complete_at - OVERLAP if row and row.complete_at else self.desk.read_from
            cursor = self.desk.adapter.start(self.stream, since)
            sources.advance(connection, self.desk.id, self.stream, cursor, now=self.now(), records=0, complete=False)
            detail = {
                "stream": self.stream,
                "why": str(error),
                "since": since.isoformat() if since else "the beginning",
            }
            sources.log(connection, self.now(), "amends", "cursor: started again", source=self.desk.name, detail=detail)
        self.close()
        self._pages = self._open(cursor)
