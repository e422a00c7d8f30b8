"""Who we are at the site and what we may do there: `check`, and the projects to choose from. Used by the adapter."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from adapters.jira.answers import NowhereError, parsed
from adapters.jira.calls import Calls
from adapters.jira.circles import missing_circles
from adapters.jira.getting import project
from adapters.jira.search import zone_of
from adapters.jira.values import inner, person_id, rows, word
from connector.adapter import Identity
from connector.errors import AuthError, GoneError, SettingsError, TemporaryError
from connector.model import JSON

# What each permission is for. https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-permissions/
NEEDED = {
    "BROWSE_PROJECTS": "reading needs it",
    "ADD_COMMENTS": "notes need it",
    "EDIT_ISSUES": "labels, fields and our invisible marks need it",
}
WANTED = {
    "TRANSITION_ISSUES": "changing a status needs it",
    "ASSIGN_ISSUES": "changing the owner needs it",
    "CREATE_ISSUES": "opening corrective issues needs it",
    "LINK_ISSUES": "linking duplicates needs it",
    "DELETE_OWN_COMMENTS": "taking back a doubled note of ours needs it",
}
AGENT = {"SERVICEDESK_AGENT": "internal comments and SLAs need it; give the user a Service Management licence"}
ONE_YEAR = (
    "API tokens end a year after they were made, or sooner; nothing tells us when. Note the day, and make a new one "
    "before it."
)
OLD_SERVER = "Jira before version 10 gets no more fixes: version 9 ended on 26 June 2026."
OLDEST_SERVER = 10
PAGE = 50
MOST_PAGES = 200


def check(calls: Calls) -> Identity:
    """Raises AuthError where we are nobody, TemporaryError."""
    me = who_am_i(calls)
    server = _answer(calls, "/serverInfo")
    shown = {key: project(calls, key) for key in calls.settings.projects}
    may, missing = _rights(calls, shown)
    missing += missing_circles(calls, me, filter(None, shown.values()))
    warnings = list(_warnings(calls, me, server))
    return Identity(
        account=(word(server.get("baseUrl")) or calls.settings.site).rstrip("/"),
        actor=person_id(me),
        name=word(me.get("displayName")) or person_id(me) or "",
        may=tuple(may),
        missing=tuple(missing),
        warnings=tuple(warnings),
    )


def who_am_i(calls: Calls) -> dict[str, JSON]:
    """The user that our calls act as. Raises AuthError where Jira takes us for nobody, TemporaryError where there is no
    Jira at the address."""
    try:
        me = _answer(calls, "/myself")
    except NowhereError as error:
        raise NowhereError(
            f"there is no Jira at {calls.settings.site}: {error.message}",
            source=calls.source,
            remedy="Check `url` and its path: a Data Center may want one, such as /jira.",
            retry_after_seconds=error.retry_after_seconds,
        ) from error
    except GoneError as error:
        raise AuthError("Jira takes us for nobody.", source=calls.source, remedy="Check the secrets.") from error
    if person_id(me) is None:
        raise AuthError("Jira takes us for nobody.", source=calls.source, remedy="Check the secrets.")
    return me


def _answer(calls: Calls, path: str, **asked: JSON) -> dict[str, JSON]:
    whole = calls.api(path)
    return parsed(calls.get(whole, asked or None).content, dict[str, JSON], f"GET {whole}", source=calls.source)


def _warnings(calls: Calls, me: dict[str, JSON], server: dict[str, JSON]) -> Iterator[str]:
    if calls.settings.auth in ("api_token", "scoped_token"):
        yield ONE_YEAR
    numbers = server.get("versionNumbers")
    version = numbers[0] if isinstance(numbers, list) and numbers else None
    if not calls.settings.cloud and isinstance(version, int) and version < OLDEST_SERVER:
        yield OLD_SERVER
    if zone_of(me.get("timeZone")) is None:
        yield (
            f"the time zone of our user, {me.get('timeZone')!r}, is none that we know: each read begins half a day "
            "early. Set a usual zone in the user's profile."
        )


def _rights(calls: Calls, shown: Mapping[str, dict[str, JSON] | None]) -> tuple[list[str], list[str]]:
    """What we may do in all projects, and what is missing somewhere, with the way to grant it."""
    wanted = NEEDED | WANTED | (AGENT if calls.settings.service_desk else {})
    lacking: dict[str, list[str]] = {name: [] for name in wanted}
    missing = []
    for key, there in shown.items():
        if there is None:
            missing.append(f"{key}: we may not browse it: grant Browse Projects or take it out of `projects`")
            continue
        granted = _granted(calls, key, list(wanted))
        for name in wanted:
            if name not in granted:
                lacking[name].append(key)
    for name, keys in lacking.items():
        if keys:
            missing.append(f"{name} in {', '.join(keys)}: {wanted[name]}; grant it in the project's permission scheme")
    seen = any(there is not None for there in shown.values())
    return [name.lower() for name, keys in lacking.items() if seen and not keys], missing


def _granted(calls: Calls, key: str, wanted: list[str]) -> set[str]:
    told: list[str] = []
    for names in (wanted, *([name] for name in wanted)):
        # One name that this Jira does not know (an edition without Service Management) spoils the whole question.
        try:
            found = _answer(calls, "/mypermissions", projectKey=key, permissions=",".join(names)).get("permissions")
        except (SettingsError, GoneError):
            continue
        mine = found if isinstance(found, dict) else {}
        told += [name for name in names if inner(mine, name, "havePermission") is True]
        if names is wanted:
            break
    return set(told)


def projects(calls: Calls) -> tuple[tuple[str, str], ...]:
    """(key, name) of every project that we can see. Raises what `who_am_i` raises."""
    who_am_i(calls)
    path = calls.api("/project/search" if calls.settings.cloud else "/project")
    if not calls.settings.cloud:
        return _pairs(_list(calls, path))
    found: list[dict[str, JSON]] = []
    for _ in range(MOST_PAGES):
        asked = {"startAt": len(found), "maxResults": PAGE, "orderBy": "key"}
        page = parsed(calls.get(path, asked).content, dict[str, Any], f"GET {path}", source=calls.source)
        found += rows(page.get("values"))
        if page.get("isLast") is not False or not page.get("values"):
            return _pairs(found)
    raise TemporaryError(f"GET {path}: no end after {MOST_PAGES} pages.", source=calls.source)


def _list(calls: Calls, path: str) -> list[dict[str, JSON]]:
    return rows(parsed(calls.get(path).content, list[Any], f"GET {path}", source=calls.source))


def _pairs(found: list[dict[str, JSON]]) -> tuple[tuple[str, str], ...]:
    return tuple((key, word(one.get("name")) or key) for one in found if (key := word(one.get("key"))))
