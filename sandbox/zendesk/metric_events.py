"""Ticket metric events: the account's own clocks, made from a ticket's audits and the account's SLA policies. Pure.

Every ticket has its clocks, with or without a policy; a policy (the first that fits) gives targets, and only when
something happens to the ticket after the policy was made. Called by `exports`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Any

import msgspec

from sandbox.zendesk.records import Ticket
from sandbox.zendesk.shapes import Body, iso
from sandbox.zendesk.switches import Policy

JSON = Any
METRICS = ("reply_time", "requester_wait_time", "agent_work_time", "resolution_time")
PAUSES = {"requester_wait_time": ("pending",), "agent_work_time": ("pending", "hold")}
SOLVED = ("solved", "closed", "deleted")
OPENS, CLOSES = time(9), time(17)
BREACH_ID = 100  # above what one audit makes, below the next id of the account


class Run(msgspec.Struct):
    """One instance of a metric: since when it has been running (None: it stands still), and what it used before."""

    metric: str
    instance: int
    since: datetime | None
    ended: bool = False
    stretches: list[tuple[datetime, datetime]] = []
    target: tuple[int, Policy] | None = None
    applied_id: int = 0
    applied_at: datetime | None = None
    breached: bool = False

    @property
    def name(self) -> str:
        """The metric as policies call it."""
        if self.metric != "reply_time":
            return self.metric
        return "first_reply_time" if self.instance == 1 else "next_reply_time"


def metric_events(ticket: Ticket, policies: Sequence[Policy], now: datetime) -> list[tuple[int, Body]]:
    """(second at which it was made, event) pairs up to `now`, in order."""
    teller = _Teller(ticket, policies)
    for audit in ticket.audits:
        teller.hear(audit)
    teller.breaches(now)
    return teller.told


class _Teller:
    def __init__(self, ticket: Ticket, policies: Sequence[Policy]) -> None:
        self.ticket, self.policies = ticket, policies
        self.status, self.priority, self.tags = "new", "normal", frozenset[str]()
        self.runs: dict[str, Run] = {}
        self.replies = 0
        self.told: list[tuple[int, Body]] = []
        self.audit, self.count = 0, 0

    def hear(self, audit: Body) -> None:
        """Tell what this audit does to the clocks."""
        at = datetime.fromisoformat(audit["created_at"])
        self.breaches(at - timedelta(seconds=1))
        self.audit, self.count = audit["id"], 0
        first = not self.runs
        before = self.status
        self._note(audit)
        if first:
            for metric in METRICS:
                self._begin(metric, 1, at)
        for event in audit["events"]:
            if event["type"] == "Comment" and event["public"] and not (first and self._customers(event)):
                self._heard(event, at)
        if before != self.status or first:
            self._moved(at)
        self._apply(at)

    def _note(self, audit: Body) -> None:
        for event in audit["events"]:
            value = event.get("value")
            match event.get("field_name"):
                case "status":
                    self.status = value
                case "priority":
                    self.priority = value or "normal"
                case "tags":
                    self.tags = frozenset(value)

    def _customers(self, comment: Body) -> bool:
        return bool(comment["author_id"] == self.ticket.body["requester_id"])

    def _heard(self, comment: Body, at: datetime) -> None:
        reply = self.runs["reply_time"]
        if not self._customers(comment) and not reply.ended:
            self._end(reply, at)
        elif self._customers(comment) and reply.ended:
            self._begin("reply_time", reply.instance + 1, at)

    def _moved(self, at: datetime) -> None:
        """The status says which of the clocks stand still, and which are over."""
        for metric, run in self.runs.items():
            if metric == "reply_time":
                if self.status in SOLVED and run.instance > 1 and not run.ended:
                    self._end(run, at)
            elif self.status in SOLVED:
                if not run.ended:
                    self._end(run, at)
            elif self.status in PAUSES.get(metric, ()):
                if run.since is not None:
                    self._stop(run, at)
                    self._tell(run, "pause", at)
            elif run.since is None:
                run.since, run.ended = at, False
                self._tell(run, "activate", at)

    def _begin(self, metric: str, instance: int, at: datetime) -> None:
        self.runs[metric] = run = Run(metric, instance, at)
        if instance == 1:
            self._tell(msgspec.structs.replace(run, instance=0), "measure", at)
        self._tell(run, "activate", at)

    def _end(self, run: Run, at: datetime) -> None:
        self._stop(run, at)
        run.ended = True
        self._tell(run, "fulfill", at)
        spent = sum(int((end - start).total_seconds()) for start, end in run.stretches) // 60
        self._tell(run, "update_status", at, status={"calendar": spent, "business": spent})

    def _stop(self, run: Run, at: datetime) -> None:
        if run.since is not None:
            run.stretches = [*run.stretches, (run.since, at)]
            run.since = None

    def _apply(self, at: datetime) -> None:
        policy = next((one for one in self.policies if self._fits(one, at)), None)
        for run in self.runs.values():
            minutes = policy.minutes.get(run.name, {}).get(self.priority) if policy else None
            target = (minutes * 60, policy) if minutes is not None and policy else None
            if run.ended or target is None or target == run.target:
                continue
            run.target, run.breached, run.applied_at = target, False, at
            run.applied_id = self._tell(run, "apply_sla", at, sla=_sla(*target))

    def _fits(self, policy: Policy, at: datetime) -> bool:
        return (policy.since is None or policy.since <= at) and (policy.tag is None or policy.tag in self.tags)

    def breaches(self, until: datetime) -> None:
        """Tell which clocks have run over up to that instant."""
        for run in self.runs.values():
            if run.target is None or run.breached or run.ended:
                continue
            due = _due([*run.stretches, *([(run.since, until)] if run.since else [])], *run.target)
            if due is not None and due <= until:
                run.breached = True
                due = max(due, run.applied_at or due)  # a target that comes late can be broken no sooner
                self._told(run, "breach", due, run.applied_id + BREACH_ID, {"deleted": False})

    def _tell(self, run: Run, kind: str, at: datetime, **more: JSON) -> int:
        self.count += 1
        self._told(run, kind, at, self.audit + self.count, more)
        return int(self.audit + self.count)

    def _told(self, run: Run, kind: str, at: datetime, ident: int, more: Body) -> None:
        event: Body = {"id": ident, "ticket_id": self.ticket.number, "metric": run.metric}
        event |= {"instance_id": run.instance, "type": kind, "time": iso(at)}
        self.told.append((int(at.timestamp()), event | more))


def _sla(seconds: int, policy: Policy) -> Body:
    told = {"id": 1, "title": policy.title, "description": None}
    return {
        "target": seconds // 60,
        "target_in_seconds": seconds,
        "business_hours": policy.business_hours,
        "policy": told,
    }


def _due(stretches: Sequence[tuple[datetime, datetime]], seconds: int, policy: Policy) -> datetime | None:
    """When `seconds` of the stretches were used up; None: not yet."""
    left = timedelta(seconds=seconds)
    for start, end in stretches:
        for begin, over in _working(start, end) if policy.business_hours else [(start, end)]:
            if over - begin >= left:
                return begin + left
            left -= over - begin
    return None


def _working(start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
    day = start.astimezone(UTC).date()
    while day <= end.date():
        opens, closes = (datetime.combine(day, at, UTC) for at in (OPENS, CLOSES))
        if day.weekday() < 5 and max(start, opens) < min(end, closes):
            yield max(start, opens), min(end, closes)
        day += timedelta(days=1)
