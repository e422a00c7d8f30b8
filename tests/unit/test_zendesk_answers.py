"""Every refusal of Zendesk becomes the error of its remedy, and only proof counts as proof."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
import responses

from adapters.zendesk.calls import Calls
from adapters.zendesk.settings import ZendeskSettings
from connector.errors import (
    AmendsError,
    AuthError,
    ConflictError,
    CursorError,
    GoneError,
    RejectedError,
    SettingsError,
    TemporaryError,
)
from connector.http import session
from connector.testing import plain_tools

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
SITE = "https://acme.zendesk.com"
HTML = "<!doctype html><html><body>Please wait</body></html>"
READ, EXPORT, WRITE = "/api/v2/tickets/7.json", "/api/v2/incremental/tickets/cursor.json", "/api/v2/tickets/8.json"
NOT_FOUND = {"error": "RecordNotFound", "description": "Not found"}
FORBIDDEN = {"error": {"title": "Forbidden", "message": "You do not have access to this page."}}
INVALID = {
    "error": "RecordInvalid",
    "description": "Record validation errors",
    "details": {"status": [{"description": "Status: closed prevents ticket update"}]},
}
TOO_RECENT = {"error": "StartTimeTooRecent", "description": "Too recent start_time. Use a start_time older than 60 s"}
UPDATE_CONFLICT = {"error": "UpdateConflict", "description": "Safe Update prevented the update"}
COLLISION = {"error": "DatabaseConflict", "description": "Database collision"}
BAD_CURSOR = {"error": "InvalidCursor", "description": "The cursor has expired."}

TABLE: list[tuple[int, Any, dict[str, type[AmendsError]]]] = [
    (400, {"error": "InvalidValue"}, {READ: SettingsError, EXPORT: CursorError, WRITE: RejectedError}),
    (400, TOO_RECENT, {EXPORT: TemporaryError}),
    (400, BAD_CURSOR, {EXPORT: CursorError}),
    (400, HTML, {READ: TemporaryError, EXPORT: TemporaryError, WRITE: TemporaryError}),
    (401, {"error": "Couldn't authenticate you"}, {READ: AuthError, EXPORT: AuthError, WRITE: AuthError}),
    (401, HTML, {READ: AuthError, WRITE: AuthError}),
    (403, FORBIDDEN, {READ: AuthError, EXPORT: AuthError, WRITE: AuthError}),
    (403, HTML, {READ: TemporaryError, EXPORT: TemporaryError, WRITE: TemporaryError}),
    (404, NOT_FOUND, {READ: GoneError, EXPORT: SettingsError, WRITE: GoneError}),
    (404, {"error": "InvalidEndpoint"}, {READ: SettingsError, EXPORT: SettingsError, WRITE: SettingsError}),
    (404, HTML, {READ: TemporaryError, EXPORT: TemporaryError, WRITE: TemporaryError}),
    (405, {"error": "no"}, {WRITE: RejectedError}),
    (408, "", {READ: TemporaryError, WRITE: TemporaryError}),
    (409, UPDATE_CONFLICT, {WRITE: ConflictError, READ: TemporaryError}),
    (409, COLLISION, {WRITE: TemporaryError}),
    (409, HTML, {WRITE: TemporaryError}),
    (410, {"error": "gone"}, {EXPORT: CursorError, READ: GoneError}),
    (413, HTML, {WRITE: RejectedError}),
    (422, INVALID, {WRITE: RejectedError, EXPORT: CursorError, READ: SettingsError}),
    (422, TOO_RECENT, {EXPORT: TemporaryError}),
    (422, HTML, {WRITE: TemporaryError}),
    (429, {"error": "TooManyRequests"}, {READ: TemporaryError, EXPORT: TemporaryError, WRITE: TemporaryError}),
    *((status, HTML, dict.fromkeys((READ, EXPORT, WRITE), TemporaryError)) for status in range(500, 512)),
    (503, {"error": "maintenance"}, {WRITE: TemporaryError}),
]  # fmt: skip


def calls() -> Calls:
    settings = ZendeskSettings(url=SITE, auth="api_token", email="me@example.net")
    return Calls("shop", settings, plain_tools(lambda: NOW, {"api_token": "t0psecret"}, session("shop")))


def made(path: str, status: int, body: Any, **headers: str) -> responses.RequestsMock:
    mock = responses.RequestsMock()
    method = responses.PUT if path == WRITE else responses.GET
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    what: dict[str, Any] = {"body": body, "content_type": "text/html"} if isinstance(body, str) else {"json": body}
    mock.add(method, SITE + path, status=status, headers=named, **what)
    return mock


def call(path: str) -> Any:
    return calls().put(path, {"ticket": {}}, ticket="8") if path == WRITE else calls().get(path, ticket="7")


@pytest.mark.parametrize(
    ("status", "body", "path", "error"),
    [(status, body, path, error) for status, body, errors in TABLE for path, error in errors.items()],
)
def test_each_refusal_becomes_the_error_of_its_remedy(
    status: int, body: Any, path: str, error: type[AmendsError]
) -> None:
    with made(path, status, body) as mock:
        with pytest.raises(error) as caught:
            call(path)
        assert len(mock.calls) == 1
    assert str(status) in str(caught.value)
    assert (caught.value.source, caught.value.ticket) == ("shop", "8" if path == WRITE else "7")


@pytest.mark.parametrize(
    ("status", "body", "headers", "applied"),
    [
        (429, {"error": "TooManyRequests"}, {}, False),
        (429, "slow down", {"Retry_After": "7"}, False),
        (429, HTML, {"X_Rate_Limit": "700"}, False),
        (429, HTML, {}, None),
        (429, "", {}, None),
        (500, {"error": "oops"}, {}, None),
        (502, HTML, {}, None),
        (504, HTML, {"Retry_After": "1"}, None),
        (408, "", {}, None),
        (409, COLLISION, {}, None),
    ],
)
def test_only_a_limit_that_shows_itself_proves_that_nothing_was_written(
    status: int, body: Any, headers: dict[str, str], applied: bool | None
) -> None:
    with made(WRITE, status, body, **headers), pytest.raises(TemporaryError) as caught:
        call(WRITE)
    assert caught.value.applied is applied


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("93", 93), ("Mon, 02 Mar 2026 09:00:30 GMT", 30), ("86400", 900), ("-1", None), ("soon", None), (None, None)],
)
def test_the_wait_that_zendesk_asks_for_is_passed_on(header: str | None, seconds: float | None) -> None:
    headers = {} if header is None else {"Retry_After": header}
    with made(READ, 429, {"error": "TooManyRequests"}, **headers), pytest.raises(TemporaryError) as caught:
        call(READ)
    assert caught.value.retry_after_seconds == seconds


def test_a_refused_value_is_named_with_its_field() -> None:
    with made(WRITE, 422, INVALID), pytest.raises(RejectedError, match="status: Status: closed prevents ticket update"):
        call(WRITE)


def test_reasons_are_cut_to_a_readable_length() -> None:
    with made(WRITE, 422, {"error": "x" * 100_000}), pytest.raises(RejectedError) as caught:
        call(WRITE)
    assert len(str(caught.value)) < 1000


@pytest.mark.parametrize("url", ["http://acme.zendesk.com", "acme.zendesk.com", "https://a@b.c", "https://a.b/c", ""])
def test_an_address_that_is_no_account_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="url"):
        ZendeskSettings(url=url)


def test_plain_http_is_for_loopback_and_an_api_token_needs_its_user() -> None:
    assert ZendeskSettings(url="http://127.0.0.1:8000/").site == "http://127.0.0.1:8000"
    with pytest.raises(ValueError, match="email"):
        ZendeskSettings(url=SITE, auth="api_token")
    for size in (0, 1001):
        with pytest.raises(ValueError, match="page_size"):
            ZendeskSettings(url=SITE, page_size=size)
