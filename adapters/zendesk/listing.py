"""Lists of things, page by page: users, groups, fields, audits. Used wherever Zendesk lists instead of exporting."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from adapters.zendesk.answers import parsed
from adapters.zendesk.calls import Calls
from connector.errors import TemporaryError
from connector.model import JSON

PAGE = 100
MOST_PAGES = 1000


class Meta(msgspec.Struct, frozen=True):
    has_more: bool = False
    after_cursor: str | None = None


class _Tail(msgspec.Struct, frozen=True):
    meta: Meta = Meta()


def pages(
    calls: Calls,
    path: str,
    name: str,
    params: Mapping[str, JSON] | None = None,
    *,
    ticket: str | None = None,
    writing: bool = False,
) -> Iterator[list[msgspec.Raw]]:
    """The rows of each page as sent. A list that knows no cursor paging comes whole, in one page."""
    asked: dict[str, JSON] = {**(params or {}), "page[size]": PAGE}
    for _ in range(MOST_PAGES):
        place: dict[str, Any] = {"source": calls.source, "ticket": ticket}
        content = calls.get(path, asked, ticket=ticket, writing=writing).content
        members = parsed(content, dict[str, msgspec.Raw], f"GET {path}", **place)
        if name not in members:
            raise TemporaryError(f"GET {path}: the answer has no {name!r}.", **place)
        yield parsed(bytes(members[name]), list[msgspec.Raw], f"GET {path}", **place)
        meta = parsed(content, _Tail, f"GET {path}", **place).meta
        if not meta.has_more or meta.after_cursor in (None, asked.get("page[after]")):
            return
        asked["page[after]"] = meta.after_cursor
    raise TemporaryError(f"GET {path}: no end after {MOST_PAGES} pages.", source=calls.source, ticket=ticket)


def listed(calls: Calls, path: str, name: str, params: Mapping[str, JSON] | None = None) -> list[dict[str, JSON]]:
    """All rows of all pages; rows that are no objects are left out."""
    rows = [msgspec.json.decode(row) for page in pages(calls, path, name, params) for row in page]
    return [row for row in rows if isinstance(row, dict)]
