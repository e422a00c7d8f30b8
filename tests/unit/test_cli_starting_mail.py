"""`amends init` for a mailbox: what it asks, that it looks before it writes, and one more source in a folder."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import cli
from adapters.imap.sending import Smtp
from connector.settings import load
from sandbox.clock import SandboxClock
from sandbox.mailbox import MailProgram, letter
from sandbox.mailbox.letters import BORDER, MARIA
from tests.mailboxes import Place, poor
from tests.unit.mail_relay import Keeper, honest

Type = Callable[..., tuple[int, str, str]]


@pytest.fixture
def place() -> Iterator[Place]:
    where = poor()
    program: MailProgram = where.program()
    clock = SandboxClock()
    for number in range(3):
        mail = letter(
            MARIA, "Parcel", f"Mail {number}. Where is my parcel?", clock(), message_id=f"{number}@example.net"
        )
        program.deliver(mail.raw, clock())
    for name in ("Sent", "Kunden Post", "Done"):
        program.create(name)
    yield where
    program.close()


@pytest.fixture
def amends(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, place: Place) -> Type:
    monkeypatch.chdir(tmp_path)
    for name in ("AMENDS_HOME", "AMENDS_CLOCK"):
        monkeypatch.delenv(name, raising=False)
    for name in ("IMAP_PASSWORD", "POST_PASSWORD", "SECOND_PASSWORD"):
        monkeypatch.setenv(name, place.password)

    def typed(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["amends", *words])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            cli.main()
        return (int(ended.value.code or 0), *capsys.readouterr())

    return typed


def here(place: Place) -> tuple[str, ...]:
    """What the stand-in needs besides: it is on this machine, and speaks in the clear."""
    told = {"host": place.host, "port": place.port, "user": place.user, "tls": "none"}
    return tuple(word for name, value in told.items() for word in ("--option", f"{name}={value}"))


def answering(monkeypatch: pytest.MonkeyPatch, answers: dict[str, str]) -> list[str]:
    """A person who knows some answers by their question's first words, and takes what is offered for the rest."""
    asked: list[str] = []

    def prompt(words: str, default: str | None, **_: object) -> str:
        last = words.splitlines()[-1]
        asked.append(last)
        return next((said for start, said in answers.items() if last.startswith(start)), default or "")

    monkeypatch.setattr("typer.prompt", prompt)
    return asked


