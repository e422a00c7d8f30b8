"""Asking Jira which issues changed: the question (JQL), its bound in the account's zone, and one page of the answer.

JQL has minutes at best, no zone, and is read in the zone of the account that asks. A bound is therefore rendered in
that zone, and never lies after the instant that is wanted: rounded down to the minute, and where a clock change makes
the text ambiguous, moved back until its later reading is not too late. The upper end stays open: a bound from our clock
would hide what changes more often than two clocks agree. Used by `pages` and `getting`.
https://support.atlassian.com/jira-software-cloud/docs/jql-fields/#Updated
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from zoneinfo import ZoneInfo

import msgspec

from adapters.jira.answers import ForbiddenError, parsed
from adapters.jira.calls import Calls
from adapters.jira.issues import CHANNEL
from adapters.jira.values import inner, issue_id, loaded, milliseconds, moment, word
from connector.errors import AuthError, CursorError, TemporaryError
from connector.model import JSON

OLDEST_FIRST = "ORDER BY updated ASC, key ASC"
BY_KEY = "ORDER BY key ASC"  # no change of an issue moves it in this order
ALWAYS = (
    *("summary", "description", "status", "priority", "assignee", "reporter", "creator", "labels", "project"),
    *("issuetype", "created", "updated", "resolution", "resolutiondate", "comment"),
)
OURS = frozenset(
    {"id", "key", "url", "request_type", "organizations", "participants", "channel", "satisfaction", "properties"}
)
MINUTE = timedelta(minutes=1)
NEARBY = timedelta(hours=6)
STEP_BACK = timedelta(minutes=30)  # every clock change known today is a multiple of this
FARTHEST_AHEAD = timedelta(hours=12)  # how far west of UTC a zone that we do not know may lie
MANY = 1000
MOST_IDS = 5000
MOST_PAGES = 10_000
NO_SUCH_PROJECT = "for the field 'project'"  # so Jira refuses a question that names a project which we may not browse


class HiddenError(ForbiddenError):
    """A search names a project that is gone, or that we may not browse."""


class Found(msgspec.Struct, frozen=True):
    """One page of a search. `after` is where the next one begins, None at the end; `at` is Jira's own time."""

    issues: list[msgspec.Raw]
    after: str | int | None
    at: datetime | None = None


class _Answer(msgspec.Struct, frozen=True):
    issues: list[msgspec.Raw]
    nextPageToken: str | None = None  # noqa: N815 (the vendor's name)
    isLast: bool | None = None  # noqa: N815
    startAt: int = 0  # noqa: N815
    total: int | None = None


class Asked(msgspec.Struct, frozen=True):
    """What to search for: `jql` whole, and what to show of each issue."""

    jql: str
    fields: tuple[str, ...]
    properties: tuple[str, ...] = ()
    expand: tuple[str, ...] = ()


def zone_of(name: JSON) -> ZoneInfo | None:
    """The zone of an account; None where it is not one that we know."""
    try:
        return ZoneInfo(name) if isinstance(name, str) else None
    except (ValueError, OSError, KeyError):  # ZoneInfoNotFoundError is a KeyError
        return None


def bound_text(wanted: datetime, zone: ZoneInfo | None) -> str:
    """The JQL literal of `wanted` (aware) for an account in `zone`; however it is read there, it is not later.

    A zone that we do not know may lie anywhere, so half a day is added in front."""
    if zone is None:
        return _minute(wanted.astimezone(UTC) - FARTHEST_AHEAD)
    local = wanted.astimezone(zone).replace(second=0, microsecond=0, tzinfo=None)
    while latest_reading(local, zone) > wanted:
        local -= STEP_BACK
    return _minute(local)


def latest_reading(local: datetime, zone: ZoneInfo) -> datetime:
    """The latest instant that a wall clock in `zone` may mean by `local`: of an hour that comes twice the second, of
    one that never comes what is read without the change."""
    return max(local.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))


