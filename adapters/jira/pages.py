"""Reading what changed, page by page, so that nothing is missed or doubled. Used by the adapter.

Jira searches by position: when an issue changes between two pages it leaves its place, all behind it move up, and one
slips past. So a *run* of pages under one bound is short. Mostly a run is a single page: the next begins at the minute
of the newest change seen, and what is known of that minute is skipped. Where one minute is too crowded for that, the
run goes on by page token (by offset on a Data Center), and when it ends the same question is asked once more for ids
alone: one that stands before the place reached and did not come has slipped past, and is read by its id.

Order and words may be of two ages: the index still has an issue at its old place and shows it as it is now. So how far
a page got is told by what it holds that is too old to have moved, and not by the newest time in it.

A cursor is {"from": minute of the newest change seen, "known": {id: version} of what may be met again} and, inside a
read, "run" (see `_Run`). Bounds come of Jira's own times, never of ours. Each read begins `overlap_minutes` before
"from", because the search index is behind; so does one that goes on after a long pause.

A project that we may not browse (any more) spoils every question that names it. The others are read on without it, and
the cursor keeps "hidden": {key: the "from" at which it was last read, null for never}. Each read asks for those again;
one that finds some back begins at the earliest of theirs.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

import msgspec

from adapters.jira import completing
from adapters.jira.calls import Calls
from adapters.jira.getting import shown
from adapters.jira.search import (
    Asked,
    Found,
    HiddenError,
    account_zone,
    bound_text,
    changed_since,
    decoded,
    earliest_reading,
    fields_to_ask,
    id_and_version,
    ids,
    properties_to_ask,
    search,
    standing,
    still_visible,
    visible,
)
from adapters.jira.values import milliseconds
from connector.adapter import Cursor, Page, Record
from connector.errors import CursorError, TemporaryError
from connector.model import EPOCH

log = logging.getLogger("amends.jira")
LOST = "%s: we may not browse %s: grant Browse Projects or take it out of `projects`. The others are read on."

MOST_KNOWN = 2000
MOST_MET = 2000
MARGIN = 1000  # so many issues in front may leave their places, while a crowd is read, before one slips past unseen
RUN_PAGES = 10  # a longer run would have much to ask again
FARTHEST_FUTURE = timedelta(minutes=2)  # a later time is a slip of an import, and must not hide what is to come
SETTLING = timedelta(minutes=10)  # at least so long may an issue stand at its old place in the index
RECENT = timedelta(hours=3)  # by two clocks, so generously
WASTE = 4  # a new run may meet this part of a page again


class _Run(msgspec.Struct, omit_defaults=True):
    """Pages under one bound: its text in the account's zone, the instant it stands for, and where the next page begins.

    `met` are the ids that came in it, from row `sure` on; of those before, it was asked already whether one slipped
    past. `reached` is the minute up to which it surely has all; while the overlap is read it is older than the cursor's
    "from". `read_at` is when we last read, by our clock, which only tells how long we paused."""

    bound: str | None
    floor: datetime | None
    after: str | int | None = None
    pages: int = 0
    rows: int = 0
    met: list[str] = []
    sure: int = 0
    reached: datetime | None = None
    read_at: datetime | None = None


class _Cursor(msgspec.Struct, omit_defaults=True, rename={"since": "from"}):
    """The cursor as it is kept."""

    since: datetime | None = None
    known: dict[str, int] = {}
    run: _Run | None = None
    hidden: dict[str, datetime | None] = {}


def start(since: datetime | None) -> Cursor:
    """The cursor from which all that changed at or after `since` is read."""
    return {} if since is None else {"from": _floored(since).isoformat(), "known": {}}


def pages(calls: Calls, cursor: Cursor) -> Iterator[Page]:
    """Pages after `cursor`, oldest change first. Raises CursorError for what is no cursor of ours, AuthError where we
    may browse none of the projects."""
    walk = _Walk(calls, cursor)
    while True:
        page = walk.step()
        yield page
        if page.end:
            return
        del page


class _Walk:
    """One read in progress."""

    def __init__(self, calls: Calls, cursor: Cursor) -> None:
        self._calls = calls
        self._at = _read(calls, cursor)
        self._zone = account_zone(calls)
        self._service = completing.service_fields(calls)
        self._tokens_refused = 0
        self._overlap = timedelta(minutes=calls.settings.overlap_minutes)
        if self._at.run is None:
            self._at.run = self._new_run(self._before(self._at.since))
        if self._at.hidden:
            self._look_for_the_hidden()

    def step(self) -> Page:
        """The next page, and the cursor after it."""
        self._go_back_after_a_pause()
        found, records = self._found_and_completed()
        end = found.after is None
        run = self._run
        run.pages, run.rows, run.after = run.pages + 1, run.rows + len(found.issues), found.after
        try:
            records = [*records, *self._go_on(end)]
        except HiddenError as error:
            self._hide(error)
            end = False
        if self._at.run is not None:
            self._at.run.read_at = self._calls.tools.now()
        return Page(records, msgspec.to_builtins(self._at), end)

    def _go_on(self, end: bool) -> list[Record]:
        """Leave the cursor where the next page begins. Gives what slipped past in a run of several pages."""
        run = self._run
        anew = end or self._may_begin_anew()
        missed = self._missed() if (run.pages > 1 if anew else len(run.met) > MOST_MET) else []
        if anew or len(self._at.known) > MOST_KNOWN:
            self._trim()
        if anew:
            self._at.run = None if end else self._new_run(run.reached)
        return missed

    @property
    def _projects(self) -> list[str]:
        """Those that we may browse, as far as we know. All, where that is none: Jira then says what is wrong."""
        every = self._calls.settings.projects
        return [key for key in every if key not in self._at.hidden] or [*every]

    def _look_for_the_hidden(self) -> None:
        """Begin where the first of those that are back was left."""
        hidden = {key: at for key, at in self._at.hidden.items() if key in self._calls.settings.projects}
        back = visible(self._calls, list(hidden))
        if back:
            log.info("%s: we may browse %s again: what changed is read.", self._calls.source, ", ".join(back))
            floors = [self._run.floor, *(self._before(hidden.pop(key)) for key in back)]
            self._at.run = self._new_run(_earliest(floors))
        self._at.hidden = hidden

    def _hide(self, error: HiddenError) -> None:
        """Go on without the projects that we may not browse (any more). Raises what `still_visible` raises."""
        asked, run = self._projects, self._run
        left = still_visible(self._calls, asked, error)
        gone = [key for key in asked if key not in left]
        log.warning(LOST, self._calls.source, ", ".join(gone))
        read_up_to = _earliest([self._at.since, None if run.floor is None else run.floor + self._overlap])
        self._at.hidden |= dict.fromkeys(gone, read_up_to)
        self._at.run = self._new_run(run.floor)

    def _before(self, at: datetime | None) -> datetime | None:
        return None if at is None else at - self._overlap

    @property
    def _run(self) -> _Run:
        assert self._at.run is not None
        return self._at.run

    def _new_run(self, floor: datetime | None) -> _Run:
        return _Run(None if floor is None else bound_text(floor, self._zone), floor)

    def _go_back_after_a_pause(self) -> None:
        """What the index learnt meanwhile may stand before the place where the run stopped. Not in old history, which
        the index has long learnt, nor in a crowd, which pauses would keep us from ever getting through."""
        run = self._run
        if run.read_at is None or run.floor is None or run.pages >= RUN_PAGES:
            return
        paused = self._calls.tools.now() - run.read_at
        if paused > self._overlap / 2 and run.read_at - run.floor < RECENT:
            self._at.run = self._new_run(run.floor - self._overlap)

    def _found(self) -> Found:
        run = self._run
        try:
            return self._page(run)
        except HiddenError as error:
            self._hide(error)
            return self._found()
        except CursorError:
            # The token is too old, or is not of this question any more. What was read of this run is known by now.
            self._tokens_refused += 1
            if run.after is None or self._tokens_refused > 1:
                raise
        self._at.run = self._new_run(run.floor)
        return self._found()

    def _page(self, run: _Run) -> Found:
        calls = self._calls
        asked = Asked(
            changed_since(calls, run.bound, self._projects),
            fields_to_ask(calls, *self._service.values()),
            properties_to_ask(calls),
            () if calls.bulk_changelog else ("changelog",),
        )
        try:
            found = search(calls, asked, run.after, calls.page_size)
        except TemporaryError as error:
            # The page may be too large or take too long; a refusal by a limit, which did nothing, says no such thing.
            if error.applied is None:
                calls.page_size = max(1, calls.page_size // 2)
            raise
        calls.page_size = min(calls.settings.page_size, calls.page_size * 2)
        return found

    def _found_and_completed(self) -> tuple[Found, Sequence[Record]]:
        found = self._found()
        try:
            return found, self._records(found)
        except completing.NoBulkError:
            found = self._found()
            return found, self._records(found)

    def _records(self, found: Found) -> Sequence[Record]:
        """The records of the issues that are news, and what is known from now on."""
        fresh, known = [], self._at.known
        versions: dict[str, int] = {}
        for raw, issue in decoded(found.issues):
            this = id_and_version(issue)
            if this is None or known.get(this[0], -1) < this[1]:
                fresh.append((raw, issue))  # without an id or a time it will be a record with a problem
            if this is not None:
                versions[this[0]] = this[1]
        records = completing.records(self._calls, fresh, self._service) if fresh else []
        self._note(versions, found)
        return records

    def _note(self, versions: dict[str, int], found: Found) -> None:
        """These were met, in this order; from now on they are known."""
        run, known = self._run, self._at.known
        run.met += versions
        for ident, version in versions.items():
            if known.get(ident, -1) < version and ident not in self._calls.troubles:
                known[ident] = version
        now = found.at or self._calls.tools.now()
        times = [version for version in versions.values() if version <= milliseconds(now + FARTHEST_FUTURE)]
        settled = settled_at(times, milliseconds(now - max(self._overlap, SETTLING)))
        if settled is not None:
            run.reached = max(filter(None, (run.reached, _minute(settled))))
        last = max(times, default=None) if found.after is None else None
        passed = run.reached if last is None else _minute(last)
        self._at.since = max(filter(None, (self._at.since, passed)), default=None)

    def _may_begin_anew(self) -> bool:
        """Whether the next run should begin at the newest change seen: it has to get further than this one did, and
        should not meet too much again."""
        run = self._run
        if run.reached is None or (run.floor is not None and run.reached <= run.floor):
            return False
        if run.pages >= RUN_PAGES:
            return True
        again = milliseconds(earliest_reading(run.reached, self._zone))
        met_again = sum(version >= again for version in self._at.known.values())
        return met_again * WASTE <= self._calls.page_size

    def _missed(self) -> list[Record]:
        """What slipped past in this run, because issues before it left their places between two pages."""
        run = self._run
        there = ids(self._calls, changed_since(self._calls, run.bound, self._projects), run.rows)
        # An id that is known may be so by an older change, before this run.
        missed = sorted({*there[run.sure :]} - {*run.met})
        run.sure = max(run.sure, run.rows - MARGIN)
        run.met = there[run.sure :]
        if not missed:
            return []
        known = self._at.known
        shown_now = shown(self._calls, missed, self._service).values()
        news = [one for one in shown_now if one.problem is not None or known.get(one.ticket, -1) < one.version]
        known.update({one.ticket: one.version for one in news if one.problem is None})
        return news

    def _trim(self) -> None:
        """Keep of what is known only what a later read can meet again."""
        oldest = 0
        if self._at.since is not None:
            reached = _earliest([self._at.since, self._run.reached or self._at.since, *self._at.hidden.values()])
            if reached is not None:
                oldest = milliseconds(earliest_reading(reached - self._overlap, self._zone))
        kept = sorted(
            ((version, ident) for ident, version in self._at.known.items() if version >= oldest), reverse=True
        )
        self._at.known = {ident: version for version, ident in kept[:MOST_KNOWN]}


def settled_at(times: Sequence[int], moving: int) -> int | None:
    """Up to which of these times, in the order of a page, surely everything was before them or among them.

    What changed after `moving` may stand at an older place than its time says, so the last of the others tells; None
    where there is none. All in milliseconds."""
    return next((time for time in reversed(times) if time <= moving), None)


def _earliest(times: Sequence[datetime | None]) -> datetime | None:
    """None is before all."""
    known = [at for at in times if at is not None]
    return min(known) if len(known) == len(times) else None


def _minute(version: int) -> datetime:
    return _floored(EPOCH + timedelta(milliseconds=version))


def _floored(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(second=0, microsecond=0)


def _read(calls: Calls, cursor: Cursor) -> _Cursor:
    try:
        at = msgspec.convert(cursor, _Cursor)
        times = (at.since, at.run.floor if at.run else None, *at.hidden.values())
        if any(one is not None and one.tzinfo is None for one in times):
            raise ValueError("a time without a zone")
    except (msgspec.ValidationError, ValueError) as error:
        raise CursorError(f"this is no cursor of issues: {error}.", source=calls.source) from error
    return at


def census(calls: Calls, since: datetime) -> Iterator[Sequence[tuple[str, int]]]:
    """(id, version) of the issues that are not done or changed at or after `since`, in portions, of the projects that
    we may browse. Raises AuthError where that is none."""
    return standing(calls, bound_text(since, account_zone(calls)))
