"""Where everything stands: what is late, what comes next, which source is ill, which write waits for a person."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from connector.commands.cases import Row, row
from connector.commands.overview import Overview, SourceStanding, overview
from connector.console.seat import Seat, needs
from connector.model import Mode
from connector.roles import Permission
from connector.settings import SourceSettings
from connector.store import browsing, intentions, sources
from connector.store.browsing import Counts, Wanted
from connector.store.intentions import State

SOON = timedelta(hours=24)
MOST_SHOWN = 10


class Waiting(msgspec.Struct, frozen=True):
    """A write that a person has to decide about."""

    id: int
    source: str
    ticket: str
    kind: str
    state: str
    why: str
    created_at: datetime


class Now(msgspec.Struct, frozen=True):
    """The first page: counts, the most urgent of each kind, and all that `amends status` says."""

    at: datetime
    counts: Counts
    emergencies: tuple[Row, ...]
    overdue: tuple[Row, ...]
    due_soon: tuple[Row, ...]
    waiting: tuple[Waiting, ...]
    status: Overview
    broken: str | None


class SourceTold(msgspec.Struct, frozen=True):
    """A source: how it stands, and how it is set up (None where amends.yaml names it no more)."""

    standing: SourceStanding
    poll_seconds: int | None
    modes: dict[str, Mode]
    streams: tuple[str, ...]
    mapping_file: str | None
    writes_last_hour: int


@needs(Permission.READ)
def now(seat: Seat) -> Now:
    """As of now; due soon is within 24 hours."""
    at = seat.now()
    told = overview(seat)
    with seat.store() as store, store.read() as connection:
        found = browsing.counts(connection, at, at + SOON)
        lists = {
            "emergencies": Wanted(order="emergency"),
            "overdue": Wanted(order="due", complaint="yes", due_before=at),
            "due_soon": Wanted(order="due", complaint="yes", due_from=at, due_before=at + SOON),
        }
        pages = {name: browsing.page(connection, wanted, MOST_SHOWN) for name, wanted in lists.items()}
        parked = intentions.listing(connection, states=(State.PARKED, State.DEAD, State.HELD), most=MOST_SHOWN)
    rows = {name: tuple(row(one) for one in page.rows) for name, page in pages.items()}
    return Now(
        at=at,
        counts=found,
        emergencies=rows["emergencies"],
        overdue=rows["overdue"],
        due_soon=rows["due_soon"],
        waiting=tuple(
            Waiting(
                one.id,
                one.source,
                one.action.ticket,
                one.action.kind.value,
                one.state.value,
                one.action.why,
                one.created_at,
            )
            for one in parked
        ),
        status=told,
        broken=seat.house.broken,
    )


@needs(Permission.READ)
def status(seat: Seat) -> Overview:
    """What `amends status` says."""
    return overview(seat)


@needs(Permission.READ)
def all_sources(seat: Seat) -> list[SourceTold]:
    """Every source that was ever read, and those that are configured and were not yet."""
    told = overview(seat)
    configured = seat.settings.sources
    hour_ago = seat.now() - timedelta(hours=1)
    with seat.store() as store, store.read() as connection:
        sent = {one.name: intentions.sent_since(connection, one.id, hour_ago) for one in sources.everyone(connection)}
    known = {one.name: one for one in told.sources}
    unread = [_unread(one) for name, one in configured.items() if name not in known]
    return [_source(one, configured.get(one.name), sent.get(one.name, 0)) for one in (*told.sources, *unread)]


def _unread(one: SourceSettings) -> SourceStanding:
    return SourceStanding(
        name=one.name,
        adapter=one.adapter,
        account=None,
        last_pull_at=None,
        last_push_at=None,
        last_error=None,
        last_error_at=None,
        parked_until=None,
        paused_since=None,
        paused_why=None,
        calls_left=(),
        streams=(),
        complaints={},
    )


def _source(standing: SourceStanding, settings: SourceSettings | None, sent: int) -> SourceTold:
    return SourceTold(
        standing=standing,
        poll_seconds=settings.poll_seconds if settings else None,
        modes={kind.value: mode for kind, mode in settings.modes.items()} if settings else {},
        streams=settings.streams if settings else (),
        mapping_file=settings.mapping_file if settings else None,
        writes_last_hour=sent,
    )
