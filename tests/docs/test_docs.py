"""The documentation holds: its commands exist, its YAML loads, its links lead somewhere, and nothing is left unsaid."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any

import msgspec
import pytest
from typer.main import get_command

import cli
from adapters.jira.login import NEEDED as JIRA_NEEDED
from adapters.jira.settings import JiraSettings
from adapters.zendesk import ZendeskSettings
from adapters.zendesk.oauth import NEEDED
from connector import condition, errors
from connector.clocks.promises.check import check as check_promises
from connector.commands.clock_cases import run_cases
from connector.gratitude import broken_examples
from connector.mapping import FIELDS, TYPES, check_examples
from connector.model import ActionKind, ClockState, FlagKind, Mode, Priority, Status
from connector.people.check import check as check_people
from connector.people.conduct import QUESTIONS, Measure
from connector.settings import Answers, load, schema, starting_files
from connector.settings.files import FILES
from connector.store.intentions import State
from connector.tagging.check import check as check_tagging

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])
ADMINS = sorted((DOCS / "admins").glob("*.md"))
COMMANDS_PAGE = DOCS / "ops" / "commands.md"
PAGE_OF_FILE = {
    "amends": "index.md",
    "mapping": "mappings.md",
    "taxonomy": "tags.md",
    "phrases": "tags.md",
    "calendars": "times.md",
    "sla": "times.md",
    "regulation": "regulations.md",
    "promises": "promises.md",
    "thanks": "thanks.md",
    "policy": "policy.md",
    "contacts": "contacts.md",
    "notes": "contacts.md",
    "playbooks": "playbooks.md",
    "wordings": "playbooks.md",
    "people": "people.md",
    "trends": "trends.md",
    "letters": "trends.md",
    "survey": "surveys.md",
}
FENCE = re.compile(r"^( *)```(\w*)([^\n]*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
INLINE = re.compile(r"`([^`\n]+)`")
SHOWN = re.compile(r"(?:\S*/|docker compose run --rm )?amends ((?:--home \S+ )?(?:[a-z]|--).*)")
TITLE = re.compile(r'title="([^" ]+)( \(part\))?"')
BESIDE = re.compile(r'with="([^" ]+)"')  # the last block of that name on the page belongs to it


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def page(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


# -- commands --------------------------------------------------------------------------------------------------------

# The root is a group too; its own options are in every command's help.
APP: Any = get_command(cli.app)


def every_command(group: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, found in group.commands.items():
        if hasattr(found, "commands"):
            yield from every_command(found, (*path, name))
        else:
            yield (*path, name)


def test_every_command_is_in_the_list_of_commands() -> None:
    text = COMMANDS_PAGE.read_text(encoding="utf-8")
    missing = [" ".join(path) for path in every_command(APP) if f"`{' '.join(path)}" not in text.replace("amends ", "")]
    assert missing == []


def told_commands(text: str) -> Iterator[str]:
    """Every `amends …` that a page shows: in its code spans, its indented lines and its blocks."""
    blocks = "\n".join(found[4] for found in FENCE.finditer(text) if found[2] in ("", "console", "sh", "bash", "ini"))
    prose = FENCE.sub("", text)
    indented = "\n".join(line for line in prose.splitlines() if line.startswith("    "))
    spans = "\n".join(found[1] for found in INLINE.finditer(prose))
    for line in f"{blocks}\n{indented}\n{spans}".splitlines():
        if found := SHOWN.match(line.strip().partition(" #")[0]):
            yield found[1]


def wrong_with(command: str) -> str | None:
    """What is wrong with a command line, by the command line's own parser; None where it exists."""
    words = re.split(r"\s+[|>]\s|\s\d?>", command)[0].split()
    here = APP
    while words:
        word = words.pop(0)
        if word == "--home":
            words = words[1:]
        elif word.startswith("-"):
            options = {name for option in here.params for name in getattr(option, "opts", ())} | {"--help", "-h"}
            if word.split("=")[0] not in options:
                return f"{word} of `amends {command}`"
        elif hasattr(here, "commands"):
            if word.strip("`.,:;)") not in here.commands:
                return f"{word} in `amends {command}`"
            here = here.commands[word.strip("`.,:;)")]
    return None


