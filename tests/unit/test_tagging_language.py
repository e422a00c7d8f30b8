"""The language of a message: script, statistics, and when to say that it is unknown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.tagging.language import LEAST_CONFIDENCE, guess

LISTED = frozenset({"en", "pt", "ru", "sl", "zh", "de", "fr", "es", "it", "nl", "pl", "ja"})


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "The kettle that I bought from you broke after two days."),
        ("pt", "A chaleira que comprei avariou ao fim de dois dias."),
        ("ru", "Чайник, который я у вас купил, сломался через два дня."),
        ("sl", "Grelnik vode, ki sem ga kupil pri vas, se je pokvaril po dveh dneh."),
        ("zh", "我在你们这里买的水壶两天后就坏了。"),
        ("de", "Der Wasserkocher, den ich bei Ihnen gekauft habe, ging nach zwei Tagen kaputt."),
        ("fr", "La bouilloire que j'ai achetée chez vous est tombée en panne après deux jours."),
        ("es", "El hervidor que les compré se estropeó a los dos días."),
        ("it", "Il bollitore che ho comprato da voi si è rotto dopo due giorni."),
        ("nl", "De waterkoker die ik bij u heb gekocht, ging na twee dagen stuk."),
        ("pl", "Czajnik, który u was kupiłem, zepsuł się po dwóch dniach."),
        ("ja", "こちらで買ったやかんが二日で壊れました。"),
    ],
)
def test_each_listed_language_is_recognised(language: str, text: str) -> None:
    found = guess(text, LISTED)
    assert found.language == language
    assert found.confidence > 0.9


def test_the_script_decides_even_a_single_word() -> None:
    assert guess("退款", LISTED).language == "zh"
    assert guess("ありがとう", LISTED).language == "ja"
    assert guess("Возврат", LISTED).language == "ru"
    assert guess("我的iPhone坏了", LISTED).author == "script:han"


@pytest.mark.parametrize(
    "text", ["", "ok", "12345 67890 #99", "thx a lot", "https://shop.example/orders/77 a@b.example"]
)
def test_a_text_too_short_to_tell_is_unknown(text: str) -> None:
    assert guess(text, LISTED).language == "unknown"


@pytest.mark.parametrize(
    "text",
    [
        "Ostamani vedenkeitin meni rikki kahden päivän jälkeen, enkä ole saanut vastausta.",
        "Kuhalo za vodu koje sam kupio kod vas pokvarilo se nakon dva dana i nitko se nije javio.",
        "Чайник, який я у вас купив, зламався через два дні, і мені ніхто не відповідає.",
        "Ο βραστήρας χάλασε μετά από δύο μέρες.",
    ],
)
def test_a_language_that_is_not_listed_is_unknown_and_not_its_nearest_neighbour(text: str) -> None:
    assert guess(text, LISTED).language == "unknown"


def test_the_locale_of_the_author_only_breaks_ties() -> None:
    close = "para mim isso é bom"
    assert guess(close, LISTED, "pt").language == "pt"
    clear = "The kettle that I bought from you broke after two days."
    assert guess(clear, LISTED, "pt").language == "en"
    assert guess(clear, LISTED, "xx").language == "en"


def test_names_links_and_numbers_do_not_count() -> None:
    text = (
        "@LaBouilloireDeParis https://exemple.fr/commande/bouilloire 4711 The kettle broke after two days #bouilloire"
    )
    assert guess(text, LISTED).language == "en"


@given(st.text(max_size=200), st.sampled_from([None, "pt", "", "de-AT"]))
def test_any_text_is_answered_with_a_listed_language_or_unknown(text: str, locale: str | None) -> None:
    found = guess(text, LISTED, locale)
    assert found.language in LISTED | {"unknown"}
    assert 0 <= found.confidence <= 1


def test_what_a_model_hears_settles_a_close_race_but_makes_no_neighbour_out_of_a_foreign_language() -> None:
    spanish = "los productos de la tienda digital"
    assert guess(spanish, LISTED, heard={"es": 0.97, "pt": 0.02}).language == "es"
    croatian = "Kuhalo za vodu koje sam kupio kod vas pokvarilo se nakon dva dana i nitko se nije javio."
    assert guess(croatian, LISTED, heard={"sl": 0.97}).language == "unknown"


@pytest.mark.parametrize("text", ["ok 12 thx", "Late again?", "danke"])
def test_a_text_too_short_to_tell_is_in_the_language_that_its_author_always_writes(text: str) -> None:
    told = guess(text, LISTED, usual="pt")
    assert (told.language, told.author) == ("pt", "history")
    assert told.confidence == LEAST_CONFIDENCE


def test_what_an_author_always_writes_does_not_count_against_script_model_or_a_text_that_tells() -> None:
    assert guess("спасибо", LISTED, usual="pt").language == "ru"
    assert guess("ok thx", LISTED, usual="zh").language == "unknown", "Latin letters are no Chinese"
    assert guess("danke schön", LISTED, heard={"de": 0.99, "pt": 0.01}, usual="pt").language == "unknown"
    assert guess("12 : 30", LISTED, usual="pt").language == "unknown", "there is no word at all"
    assert guess("My parcel has still not arrived, what happened?", LISTED, usual="pt").language == "en"
    assert guess("ok 12 thx", LISTED, usual="sw").language == "unknown"