def test_init_asks_what_a_mailbox_needs_and_offers_what_it_has(
    amends: Type, place: Place, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with honest(Keeper()) as port:
        # TLS is asked for; the stand-in has none, so it is named on the command line.
        smtp = ("--option", f"smtp.port={port}", "--option", "smtp.tls=none", "--option", "smtp.login=false")
        asked = answering(
            monkeypatch,
            {
                "A short": "post",
                "The SMTP server": "127.0.0.1",
                "The name": "The Shop",
                "Folders in which": "INBOX, Kunden Post",
                "Folders to which": "Done",
                "Whose": BORDER,
                "Addresses of": "boss@shop.example",
            },
        )
        code, out, _ = amends("init", "--adapter", "imap", *here(place), *smtp)
    assert code == 0, out
    assert [words.partition(" (")[0].partition(",")[0] for words in asked] == [
        "A short name for this account",
        "How to log in: a password",
        "The SMTP server that takes mail of ours; nothing: none is sent",
        "The name by which your customers know you",
        "Where is the secret password?",
        "The time zone your people work in",
        "Folders in which customers' mail arrives",
        "Folders to which your people move what is finished",
        "Whose Authentication-Results you trust; nothing: nobody is verified",
        "Addresses of your people who are told of escalations",
    ]
    options: Any = load(Path("amends")).sources["post"].options
    assert options.folders == ("INBOX", "Kunden Post") and options.done_folders == ("Done",)
    assert options.trusted_hosts == (BORDER,) and options.notify_to == ("boss@shop.example",)
    assert options.smtp == Smtp("127.0.0.1", port, tls="none", login=False) and options.from_name == "The Shop"
    text = Path("amends/amends.yaml").read_text()
    assert "      # Whose Authentication-Results you trust" in text and "acknowledge: shadow" in text
    assert place.password not in text and "env:IMAP_PASSWORD" in text
    assert "lets us in" in out and "The mapping was made to fit" in out


def test_without_anybody_to_ask_nobody_is_trusted_and_nothing_is_sent(amends: Type, place: Place) -> None:
    code, out, _ = amends("init", "--adapter", "imap", "--source", "post", *here(place), "--yes")
    assert code == 0 and "nobody" not in out.partition("MISSING")[0]
    options: Any = load(Path("amends")).sources["post"].options
    assert (options.trusted_hosts, options.smtp, options.folders) == ((), None, ("INBOX",))


def test_a_wrong_password_and_a_mail_server_that_takes_nothing_are_told(
    amends: Type, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = ("--option", "smtp.host=127.0.0.1", "--option", "smtp.port=1", "--option", "smtp.tls=none")
    code, out, _ = amends("init", "--adapter", "imap", *here(place), *closed, "--yes")
    assert code == 0 and "MISSING: a way to send mail" in " ".join(out.split())
    monkeypatch.setenv("IMAP_PASSWORD", "not-the-password")
    code, out, err = amends("init", "--adapter", "imap", *here(place), "--yes", "--force")
    assert code == 3 and "could not be tried" in out and "not-the-password" not in out + err


@pytest.mark.parametrize(
    ("auth", "more", "secrets"),
    [
        ("microsoft", ("--option", "tenant=shop.example"), {"client_id", "client_secret"}),
        ("google", (), {"client_id", "client_secret", "refresh_token"}),
        ("google_service_account", (), {"service_account"}),
    ],
)
def test_each_kind_of_login_asks_for_its_own_secrets(
    amends: Type, auth: str, more: tuple[str, ...], secrets: set[str]
) -> None:
    words = ("--option", "host=imap.example.com", "--option", "user=support@shop.example", "--auth", auth, *more)
    assert amends("init", "--adapter", "imap", *words, "--yes", "--offline")[0] == 0
    assert set(load(Path("amends")).sources["imap"].secrets) == secrets


def test_microsoft_asks_for_the_directory(amends: Type, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = answering(monkeypatch, {"The id or": "shop.example", "How to": "microsoft"})
    words = ("--option", "host=outlook.office365.com", "--option", "user=support@shop.example")
    assert amends("init", "--adapter", "imap", *words, "--offline")[0] == 0
    assert any(words.startswith("The id or domain of your directory") for words in asked)
    assert load(Path("amends")).sources["imap"].options.tenant == "shop.example"


def test_one_more_source_is_added_and_nothing_else_of_the_folder_is_touched(amends: Type, place: Place) -> None:
    words = ("--adapter", "zendesk", "--url", "https://acme.zendesk.com", "--source", "shop", "--yes", "--offline")
    assert amends("init", *words)[0] == 0
    main = Path("amends/amends.yaml")
    main.write_text(main.read_text() + "# the last word is ours\n")
    Path("amends/policy.yaml").write_text("# mine\nrules: []\n")
    before = main.read_text()
    code, out, _ = amends("init", "--add", "--adapter", "imap", "--source", "second", *here(place), "--yes")
    assert code == 0, out
    after = main.read_text()
    assert [line for line in before.splitlines() if line not in after.splitlines()] == []
    settings = load(Path("amends"))
    assert list(settings.sources) == ["shop", "second"]
    assert settings.sources["second"].secrets == {"password": "env:SECOND_PASSWORD"}
    assert Path("amends/policy.yaml").read_text() == "# mine\nrules: []\n"
    code, out, _ = amends("init", "--add", "--adapter", "imap", "--source", "third", *here(place), "--yes", "--offline")
    assert code == 0 and "mappings/imap.yaml stays as it is" in out and len(load(Path("amends")).sources) == 3


def test_a_source_is_added_once_and_to_a_folder_that_is_there(amends: Type, place: Place) -> None:
    words = ("--adapter", "imap", "--source", "post", *here(place), "--yes", "--offline")
    assert "no amends.yaml to add to" in amends("init", "--add", *words)[2]
    assert amends("init", *words)[0] == 0
    code, _, err = amends("init", "--add", *words)
    assert code == 2 and "there is a source 'post' already" in err
    assert "Say --add" in amends("init", *words)[2]


def test_a_dry_run_adds_nothing(amends: Type, place: Place) -> None:
    words = ("--adapter", "imap", *here(place), "--yes", "--offline")
    assert amends("init", "--source", "post", *words)[0] == 0
    before = Path("amends/amends.yaml").read_text()
    assert amends("init", "--add", "--source", "second", *words, "--dry-run")[0] == 0
    assert Path("amends/amends.yaml").read_text() == before
