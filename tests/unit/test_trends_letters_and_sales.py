"""Letters to those whose complaint's cause is gone, and the customers who did not complain."""

from __future__ import annotations

from datetime import date

import pytest
from msgspec.structs import replace

from connector.errors import AmendsError, SettingsError
from connector.policy.letter import Letters, draft
from connector.settings.letters import load_letters
from connector.tagging.language import guess
from connector.trends.sales import columns_of, likely, sought_of

LANGUAGES = ("en", "pt", "ru", "sl", "zh", "de", "fr", "es", "it", "nl", "pl", "ja")


@pytest.mark.parametrize("language", LANGUAGES)
def test_there_is_a_letter_in_each_of_twelve_languages_and_it_is_in_that_language(language: str) -> None:
    letters = load_letters()
    made = draft(letters, language, "4711", {language: "X"})
    assert (made.language, made.instead_of) == (language, None)
    assert "4711" in made.words and "{" not in made.words and len(made.words.splitlines()) == 4
    assert guess(made.words, LANGUAGES).language == language


def test_a_line_for_which_nobody_gave_words_is_left_out() -> None:
    letters = load_letters()
    without, contact = draft(letters, "de", "1", {"en": "new lids"}), replace(letters, contact="0800 1")
    assert "new lids" not in without.words and len(without.words.splitlines()) == 3
    assert draft(contact, "de", "1", {}).words.endswith("0800 1")


def test_a_speaker_of_another_language_gets_english_and_the_draft_says_so() -> None:
    made = draft(load_letters(), "fi", "1", {})
    assert (made.language, made.instead_of) == ("en", "fi")
    assert draft(load_letters(), None, "1", {}).instead_of is None


def test_what_was_changed_may_hold_braces_and_stays_as_it_was_said() -> None:
    assert "the {reference} field" in draft(load_letters(), "en", "1", {"en": "the {reference} field"}).words


@pytest.mark.parametrize(("letters", "says"), [({"de": "Danke"}, "English"), ({"en": "{name}"}, "stands for nothing")])
def test_letters_that_cannot_work_are_refused(letters: dict[str, str], says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        Letters(letters)


# -- sales -------------------------------------------------------------------------------------------------------------

HEADER = ["Order No", "E-Mail", "Product", "Lot", "Sold on"]
NAMED = {"customer": "E-Mail", "date": "Sold on", "batch": "Lot", "order": "Order No"}


def sale(order: str, who: str, product: str, batch: str, day: str) -> dict[str, str]:
    return dict(zip(HEADER, (order, who, product, batch, day), strict=True))


SALES = [
    sale("A1", "ann@example.com", "Kettle", "L7", "2026-04-02"),
    sale("A2", "bob@example.com", "Kettle", "L7", "2026-04-03"),
    sale("A3", "cat@example.com", "Kettle", "L8", "2026-05-01"),
    sale("A4", "dan@example.com", "Lamp", "L7", "2026-04-02"),
    sale("A5", "eve@example.com", "Kettle", "L7", "2026-04-20"),
]


def test_columns_are_known_by_their_common_names_or_by_what_a_person_says() -> None:
    assert columns_of(["Order Number", "customer email", "Product", "LOT", "Date"], {}) == {
        "order": "Order Number",
        "customer": "customer email",
        "product": "Product",
        "batch": "LOT",
        "date": "Date",
    }
    with pytest.raises(AmendsError, match="no column 'Nope'"):
        columns_of(HEADER, {"batch": "Nope"})
    with pytest.raises(AmendsError, match="cannot mean"):
        columns_of(HEADER, {"colour": "Lot"})


def test_others_with_the_same_product_and_batch_are_likely_to_be_affected() -> None:
    found = likely(SALES, columns_of(HEADER, NAMED), sought_of(["a1"], ["BOB@example.com"]))
    assert [row["Order No"] for row in found.rows] == ["A5"]
    assert (found.known, found.batches) == (2, ("l7",))


def test_without_batches_the_days_between_the_first_and_the_last_count() -> None:
    columns = columns_of(HEADER, NAMED)
    del columns["batch"]
    found = likely(SALES, columns, sought_of(["A1", "A3"], []))
    assert [row["Order No"] for row in found.rows] == ["A2", "A5"]
    assert (found.since, found.until) == (date(2026, 4, 2), date(2026, 5, 1))


def test_where_nobody_is_found_a_person_has_to_say_what_they_have_in_common() -> None:
    columns = columns_of(HEADER, NAMED)
    nobody = sought_of(["Z9"], [None, ""])
    with pytest.raises(AmendsError, match="in common") as error:
        likely(SALES, columns, nobody)
    assert "--batch" in str(error.value)
    found = likely(SALES, columns, replace(nobody, batches=frozenset({"l8"})))
    assert [row["Order No"] for row in found.rows] == ["A3"]
