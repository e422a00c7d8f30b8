"""The console's pictures in the docs, of a store that a demo left: `python -m tests.pictures HOME`; by hand, after the
console has changed. Needs a Chromium, as the tests in a browser do."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

from tests.end_to_end.test_console_browser import ARGS, CHROMIUM

PICTURES = Path(__file__).parents[1] / "docs/pictures"
DESK = ViewportSize(width=1360, height=880)
PHONE = ViewportSize(width=390, height=844)


@contextmanager
def served(home: str) -> Iterator[str]:
    """The link that lets an admin into the console of that store, for as long as the block lasts."""
    command = [str(Path(sys.executable).parent / "amends"), "--home", home, "web", "serve"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout is not None
        try:
            yield next(found[0] for line in process.stdout if (found := re.search(r"http\S+/enter\S+", line)))
        finally:
            process.terminate()


def take(page: Page, name: str, path: str | None = None) -> None:
    if path is not None:
        page.goto(path)
    page.screenshot(path=PICTURES / f"console-{name}.png", animations="disabled")


def emergency(page: Page) -> str:
    """The address of the first complaint on the first page."""
    page.goto("/")
    found = page.locator("a[href^='/complaints/']").first.get_attribute("href")
    assert found is not None
    return found


def pictures(browser: Browser, link: str) -> None:
    base = link.partition("/enter")[0]
    context = browser.new_context(base_url=base, viewport=DESK)
    page = context.new_page()
    page.goto(link)
    if page.locator("main button").count():
        page.locator("main button").first.click()
    for name, path in (("now", "/"), ("trends", "/trends"), ("sources", "/sources"), ("report", "/report")):
        take(page, name, path)
    complaint = emergency(page)
    take(page, "complaint", complaint)
    phone = browser.new_context(
        base_url=base, viewport=PHONE, color_scheme="dark", has_touch=True, storage_state=context.storage_state()
    )
    take(phone.new_page(), "phone", "/")


def main() -> None:
    with served(sys.argv[1]) as link, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGS))
        pictures(browser, link)
        browser.close()


if __name__ == "__main__":
    main()
