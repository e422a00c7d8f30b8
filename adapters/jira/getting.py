"""The strong read: issues as they are this moment, by id, whatever project they are in by now. Used by the adapter's
`get` and, for what slipped past a search, by `pages`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from adapters.jira import completing, issues
from adapters.jira.answers import ForbiddenError, parsed
from adapters.jira.calls import Calls
from adapters.jira.patience import PER_ISSUE, TRIES, Patience, count
from adapters.jira.search import decoded, fields_to_ask, properties_to_ask, searchable
from adapters.jira.values import inner, issue_id
from connector.adapter import Record
from connector.errors import GoneError, RecordError, TemporaryError
from connector.model import JSON

MANY = 100
STREAM = "issues"


class _Shown(msgspec.Struct, frozen=True):
    """What it lists as errors may be there all the same, and what it leaves out need not be gone."""

    issues: list[msgspec.Raw]


def get(calls: Calls, wanted: Sequence[str]) -> Iterator[tuple[str, Record]]:
    """(stream, record) pairs. Jira answers alike of an issue that was deleted and one that is hidden from us (moved to
    where we may not look, or given a security level). It is told as gone where we see all the configured projects, and
    else not at all; a later strong read that shows it again says so (`history.restoration`)."""
    ids = list(dict.fromkeys(wanted))
    for odd in (one for one in ids if issue_id(one) is None):
        raise RecordError(f"{odd!r} is no issue id of Jira.", source=calls.source, ticket=odd)
    known = completing.service_fields(calls) if ids else {}
    all_seen: bool | None = None
    for begin in range(0, len(ids), MANY):
        some = ids[begin : begin + MANY]
        found = shown(calls, some, known)
        for ticket in some:
            if ticket in found:
                yield STREAM, found[ticket]
                continue
            all_seen = sees_all(calls) if all_seen is None else all_seen
            if all_seen:
                yield STREAM, issues.gone(ticket, calls.tools.now())


def shown(calls: Calls, ids: Sequence[str], known: Mapping[str, str]) -> dict[str, Record]:
    """The records of those issues that Jira shows us, by id; one that it may have and does not tell has a problem."""
    found: dict[str, Record] = {}
    for begin in range(0, len(ids), MANY):
        some = ids[begin : begin + MANY]
        try:
            records = _records(calls, some, known)
        except completing.NoBulkError:
            records = _records(calls, some, known)
        found.update((record.ticket, record) for record in records)
    return found


def _records(calls: Calls, ids: Sequence[str], known: Mapping[str, str]) -> list[Record]:
    sent = list(decoded(_bulk(calls, ids, known) if calls.settings.cloud else []))
    # What a bulk read leaves out may be there: it failed, or made the answer too large. Only its own read can tell.
    told = {str(issue_id(inner(issue, "id"))) for _, issue in sent}
    alone, untold = _singly(calls, [ident for ident in ids if ident not in told], known)
    return [*completing.records(calls, [*sent, *decoded(alone)], known, strong=True), *untold]


def _bulk(calls: Calls, ids: Sequence[str], known: Mapping[str, str]) -> list[msgspec.Raw]:
    path = calls.api("/issue/bulkfetch")
    body: dict[str, JSON] = {"issueIdsOrKeys": ids, "fields": fields_to_ask(calls, *known.values())}
    body["properties"] = properties_to_ask(calls)
    if not calls.bulk_changelog:
        body["expand"] = ["changelog"]
    what = f"issues from {ids[0]}"
    try:
        found = parsed(calls.ask(path, body).content, _Shown, f"POST {path}", source=calls.source).issues
    except TemporaryError as error:
        # One issue may be what it stumbles over: after a second try each is asked for by itself.
        if error.applied is not None or count(calls, what) < TRIES:
            raise
        return []
    calls.troubles.pop(what, None)
    return found


def _singly(calls: Calls, ids: Sequence[str], known: Mapping[str, str]) -> tuple[list[msgspec.Raw], list[Record]]:
    """What Jira shows of each, and the records of those of which it tells nothing, not even that they are not there."""
    asked: dict[str, JSON] = {"fields": ",".join(fields_to_ask(calls, *known.values())), "expand": "changelog"}
    if names := properties_to_ask(calls):
        asked["properties"] = ",".join(names)
    patience = Patience(calls, len(ids))
    raws, untold = [], []
    for ident in ids:
        path = calls.api(f"/issue/{ident}")
        try:
            content = calls.get(path, asked, ticket=ident).content
            parsed(content, dict[str, msgspec.Raw], f"GET {path}", source=calls.source, ticket=ident)
        except GoneError:
            continue
        except PER_ISSUE as error:
            untold.append(issues.untold(ident, patience.trouble(ident, error), calls.tools.now()))
        else:
            raws.append(msgspec.Raw(content))
    patience.settle()
    return raws, untold


def sees_all(calls: Calls) -> bool:
    """Whether we see each of the configured projects, and may browse it."""
    every = calls.settings.projects
    return all(project(calls, key) is not None for key in every) and searchable(calls, every)


def project(calls: Calls, key: str) -> dict[str, JSON] | None:
    """A project; None where it is gone or we may not see it."""
    path = calls.api(f"/project/{key}")
    try:
        found = parsed(calls.get(path).content, dict[str, JSON], f"GET {path}", source=calls.source)
    except (ForbiddenError, GoneError):
        return None
    return found if inner(found, "key") is not None else None
