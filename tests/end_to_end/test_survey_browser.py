"""A customer answers in a real browser, with scripts switched off, on a telephone; what it looks like is kept for the
documentation by `python -m tests.end_to_end.test_survey_browser`."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from connector.commands import report as reporting
from connector.report.counting import Period
from connector.report.page import page as report_page
from connector.settings.survey_words import survey_words
from connector.store import surveys
from connector.survey_key import SurveyLinks
from connector.web.survey import SurveyPages, app
from tests.browser import browser, needs_browser, served
from tests.engine.world import START
from tests.unit.test_report_counting import asked, ended, told
from tests.unit.test_survey_page import EPISODE, MARKER, PAGE, Desk

PHONE = {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 2, "is_mobile": True, "has_touch": True}
PICTURES = Path(__file__).parents[2] / "docs/pictures"
CONTRAST = """() => {
  const numbers = colour => colour.match(/[\\d.]+/g).slice(0, 3).map(Number);
  const light = colour => { const [r, g, b] = numbers(colour).map(v => v / 255)
    .map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const behind = node => { while (node) { const c = getComputedStyle(node).backgroundColor;
    if (!/, 0\\)$/.test(c) && c !== 'transparent') return c; node = node.parentElement; } return 'rgb(255,255,255)'; };
  return [...document.querySelectorAll('h1,p,legend,label span,button,a,li span')].filter(n => n.innerText.trim())
    .map(n => { const [a, b] = [light(getComputedStyle(n).color), light(behind(n))].sort((x, y) => y - x);
      return [n.innerText, (a + 0.05) / (b + 0.05)]; }).filter(([, ratio]) => ratio < 4.5);
}"""
SIZES = """() => [...document.querySelectorAll('.steps label, button, a')].map(n => n.getBoundingClientRect())
  .filter(r => r.height < 24 || r.width < 24).length"""


@contextmanager
def a_page(folder: Path, language: str = "en") -> Iterator[tuple[Desk, str]]:
    desk = Desk(folder)
    with desk.world.store.write("language") as connection:
        surveys.handed_out(connection, desk.stored, EPISODE, MARKER, language, START)
    links = SurveyLinks(PAGE, folder / "survey.key")
    pages = SurveyPages(desk.world.store, PAGE, survey_words(None), links, lambda: desk.now)
    with served(app(pages)) as address:
        yield desk, f"{address}{desk.path}"


def answered(page: Any, link: str) -> str:
    page.goto(f"{link}?csat=4")
    page.get_by_label("No", exact=True).check(force=True)
    page.get_by_role("textbox").fill("The second parcel came broken.")
    page.get_by_role("button", name="Send").click()
    return str(page.get_by_role("heading", level=1).inner_text())


@needs_browser
def test_a_survey_is_answered_in_a_browser_without_scripts(tmp_path: Path) -> None:
    with a_page(tmp_path) as (desk, link), browser(java_script_enabled=False, **PHONE) as page:
        assert answered(page, link) == "Thank you."
        kept = desk.answer()
        assert (kept.csat, kept.solved, kept.comment) == (4, False, "The second parcel came broken.")
        page.goto(link)
        assert page.get_by_role("heading", level=1).inner_text() == "This link cannot be used."
        assert page.complaints == ["Failed to load resource: the server responded with a status of 404 (Not Found)"]


@needs_browser
def test_it_can_be_answered_with_the_keyboard_alone(tmp_path: Path) -> None:
    with a_page(tmp_path) as (desk, link), browser() as page:
        page.goto(link)
        page.keyboard.press("Tab")
        page.keyboard.press("Space")
        for _ in range(4):
            page.keyboard.press("ArrowRight")
        page.keyboard.press("Enter")
        page.wait_for_selector("h1:has-text('Thank you.')")
        assert desk.answer().csat == 5
        assert page.complaints == []


@needs_browser
def test_it_is_readable_in_light_and_dark_and_large_enough_to_touch_on_a_telephone(tmp_path: Path) -> None:
    for scheme, language in (("light", "en"), ("dark", "en"), ("dark", "ja")):
        folder = _made(tmp_path / f"{scheme}{language}")
        with a_page(folder, language) as (_, link), browser(color_scheme=scheme, **PHONE) as page:
            page.goto(f"{link}?csat=4")
            assert page.evaluate(CONTRAST) == []
            assert page.evaluate(SIZES) == 0
            assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
            assert page.complaints == []


@needs_browser
def test_the_page_of_a_report_opens_without_a_word_of_complaint(tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    file.write_text(a_report(), encoding="utf-8")
    for scheme in ("light", "dark"):
        with browser(color_scheme=scheme) as page:
            page.goto(file.as_uri())
            assert page.get_by_role("img").count() == 7
            assert page.complaints == []


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def take_pictures() -> None:
    from tests.scratch import folder

    PICTURES.mkdir(exist_ok=True)
    with a_page(folder()) as (_, link), browser(**PHONE) as page:
        page.goto(f"{link}?csat=4")
        page.screenshot(path=PICTURES / "survey-page.png", full_page=True, scale="css")
    file = folder() / "report.html"
    file.write_text(a_report(), encoding="utf-8")
    with browser(viewport={"width": 1100, "height": 1250}) as page:
        page.goto(file.as_uri())
        page.screenshot(path=PICTURES / "report.png")


def a_report() -> str:
    """The page of a report on a year of an imaginary shop."""
    chance = random.Random(3)
    zone = "Europe/London"
    products = ["Kettle", "Lamp", "Toaster", "Vase"]
    categories = ["delivery", "product", "payment", "service", "account"]
    figures, said = [], []
    for number in range(1, 1501):
        hours = max(1, int(chance.lognormvariate(3, 0.9)))
        words = {
            "product": chance.choices(products, (6, 3, 2, 1))[0],
            "category": chance.choices(categories, (6, 4, 3, 2, 1))[0],
            "cause": chance.choices(["carrier", "stock", "billing_error", "staff_error", ""], (5, 3, 2, 1, 3))[0],
            "channel": chance.choice(["email", "web", "phone"]),
            "language": chance.choices(["en", "de", "pt", "sl"], (6, 3, 2, 1))[0],
            "department": chance.choice(["Team North", "Team South"]),
        }
        figures.append(
            ended(
                -chance.randint(0, 364),
                hours,
                words=words,
                breaches=int(chance.random() < 0.13),
                kept=int(chance.random() < 0.2),
                broken=int(chance.random() < 0.03),
                reopens=int(chance.random() < 0.06),
                handoffs=int(chance.random() < 0.3),
                cost_cents=2500 if chance.random() < 0.2 else None,
                currency="EUR",
            )
        )
        said.append(asked(number, chance.choices([5, 4, 3, 2, 1, None], (5, 4, 2, 1, 1, 14))[0], nps=None, day=-5))
    months = reporting._month_names(datetime(2026, 3, 4, tzinfo=UTC), 12, zone)
    period = Period(months[0][1], None, f"since {months[0][0]}")
    return report_page(told(figures, said, period=period, by=reporting.USUAL[:-1], months=months, zone=zone))


if __name__ == "__main__":
    take_pictures()
