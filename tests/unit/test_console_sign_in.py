"""Signing in at an identity provider: only a token of the issuer, for us, for this very sign-in, opens the door."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest
import responses
from joserfc import jwt
from joserfc.jwk import RSAKey

from connector.commands import accounts
from connector.console import entrance, single_sign_on
from connector.console.errors import ForbiddenError, StrangerError, TooManyError
from connector.errors import AmendsError
from connector.roles import Rank
from connector.store import access, auditing
from tests.console import CHEAP, PASSWORD, Office, later, office

ISSUER = "https://id.example.com/realms/acme"
KEY = RSAKey.generate_key(2048, {"kid": "one"})
WEB = (
    "web:\n  url: https://amends.example.com\n  sign_in:\n"
    f"    issuer: {ISSUER}\n    client_id: amends\n    client_secret: env:AMENDS_TEST_OIDC\n"
    "    roles: {leads: lead, admins: admin, people: viewer}\n    passwords: false\n"
)


class Provider:
    """An identity provider that says what a test wants it to say."""

    def __init__(self, shop: Office, net: responses.RequestsMock) -> None:
        self.shop, self.net = shop, net
        self.discovered = {
            "issuer": ISSUER,
            "authorization_endpoint": f"{ISSUER}/auth",
            "token_endpoint": f"{ISSUER}/token",
            "jwks_uri": f"{ISSUER}/keys",
        }
        net.assert_all_requests_are_fired = False
        net.get(f"{ISSUER}/.well-known/openid-configuration", json=self.discovered)
        net.get(f"{ISSUER}/keys", json={"keys": [KEY.as_dict(private=False, use="sig", alg="RS256")]})

    def sign_in(self, *, key: RSAKey = KEY, algorithm: str = "RS256", changed: dict[str, Any] | None = None) -> str:
        """Go there and come back, with claims that a test `changed`; returns the secret of the session."""
        address, secret = single_sign_on.begin(self.shop.house, "here")
        asked = {name: value[0] for name, value in parse_qs(urlsplit(address).query).items()}
        self.asked = asked
        now = int(self.shop.wall.timestamp())
        claims: dict[str, Any] = {"iss": ISSUER, "aud": "amends", "sub": "u-1", "email": "kim@example.com"}
        claims |= {"iat": now, "exp": now + 300, "nonce": asked["nonce"], "groups": ["people", "leads"]}
        claims |= changed or {}
        claims = {name: value for name, value in claims.items() if value is not None}
        token = jwt.encode({"alg": algorithm, "kid": "one"}, claims, key, algorithms=[algorithm])
        self.net.post(f"{ISSUER}/token", json={"id_token": token, "access_token": "x"})
        return single_sign_on.finish(
            self.shop.house, secret, state=asked["state"], code="c", issuer=None, address="here"
        )


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    monkeypatch.setenv("AMENDS_TEST_OIDC", "a client+secret")
    with office(tmp_path / "amends", web=WEB) as made:
        made.sync()
        yield made


@pytest.fixture
def provider(shop: Office) -> Iterator[Provider]:
    with responses.RequestsMock() as net:
        yield Provider(shop, net)


def test_somebody_with_a_role_comes_in_with_the_highest_they_have(shop: Office, provider: Provider) -> None:
    actor = entrance.holder(shop.house, provider.sign_in())
    assert actor is not None
    assert actor.rank is Rank.LEAD
    assert actor.name.startswith("kim@example.com")
    assert provider.asked["redirect_uri"] == "https://amends.example.com/sign-in/back"


def test_the_provider_hears_the_verifier_that_the_browser_was_sent_away_with(shop: Office, provider: Provider) -> None:
    provider.sign_in()
    (said,) = [one.request for one in provider.net.calls if one.request.url.endswith("/token")]
    form = {name: value[0] for name, value in parse_qs(said.body).items()}
    challenge = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest()).decode().rstrip("=")
    assert challenge == provider.asked["code_challenge"]
    assert said.headers["authorization"] == "Basic " + base64.b64encode(b"amends:a+client%2Bsecret").decode()


def test_a_changed_group_changes_the_role_at_the_next_sign_in(shop: Office, provider: Provider) -> None:
    first = provider.sign_in()
    second = entrance.holder(shop.house, provider.sign_in(changed={"groups": ["people"]}))
    assert second is not None
    assert second.rank is Rank.VIEWER
    assert entrance.holder(shop.house, first) is None


@pytest.mark.parametrize("groups", [[], None, ["strangers"], "nobody", [1], {"leads": True}])
def test_whoever_has_no_role_stays_outside(provider: Provider, groups: object) -> None:
    with pytest.raises(ForbiddenError):
        provider.sign_in(changed={"groups": groups})


@pytest.mark.parametrize(
    "changed",
    [
        {"iss": "https://evil.example"},
        {"aud": "another"},
        {"nonce": "another"},
        {"nonce": None},
        {"exp": 1},
        {"exp": None},
        {"sub": None},
    ],
    ids=json.dumps,
)
def test_a_token_that_is_not_for_this_sign_in_opens_nothing(provider: Provider, changed: dict[str, Any]) -> None:
    with pytest.raises(StrangerError):
        provider.sign_in(changed=changed)


def test_a_token_that_somebody_else_signed_opens_nothing(provider: Provider) -> None:
    with pytest.raises(StrangerError):
        provider.sign_in(key=RSAKey.generate_key(2048, {"kid": "one"}))


def test_coming_back_works_once_in_time_and_with_the_browser_that_went(shop: Office, provider: Provider) -> None:
    address, secret = single_sign_on.begin(shop.house, "here")
    state = parse_qs(urlsplit(address).query)["state"][0]

    def back(kept: str, state: str, issuer: str | None = None) -> None:
        single_sign_on.finish(shop.house, kept, state=state, code="c", issuer=issuer, address="here")

    with pytest.raises(StrangerError):
        back("another browser", state)
    with pytest.raises(StrangerError):
        back(secret, "another state")
    with pytest.raises(StrangerError):
        back(secret, state)  # the try before used it up
    address, secret = single_sign_on.begin(shop.house, "here")
    state = parse_qs(urlsplit(address).query)["state"][0]
    with pytest.raises(StrangerError):
        back(secret, state, issuer="https://evil.example")
    address, secret = single_sign_on.begin(shop.house, "here")
    state = parse_qs(urlsplit(address).query)["state"][0]
    shop.wall += timedelta(minutes=11)
    with pytest.raises(StrangerError):
        back(secret, state)


def test_a_name_of_the_provider_takes_nobodys_place(shop: Office, provider: Provider) -> None:
    shop.somebody(Rank.ADMIN, name="kim@example.com")
    actor = entrance.holder(shop.house, provider.sign_in())
    assert actor is not None
    assert (actor.rank, actor.name == "kim@example.com") == (Rank.LEAD, False)


def test_a_provider_that_says_it_is_another_is_not_believed(provider: Provider) -> None:
    provider.net.replace(
        responses.GET,
        f"{ISSUER}/.well-known/openid-configuration",
        json=provider.discovered | {"issuer": "https://evil.example"},
    )
    with pytest.raises(StrangerError):
        provider.sign_in()


def test_where_passwords_are_off_none_lets_in(shop: Office) -> None:
    client = shop.browser().client
    client.base_url = "https://amends.example.com"
    page = client.get("/login")
    assert "identity provider" in page.text
    assert 'type="password"' not in page.text
    assert client.post("/login", data={"name": "a", "password": "b"}).status_code == 401


# -- accounts of the provider have no password -----------------------------------------------------------------------


def known(shop: Office) -> access.User:
    with shop.house.store.read() as connection:
        (user,) = [one for one in access.users(connection) if one.subject is not None]
    return user


def noted(shop: Office, what: str) -> list[Any]:
    with shop.house.store.read() as connection:
        return [one.detail for one in auditing.page(connection, 100)[0] if one.what == what]


def test_whoever_comes_by_the_provider_is_given_no_password(shop: Office, provider: Provider) -> None:
    secret = provider.sign_in()
    with pytest.raises(AmendsError, match="identity provider"):
        accounts.change(shop.place, known(shop).name, password=PASSWORD)
    browser = shop.browser()
    browser.client.base_url = "https://amends.example.com"
    browser.secret = secret
    browser.client.cookies.set("__Host-amends", secret)
    assert 'type="password"' not in browser.get("/account").text
    assert browser.post("/account", {"before": "", "password": PASSWORD}).status_code == 400
    assert known(shop).password is None


def test_a_password_left_from_before_lets_nobody_in_and_is_gone_at_the_next_sign_in(
    shop: Office, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("argon2.PasswordHasher", CHEAP)
    provider.sign_in()
    user = known(shop)
    with shop.house.store.write("test") as connection:
        access.change_user(connection, user.id, password=accounts.hashed(PASSWORD))
    with pytest.raises(StrangerError):
        entrance.sign_in(shop.house, user.name, PASSWORD, "here")
    provider.sign_in()
    assert known(shop).password is None
    assert [one["name"] for one in noted(shop, "user: password changed")] == [user.name]


def test_a_role_that_the_provider_changed_stands_in_the_log(shop: Office, provider: Provider) -> None:
    provider.sign_in()
    provider.sign_in(changed={"groups": ["people"]})
    (said,) = noted(shop, "user: role changed")
    assert said == {"name": known(shop).name, "by": "identity provider", "role": "viewer", "before": "lead"}


# -- the way there costs callers something, and us little ------------------------------------------------------------


def test_nobody_sends_us_to_the_provider_without_end(shop: Office, provider: Provider) -> None:
    client = shop.browser().client
    client.base_url = "https://amends.example.com"
    said = [client.get("/sign-in").status_code for _ in range(101)]
    assert said == [303] * 100 + [429]
    asked = [one for one in provider.net.calls if one.request.url.endswith("openid-configuration")]
    assert len(asked) == 1
    later(shop, 2)
    assert client.get("/sign-in").status_code == 303
    asked = [one for one in provider.net.calls if one.request.url.endswith("openid-configuration")]
    assert len(asked) == 2


def test_answers_that_do_not_hold_are_looked_at_fifty_times(shop: Office, provider: Provider) -> None:
    for _ in range(50):
        with pytest.raises(StrangerError):
            single_sign_on.finish(shop.house, "invented", state="s", code="c", issuer=None, address="there")
    with pytest.raises(TooManyError):
        single_sign_on.finish(shop.house, "invented", state="s", code="c", issuer=None, address="there")
    assert provider.sign_in()


def test_a_whole_office_behind_one_address_comes_in(shop: Office, provider: Provider) -> None:
    for number in range(120):
        provider.sign_in(changed={"sub": f"u-{number}"})


# -- what real providers do (found with `oidc-provider` for Node.js) --------------------------------------------------


def userinfo(provider: Provider, **claims: Any) -> None:
    """A provider that tells groups where it is asked, and not in the ID token."""
    told = provider.discovered | {"userinfo_endpoint": f"{ISSUER}/me"}
    provider.net.replace(responses.GET, f"{ISSUER}/.well-known/openid-configuration", json=told)
    provider.net.get(f"{ISSUER}/me", json=claims)


def test_groups_that_the_token_does_not_hold_are_asked_for(shop: Office, provider: Provider) -> None:
    userinfo(provider, sub="u-1", groups=["leads"], email="other@example.com")
    actor = entrance.holder(shop.house, provider.sign_in(changed={"groups": None, "email": None}))
    assert actor is not None
    assert actor.rank is Rank.LEAD
    assert actor.name.startswith("other@example.com")
    (asked,) = [one.request for one in provider.net.calls if one.request.url.endswith("/me")]
    assert asked.headers["authorization"] == "Bearer x"


def test_groups_of_somebody_else_open_nothing(provider: Provider) -> None:
    userinfo(provider, sub="u-2", groups=["admins"])
    with pytest.raises(StrangerError):
        provider.sign_in(changed={"groups": None})


def test_an_answer_about_a_person_that_is_signed_is_refused_with_its_reason(provider: Provider) -> None:
    userinfo(provider, sub="u-1", groups=["leads"])
    provider.net.replace(responses.GET, f"{ISSUER}/me", body="ey.J.x", content_type="application/jwt;charset=utf-8")
    with pytest.raises(StrangerError, match="application/jwt"):
        provider.sign_in(changed={"groups": None})


def test_another_provider_in_the_settings_is_asked_at_once(
    shop: Office, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider.sign_in()
    other = "https://other.example.com"
    told = {name: place.replace(ISSUER, other) for name, place in provider.discovered.items()}
    provider.net.get(f"{other}/.well-known/openid-configuration", json=told)
    web, sign_in = shop.house.web, shop.house.web.sign_in
    assert sign_in is not None
    changed = msgspec.structs.replace(web, sign_in=msgspec.structs.replace(sign_in, issuer=other))
    monkeypatch.setattr(type(shop.house), "web", changed)
    assert single_sign_on.begin(shop.house, "here")[0].startswith(f"{other}/auth?")


def test_a_token_that_holds_the_groups_has_the_last_word(shop: Office, provider: Provider) -> None:
    userinfo(provider, sub="u-1", groups=["admins"])
    actor = entrance.holder(shop.house, provider.sign_in(changed={"groups": ["people"]}))
    assert actor is not None
    assert actor.rank is Rank.VIEWER


def test_scopes_that_a_provider_wants_are_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AMENDS_TEST_OIDC", "s")
    web = WEB.replace("    passwords", "    scopes: [email, groups]\n    passwords")
    with office(tmp_path / "amends", web=web) as made, responses.RequestsMock() as net:
        made.sync()
        Provider(made, net)
        address, _ = single_sign_on.begin(made.house, "here")
    assert parse_qs(urlsplit(address).query)["scope"] == ["openid email groups"]
