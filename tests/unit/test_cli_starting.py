"""`amends init` and `amends adapter new`: from a few answers to something that works."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import cli
from connector.settings import load
from sandbox.clock import SandboxClock
from sandbox.zendesk import Account, Site, content, serve

ROOT = Path(cli.__file__).parent
Type = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with serve(Account(SandboxClock(scale=1.0))) as served:
        yield served


@pytest.fixture
def amends(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., tuple[int, str, str]]:
    """`amends …` in an empty folder; returns exit code, output and errors."""
    monkeypatch.chdir(tmp_path)
    for name in ("AMENDS_HOME", "AMENDS_CLOCK"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ZENDESK_CLIENT_ID", content.CLIENT_ID)
    monkeypatch.setenv("ZENDESK_CLIENT_SECRET", content.CLIENT_SECRET)

    def typed(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["amends", *words])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            cli.main()
        return (int(ended.value.code or 0), *capsys.readouterr())

    return typed


def test_init_writes_a_folder_that_loads_and_says_what_comes_next(amends: Type, site: Site) -> None:
    code, out, _ = amends("init", "--adapter", "zendesk", "--source", "shop", "--url", site.url, "--yes")
    assert code == 0
    assert "lets us in as Amends" in out
    assert "amends sync --dry-run" in out
    settings = load(Path("amends"))
    assert settings.sources["shop"].options.url == site.url
    assert settings.warnings == ()
    assert amends("check")[0] == 0


def test_init_asks_for_what_it_was_not_told(amends: Type, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    answers = {"Which": "zendesk", "A short": "shop", "url": site.url, "auth": "oauth_client"}

    def prompt(words: str, default: str | None, **_: object) -> str:
        asked.append(words)
        return next((said for start, said in answers.items() if words.startswith(start)), default or "")

    monkeypatch.setattr("typer.prompt", prompt)
    assert amends("init")[0] == 0
    assert [words.split()[0] for words in asked] == ["Which", "A", "url", "auth", "Where", "Where", "The"]
    secrets = load(Path("amends")).sources["shop"].secrets
    assert secrets == {"client_id": "env:ZENDESK_CLIENT_ID", "client_secret": "env:ZENDESK_CLIENT_SECRET"}


def test_init_asks_for_the_secrets_of_the_login_that_was_chosen(amends: Type) -> None:
    words = ("--adapter", "zendesk", "--url", "https://acme.zendesk.com", "--auth", "api_token", "--yes", "--offline")
    assert amends("init", *words, "--option", "email=me@example.com")[0] == 0
    assert load(Path("amends")).sources["zendesk"].secrets == {"api_token": "env:ZENDESK_API_TOKEN"}


def test_init_overwrites_nothing_unless_forced(amends: Type) -> None:
    words = ("init", "--adapter", "zendesk", "--url", "https://acme.zendesk.com", "--yes", "--offline")
    assert amends(*words)[0] == 0
    Path("amends/policy.yaml").write_text("# mine\n")
    code, _, err = amends(*words)
    assert code == 1
    assert "--force" in err
    assert Path("amends/policy.yaml").read_text() == "# mine\n"
    assert amends(*words, "--force")[0] == 0
    assert Path("amends/policy.yaml").read_text() != "# mine\n"


def test_a_dry_run_of_init_writes_nothing(amends: Type) -> None:
    words = ("init", "--adapter", "zendesk", "--url", "https://acme.zendesk.com", "--yes", "--offline", "--dry-run")
    code, out, _ = amends(*words)
    assert code == 0
    assert "Would write" in out
    assert not Path("amends").exists()


def test_refused_credentials_give_their_exit_code_and_the_files_all_the_same(
    amends: Type, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZENDESK_CLIENT_SECRET", "wrong-secret-value")
    code, out, err = amends("init", "--adapter", "zendesk", "--url", site.url, "--yes")
    assert code == 3
    assert "could not be tried" in out
    assert "wrong-secret-value" not in out + err
    assert Path("amends/amends.yaml").exists()


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--adapter", "nonsense", "--yes"), 2),
        (("--yes",), 2),
        (("--adapter", "zendesk", "--yes", "--offline"), 2),
        (("--adapter", "zendesk", "--url", "acme", "--yes", "--offline"), 2),
        (("--adapter", "zendesk", "--url", "https://a.zendesk.com", "--source", "My Shop", "--yes", "--offline"), 2),
        (("--adapter", "zendesk", "--option", "url", "--yes"), 2),
        (
            (
                "--adapter",
                "zendesk",
                "--url",
                "https://a.zendesk.com",
                "--time-zone",
                "Mars/Base",
                "--yes",
                "--offline",
            ),
            2,
        ),
    ],
)
def test_answers_that_do_not_fit_are_settings_errors(amends: Type, words: tuple[str, ...], code: int) -> None:
    ended, _, err = amends("init", *words)
    assert ended == code
    assert err.startswith("amends: ")
    assert not Path("amends").exists()


@pytest.mark.parametrize("given", ["s3cr3t-v4lue", "env:s3cr3t-v4lue"])
def test_a_secret_in_the_place_of_a_reference_is_neither_written_nor_repeated(amends: Type, given: str) -> None:
    words = ("--adapter", "zendesk", "--url", "https://a.zendesk.com", "--yes", "--offline")
    code, out, err = amends("init", *words, "--secret", f"client_secret={given}")
    assert code == 2
    assert "'client_secret' is no reference" in err
    assert "s3cr3t-v4lue" not in out + err
    assert not Path("amends").exists()


def test_init_names_the_option_that_is_missing(amends: Type) -> None:
    assert "Add --adapter …" in amends("init", "--yes")[2]


def test_a_new_adapter_passes_its_conformance_test_as_it_is(amends: Type) -> None:
    code, out, _ = amends("adapter", "new", "help_hub")
    assert code == 0
    assert "pip install -e . pytest" in out
    folder = Path("help_hub-amends").absolute()
    assert not [path for path in folder.rglob("*") if path.is_file() and "acme" in path.read_text().lower()]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(folder), str(ROOT)])}
    environment.pop("PYTEST_ADDOPTS", None)
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "--rootdir", "."]
    ended = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout[-2000:] + ended.stderr[-500:]


@pytest.mark.parametrize("name", ["zendesk", "Help Hub", "../x", "1st"])
def test_a_new_adapter_needs_a_name_of_its_own(amends: Type, name: str) -> None:
    assert amends("adapter", "new", name)[0] == 1


def test_a_new_adapter_is_not_written_over_something(amends: Type) -> None:
    Path("there").mkdir()
    Path("there/file").write_text("mine")
    code, _, err = amends("adapter", "new", "hub", "--into", "there")
    assert code == 1
    assert "not empty" in err
