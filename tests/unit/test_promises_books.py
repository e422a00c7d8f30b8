"""A date that a customer is given is found in twelve languages, and what only looks like one is left alone."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.clocks.promises.book import Book
from connector.clocks.promises.check import check
from connector.clocks.promises.finding import Found, Searcher, find
from connector.clocks.promises.keeping import Finder
from connector.settings import load
from tests.unit.promise_sentences import NOT_PROMISED, PROMISED

LONDON = ZoneInfo("Europe/London")
WEDNESDAY = datetime(2026, 3, 4, 10, tzinfo=LONDON)


def shipped() -> dict[str, Book]:
    promising = load(None).sla.promising
    assert promising is not None and promising.finder is not None
    return {book.language: book for book in promising.finder.books}


BOOKS = shipped()
FINDER = Finder(tuple(BOOKS.values()))


def works(day: date) -> bool:
    return day.weekday() < 5


def found(text: str, made: datetime = WEDNESDAY) -> tuple[Found, ...]:
    return FINDER.find(text, made, works)


def days(text: str, made: datetime = WEDNESDAY) -> list[str]:
    return [str(one.day) for one in found(text, made)]


def doubts(text: str, made: datetime = WEDNESDAY) -> list[str | None]:
    return [one.doubt for one in found(text, made)]


def test_there_is_a_book_for_each_of_the_twelve_languages() -> None:
    assert set(BOOKS) == {"en", "pt", "ru", "sl", "zh", "de", "fr", "es", "it", "nl", "pl", "ja"}


def test_a_book_that_is_put_in_while_amends_runs_counts_with_the_next_reading_of_the_settings(tmp_path: Path) -> None:
    (tmp_path / "amends.yaml").write_text("sources: {}\n", encoding="utf-8")
    promising = load(tmp_path).sla.promising
    (tmp_path / "promises").mkdir()
    (tmp_path / "promises" / "en.yaml").write_text("language: [en\n", encoding="utf-8")
    assert promising is not None and promising.finder is not None
    assert "en" in [book.language for book in promising.finder.books]


@pytest.mark.parametrize("language", BOOKS)
def test_a_book_holds_by_a_dozen_examples_each_way(language: str) -> None:
    book = BOOKS[language]
    assert book.examples is not None
    assert len(book.examples.match) >= 12
    assert len(book.examples.miss) >= 12
    assert check([book]) == []


@pytest.mark.parametrize(
    ("text", "day"), [pair for each in PROMISED.values() for pair in each.items()], ids=lambda value: value[:40]
)
def test_a_promise_is_found_whatever_the_other_languages_make_of_its_words(text: str, day: str) -> None:
    assert days(text) == [day]


@pytest.mark.parametrize("text", [text for each in NOT_PROMISED.values() for text in each], ids=lambda text: text[:40])
def test_what_promises_nothing_is_left_alone_in_every_language(text: str) -> None:
    assert found(text) == ()


REPLIES = [
    line.split("\t")
    for line in Path(__file__).with_name("promise_replies.tsv").read_text(encoding="utf-8").splitlines()[1:]
]


def test_replies_that_were_written_apart_from_the_books_are_understood_and_none_is_taken_for_what_it_is_not() -> None:
    promised = [(day, text) for _, day, text in REPLIES if day != "-"]
    others = [text for _, day, text in REPLIES if day == "-"]
    assert len(promised) > 130
    assert len(others) > 75
    assert [text for text in others if any(one.doubt is None for one in found(text))] == []
    assert [(text, days(text)) for day, text in promised if days(text) not in ([], [day])] == []
    assert sum(days(text) == [day] for day, text in promised) >= len(promised) - 2
    assert sum(doubts(text) == [None] for _, text in promised) >= 129


def test_an_example_that_does_not_hold_is_told_with_what_is_found() -> None:
    book = BOOKS["en"]
    assert book.examples is not None
    wrong = type(book.examples)(book.examples.said, miss=("I will write to you by Friday.",))
    (line,) = check(
        [type(book)(**{name: getattr(book, name) for name in book.__struct_fields__} | {"examples": wrong})]
    )
    assert line == 'promises en: "I will write to you by Friday." promises nothing, but 2026-03-06 is found.'


# -- which day -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "day"),
    [
        ("by Monday", "2026-03-09"),
        ("by Friday next week", "2026-03-13"),
        ("by the end of the week", "2026-03-06"),
        ("by the end of next week", "2026-03-13"),
        ("by the end of the month", "2026-03-31"),
        ("by 29 February 2028", None),
        ("by 30 February", None),
        ("by 1 March", None),
        ("within 3 to 5 business days", "2026-03-11"),
        ("in two weeks", "2026-03-18"),
        ("within a month", "2026-04-04"),
        ("by 2026-03-20", "2026-03-20"),
        ("by 20/03/26", "2026-03-20"),
        ("by the 20th of March", "2026-03-20"),
    ],
)
def test_the_day_is_reckoned_from_the_reply(said: str, day: str | None) -> None:
    assert days(f"We will write to you {said}.") == ([day] if day else [])


def test_a_date_without_a_year_is_one_of_the_next_where_this_one_is_long_past() -> None:
    december = WEDNESDAY.replace(month=12)
    assert days("We will write to you by 2 January.", december) == ["2027-01-02"]
    assert days("We will write to you by 2 November.", december) == []


def test_a_month_that_no_book_lists_is_looked_up() -> None:
    assert "wrz" not in {word for words in BOOKS["pl"].months for word in words}
    assert days("Odpowiemy do 15 wrz 2026.") == ["2026-09-15"]
    assert days("We will send it by 3 people.") == []


def test_a_time_of_day_is_due_to_the_minute() -> None:
    (one,) = found("I'll call you back by tomorrow noon.")
    assert one.at == datetime(2026, 3, 5, 12, tzinfo=LONDON)
    (one,) = found("We will reply within 24 hours.")
    assert one.at == WEDNESDAY + timedelta(hours=24)


def test_a_time_that_is_over_on_the_day_is_no_promise() -> None:
    assert found("I will call you today at 9 am.") == ()
    assert days("I will call you today at 11 am.") == ["2026-03-04"]


def test_what_may_be_two_days_waits_for_a_person() -> None:
    friday = WEDNESDAY + timedelta(days=2)
    assert doubts("I will write by Friday.", friday) == ["it may be today, or in a week"]
    assert doubts("I will write by next Friday.") == ["it may be this week or the next"]
    assert doubts("I will write by next Monday.") == [None], "on a Wednesday there is one of these only"
    assert doubts("I will write by 5/3.") == ["it may be day and month, or month and day"]
    assert doubts("I will write by 13/3.") == [None]


def test_a_hedge_and_somebody_elses_word_wait_for_a_person() -> None:
    assert doubts("We hope to write by Friday.") == ["it is not said for certain"]
    assert doubts("Your parcel will be there by Friday.") == ["it is not said who binds themselves"]


# -- what is read ----------------------------------------------------------------------------------------------------


def test_what_a_reply_quotes_is_not_said_again() -> None:
    assert found("Thank you.\n\n> I will write by Friday.\n> Ana") == ()
    assert found("Thank you.\n\nOn Tue, 3 March 2026 at 10:00, Ana wrote:\nI will write by Friday.") == ()
    assert found("Thank you.\n\n-----Original Message-----\nI will write by Friday.") == ()
    assert days("I will write by Monday.\n\n> I will write by Friday.") == ["2026-03-09"]


def test_a_sentence_that_runs_over_lines_is_one() -> None:
    assert days("I have asked the carrier. I will write to\nyou by Friday at the latest.") == ["2026-03-06"]


def test_the_words_are_those_of_the_reply() -> None:
    (one,) = found("Dear Emma,\n\nso sorry! I WILL write to you by Friday. Ana")
    assert one.words == "I WILL write to you by Friday"


def test_one_day_that_is_named_twice_is_one_promise() -> None:
    assert days("I will call you by Friday. Yes, I promise to call you by Friday.") == ["2026-03-06"]


def test_several_days_are_several_promises() -> None:
    assert days("I will write by Thursday. You will receive the money by Monday.") == ["2026-03-05", "2026-03-09"]


def test_a_question_promises_nothing_and_the_sentence_beside_it_does() -> None:
    assert days("Shall we call by Thursday? We will write by Friday.") == ["2026-03-06"]


def test_a_day_before_the_one_who_binds_himself_is_not_what_is_promised() -> None:
    assert found("Your call on Monday will be answered.") == ()
    assert days("On Monday we will answer.") == ["2026-03-09"]


# -- whatever they write ---------------------------------------------------------------------------------------------

ODD = "0 1 3 12 29 30 31 99 2026 24:00 7:60 13/13 31.2. 2026-13-40 ? . , > - 5h pm".split()  # noqa: SIM905
PIECES = st.sampled_from([
    *(word for book in BOOKS.values() for words in (book.commits, book.by, book.within, book.hedges) for word in words),
    *(word for book in BOOKS.values() for word in book.anchors()),
    *ODD,
])  # fmt: skip
TEXTS = st.one_of(st.text(max_size=80), st.lists(PIECES, max_size=14).map(" ".join))
MOMENTS = st.datetimes(
    datetime(1990, 1, 1),  # noqa: DTZ001  # hypothesis adds the zone
    datetime(2100, 1, 1),  # noqa: DTZ001
    timezones=st.sampled_from([LONDON, ZoneInfo("Asia/Tokyo")]),
)


@given(TEXTS, MOMENTS)
@settings(max_examples=300, deadline=None)
def test_no_text_is_too_odd_and_no_promise_is_due_before_it_was_made(text: str, made: datetime) -> None:
    for one in found(text, made):
        assert made.date() <= one.day <= made.date() + timedelta(days=400)
        assert one.at is None or one.at > made
        assert one.words in " ".join(text.split())


@given(TEXTS)
@settings(max_examples=150, deadline=None)
def test_a_glance_passes_over_nothing_that_a_close_look_would_find(text: str) -> None:
    closely = find(text, WEDNESDAY, CLOSELY, works)
    assert {(one.day, one.at) for one in closely} == {(one.day, one.at) for one in found(text)}


CLOSELY = [Searcher(book) for book in BOOKS.values()]


def test_a_day_that_ends_late_is_one_day() -> None:
    late = datetime.combine(WEDNESDAY.date(), time(23, 30), LONDON)
    assert days("I will write tomorrow.", late) == ["2026-03-05"]
