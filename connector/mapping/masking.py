"""What a value looks like, without saying it: samples of fields that may hold personal data; pure.

Used by `profiles` and the preview, so that a listing of fields can be shown to anybody or pasted into a mail.
"""

from __future__ import annotations

import re

MOST_WORDS = 3
LONGEST_SHAPE = 24

_SAYING = re.compile(r"\w")
_PERSONAL = re.compile(r"@|\d[\d ()/.-]{5,}\d")


def shape(text: str) -> str:
    """Letters as x or X, digits as 9, the rest as it is ("XX-9999", "xxx@xxxx.xx"); of longer texts the number of
    words."""
    words = text.split()
    if len(words) > MOST_WORDS:
        return f"{len(words)} words"
    drawn = _SAYING.sub(lambda found: _drawn(found[0]), " ".join(words))
    return drawn if len(drawn) <= LONGEST_SHAPE else f"{drawn[: LONGEST_SHAPE - 1]}…"


def _drawn(letter: str) -> str:
    if letter.isnumeric():
        return "9"
    return "X" if letter.isupper() else "x"


def looks_personal(text: str) -> bool:
    """An address, or a number long enough to be a telephone's or an account's."""
    return _PERSONAL.search(text) is not None
