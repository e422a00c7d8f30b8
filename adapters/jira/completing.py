"""What a search leaves out of an issue and other calls tell: all comments, the changelog, Service Management's own.

One call tells the changelogs of a page (Cloud); comments cost a call only where the search did not send all of them, or
not who may read them. Used by `pages` and `getting`.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from adapters.jira.answers import HIDDEN, parsed
from adapters.jira.calls import Calls
from adapters.jira.issues import Extras, Site, sent_issue
from adapters.jira.patience import PER_ISSUE, TRIES, Patience, count
from adapters.jira.values import inner, issue_id, number, rows, word
from connector.adapter import Record
from connector.errors import GoneError, TemporaryError
from connector.model import JSON

CHANGES_A_PAGE = 1000
COMMENTS_A_PAGE = 100
MOST_PAGES = 1000
# Service Management's own fields, by the key of their kind; a field's id differs from site to site.
SERVICE_FIELDS = {
    "com.atlassian.servicedesk:vp-origin": "request_type",
    "com.atlassian.servicedesk:sd-customer-organizations": "organizations",
    "com.atlassian.servicedesk:sd-request-participants": "participants",
    "com.atlassian.servicedesk:sd-request-feedback": "satisfaction",
    "com.atlassian.servicedesk:sd-request-feedback-date": "satisfaction_date",
}
SLA_FIELD = "com.atlassian.servicedesk:sd-sla-field"
log = logging.getLogger("amends.jira")


class NoBulkError(Exception):
    """This site has no changelogs in bulk: ask for the issues again, with their changelogs. Met once a process."""


class _ChangeLog(msgspec.Struct, frozen=True):
    issueId: str | int  # noqa: N815 (the vendor's name)
    changeHistories: list[msgspec.Raw] = []  # noqa: N815


class _ChangeLogs(msgspec.Struct, frozen=True):
    issueChangeLogs: list[_ChangeLog]  # noqa: N815
    nextPageToken: str | None = None  # noqa: N815


class _Histories(msgspec.Struct, frozen=True):
    """One page of one issue's changelog."""

    values: list[msgspec.Raw]
    total: int | None = None
    isLast: bool | None = None  # noqa: N815


class _Comments(msgspec.Struct, frozen=True):
    comments: list[msgspec.Raw]
    total: int | None = None


def service_fields(calls: Calls) -> dict[str, str]:
    """Service Management's fields at this site: what it is (see `SERVICE_FIELDS`; "sla:" and its id for an SLA) to the
    field's id."""
    if not calls.settings.service_desk:
        return {}
    path = calls.api("/field")
    fields = parsed(calls.get(path).content, list[dict[str, JSON]], f"GET {path}", source=calls.source)
    kinds = {**SERVICE_FIELDS, **({SLA_FIELD: "sla"} if calls.settings.sla_cycles else {})}
    found = {}
    for one in fields:
        kind, ident = kinds.get(str(inner(one, "schema", "custom"))), word(one.get("id"))
        if kind is not None and ident is not None:
            found[f"sla:{ident}" if kind == "sla" else kind] = ident  # a site has as many SLAs as it likes
    return found


def records(
    calls: Calls, sent: Sequence[tuple[msgspec.Raw, JSON]], known: Mapping[str, str], *, strong: bool = False
) -> list[Record]:
    """The records of issues (as sent, and decoded), completed. `known` is what `service_fields` told; `strong` says
    that they were read by their ids. One that Jira does not tell whole has a problem (see `patience`).

    Raises NoBulkError where the issues have to be asked for once more."""
    logs = changelogs(calls, [issue for _, issue in sent])
    site, seen_at = Site(calls.settings.site), calls.tools.now()
    patience = Patience(calls, len(sent))
    found = []
    for raw, issue in sent:
        extras = _patiently(calls, issue, logs, known, patience)
        found.append(sent_issue(raw, issue, extras._replace(strong=b"true") if strong else extras, site, seen_at))
    patience.settle()
    return found


def _patiently(
    calls: Calls, issue: JSON, logs: Mapping[str, bytes], known: Mapping[str, str], patience: Patience
) -> Extras:
    ident = str(issue_id(inner(issue, "id")))
    try:
        extras = _extras(calls, issue, logs, known)
    except PER_ISSUE as error:
        return Extras(trouble=msgspec.json.encode(patience.trouble(ident, error)))
    patience.well(ident)
    return extras


def _extras(calls: Calls, issue: JSON, logs: Mapping[str, bytes], known: Mapping[str, str]) -> Extras:
    number = issue_id(inner(issue, "id"))
    changes = logs.get(str(number))
    try:
        if changes is None and number is not None and not _changelog_is_whole(issue):
            changes = changelog(calls, str(number))
        return Extras(comments(calls, issue), changes, request_of(calls, issue, known))
    except GoneError:
        # Deleted since it was listed: the census will notice; until then it stands as it was listed.
        return Extras(None, changes, None)


def changelogs(calls: Calls, issues: Sequence[JSON]) -> dict[str, bytes]:
    """The whole changelog by issue id, for those whose own is not sent or not whole, where one call tells all."""
    wanted = [str(ident) for one in issues if (ident := issue_id(inner(one, "id"))) and not _changelog_is_whole(one)]
    if not wanted or not calls.bulk_changelog:
        return {}
    what = f"changelogs from {wanted[0]}"
    try:
        found = _bulk(calls, wanted)
    except HIDDEN as error:
        log.warning("%s: no changelogs in bulk (%s); asking for them with the issues", calls.source, error)
        calls.bulk_changelog = False
        raise NoBulkError(str(error)) from error
    except TemporaryError as error:
        # One issue may be what it stumbles over: after a second try each is asked for by itself.
        if error.applied is not None or count(calls, what) < TRIES:
            raise
        return {}
    calls.troubles.pop(what, None)
    return found


