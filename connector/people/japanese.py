"""How a name in Chinese characters is read, where it says so itself, and kana in Latin letters; pure.

Nobody can tell from 山田 太郎 alone how it is read; so forms in Japan ask for the reading too, and people write it in
brackets: 山田 太郎(やまだ たろう), 山田太郎（ヤマダ タロウ） or Yamada Taro (山田太郎). Called by `names` and
`matching`.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_HAN = re.compile("[\u3400-\u9fff]")
_KANA = "[\u3041-\u3096\u30a1-\u30fa\u30fc]"
_RUN = re.compile(f"{_KANA}+")
_ONE_RUN = re.compile(f"{_KANA}{{4,}}")
_BRACKETED = re.compile(r"([^()\[\]【】]+)[(\[【]([^()\[\]【】]+)[)\]】]\s*")
_LATIN_WORD = re.compile(r"[^\W\d_]{2,}")
_HIRAGANA = {katakana: katakana - 0x60 for katakana in range(0x30A1, 0x30F7)}
# きょ is kyo and not kiyo, which a reading of one letter after the other would make of it.
_CONSONANTS = {
    "き": "ky", "ぎ": "gy", "し": "sh", "じ": "j", "ち": "ch", "ぢ": "j",
    "に": "ny", "ひ": "hy", "び": "by", "ぴ": "py", "み": "my", "り": "ry",
}  # fmt: skip
_GLIDES = re.compile(f"([{''.join(_CONSONANTS)}])([ゃゅょ])")
_VOWELS = {"ゃ": "a", "ゅ": "u", "ょ": "o"}
# 太郎 is たろう in kana and Taro in a passport.
_LONG = re.compile(r"o[uo]+|uu+")


def in_latin(text: str) -> str:
    """The kana in a text (NFKC) in Latin letters as in a passport: "おおの ゆうじ" is "ono yuji". The rest stays."""
    return _RUN.sub(lambda run: _romanised(run[0]), text)


def _romanised(kana: str) -> str:
    from anyascii import anyascii  # most names have no kana

    glided = _GLIDES.sub(lambda found: _CONSONANTS[found[1]] + _VOWELS[found[2]], kana.translate(_HIRAGANA))
    return _LONG.sub(lambda long: long[0][0], anyascii(glided))


def in_characters(name: str) -> bool:
    """Whether a name is in Chinese characters, and so begins with the last name."""
    return not name.isascii() and _HAN.search(name) is not None


def in_kana(name: str) -> bool:
    """Whether a name is kana without a space, which do not tell where the last name ends."""
    return _ONE_RUN.fullmatch(unicodedata.normalize("NFKC", name).strip()) is not None


@lru_cache(maxsize=65_536)
def spellings(name: str) -> tuple[str, ...]:
    """A name as it is; of one in Chinese characters that brings its reading along, the characters and the reading.
    A single Latin word in brackets is no reading: it is a town, a firm or a title."""
    if name.isascii():
        return (name,)
    text = unicodedata.normalize("NFKC", name)
    found = _BRACKETED.fullmatch(text)
    if found is None:
        return (name,)
    before, inside = found[1].strip(), found[2].strip()
    written, read = (inside, before) if _HAN.search(inside) else (before, inside)
    reads = _RUN.search(read) or len(_LATIN_WORD.findall(read)) > 1
    return (written, read) if _HAN.search(written) and not _HAN.search(read) and reads else (name,)
