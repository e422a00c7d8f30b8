"""An admin's first hour with a Jira site of 150 custom fields: init, suggest and preview, and no documentation."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

import cli
from connector.mapping import check_examples
from connector.settings import load
from sandbox.clock import SandboxClock
from sandbox.jira import Jira, Site, content, serve
from sandbox.jira.big import COMPLAINING, fill

Type = Callable[..., tuple[int, str, str]]
PROJECTS = ",".join(COMPLAINING)


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    # The site stands still in the past; the command line has the real time.
    jira = Jira(SandboxClock(datetime(2026, 3, 2, 9, tzinfo=UTC), scale=0))
    fill(jira, issues=60)
    with serve(jira) as served:
        yield served


@pytest.fixture
def amends(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Type:
    """`amends …` in an empty folder; returns exit code, output and errors."""
    monkeypatch.chdir(tmp_path)
    for name in ("AMENDS_HOME", "AMENDS_CLOCK"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("JIRA_API_TOKEN", content.API_TOKEN)

    def typed(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["amends", *words])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            cli.main()
        return (int(ended.value.code or 0), *capsys.readouterr())

    return typed


def begun(amends: Type, site: Site, *more: str) -> str:
    words = ("--adapter", "jira", "--source", "care", "--url", site.url, "--option", f"email={content.EMAIL}")
    code, out, err = amends("init", *words, "--option", f"projects={PROJECTS}", "--yes", *more)
    assert code == 0, out + err
    return out


def test_from_credentials_to_a_working_mapping(amends: Type, site: Site) -> None:
    said = begun(amends, site)
    assert "The mapping was made to fit the account" in said
    assert "amends mapping preview care" in said
    mapping = load(Path("amends")).sources["care"].mapping
    assert {"order_number", "extra.severity", "extra.root_cause", "extra.customer_number"} <= set(mapping.fields)
    assert {"product", "language", "channel"} <= set(mapping.fields)
    assert check_examples(mapping) == []
    assert amends("mapping", "check", "care")[:2] == (0, f"care: {mapping.file}\n  everything fits\n")


def test_suggest_after_init_has_nothing_left_to_say_and_preview_places_everything(amends: Type, site: Site) -> None:
    begun(amends, site)
    assert "nothing to add" in amends("mapping", "suggest", "care")[1]
    code, out, _ = amends("mapping", "preview", "care", "--limit", "20")
    assert code == 0
    assert "none would go to quarantine" in out
    assert "unmapped:" not in out


def test_discover_of_a_big_site_fits_on_a_few_screens_and_names_nobody(amends: Type, site: Site) -> None:
    begun(amends, site)
    out = amends("mapping", "discover", "care")[1]
    assert len(out.splitlines()) < 200
    assert "rarely filled" in out
    assert "empty (" in out
    assert "@example.net" not in out
    assert not any(name in out for name in ("Adler", "Brandt", "Chevalier", "leaks and nobody"))


def test_init_offers_the_projects_of_the_site(amends: Type, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    answers = {"Which": "jira", "A short": "care", "url": site.url, "email": content.EMAIL}

    def prompt(words: str, default: str | None, **_: object) -> str:
        asked.append(words)
        if "projects (" in words:
            return "CARE, SHOP"
        return next((said for start, said in answers.items() if words.startswith(start)), default or "")

    monkeypatch.setattr("typer.prompt", prompt)
    code, out, err = amends("init")
    assert code == 0, out + err
    (projects,) = [words for words in asked if "projects (" in words]
    assert "CARE  Customer Care" in projects
    assert "email" in asked, "what the way to log in needs is asked for"
    assert load(Path("amends")).sources["care"].options.projects == ("CARE", "SHOP")


def test_projects_that_were_not_named_are_named_by_the_refusal(amends: Type, site: Site) -> None:
    words = ("--adapter", "jira", "--url", site.url, "--option", f"email={content.EMAIL}", "--yes")
    code, _, err = amends("init", *words)
    assert code == 2
    assert "There are: " in err
    assert "CARE" in err


def test_a_sync_reads_by_the_mapping_and_a_changed_one_is_filled_in_without_a_request(amends: Type, site: Site) -> None:
    begun(amends, site)
    assert amends("sync")[0] == 0
    path = Path("amends/mappings/jira.yaml")
    path.write_text(path.read_text().replace("  In Progress: open", "  In Progress: on_hold", 1))
    before = len(site.seen)
    out = amends("mapping", "backfill", "care", "--yes")[1]
    assert "status: " in out
    assert len(site.seen) == before
    path.write_text(path.read_text().replace("fields:\n", "fields:\n  extra.late: customfield_19999\n", 1))
    assert "customfield_19999 was not asked for" in amends("mapping", "backfill", "care", "--dry-run")[1]
