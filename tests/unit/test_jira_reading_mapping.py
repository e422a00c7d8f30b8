"""Issues through the shipped mapping: its own examples hold, and recorded issues find their place."""

from __future__ import annotations

import pytest

from connector.mapping import Mapping, check_examples, normalise, words
from connector.model import Status
from connector.settings.folder import SHIPPED
from connector.settings.meanings import mapping_of
from connector.settings.problems import Problems
from connector.settings.yaml_file import read_file
from connector.timeline import fold
from sandbox.jira import content
from tests.unit.jira_reading import JiraSite, read_all


@pytest.fixture(scope="module")
def mapping() -> Mapping:
    found = Problems()
    made = mapping_of(read_file(SHIPPED / "jira.yaml", "jira.yaml", found), found)
    found.raise_if_any()
    assert made is not None
    return made


def test_the_examples_of_the_shipped_jira_mapping_hold(mapping: Mapping) -> None:
    assert mapping.examples
    assert check_examples(mapping) == []


@pytest.mark.parametrize("deployment", ["cloud", "data_center"])
def test_an_issue_from_first_to_last_becomes_a_complaint(mapping: Mapping, deployment: str) -> None:
    site = JiraSite(deployment=deployment)
    customer = site.jira.add_customer("Maria Silva", "maria@example.net")
    number = site.jira.customer_opens("Where is it?", "It is a week late.", customer, labels=["complaint"])
    site.clock.advance(60)
    site.jira.agent_comments(number, "We look into it", by=content.ANA, status=content.WAITING_FOR_CUSTOMER)
    site.clock.advance(60)
    site.jira.agent_sets(number, by=content.ANA, priority=content.HIGHEST)
    [record], _ = read_all(site.adapter())
    folded = fold(record.entries, words(mapping))
    assert folded is not None and record.fields is not None
    complaint = normalise("site", record.ticket, record.version, record.fields, folded, mapping)
    assert complaint.problems == ()
    assert (complaint.subject, complaint.text, complaint.status) == (
        "Where is it?",
        "It is a week late.",
        Status.WAITING_CUSTOMER,
    )
    assert (complaint.priority, complaint.team, complaint.labels) == ("urgent", "CARE", ("complaint",))
    assert complaint.complainant.address == "maria@example.net"
    assert [spell.status for spell in folded.history.spells][-2:] == [Status.OPEN, Status.WAITING_CUSTOMER]
    assert len(folded.history.replies) == 1
