"""`amends check` asks the helpdesk whether the corrections of the policy could be opened there, before one must be."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from connector.commands.check_corrections import refusals
from connector.commands.place import Place
from sandbox.jira import content
from tests.unit.jira_reading import JiraSite

POLICY = """\
rules: []
corrections:
  - id: remove-the-cause
    at: works
    on: repeat
    fields:
      project: PROJECT
      issuetype: TYPE
"""


def told(site: JiraSite, home: Path, project: str = "OPS", kind: str = "Task", more: str = "") -> list[str]:
    """What is said of the one correction, without the name of the folder."""
    secrets = {name: f"env:{name.upper()}" for name in site.secrets}
    source = {"adapter": "jira", "options": site.options, "secrets": secrets}
    (home / "amends.yaml").write_text(json.dumps({"sources": {"works": source}}))
    (home / "policy.yaml").write_text(POLICY.replace("PROJECT", project).replace("TYPE", kind) + more)
    now = site.tools().now
    place = Place(home, now=now, wall=now)
    return [one.replace(f"{home}/", "") for one in refusals(place, place.settings.sources["works"], site.adapter())]


@pytest.fixture(params=["cloud", "data_center"])
def site(request: pytest.FixtureRequest) -> JiraSite:
    return JiraSite(deployment=request.param, projects=[content.OPS])


def test_a_correction_that_could_be_opened_is_not_mentioned(site: JiraSite, tmp_path: Path) -> None:
    assert told(site, tmp_path) == []


def test_an_unknown_type_is_told_at_its_line_with_those_there_are(site: JiraSite, tmp_path: Path) -> None:
    (line,) = told(site, tmp_path, kind="Taks")
    assert line.startswith("policy.yaml:8:7: correction 'remove-the-cause': ")
    assert "'Taks'" in line
    assert "Corrective Action" in line


def test_an_unknown_project_is_told_at_its_line(site: JiraSite, tmp_path: Path) -> None:
    (line,) = told(site, tmp_path, project="NOPE")
    assert line.startswith("policy.yaml:7:7: correction 'remove-the-cause': ")


def test_every_field_that_is_on_no_create_screen_is_told_at_its_line(site: JiraSite, tmp_path: Path) -> None:
    more = "      customfield_99999: x\n      priority: Enormous\n      customfield_99998: y\n"
    found = told(site, tmp_path, more=more)
    assert [one.partition(": ")[0] for one in sorted(found)] == [
        "policy.yaml:10:7", "policy.yaml:11:7", "policy.yaml:9:7",
    ]  # fmt: skip
    assert "customfield_99999" in sorted(found)[2]


def test_asking_opens_nothing(site: JiraSite, tmp_path: Path) -> None:
    told(site, tmp_path)
    assert {method for method, _ in site.wire.asked} == {"GET"}