def _changelog_is_whole(issue: JSON) -> bool:
    sent = inner(issue, "changelog")
    total = number(inner(sent, "total"))
    return isinstance(sent, dict) and (total is None or len(rows(sent.get("histories"))) >= total)


def _bulk(calls: Calls, wanted: Sequence[str]) -> dict[str, bytes]:
    path = calls.api("/changelog/bulkfetch")
    found: dict[str, list[msgspec.Raw]] = {ident: [] for ident in wanted}
    body: dict[str, JSON] = {"issueIdsOrKeys": wanted, "maxResults": CHANGES_A_PAGE}
    for _ in range(MOST_PAGES):
        answer = parsed(calls.ask(path, body).content, _ChangeLogs, f"POST {path}", source=calls.source)
        for one in answer.issueChangeLogs:
            found.setdefault(str(one.issueId), []).extend(one.changeHistories)
        if answer.nextPageToken is None or answer.nextPageToken == body.get("nextPageToken"):
            return {ident: joined(changes) for ident, changes in found.items()}
        body["nextPageToken"] = answer.nextPageToken
    raise TemporaryError(f"POST {path}: no end after {MOST_PAGES} pages.", source=calls.source)


def changelog(calls: Calls, ident: str) -> bytes | None:
    """One issue's whole changelog, a list of histories in JSON; None where the site shows none."""
    path = calls.api(f"/issue/{ident}/changelog")
    found: list[msgspec.Raw] = []
    try:
        for _ in range(MOST_PAGES):
            asked = {"startAt": len(found), "maxResults": COMMENTS_A_PAGE}
            page = parsed(calls.get(path, asked, ticket=ident).content, _Histories, f"GET {path}", source=calls.source)
            found += page.values
            if page.isLast or not page.values or (page.total is not None and len(found) >= page.total):
                return joined(found)
    except HIDDEN:
        return _expanded(calls, ident)
    raise TemporaryError(f"GET {path}: no end after {MOST_PAGES} pages.", source=calls.source, ticket=ident)


def _expanded(calls: Calls, ident: str) -> bytes | None:
    path = calls.api(f"/issue/{ident}")
    try:
        content = calls.get(path, {"fields": "updated", "expand": "changelog"}, ticket=ident).content
    except GoneError:
        return None
    histories = inner(parsed(content, dict[str, Any], f"GET {path}", source=calls.source), "changelog", "histories")
    return None if histories is None else msgspec.json.encode(rows(histories))


def comments(calls: Calls, issue: JSON) -> bytes | None:
    """All comments, where the issue does not hold them all with who may read them; else None."""
    sent = inner(issue, "fields", "comment")
    told, total = rows(inner(sent, "comments")), number(inner(sent, "total"))
    if not isinstance(sent, dict) or (
        _all_told(told, total) and not (calls.settings.service_desk and _secretive(told))
    ):
        return None
    return joined(_all_comments(calls, str(issue_id(inner(issue, "id")))))


def _all_told(told: Sequence[JSON], total: int | None) -> bool:
    return total is None or len(told) >= total


def _secretive(told: Sequence[dict[str, JSON]]) -> bool:
    """Whether some comment does not say if customers can read it."""
    return any("jsdPublic" not in one and not one.get("visibility") for one in told)


def _all_comments(calls: Calls, ident: str) -> list[msgspec.Raw]:
    path = calls.api(f"/issue/{ident}/comment")
    found: list[msgspec.Raw] = []
    for _ in range(MOST_PAGES):
        asked = {"startAt": len(found), "maxResults": COMMENTS_A_PAGE, "expand": "properties", "orderBy": "created"}
        content = calls.get(path, asked, ticket=ident).content
        page = parsed(content, _Comments, f"GET {path}", source=calls.source, ticket=ident)
        found += page.comments
        if not page.comments or (page.total is not None and len(found) >= page.total):
            return found
    raise TemporaryError(f"GET {path}: no end after {MOST_PAGES} pages.", source=calls.source, ticket=ident)


def request_of(calls: Calls, issue: JSON, known: Mapping[str, str]) -> bytes | None:
    """What only Service Management tells; None where the source does not read it."""
    if not calls.settings.service_desk:
        return None
    told: dict[str, JSON] = {"fields": dict(known)}
    if inner(issue, "fields", known.get("satisfaction", "")) is not None:
        told["feedback"] = _feedback(calls, issue)
    return msgspec.json.encode(told)


def _feedback(calls: Calls, issue: JSON) -> JSON:
    """The customer's rating with their words; None where we may not read it (the field has the rating alone)."""
    ident = str(issue_id(inner(issue, "id")))
    path = f"/rest/servicedeskapi/request/{ident}/feedback"
    try:
        content = calls.get(path, ticket=ident, experimental=True).content
        return parsed(content, dict[str, JSON], f"GET {path}", source=calls.source, ticket=ident)
    except HIDDEN:
        return None


def joined(raws: Sequence[msgspec.Raw]) -> bytes:
    """A JSON list of these."""
    return b"".join((b"[", b",".join(bytes(raw) for raw in raws), b"]"))
