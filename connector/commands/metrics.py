"""`amends metrics`, and what GET /metrics answers: where everything stands, for Prometheus. Reads the store only.

Names and labels are part of the public surface: dashboards and alert rules in docs/ops/monitoring stand on them. No
label holds anything of a customer's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from connector.commands.hooks import HookStanding, standings
from connector.commands.overview import Overview, SourceStanding, overview
from connector.commands.place import Place
from connector.errors import AmendsError
from connector.store import intentions


def exposition(place: Place) -> str:
    """The text that Prometheus reads (https://prometheus.io/docs/instrumenting/exposition_formats/).

    A store that cannot be read is told as amends_store_readable 0, and nothing else is: an alert is better than an
    error page that a monitor takes for a network fault."""
    registry = CollectorRegistry()
    registry.register(_Standing(place))
    return generate_latest(registry).decode()


class _Standing(Collector):
    """Collected afresh at each scrape."""

    def __init__(self, place: Place) -> None:
        self._place = place

    def describe(self) -> list[Metric]:
        return []  # or the registry would collect once just to learn the names

    def collect(self) -> Iterator[Metric]:
        readable = GaugeMetricFamily("amends_store_readable", "1 where the store could be read for this scrape.")
        try:
            told = overview(self._place)
            with self._place.store() as store, store.read() as connection:
                writes = intentions.counts(connection)
        except AmendsError:
            readable.add_metric([], 0)
            yield readable
            return
        readable.add_metric([], 1)
        yield readable
        yield from _daemon(told)
        yield from _sources(told)
        yield from _work(told, writes)
        yield from _hooks(self._hooks())

    def _hooks(self) -> tuple[HookStanding, ...]:
        try:
            return standings(self._place, list(self._place.settings.sources.values()))
        except AmendsError:
            return ()  # broken settings are told by `check`; what the store says counts all the same


def _daemon(told: Overview) -> Iterator[Metric]:
    yield _plain("amends_daemon_alive", "1 while a daemon holds the lease of the store.", bool(told.daemon))
    if told.heard_seconds_ago is not None:
        yield _plain("amends_daemon_heard_seconds", "Seconds since the daemon last said so.", told.heard_seconds_ago)
    yield _plain("amends_paused", "1 while all writes are stopped.", told.paused_since is not None)
    yield _plain("amends_needs_person", "How many things go on only when a person acts.", len(told.needs_person))


def _sources(told: Overview) -> Iterator[Metric]:
    lag = GaugeMetricFamily(
        "amends_source_lag_seconds",
        "Seconds since we last had everything that this stream offers; absent before the first time.",
        labels=["source", "stream"],
    )
    pulled = GaugeMetricFamily(
        "amends_source_last_pull_timestamp_seconds", "When a pull last went through.", labels=["source"]
    )
    pushed = GaugeMetricFamily(
        "amends_source_last_push_timestamp_seconds", "When a write last left.", labels=["source"]
    )
    failing = GaugeMetricFamily("amends_source_failing", "1 while the last thing tried went wrong.", labels=["source"])
    parked = GaugeMetricFamily("amends_source_parked", "1 while its credentials are refused.", labels=["source"])
    paused = GaugeMetricFamily("amends_source_paused", "1 while writes to it alone are stopped.", labels=["source"])
    left = GaugeMetricFamily(
        "amends_source_calls_left_ratio",
        "The share of its limit that a source still allowed when it last answered.",
        labels=["source", "endpoint"],
    )
    known = GaugeMetricFamily(
        "amends_tickets", "Tickets stored, by the answer to: is it a complaint?", labels=["source", "complaint"]
    )
    for one in told.sources:
        _streams(lag, one)
        _moment(pulled, one.name, one.last_pull_at)
        _moment(pushed, one.name, one.last_push_at)
        failing.add_metric([one.name], float(one.last_error is not None))
        parked.add_metric([one.name], float(one.parked_until is not None))
        paused.add_metric([one.name], float(one.paused_since is not None))
        for each in one.calls_left:
            left.add_metric([one.name, each.endpoint], each.remaining / each.limit)
        for answer in ("yes", "no", "unsure"):
            known.add_metric([one.name, answer], one.complaints.get(answer, 0))
    yield from (lag, pulled, pushed, failing, parked, paused, left, known)


def _streams(lag: GaugeMetricFamily, one: SourceStanding) -> None:
    for stream in one.streams:
        if stream.lag_seconds is not None:
            lag.add_metric([one.name, stream.name], stream.lag_seconds)


def _work(told: Overview, writes: Mapping[tuple[str, str], int]) -> Iterator[Metric]:
    flags = GaugeMetricFamily("amends_flagged", "Tickets with this flag, as of the last sweep.", labels=["flag"])
    for flag, number in told.flags.items():
        flags.add_metric([flag], number)
    promises = GaugeMetricFamily(
        "amends_promises", "Dates that customers were given, by what became of them.", labels=["state"]
    )
    for state, number in told.promises.items():
        promises.add_metric([state], number)
    outbox = GaugeMetricFamily("amends_writes", "Writes in the outbox, by state.", labels=["source", "state"])
    for (source, state), number in writes.items():
        outbox.add_metric([source, state], number)
    yield from (flags, promises, outbox)
    yield _plain(
        "amends_oldest_write_waiting_seconds",
        "How long the oldest write that could go has been waiting.",
        told.oldest_waiting_seconds or 0,
    )
    yield _plain("amends_quarantined", "Records that could not be understood.", told.quarantine)


def _hooks(told: tuple[HookStanding, ...]) -> Iterator[Metric]:
    heard = GaugeMetricFamily(
        "amends_hook_last_heard_timestamp_seconds", "When a hook was last heard.", labels=["source"]
    )
    waiting = GaugeMetricFamily("amends_hook_waiting", "Deliveries that were not acted upon yet.", labels=["source"])
    refused = GaugeMetricFamily(
        "amends_hook_refused", "Deliveries that nothing proved to be the source's.", labels=["source"]
    )
    before = GaugeMetricFamily(
        "amends_hook_secret_before_last_used_timestamp_seconds",
        "When a delivery came last that the secret before the present one had signed.",
        labels=["source"],
    )
    trouble = GaugeMetricFamily("amends_hook_in_trouble", "1 while a hook is in trouble or silent.", labels=["source"])
    for one in told:
        _moment(heard, one.source, one.heard_at)
        _moment(before, one.source, one.before_at)
        waiting.add_metric([one.source], one.waiting)
        refused.add_metric([one.source], one.refused)
        trouble.add_metric([one.source], float(bool(one.trouble or one.silent_since)))
    yield from (heard, waiting, refused, before, trouble)


def _plain(name: str, words: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, words, value=float(value))


def _moment(family: GaugeMetricFamily, source: str, at: datetime | None) -> None:
    if at is not None:
        family.add_metric([source], at.timestamp())
