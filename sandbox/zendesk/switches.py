"""Switches that make the sandbox behave as an unusual (but real) account does, and what its admin has set up: triggers
and SLA policies. Read by `exports`, `records`, `metric_events` and `server`."""

from __future__ import annotations

from datetime import datetime

import msgspec

from sandbox.http.switches import WireSwitches


class Switches(WireSwitches, kw_only=True):
    """Set any at any time; the defaults are an ordinary account.

    `hidden` tickets are left out of the export (a row skipped while paging). `cursor_refused` is the status with which
    every cursor is refused as expired; `cursor_loops` gives the same cursor back for ever; `never_ends` never says
    end_of_stream. `huge_page_bytes` pads an export page. `metadata_in_events` says whether exported ticket events carry
    their audit's metadata. The rest are those of every stand-in.
    """

    page_size: int = 1000
    hold_back_seconds: int = 60
    too_recent_status: int = 422
    exclude_deleted: bool = False
    export_empty: bool = False
    hidden: set[int] = msgspec.field(default_factory=set)
    cursor_refused: int | None = None
    cursor_loops: bool = False
    never_ends: bool = False
    huge_page_bytes: int = 0
    metadata_in_events: bool = True


class Trigger(msgspec.Struct, frozen=True):
    """The customer's own business rule: when the tag `when` is added, tags are added and removed in the same audit."""

    title: str
    when: str
    add: list[str] = []
    remove: list[str] = []


class Policy(msgspec.Struct, frozen=True):
    """The customer's own SLA policy: minutes by metric (as policies name them: "first_reply_time", "next_reply_time",
    "requester_wait_time", "agent_work_time", "resolution_time") and priority ("normal" stands for none). `tag`: only
    tickets that have it; `since`: when it was made. In `business_hours` only Monday to Friday, 9 to 17 UTC, counts."""

    title: str
    minutes: dict[str, dict[str, int]]
    business_hours: bool = False
    tag: str | None = None
    since: datetime | None = None
