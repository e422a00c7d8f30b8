"""Conditions that an admin writes in CEL."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.condition import NAMES, OF_POLICY, condition, values_of, values_without_complaint
from connector.errors import SettingsError
from connector.model import Complainant, Complaint, Priority, Status, Tag

T = datetime(2026, 5, 23, 8, 15, tzinfo=UTC)
COMPLAINT = Complaint(
    source="shop",
    ticket="7",
    version=1,
    subject="Late again",
    text="Where is my parcel?",
    complainant=Complainant("mail:kim@example.com", verified=True),
    status=Status.OPEN,
    opened_at=T,
    updated_at=T,
    priority=Priority.HIGH,
    labels=("vip", "parcel"),
    extra={"amount": 12.5, "vip": True, "tiers": ["gold"]},
)
TAGS = (Tag("complaint", "yes", 0.9, "phrase:en/late"), Tag("category", "delivery", 0.8, "phrase:en/late"))
VALUES = values_of(COMPLAINT, TAGS, reopens=2)


@pytest.mark.parametrize(
    "text",
    [
        'status == "open" && priority == "high"',
        '"vip" in labels',
        "extra.amount > 10.0 && extra.vip",
        "extra.vip",
        '"gold" in extra.tiers',
        'complaint == "yes" && category == "delivery"',
        "reopens >= 2 && verified",
        'labels.exists(label, label.startsWith("par"))',
        'text.matches("(?i)PARCEL")',
        'product == "" && root_cause == ""',
        "!has(extra.colour)",
    ],
)
def test_a_condition_sees_the_complaint_and_its_tags(text: str) -> None:
    assert condition(text).holds(VALUES)
    assert condition(text).trouble(VALUES) is None


@pytest.mark.parametrize(
    ("text", "what", "remedy"),
    [
        ('statsu == "open"', "no value called 'statsu' (character 1)", "Did you mean 'status'?"),
        ("reopens > 'a'", "no matching overload", "Known names"),
        ("1 +", "character 4", "Known names"),
        ("", "Syntax error", "Known names"),
        ("status", "gives STRING, not yes or no", "Compare it"),
        ("reopens + 1", "gives INT", "Compare it"),
        ('text.matches("(")', "regular expression", "Correct the pattern"),
        ("true" + " || true" * 200, "more than 1000", "Split it"),
        ("open('/etc/passwd') == ''", "no value called 'open'", "Known names"),
    ],
)
def test_a_wrong_condition_is_refused_when_it_is_compiled(text: str, what: str, remedy: str) -> None:
    with pytest.raises(SettingsError) as refusal:
        condition(text)
    assert what in refusal.value.message
    assert remedy in (refusal.value.remedy or "")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("extra.colour == 'red'", "colour"),
        ("!(extra.colour == 'red')", "colour"),
        ("extra.amount > 'a'", "overload"),
        ("10 / (reopens - 2) == 1", "divide by zero"),
        ("extra.amount", "DOUBLE"),
    ],
)
def test_where_there_is_no_answer_the_condition_does_not_hold_and_says_why(text: str, why: str) -> None:
    found = condition(text)
    assert not found.holds(VALUES)
    assert why in (found.trouble(VALUES) or "")


def test_a_loop_that_would_run_away_is_stopped() -> None:
    found = condition("labels.exists(a, labels.exists(b, labels.exists(c, a + b + c == 'q')))")
    values = {**VALUES, "labels": ["x"] * 300}
    assert not found.holds(values)
    assert "budget" in (found.trouble(values) or "")


def test_a_pattern_that_backtracks_for_ever_elsewhere_is_answered_at_once() -> None:
    values = {**VALUES, "text": "a" * 50_000 + "b"}
    assert not condition('text.matches("^(a+)+$")').holds(values)


def test_every_name_has_a_value_with_and_without_a_complaint() -> None:
    assert set(VALUES) == set(NAMES)
    assert set(values_without_complaint()) == {*NAMES, *OF_POLICY}


def test_the_first_of_several_tags_of_a_facet_speaks() -> None:
    tags = (Tag("category", "billing", 1.0, "agent"), *TAGS)
    assert values_of(COMPLAINT, tags)["category"] == "billing"


def test_a_complaint_without_tags_is_unsure() -> None:
    assert values_of(COMPLAINT, ())["complaint"] == "unsure"


def test_conditions_of_the_same_text_are_equal() -> None:
    assert condition("verified") == condition("verified")
    assert hash(condition("verified")) == hash(condition("verified"))
    assert condition("verified") != condition("!verified")


@given(st.text(max_size=60))
def test_any_text_is_a_condition_or_a_settings_error(text: str) -> None:
    try:
        found = condition(text)
    except SettingsError:
        return
    assert found.holds(VALUES) in (True, False)


def test_a_condition_sees_all_remedies_and_emergencies_as_lists() -> None:
    tags = [Tag("remedy", "refund", 0.9, "x"), Tag("remedy", "apology", 0.9, "x"), Tag("emergency", "legal", 0.9, "x")]
    values = values_of(COMPLAINT, tags)
    assert condition('"apology" in remedy && size(remedy) == 2 && emergency == ["legal"]').holds(values)
    assert not condition('"safety" in emergency').holds(values)
    assert condition("size(remedy) == 0").holds(values_without_complaint())
