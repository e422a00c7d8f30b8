"""A snapshot and its timeline become a complaint."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from connector.condition import condition
from connector.errors import RecordError, SettingsError
from connector.mapping import FIELDS, Mapping, complaint_tag, normalise, to_source, words
from connector.model import JSON, Complaint, Entry, EntryKind, Priority, Status
from connector.timeline import Folded, fold

T = datetime(2026, 5, 23, 8, 15, tzinfo=UTC)
MAPPING = Mapping(
    adapter="zendesk",
    fields={
        "subject": "subject",
        "text": "description",
        "channel": "via.channel",
        "team": "group_id",
        "owner": "assignee_id",
        "product": "custom:17",
        "order_number": "custom:18",
        "language": "locale",
        "labels": "tags",
        "opened_at": "created_at",
        "updated_at": "updated_at",
        "requester.id": "requester.id",
        "requester.name": "requester.name",
        "requester.address": "requester.email",
        "requester.phone": "requester.phone",
        "requester.verified": "requester.verified",
        "requester.language": "requester.locale",
        "requester.time_zone": "requester.iana_time_zone",
        "extra.branch": "custom:19",
    },
    status={"open": Status.OPEN, "pending": Status.WAITING_CUSTOMER},
    priority={"high": Priority.HIGH},
    values={"product": {"prod_router": "Router"}},
    complaint_labels=frozenset({"complaint"}),
    not_complaint_labels=frozenset({"no_complaint"}),
    write={"priority": "priority", "team": "group"},
    write_values={"team": {"complaints": 360001}},
)
KIM = {
    "id": 77,
    "name": "Kim",
    "email": "Kim@Example.com",
    "verified": True,
    "locale": "pt-BR",
    "iana_time_zone": "America/Bahia",
}


def folded(status: str | None = "open", priority: str | None = None) -> Folded:
    entries = [Entry("0", EntryKind.RECEIVED, T, T)]
    entries += [Entry("1", EntryKind.STATUS, T, T, value=status)] if status else []
    entries += [Entry("2", EntryKind.PRIORITY, T, T, value=priority)] if priority else []
    result = fold(entries, words(MAPPING))
    assert result is not None
    return result


def complaint(mapping: Mapping = MAPPING, timeline: Folded | None = None, **fields: JSON) -> Complaint:
    return normalise("shop", "7", 3, fields, timeline or folded(), mapping)


def test_each_mapped_field_lands_in_its_place() -> None:
    found = complaint(
        timeline=folded("pending", "high"),
        subject="Late",
        description="Where is it?",
        via={"channel": "email"},
        group_id=360001,
        assignee_id=5,
        custom={"17": "prod_router", "18": "A-12", "19": {"town": "Ghent"}},
        locale="nl",
        tags=["a", "b"],
        created_at="2026-05-23T10:15:00+02:00",
        updated_at="2026-05-23T09:00:00Z",
        requester=KIM,
    )
    assert (found.subject, found.text, found.channel, found.team, found.owner) == (
        "Late",
        "Where is it?",
        "email",
        "360001",
        "5",
    )
    assert (found.product, found.order_number, found.language, found.labels) == ("Router", "A-12", "nl", ("a", "b"))
    assert found.extra == {"branch": {"town": "Ghent"}}
    assert found.opened_at == T
    assert found.updated_at == datetime(2026, 5, 23, 9, tzinfo=UTC)
    assert (found.status, found.priority, found.version) == (Status.WAITING_CUSTOMER, Priority.HIGH, 3)
    person = found.complainant
    assert (person.key, person.source_id, person.address) == ("shop:77", "77", "Kim@Example.com")
    assert (person.language, person.time_zone, person.verified) == ("pt", "America/Bahia", True)
    assert found.problems == ()


def test_a_ticket_without_any_field_is_still_a_complaint() -> None:
    found = complaint()
    assert (found.subject, found.text, found.opened_at, found.updated_at) == ("", "", T, T)
    assert found.problems == ()


def test_a_record_without_a_ticket_id_goes_to_quarantine() -> None:
    with pytest.raises(RecordError):
        normalise("shop", "", 1, {}, folded(), MAPPING)


@pytest.mark.parametrize(
    ("person", "key"),
    [
        (KIM, "shop:77"),
        ({**KIM, "verified": False}, "shop:77"),
        ({**KIM, "email": None}, "shop:77"),
        ({**KIM, "id": "Kim@Example.com", "name": " Kim  Doe"}, "shop:kim@example.com/kim doe"),
        ({**KIM, "id": "Kim@Example.com", "name": None}, "shop:kim@example.com/"),
        ({**KIM, "id": "kim@example.com", "verified": False}, "shop:kim@example.com"),
        ({"email": " Kim@Example.com "}, "shop:kim@example.com"),
        ({"name": "Kim"}, "shop:ticket:7"),
        (None, "shop:ticket:7"),
    ],
)
def test_an_account_is_one_identity_and_a_mailbox_one_for_each_name_that_writes_from_it(person: JSON, key: str) -> None:
    assert complaint(requester=person).complainant.key == key


def test_words_that_the_mapping_does_not_know_are_kept_and_named() -> None:
    found = complaint(timeline=folded("escalated", "p0"), custom={"17": "prod_kettle"})
    assert found.product == "unmapped:prod_kettle"
    assert found.problems == ("unmapped:status 'escalated'", "unmapped:priority 'p0'", "unmapped:product 'prod_kettle'")


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"subject": ["a"]}, "subject: expected text, found ['a']"),
        ({"group_id": ["a", "b"]}, "team: 2 values, the first counts"),
        ({"subject": True}, "subject: expected text, found True"),
        ({"tags": "a b"}, "labels: expected a list of texts, found 'a b'"),
        ({"tags": ["a", 1]}, "labels: expected a list of texts, found ['a', 1]"),
        ({"created_at": "yesterday"}, "opened_at: expected a time with its zone, found 'yesterday'"),
        ({"created_at": "2026-05-23T08:15:00"}, "opened_at: expected a time with its zone"),
        ({"created_at": 17}, "opened_at: expected a time with its zone, found 17"),
        ({"created_at": "0001-01-01T00:00:00+23:00"}, "opened_at: expected a time with its zone"),
        ({"requester": {"verified": 1}}, "requester.verified: expected true or false, found 1"),
        ({"requester": {"locale": "fil"}}, "requester.language: expected a locale with a two-letter language"),
        ({"requester": {"iana_time_zone": "Hawaii Time"}}, "requester.time_zone: expected an IANA time zone"),
        ({"requester": {"iana_time_zone": "../../etc/passwd"}}, "requester.time_zone: expected an IANA time zone"),
        ({"subject": "x" * 2000}, "subject: cut after 1000 of 2000 characters"),
        ({"description": "x" * 70_000}, "text: cut after 65536 of 70000 characters"),
    ],
)
def test_an_odd_optional_field_is_named_and_the_complaint_stands(fields: dict[str, JSON], problem: str) -> None:
    (said,) = complaint(**fields).problems
    assert said.startswith(problem)


def test_a_field_that_is_no_object_where_one_is_expected_is_absent() -> None:
    found = complaint(via="email", custom=[1], requester="Kim")
    assert (found.channel, found.product, found.complainant.name) == (None, None, None)


def test_nul_and_lone_surrogates_become_replacement_characters_everywhere() -> None:
    found = complaint(
        subject="a\x00b\ud800",
        tags=["\x00", "é\udfff"],
        custom={"18": "\x00", "19": {"\x00": ["\ud800", 1, None]}},
        requester={"name": "Zoë\ud83d"},
    )
    assert found.subject == "a\ufffdb\ufffd"
    assert found.labels == ("\ufffd", "é\ufffd")
    assert found.order_number == "\ufffd"
    assert found.extra == {"branch": {"\ufffd": ["\ufffd", 1, None]}}
    assert found.complainant.name == "Zoë\ufffd"


def test_right_to_left_and_emoji_pass_untouched() -> None:
    assert complaint(subject="שלום 👋🏽 é").subject == "שלום 👋🏽 é"


def test_a_list_of_options_is_translated_one_by_one() -> None:
    mapping = replace(MAPPING, values={"extra.branch": {"b1": "Ghent"}})
    found = complaint(mapping, custom={"19": ["b1", "b2"]})
    assert found.extra == {"branch": ["Ghent", "unmapped:b2"]}
    assert found.problems == ("unmapped:extra.branch 'b2'",)


@pytest.mark.parametrize(
    ("labels", "value"),
    [
        (["complaint"], "yes"),
        (["no_complaint"], "no"),
        (["complaint", "no_complaint"], "no"),
        (["x"], None),
        ([], None),
    ],
)
def test_labels_say_whether_it_is_a_complaint_and_a_no_outweighs_a_yes(labels: list[str], value: str | None) -> None:
    tag = complaint_tag(complaint(tags=labels), MAPPING)
    assert (tag and tag.value) == value
    if tag:
        assert (tag.facet, tag.confidence, tag.author) == ("complaint", 1.0, "mapping:zendesk")


def test_conditions_say_whether_it_is_a_complaint() -> None:
    mapping = replace(
        MAPPING,
        complaint_when=condition('channel == "web"'),
        not_complaint_when=condition('subject.startsWith("Re: offer")'),
    )
    tag = complaint_tag(complaint(mapping, via={"channel": "web"}), mapping)
    assert tag is not None
    assert tag.value == "yes"
    tag = complaint_tag(complaint(mapping, via={"channel": "web"}, subject="Re: offer"), mapping)
    assert tag is not None
    assert tag.value == "no"


def test_a_change_is_written_in_the_words_of_the_source() -> None:
    assert to_source(MAPPING, {"priority": "urgent", "team": "complaints"}) == {"priority": "urgent", "group": 360001}


@pytest.mark.parametrize(
    ("change", "what", "remedy"),
    [
        ({"owner": "5"}, "where to write 'owner'", "Add `owner: <field id>` under `write` in mappings/zendesk.yaml"),
        ({"team": "sales"}, "how to write team 'sales'", "Known: complaints"),
        ({"team": True}, "how to write team True", "Known: complaints"),
    ],
)
def test_what_the_mapping_cannot_write_is_a_settings_error(change: dict[str, JSON], what: str, remedy: str) -> None:
    with pytest.raises(SettingsError) as refusal:
        to_source(MAPPING, change)
    assert what in refusal.value.message
    assert remedy in (refusal.value.remedy or "")


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters(), max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)
SNAPSHOTS = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(("subject", "description", "group_id", "tags", "created_at", "locale", "via"), JSON_VALUES),
        "custom": JSON_VALUES | st.dictionaries(st.sampled_from(["17", "18", "19"]), JSON_VALUES),
        "requester": JSON_VALUES | st.dictionaries(st.sampled_from(sorted(KIM)), JSON_VALUES),
    },
)


@given(SNAPSHOTS)
def test_whatever_a_field_holds_there_is_a_complaint_that_can_be_stored(fields: dict[str, Any]) -> None:
    import msgspec

    found = complaint(**fields)
    stored = msgspec.json.encode(found)
    assert b"\\u0000" not in stored
    assert len(found.subject) <= 1000
    assert (found.source, found.ticket, found.status) == ("shop", "7", Status.OPEN)
    assert normalise("shop", "7", 3, fields, folded(), MAPPING) == found or "nan" in str(fields)


def test_every_field_that_a_mapping_may_name_is_read() -> None:
    mapping = Mapping("x", {name: f"in:{name}" for name in FIELDS}, {})

    class Seen(dict[str, JSON]):
        def __missing__(self, key: str) -> JSON:
            asked.add(key)
            return None

    asked: set[str] = set()
    normalise("shop", "7", 1, {"in": Seen()}, folded(), mapping)
    assert asked == set(FIELDS)
