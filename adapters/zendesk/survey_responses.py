"""What customers answered in Zendesk's newer surveys: 1 to 5 (or fewer), and a comment. Used by the adapter.

A response exists from when the survey is offered, and is answered, and changed, days later; nothing lists what changed.
So once an hour the responses of the last weeks are listed again, and those that hold a rating are told. An account has
either this or the older good and bad, which come with the ticket's events. The list is for admins and not part of
every plan, and an account without it says so in many ways: 402, 403 or 404, with words of Zendesk's or a page of HTML.
Whatever comes of it, the tickets were read by then: the source goes on without the list, and asks an hour later.
https://developer.zendesk.com/api-reference/ticketing/ticket-management/csat_survey_responses/
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import datetime, timedelta
from hashlib import sha256

import msgspec

from adapters.zendesk.answers import NotOfferedError, parsed
from adapters.zendesk.calls import Calls
from adapters.zendesk.listing import PAGE, Meta
from adapters.zendesk.pages import SKEW
from adapters.zendesk.values import inner, loaded, moment, number
from connector.adapter import Cursor, Page, Record
from connector.errors import AuthError, CursorError, GoneError, SettingsError, TemporaryError
from connector.model import JSON, Entry, EntryKind, Role, Visibility

STREAM = "survey_responses"
PATH = "/api/v2/guide/survey_responses"
EVERY = timedelta(hours=1)
ANSWERED_WITHIN = timedelta(days=28)  # so long after it was offered a survey may be answered; few are answered later
FINEST = 5  # points of the scale that we speak of
log = logging.getLogger("amends.zendesk")


class _Answer(msgspec.Struct, frozen=True):
    survey_responses: list[msgspec.Raw]
    meta: Meta = Meta()


def pages(calls: Calls, cursor: Cursor) -> Iterator[Page]:
    """Pages after `cursor`: {"start_time": Unix seconds up to which all is known}, with "listed": true once it was
    listed to the end; in the middle of a list with "after" and "begun" (Unix seconds); with "tried" (Unix seconds)
    where it was not to be had.

    Raises CursorError, and nothing else that Zendesk may say: it is the last stream, and the tickets go on."""
    now = int(calls.tools.now().timestamp())
    times = [cursor.get("start_time", 0), cursor.get("begun", now), cursor.get("tried", 0)]
    if not all(isinstance(one, int) and not isinstance(one, bool) and one >= 0 for one in times):
        raise CursorError(f"{cursor} is no cursor of this stream.", source=calls.source)
    start, begun, tried = (int(str(one)) for one in times)
    if max(start, begun, tried) > now + SKEW.total_seconds():
        raise CursorError(f"the cursor stands in the future, at {max(start, begun, tried)}.", source=calls.source)
    if now - (max(start, tried) if cursor.get("listed") else tried) < EVERY.total_seconds():
        yield Page((), cursor, end=True)
        return
    since = max(0, start - int(ANSWERED_WITHIN.total_seconds()))
    asked: dict[str, JSON] = {"filter[created_at_start]": since * 1000, "sort": "id", "page[size]": PAGE}
    after = cursor.get("after")
    try:
        while True:
            wanted = asked if after is None else {**asked, "page[after]": after}
            answer = _page(calls, wanted)
            if _stands_still(answer, after):
                # A cache on the way may have served the page before this one again; twice in a row is a circle.
                answer = _page(calls, wanted)
                if _stands_still(answer, after):
                    raise CursorError(f"the list runs in a circle at {after!r}.", source=calls.source)
            found = [read(bytes(raw), calls.tools.now()) for raw in answer.survey_responses]
            records = [record for record in found if record.entries or record.problem is not None]
            if not answer.meta.has_more or answer.meta.after_cursor is None:
                yield Page(records, {"start_time": begun, "listed": True}, end=True)
                return
            after = answer.meta.after_cursor
            middle = {"start_time": start, "begun": begun, "after": after}
            yield Page(records, {**middle, "tried": tried} if tried else middle, end=False)
    except (AuthError, GoneError, SettingsError, TemporaryError) as error:
        # What is asked is always the same, but for where the list was left: that is what has grown too old.
        stale = after is not None and isinstance(error, SettingsError) and not isinstance(error, NotOfferedError)
        if stale and not tried:
            raise CursorError(f"the list does not go on at {after!r}: {error.message}", source=calls.source) from error
        log.warning("%s: survey responses are not to be had for now (%s)", calls.source, error.message)
        # A list that was tried ended for the engine, which would begin it there: it is begun anew here, from `start`.
        left = {} if after is None or stale else {"begun": begun, "after": after}
        yield Page((), {"start_time": start, **left, "tried": now}, end=True)


def _stands_still(answer: _Answer, after: JSON) -> bool:
    return after is not None and answer.meta.has_more and answer.meta.after_cursor == after


def _page(calls: Calls, asked: dict[str, JSON]) -> _Answer:
    return parsed(calls.get(PATH, asked, offer=True).content, _Answer, f"GET {PATH}", source=calls.source)


def read(raw: bytes, seen_at: datetime) -> Record:
    """The record of one response; without entries where nothing was answered, or it is about no ticket. Never
    raises."""
    try:
        sent = loaded(raw)
    except ValueError as error:
        return _broken(raw, f"it is no JSON: {error}")
    ident = inner(sent, "id")
    if not isinstance(ident, str) or not ident:
        return _broken(raw, "it does not name itself")
    ticket = _ticket(sent)
    if ticket is None:
        return Record(f"survey-{ident}", ident, raw)  # about a conversation, or nothing that we know
    rated = next((one for one in _answers(sent) if _is_rating(one)), None)
    value = None if rated is None else _value(rated)
    at = moment(inner(rated, "updated_at")) or moment(inner(rated, "created_at"))
    if value is None or at is None:
        return Record(ticket, ident, raw)
    # Whoever changes their mind gives another word, at another time; what was said is never rewritten.
    name = f"survey:{ident}:{int(at.timestamp() * 1000)}"
    who = number(inner(sent, "responder_id"))
    actor = None if who is None else str(who)
    entry = Entry(name, EntryKind.RATING, at, seen_at, Role.CUSTOMER, actor, Visibility.INTERNAL, _comment(sent), value)
    return Record(ticket, ident, raw, entries=(entry,))


def _answers(sent: JSON) -> list[JSON]:
    answers = inner(sent, "answers")
    return answers if isinstance(answers, list) else []


def _ticket(sent: JSON) -> str | None:
    subjects, names = inner(sent, "subjects"), inner(sent, "subject_zrns")
    told = [inner(one, "zrn") for one in subjects] if isinstance(subjects, list) else []
    for name in [*told, *(names if isinstance(names, list) else [])]:
        kind, _, ident = str(name).rpartition(":")
        if kind.endswith(":ticket") and ident.isdecimal():
            return ident
    return None


def _is_rating(answer: JSON) -> bool:
    asks = inner(answer, "question", "sub_type")
    return inner(answer, "type") == "rating_scale" and asks in (None, "customer_satisfaction")


def _value(answer: JSON) -> str | None:
    """1 to 5 where the question has five choices; else good or bad, and 3 for what is neither."""
    rating, options = number(inner(answer, "rating")), inner(answer, "question", "options")
    points = [number(inner(one, "rating")) or 0 for one in options] if isinstance(options, list) else []
    if rating is not None and 1 <= rating <= FINEST and (max(points, default=0) == FINEST or rating > 3):
        return str(rating)
    category = str(inner(answer, "rating_category"))
    return {"good": "good", "bad": "bad", "neutral": "3"}.get(category)


def _comment(sent: JSON) -> str | None:
    said = (inner(one, "value") for one in _answers(sent) if inner(one, "type") == "open_ended")
    return next((words for words in said if isinstance(words, str) and words.strip()), None)


def _broken(raw: bytes, problem: str) -> Record:
    name = f"unknown-{sha256(raw).hexdigest()[:16]}"
    return Record(name, name, raw, problem=problem)
