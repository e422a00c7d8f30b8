"""Coming in: passwords and tokens (XOAUTH2 against Dovecot's own check of them), and what a server answers instead."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

import msgspec
import pytest
import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from requests.adapters import BaseAdapter

from adapters.imap import Adapter, ImapSettings
from connector.adapter import Tools
from connector.errors import AmendsError, AuthError, SettingsError, TemporaryError
from connector.http import session
from connector.testing import plain_tools
from sandbox.mailbox import Wire, letter
from sandbox.mailbox.letters import MARIA
from tests import dovecot
from tests.mailboxes import good, poor

MICROSOFT = {"client_id": "an-id", "client_secret": "a-very-long-secret"}
GOOGLE = {"client_id": "an-id", "client_secret": "a-very-long-secret", "refresh_token": "a-refresh-token"}


class TokenServer(BaseAdapter):
    """The identity provider: gives out tokens that Dovecot takes, or answers as it is told."""

    def __init__(self, user: str, clock: Callable[[], datetime]) -> None:
        super().__init__()
        self.user, self.clock = user, clock
        self.lives = timedelta(hours=1)
        self.asked: list[dict[str, list[str]]] = []
        self.refusal: tuple[int, bytes] | None = None
        self.key = dovecot.TOKEN_SECRET

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        response = requests.Response()
        response.request, response.url = request, request.url or ""
        response.headers.update({"Content-Type": "application/json"})
        if request.method == "GET":
            site = "https://login.microsoftonline.com/shop.example"
            body = {"token_endpoint": f"{site}/token", "authorization_endpoint": f"{site}/a", "issuer": f"{site}/v2.0"}
            response.status_code, response._content = 200, json.dumps(body).encode()
        elif self.refusal is not None:
            response.status_code, response._content = self.refusal
        else:
            body = request.body.decode() if isinstance(request.body, bytes) else (request.body or "")
            self.asked.append(parse_qs(body))
            now = self.clock()
            token = dovecot.token(self.user, begins=now - timedelta(minutes=1), ends=now + self.lives, key=self.key)
            answer = {"access_token": token, "expires_in": int(self.lives.total_seconds()), "token_type": "Bearer"}
            response.status_code, response._content = 200, json.dumps(answer).encode()
        return response

    def close(self) -> None:
        pass


class Door:
    """An adapter before a mailbox on Dovecot, with an identity provider behind it."""

    def __init__(self, auth: str, secrets: dict[str, str], **options: Any) -> None:
        self.place = good()
        self.wire = Wire(self.place.host, self.place.port)
        self.provider = TokenServer(self.place.user, dovecot.now)
        carried = session("door")
        carried.mount("https://", self.provider)
        tools = plain_tools(dovecot.now, secrets, carried)
        settings = ImapSettings(
            host=self.wire.host, port=self.wire.port, user=self.place.user, tls="none",
            auth=auth,  # type: ignore[arg-type]
            tenant="shop.example", **options,
        )  # fmt: skip
        self.adapter = Adapter("door", settings, tools)

    def close(self) -> None:
        self.adapter.close()
        self.wire.stop()


@pytest.fixture
def door(request: pytest.FixtureRequest) -> Iterator[Door]:
    made = Door(*request.param)
    yield made
    made.close()


def service_account() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    return json.dumps(
        {
            "type": "service_account",
            "client_email": "amends@project.example",
            "private_key": pem,
            "token_uri": "https://oauth2.googleapis.com/token",
        }
    )


WAYS = [
    ("microsoft", MICROSOFT),
    ("google", GOOGLE),
    ("google_service_account", {"service_account": service_account()}),
]
each_way = pytest.mark.parametrize("door", WAYS, ids=[way for way, _ in WAYS], indirect=True)


@each_way
def test_a_token_opens_the_mailbox_and_is_asked_for_once(door: Door) -> None:
    assert door.adapter.check().account == door.place.user
    door.adapter.close()
    assert door.adapter.check()
    assert len(door.provider.asked) == 1


@each_way
def test_a_token_near_its_end_is_renewed_before_it_is_used(door: Door) -> None:
    door.provider.lives = timedelta(minutes=4)
    door.adapter.check()
    door.adapter.close()
    door.adapter.check()
    assert len(door.provider.asked) == 2


@each_way
def test_a_token_that_is_refused_is_renewed_once(door: Door) -> None:
    door.adapter.check()
    door.adapter.close()
    door.wire.refuse("[AUTHENTICATIONFAILED] Token has been taken back.", "AUTHENTICATE")
    assert door.adapter.check()
    assert len(door.provider.asked) == 2


def test_a_mailbox_that_tokens_do_not_open_needs_a_person() -> None:
    door = Door("microsoft", MICROSOFT)
    door.provider.key = b"another key than the one that Dovecot trusts"
    with pytest.raises(AuthError, match="AUTHENTICATIONFAILED"):
        door.adapter.check()
    assert len(door.provider.asked) == 2, "a fresh token might have done"
    door.close()


@each_way
def test_a_provider_that_refuses_for_good_needs_a_person(door: Door) -> None:
    door.provider.refusal = 400, b'{"error": "invalid_grant", "error_description": "the a-very-long-secret is over"}'
    with pytest.raises(AuthError, match="invalid_grant") as caught:
        door.adapter.check()
    assert "a-very-long-secret" not in str(caught.value)


@each_way
@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_provider_that_is_down_is_asked_again_later_and_not_at_once(door: Door, status: int) -> None:
    door.provider.refusal = status, b"{}"
    with pytest.raises(TemporaryError):
        door.adapter.check()
    door.provider.refusal = None
    assert door.adapter.check()


def test_microsoft_is_asked_for_the_mailboxes_own_scope() -> None:
    door = Door("microsoft", MICROSOFT)
    door.adapter.check()
    [asked] = door.provider.asked
    assert asked["scope"] == ["https://outlook.office365.com/.default"]
    assert asked["grant_type"] == ["client_credentials"]
    door.close()


def test_microsoft_takes_a_certificate_in_the_place_of_a_secret() -> None:
    import jwt

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    certificate = json.dumps({"private_key": pem, "thumbprint": "A1" * 20})
    made = Door("microsoft", {"client_id": "an-id", "client_secret": certificate})
    try:
        assert made.adapter.check()
        [asked] = made.provider.asked
    finally:
        made.close()
    assert "client_secret" not in asked and asked["grant_type"] == ["client_credentials"]
    [proof] = asked["client_assertion"]
    told = jwt.decode(proof, key.public_key(), algorithms=[jwt.get_unverified_header(proof)["alg"]],
                      options={"verify_aud": False, "verify_exp": False})  # fmt: skip
    assert told["iss"] == told["sub"] == "an-id"


def test_a_missing_secret_is_named() -> None:
    door = Door("google", {"client_id": "an-id"})
    with pytest.raises(SettingsError, match="client_secret"):
        door.adapter.check()
    door.close()


# -- What servers say ------------------------------------------------------------------------------------------------


def _tools() -> Tools:
    return plain_tools(lambda: datetime(2026, 3, 2, 9, tzinfo=UTC), {"password": "a-long-password"})


@pytest.mark.parametrize(
    ("words", "error"),
    [
        ("[AUTHENTICATIONFAILED] Invalid credentials (Failure)", AuthError),
        ("LOGIN failed.", AuthError),
        ("[UNAVAILABLE] Temporary authentication failure.", TemporaryError),
        ("Too many simultaneous connections. (Failure)", TemporaryError),
        ("[THROTTLED] Request is throttled.", TemporaryError),
        ("[AUTHORIZATIONFAILED] No permission", AuthError),
    ],
)
def test_a_refused_login_says_who_has_to_act(words: str, error: type[AmendsError]) -> None:
    place = poor()
    wire = Wire(place.host, place.port)
    adapter = Adapter("kit", ImapSettings(host=wire.host, port=wire.port, user=place.user, tls="none"), _tools())
    wire.refuse(words, "LOGIN")
    with pytest.raises(error) as caught:
        adapter.check()
    assert "a-long-password" not in str(caught.value)
    adapter.close()
    wire.stop()


def test_a_folder_that_is_not_there_is_for_a_person_to_name() -> None:
    place = good()
    settings = ImapSettings(host=place.host, port=place.port, user=place.user, tls="none", folders=("Nowhere",))
    adapter = Adapter("kit", settings, _tools())
    with pytest.raises(SettingsError, match="Nowhere"):
        adapter.check()
    adapter.close()


def test_a_server_that_cannot_prove_itself_gets_no_password(tmp_path: Any) -> None:
    place = poor()
    wire = Wire(place.host, place.port)
    settings = ImapSettings(host="127.0.0.1", port=wire.port, user=place.user, timeout_seconds=2)
    adapter = Adapter("kit", settings, _tools())
    with pytest.raises((AuthError, TemporaryError)):
        adapter.check()
    assert not [command for command in wire.commands if b"LOGIN" in command]
    wire.stop()


@pytest.mark.parametrize(
    "options",
    [
        {"host": "imap.example.com", "user": "a@example.com", "tls": "none"},
        {"host": "imap.example.com", "user": "a@example.com", "auth": "microsoft"},
        {"host": "imaps://imap.example.com/", "user": "a@example.com"},
        {"host": "imap.example.com", "user": ""},
        {"user": "a@example.com"},
        {"host": "imap.example.com", "user": "a@example.com", "page_size": 0},
        {"host": "imap.example.com", "user": "a@example.com", "folders": ("INBOX",), "done_folders": ("INBOX",)},
        {"inboxes": ({"host": "a.example", "user": "a@a.example"}, {"host": "b.example", "user": "A@a.example"})},
    ],
)
def test_settings_that_cannot_work_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        made = msgspec.convert(options, ImapSettings)
        assert made.boxes


def test_several_inboxes_have_passwords_of_their_own() -> None:
    one, other = poor(), poor()
    boxes = tuple(
        {"host": place.host, "port": place.port, "user": place.user, "tls": "none", "secret": name}
        for place, name in ((one, "first"), (other, "second"))
    )
    settings = msgspec.convert({"inboxes": boxes}, ImapSettings)
    secrets = {"first_password": one.password, "second_password": other.password}
    adapter = Adapter("kit", settings, plain_tools(_tools().now, secrets))
    assert adapter.check().account == f"{one.user}, {other.user}"
    adapter.close()


def test_one_mail_in_two_inboxes_is_one_record_of_one_ticket() -> None:
    one, other = poor(), poor()
    at = datetime(2026, 3, 2, 9, tzinfo=UTC)
    mail = letter(MARIA, "Lamp", "The lamp is broken.", at)
    for place in (one, other):
        program = place.program()
        program.deliver(mail.raw, at)
        program.close()
    boxes = tuple({"host": place.host, "port": place.port, "user": place.user, "tls": "none"} for place in (one, other))
    adapter = Adapter("kit", msgspec.convert({"inboxes": boxes}, ImapSettings), _tools())
    told = [record for page in adapter.fetch("messages", adapter.start("messages", None)) for record in page.records]
    assert len(told) == 2 and len({(record.ticket, record.raw_id) for record in told}) == 1
    adapter.close()