def earliest_reading(wanted: datetime, zone: ZoneInfo | None) -> datetime:
    """The earliest instant from which a search with the bound of `wanted`, or of an instant soon after, may answer.

    Where clocks are set back nearby, a bound may be read as an hour (at one place, two) before it was meant."""
    if zone is None:
        return wanted - timedelta(days=2)
    before, after = ((wanted + way * NEARBY).astimezone(zone).utcoffset() for way in (-1, 1))
    return wanted - MINUTE if before == after else wanted - NEARBY


def _minute(local: datetime) -> str:
    # strftime does not pad the year.
    return f"{local.year:04d}-{local:%m-%d %H:%M}"


def changed_since(calls: Calls, bound: str | None, projects: Sequence[str]) -> str:
    """The JQL for issues of these projects changed at or after `bound` (None: all)."""
    conditions = _ours(calls, projects)
    if bound is not None:
        conditions.append(f'updated >= "{bound}"')
    return f"{' AND '.join(conditions)} {OLDEST_FIRST}"


def unfinished_or_changed_since(calls: Calls, bound: str, projects: Sequence[str]) -> str:
    """The JQL for issues of these projects that are not done, or changed at or after `bound`."""
    return f'{" AND ".join(_ours(calls, projects))} AND (updated >= "{bound}" OR statusCategory != Done) {BY_KEY}'


def _ours(calls: Calls, projects: Sequence[str]) -> list[str]:
    extra = calls.settings.jql
    return [_in(projects), *((f"({extra})",) if extra else ())]


def _in(projects: Sequence[str]) -> str:
    keys = ", ".join(f'"{key}"' for key in projects)
    return f"project in ({keys})"


def visible(calls: Calls, projects: Sequence[str]) -> list[str]:
    """Those of `projects` that a search may name; costs a call for each.

    Asked by a search, since that is what is refused: who administers a project is shown it and may still not browse."""
    return [key for key in projects if searchable(calls, [key])]


def still_visible(calls: Calls, projects: Sequence[str], error: HiddenError) -> list[str]:
    """Those of `projects` that a search may name, after one for all of them ended in `error`. It is raised where none
    is left, and where it is about none of them."""
    left = visible(calls, projects)
    if not left or len(left) == len(projects):
        raise error
    return left


def searchable(calls: Calls, projects: Sequence[str]) -> bool:
    """Whether a search may name all of these projects."""
    try:
        search(calls, Asked(_in(projects), ("id",)), None, 1)
    except HiddenError:
        return False
    return True


def fields_to_ask(calls: Calls, *more: str) -> tuple[str, ...]:
    """What an issue is asked for: what we always need, what the settings name, and `more`."""
    named = (name.partition(".")[0] for name in calls.settings.fields)
    return tuple(dict.fromkeys((*ALWAYS, *(name for name in named if name not in OURS), *more)))


def properties_to_ask(calls: Calls) -> tuple[str, ...]:
    return (CHANNEL,) if calls.settings.service_desk and calls.settings.cloud else ()


def search(calls: Calls, asked: Asked, after: str | int | None, size: int) -> Found:
    """One page of at most `size` issues. Raises CursorError where `after` is no longer taken, HiddenError."""
    path = calls.api("/search/jql" if calls.settings.cloud else "/search")
    body: dict[str, JSON] = {"jql": asked.jql, "fields": asked.fields, "maxResults": size}
    if calls.settings.cloud:
        body |= {"expand": ",".join(asked.expand)} if asked.expand else {}
        body |= {"properties": asked.properties} if asked.properties else {}
        body |= {"nextPageToken": after} if after is not None else {}
    else:
        body |= {"startAt": after or 0, "expand": asked.expand}
    try:
        response = calls.ask(path, body, search=True)
    except AuthError as error:
        if NO_SUCH_PROJECT not in error.message.lower():
            raise
        raise HiddenError(error.message, source=calls.source, remedy=error.remedy) from error
    answer = _answer(response.content, f"POST {path}", calls.source)
    follows = _token(answer, after, calls) if calls.settings.cloud else _offset(answer)
    return Found(answer.issues, follows, dated(response.headers.get("Date")))


