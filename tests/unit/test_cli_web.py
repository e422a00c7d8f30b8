"""`amends web …` as an operator types it: people, tokens, links; and the daemon that serves the console beside it."""

from __future__ import annotations

import hashlib
import io
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import cli
from connector.commands import running
from connector.commands.place import Place
from connector.console import serving
from tests.console import CHEAP, PASSWORD, Office, office


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    monkeypatch.setattr("argon2.PasswordHasher", CHEAP)
    with office(tmp_path / "amends") as made:
        made.complain()
        made.sync()
        yield made


@pytest.fixture
def typed(shop: Office, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Any:
    def type_(*words: str, said: str = "") -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["amends", "--home", str(shop.home), "web", *words])
        monkeypatch.setattr(sys, "stdin", io.StringIO(said))
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            cli.main()
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), out + err

    return type_


def test_somebody_is_let_in_given_a_role_and_removed(typed: Any) -> None:
    assert typed("user", "add", "anna", "--role", "admin", said=f"{PASSWORD}\n")[0] == 0
    assert typed("user", "add", "ben", said=f"{PASSWORD}\n")[0] == 0
    assert typed("user", "role", "ben", "lead")[0] == 0
    people = json.loads(typed("user", "list", "--json")[1])
    assert [(one["name"], one["role"], one["by"]) for one in people] == [
        ("anna", "admin", "password"),
        ("ben", "lead", "password"),
    ]
    assert typed("user", "password", "ben", said="another long password\n")[0] == 0
    assert typed("user", "remove", "ben")[0] == 0
    assert "ben" not in typed("user", "list")[1]
    code, said = typed("user", "remove", "anna")
    assert (code, "only admin" in said) == (1, True)


def test_a_password_is_never_shown_nor_an_argument(typed: Any) -> None:
    _, said = typed("user", "add", "anna", said=f"{PASSWORD}\n")
    assert PASSWORD not in said
    assert typed("user", "add", "ben", PASSWORD)[0] == 2


def test_a_dry_run_lets_nobody_in(typed: Any) -> None:
    for words in (("user", "add", "anna"), ("token", "add", "bi"), ("link",)):
        code, said = typed(*words, "--dry-run")
        assert code == 0
        assert "ould" in said
    assert json.loads(typed("user", "list", "--json")[1]) == []
    assert json.loads(typed("token", "list", "--json")[1]) == []


def test_a_token_is_told_once_with_its_scopes_and_end(typed: Any) -> None:
    made = json.loads(typed("token", "add", "bi", "--scope", "read", "--scope", "export", "--json")[1])
    assert made["secret"].startswith("amends_")
    assert made["scopes"] == ["read", "export"]
    listed = typed("token", "list")[1]
    assert made["secret"] not in listed
    assert "read, export" in listed
    assert typed("token", "add", "bi")[0] == 1
    assert typed("token", "add", "other", "--scope", "access")[0] == 2
    assert typed("token", "remove", "bi")[0] == 0
    assert typed("token", "remove", "bi")[0] == 1


def test_a_link_leads_to_the_console(typed: Any) -> None:
    code, said = typed("link")
    assert code == 0
    assert said.startswith("http://127.0.0.1:8484/enter?key=")
    code, said = typed("link", "nobody")
    assert (code, "no user 'nobody'" in said) == (1, True)


def test_the_daemon_serves_the_console_where_the_settings_wish_so(
    shop: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    (shop.home / "amends.yaml").open("a").write("web: {serve: true}\n")
    seen = []

    @contextmanager
    def console(place: Place, reload: Any) -> Iterator[None]:
        seen.append("begun")
        reload()
        yield
        seen.append("ended")

    monkeypatch.setattr(running.Daemon, "run", lambda self: seen.append(f"works, reload {self._reload.is_set()}"))
    place = Place(shop.home, now=shop.place.now, wall=shop.place.wall)
    running.run(place, console=console)
    assert seen == ["begun", "works, reload True", "ended"]


def test_a_console_that_cannot_listen_does_not_keep_the_daemon_from_its_work(
    shop: Office, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refused(_: object) -> None:
        raise SystemExit(1)

    monkeypatch.setattr(serving.uvicorn.Server, "run", refused)
    with serving.beside(shop.place, lambda: None):
        pass
    assert "cannot listen" in caplog.text


def test_what_ships_for_browsers_is_what_its_makers_released() -> None:
    folder = Path(serving.__file__).parent / "static"
    listed = json.loads((folder / "vendored.json").read_text())
    for name, one in listed.items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == one["sha256"], name
    scripts = {path.name for path in folder.glob("*.js")} - {"amends.js"}
    assert scripts == set(listed)


def test_a_command_that_serves_nothing_does_not_load_the_console() -> None:
    import subprocess

    code = "import sys, cli; print([one for one in ('fastapi', 'jinja2', 'uvicorn', 'argon2') if one in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
