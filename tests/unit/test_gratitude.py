"""Messages that only say thanks: they open nothing again, and are owed no answer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from connector.gratitude import Thanks, ThanksBook, ThanksExamples, broken_examples
from connector.model import Entry, EntryKind, History, Role, Status, Visibility
from connector.settings import SettingsFilesError, load
from connector.timeline import Words, fold
from tests.engine.world import shipped

SHIPPED = shipped().sources["shop"].mapping.thanks or Thanks()
LANGUAGES = ["de", "en", "es", "fr", "it", "ja", "nl", "pl", "pt", "ru", "sl", "zh"]
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
    assert SHIPPED.only(text)


@pytest.mark.parametrize("text", MORE_THAN_THANKS)
def test_one_word_more_is_a_message_like_any_other(text: str | None) -> None:
    assert not SHIPPED.only(text)


def test_every_shipped_book_has_examples_and_they_come_out_right() -> None:
    assert [book.language for book in SHIPPED.books] == sorted(
        ["de", "en", "es", "fr", "it", "ja", "nl", "pl", "pt", "ru", "sl", "zh"]
    )
    assert all(book.examples.match and book.examples.miss for book in SHIPPED.books)
    assert list(broken_examples(SHIPPED.books)) == []


def own(tmp_path: Path, name: str, text: str) -> Thanks:
    (tmp_path / "thanks").mkdir()
    (tmp_path / "thanks" / name).write_text(text, encoding="utf-8")
    (tmp_path / "amends.yaml").write_text("sources: {shop: {adapter: memory, options: {desk: thanks}}}\n")
    return load(tmp_path).sources["shop"].mapping.thanks or Thanks()


def test_a_file_of_the_admins_adds_a_language_and_one_called_like_a_shipped_one_replaces_it(tmp_path: Path) -> None:
    croatian = "language: hr\nsays: [hvala, zahvaljujem]\nbeside: [vam, puno]\n"
    assert not SHIPPED.only("Puno hvala vam!")
    assert own(tmp_path, "hr.yaml", croatian).only("Puno hvala vam!")
    (tmp_path / "thanks" / "en.yaml").write_text("language: en\nsays: [ta]\n")
    found = load(tmp_path).sources["shop"].mapping.thanks or Thanks()
    assert found.only("Ta!")
    assert not found.only("Thanks!")


def test_a_changed_book_is_another_rule_of_time(tmp_path: Path) -> None:
    own(tmp_path, "hr.yaml", "language: hr\nsays: [hvala]\n")
    before = load(tmp_path).sources["shop"].rules_digest.split(":")
    (tmp_path / "thanks" / "hr.yaml").write_text("language: hr\nsays: [hvala, puno]\n")
    after = load(tmp_path).sources["shop"].rules_digest.split(":")
    assert (before[:2], before[2] != after[2]) == (after[:2], True)


def test_a_wrong_book_is_named_with_its_place(tmp_path: Path) -> None:
    with pytest.raises(SettingsFilesError, match=r"thanks/hr\.yaml:2:"):
        own(tmp_path, "hr.yaml", "language: hr\nsay: [hvala]\n")


@pytest.mark.parametrize("text", ["language: en\nsay: [ta]\n", "language: [en\n", "language: en\nsays: [ta]\n"])
def test_a_book_that_is_put_in_while_amends_runs_counts_with_the_next_reading_of_the_settings(
    tmp_path: Path, text: str
) -> None:
    """The shipped books are read with the first message that may be thanks: what lies beside them by then was not
    proved, and neither drops a language nor stops a source."""
    found = own(tmp_path, "hr.yaml", "language: hr\nsays: [hvala]\n")
    (tmp_path / "thanks" / "en.yaml").write_text(text, encoding="utf-8")
    assert found.only("Thanks!") and found.only("Hvala") and not found.only("Ta!")


def test_examples_that_come_out_otherwise_are_told() -> None:
    book = ThanksBook("hr", ("hvala",), examples=ThanksExamples(("Puno hvala",), ("Hvala",)))
    first, second = broken_examples([book])
    assert "'Puno hvala' should be nothing but thanks" in first
    assert "'Hvala' should be more than thanks" in second


START = datetime(2026, 6, 1, 9, tzinfo=UTC)
WORDS = Words({"open": Status.OPEN, "solved": Status.RESOLVED}, thanks=SHIPPED)


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
