"""Our notes on an issue: comments that are internal from their first moment, found again by their marker.

In a service desk a comment is PUBLIC unless the property sd.public.comment says otherwise in the very call that makes
it. Elsewhere everybody who sees the issue reads its comments, so ours are restricted to a role or group. There is no
compare-and-set for comments: where a late copy landed after all, the younger one is taken away. Used by `writing`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from adapters.jira import documents, wiki
from adapters.jira.answers import HIDDEN, parsed
from adapters.jira.calls import Calls
from adapters.jira.target import Target, issue_path
from adapters.jira.values import inner, moment
from connector.errors import AmendsError, AuthError, ExposedError, GoneError, RejectedError, TemporaryError
from connector.model import JSON, Action

MARKER = "amends.marker"  # the comment's property; its value is {"value": marker}
INTERNAL = "sd.public.comment"
PAGE = 100
MOST_PAGES = 20
Comment = dict[str, Any]


class TooManyError(AmendsError):
    """There are more comments since the write than we look through."""


def leave(calls: Calls, action: Action, target: Target) -> str:
    """Add the note as a comment and return its id. Raises what `Calls.post` raises; ExposedError."""
    properties: list[JSON] = [{"key": MARKER, "value": {"value": action.marker}}]
    body: dict[str, JSON] = {"body": _body(calls, action.effect.note or ""), "properties": properties}
    if target.is_request(calls.settings.service_desk):
        properties.append({"key": INTERNAL, "value": {"internal": True}})
    else:
        kind, _, name = calls.settings.note_visibility.partition(":")
        body["visibility"] = {"type": kind, "value": name}
    path = issue_path(calls, target.id, "/comment")
    content = calls.post(path, body, {"expand": "properties"}, ticket=target.id).content
    made = parsed(content, dict[str, JSON], f"POST {path}", source=calls.source, ticket=target.id)
    if not made.get("id"):
        raise TemporaryError(f"POST {path}: the answer shows no comment.", source=calls.source, ticket=target.id)
    refuse_exposed(calls, target, made)
    return str(made["id"])


def find(calls: Calls, action: Action, target: Target, since: datetime) -> list[Comment]:
    """Our comments for this write, oldest first; none made before `since` is looked at. Raises TooManyError."""
    return with_marker(calls, action.marker, action.effect.note or "", target, since)


def with_marker(calls: Calls, marker: str, text: str, target: Target, since: datetime) -> list[Comment]:
    """The same for the note `text` of another write of ours."""
    found = [one for one in _newest_first(calls, target, since) if _is_ours(calls, marker, text, target, one)]
    return sorted(found, key=lambda one: (moment(one.get("created")) or since, str(one.get("id")).zfill(20)))


def repair(calls: Calls, target: Target, comments: list[Comment]) -> dict[str, JSON]:
    """Take away all our copies but the oldest. What is told in the receipt: how many, or how many could not be."""
    gone = 0
    for one in comments[1:]:
        try:
            calls.delete(issue_path(calls, target.id, f"/comment/{one['id']}"), ticket=target.id)
        except GoneError:
            continue  # somebody was faster
        except (AuthError, TemporaryError):
            raise
        except AmendsError as error:
            return {"repaired": gone, "copies": len(comments) - 1 - gone, "why": error.message}
        gone += 1
    return {"repaired": gone} if gone else {}


def refuse_exposed(calls: Calls, target: Target, comment: Comment) -> None:
    """Raise ExposedError where somebody may read the comment who should not, or where nobody can tell."""
    exposed = _exposed(calls, target, comment)
    if exposed is not None:
        raise ExposedError(
            f"our internal note {exposed} (comment {comment.get('id')}).",
            source=calls.source,
            ticket=target.id,
            remedy="Look at it in Jira now: make it internal, or delete it; `amends resume` once it is known why.",
        )


def refuse_unprovable(calls: Calls, target: Target) -> None:
    """Raise RejectedError before a note is left where we could not tell afterwards who can read it: on a Data Center
    only the service desk knows, and it may have no answer for our user."""
    if calls.settings.cloud or not target.is_request(calls.settings.service_desk):
        return
    try:
        calls.get(f"/rest/servicedeskapi/request/{target.id}/comment", {"limit": 1}, ticket=target.id, writing=True)
    except GoneError:
        return  # it is no request, so no customer reads it
    except HIDDEN as error:
        raise RejectedError(
            f"the service desk does not tell our user who can read a comment, so no note is left: {error.message}",
            source=calls.source,
            ticket=target.id,
            remedy="Give the integration user a Service Management licence and make it an agent of the project, or set "
            "`notes: property_only`.",
        ) from error


def _exposed(calls: Calls, target: Target, comment: Comment) -> str | None:
    """What is wrong with who can read the comment; None where nothing is."""
    if inner(comment, "visibility", "value") or inner(comment, "visibility", "identifier"):
        return None
    if not target.is_request(calls.settings.service_desk):
        return "came out unrestricted"
    public = comment.get("jsdPublic")
    if public is None:
        try:
            public = _told_by_the_desk(calls, target, comment)
        except HIDDEN as error:
            return f"may be PUBLIC: the service desk does not tell us, {error.message}"
    return None if public is False else "came out PUBLIC"


def _told_by_the_desk(calls: Calls, target: Target, comment: Comment) -> JSON:
    """Data Center's platform API does not say who sees a comment; the service desk's own does, for requests."""
    path = f"/rest/servicedeskapi/request/{target.id}/comment/{comment.get('id')}"
    try:
        content = calls.get(path, ticket=target.id, writing=True).content
    except GoneError:
        return not inner(_properties(comment), INTERNAL, "internal")
    return parsed(content, dict[str, JSON], f"GET {path}", source=calls.source, ticket=target.id).get("public")


def _body(calls: Calls, note: str) -> JSON:
    return documents.document_of(note) if calls.settings.cloud else wiki.markup_of(note)


def _newest_first(calls: Calls, target: Target, since: datetime) -> Iterator[Comment]:
    path = issue_path(calls, target.id, "/comment")
    start = 0
    for _ in range(MOST_PAGES):
        asked = {"orderBy": "-created", "expand": "properties", "startAt": start, "maxResults": PAGE}
        content = calls.get(path, asked, ticket=target.id, writing=True).content
        sent = parsed(content, dict[str, JSON], f"GET {path}", source=calls.source, ticket=target.id)
        page = [one for one in sent.get("comments") or () if isinstance(one, dict)]
        yield from (one for one in page if (moment(one.get("created")) or since) >= since)
        start += len(page)
        total = sent.get("total")
        whole = start >= total if isinstance(total, int) else len(page) < PAGE
        times = [at for one in page if (at := moment(one.get("created"))) is not None]
        # Only a list that does run backwards may be left before its end.
        if not page or whole or (times and times[-1] < since and times == sorted(times, reverse=True)):
            return
    raise TooManyError(
        f"the issue has more than {MOST_PAGES * PAGE} comments since the write, more than we look through.",
        source=calls.source,
        ticket=target.id,
        remedy="Look in the issue whether our note is there.",
    )


def says(calls: Calls, comment: Comment, text: str) -> bool:
    """Whether the comment still has the words of the note `text`."""
    return _plain(comment.get("body")) == _plain(_body(calls, text))


def _is_ours(calls: Calls, marker: str, text: str, target: Target, comment: Comment) -> bool:
    if isinstance(comment.get("properties"), list):
        return bool(inner(_properties(comment), MARKER, "value") == marker)
    if not says(calls, comment, text):
        return False
    path = calls.api(f"/comment/{comment.get('id')}/properties/{MARKER}")
    try:
        content = calls.get(path, ticket=target.id, writing=True).content
    except GoneError:
        return False
    sent = parsed(content, dict[str, JSON], f"GET {path}", source=calls.source, ticket=target.id)
    return bool(inner(sent, "value", "value") == marker)


def _plain(body: JSON) -> list[str]:
    return (wiki.text_of(body) if isinstance(body, str) else documents.text_of(body)).split()


def _properties(comment: Comment) -> dict[str, JSON]:
    sent = comment.get("properties")
    pairs = sent if isinstance(sent, list) else []
    return {str(one.get("key")): one.get("value") for one in pairs if isinstance(one, dict)}
