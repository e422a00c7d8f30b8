"""Themes: what several people write about that nothing names yet, in any language."""

from __future__ import annotations

from connector.tagging.unnamed import Text, themes
from sandbox.backlog import backlog
from sandbox.stories import stories

USUAL = [*(one.text for one in stories().stories), *(text for kind in backlog().kinds for text in kind.texts)]
FACE = [
    "The new app asks me to scan my face every time I open it, and it never works.",
    "Your app wants a face scan and refuses me. I cannot log in to see my orders because the face scan fails.",
    "Since the update the face scan in the app does not recognise me.",
    "I hate this face scan. It failed five times today.",
    "Why do I need a face scan to look at an order? It does not work with glasses.",
]
DEPOSIT = [
    "Der Pfandbon wurde an der Kasse nicht angenommen.",
    "Ihr Automat hat den Pfandbon gedruckt, aber die Kasse nimmt ihn nicht.",
    "Mein Pfandbon gilt angeblich nicht mehr, die Kasse lehnt ihn ab.",
    "Pfandbons vom Samstag werden an der Kasse abgelehnt, das ist ärgerlich.",
]
GIFT = [
    "礼品卡余额查不到，客服也不回复。",
    "礼品卡不能使用，余额显示为零。",
    "我的礼品卡余额突然没有了。",
    "门店说礼品卡余额不能查询。",
]
ROBOT = [
    "Ваш чат-бот не понимает меня и не соединяет с человеком.",
    "Чат-бот ходит по кругу, до человека не достучаться.",
    "Невозможно дойти до человека, чат-бот повторяет одно и то же.",
]


def told(*groups: list[str], person: int | None = None) -> list[Text]:
    return [
        Text(f"{place}-{number}", person or 100 * place + number, words)
        for place, group in enumerate(groups, 1)
        for number, words in enumerate(group)
    ]


def test_themes_are_found_in_each_language_with_the_words_that_they_share() -> None:
    found = themes(told(FACE, DEPOSIT, GIFT, ROBOT), USUAL)
    by_group = {one.ids[0][0]: one for one in found}
    assert sorted(by_group) == ["1", "2", "3", "4"]
    assert all({case[0] for case in one.ids} == {group} for group, one in by_group.items()), "none is mixed"
    assert "face scan" in by_group["1"].words and by_group["1"].people >= 4
    assert "pfandbon" in by_group["2"].words
    assert any("礼品卡" in word for word in by_group["3"].words)
    assert "чат-бот" in by_group["4"].words


def test_what_everybody_writes_whatever_it_is_about_is_no_theme() -> None:
    stock = "I am very disappointed and complain about {}. This is not acceptable."
    about = ("the colour of the walls", "your radio spot", "a bench outside", "the weather map", "blue paper")
    usual = [stock.format(f"this: {text}") for text in USUAL]
    assert themes(told([stock.format(one) for one in about]), usual) == []


def test_one_person_who_writes_often_is_no_theme() -> None:
    assert themes(told(FACE, person=7), USUAL) == []
    assert themes([], USUAL) == themes([], []) == []


def test_the_same_texts_give_the_same_themes() -> None:
    texts = told(FACE, DEPOSIT)
    assert themes(texts, USUAL) == themes(texts, USUAL)


def test_texts_without_a_letter_or_with_strange_ones_are_harmless() -> None:
    odd = ["", "!!!", "\ud800\ud800", "\u200b" * 50, "a" * 10_000, "123 456"]
    assert themes(told(odd), [""]) == []
