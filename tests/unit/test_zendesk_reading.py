"""Whatever Zendesk sends is read: recorded traffic without a problem, broken records one by one, nothing by raising."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Iterator
from copy import deepcopy
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.zendesk import events, tickets
from adapters.zendesk.pages import TicketPage, ticket_records
from adapters.zendesk.pages import page_of as _page
from connector.adapter import Adapter, Cursor, Page, Record
from connector.commands.mapping_live import newest
from connector.errors import RecordError
from connector.model import EntryKind, Role, Visibility, fields_of

SEEN_AT = datetime(2026, 3, 2, 9, 30, 0, 5, tzinfo=UTC)
SEEN = tickets.Seen.when(SEEN_AT)

USER = {
    "id": 361, "name": "Maria Silva", "email": "maria@example.net", "phone": "+351", "verified": True,
    "locale": "pt-PT", "time_zone": "Lisbon", "iana_time_zone": "Europe/Lisbon", "external_id": "crm-1",
    "role": "end-user", "tags": ["vip"], "photo": None, "user_fields": {"segment": "retail"},
}  # fmt: skip
METRICS = {
    "ticket_id": 17, "solved_at": "2026-03-02T08:40:00Z", "status_updated_at": "2026-03-02T08:50:00Z",
    "assigned_at": "2026-03-02T08:10:00Z", "reply_time_in_minutes": {"calendar": 12, "business": 0}, "reopens": 1,
}  # fmt: skip
TICKET = {
    "id": 17, "url": "https://acme.zendesk.com/api/v2/tickets/17.json", "external_id": None, "status": "solved",
    "subject": "Where is my parcel?", "description": "It is a week late.", "priority": "high", "type": "problem",
    "tags": ["late", "vip"], "via": {"channel": "email", "source": {"from": {}, "to": {}, "rel": None}},
    "created_at": "2026-03-02T08:00:00Z", "updated_at": "2026-03-02T09:00:00Z", "generated_timestamp": 1772442100,
    "requester_id": 361, "submitter_id": 361, "assignee_id": 900, "group_id": 800, "organization_id": None,
    "brand_id": 700, "ticket_form_id": 710, "custom_status_id": 720, "is_public": True,
    "custom_fields": [{"id": 360001, "value": "A-17"}, {"id": 360002, "value": None}, {"id": 360003, "value": ["a"]}],
    "fields": [{"id": 360001, "value": "A-17"}], "satisfaction_rating": {"score": "bad", "comment": "never again"},
    "metric_set": METRICS,
}  # fmt: skip
EVENT = {
    "id": 5001, "ticket_id": 17, "timestamp": 1772440000, "created_at": "2026-03-02T08:26:40Z", "updater_id": 900,
    "via": "Web form", "event_type": "Audit", "system": {"client": "x"}, "metadata": {"custom": {}, "system": {}},
    "child_events": [
        {"id": 5002, "via": {"channel": "web"}, "type": "Comment", "author_id": 900, "body": "Sorry!", "public": True,
         "created_at": "2026-03-02T08:26:40Z", "event_type": "Comment"},
        {"id": 5003, "via": "Web form", "status": "pending", "previous_value": "open", "event_type": "Change"},
        {"id": 5004, "via": "Rule", "priority": "high", "previous_value": None, "event_type": "Change"},
        {"id": 5005, "via": "Web form", "custom_ticket_fields": {"360001": "B"}, "event_type": "Change"},
        {"id": 5006, "tags": ["a"], "added_tags": ["a"], "removed_tags": [], "event_type": "Change"},
        {"id": 5007, "comment_id": 4999, "event_type": "CommentRedactionEvent"},
        {"id": 5008, "event_type": "SomethingNew", "surprise": [1, 2, 3]},
    ],
}  # fmt: skip


def page_of(*sent: Any, users: Any = (USER,)) -> list[Record]:
    body = json.dumps({"tickets": list(sent), "users": list(users), "end_of_stream": True}).encode()
    return ticket_records(_page(body, TicketPage, "the page", "shop"), SEEN)


def one(sent: Any) -> Record:
    [record] = page_of(sent)
    return record


def told(event: Any, roles: Any = None) -> Record:
    kept = {"event": event} if roles is None else {"event": event, "roles": roles}
    return events.read(json.dumps(kept).encode(), SEEN_AT)


# Snapshots


def test_fields_are_found_by_the_ids_that_a_mapping_uses() -> None:
    fields = one(TICKET).fields
    assert fields is not None
    found = {
        "subject": "Where is my parcel?", "via.channel": "email", "requester.email": "maria@example.net",
        "requester.iana_time_zone": "Europe/Lisbon", "requester.verified": True, "custom:360001": "A-17",
        "custom:360003": ["a"], "satisfaction_rating.score": "bad", "metric_set.reopens": 1, "group_id": 800,
        "agent_url": "https://acme.zendesk.com/agent/tickets/17", "tags": ["late", "vip"],
    }  # fmt: skip
    assert {name: fields_of(fields, name) for name in found} == found


def test_all_fields_of_a_ticket_are_there_for_whoever_asks_for_them() -> None:
    def fields() -> dict[str, Any]:
        found = one(TICKET).fields
        assert found is not None
        return found

    gone = {"custom_fields", "fields"}
    whole = {name: value for name, value in TICKET.items() if name not in gone}
    whole["custom"] = {"360001": "A-17", "360002": None, "360003": ["a"]}
    whole["agent_url"] = "https://acme.zendesk.com/agent/tickets/17"
    whole["requester"] = {name: USER[name] for name in USER if name not in ("photo", "user_fields")}
    assert fields() == whole and fields() != {**whole, "more": 1}
    assert dict(fields()) == {**fields()} == dict(fields().items()) == whole
    assert set(fields()) == set(fields().keys()) == whole.keys() and len(fields()) == len(whole)
    assert list(fields().values()) == list(dict(fields()).values())
    assert "organization_id" in fields() and "custom_fields" not in fields() and bool(fields())
    assert fields().get("submitter_id") == 361 and fields().get("nothing", 7) == 7 and fields()["type"] == "problem"
    with pytest.raises(KeyError):
        fields()["nothing"]
    some = fields()
    assert some["custom"] == whole["custom"] and some == whole


@pytest.mark.parametrize(
    ("sent", "found"),
    [
        (None, {}),
        ([], {}),
        (
            [{"id": 1}, {"value": 2}, {"id": None, "value": 3}, {"id": "x", "value": [4]}],
            {"1": None, "None": 3, "x": [4]},
        ),
        (["odd", {"id": 1, "value": 2}, 3], {"1": 2}),
    ],
)
def test_fields_of_the_account_are_read_as_far_as_they_make_sense(sent: Any, found: dict[str, Any]) -> None:
    alone, among_all = one({**TICKET, "custom_fields": sent}).fields, one({**TICKET, "custom_fields": sent}).fields
    assert alone is not None and among_all is not None
    assert alone["custom"] == dict(among_all)["custom"] == found


@pytest.mark.parametrize("member", ["zz", "custom_fields"])
def test_what_turns_out_unreadable_only_when_it_is_asked_for_sets_that_ticket_aside(member: str) -> None:
    """Python reads no number of five thousand digits, and what nobody asks for is not read at first."""
    number = "9" * 5_000
    odd = number if member == "zz" else f'[{{"id":360001,"value":{number}}}]'
    body = json.dumps({"tickets": [{**TICKET, member: "ODD"}], "users": [USER], "end_of_stream": True})
    [record] = ticket_records(_page(body.replace('"ODD"', odd).encode(), TicketPage, "the page", "shop"), SEEN)
    assert record.fields is not None and record.fields["subject"] == TICKET["subject"]
    for name in ("custom" if member == "custom_fields" else "zz", "foo", "foo"):
        with pytest.raises(RecordError, match="it is no JSON"):
            record.fields.get(name)


@pytest.mark.parametrize("member", ["id", "requester_id", "external_id", "priority", "custom_fields", "metric_set"])
@pytest.mark.parametrize("odd", ["9" * 5_000, '{"a":' + "9" * 5_000 + "}", "1e5000"])
def test_a_number_that_nobody_can_read_stops_no_page_wherever_it_stands(member: str, odd: str) -> None:
    sent = [{**TICKET, member: "ODD"}, {**TICKET, "id": 18}]
    body = json.dumps({"tickets": sent, "users": [USER], "end_of_stream": True}).replace('"ODD"', odd).encode()
    _, other = ticket_records(_page(body, TicketPage, "the page", "shop"), SEEN)
    assert (other.ticket, other.problem) == ("18", None)


def test_a_look_at_live_tickets_leaves_out_the_one_that_cannot_be_read_whole() -> None:
    sent = [{**TICKET, "zz": "ODD"}, {**TICKET, "id": 18}]
    body = json.dumps({"tickets": sent, "users": [USER], "end_of_stream": True}).replace('"ODD"', "9" * 5_000)

    class Live:
        def start(self, _stream: str, _since: datetime | None) -> Cursor:
            return {}

        def fetch(self, _stream: str, _cursor: Cursor) -> Iterator[Page]:
            yield Page(ticket_records(_page(body.encode(), TicketPage, "the page", "shop"), SEEN), {}, end=True)

    found = newest(cast(Adapter, Live()), ["tickets"], SEEN_AT, 5, "shop")
    assert [one.ticket for one in found] == ["18"]


def test_metric_sets_may_stand_beside_the_tickets_as_well() -> None:
    plain = {name: value for name, value in TICKET.items() if name != "metric_set"}
    body = {"tickets": [plain], "users": [USER], "metric_sets": [METRICS, {"ticket_id": "?"}], "end_of_stream": True}
    [record] = ticket_records(_page(json.dumps(body).encode(), TicketPage, "the page", "shop"), SEEN)
    assert record.entries == one(TICKET).entries
    assert tickets.read(record.raw, SEEN_AT) == record


def test_the_newest_of_both_timestamps_is_the_version() -> None:
    assert one(TICKET).version == 1772442100
    for generated in (0, None, "x", 17, True):
        assert one({**TICKET, "generated_timestamp": generated}).version == 1772442000


def test_statements_of_a_later_look_sort_after_those_of_an_earlier_one() -> None:
    later = tickets.read(one(TICKET).raw, SEEN_AT.replace(second=1)).entries
    for before, after in zip(one(TICKET).entries, later, strict=True):
        assert before.observed == after.observed
        assert before.id < after.id if before.id[1:].startswith("1") else before.id == after.id


def test_a_private_ticket_was_not_received_in_public() -> None:
    assert one({**TICKET, "is_public": False}).entries[0].visibility is Visibility.INTERNAL


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("id", None), ("id", "x"), ("id", 1.5), ("id", True), ("status", None), ("status", 3), ("subject", {}),
        ("description", []), ("priority", 1), ("tags", "a b"), ("custom_fields", {}), ("created_at", "soon"),
        ("updated_at", "2026-03-02T09:00:00"), ("updated_at", 5),
    ],
)  # fmt: skip
def test_a_member_of_the_wrong_type_is_named_and_only_that_ticket_is_set_aside(member: str, value: Any) -> None:
    good, broken, also_good = page_of(TICKET, {**TICKET, member: value}, {**TICKET, "id": 18})
    assert (good.problem, also_good.problem) == (None, None)
    assert broken.problem is not None
    assert member in broken.problem or member == "id"
    assert broken.raw
    assert tickets.read(broken.raw, SEEN_AT) == broken


def test_numbers_written_as_text_and_members_that_are_null_or_new_are_fine() -> None:
    odd = {**TICKET, "id": "17", "requester_id": "361", "assignee_id": "900", "brand_new": {"x": 1}, "tags": None}
    record = one({**odd, "custom_fields": None, "priority": None, "subject": None, "description": None, "via": None})
    assert record.problem is None
    assert record.ticket == "17"
    assert fields_of(record.fields or {}, "requester.email") == "maria@example.net"


def test_a_ticket_without_its_requester_at_hand_still_names_them() -> None:
    [record] = page_of(TICKET, users=())
    assert (record.fields or {})["requester"] == {"id": 361}


def test_what_is_no_strict_json_is_mended_for_its_ticket_alone() -> None:
    body = json.dumps({"tickets": [TICKET, {**TICKET, "id": 18}], "users": [USER], "end_of_stream": True})
    half = body.replace("Where is my parcel?", r"half \ud83d a smile", 1).encode()
    not_a_number = body.replace('"is_public": true', '"is_public": NaN', 1).encode()
    latin = body.encode().replace(b"Where is", b"O\xf9 est", 1)
    for sent, subject in ((half, "half � a smile"), (not_a_number, None), (latin, "O� est my parcel?")):
        odd, plain = ticket_records(_page(sent, TicketPage, "the page", "shop"), SEEN)
        assert (odd.problem, plain.problem) == (None, None)
        assert (odd.fields or {})["subject"] == (subject or TICKET["subject"])
        assert tickets.read(odd.raw, SEEN_AT) == odd
        msgspec.json.encode(odd.fields).decode()


# Events


def test_an_event_is_told_in_the_words_of_the_source() -> None:
    record = told(EVENT, {"900": "staff"})
    lines = [(entry.id[-4:], entry.kind, entry.role, entry.value, entry.field, entry.text) for entry in record.entries]
    assert lines == [
        ("5002", EntryKind.STAFF_REPLY, Role.STAFF, None, None, "Sorry!"),
        ("5003", EntryKind.STATUS, Role.STAFF, "pending", None, None),
        ("5004", EntryKind.PRIORITY, Role.SYSTEM, "high", None, None),
        ("5005", EntryKind.FIELD, Role.STAFF, "B", "custom:360001", None),
        ("5006", EntryKind.FIELD, Role.STAFF, "a", "tags", None),
        ("5007", EntryKind.REDACTION, Role.STAFF, f"{4999:020d}", None, ""),
    ]
    assert (record.ticket, record.raw_id, record.fields) == ("17", "5001", None)


@pytest.mark.parametrize(
    ("roles", "kind", "role"),
    [
        ({"900": "staff"}, EntryKind.STAFF_REPLY, Role.STAFF),
        ({}, EntryKind.CUSTOMER_MESSAGE, Role.CUSTOMER),
        (None, EntryKind.CUSTOMER_MESSAGE, Role.UNKNOWN),
        ("odd", EntryKind.CUSTOMER_MESSAGE, Role.UNKNOWN),
    ],
)
def test_who_is_not_known_as_staff_is_on_the_customers_side(roles: Any, kind: EntryKind, role: Role) -> None:
    entry = told(EVENT, roles).entries[0]
    assert (entry.kind, entry.role) == (kind, role)


def test_without_the_sideload_a_comment_is_told_without_its_words() -> None:
    child = {"id": 1, "via": "Mail", "comment_present": True, "comment_public": False, "event_type": "Comment"}
    [entry] = told({**EVENT, "child_events": [child]}, {"900": "staff"}).entries
    assert (entry.kind, entry.text, entry.visibility) == (EntryKind.NOTE, None, Visibility.INTERNAL)


def test_only_a_rating_of_the_customers_is_a_rating() -> None:
    def rating(score: str) -> list[str | None]:
        child = {"id": 1, "satisfaction_score": score, "event_type": "Change"}
        return [entry.value for entry in told({**EVENT, "child_events": [child]}).entries]

    assert [rating(score) for score in ("good", "bad", "offered", "unoffered")] == [["good"], ["bad"], [], []]


@pytest.mark.parametrize("member", ["id", "ticket_id"])
def test_an_event_that_names_nothing_is_set_aside(member: str) -> None:
    record = told({**EVENT, member: None})
    assert record.problem
    assert events.read(record.raw, SEEN_AT) == record


def test_an_event_without_a_readable_time_is_set_aside_under_its_ticket() -> None:
    assert told({**EVENT, "created_at": "soon"}).problem is None  # the Unix time is there as well
    record = told({**EVENT, "created_at": "soon", "timestamp": "soon"})
    assert (record.ticket, record.raw_id, bool(record.problem)) == ("17", "5001", True)


# Anything at all

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.just("2026-03-02T09:00:00Z"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
GONE = object()


def places(value: Any, here: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if here:
        yield here
    keys: Any = value.keys() if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        yield from places(value[key], (*here, key))


def mutated(sample: Any) -> st.SearchStrategy[Any]:
    """The sample with up to four members missing, null, or something else."""

    def mutate(changes: list[tuple[tuple[Any, ...], Any]]) -> Any:
        copy = deepcopy(sample)
        for path, value in changes:
            target = copy
            try:
                for step in path[:-1]:
                    target = target[step]
                if value is GONE:
                    del target[path[-1]]
                else:
                    target[path[-1]] = value
            except (KeyError, IndexError, TypeError):
                continue
        return copy

    change = st.tuples(st.sampled_from(list(places(sample))), st.just(GONE) | st.none() | ANYTHING)
    return st.lists(change, min_size=1, max_size=4).map(mutate)


@given(st.lists(mutated(TICKET) | ANYTHING, min_size=1, max_size=3), st.lists(mutated(USER) | ANYTHING, max_size=2))
def test_no_ticket_however_odd_stops_its_page(sent: list[Any], users: list[Any]) -> None:
    records = page_of(*sent, TICKET, users=users)
    assert len(records) == len(sent) + 1
    assert records[-1].problem is None
    for record in records:
        assert record.ticket
        assert record.raw_id
        assert (record.problem is None) or not record.entries
        assert tickets.read(record.raw, SEEN_AT) == record
        for entry in record.entries:
            assert entry.occurred_at.tzinfo is not None


@given(mutated(EVENT) | ANYTHING, st.none() | mutated({"900": "staff", "901": "own"}) | ANYTHING)
def test_no_event_however_odd_is_raised_about(event: Any, roles: Any) -> None:
    record = told(event, roles)
    assert record.ticket
    assert record.raw_id
    assert len({entry.id for entry in record.entries}) == len(record.entries)
    assert events.read(record.raw, SEEN_AT) == record


@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_no_bytes_however_odd_are_raised_about(kept: bytes) -> None:
    assert tickets.read(kept, SEEN_AT).raw == events.read(kept, SEEN_AT).raw == kept


def test_a_ticket_nested_without_end_is_set_aside() -> None:
    deep = b'{"ticket":' + b"[" * 200_000 + b"]" * 200_000 + b"}"
    assert tickets.read(deep, SEEN_AT).problem
    assert events.read(deep, SEEN_AT).problem


# Recorded traffic


def recorded() -> Path:
    corpora = os.environ.get("AMENDS_CORPORA")
    if not corpora:
        pytest.skip("AMENDS_CORPORA names no folder of recordings")
    return Path(corpora) / "recorded" / "zendesk"


def answers() -> Iterator[tuple[Path, Any]]:
    """Every recorded answer, with the file it is from. Requests are not ours to read."""
    for file in sorted(recorded().rglob("*.json*")):
        whole = json.loads(gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes())
        for one_call in whole if isinstance(whole, list) else [whole]:
            exchange = isinstance(one_call, dict) and isinstance(one_call.get("response"), dict)
            if exchange and "request" in one_call:
                yield file, one_call["response"].get("body")
            elif not exchange:
                yield file, one_call


def inside(value: Any, *names: str) -> Iterator[Any]:
    """Everything that stands under one of these names, at any depth."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if name in names:
                yield inner
            yield from inside(inner, *names)
    elif isinstance(value, list):
        for inner in value:
            yield from inside(inner, *names)


