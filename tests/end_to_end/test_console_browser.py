"""The console in a real browser, over real HTTP, as each role: no error, no script of a stranger, keys that work.

Needs a Chromium (`CHROMIUM` names it, else it is looked for) and is skipped, visibly, where there is none; CI has one.
With `CONSOLE_PICTURES` naming a folder, what was seen is kept there: the pictures of the documentation.
"""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from connector.console.services import policy
from connector.console.serving import Office as Serving
from connector.roles import Rank
from tests.accessibility import faults
from tests.console import KIM, PAYLOADS, Office, later, office

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
ARGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
PAGES = (
    "/",
    "/complaints",
    "/outbox",
    "/outbox/1",
    "/quarantine",
    "/sources",
    "/mappings",
    "/mappings/shop",
    "/find?q=kim",
    "/people",
    "/people?q=kim",
    "/people/1",
    "/trends",
    "/corrections",
    "/report",
    "/report/cell?of=received",
    "/policy",
    "/account",
)
LEADS = (*PAGES, "/conduct")
ADMINS = (*LEADS, "/audit", "/users", "/quarantine/1")
SEEN = {Rank.ADMIN: ADMINS, Rank.LEAD: LEADS}

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGS))
        yield browser
        browser.close()


class Served:
    """An office whose console listens, and what its browsers complained of."""

    def __init__(self, made: Office, chromium: Browser) -> None:
        self.office, self.chromium = made, chromium
        self.complaints: list[str] = []
        self._contexts: list[BrowserContext] = []

    def start(self) -> None:
        self.serving = Serving(self.office.place, address=None, port=0, reload=None)
        self.thread = threading.Thread(target=self.serving.run, daemon=True)
        started = threading.Event()
        self.serving.server.startup, startup = self._announcing(started), self.serving.server.startup
        self._startup = startup
        self.thread.start()
        assert started.wait(60)
        (listening,) = self.serving.server.servers[0].sockets
        self.address = f"http://127.0.0.1:{listening.getsockname()[1]}"

    def _announcing(self, started: threading.Event) -> Any:
        async def startup(*args: Any, **kwargs: Any) -> None:
            await self._startup(*args, **kwargs)
            started.set()

        return startup

    def page(self, rank: Rank | None, **context: Any) -> Page:
        made = self.chromium.new_context(base_url=self.address, **context)
        self._contexts.append(made)
        if rank is not None:
            made.add_cookies([{"name": "amends", "value": self.office.somebody(rank), "url": self.address}])
        page = made.new_page()
        page.on(
            "console", lambda said: self.complaints.append(said.text) if said.type in ("error", "warning") else None
        )
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("dialog", lambda dialog: self.complaints.append(f"dialog: {dialog.message}"))
        return page

    def stop(self) -> None:
        for one in self._contexts:
            one.close()
        self.serving.end()
        self.thread.join(20)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, chromium: Browser) -> Iterator[Served]:
    with office(tmp_path_factory.mktemp("browser") / "amends", modes="approve") as made:
        made.complain("Parcel late", "My parcel has still not arrived. I want my money back.")
        made.complain("Fire", "The charger caught fire and burned my hand.")
        for number, payload in enumerate(PAYLOADS):
            person = {**KIM, "id": f"x{number}", "name": payload, "address": None, "verified": False}
            made.complain(payload, f"My parcel is late. {payload}", requester=person, custom={"product": payload})
        made.desk.spoil(made.complain("Third", "Broken."))
        later(made, 30)
        made.sync()
        made.house  # noqa: B018  # opened in this thread
        served = Served(made, chromium)
        served.start()
        yield served
        served.stop()


@pytest.fixture(autouse=True)
def _each_test_has_its_own_complaints(shop: Served) -> None:
    shop.complaints.clear()


def keep(page: Page, name: str) -> None:
    if folder := os.environ.get("CONSOLE_PICTURES"):
        page.screenshot(path=str(Path(folder) / f"console-{name}.png"))


@pytest.mark.parametrize("rank", list(Rank))
def test_every_page_opens_and_can_be_heard_as_each_role_without_an_error(shop: Served, rank: Rank) -> None:
    page = shop.page(rank)
    tickets = [f"/complaints/shop/{ticket}" for ticket in shop.office.desk.tickets()[:2]]
    for path in (*SEEN.get(rank, PAGES), *tickets):
        answer = page.goto(path)
        assert answer is not None
        assert answer.status == 200, path
        assert faults(page) == [], path
    assert shop.complaints == []


def test_pages_for_who_is_not_in_yet_and_for_mistakes_can_be_heard(shop: Served) -> None:
    stranger = shop.page(None)
    for path in ("/login", "/enter?key=x"):
        stranger.goto(path)
        assert faults(stranger, inside=False) == [], path
    page = shop.page(Rank.VIEWER)
    page.goto("/complaints/shop/none")
    assert faults(page) == []
    assert [one for one in shop.complaints if "404" not in one] == []


def test_who_leaps_past_the_navigation_is_in_the_content(shop: Served) -> None:
    page = shop.page(Rank.VIEWER)
    page.goto("/complaints")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('main') !== null")
    assert shop.complaints == []