@pytest.mark.parametrize("path", PAGES, ids=named)
def test_no_page_shows_a_command_or_an_option_that_does_not_exist(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert [wrong for told in told_commands(text) if (wrong := wrong_with(told))] == []


def test_a_command_that_does_not_exist_would_be_noticed() -> None:
    assert [wrong_with(told) for told in told_commands("Try `amends moon phase` or\n\n    amends status --yaml\n")] == [
        "--yaml of `amends status --yaml`",
        "moon in `amends moon phase`",
    ]


def test_no_message_and_no_shipped_file_tells_of_a_command_that_does_not_exist() -> None:
    rooms = [ROOT / name for name in ("connector", "adapters", "mappings")]
    files = [path for room in rooms for path in room.rglob("*") if path.suffix in (".py", ".yaml")]
    told = [
        (named(path), found[1])
        for path in [ROOT / "cli.py", *files]
        for found in re.finditer(r"`amends ([a-z-][^`{…]*)`", path.read_text(encoding="utf-8"))
    ]
    assert len(told) > 20
    assert [(name, wrong) for name, command in told if (wrong := wrong_with(command))] == []


@pytest.mark.parametrize("path", PAGES, ids=named)
def test_every_make_target_that_a_page_names_exists(path: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    text = path.read_text(encoding="utf-8")
    wanted = set(re.findall(r"(?:`|^    )make ([a-z]+)", text, re.MULTILINE))
    assert wanted <= targets


def test_every_exit_code_is_explained_where_operators_look() -> None:
    kinds = [one for one in vars(errors).values() if isinstance(one, type) and issubclass(one, errors.AmendsError)]
    codes = {0, *(one.exit_code for one in kinds)}
    for name in ("ops/commands.md", "ops/running.md"):
        assert {int(code) for code in re.findall(r"^\| (\d) \|", page(name), re.MULTILINE)} == codes, name


# -- settings --------------------------------------------------------------------------------------------------------


def keys_of(shape: dict[str, Any]) -> set[str]:
    parts = [shape, *shape.get("$defs", {}).values()]
    return {key for part in parts for key in part.get("properties", {})}


@pytest.mark.parametrize("name", FILES)
def test_every_key_of_every_settings_file_is_explained(name: str) -> None:
    text = page(f"admins/{PAGE_OF_FILE[name]}") + (page("admins/contacts.md") if name == "policy" else "")
    explained = {word for line in text.splitlines() for word in INLINE.findall(line)}
    assert keys_of(schema(name)) - explained == set()


def test_every_word_that_an_admin_may_write_is_explained() -> None:
    words = {
        "mappings.md": [*FIELDS, *TYPES, *Status, *Priority],
        "conditions.md": condition.NAMES,
        "people.md": [*Measure, *QUESTIONS],
        "policy.md": [*FlagKind, ActionKind.ESCALATE, ActionKind.TAG],
        "index.md": [*ActionKind, *Mode],
        "zendesk.md": [
            *ZendeskSettings.__struct_fields__,
            *NEEDED,
            *(name for each in NEEDED.values() for name in each),
        ],
        "jira.md": [
            *JiraSettings.__struct_fields__,
            *JIRA_NEEDED,
            *(name for each in JIRA_NEEDED.values() for name in each),
        ],
    }
    missing = {
        (name, str(word)) for name, each in words.items() for word in each if f"`{word}`" not in page(f"admins/{name}")
    }
    assert missing == set()


def merged(base: Any, part: Any) -> Any:
    if not (isinstance(base, dict) and isinstance(part, dict)):
        return part
    return base | {key: merged(base[key], value) if key in base else value for key, value in part.items()}


def whole(name: str, part: str, files: dict[str, str]) -> str:
    shipped = files.get(name) or (ROOT / "mappings" / name).read_text(encoding="utf-8")
    return msgspec.yaml.encode(merged(*(msgspec.yaml.decode(one) for one in (shipped, part)))).decode()


def blocks() -> list[Any]:
    found = []
    for path in ADMINS:
        seen: dict[str, str] = {}
        for block in FENCE.finditer(path.read_text(encoding="utf-8")):
            if block[2] == "yaml":
                title = TITLE.search(block[3])
                assert title is not None, f'{named(path)}: a YAML block says which file it is, as in title="sla.yaml"'
                text = dedent(block[4])
                beside = {with_: seen[with_] for with_ in BESIDE.findall(block[3])}
                seen[title[1]] = text
                found.append(pytest.param(title[1], bool(title[2]), text, beside, id=f"{path.stem}: {title[1]}"))
    return found


@pytest.mark.parametrize(("name", "partial", "text", "beside"), blocks())
def test_every_settings_example_loads_and_its_own_examples_hold(
    name: str, partial: bool, text: str, beside: dict[str, str], tmp_path: Path
) -> None:
    if name == "cases.yaml":
        (tmp_path / name).write_text(text, encoding="utf-8")
        assert [one.tried.ok for one in run_cases([str(tmp_path / name)]).outcomes if one.tried] == [True]
        return
    secrets = {"client_id": "env:ZENDESK_CLIENT_ID", "client_secret": "env:ZENDESK_CLIENT_SECRET"}
    answers = Answers("shop", {"url": "https://acme.zendesk.com"}, secrets, "Europe/Lisbon")
    files = starting_files("zendesk", answers)
    beside = {other: whole(other, part, files) for other, part in beside.items()}
    text = whole(name, text, files) if partial else text
    for path, content in (files | beside | {name: text}).items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(content, encoding="utf-8")
    settings = load(tmp_path)
    assert settings.warnings == ()
    if name.startswith("promises/"):
        promising = settings.sla.promising
        assert promising is not None and promising.finder is not None
        assert name[9:11] in [book.language for book in promising.finder.books]
        assert check_promises(promising.finder.books) == []
    assert check_examples(settings.sources["shop"].mapping) == []
    thanks = settings.sources["shop"].mapping.thanks
    assert thanks is not None
    if name.startswith("thanks/"):
        assert name[7:9] in [book.language for book in thanks.books]
        assert list(broken_examples(thanks.books)) == []
    assert list(check_people(settings.people.examples, settings.people.identifying)) == []
    if name == "taxonomy.yaml" or name.startswith("phrases/"):
        assert list(check_tagging(settings.tagging)) == []


def test_every_kind_of_settings_file_has_an_example() -> None:
    shown = {str(block.values[0]).split("/")[0].removesuffix(".yaml") for block in blocks()}
    assert shown == {
        "amends",
        "mappings",
        "taxonomy",
        "phrases",
        "calendars",
        "sla",
        "policy",
        "trends",
        "letters",
        "cases",
        "regulations",
        "promises",
        "thanks",
        "contacts",
        "playbooks",
        "wordings",
        "notes",
        "people",
        "surveys",
    }


# -- states, links, pictures -----------------------------------------------------------------------------------------


def test_every_state_of_a_write_is_explained_with_what_to_do() -> None:
    rows = re.findall(r"^\| `(\w+)` \|", page("ops/writes.md"), re.MULTILINE)
    assert set(rows) >= set(State)


def test_what_explain_calls_the_states_of_a_clock_is_what_the_model_knows() -> None:
    from connector.clocks.telling import STATES

    assert set(STATES) == set(ClockState)


def anchors(text: str) -> set[str]:
    titles = re.findall(r"^#+ (.+)$", FENCE.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("path", PAGES, ids=named)
def test_every_link_leads_somewhere(path: Path) -> None:
    prose = FENCE.sub("", path.read_text(encoding="utf-8"))
    dead = []
    for link in LINK.findall(prose):
        if re.match(r"[a-z]+:", link):
            continue
        file, _, anchor = link.partition("#")
        target = (path.parent / file).resolve() if file else path
        if not target.exists() or (anchor and anchor not in anchors(target.read_text(encoding="utf-8"))):
            dead.append(link)
    assert dead == []


def test_every_page_can_be_reached_from_the_index() -> None:
    linked = {(DOCS / link.partition("#")[0]).resolve() for link in LINK.findall(page("index.md"))}
    assert {path for path in DOCS.rglob("*.md") if path.name != "index.md"} <= linked
    assert DOCS / "admins" / "index.md" in linked


def test_every_test_file_that_the_promises_name_exists() -> None:
    text = page("engineers/promises.md") + page("engineers/tour.md")
    wanted = set(re.findall(r"`(?:tests/\w+/)?(test_[\w*]+\.py)`", text))
    assert wanted
    assert [name for name in wanted if not list((ROOT / "tests").rglob(name))] == []


def test_pictures_ask_nothing_of_the_network() -> None:
    for picture in (DOCS / "pictures").glob("*.svg"):
        text = re.sub(r"<!--.*?-->", "", picture.read_text(encoding="utf-8"), flags=re.DOTALL)
        assert re.findall(r"""(?:href|src)=["']|url\(\s*["']?http|@import""", text) == [], named(picture)


def test_no_page_names_a_path_of_somebodys_machine() -> None:
    for path in PAGES:
        assert not re.search(r"(?<![\w.])/(?:work|root|home|tmp|Users)/", path.read_text(encoding="utf-8")), named(path)
