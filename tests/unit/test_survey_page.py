"""The page of survey questions: only a sent answer counts, once; nobody is named; every other link leads nowhere."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from starlette.testclient import TestClient

from connector.errors import SettingsError
from connector.policy.contacts import Contacts
from connector.policy.rules import SurveyPage
from connector.settings.survey_words import survey_words
from connector.store import surveys
from connector.survey_key import SurveyLinks
from connector.web.survey import SurveyPages, app
from tests.engine.world import START, World

PAGE = SurveyPage("https://feedback.example.com", ("csat", "solved", "ces", "nps", "comment"), "The Shop", "Tel. 123")
MARKER = "am-" + "a" * 20
EPISODE = "resolution#1"
LANGUAGES = {"de", "en", "es", "fr", "it", "ja", "nl", "pl", "pt", "ru", "sl", "zh"}


class Desk:
    """One resolved complaint, one survey that went out, and a browser."""

    def __init__(self, folder: Path) -> None:
        self.world = World()
        self.ticket = self.world.desk.open("Parcel late", "My parcel is late, secret words.", requester=CUSTOMER)
        self.world.pull()
        self.links = SurveyLinks(PAGE, folder / "survey.key")
        self.now = START
        with self.world.store.read() as connection:
            (self.stored,) = list(surveys_of(connection))
        with self.world.store.write("asked") as connection:
            surveys.handed_out(connection, self.stored, EPISODE, MARKER, "de", START)
        self.link = self.links.link_to(MARKER, START)
        self.path = self.link.removeprefix(PAGE.url)
        pages = SurveyPages(self.world.store, PAGE, survey_words(None), self.links, lambda: self.now)
        self.web = TestClient(app(pages), base_url=PAGE.url)

    def answer(self) -> Any:
        with self.world.store.read() as connection:
            found = surveys.by_marker(connection, MARKER)
        assert found is not None
        return found.answer


CUSTOMER = {"id": "c0", "name": "Maria Silva", "address": "maria@example.com", "verified": True, "language": "de"}


def surveys_of(connection: Any) -> Iterator[Any]:
    from connector.store import complaints

    return complaints.listing(connection)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_an_answer_is_kept_and_the_complaint_looked_at_again(desk: Desk) -> None:
    said = desk.web.post(desk.path, data={"csat": "2", "solved": "no", "nps": "0", "comment": " Still broken "})
    assert (said.status_code, "Vielen Dank" in said.text) == (200, True)
    kept = desk.answer()
    assert (kept.csat, kept.solved, kept.nps, kept.ces, kept.comment) == (2, False, 0, None, "Still broken")
    with desk.world.store.read() as connection:
        (stored,) = list(surveys_of(connection))
    assert stored.look_at == desk.now


def test_h18_whatever_a_scanner_fetches_answers_nothing(desk: Desk) -> None:
    for path in (desk.path, f"{desk.path}?csat=5", f"{desk.path}?csat=1&solved=no", f"{desk.path}/stop"):
        for method in ("GET", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH"):
            agent = {"User-Agent": "Mozilla/5.0 (compatible; LinkScanner)", "Purpose": "prefetch"}
            desk.web.request(method, path, headers=agent)
    assert desk.answer() is None
    with desk.world.store.read() as connection:
        assert surveys.opted_out(connection, ["mail:maria@example.com"]) is None
    assert desk.web.post(desk.path, data={"csat": "4"}).status_code == 200


def test_a_score_chosen_in_the_mail_is_marked_and_counts_only_when_sent(desk: Desk) -> None:
    shown = desk.web.get(f"{desk.path}?csat=4").text
    assert re.search(r'name="csat" value="4" checked', shown)
    assert desk.answer() is None


def test_h17_a_link_answers_once(desk: Desk) -> None:
    desk.web.post(desk.path, data={"csat": "5"})
    again = desk.web.post(desk.path, data={"csat": "1"})
    assert (again.status_code, desk.answer().csat) == (404, 5)
    assert desk.web.get(desk.path).status_code == 404


def test_h17_a_used_link_a_guessed_one_and_one_that_is_over_look_the_same(desk: Desk) -> None:
    desk.web.post(desk.path, data={"csat": "5"})
    other = SurveyLinks(PAGE, desk.links._file.with_name("other.key"))
    foreign = other.link_to(MARKER, START).removeprefix(PAGE.url)
    unknown = desk.links.link_to("am-" + "b" * 20, START).removeprefix(PAGE.url)
    old = desk.links.link_to(MARKER, START - timedelta(days=40)).removeprefix(PAGE.url)
    paths = (desk.path, foreign, unknown, old, f"{desk.path}x", "/s/guess", f"/s/{'a' * 5000}")
    shown = {desk.web.get(path).text for path in paths}
    assert len(shown) == 1
    assert {desk.web.post(path, data={"csat": "1"}).status_code for path in paths} == {404}
    assert desk.answer().csat == 5


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(at=st.integers(0, 200), letter=st.characters(codec="ascii", categories=("L", "N", "P")))
def test_h17_no_altered_link_is_a_link(desk: Desk, at: int, letter: str) -> None:
    token = desk.path.removeprefix("/s/")
    at %= len(token)
    altered = token[:at] + letter + token[at + 1 :]
    found = desk.links.marker(altered, START)
    assert found is None or altered == token or (found == MARKER and altered[:at] == token[:at])


def test_a_link_ends_on_its_day_and_not_before(desk: Desk) -> None:
    desk.now = START + timedelta(days=30)
    assert desk.web.get(desk.path).status_code == 200
    desk.now = START + timedelta(days=32)
    assert desk.web.get(desk.path).status_code == 404


def test_the_page_and_its_address_name_nobody(desk: Desk) -> None:
    for text in (desk.link, desk.web.get(desk.path).text, desk.web.get(f"{desk.path}/stop").text):
        for secret in ("Maria", "maria@", "Parcel", "secret words", f"/{desk.ticket}", "shop/"):
            assert secret not in text


def test_h29_nothing_that_was_said_inside_is_on_the_page_or_in_what_is_thanked_with(desk: Desk) -> None:
    desk.world.desk.note(desk.ticket, "The customer is a well-known troublemaker.")
    desk.world.pull()
    thanked = desk.web.post(desk.path, data={"csat": "1", "solved": "no"})
    for text in (desk.web.get(desk.path).text, desk.web.get(f"{desk.path}/stop").text, thanked.text):
        assert "troublemaker" not in text


def test_h19_nothing_leaks_and_nothing_is_loaded_from_elsewhere(desk: Desk) -> None:
    shown = desk.web.get(desk.path)
    assert shown.headers["referrer-policy"] == "no-referrer"
    assert shown.headers["cache-control"] == "no-store"
    policy = shown.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy and "script" not in policy
    assert "frame-ancestors 'none'" in policy
    assert "<script" not in shown.text and "style=" not in shown.text and not re.search(r"\son\w+=", shown.text)
    loaded = re.findall(r'(?:src|href|action)="([^"]+)"', shown.text)
    assert loaded and all(one.startswith("/s/") for one in loaded)
    assert desk.web.get("/s/-/survey.css").status_code == 200


def test_what_is_sent_without_an_answer_is_asked_for_again_and_what_was_written_stays(desk: Desk) -> None:
    for data in ({}, {"csat": "9"}, {"csat": "-1", "nps": "11"}, {"solved": "maybe"}, {"csat": "٣"}, {"comment": "  "}):
        said = desk.web.post(desk.path, data=data)
        assert said.status_code == 422 and 'role="alert"' in said.text
    assert desk.answer() is None


def test_what_is_not_asked_is_not_taken(desk: Desk) -> None:
    narrow = SurveyPage(PAGE.url, ("solved",))
    pages = SurveyPages(desk.world.store, narrow, survey_words(None), desk.links, lambda: desk.now)
    web = TestClient(app(pages), base_url=PAGE.url)
    assert web.post(desk.path, data={"csat": "1"}).status_code == 422
    assert web.post(desk.path, data={"csat": "1", "solved": "yes", "comment": "x"}).status_code == 200
    assert (desk.answer().csat, desk.answer().solved, desk.answer().comment) == (None, True, None)


def test_h14_words_that_look_like_code_are_only_words(desk: Desk) -> None:
    hostile = "<script>alert(1)</script>{{7*7}}{0.__class__}"
    said = desk.web.post(desk.path, data={"csat": "nonsense", "comment": hostile})
    assert said.status_code == 200 and desk.answer().comment == hostile
    echoed = TestClient(desk.web.app, base_url=PAGE.url).get(f"{desk.path}?csat={hostile}").text
    assert "<script>" not in echoed and "49" not in echoed


def test_a_body_that_is_no_answer_is_cut_off(desk: Desk) -> None:
    assert desk.web.post(desk.path, content=b"comment=" + b"a" * 100_000).status_code == 413
    assert desk.web.post(desk.path, content=b"\xff\xfe%zz&&&=====").status_code == 422
    assert desk.web.post(desk.path, content=b"&".join(b"a=1" for _ in range(200))).status_code in (413, 422)
    assert desk.answer() is None


def test_the_page_speaks_the_language_of_the_last_message_and_eleven_others(desk: Desk) -> None:
    assert set(survey_words(None)) == LANGUAGES
    assert 'lang="de"' in desk.web.get(desk.path, headers={"Accept-Language": "fr"}).text
    for language, words in survey_words(None).items():
        shown = desk.web.get(f"{desk.path}?lang={language}")
        assert f'<html lang="{language}">' in shown.text and words.title.partition("'")[0] in shown.text
        assert shown.headers["content-language"] == language
    assert '<html lang="fr">' in desk.web.get("/s/guess", headers={"Accept-Language": "fr-FR,en;q=0.5"}).text


def test_every_control_has_a_name_and_every_group_a_question(desk: Desk) -> None:
    from selectolax.lexbor import LexborHTMLParser

    tree = LexborHTMLParser(desk.web.get(desk.path).text)
    assert len(tree.css("h1")) == 1 and tree.css_first("main") is not None and tree.css_first("title").text()
    for group in tree.css("fieldset"):
        assert group.css_first("legend").text(strip=True)
    for control in tree.css("input[type=radio]"):
        assert control.parent.tag == "label" and control.parent.text(strip=True)
    area = tree.css_first("textarea")
    assert tree.css_first(f"label[for={area.attributes['id']}]").text(strip=True)
    assert tree.css_first("button").text(strip=True)


def test_whoever_wants_no_more_says_so_with_one_click_of_their_mail_program(desk: Desk) -> None:
    said = desk.web.post(f"{desk.path}/stop", content=b"List-Unsubscribe=One-Click")
    assert said.status_code == 200
    with desk.world.store.read() as connection:
        assert surveys.opted_out(connection, ["mail:maria@example.com"])
        assert "maria" not in repr(connection.exec_driver_sql("SELECT * FROM opt_out").fetchall())


def test_the_key_is_private_made_once_and_in_no_other_place(desk: Desk, tmp_path: Path) -> None:
    file = tmp_path / "survey.key"
    key = file.read_text().strip()
    assert file.stat().st_mode & 0o777 == 0o600 and len(key) == 64
    assert desk.links.link_to(MARKER, START) == desk.link and file.read_text().strip() == key
    assert key.encode() not in (desk.world.folder / "amends.db").read_bytes()
    file.chmod(0o644)
    with pytest.raises(SettingsError, match="chmod 600"):
        desk.links.link_to(MARKER, START)
    assert desk.web.get(desk.path).status_code == 404


def test_a_new_key_signs_and_links_of_the_old_one_are_still_good(desk: Desk, tmp_path: Path) -> None:
    file = tmp_path / "survey.key"
    old = file.read_text()
    file.write_text(old + "f" * 64 + "\n")
    assert desk.links.link_to(MARKER, START) != desk.link
    assert desk.web.get(desk.path).status_code == 200
    file.write_text("f" * 64 + "\n")
    assert desk.web.get(desk.path).status_code == 404
    os.utime(file)


def test_the_page_carries_a_contact_to_call_in_the_customers_language(desk: Desk) -> None:
    people = Contacts(for_customers={"de": "Telefon: 030 000 000", "en": "Telephone: 020 000 000"})
    page = replace(PAGE, contact=None)
    pages = SurveyPages(desk.world.store, page, survey_words(None), desk.links, lambda: desk.now, people)
    web = TestClient(app(pages), base_url=PAGE.url)
    assert "Telefon: 030 000 000" in web.get(desk.path).text
    assert "Telephone: 020 000 000" in web.get(f"{desk.path}?lang=fr").text
