"""Answers in Zendesk's newer surveys become ratings, page by page and whenever they are given."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from adapters.zendesk import survey_responses
from adapters.zendesk.survey_responses import STREAM, read
from connector.adapter import Record
from connector.errors import CursorError
from connector.model import EntryKind, History, Role, Spell, Status
from connector.policy.answers import given_at_source
from sandbox.zendesk.answers import Answer, Request
from tests.conformance.test_zendesk import ZendeskBackend, adapter_for

SEEN = datetime(2026, 3, 2, 10, tzinfo=UTC)
AT = "2026-03-02T09:00:00.000Z"


def response(rating: int, points: int = 5, **more: Any) -> dict[str, Any]:
    options = [{"rating": one} for one in range(1, points + 1)]
    question = {"type": "rating_scale_numeric", "sub_type": "customer_satisfaction", "options": options}
    rated = {"type": "rating_scale", "rating": rating, "question": question, "created_at": AT, "updated_at": AT}
    said = {"type": "open_ended", "value": "Too slow", "created_at": AT, "updated_at": AT}
    return {
        "id": "01J1",
        "answers": [{**rated, **more}, said],
        "responder_id": 7,
        "subjects": [{"id": "99", "type": "ticket", "zrn": "zen:ticket:99"}],
    }


def told(sent: Any) -> Record:
    return read(msgspec.json.encode(sent), SEEN)


def test_an_answer_is_the_customers_rating_of_the_ticket_with_their_words() -> None:
    record = told(response(2))
    (entry,) = record.entries
    assert (record.ticket, entry.kind, entry.value, entry.text) == ("99", EntryKind.RATING, "2", "Too slow")
    assert (entry.role, entry.actor, entry.occurred_at) == (Role.CUSTOMER, "7", datetime(2026, 3, 2, 9, tzinfo=UTC))


@pytest.mark.parametrize(
    ("rating", "points", "category", "value"),
    [(1, 2, "bad", "bad"), (2, 2, "good", "good"), (2, 3, "neutral", "3"), (3, 3, "good", "good"), (1, 5, "bad", "1")],
)
def test_scales_of_fewer_choices_become_good_or_bad(rating: int, points: int, category: str, value: str) -> None:
    (entry,) = told(response(rating, points, rating_category=category)).entries
    assert entry.value == value


@pytest.mark.parametrize(
    "sent",
    [
        response(2, type="skipped"),
        {**response(2), "subjects": [{"zrn": "zen:conversation:4295a81b"}]},
        {**response(2), "answers": None},
    ],
)
def test_what_was_not_answered_or_is_about_no_ticket_says_nothing(sent: Any) -> None:
    assert told(sent).entries == () and told(sent).problem is None


@pytest.mark.parametrize("sent", ["nothing", 3, None, {}, {"id": 4}])
def test_what_cannot_be_read_is_put_aside(sent: Any) -> None:
    assert told(sent).problem


def test_a_rating_told_twice_counts_once_by_its_number() -> None:
    opened = datetime(2026, 3, 1, tzinfo=UTC)
    history = History(opened, (Spell(Status.RESOLVED, opened, None),))
    (entry,) = told(response(4)).entries
    old = msgspec.structs.replace(entry, id="0000", value="good", occurred_at=entry.occurred_at + timedelta(seconds=1))
    for both in ((entry, old), (old, entry)):
        (answer,) = given_at_source(both, history)
        assert (answer.csat, answer.scale) == (4, 5)


# -- the list ----------------------------------------------------------------------------------------------------------


def pulled(backend: ZendeskBackend, cursor: Any) -> tuple[list[Record], Any]:
    records: list[Record] = []
    for page in adapter_for(backend).fetch(STREAM, cursor):
        records += page.records
        cursor = msgspec.json.decode(msgspec.json.encode(page.cursor))
    return records, cursor


def test_late_and_changed_answers_are_found_an_hour_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(survey_responses, "PAGE", 2)
    backend = ZendeskBackend()
    tickets = [int(one) for one in backend.seed(5)]
    asked = [backend.account.answer_survey(ticket, None) for ticket in tickets]
    cursor: Any = {"start_time": 0}
    records, cursor = pulled(backend, cursor)
    assert records == [] and cursor["listed"]
    for ident, ticket in zip(asked, tickets, strict=True):
        backend.account.answer_survey(ticket, 1, "Never again", response=ident)
    assert pulled(backend, cursor) == ([], cursor), "it was listed a moment ago"
    backend.clock.advance(8 * 86_400)
    records, cursor = pulled(backend, cursor)
    assert [one.ticket for one in records] == [str(one) for one in tickets], "over three pages"
    backend.account.answer_survey(tickets[0], 5, response=asked[0])
    backend.clock.advance(3601)
    records, _ = pulled(backend, cursor)
    assert {one.entries[0].value for one in records} == {"1", "5"} and len({one.entries[0].id for one in records}) == 5


def test_a_list_that_was_left_in_the_middle_goes_on_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(survey_responses, "PAGE", 2)
    backend = ZendeskBackend()
    tickets = [int(one) for one in backend.seed(5)]
    for ticket in tickets:
        backend.account.answer_survey(ticket, 4)
    first = next(iter(adapter_for(backend).fetch(STREAM, {"start_time": 0})))
    rest, cursor = pulled(backend, first.cursor)
    assert [one.ticket for one in (*first.records, *rest)] == [str(one) for one in tickets] and cursor["listed"]


@pytest.mark.parametrize(
    "cursor", [{"start_time": "x"}, {"start_time": -1}, {"start_time": 2_000_000_000, "listed": True}]
)
def test_a_cursor_that_makes_no_sense_or_stands_in_the_future_is_refused(cursor: Any) -> None:
    with pytest.raises(CursorError):
        pulled(ZendeskBackend(), cursor)


@pytest.mark.parametrize("status", [403, 404])
def test_an_account_without_such_surveys_is_read_without_them(status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    backend = ZendeskBackend()
    answers = backend.wire.desk.answer

    def refusing(asked: Request) -> Answer:
        return Answer(status, b'{"error": "Forbidden"}') if "survey_responses" in asked.path else answers(asked)

    monkeypatch.setattr(backend.wire.desk, "answer", refusing)
    records, cursor = pulled(backend, {"start_time": 0})
    assert records == [] and cursor["listed"]
