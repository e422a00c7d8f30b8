"""Amounts of money in what customers write: "£25", "25,50 EUR", "R$ 30", "1 200 zł", "3000円". Called by `tagger`.

Currencies are ISO 4217 codes. A sign that several countries share stands for the one that uses it most ("$" is USD).
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from connector.model import Amount

# Written as they stand before or after a number, lower case; the longer ones first.
_SIGNS = {
    "us$": "USD", "r$": "BRL", "a$": "AUD", "c$": "CAD", "nz$": "NZD", "hk$": "HKD", "nt$": "TWD", "mx$": "MXN",
    "$": "USD", "€": "EUR", "£": "GBP", "¥": "JPY", "￥": "JPY", "₽": "RUB", "₴": "UAH", "₹": "INR", "₺": "TRY",
    "元": "CNY", "块": "CNY", "塊": "TWD", "人民币": "CNY", "円": "JPY", "圆": "CNY", "zł": "PLN", "zl": "PLN",
    "zlotych": "PLN", "złotych": "PLN", "złote": "PLN", "eur": "EUR", "euro": "EUR", "euros": "EUR", "evrov": "EUR",
    "evra": "EUR", "evro": "EUR", "evre": "EUR", "евро": "EUR", "gbp": "GBP", "pounds": "GBP", "pound": "GBP",
    "quid": "GBP", "usd": "USD", "dollars": "USD", "dollar": "USD", "bucks": "USD", "dólares": "USD", "jpy": "JPY",
    "yen": "JPY", "cny": "CNY", "rmb": "CNY", "brl": "BRL", "reais": "BRL", "zlote": "PLN", "pln": "PLN", "rub": "RUB",
    "руб": "RUB", "рублей": "RUB", "рубля": "RUB", "рубль": "RUB", "р": "RUB", "chf": "CHF", "franken": "CHF",
    "kr": "SEK", "sek": "SEK", "nok": "NOK", "dkk": "DKK", "czk": "CZK", "kč": "CZK", "hrk": "HRK", "rsd": "RSD",
    "aud": "AUD", "cad": "CAD", "mxn": "MXN", "pesos": "MXN", "hkd": "HKD", "twd": "TWD", "inr": "INR", "try": "TRY",
}  # fmt: skip


def _any_of(signs: Iterable[str]) -> str:
    return "|".join(re.escape(sign) for sign in sorted(signs, key=lambda sign: (-len(sign), sign)))


_WORDS = _any_of(sign for sign in _SIGNS if sign[-1].isalpha() and sign[-1] < "\u3000")
_MARKS = _any_of(sign for sign in _SIGNS if not sign[-1].isalpha() or sign[-1] >= "\u3000")
_NUMBER = r"\d{1,3}(?:[ \u00a0\u202f.,'’]\d{3}){1,3}(?:[.,]\d{1,2})?|\d{1,9}(?:[.,]\d{1,2})?"
_BEFORE = re.compile(rf"(?<![\w$])({_MARKS}|{_WORDS})[ \u00a0]?({_NUMBER})(?!\d)", re.IGNORECASE)
_AFTER = re.compile(rf"(?<![\da-z.,])({_NUMBER})[ \u00a0\u202f-]?({_MARKS}|(?:{_WORDS})(?![^\W_]))", re.IGNORECASE)
_TAIL = re.compile(r"[.,](\d{1,2})$")
FARTHEST = 80  # characters between a remedy's words and its amount


def amounts(text: str) -> list[tuple[int, int, Amount]]:
    """Every amount with its currency and its half-open range in the text, in order, none overlapping another."""
    if not any(map(str.isdigit, text)):
        return []
    found = [(one.start(), one.end(), _amount(one[2], one[1])) for one in _BEFORE.finditer(text)]
    for one in _AFTER.finditer(text):
        if not any(one.start() < end and start < one.end() for start, end, _ in found):
            found.append((one.start(), one.end(), _amount(one[1], one[2])))
    return sorted(found, key=lambda one: one[0])


def nearest(
    found: Iterable[tuple[int, int, Amount]], places: Iterable[tuple[int, int]]
) -> tuple[int, int, Amount] | None:
    """The amount that stands nearest to any of the places, no farther than 80 characters."""
    best, distance = None, FARTHEST + 1
    spots = list(places)
    for one in found:
        away = min((max(start - one[1], one[0] - end, 0) for start, end in spots), default=FARTHEST + 1)
        if away < distance:
            best, distance = one, away
    return best


def _amount(number: str, sign: str) -> Amount:
    tail = _TAIL.search(number)
    whole = number[: tail.start()] if tail else number
    digits = "".join(filter(str.isdigit, whole)).lstrip("0") or "0"
    return Amount(f"{digits}.{tail[1]:<02}" if tail else digits, _SIGNS[sign.casefold()])
