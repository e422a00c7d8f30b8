"""What counts as an agent's correction of a tag or field that we wrote, and what does not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from connector.corrections import Answers, corrected, vocabulary
from connector.mapping import Mapping
from connector.model import Entry, EntryKind, Role
from connector.settings import shipped_mapping

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
KNOWN = vocabulary(
    "amends_",
    {
        "category": Answers(("delivery", "payment", "delivery/late"), several=False),
        "remedy": Answers(("refund", "repair", "store_credit"), several=True),
    },
)


def mapping() -> Mapping:
    return shipped_mapping("memory")


def field(number: int, value: str | None, role: Role, name: str = "labels") -> Entry:
    at = START + timedelta(minutes=number)
    return Entry(f"{number:05d}", EntryKind.FIELD, at, at, role, value=value, field=name)


def said(*entries: Entry) -> list[tuple[str, str, str]]:
    return [(tag.facet, tag.value, tag.author) for tag in corrected(entries, KNOWN, mapping())]


def test_a_tag_of_ours_replaced_by_another_is_the_agents_word() -> None:
    ours = field(1, "vip amends_category_delivery", Role.AMENDS)
    assert said(ours) == [], "what we wrote ourselves corrects nothing"
    assert said(ours, field(2, "vip amends_category_payment", Role.STAFF)) == [("category", "payment", "agent")]
    assert said(ours, field(2, "amends_category_delivery,amends_category_payment", Role.STAFF)) == [
        ("category", "payment", "agent")
    ]


def test_a_finer_value_is_known_by_the_tag_that_we_would_write() -> None:
    assert said(field(2, "amends_category_delivery_late", Role.STAFF)) == [("category", "delivery/late", "agent")]


def test_what_rules_customers_or_strangers_do_is_no_correction() -> None:
    for role in (Role.SYSTEM, Role.CUSTOMER, Role.UNKNOWN, Role.AMENDS):
        assert said(field(2, "amends_category_payment", role)) == []


def test_other_tags_and_other_fields_say_nothing() -> None:
    assert said(field(2, "vip urgent amends_overdue", Role.STAFF)) == []
    assert said(field(2, "amends_category_payment", Role.STAFF, name="custom:17")) == []


def test_a_tag_that_was_there_already_says_nothing_when_others_change() -> None:
    ours = field(1, "amends_category_delivery", Role.AMENDS)
    assert said(ours, field(2, "amends_category_delivery vip", Role.STAFF)) == []


def test_the_last_word_counts() -> None:
    assert said(
        field(1, "amends_category_delivery", Role.AMENDS),
        field(2, "amends_category_payment", Role.STAFF),
        field(3, "amends_category_delivery", Role.STAFF),
    ) == [("category", "delivery", "agent")]


def test_of_several_answers_all_that_stand_afterwards_are_meant() -> None:
    ours = field(1, "amends_remedy_refund", Role.AMENDS)
    assert said(ours, field(2, "amends_remedy_refund amends_remedy_store_credit", Role.STAFF)) == [
        ("remedy", "refund", "agent"),
        ("remedy", "store_credit", "agent"),
    ]
