"""The Jira adapter keeps every promise, on Cloud, on a Data Center and in a service desk, against the sandbox site
without sockets in between. What is particular to its writes is tested in test_jira_writing."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest

from adapters.jira import Adapter, creating, notes, pages, shapes, writing
from connector.errors import AmendsError
from connector.model import ActionKind, Effect
from connector.testing import AdapterTests, Backend, OpeningTests, RepairingBackend, RepairingTests, settling
from connector.testing.bench import NOTE
from sandbox.jira import content
from tests.conformance.jira_site import JiraBackend, adapter_for


class JiraBench(AdapterTests, RepairingTests, OpeningTests):
    deployment: ClassVar[str] = "cloud"
    project: ClassVar[str] = content.SHOP
    fill = (content.ORDER_NUMBER, "A-17", "B-18")
    one_request = False

    def make_backend(self) -> RepairingBackend:
        return JiraBackend(self.deployment, self.project)

    def make_adapter(self, backend: Backend) -> Adapter:
        assert isinstance(backend, JiraBackend)
        return adapter_for(backend, self.page_size)

    def effect(self, kind: ActionKind) -> Effect:
        if kind is ActionKind.CORRECT:
            fields = {"project": content.OPS, "issuetype": "Corrective Action", "url": "https://shop.example/17"}
            words = {"summary": "Lamps break", "description": "Find out why."}
            return Effect(tags=("amends-cause",), create=fields | words)
        if kind is ActionKind.ESCALATE:
            return Effect(note=NOTE, tags=("amends-overdue",), fields={"status": "In Progress"})
        return super().effect(kind)


class TestCloud(JiraBench):
    pass


class TestDataCenter(JiraBench):
    deployment = "data_center"


class TestServiceManagement(JiraBench):
    project = content.CARE


class TestServiceManagementOnDataCenter(JiraBench):
    deployment = "data_center"
    project = content.CARE


FAULTS: list[tuple[Any, str, Any, str, dict[str, Any]]] = [
    (
        notes, "repair", lambda calls, target, comments: {},
        "a_copy_that_lands_after_all_was_settled_is_taken_away", {"kind": ActionKind.ESCALATE, "after_writes": 2},
    ),
    (
        writing, "wait_until_settled", lambda *told: None,
        "nothing_is_decided_while_a_write_may_be_under_way", {"kind": ActionKind.TAG},
    ),
    (
        writing, "_comments", lambda *told: [],
        "an_answer_lost_at_any_step_ends_in_one_effect", {"kind": ActionKind.ESCALATE, "after_writes": 2},
    ),
    (
        writing, "_has_note", lambda calls, action: False,
        "nothing_we_write_is_for_the_customers_eyes", {"kind": ActionKind.LINK},
    ),
    (notes, "INTERNAL", "sd.other", "nothing_we_write_is_for_the_customers_eyes", {"kind": ActionKind.LINK}),
    (shapes, "is_empty", lambda value: True, "what_is_empty_is_filled_and_what_stands_there_stays", {}),
    (
        settling, "MOST_REQUESTS", 2,
        "no_write_takes_more_requests_than_are_tried_here", {"kind": ActionKind.ESCALATE},
    ),
    (creating, "_labelled", lambda calls, action: [], "sending_twice_opens_one_ticket", {}),
    (creating, "_repair", lambda *told: {}, "a_second_ticket_that_lands_late_does_not_stand_for_itself", {}),
    (creating, "_linked", lambda *told: {"ticket": "1"}, "a_ticket_is_opened_and_its_receipt_says_where", {}),
    (pages, "census", lambda calls, since: iter([]), "a_census_counts_what_is_unfinished_or_has_changed", {}),
]  # fmt: skip


@pytest.mark.parametrize(("place", "name", "fault", "promise", "given"), FAULTS, ids=[one[1] for one in FAULTS])
def test_the_kit_notices_each_of_these_faults(
    monkeypatch: pytest.MonkeyPatch, place: Any, name: str, fault: Any, promise: str, given: dict[str, Any]
) -> None:
    kit = TestServiceManagement()
    getattr(kit, f"test_{promise}")(JiraBackend("cloud", content.CARE), **given)
    monkeypatch.setattr(place, name, fault)
    with pytest.raises((AssertionError, pytest.fail.Exception, AmendsError)):
        getattr(kit, f"test_{promise}")(JiraBackend("cloud", content.CARE), **given)


@pytest.mark.parametrize(
    "promise",
    ["an_answer_lost_at_any_step_ends_in_one_effect", "a_copy_that_lands_after_all_was_settled_is_taken_away"],
)
def test_a_step_that_a_write_does_not_have_is_skipped_and_not_passed(promise: str) -> None:
    kit = TestCloud()
    with pytest.raises(pytest.skip.Exception, match="no more than 1 requests"):
        getattr(kit, f"test_{promise}")(JiraBackend("cloud", content.SHOP), kind=ActionKind.TAG, after_writes=1)
