"""What a screen reader would say of a page, by Chromium's own accessibility tree, and what is wrong with that.

A plain module: pytest collects nothing here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from playwright.sync_api import Page

CONTROLS = {
    "button", "checkbox", "combobox", "listbox", "radio", "searchbox", "slider", "spinbutton", "switch", "textbox",
    "Date", "DateTime", "InputTime", "progressbar", "DisclosureTriangle",
}  # fmt: skip
NAMED = CONTROLS | {"link", "heading", "table", "region", "navigation", "img", "image", "dialog", "group", "figure"}
# What tells two controls of one name apart.
READ_OUT = {"row", "listitem"}
AROUND = READ_OUT | {"group", "region", "dialog", "article", "form", "search"}


class Node:
    """A part of the tree that is announced."""

    def __init__(self, raw: dict[str, Any], above: Node | None) -> None:
        self.role = str(raw.get("role", {}).get("value", ""))
        self.name = str(raw.get("name", {}).get("value", "")).strip()
        self.above = above
        self.below: list[Node] = []
        said = {one["name"]: one.get("value", {}).get("value") for one in raw.get("properties", [])}
        self.level, self.live, self.focusable = said.get("level"), said.get("live"), bool(said.get("focusable"))

    def all(self) -> Iterator[Node]:
        yield self
        for one in self.below:
            yield from one.all()

    def text(self) -> str:
        """All that is read out under it."""
        return self.name or " ".join(filter(None, (one.text() for one in self.below)))

    def where(self) -> str:
        """The names of what is around it."""
        above, found = self.above, []
        while above is not None:
            told = above.text() if above.role in READ_OUT else above.name
            if above.role in AROUND and told:
                found.append(f"{above.role} {told}")
            above = above.above
        return " in ".join(found)


def tree(page: Page) -> Node:
    """The accessibility tree, without what is hidden or says nothing."""
    session = page.context.new_cdp_session(page)
    raw = {one["nodeId"]: one for one in session.send("Accessibility.getFullAXTree")["nodes"]}
    session.detach()
    return _made(raw, next(iter(raw.values())), None)


def _made(raw: dict[str, dict[str, Any]], one: dict[str, Any], above: Node | None) -> Node:
    node = above if one.get("ignored") and above is not None else Node(one, above)
    if node is not above and above is not None:
        above.below.append(node)
    for name in one.get("childIds", ()):
        if name in raw:
            _made(raw, raw[name], node)
    return node


def faults(page: Page, *, inside: bool = True) -> list[str]:
    """What somebody who only hears the page would stumble over; opens whatever is folded away. `inside`: all that is
    around a page for whoever is signed in has to be there."""
    page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
    found = list(tree(page).all())
    around = _landmarks(found, ("banner", "main", "search") if inside else ("main",))
    return [*_headings(page, found), *around, *_names(found), *_tables(found), *_alike(found), *_html(page)]


def _headings(page: Page, found: list[Node]) -> Iterator[str]:
    headings = [one for one in found if one.role == "heading"]
    first = [one.text() for one in headings if one.level == 1]
    if len(first) != 1 or not first[0]:
        yield f"there are {len(first)} headings of the first level: {first}"
    if headings and headings[0].level != 1:
        yield f"the first heading is {headings[0].text()!r}"
    for before, after in pairwise(headings):
        if (after.level or 0) > (before.level or 0) + 1:
            yield f"the heading {after.text()!r} skips a level after {before.text()!r}"
    if not page.title().removesuffix("· Amends").strip():
        yield "the page has no title of its own"


def _landmarks(found: list[Node], wanted: tuple[str, ...]) -> Iterator[str]:
    roles = Counter(one.role for one in found)
    for role in wanted:
        if roles[role] != 1:
            yield f"{roles[role]} landmarks are {role}"
    for (role, name), times in Counter((one.role, one.name) for one in found if one.role == "navigation").items():
        if times > 1:
            yield f"{times} landmarks are {role} {name!r}"


def _names(found: list[Node]) -> Iterator[str]:
    for one in found:
        if one.role in NAMED and not one.text():
            yield f"a {one.role} has no name ({one.where() or 'nowhere'})"
        if one.role in ("table", "region", "navigation") and not one.name:
            yield f"a {one.role} has no name: {one.text()[:60]!r}"
        if one.live == "assertive" and one.role != "alert":
            yield f"{one.text()[:60]!r} interrupts"


def _tables(found: list[Node]) -> Iterator[str]:
    for table in found:
        if table.role == "table":
            inside = Counter(one.role for one in table.all())
            if not inside["columnheader"]:
                yield f"the table {table.name!r} has no headers of columns"
            rows = [one for one in table.all() if one.role == "row"]
            if any(not {"columnheader", "rowheader"} & {cell.role for cell in row.below} for row in rows):
                yield f"the table {table.name!r} has rows without a header"


def _alike(found: list[Node]) -> Iterator[str]:
    """Two buttons or fields that cannot be told apart by what is said of them and of what is around them."""
    said = Counter((one.role, one.name, one.where()) for one in found if one.role in CONTROLS)
    for (role, name, where), times in said.items():
        if times > 1:
            yield f"{times} times the {role} {name!r} ({where or 'nowhere'})"


_LOOK = """() => {
  const found = [];
  const all = (what) => [...document.querySelectorAll(what)];
  if (!document.documentElement.lang) found.push("the page does not say its language");
  const ids = all("[id]").map((one) => one.id);
  for (const id of new Set(ids.filter((id, at) => ids.indexOf(id) !== at))) found.push(`the id ${id} is there twice`);
  if (all("[tabindex]").some((one) => one.tabIndex > 0)) found.push("what is focused has an order of its own");
  if (all("svg:not([role=img]):not([aria-hidden=true])").length) found.push("a drawing has no words");
  const [first] = all("a[href], button, input, select, textarea, summary, [tabindex='0']");
  if (!first?.matches(".skip")) found.push("the way past the navigation does not come first");
  else if (!document.querySelector(first.getAttribute("href"))) found.push("the way past the navigation leads nowhere");
  return found;
}"""


def _html(page: Page) -> list[str]:
    return list(page.evaluate(_LOOK))
