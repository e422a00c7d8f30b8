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


def refusing(
    monkeypatch: pytest.MonkeyPatch, backend: ZendeskBackend, status: int, body: bytes, *, when: str = ""
) -> list[Request]:
    """The account answers like this where it is asked for survey responses, and `when` is in the question."""
    answers, refused = backend.wire.desk.answer, list[Request]()

    def answer(asked: Request) -> Answer:
        if "survey_responses" not in asked.path or when not in repr(asked):
            return answers(asked)
        refused.append(asked)
        return Answer(status, body)

    monkeypatch.setattr(backend.wire.desk, "answer", answer)
    return refused


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (403, b'{"error": "Forbidden"}'),
        (404, b'{"error": "InvalidEndpoint", "description": "Not found"}'),
        (404, b'{"error": "RecordNotFound", "description": "Not found"}'),
        (404, b"<html>nothing here</html>"),
        (403, b"<html>no</html>"),
        (402, b'{"error": "PaymentRequired"}'),
        (402, b""),
        (406, b""),
        (401, b'{"error": "Couldn\'t authenticate you"}'),
        (400, b'{"error": "BadRequest"}'),
        (500, b"<html>sorry</html>"),
        (200, b"<html>sign in</html>"),
    ],
)
def test_an_account_without_such_surveys_is_read_without_them_and_asked_again_an_hour_later(
    status: int, body: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tickets were read before: no source rests, or is parked, for what comes last and not everybody has."""
    backend = ZendeskBackend()
    (ticket,) = backend.seed(1)
    backend.account.answer_survey(int(ticket), 4)
    with monkeypatch.context() as patch:
        refused = refusing(patch, backend, status, body)
        records, cursor = pulled(backend, {"start_time": 0})
        assert records == [] and refused
        refused.clear()
        backend.clock.advance(3599)
        assert pulled(backend, cursor) == ([], cursor) and not refused
    backend.clock.advance(1)
    records, cursor = pulled(backend, cursor)
    assert [one.ticket for one in records] == [ticket] and cursor["listed"], "what was given meanwhile is not lost"


def test_a_place_in_the_list_that_has_grown_too_old_is_no_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine begins the list anew; else older answers were never read."""
    monkeypatch.setattr(survey_responses, "PAGE", 2)
    backend = ZendeskBackend()
    for ticket in backend.seed(3):
        backend.account.answer_survey(int(ticket), 4)
    first = next(iter(adapter_for(backend).fetch(STREAM, {"start_time": 0})))
    refusing(monkeypatch, backend, 400, b'{"error": "InvalidCursor"}', when="after")
    with pytest.raises(CursorError, match="does not go on"):
        pulled(backend, first.cursor)


def test_a_list_that_fails_in_the_middle_goes_on_there_an_hour_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(survey_responses, "PAGE", 2)
    backend = ZendeskBackend()
    tickets = backend.seed(3)
    for ticket in tickets:
        backend.account.answer_survey(int(ticket), 4)
    with monkeypatch.context() as patch:
        refusing(patch, backend, 500, b"", when="after")
        records, cursor = pulled(backend, {"start_time": 0})
    backend.clock.advance(3601)
    rest, cursor = pulled(backend, cursor)
    assert [one.ticket for one in (*records, *rest)] == list(tickets) and cursor["listed"]


def test_a_list_that_failed_and_whose_place_is_too_old_by_then_is_read_from_its_beginning(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(survey_responses, "PAGE", 2)
    backend = ZendeskBackend()
    tickets = backend.seed(3)
    for ticket in tickets:
        backend.account.answer_survey(int(ticket), 4)
    cursor: Any = {"start_time": 0}
    with monkeypatch.context() as patch:
        for status in (500, 400):
            refusing(patch, backend, status, b'{"error": "InvalidCursor"}', when="after")
            _, cursor = pulled(backend, cursor)
            backend.clock.advance(3601)
    records, cursor = pulled(backend, cursor)
    assert [one.ticket for one in records] == list(tickets) and cursor["listed"]
