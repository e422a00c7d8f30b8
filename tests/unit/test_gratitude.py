"""Messages that only say thanks: they open nothing again, and are owed no answer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from connector.gratitude import only_thanks
from connector.model import Entry, EntryKind, History, Role, Status, Visibility
from connector.timeline import Words, fold

THANKS = [
    "Thanks!", "Thank you so much, all sorted now.", "Cheers", "THANK YOU FOR YOUR HELP", "Great, thanks a lot 👍",
    "Vielen Dank!", "Danke, jetzt geht alles.", "Bedankt voor de snelle hulp", "Merci beaucoup !",
    "Muchas gracias por su ayuda", "Grazie mille", "Muito obrigada pela ajuda", "Спасибо большое!",
    "Спасибо, всё работает", "Dziękuję bardzo", "Najlepša hvala, vse deluje", "谢谢！", "非常感谢你们的帮助",
    "ありがとうございました。", "ご対応ありがとうございます", "好的，谢谢",
]  # fmt: skip
MORE_THAN_THANKS = [
    "Thanks, but it is still broken.", "Thank you. When will it arrive?", "Thanks for nothing", "Danke, geht nicht",
    "Merci mais toujours rien", "Gracias, pero no", "Obrigado, mas continua igual", "Спасибо, но не работает",
    "Hvala, a še vedno ne deluje", "谢谢，但是还没收到", "ありがとうございます。まだ届きません", "谢谢你们浪费我的时间",
    "Still waiting", "", None, "ok", "Thanks 123", "Thanks " * 40, "Dziękuję, nadal nie działa", "Bedankt maar nee",
]  # fmt: skip


@pytest.mark.parametrize("text", THANKS)
def test_thanks_are_known_as_such(text: str) -> None:
    assert only_thanks(text)


@pytest.mark.parametrize("text", MORE_THAN_THANKS)
def test_one_word_more_is_a_message_like_any_other(text: str | None) -> None:
    assert not only_thanks(text)


START = datetime(2026, 6, 1, 9, tzinfo=UTC)
WORDS = Words({"open": Status.OPEN, "solved": Status.RESOLVED})


def at(hour: int) -> datetime:
    return START + timedelta(hours=hour)


def entry(hour: int, kind: EntryKind, text: str | None = None, value: str | None = None, tie: str = "") -> Entry:
    role = Role.CUSTOMER if kind is EntryKind.CUSTOMER_MESSAGE else Role.STAFF
    return Entry(f"{hour:03}{tie}", kind, at(hour), at(hour), role, None, Visibility.PUBLIC, text, value)


def told(*entries: Entry) -> History:
    begun = Entry("000", EntryKind.RECEIVED, START, START, Role.CUSTOMER, None, Visibility.PUBLIC, "broken")
    folded = fold((begun, *entries), WORDS)
    assert folded is not None
    return folded.history


SOLVED = entry(1, EntryKind.STATUS, value="solved")


@pytest.mark.parametrize("tie", ["", "z"])
def test_a_helpdesk_that_opens_a_ticket_for_a_thank_you_has_not_reopened_the_complaint(tie: str) -> None:
    thanks = entry(2, EntryKind.CUSTOMER_MESSAGE, "Thank you!", tie=tie)
    story = told(SOLVED, thanks, entry(2, EntryKind.STATUS, value="open", tie="m"))
    assert (story.reopens, story.resolutions, story.thanks) == ((), (at(1),), (at(2),))
    again = told(SOLVED, thanks, entry(2, EntryKind.STATUS, value="open", tie="m"),
                 entry(3, EntryKind.STATUS, value="solved"))  # fmt: skip
    assert again.resolutions == (at(1),), "what was never reopened is not resolved a second time"


def test_what_the_customer_writes_after_the_thank_you_opens_it_again() -> None:
    story = told(
        SOLVED,
        entry(2, EntryKind.CUSTOMER_MESSAGE, "Thanks"),
        entry(2, EntryKind.STATUS, value="open", tie="m"),
        entry(5, EntryKind.CUSTOMER_MESSAGE, "It broke again"),
        entry(7, EntryKind.STATUS, value="solved"),
    )
    assert (story.reopens, story.resolutions) == ((at(5),), (at(1), at(7)))


def test_a_complaint_after_the_resolution_reopens_it_whatever_thanks_come_with_it() -> None:
    story = told(
        SOLVED,
        entry(2, EntryKind.CUSTOMER_MESSAGE, "Thanks, but it is still broken"),
        entry(2, EntryKind.STATUS, value="open", tie="m"),
    )
    assert (story.reopens, story.thanks) == ((at(2),), ())


def test_an_agent_who_reopens_it_after_a_thank_you_has_reopened_it() -> None:
    story = told(SOLVED, entry(2, EntryKind.STATUS, value="open"), entry(3, EntryKind.CUSTOMER_MESSAGE, "Thanks"))
    assert story.reopens == (at(2),)


def test_thanks_before_any_resolution_are_a_message_like_any_other() -> None:
    story = told(entry(1, EntryKind.CUSTOMER_MESSAGE, "Thanks"), entry(2, EntryKind.STATUS, value="solved"))
    assert story.thanks == ()
    assert story.customer_messages == (at(1),)
