"""An undo at a mailbox: what a write added to a mail is taken off where it still is, and nothing of anybody else's."""

from __future__ import annotations

from contextlib import suppress

import pytest

from adapters.imap import writing
from connector.adapter import Landed, Never, Stamp
from connector.errors import RejectedError, TemporaryError
from connector.model import Action, ActionKind, Effect
from connector.outbox import with_earlier
from tests.unit.mail_office import NOTE, TICKET, Office, PlugError, action, prepared, settled

EVERYTHING = Effect(note=NOTE, tags=("amends_overdue",), fields={"flagged": True, "folder": "Escalated"})


def written(office: Office, one: Action) -> Action:
    """The undo of a write that is carried out first, as `amends outbox undo` makes it of that write's stamp."""
    stamp = prepared(office, one)
    writing.apply(office.room(), one, stamp)
    return undo_of(stamp)


def undo_of(stamp: Stamp) -> Action:
    left = stamp["undo"]
    restore = {name: (pair[0], pair[1]) for name, pair in left["fields"].items()}
    return action(ActionKind.UNDO, Effect(untag=tuple(left["tags"]), restore=restore), "#1")


def undone(office: Office, undo: Action) -> Stamp:
    stamp = prepared(office, undo)
    assert isinstance(settled(office, undo, stamp), Landed)
    return stamp


def folder(office: Office) -> str:
    root = office.root(TICKET)
    assert root is not None
    return root.place.folder


def test_keywords_flag_and_folder_of_an_escalation_are_taken_back_and_the_notice_stays_sent() -> None:
    office = Office()
    undo = written(office, action(ActionKind.ESCALATE, EVERYTHING))
    assert (office.flags(), folder(office)) == ({"amends_overdue", "$AmendsEscalated", "\\Flagged"}, "Escalated")
    assert undone(office, undo)["left"] == {}
    assert (office.flags(), folder(office)) == (set(), "INBOX")
    assert len(office.delivered) == 1


def test_what_was_on_the_mail_before_our_write_is_not_ours() -> None:
    office = Office()
    office.folders["INBOX"][0].flags |= {"amends_delivery", "\\Flagged"}
    undo = written(office, action(ActionKind.TAG, Effect(tags=("amends_delivery", "late"), fields={"flagged": True})))
    undone(office, undo)
    assert office.flags() == {"amends_delivery", "\\Flagged"}


def test_what_somebody_has_taken_off_or_moved_since_stays_and_the_undo_says_so() -> None:
    office = Office()
    undo = written(office, action(ActionKind.ESCALATE, EVERYTHING))
    [mail] = office.folders["Escalated"]
    mail.flags -= {"amends_overdue", "\\Flagged"}
    mail.flags |= {"mine"}
    office.folders["INBOX"].append(mail)
    office.folders["Escalated"].remove(mail)
    stamp = undone(office, undo)
    assert stamp["left"].keys() == {"label amends_overdue", "flagged", "folder"}
    assert (office.flags(), folder(office)) == ({"mine"}, "INBOX")


def test_where_nothing_of_it_is_left_nothing_is_written() -> None:
    office = Office()
    undo = written(office, action(ActionKind.TAG))
    office.folders["INBOX"][0].flags.clear()
    stamp = undone(office, undo)
    assert stamp["already"] is True


def test_what_stood_in_for_keywords_is_taken_back_too() -> None:
    office = Office()
    office.keeps = False
    undo = written(office, action(ActionKind.ESCALATE))
    assert (office.flags(), folder(office)) == ({"\\Flagged"}, "Escalated")
    undone(office, undo)
    assert (office.flags(), folder(office)) == (set(), "INBOX")


def test_marks_of_a_first_try_whose_mail_was_refused_are_ours_in_the_second_and_after_it() -> None:
    office = Office()
    office.answers = [TemporaryError("down.", applied=False)]
    one = action(ActionKind.ESCALATE, EVERYTHING)
    first = prepared(office, one)
    with pytest.raises(TemporaryError):
        writing.apply(office.room(), one, first)
    assert office.flags() >= {"amends_overdue", "\\Flagged"} and office.delivered == []
    second = with_earlier(prepared(office, one), first)
    writing.apply(office.room(), one, second)
    undone(office, undo_of(second))
    assert (office.flags(), folder(office)) == (set(), "INBOX")


def test_where_moving_is_copying_the_mail_stays_in_its_folder_and_the_undo_says_so() -> None:
    office = Office()
    undo = written(office, action(ActionKind.ESCALATE, EVERYTHING))
    office.capabilities = {"UIDPLUS"}
    assert undone(office, undo)["left"].keys() == {"folder"}
    assert (office.flags(), folder(office)) == (set(), "Escalated")


def test_a_folder_that_takes_no_change_is_told() -> None:
    office = Office()
    undo = written(office, action(ActionKind.TAG))
    stamp = prepared(office, undo)
    office.read_only = True
    with pytest.raises(RejectedError):
        writing.apply(office.room(), undo, stamp)


def test_a_mail_that_is_gone_has_nothing_to_be_taken_off() -> None:
    office = Office()
    undo = written(office, action(ActionKind.TAG))
    stamp = prepared(office, undo)
    office.folders["INBOX"].clear()
    assert isinstance(writing.find(office.room(), undo, stamp, office.now), Never)


def deaths() -> list[int]:
    office = Office()
    undo = written(office, action(ActionKind.ESCALATE, EVERYTHING))
    before = office.steps
    stamp = prepared(office, undo)
    writing.apply(office.room(), undo, stamp)
    return [*range(office.steps - before)]


@pytest.mark.parametrize("step", deaths())
def test_killed_at_any_step_it_is_finished_once(step: int) -> None:
    office = Office()
    undo = written(office, action(ActionKind.ESCALATE, EVERYTHING))
    office.die_at = office.steps + step
    stamp: Stamp | None = None
    with suppress(PlugError):
        stamp = prepared(office, undo)
        writing.apply(office.room(), undo, stamp)
    office.die_at = None
    stamp = stamp or prepared(office, undo)
    assert isinstance(settled(office, undo, stamp), Landed)
    assert (office.flags(), folder(office)) == (set(), "INBOX")
    assert sum(len(mails) for name, mails in office.folders.items() if name != "Sent") == 1
