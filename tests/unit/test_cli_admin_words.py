"""What an admin is told and asked: writes word for word, keys that people know, answers checked where given."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import cli
from adapters.jira.answers import NowhereError
from adapters.memory import DESKS, Adapter
from connector.commands.questions import Wish, answered
from connector.display import plain, verbatim
from connector.errors import AuthError
from connector.model import Action, ActionKind, Effect
from connector.settings import Answers
from connector.store import Store, intentions, sources
from connector.store.intentions import State
from sandbox.http.answers import Answer
from tests.unit.jira_reading import JiraSite
from tests.unit.test_cli_commands import Office

ASKED = {"project": {"key": "OPS"}, "issuetype": {"name": "Bug"}, "summary": "Remove the cause", "labels": ["a", "b"]}


@pytest.fixture
def office(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    made = Office(tmp_path / "amends", capsys, monkeypatch)
    yield made
    del DESKS[made.desk.name]


def intended(office: Office, kind: ActionKind, effect: Effect, state: State, *, hours: float = 0) -> str:
    """The number of a write that was intended by hand."""
    store: Store = office.store()
    ticket = "shop/4711" if kind is ActionKind.CORRECT else "4711"
    due = office.desk.now + timedelta(hours=hours)
    action = Action("k" * 26, "m" * 20, "shop", ticket, kind, "cause", "complaint", effect, "It is overdue.", due)
    with store.write("test") as connection:
        row = sources.by_name(connection, "shop")
        assert row is not None
        intentions.add(connection, row.id, [(action, state, None)], office.desk.now)
        number = intentions.listing(connection, most=1)[0].id
    store.close()
    return str(number)


# -- writes --------------------------------------------------------------------------------------------------------


def test_a_correction_is_shown_word_for_word_before_it_is_approved(office: Office) -> None:
    office.type("sync")
    effect = Effect(
        tags=("from-complaint",), create={**ASKED, "description": "Please find it.\n\nWhy now: it is late."}
    )
    out = office.type("outbox", "show", intended(office, ActionKind.CORRECT, effect, State.HELD)).out
    assert "opens a ticket at shop for shop/4711" in out
    for name, words in (("project", "OPS"), ("issuetype", "Bug"), ("summary", "Remove the cause"), ("labels", "a, b")):
        assert any(line.split() == ["with", name, *words.split()] for line in out.splitlines()), name
    lines = out.splitlines()
    at = next(number for number, line in enumerate(lines) if "Please find it." in line)
    assert lines[at + 1] == ""
    assert lines[at + 2].strip() == "Why now: it is late."


def test_the_line_breaks_of_a_note_are_shown_as_they_will_stand_there() -> None:
    assert verbatim("One\n\ntwo three", 5) == ["One", "", "two", "three"]


def test_a_write_that_may_not_leave_yet_says_why(office: Office) -> None:
    office.type("sync")
    number = intended(office, ActionKind.SURVEY, Effect(tags=("ask",)), State.PENDING, hours=48)
    said = office.type("outbox", "show", number).out
    assert "the policy does not want it sooner: some time after the resolution" in said
    assert office.type("outbox", "show", number, "--json").json["waits"].startswith("the policy")


def test_a_dead_correction_is_not_said_to_be_mended_by_a_corrected_policy(office: Office) -> None:
    office.type("sync")
    number = intended(office, ActionKind.CORRECT, Effect(create=ASKED), State.DEAD)
    said = " ".join(office.type("outbox", "show", number).out.split())
    assert f"`amends outbox drop {number}`; then correct 'cause' under `corrections:` and give it a new id" in said
    assert "does not change it" in office.type("outbox", "retry", number).out


# -- keys ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def keyed(office: Office) -> Office:
    """A complaint whose address ends in SHOP-38."""
    text = (Path(cli.__file__).parent / "mappings" / "memory.yaml").read_text()
    (office.home / "mappings").mkdir()
    (office.home / "mappings" / "memory.yaml").write_text(text.replace("fields:\n", "fields:\n  url: custom:link\n", 1))
    office.desk.set(office.complain(), "custom:link", "https://acme.example/browse/SHOP-38")
    office.desk.advance(30 * 3600)
    office.type("sync")
    return office


@pytest.mark.parametrize("name", ["SHOP-38", "shop-38", "shop/SHOP-38"])
def test_a_complaint_is_found_by_the_key_that_people_know(keyed: Office, name: str) -> None:
    assert "SHOP-38" in keyed.type("complaints", "show", name).out
    assert "known as      SHOP-38" in keyed.type("explain", name).out
    assert keyed.type("outbox", "list", "--ticket", name, "--json").json
    assert keyed.type("explain", "SHOP-39").code == 1


def test_the_listing_shows_the_key_where_there_is_one(keyed: Office, office: Office) -> None:
    said = keyed.type("complaints", "list").out
    assert "KEY" in said
    assert "SHOP-38" in said


# -- what init asks ------------------------------------------------------------------------------------------------


class Person:
    """Answers in the order in which they are given, by how a question begins; else the default."""

    def __init__(self, **answers: Sequence[str]) -> None:
        self.answers = {name: list(said) for name, said in answers.items()}
        self.asked: list[str] = []

    def __call__(self, words: str, default: str | None, choices: Sequence[str]) -> str:
        self.asked.append(words)
        last = words.splitlines()[-1]
        name = next((one for one in self.answers if last.startswith(one.replace("_", " ")) or last == one), None)
        said = self.answers[name].pop(0) if name and self.answers[name] else ""
        assert said or default is not None, words
        return said or str(default)


JIRA = Wish("jira", "care", {}, {}, None)


def test_each_answer_is_checked_where_it_is_given() -> None:
    person = Person(
        url=["acme", "https://acme.atlassian.net"],
        email=["me@acme.example"],
        The_time_zone=["Mars/Base", "Europe/Rome"],
        Where=["s3cr3t", "env:TOKEN"],
        projects=["care", "CARE"],
    )
    _, answers = answered(JIRA, person)
    assert answers.options["url"] == "https://acme.atlassian.net"
    assert (answers.time_zone, answers.secrets["api_token"]) == ("Europe/Rome", "env:TOKEN")
    again = [words for words in person.asked if "\n" in words]
    assert any("'acme' is not the address of a site" in words for words in again)
    assert any("there is no time zone 'Mars/Base'" in words for words in again)
    assert any("that is no reference" in words and "s3cr3t" not in words for words in again)
    assert any("'care' is no project key" in words for words in again)


def test_the_email_is_asked_with_the_login_and_before_the_secrets() -> None:
    person = Person(url=["https://acme.atlassian.net"], email=["me@acme.example"], projects=["CARE"])
    answered(JIRA, person)
    names = [words.split()[0] for words in person.asked]
    assert names.index("auth") < names.index("email") < names.index("Where")


def test_a_mailbox_is_asked_for_what_it_needs() -> None:
    person = Person(The_IMAP_server=["mail.acme.example"], The_mailbox=["care@acme.example"])
    _, answers = answered(Wish("imap", "care", {}, {}, None), person)
    assert answers.options["user"] == "care@acme.example"


def test_a_data_center_below_a_path_is_asked_only_what_fits_it() -> None:
    person = Person(url=["https://jira.acme.example/jira"], deployment=["cloud", "data_center"], projects=["CARE"])
    _, answers = answered(JIRA, person)
    assert (answers.options["deployment"], answers.options["auth"]) == ("data_center", "pat")
    assert "email" not in person.asked


def test_a_login_that_fails_is_told_where_the_projects_are_asked_for() -> None:
    def offer(_adapter: str, _so_far: Answers) -> dict[str, tuple[tuple[str, str], ...]]:
        raise AuthError("Jira does not accept our credentials.", source="care")

    person = Person(url=["https://acme.atlassian.net"], email=["me@acme.example"], projects=["CARE"])
    answered(JIRA, person, offer)
    assert any("Jira does not accept our credentials" in words and "projects" in words for words in person.asked)


# -- where Jira is -------------------------------------------------------------------------------------------------


def test_a_wrong_path_of_a_data_center_is_told_as_such() -> None:
    site = JiraSite(deployment="data_center")
    site.wire.instead = lambda _asked, _answer: Answer(404, b"<html>Not Found</html>", {}, "text/html")
    with pytest.raises(NowhereError, match=r"there is no Jira at .* Check `url` and its path"):
        site.adapter().check()


# -- check and sync ------------------------------------------------------------------------------------------------


def test_check_does_not_say_that_it_contacted_a_source_without_its_secret(office: Office) -> None:
    (office.home / "amends.yaml").write_text(
        "sources:\n  care:\n    adapter: jira\n    options: {url: https://acme.atlassian.net, projects: [CARE], "
        "email: me@acme.example}\n    secrets: {api_token: env:AMENDS_NOT_SET_ANYWHERE}\n"
    )
    said = office.type("check", "--json")
    assert said.code == 2
    assert said.json["sources"][0]["contacted"] is False
    assert "was not contacted" in office.type("check").out


def test_counting_all_sources_leaves_out_those_whose_changes_are_told_in_full(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = office.type("sync", "--census")
    assert "cannot be counted" in said.out
    text = (office.home / "amends.yaml").read_text()
    (office.home / "amends.yaml").write_text(text + text.partition("sources:\n")[2].replace("shop:", "works:"))
    monkeypatch.setattr(Adapter, "census", property(_only_of_works), raising=False)
    said = office.type("sync", "--census")
    assert said.code == 0, said
    assert "counted 0 tickets" in said.out


def _only_of_works(adapter: Any) -> Callable[[datetime], Iterator[Sequence[tuple[str, int]]]]:
    if adapter._source != "works":
        raise AttributeError("census")
    return lambda _since: iter([[]])


# -- values --------------------------------------------------------------------------------------------------------


def test_a_backfill_tells_problems_as_sentences(keyed: Office) -> None:
    mapping = keyed.home / "mappings" / "memory.yaml"
    mapping.write_text(mapping.read_text().replace("  open: open\n", "").replace("  new: new\n", ""))
    said = keyed.type("mapping", "backfill", "--dry-run").out
    assert "problems: nothing -> " in said
    assert "('" not in said


def test_values_of_fields_are_told_in_words() -> None:
    assert plain(["late", "broken"]) == "late, broken"
    assert plain({"value": "Berlin", "id": "7"}) == "Berlin"
    assert plain({"from": [1, 2]}) == "from 1, 2"
    assert plain(True) == "yes"