def test_every_recorded_export_page_is_read_without_a_problem() -> None:
    pages = read = 0
    for file, body in answers():
        if isinstance(body, dict) and "end_of_stream" in body and "tickets" in body:
            page = _page(json.dumps(body).encode(), TicketPage, str(file), "shop")
            records = ticket_records(page, SEEN)
            assert [record.problem for record in records if record.problem] == [], file
            assert [record.ticket for record in records] == [str(ticket["id"]) for ticket in body["tickets"]]
            pages, read = pages + 1, read + len(records)
    assert pages > 20
    assert read > 1000


def test_every_recorded_ticket_is_read_without_a_problem() -> None:
    read = 0
    for file, body in answers():
        lists = [one for one in inside(body, "tickets") if isinstance(one, list)]
        for sent in [*inside(body, "ticket"), *(ticket for tickets_ in lists for ticket in tickets_)]:
            if isinstance(sent, dict) and "created_at" in sent:
                record = one(sent)
                assert record.problem is None, (file, record.problem)
                assert {entry.kind for entry in record.entries} >= {EntryKind.RECEIVED} or sent["status"] == "deleted"
                assert tickets.read(record.raw, SEEN_AT) == record
                read += 1
    assert read > 1000


def test_every_recorded_audit_is_read_without_a_problem() -> None:
    read = 0
    for file, body in answers():
        lists = [one for one in inside(body, "audits") if isinstance(one, list)]
        for sent in [*inside(body, "audit"), *(audit for audits in lists for audit in audits)]:
            if isinstance(sent, dict) and "events" in sent:
                record = told(sent, {})
                assert record.problem is None, (file, record.problem)
                read += 1
    assert read > 100