def test_h10_no_browser_runs_what_strangers_write(shop: Served) -> None:
    page = shop.page(Rank.ADMIN)
    for ticket in shop.office.desk.tickets()[:-1]:  # the last one is in quarantine
        page.goto(f"/complaints/shop/{ticket}")
    page.goto("/complaints")
    assert page.get_by_text("<script>alert(1)</script>", exact=True).count() >= 1
    assert page.locator("script:not([src^='/static/'])").count() == 0
    assert shop.complaints == []


def test_a_page_is_read_on_a_phone_in_the_dark_without_scrolling_sideways(shop: Served) -> None:
    page = shop.page(Rank.ADMIN, viewport={"width": 360, "height": 740}, color_scheme="dark", has_touch=True)
    for path in (*ADMINS, f"/complaints/shop/{shop.office.desk.tickets()[0]}"):
        page.goto(path)
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, path
    page.goto("/")
    keep(page, "phone")
    assert shop.complaints == []


def test_a_try_out_that_takes_long_is_shown_as_it_goes_on_and_when_it_has_ended(
    shop: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    go = threading.Event()
    real = policy.attempt

    def slowly(*words: Any, tell: Any, **named: Any) -> Any:
        tell(34_000, 100_000)
        assert go.wait(60)
        return real(*words, tell=tell, **named)

    monkeypatch.setattr(policy, "attempt", slowly)
    monkeypatch.setattr(policy, "AT_ONCE_SECONDS", 0.0)
    page = shop.page(Rank.LEAD)
    page.goto("/policy")
    page.get_by_role("button", name="What would have been sent?").click()
    page.get_by_text("34,000 of 100,000 complaints").wait_for()
    assert faults(page) == []
    page.get_by_role("button", name="Stop it").focus()
    for _ in range(2):
        with page.expect_response("**/policy/try"):
            pass
    assert page.evaluate("document.activeElement.textContent") == "Stop it"
    go.set()
    page.locator("#tried").get_by_text("Busiest day").wait_for()
    assert page.get_by_role("button", name="Stop it").count() == 0
    assert page.evaluate("document.activeElement.textContent") == "What it would have sent"
    assert faults(page) == []
    assert shop.complaints == []


def test_somebody_without_a_mouse_finds_opens_and_corrects(shop: Served) -> None:
    page = shop.page(Rank.AGENT)
    page.goto("/")
    keep(page, "now")
    page.keyboard.press("g")
    page.keyboard.press("c")
    page.wait_for_url("**/complaints")
    page.keyboard.press("/")
    page.keyboard.type("Kim Doe")
    page.keyboard.press("Enter")
    page.wait_for_url("**/find?**")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url("**/complaints/shop/**")
    select = page.locator("select#v-category")
    select.focus()
    select.select_option("payment")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.locator("main").get_by_text("category is payment now").wait_for()
    page.locator("#aloud", has_text="category is payment now").wait_for(state="attached")
    assert page.evaluate("document.activeElement.textContent") == "Correct: What it is about"
    assert faults(page) == []
    keep(page, "complaint")
    page.keyboard.press("?")
    page.get_by_role("dialog").wait_for()
    assert shop.complaints == []


def test_a_mapping_is_tried_as_it_is_typed(shop: Served) -> None:
    page = shop.page(Rank.ADMIN)
    page.goto("/mappings/shop")
    area = page.locator("#text")
    area.fill(area.input_value().replace("new: new", "new: on_hold"))
    page.get_by_text("By your draft").first.wait_for()
    assert page.locator("tr.changed").count() > 0
    assert faults(page) == []
    keep(page, "mapping")
    area.fill(area.input_value().replace("new: on_hold", "new: nonsense"))
    page.get_by_text("to put right").wait_for()
    assert shop.complaints == []


def test_the_first_page_shows_a_change_by_itself(shop: Served) -> None:
    page = shop.page(Rank.VIEWER)
    page.goto("/")
    page.get_by_text("2026-03-03").first.wait_for()
    shop.office.desk.advance(24 * 3600)
    page.get_by_text("As of 2026-03-04").wait_for(timeout=20_000)
    assert shop.complaints == []


def test_everything_works_without_scripts_but_what_is_live(shop: Served) -> None:
    page = shop.page(Rank.AGENT, java_script_enabled=False)
    page.goto(f"/complaints/shop/{shop.office.desk.tickets()[0]}")
    page.locator("select#v-category").select_option("delivery")
    page.locator("form.correct:has(#v-category) button").click()
    page.get_by_text("category is delivery now").wait_for()
    assert shop.complaints == []


def test_a_link_lets_somebody_in_by_a_click(shop: Served) -> None:
    from connector.commands import accounts

    page = shop.page(None)
    page.goto(f"/enter?key={accounts.link(shop.office.place, None, dry_run=False)}")
    page.get_by_role("button", name="Come in").click()
    page.get_by_role("heading", name="Now").wait_for()
    assert shop.complaints == []
