"""Switches that make the sandbox behave as an unusual (but real) account does. Read by `exports` and `server`."""

from __future__ import annotations

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