def _answer(content: bytes, what: str, source: str) -> _Answer:
    """The page, also where a single issue in it holds what strict JSON forbids (NaN, half a character)."""
    try:
        return parsed(content, _Answer, what, source=source)
    except TemporaryError:
        try:
            mended = msgspec.json.encode(loaded(content))
        except ValueError:
            mended = b""
        if not mended:
            raise
        return parsed(mended, _Answer, what, source=source)


def dated(header: str | None) -> datetime | None:
    """The instant of a Date header; None where there is none, or none that makes sense."""
    try:
        at = parsedate_to_datetime(header or "")
    except ValueError:
        return None
    return at.astimezone(UTC) if at.tzinfo else None


def _token(answer: _Answer, before: str | int | None, calls: Calls) -> str | None:
    if answer.isLast is True or (answer.isLast is None and answer.nextPageToken is None):
        return None
    if answer.nextPageToken is None:
        raise TemporaryError("the search broke off: no page token, and no end either.", source=calls.source)
    if answer.nextPageToken == before:
        raise CursorError(f"the search runs in a circle at {before!r}.", source=calls.source)
    return answer.nextPageToken


def _offset(answer: _Answer) -> int | None:
    reached = answer.startAt + len(answer.issues)
    return reached if answer.issues and (answer.total is None or reached < answer.total) else None


def listed(calls: Calls, jql: str) -> Iterator[list[tuple[str, int]]]:
    """(id, version) of all issues of a search, in portions."""
    for found in _all(calls, Asked(jql, ("updated",)), MANY):
        yield [known for _, issue in decoded(found.issues) if (known := id_and_version(issue)) is not None]


def standing(calls: Calls, bound: str) -> Iterator[list[tuple[str, int]]]:
    """(id, version) of the issues that are not done or changed at or after `bound`, of the projects that we may browse.
    Raises HiddenError where that is none, or where one is lost on the way."""
    every = calls.settings.projects
    begun = False
    try:
        for portion in listed(calls, unfinished_or_changed_since(calls, bound, every)):
            begun = True
            yield portion
        return
    except HiddenError as error:
        if begun:
            raise  # what was told would be told twice; the next count begins without the one that was lost
        left = still_visible(calls, every, error)
    yield from listed(calls, unfinished_or_changed_since(calls, bound, left))


def ids(calls: Calls, jql: str, count: int) -> list[str]:
    """The ids of the first `count` issues of a search; ids alone come by the thousand."""
    found: list[str] = []
    for page in _all(calls, Asked(jql, ("id",)), min(count, MOST_IDS)):
        found += [str(ident) for _, issue in decoded(page.issues) if (ident := issue_id(inner(issue, "id")))]
        if len(found) >= count:
            break
    return found[:count]


def _all(calls: Calls, asked: Asked, size: int) -> Iterator[Found]:
    after: str | int | None = None
    for _ in range(MOST_PAGES):
        found = search(calls, asked, after, size)
        yield found
        after = found.after
        if after is None:
            return
    raise TemporaryError(f"the search has no end after {MOST_PAGES} pages.", source=calls.source)


def decoded(raws: Sequence[msgspec.Raw]) -> Iterator[tuple[msgspec.Raw, JSON]]:
    """Each as sent and decoded; None for what cannot be."""
    for raw in raws:
        try:
            yield raw, loaded(raw)
        except ValueError:
            yield raw, None


def id_and_version(issue: JSON) -> tuple[str, int] | None:
    """What an issue is known by; None where it does not say."""
    ident, updated = issue_id(inner(issue, "id")), moment(inner(issue, "fields", "updated"))
    return None if ident is None or updated is None else (str(ident), milliseconds(updated))


def account_zone(calls: Calls) -> ZoneInfo | None:
    """The zone in which Jira reads our times; asked anew for each read, since its owner may change it any day."""
    path = calls.api("/myself")
    me = parsed(calls.get(path).content, dict[str, JSON], f"GET {path}", source=calls.source)
    return zone_of(word(me.get("timeZone")))
