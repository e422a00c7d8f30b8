"""Secrets come from where the settings point, are rotated privately and at once, and show nowhere."""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest

from connector.credentials import SourceCredentials
from connector.errors import SettingsError


@pytest.fixture
def references(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    monkeypatch.setenv("SHOP_CLIENT", "client-1")
    secret = tmp_path / "secret"
    secret.write_text("hush-hush\n")
    return {"client_id": "env:SHOP_CLIENT", "client_secret": f"file:{secret}"}


def test_secrets_are_read_from_variables_and_files(references: dict[str, str]) -> None:
    assert SourceCredentials("shop", references).current() == {"client_id": "client-1", "client_secret": "hush-hush"}


def test_secrets_are_read_from_the_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    held = {("amends", "shop"): "from the ring"}
    monkeypatch.setitem(sys.modules, "keyring", SimpleNamespace(get_password=lambda *place: held.get(place)))
    found = SourceCredentials("shop", {"api_token": "keyring:amends/shop"})
    assert found.current() == {"api_token": "from the ring"}
    with pytest.raises(SettingsError, match="keyring set amends other"):
        SourceCredentials("shop", {"api_token": "keyring:amends/other"}).current()


@pytest.mark.parametrize(
    ("reference", "remedy"),
    [
        ("env:NOT_SET_ANYWHERE", "Set this variable"),
        ("file:/nowhere/at/all", "Put the secret there"),
        ("plain-secret", "Write env:NAME"),
        ("keyring:amends/shop", "Install it"),
    ],
)
def test_a_reference_that_leads_nowhere_says_what_to_do(
    reference: str, remedy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(SettingsError, match=remedy) as caught:
        SourceCredentials("shop", {"api_token": reference}).current()
    assert "shop" in str(caught.value)
    assert "plain-secret" not in str(caught.value)


def test_a_file_that_was_exchanged_is_noticed(references: dict[str, str]) -> None:
    credentials = SourceCredentials("shop", references)
    credentials.current()
    Path(references["client_secret"].removeprefix("file:")).write_text("newer")
    assert credentials.current()["client_secret"] == "newer"


def test_no_secret_shows_in_a_repr(references: dict[str, str], tmp_path: Path) -> None:
    credentials = SourceCredentials("shop", references, tmp_path / "shop.tokens")
    credentials.replace(credentials.current(), {**credentials.current(), "access_token": "very-secret"})
    for shown in (repr(credentials), str(credentials)):
        assert not [secret for secret in credentials.current().values() if secret in shown]


@pytest.mark.parametrize("kept", [True, False])
def test_rotated_tokens_take_the_place_of_the_old_ones(references: dict[str, str], tmp_path: Path, kept: bool) -> None:
    file = tmp_path / "tokens" / "shop" if kept else None
    credentials = SourceCredentials("shop", references, file)
    old = credentials.current()
    new = {**old, "access_token": "a1", "refresh_token": "r1"}
    assert credentials.replace(old, new) == new
    assert credentials.current() == new
    if file is not None:
        assert SourceCredentials("shop", references, file).current() == new
        assert file.stat().st_mode & 0o777 == 0o600
        assert b"hush-hush" not in file.read_bytes()


def test_whoever_comes_second_gets_what_the_first_has_kept(references: dict[str, str], tmp_path: Path) -> None:
    first, second = (SourceCredentials("shop", references, tmp_path / "shop.tokens") for _ in range(2))
    old = second.current()
    winner = first.replace(old, {**old, "access_token": "first"})
    assert second.replace(old, {**old, "access_token": "second"}) == winner
    assert first.current() == second.current() == winner


def test_tokens_of_secrets_that_an_admin_replaced_no_longer_count(
    references: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    credentials = SourceCredentials("shop", references, tmp_path / "shop.tokens")
    credentials.replace(credentials.current(), {**credentials.current(), "access_token": "of the old client"})
    monkeypatch.setenv("SHOP_CLIENT", "client-2")
    assert "access_token" not in credentials.current()


def test_a_token_file_that_others_can_read_is_refused(references: dict[str, str], tmp_path: Path) -> None:
    file = tmp_path / "shop.tokens"
    credentials = SourceCredentials("shop", references, file)
    credentials.replace(credentials.current(), {**credentials.current(), "access_token": "a"})
    file.chmod(0o644)
    with pytest.raises(SettingsError, match="chmod 600"):
        credentials.current()


@pytest.mark.parametrize("content", [b"", b"{", b'{"root": 3}'])
def test_a_damaged_token_file_says_what_to_do(references: dict[str, str], tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "shop.tokens"
    file.write_bytes(content)
    file.chmod(0o600)
    with pytest.raises(SettingsError, match="Delete it"):
        SourceCredentials("shop", references, file).current()


def test_a_crash_while_tokens_are_kept_leaves_the_old_ones(
    references: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    credentials = SourceCredentials("shop", references, tmp_path / "shop.tokens")
    old = credentials.replace(credentials.current(), {**credentials.current(), "access_token": "a1"})

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(SettingsError, match="No space left"):
        credentials.replace(old, {**old, "access_token": "a2"})
    monkeypatch.undo()
    monkeypatch.setenv("SHOP_CLIENT", "client-1")
    assert credentials.current() == old
    assert sorted(file.name for file in tmp_path.iterdir()) == ["secret", "shop.tokens", "shop.tokens.lock"]


def test_only_one_worker_at_a_time_renews(references: dict[str, str], tmp_path: Path) -> None:
    file = tmp_path / "shop.tokens"
    inside: list[int] = []
    most: list[int] = []

    def renew(credentials: SourceCredentials) -> None:
        for _ in range(50):
            with credentials.renewing():
                inside.append(1)
                most.append(len(inside))
                inside.pop()

    shared = SourceCredentials("shop", references, file)
    each = [shared, shared, SourceCredentials("shop", references, file), SourceCredentials("shop", references, file)]
    workers = [threading.Thread(target=renew, args=(one,)) for one in each]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert max(most) == 1
    assert len(most) == 200
