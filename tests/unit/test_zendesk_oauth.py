"""OAuth tokens are fetched once, kept before they are used, renewed once, and otherwise a matter for a person."""

from __future__ import annotations

import base64
import threading
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import responses
from responses import matchers

from adapters.zendesk.calls import Calls
from adapters.zendesk.settings import ZendeskSettings
from connector.adapter import Tools
from connector.credentials import SourceCredentials
from connector.errors import AuthError, SettingsError, TemporaryError
from connector.http import session
from connector.testing import FixedCredentials, NoLimit
from sandbox.clock import SandboxClock
from sandbox.zendesk import Account, content, serve

SITE = "https://acme.zendesk.com"
ME = f"{SITE}/api/v2/users/me.json"
TOKENS = f"{SITE}/oauth/tokens"
REFUSED = {"error": "invalid_token", "error_description": "The access token provided is expired."}


class World:
    """A client of one account, with a clock that stands still."""

    def __init__(self, auth: Any, secrets: Mapping[str, str], url: str = SITE, credentials: Any = None) -> None:
        self.now = datetime(2026, 3, 2, 9, tzinfo=UTC)
        self.credentials = credentials or FixedCredentials(secrets)
        settings = ZendeskSettings(url=url, auth=auth, email="me@example.net" if auth == "api_token" else None)
        tools = Tools(session=session("shop"), budget=NoLimit(), credentials=self.credentials, now=lambda: self.now)
        self.calls = Calls("shop", settings, tools)

    def ask(self) -> Any:
        return self.calls.get("/api/v2/users/me.json").json()


CLIENT = {"client_id": "amends", "client_secret": "hush"}


def bearer(token: str) -> Any:
    return matchers.header_matcher({"Authorization": f"Bearer {token}"})


def grant(token: str, **more: Any) -> dict[str, Any]:
    return {"access_token": token, "token_type": "bearer", "scope": "read write", **more}


@responses.activate
def test_a_client_gets_its_token_with_the_first_call_and_keeps_it() -> None:
    world = World("oauth_client", CLIENT)
    asked = {**CLIENT, "grant_type": "client_credentials", "scope": "read write"}
    fetched = responses.post(TOKENS, json=grant("a1", expires_in=1800), match=[matchers.json_params_matcher(asked)])
    responses.get(ME, json={"user": {}}, match=[bearer("a1")])
    world.ask()
    world.ask()
    assert fetched.call_count == 1
    assert world.credentials.current()["access_token"] == "a1"


@responses.activate
def test_a_token_about_to_end_is_renewed_before_it_is_used() -> None:
    world = World("oauth_client", CLIENT)
    responses.post(TOKENS, json=grant("a1", expires_in=1800))
    responses.post(TOKENS, json=grant("a2", expires_in=1800))
    responses.get(ME, json={"user": {}}, match=[bearer("a1")])
    responses.get(ME, json={"user": {}}, match=[bearer("a2")])
    world.ask()
    world.now += timedelta(seconds=1800 - 59)
    world.ask()
    assert world.credentials.current()["access_token"] == "a2"


@responses.activate
def test_a_refused_token_is_renewed_once_and_the_new_pair_is_kept_before_use() -> None:
    world = World("oauth_refresh", {**CLIENT, "access_token": "a1", "refresh_token": "r1"})
    kept_when_used: list[str] = []

    def used(request: Any) -> tuple[int, dict[str, str], str]:
        kept_when_used.append(world.credentials.current()["refresh_token"])
        return 200, {}, '{"user": {}}'

    asked = {**CLIENT, "refresh_token": "r1", "grant_type": "refresh_token", "scope": "read write"}
    responses.get(ME, json=REFUSED, status=401, match=[bearer("a1")])
    responses.post(TOKENS, json=grant("a2", refresh_token="r2"), match=[matchers.json_params_matcher(asked)])
    responses.add_callback(responses.GET, ME, used, match=[bearer("a2")])
    world.ask()
    assert kept_when_used == ["r2"]


