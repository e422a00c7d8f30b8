"""Writing by mail when the power fails, an answer is lost, or a server says no: surveys at most once, notices at least.

The office of `mail_office` counts every contact with the outside, and pulls the plug before any of them.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.imap import writing
from connector.adapter import Landed, Never, NotYet, Unknown
from connector.errors import (
    AmendsError,
    AuthError,
    ConflictError,
    GoneError,
    RejectedError,
    StoreError,
    TemporaryError,
)
from connector.model import ActionKind
from connector.store import Store, sources
from connector.store.memory import StoredLedger
from tests.unit.mail_office import MOST_STEPS, ROOT_ID, Office, PlugError, action, done, prepared, settled

KINDS = [ActionKind.ESCALATE, ActionKind.SURVEY, ActionKind.TAG, ActionKind.LINK]


@pytest.mark.parametrize("keeps", [True, False])
@pytest.mark.parametrize("saves", [True, False])
@pytest.mark.parametrize("kind", KINDS)
def test_a_crash_between_any_two_steps_sends_no_second_survey_and_loses_no_notice(
    kind: ActionKind, saves: bool, keeps: bool
) -> None:
    """For mail: surveys at most once, notices at least once with the same bytes and Message-ID. Marks end up set."""
    died = 0
    for step in range(MOST_STEPS):
        office = Office()
        office.provider_saves, office.keeps, office.capabilities = saves, keeps or kind is ActionKind.TAG, {"UIDPLUS"}
        one = action(kind)
        stamp = prepared(office, one)
        office.die_at = office.steps + step
        try:
            writing.apply(office.room(), one, stamp)
        except PlugError:
            died += 1
        else:
            break
        finding = settled(office, one, stamp)
        assert len({(mail.message_id, mail.text) for mail in office.delivered}) <= 1, "all tries are alike"
        if kind is ActionKind.SURVEY:
            assert len(office.delivered) <= 1
            assert isinstance(finding, Landed | Unknown)
            assert isinstance(finding, Unknown) or len(office.delivered) == 1
        elif kind is not ActionKind.TAG:
            assert isinstance(finding, Landed) and 1 <= len(office.delivered) <= 2
        if kind is ActionKind.ESCALATE:
            assert sum(mail.message_id == ROOT_ID for mails in office.folders.values() for mail in mails) == 1
            assert office.flags() & {"$AmendsEscalated", "\\Flagged"}
        assert len(office.folders["Sent"]) <= max(1, len(office.delivered))
    assert died >= 4, "the plug was pulled between all steps"


@pytest.mark.parametrize("kind", [ActionKind.ESCALATE, ActionKind.SURVEY])
def test_w24_an_answer_lost_is_made_good_by_the_sent_folder(kind: ActionKind) -> None:
    office = Office()
    office.provider_saves, office.answers = True, ["lost"]
    one = action(kind)
    stamp = prepared(office, one)
    with pytest.raises(TemporaryError):
        writing.apply(office.room(), one, stamp)
    assert isinstance(writing.find(office.room(), one, stamp, office.now), Landed)
    assert isinstance(settled(office, one, stamp), Landed)
    assert len(office.delivered) == 1


def test_w24_a_survey_in_doubt_is_looked_for_after_two_and_ten_minutes_and_then_left_to_a_person() -> None:
    office = Office()
    office.answers = ["lost"]
    one = action(ActionKind.SURVEY)
    stamp = prepared(office, one)
    with pytest.raises(TemporaryError):
        writing.apply(office.room(), one, stamp)
    for wait, after in ((120, 120), (480, 600)):
        with pytest.raises(TemporaryError) as caught:
            writing.find(office.room(), one, stamp, office.now)
        assert caught.value.retry_after_seconds == wait
        office.now = office.now.replace(second=0) + timedelta(seconds=wait)
        assert after
    assert isinstance(writing.find(office.room(), one, stamp, office.now), Unknown)
    with pytest.raises(TemporaryError, match="may have gone out already"):
        writing.apply(office.room(), one, stamp)
    assert len(office.delivered) == 1


def test_a_survey_that_was_left_to_a_person_goes_when_they_say_so() -> None:
    office = Office()
    office.answers = ["lost"]
    one = action(ActionKind.SURVEY)
    stamp = prepared(office, one)
    with pytest.raises(TemporaryError):
        writing.apply(office.room(), one, stamp)
    assert isinstance(settled(office, one, stamp), Unknown)
    done(office, one)
    assert len({mail.message_id for mail in office.delivered}) == 1 and len(office.delivered) == 2


def test_w24_a_notice_in_doubt_goes_again_and_at_last_is_shown_to_a_person() -> None:
    office = Office()
    office.answers = ["lost", "lost", "lost"]
    one = action(ActionKind.ESCALATE)
    stamp = prepared(office, one)
    with pytest.raises(TemporaryError):
        writing.apply(office.room(), one, stamp)
    assert isinstance(settled(office, one, stamp), Unknown)
    assert len(office.delivered) == 3
    assert len({mail.text for mail in office.delivered}) == 1


@pytest.mark.parametrize("kind", [ActionKind.ESCALATE, ActionKind.SURVEY])
@pytest.mark.parametrize("when", ["before", "dot"])
@pytest.mark.parametrize(
    "error",
    [
        TemporaryError("down.", applied=False),
        ConflictError("greylisted.", retry_after_seconds=300),
        RejectedError("554 no."),
        AuthError("535 no."),
    ],
    ids=["down", "greylisted", "refused", "login"],
)
def test_what_was_surely_not_sent_may_be_sent_again(kind: ActionKind, when: str, error: AmendsError) -> None:
    office = Office()
    office.answers = [error if when == "before" else ("dot", error)]
    one = action(kind)
    stamp = prepared(office, one)
    with pytest.raises(type(error)):
        writing.apply(office.room(), one, stamp)
    assert isinstance(writing.find(office.room(), one, stamp, office.now), NotYet)
    writing.apply(office.room(), one, stamp)
    assert len(office.delivered) == 1


def test_sending_twice_with_one_stamp_sends_once() -> None:
    office = Office()
    one = action(ActionKind.ESCALATE)
    stamp = prepared(office, one)
    writing.apply(office.room(), one, stamp)
    writing.apply(office.room(), one, stamp)
    assert len(office.delivered) == 1


def test_after_a_backup_was_put_back_a_survey_that_may_have_gone_is_not_sent() -> None:
    office = Office()
    one = action(ActionKind.SURVEY)
    stamp = prepared(office, one)
    office.ledger.complete_since = office.now + timedelta(hours=1)
    assert isinstance(writing.find(office.room(), one, stamp, office.now), Unknown)
    escalation = action(ActionKind.ESCALATE)
    assert isinstance(writing.find(office.room(), escalation, prepared(office, escalation), office.now), NotYet)


def test_after_a_backup_was_put_back_what_lies_in_the_sent_folder_is_known() -> None:
    office = Office()
    one = action(ActionKind.SURVEY)
    done(office, one)
    fresh = Office()
    fresh.folders = office.folders
    fresh.ledger.complete_since = office.now
    stamp = prepared(fresh, one)
    assert isinstance(writing.find(fresh.room(), one, stamp, fresh.now), Landed)
    writing.apply(fresh.room(), one, stamp)
    assert fresh.delivered == []


def test_what_lies_in_the_sent_folder_is_not_sent_again_even_before_anyone_looked() -> None:
    office, one = Office(), action(ActionKind.SURVEY)
    done(office, one)
    fresh = Office()
    fresh.folders = office.folders
    writing.apply(fresh.room(), one, prepared(fresh, one))
    assert fresh.delivered == []


def test_a_provider_that_keeps_its_copy_a_little_later_gets_no_second_one_from_us() -> None:
    office = Office(saves_sent=True)
    done(office, action(ActionKind.SURVEY))
    assert office.folders["Sent"] == []


def test_a_ledger_that_cannot_be_written_stops_the_mail() -> None:
    office = Office()
    one = action(ActionKind.SURVEY)
    stamp = prepared(office, one)

    def full(*_: object) -> None:
        raise StoreError("the disk is full.")

    office.ledger.begin = full  # type: ignore[method-assign]
    with pytest.raises(StoreError):
        writing.apply(office.room(), one, stamp)
    assert office.delivered == []


def test_a_mail_that_was_taken_away_takes_no_write() -> None:
    office = Office()
    one, other = action(ActionKind.ESCALATE), action(ActionKind.SURVEY)
    stamp = prepared(office, one)
    office.folders["INBOX"].clear()
    with pytest.raises(GoneError):
        writing.prepare(office.room(), other)
    with pytest.raises(GoneError):
        writing.apply(office.room(), one, stamp)
    assert isinstance(writing.find(office.room(), one, stamp, office.now), Never)
    assert office.delivered == []


def test_the_stores_own_ledger_keeps_the_promise_over_a_restart(tmp_path: Path) -> None:
    one = action(ActionKind.SURVEY)
    for when in ("begin", "end"):
        office = Office()
        store = Store(f"sqlite:///{tmp_path / when}.db").open()
        with store.write("a source") as connection:
            sources.enlist(connection, "post", "imap")

        def dies(*_: object, **__: object) -> None:
            raise PlugError

        ledger = StoredLedger(store, "post")
        stamp = prepared(office, one)
        setattr(ledger, when, dies)
        with pytest.raises(PlugError):
            writing.apply(office.room(ledger=ledger), one, stamp)
        store.close()
        store = Store(f"sqlite:///{tmp_path / when}.db").open()
        office.ledger = StoredLedger(store, "post")  # type: ignore[assignment]
        office.now += timedelta(minutes=11)
        finding = settled(office, one, stamp)
        assert isinstance(finding, Landed if when == "begin" else Unknown)
        assert len(office.delivered) == 1
        store.close()


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_order_of_crashes_lost_answers_and_refusals_keeps_the_promise(data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from([ActionKind.ESCALATE, ActionKind.SURVEY]))
    office = Office()
    office.provider_saves = data.draw(st.booleans())
    fates = [
        None, "lost", TemporaryError("down.", applied=False), ("dot", ConflictError("busy.", retry_after_seconds=60)),
    ]  # fmt: skip
    office.answers = data.draw(st.lists(st.sampled_from(fates), max_size=6))
    one = action(kind)
    stamp = prepared(office, one)
    finding: object = None
    for _ in range(4):
        office.die_at = office.steps + data.draw(st.integers(0, 25))
        try:
            finding = settled(office, one, stamp)
        except PlugError:
            continue
        break
    else:
        office.die_at = None
        finding = settled(office, one, stamp)
    assert len({mail.text for mail in office.delivered}) <= 1
    assert kind is not ActionKind.SURVEY or len(office.delivered) <= 1
    assert not isinstance(finding, Landed) or office.delivered
