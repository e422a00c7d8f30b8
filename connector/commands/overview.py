"""`amends status`: where everything stands, and what needs a person. Reads the store only, beside a running daemon."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from connector.commands.cause_counts import (
    Waits,
    causes,
    corrections_standing,
    trends_standing,
    waiting_for,
    waits_line,
)
from connector.commands.place import Place
from connector.commands.promise_counts import kept_share, summary
from connector.display import ago, clean, count, cut, moment, span, table, wrapped
from connector.helpdesk import CallsLeft
from connector.notify import ADAPTER
from connector.store import Store, Transaction, assessments, complaints, intentions, quarantine, sources
from connector.store.hook_inbox import FILE, HookInbox
from connector.store.intentions import State

# A write that is due should leave within seconds; this long, and somebody should look.
STUCK_AFTER = timedelta(minutes=15)


class StreamStanding(msgspec.Struct, frozen=True):
    """`lag_seconds` is how long ago we last had everything this stream offers; None before the first time."""

    name: str
    records: int
    complete_at: datetime | None
    lag_seconds: int | None


class SourceStanding(msgspec.Struct, frozen=True):
    """How a source is. `paused_since`: writes to it alone were stopped. `calls_left`: as of when it last answered."""

    name: str
    adapter: str
    account: str | None
    last_pull_at: datetime | None
    last_push_at: datetime | None
    last_error: str | None
    last_error_at: datetime | None
    parked_until: datetime | None
    paused_since: datetime | None
    paused_why: str | None
    calls_left: tuple[CallsLeft, ...]
    streams: tuple[StreamStanding, ...]
    complaints: dict[str, int]


class Overview(msgspec.Struct, frozen=True):
    """`promises` counts what became of each, `promises_kept` is the share of those whose day has come. `trends` counts
    those that are not over, `trends_wait` names the source that they wait for; `corrections` those that are open,
    overdue or done, and the customers `to tell`. `needs_person` holds one sentence for each thing that goes on only
    when a person acts."""

    at: datetime
    store: str
    daemon: str | None
    heard_seconds_ago: float | None
    paused_since: datetime | None
    paused_why: str | None
    sources: tuple[SourceStanding, ...]
    flags: dict[str, int]
    promises: dict[str, int]
    promises_kept: float | None
    trends: dict[str, int]
    trends_wait: Waits | None
    corrections: dict[str, int]
    outbox: dict[str, int]
    quarantine: int
    oldest_waiting_seconds: int | None
    needs_person: tuple[str, ...]

    @property
    def exit_code(self) -> int:
        return 1 if self.needs_person else 0


class Life(msgspec.Struct, frozen=True):
    """Whether a daemon is at work on the store, which one, and when it last said so."""

    daemon: str | None
    heard_seconds_ago: float | None

    @property
    def exit_code(self) -> int:
        return 0 if self.daemon else 1


def life(place: Place) -> Life:
    """What a health check wants to know, and no more. Raises StoreError where there is no store yet."""
    with place.store() as store:
        holder = store.holder(place.wall())
    return Life(holder[0], round(holder[1], 1)) if holder else Life(None, None)


def life_lines(told: Life, _columns: int) -> list[str]:
    """In one line."""
    return [f"{told.daemon}, heard {told.heard_seconds_ago:.0f} s ago" if told.daemon else "no daemon is running"]


def overview(place: Place) -> Overview:
    """Raises StoreError where there is no store yet."""
    now = place.now()
    with place.store() as store:
        holder = store.holder(place.wall())
        with store.read() as connection:
            hooks = _hook_troubles(place, [one.name for one in sources.everyone(connection)])
            waits = waiting_for(place, connection)
            return _overview(store, connection, holder, now, hooks, waits)


def _hook_troubles(place: Place, names: Sequence[str]) -> tuple[str, ...]:
    if not (place.home / FILE).exists():
        return ()
    inbox = HookInbox(place.home)
    try:
        told = [inbox.standing(name) for name in names]
    finally:
        inbox.close()
    return tuple(
        f"{one.source}: its hook {'is in trouble' if one.trouble else 'fell silent'}: `amends hooks list`."
        for one in told
        if one.trouble or one.silent_since
    )


def _overview(
    store: Store,
    connection: Transaction,
    holder: tuple[str, float] | None,
    now: datetime,
    hooks: tuple[str, ...],
    trends_wait: Waits | None,
) -> Overview:
    paused = sources.paused(connection)
    outbox: dict[str, int] = {}
    for (_, state), number in intentions.counts(connection).items():
        outbox[state] = outbox.get(state, 0) + number
    waiting = intentions.oldest_waiting(connection, now)
    aside = quarantine.count(connection)
    promised = assessments.promised(connection)
    standing = _sources(connection, now)
    found = trends_standing(connection)
    corrected = corrections_standing(connection, now)
    return Overview(
        at=now,
        store=str(store.file or store.url.render_as_string(hide_password=True)),
        daemon=holder[0] if holder else None,
        heard_seconds_ago=round(holder[1], 1) if holder else None,
        paused_since=paused[0] if paused else None,
        paused_why=paused[1] if paused else None,
        sources=standing,
        flags=assessments.flagged(connection),
        promises=promised,
        promises_kept=kept_share(promised),
        trends=found,
        trends_wait=trends_wait,
        corrections=corrected,
        outbox=outbox,
        quarantine=aside,
        oldest_waiting_seconds=None if waiting is None else int(waiting.total_seconds()),
        needs_person=(
            *_needs_person(standing, outbox, aside, waiting if not paused else None),
            *hooks,
            *causes(found, corrected),
        ),
    )


def _sources(connection: Transaction, now: datetime) -> tuple[SourceStanding, ...]:
    counts: dict[str, dict[str, int]] = {}
    for source, answer, _, number in complaints.totals(connection):
        of = counts.setdefault(source, {})
        of[answer] = of.get(answer, 0) + number
    return tuple(
        SourceStanding(
            name=row.name,
            adapter=row.adapter,
            account=row.account,
            last_pull_at=row.last_pull_at,
            last_push_at=row.last_push_at,
            last_error=row.last_error,
            last_error_at=row.last_error_at,
            parked_until=row.parked_until,
            paused_since=row.paused_at,
            paused_why=row.paused_why,
            calls_left=row.calls_left,
            streams=tuple(_stream(one, now) for one in sources.streams(connection, row.id)),
            complaints=counts.get(row.name, {}),
        )
        for row in sources.everyone(connection)
    )


def _stream(row: sources.StreamRow, now: datetime) -> StreamStanding:
    lag = None if row.complete_at is None else max(0, int((now - row.complete_at).total_seconds()))
    return StreamStanding(row.name, row.records, row.complete_at, lag)


def _needs_person(
    standing: tuple[SourceStanding, ...], outbox: dict[str, int], aside: int, waiting: timedelta | None
) -> tuple[str, ...]:
    said = [f"{one.name} is parked: {clean(one.last_error)}" for one in standing if one.parked_until is not None]
    for state, words in (
        (State.HELD, "to be approved: `amends outbox list --state held`, then `amends outbox approve`."),
        (
            State.PARKED,
            "that may or may not be there: `amends outbox list --state parked`, then `amends outbox retry`.",
        ),
        (State.DEAD, "refused for good: `amends outbox list --state dead`; `amends outbox show N` says what helps."),
    ):
        if number := outbox.get(state.value, 0):
            said.append(f"{count(number, 'write')} {words}")
    if aside:
        said.append(f"{count(aside, 'record')} that could not be read: `amends quarantine list`.")
    if waiting is not None and waiting > STUCK_AFTER:
        said.append(f"a write has been waiting for {span(waiting)}: is the daemon running, and its helpdesk there?")
    return tuple(said)


def overview_lines(told: Overview, columns: int) -> list[str]:
    heard = f"{told.daemon}, heard {told.heard_seconds_ago:.0f} s ago" if told.daemon else "not running"
    lines = [f"daemon      {heard}", f"store       {told.store}"]
    if told.paused_since is not None:
        lines.append(f"PAUSED      since {moment(told.paused_since)}, nothing is written: {clean(told.paused_why)}")
    lines += ["", *_source_lines(told, columns), ""]
    lines.append(f"flags       {_listed(told.flags) or 'none'}")
    if told.promises:
        lines.append(f"promises    {summary(told.promises)}")
    if told.trends or told.trends_wait is not None:
        lines.append(f"trends      {_listed(told.trends) or 'none'}")
    if told.trends_wait is not None:
        lines.append(cut(f"            {waits_line(told.trends_wait)}", columns))
    lines += [f"corrections {_listed(told.corrections)}"] if told.corrections else []
    lines.append(f"writes      {_listed(told.outbox) or 'none'}")
    if told.oldest_waiting_seconds is not None:
        lines.append(f"            the oldest one due waits for {span(timedelta(seconds=told.oldest_waiting_seconds))}")
    lines.append(f"quarantine  {told.quarantine or 'empty'}")
    if told.needs_person:
        lines += ["", "Needs a person:"]
        for sentence in told.needs_person:
            first, *rest = wrapped(sentence, columns - 4)
            lines += [f"  - {first}", *(f"    {line}" for line in rest)]
    return lines


def _source_lines(told: Overview, columns: int) -> list[str]:
    if not told.sources:
        return ["No source has been read yet: `amends sync`."]
    rows = [
        (
            one.name,
            one.adapter,
            "-" if one.adapter == ADAPTER else ago(one.last_pull_at, told.at),
            _lag(one),
            *(str(one.complaints.get(answer, 0)) for answer in ("yes", "unsure", "no")),
            clean(one.last_error) or "-",
        )
        for one in told.sources
    ]
    stopped = [
        f"PAUSED      {one.name} since {moment(one.paused_since)}, nothing is written there: {clean(one.paused_why)}"
        for one in told.sources
        if one.paused_since is not None
    ]
    return stopped + table(
        ("SOURCE", "ADAPTER", "LAST READ", "BEHIND", "COMPLAINTS", "UNSURE", "OTHER", "LAST ERROR"), rows, columns
    )


def _lag(one: SourceStanding) -> str:
    if one.adapter == ADAPTER:  # people are told, and not read
        return "-"
    if not one.streams or any(stream.lag_seconds is None for stream in one.streams):
        return "first read"
    return span(timedelta(seconds=max(stream.lag_seconds or 0 for stream in one.streams)))


def _listed(counts: dict[str, int]) -> str:
    return ", ".join(f"{number:,} {name.replace('_', ' ')}" for name, number in sorted(counts.items()))
