"""`amends hooks` and what the settings say of hooks, as an admin and an operator meet them."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import cli
from connector.errors import SettingsError
from connector.settings import load
from connector.store.hook_inbox import HookInbox
from sandbox.clock import SandboxClock
from sandbox.zendesk import Account, Site, content, serve

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


@pytest.fixture
def site() -> Iterator[Site]:
    with serve(Account(SandboxClock(NOW, scale=0))) as found:
        yield found


def folder(home: Path, site: Site | None, hooks: str, *, public: bool = True, more: str = "") -> Path:
    address = site.url if site else "https://acme.zendesk.com"
    (home / "amends.yaml").write_text(
        ("public: {url: https://amends.example.com}\n" if public else "")
        + "sources:\n  shop:\n    adapter: zendesk\n    options:\n"
        + f'      url: "{address}"\n      auth: api_token\n      email: amends@example.com\n'
        + f"    secrets:\n      api_token: env:SHOP_TOKEN\n{more}    hooks: {hooks}\n"
    )
    return home


def typed(capsys: pytest.CaptureFixture[str], home: Path, *words: str) -> tuple[int, Any]:
    """What a person sees who types this: the exit code, and the JSON or the complaint."""
    with pytest.MonkeyPatch.context() as patch, pytest.raises(SystemExit) as left:
        patch.setattr(sys, "argv", ["amends", "--home", str(home), *words, "--json"])
        cli.main()
    said = capsys.readouterr()
    return int(left.value.code or 0), json.loads(said.out) if said.out else said.err


def test_a_hook_is_made_shown_renewed_and_dropped(
    tmp_path: Path, site: Site, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_TOKEN", content.API_TOKEN)
    home = folder(tmp_path, site, "kept")
    assert typed(capsys, home, "hooks", "mend", "--dry-run")[1][0]["what"] == "would be looked at"
    assert not site.account.hooks.rows
    assert typed(capsys, home, "hooks", "mend")[1][0]["what"] == "made"
    [row] = site.account.hooks.rows.values()
    assert row["endpoint"] == "https://amends.example.com/hooks/shop"
    secret = dict(site.account.hooks.secrets)
    assert typed(capsys, home, "hooks", "mend", "shop", "--renew")[1][0]["what"]
    assert site.account.hooks.secrets != secret
    code, told = typed(capsys, home, "hooks", "list")
    assert code == 0 and told["hooks"][0]["kept"] == "kept" and told["hooks"][0]["trouble"] is None
    everything = json.dumps(told) + "".join(one.read_text() for one in home.glob("*.yaml"))
    assert not any(one in everything for one in site.account.hooks.secrets.values())
    assert typed(capsys, home, "hooks", "drop", "shop", "--dry-run")[1][0]["what"] == "would be dropped"
    assert typed(capsys, home, "hooks", "drop", "shop")[1][0]["what"] == "dropped" and not site.account.hooks.rows


def test_a_hook_in_trouble_is_told_and_ends_with_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home = folder(tmp_path, None, "kept")
    HookInbox(home).troubled("shop", "the helpdesk does not let us")
    code, told = typed(capsys, home, "hooks", "list")
    assert code == 1 and told["hooks"][0]["trouble"] == "the helpdesk does not let us"


def test_where_nothing_pushes_mending_says_what_to_write(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, said = typed(capsys, folder(tmp_path, None, "none"), "hooks", "mend")
    assert code == 2 and "hooks: kept" in said


@pytest.mark.parametrize(
    ("hooks", "public", "says"),
    [
        ("kept", False, "amends.yaml:10:12: nobody says where the hook should reach us; add `public"),
        ("by_hand", True, "by_hand needs the secret 'hook_secret'"),
        ("sometimes", True, "amends.yaml:11:12: 'sometimes' is not known here"),
    ],
)
def test_what_cannot_be_is_named_with_file_line_and_fix(tmp_path: Path, hooks: str, public: bool, says: str) -> None:
    with pytest.raises(SettingsError) as wrong:
        load(folder(tmp_path, None, hooks, public=public))
    assert says in str(wrong.value)


def test_a_hook_that_a_person_made_needs_only_its_secret(tmp_path: Path) -> None:
    load(folder(tmp_path, None, "by_hand", public=False, more="      hook_secret: env:SHOP_HOOK\n"))


@pytest.mark.parametrize("address", ["http://amends.example.com", "amends.example.com", "https://a:b@example.com"])
def test_an_address_that_the_world_cannot_reach_safely_is_refused(tmp_path: Path, address: str) -> None:
    (tmp_path / "amends.yaml").write_text(f"public: {{url: '{address}'}}\nsources: {{}}\n")
    with pytest.raises(SettingsError) as wrong:
        load(tmp_path)
    assert "amends.yaml:1:15" in str(wrong.value)
