"""The folder that `amends init` writes, and the schemas for editors."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from connector.errors import SettingsError
from connector.mapping import FIELDS
from connector.model import Mode
from connector.settings import Answers, load, schema, starting_files
from connector.settings.files import FILES

ANSWERS = Answers("shop", {"desk": "demo", "page_size": 50}, {"token": "env:DESK_TOKEN"}, "Europe/Amsterdam")


def written(home: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return home


def test_the_starting_folder_loads_as_it_is_with_everything_in_shadow(tmp_path: Path) -> None:
    settings = load(written(tmp_path, starting_files("memory", ANSWERS)))
    source = settings.sources["shop"]
    assert (source.options.desk, source.options.page_size) == ("demo", 50)
    assert source.secrets == {"token": "env:DESK_TOKEN"}
    assert set(source.modes.values()) == {Mode.SHADOW}
    assert settings.warnings == ()


def test_the_starting_folder_tells_times_where_the_company_is(tmp_path: Path) -> None:
    settings = load(written(tmp_path, starting_files("memory", ANSWERS)))
    assert {hours.calendar.zone for hours in settings.sla.calendars.values()} == {"Europe/Amsterdam"}
    assert settings.policy.zone == "Europe/Amsterdam"


def test_awkward_answers_are_quoted(tmp_path: Path) -> None:
    answers = Answers("shop", {"desk": "no: #1 \"é\" 'x' \\ 👋"}, {"token": "file:/run/a b/c: d"})
    source = load(written(tmp_path, starting_files("memory", answers))).sources["shop"]
    assert source.options.desk == "no: #1 \"é\" 'x' \\ 👋"
    assert source.secrets == {"token": "file:/run/a b/c: d"}


def test_the_starting_folder_keeps_the_comments_and_points_editors_at_its_schemas() -> None:
    files = starting_files("zendesk", Answers("shop"))
    assert "How often to look for changes".lower() in files["amends.yaml"].lower()
    for name, text in files.items():
        if name.endswith(".yaml"):
            first = text.splitlines()[0]
            assert first.startswith("# yaml-language-server: $schema="), name
            target = (Path("/home") / name).parent / first.partition("$schema=")[2]
            assert target.resolve().relative_to("/home").as_posix() in files, name


def test_the_store_and_the_tokens_in_the_starting_folder_are_kept_out_of_version_control() -> None:
    assert starting_files("memory", ANSWERS)[".gitignore"].split() == ["amends.db*", "tokens/"]


def test_an_adapter_without_a_shipped_mapping_is_named() -> None:
    with pytest.raises(SettingsError, match="no mapping ships for the adapter 'notes'"):
        starting_files("notes", Answers("x"))


@pytest.mark.parametrize("name", sorted(FILES))
def test_each_schema_is_json_that_allows_nothing_unknown(name: str) -> None:
    found = json.loads(json.dumps(schema(name)))
    assert found["additionalProperties"] is False
    assert found["$schema"].startswith("https://json-schema.org/")


def test_the_schema_of_a_mapping_names_every_complaint_field() -> None:
    fields = schema("mapping")["properties"]["fields"]
    assert set(fields["properties"]) == set(FIELDS)
    assert fields["additionalProperties"] is False


def test_the_schema_knows_that_a_line_may_be_short_or_long() -> None:
    kinds = [part["type"] for part in schema("mapping")["properties"]["write"]["additionalProperties"]["anyOf"]]
    assert kinds == ["string", "object"]