@responses.activate
def test_a_new_token_that_is_refused_too_is_for_a_person() -> None:
    world = World("oauth_client", CLIENT)
    fetched = responses.post(TOKENS, json=grant("a1"))
    refused = responses.get(ME, json=REFUSED, status=401)
    with pytest.raises(AuthError):
        world.ask()
    assert (fetched.call_count, refused.call_count) == (2, 2)


@responses.activate
def test_an_api_token_that_is_refused_is_not_tried_again() -> None:
    world = World("api_token", {"api_token": "t0ken"})
    basic = base64.b64encode(b"me@example.net/token:t0ken").decode()
    proof = [matchers.header_matcher({"Authorization": f"Basic {basic}"})]
    refused = responses.get(ME, json={"error": "Couldn't authenticate you"}, status=401, match=proof)
    with pytest.raises(AuthError):
        world.ask()
    assert refused.call_count == 1


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (400, {"error": "invalid_grant", "error_description": "used"}, AuthError),
        (401, {"error": "invalid_client"}, AuthError),
        (403, {"error": "forbidden"}, AuthError),
        (429, {"error": "slow"}, TemporaryError),
        (500, "<html>", TemporaryError),
        (200, "<html>", TemporaryError),
        (200, {"token_type": "bearer"}, TemporaryError),
        (302, "", TemporaryError),
    ],
)
@responses.activate
def test_a_refusal_of_tokens_is_told_by_its_remedy(status: int, body: Any, error: type[Exception]) -> None:
    what: dict[str, Any] = {"json": body} if isinstance(body, dict) else {"body": body}
    fetched = responses.post(TOKENS, status=status, headers={"Location": "/x"}, **what)
    with pytest.raises(error):
        World("oauth_client", CLIENT).ask()
    assert fetched.call_count == 1


@pytest.mark.parametrize(
    ("auth", "secrets", "missing"),
    [
        ("oauth_client", {"client_id": "x"}, "client_secret"),
        ("oauth_refresh", CLIENT, "refresh_token"),
        ("api_token", {}, "api_token"),
    ],
)
def test_a_missing_secret_is_named(auth: Any, secrets: dict[str, str], missing: str) -> None:
    with pytest.raises(SettingsError, match=missing):
        World(auth, secrets).ask()


def test_two_workers_refresh_a_token_that_can_be_used_once_only_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = Account(SandboxClock(datetime(2026, 3, 2, 9, tzinfo=UTC), scale=0))
    pair = account.doorman.start_refresh()
    monkeypatch.setenv("ID", content.CLIENT_ID)
    monkeypatch.setenv("SECRET", content.CLIENT_SECRET)
    monkeypatch.setenv("REFRESH", pair["refresh_token"])
    references = {"client_id": "env:ID", "client_secret": "env:SECRET", "refresh_token": "env:REFRESH"}
    failures: list[Exception] = []
    start = threading.Barrier(4)

    def work(world: World) -> None:
        try:
            start.wait()
            for _ in range(3):
                world.ask()
        except Exception as error:  # noqa: BLE001 - told below
            failures.append(error)

    with serve(account) as site:
        shared = SourceCredentials("shop", references, tmp_path / "tokens")
        other = SourceCredentials("shop", references, tmp_path / "tokens")
        worlds = [World("oauth_refresh", {}, site.url, one) for one in (shared, shared, other, other)]
        for world in worlds:
            world.now = account.now()
        workers = [threading.Thread(target=work, args=(world,)) for world in worlds]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
    assert failures == []
    assert account.doorman.issued == 2  # the pair of the beginning, and one more


def test_no_token_shows_in_the_proof_of_a_call() -> None:
    world = World("oauth_refresh", {**CLIENT, "access_token": "a-secret-token"})
    assert "a-secret-token" not in repr(world.calls.login.proof()) + repr(vars(world.calls))
