"""The account's own clocks: ticket metric events, by time, as steps of clocks. Used by the adapter.

One event is one record: a metric of a ticket, in its n-th run (`instance_id`), was activated, paused, fulfilled, given
a target, or breached. Other events ("measure", "update_status") only sum up what these say, and are passed over. A
breach may lie ahead, and may be taken back (`deleted`), which is a step of its own: what was told stays as it was told.

The export is for admins and not part of every plan. Where it is refused the source goes on without its clocks.
https://developer.zendesk.com/documentation/ticketing/reference-guides/ticket-metric-event-types-reference
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from datetime import datetime
from hashlib import sha256

import msgspec

from adapters.zendesk.answers import ForbiddenError
from adapters.zendesk.calls import Calls
from adapters.zendesk.pages import page_of, timed_pages
from adapters.zendesk.values import inner, loaded, moment, number, padded, text, ticket_id
from connector.adapter import Cursor, Page, Record
from connector.errors import SettingsError
from connector.model import JSON, ClockStep, StepKind

STREAM = "ticket_metric_events"
PATH = "/api/v2/incremental/ticket_metric_events.json"
MOST_A_PAGE = 1000
FIRST_REPLY, NEXT_REPLY = "first_reply_time", "next_reply_time"  # as policies call the runs of the metric reply_time
# Our clock by the account's metric.
CLOCKS = {
    FIRST_REPLY: "first_reply",
    NEXT_REPLY: "next_reply",
    "periodic_update_time": "periodic_update",
    "pausable_update_time": "periodic_update",
    "requester_wait_time": "requester_wait",
    "agent_work_time": "agent_work",
    "resolution_time": "resolution",
    "group_ownership_time": "team_time",
}
KINDS = {
    "activate": StepKind.STARTED,
    "pause": StepKind.PAUSED,
    "fulfill": StepKind.STOPPED,
    "apply_sla": StepKind.TARGET,
    "apply_group_sla": StepKind.TARGET,
    "breach": StepKind.BREACHED,
}
log = logging.getLogger("amends.zendesk")


class _Answer(msgspec.Struct, frozen=True):
    ticket_metric_events: list[msgspec.Raw]
    end_of_stream: bool | None = None
    end_time: int | None = None


class _MetricPage(msgspec.Struct, frozen=True):
    rows: list[msgspec.Raw]
    end_of_stream: bool
    end_time: int | None


def pages(calls: Calls, cursor: Cursor) -> Iterator[Page]:
    """Pages of the stream after `cursor`: {"start_time": Unix seconds}. Where the account does not give this export,
    one empty page at the same place."""
    try:
        yield from timed_pages(calls, cursor, lambda start: _asked(calls, start), _records)
    except (ForbiddenError, SettingsError) as error:
        log.warning("%s: its own clocks are not to be had (%s)", calls.source, error.message)
        yield Page((), cursor, end=True)


def _asked(calls: Calls, start: int) -> _MetricPage:
    answer = page_of(calls.get(PATH, {"start_time": start}).content, _Answer, PATH, calls.source)
    rows = answer.ticket_metric_events
    # The description of this export knows no end_of_stream; then a page that is not full is the last.
    end = len(rows) < MOST_A_PAGE if answer.end_of_stream is None else answer.end_of_stream
    reached = answer.end_time
    if reached is not None:  # a breach that lies ahead must not carry the cursor there
        reached = min(reached, int(calls.tools.now().timestamp()))
    return _MetricPage(rows, end, reached)


def _records(page: _MetricPage, seen_at: datetime) -> Sequence[Record]:
    found = (read(bytes(raw), seen_at) for raw in page.rows)
    return [record for record in found if record.clocks or record.problem is not None]


def read(raw: bytes, seen_at: datetime) -> Record:
    """The record of one event. Never raises: what cannot be read is a record with a problem."""
    try:
        event = loaded(raw)
    except ValueError as error:
        return _broken(raw, None, None, f"it is no JSON: {error}")
    ident, ticket = number(inner(event, "id")), ticket_id(inner(event, "ticket_id"))
    if ident is None or ticket is None:
        return _broken(raw, ident, ticket, "it does not name itself and its ticket by numbers")
    name = padded(ident)
    kind = KINDS.get(str(event.get("type")))
    if kind is None:
        return Record(str(ticket), name, raw)
    at, metric = moment(event.get("time")), event.get("metric")
    if at is None or not isinstance(metric, str):
        return _broken(raw, ident, ticket, "it does not say which clock it is about, and when")
    step = _step(event, name, metric, kind, at, seen_at)
    return Record(str(ticket), step.id, raw, clocks=(step,))


def _step(event: dict[str, JSON], name: str, metric: str, kind: StepKind, at: datetime, seen_at: datetime) -> ClockStep:
    run = number(event.get("instance_id")) or 1
    if metric == "reply_time":
        metric = FIRST_REPLY if run == 1 else NEXT_REPLY
    cycle = f"{run:06d}"
    if event.get("deleted") is True:
        return ClockStep(f"{name}.deleted", metric, cycle, StepKind.WITHDRAWN, at, seen_at, of=name)
    if kind is not StepKind.TARGET:
        return ClockStep(name, metric, cycle, kind, at, seen_at)
    policy = event.get("sla") if event.get("type") == "apply_sla" else event.get("group_sla")
    return ClockStep(name, metric, cycle, kind, at, seen_at, **_target(policy))


def _target(policy: JSON) -> dict[str, JSON]:
    """`target` is in minutes, `target_in_seconds` is newer. No policy: the ticket has none any more."""
    seconds, minutes = number(inner(policy, "target_in_seconds")), number(inner(policy, "target"))
    hours = inner(policy, "business_hours")
    return {
        "target_seconds": minutes * 60 if seconds is None and minutes is not None else seconds,
        "policy": text(inner(policy, "policy", "title")),
        "business_hours": hours if isinstance(hours, bool) else None,
    }


def _broken(raw: bytes, ident: int | None, ticket: int | None, problem: str) -> Record:
    name = f"unknown-{sha256(raw).hexdigest()[:16]}"
    return Record(
        str(ticket) if ticket is not None else name, padded(ident) if ident is not None else name, raw, problem=problem
    )
