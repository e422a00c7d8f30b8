"""When a ticket is opened elsewhere to remove a cause, what it says, and what the complaint's own ticket is told."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from connector.errors import SettingsError
from connector.model import (
    JSON,
    Action,
    ActionKind,
    Complainant,
    Complaint,
    EntryKind,
    Flag,
    FlagKind,
    History,
    Link,
    Spell,
    Status,
    Tag,
)
from connector.policy.correction import entries
from connector.policy.decision import decide
from connector.policy.recheck import unwanted
from connector.policy.rules import Correction, Policy

NOW = datetime(2026, 6, 2, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
TAGS = (Tag("complaint", "yes", 0.9, "rule"), Tag("category", "delivery", 0.9, "rule"))
REPEAT = Flag(FlagKind.REPEAT, "same_matter", "same_matter#2026-06-02", NOW, "Back again.", ("shop/3",))
PERSON = Complainant("mail:ann@example.org", name="Ann Doe", address="ann@example.org", verified=True)
COMPLAINT = Complaint(
    "shop", "7", 1, "My order is late", "It is me, Ann, call 0171 555", PERSON, Status.OPEN, NOW - DAY, NOW,
    url="https://shop.example/7", product="Router",
)  # fmt: skip
HISTORY = History(NOW - DAY, (Spell(Status.OPEN, NOW - DAY, None),))
CAUSE = Correction("cause", "works", FlagKind.REPEAT, fields={"project": "OPS"}, tags=("from-complaint",))
LINK = Link("works", "10042", "OPS-7", "cause", REPEAT.episode, NOW, "https://works.example/OPS-7")


class Delivery:
    text = 'category == "delivery"'

    def holds(self, values: Mapping[str, JSON]) -> bool:
        return values.get("category") == "delivery"


def decided(
    policy: Policy,
    *flags: Flag,
    links: tuple[Link, ...] = (),
    about: Complaint = COMPLAINT,
    act_from: datetime = NOW - 9 * DAY,
) -> tuple[Action, ...]:
    return decide(
        about,
        HISTORY,
        TAGS,
        (),
        flags,
        policy,
        values={"category": "delivery"},
        translate=dict,
        salt=b"salt",
        act_from=act_from,
        now=NOW,
        links=links,
    ).actions


def test_a_repeat_opens_one_ticket_where_the_cause_can_be_removed() -> None:
    (action,) = decided(Policy(corrections=(CAUSE,)), REPEAT)
    assert (action.kind, action.source, action.origin) == (ActionKind.CORRECT, "works", "shop/7")
    assert action.effect.create["project"] == "OPS"
    assert action.effect.tags == ("from-complaint",)
    assert action.effect.create["url"] == "https://shop.example/7"
    assert "delivery" in action.effect.create["summary"]
    assert "shop/7" in action.effect.create["description"]
    assert decided(Policy(corrections=(CAUSE,)), REPEAT)[0].key == action.key


def test_nothing_of_who_the_customer_is_or_wrote_goes_to_the_other_helpdesk() -> None:
    (action,) = decided(Policy(corrections=(CAUSE,)), REPEAT)
    said = str(action.effect.create)
    assert not any(word in said for word in ("Ann", "ann@", "0171", "late"))


def test_an_admins_own_summary_wins() -> None:
    own = replace(CAUSE, fields={"summary": "Look at the carrier"})
    (action,) = decided(Policy(corrections=(own,)), REPEAT)
    assert action.effect.create["summary"] == "Look at the carrier"


def test_a_condition_alone_speaks_once_of_every_complaint_for_which_it_holds() -> None:
    rule = Correction("late", "works", when=Delivery())
    (action,) = decided(Policy(corrections=(rule,)))
    assert (action.rule, action.episode) == ("late", "complaint")
    assert decided(Policy(corrections=(rule,)), act_from=NOW) == ()


def test_a_correction_without_flag_or_condition_is_refused() -> None:
    with pytest.raises(SettingsError, match="every complaint"):
        Correction("all", "works")


def test_no_ticket_is_opened_for_what_is_no_complaint_or_lies_before_amends_acts() -> None:
    assert decided(Policy(corrections=(CAUSE,)), REPEAT, about=replace(COMPLAINT, status=Status.DELETED)) == ()
    assert decided(Policy(corrections=(CAUSE,)), REPEAT, act_from=NOW + HOUR) == ()


def test_the_complaints_ticket_is_told_of_the_opening_and_then_of_the_resolution() -> None:
    policy = Policy(corrections=(CAUSE,))
    (opened,) = decided(policy, links=(LINK,))
    assert (opened.kind, opened.source, opened.ticket) == (ActionKind.LINK, "shop", "7")
    assert opened.effect.note is not None and "OPS-7" in opened.effect.note
    resolved = replace(LINK, status=Status.RESOLVED, resolved_at=NOW + HOUR)
    told = decided(policy, links=(resolved,))
    assert [one.episode for one in told] == ["works/10042:opened", "works/10042:resolved@2026-06-02T13:00:00"]
    assert "tell the customer" in (told[1].effect.note or "")


def test_who_does_not_want_to_be_told_is_not_and_a_closed_ticket_takes_no_note() -> None:
    assert decided(Policy(corrections=(replace(CAUSE, tell=False),)), links=(LINK,)) == ()
    assert decided(Policy(corrections=(CAUSE,)), links=(LINK,), about=replace(COMPLAINT, status=Status.CLOSED)) == ()


def against(action: Action, policy: Policy, *links: Link, about: Complaint = COMPLAINT) -> str | None:
    return unwanted(action, about, HISTORY, TAGS, (), policy, NOW, links)


def test_a_correction_is_dropped_when_its_rule_is_gone_or_goes_elsewhere() -> None:
    policy = Policy(corrections=(CAUSE,))
    (action,) = decided(policy, REPEAT)
    assert against(action, policy) is None
    assert "no correction" in (against(action, Policy()) or "")
    assert "other" in (against(action, Policy(corrections=(replace(CAUSE, at="other"),))) or "")


def test_a_resolution_is_not_told_once_the_other_ticket_was_taken_up_again() -> None:
    policy = Policy(corrections=(CAUSE,))
    resolved = replace(LINK, status=Status.RESOLVED, resolved_at=NOW)
    _, told = decided(policy, links=(resolved,))
    assert against(told, policy, resolved) is None
    assert "taken up again" in (against(told, policy, LINK) or "")


def test_what_became_of_it_stands_in_the_complaints_own_timeline() -> None:
    resolved = replace(LINK, status=Status.RESOLVED, resolved_at=NOW + HOUR)
    opened, done = entries((resolved,))
    assert (opened.kind, opened.value, done.value) == (EntryKind.CORRECTION, "opened", "resolved")
    assert opened.occurred_at == NOW and done.occurred_at == NOW + HOUR
    assert "OPS-7" in (done.text or "")
