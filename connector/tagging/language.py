"""In which language a message is written: by its script where that decides, else by letter statistics (`letters`), and
where it is too short for either, by what the same person wrote before.

Called by `reading`, once a batch, and by whoever has a text and no tagger. The statistics are loaded when the first
text needs them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

import msgspec
import numpy as np

from connector.tagging.book import LANGUAGE, UNKNOWN
from connector.tagging.fitting import Floats
from connector.tagging.grams import Grams
from connector.tagging.heads import Model, Sparse
from connector.tagging.letters import scores_of

# Nobody can tell the language of "ok 12 thx": below this only the script speaks.
FEWEST_WORDS = 3
FEWEST_LETTERS = 12
# 100 letters tell the listed languages apart as well as the whole message does, in half the time.
SAMPLE = 100
RAW_SAMPLE = 240
# An unlisted language this far ahead of every listed one: the text is in none of them. At 1.1 no long sentence of the
# default languages is lost, and nearly all Croatian, Bosnian and Serbian ones are recognised as foreign.
FOREIGN_LEAD = 1.1
# Among rivals this close (second score / first score) one in six first places is wrong: the author's locale decides.
CLOSE_RACE = 0.8
LEAST_CONFIDENCE = 0.6
# When the model's first guess stands without asking the statistics: how sure it is, which share of the words it knows,
# how many words and pairs of words there are. A language that is easily taken for an unlisted one is always asked for.
SURE = 0.98
FAMILIAR = 0.25
MANY_WORDS = 5
WITH_TWINS = frozenset({"sl", "ru"})
# Where the statistics are asked, a model's own guess still counts a little (to this power), and from AGREED on it keeps
# a language from being taken for an unlisted one. Five words of SIB-200 are told with 0.981, not 0.976, and as many
# foreign texts as before are known to be foreign (0.99 of sentences, 0.90 of five words).
HEARD = 0.03
LEAST_SHARE = 1e-4
AGREED = 0.8

# Words of letters only, and not the parts of addresses, links, @names and #tags.
_WORDS = re.compile(r"(?<![\w@#/.])[^\W\d_]+(?:['\u2019][^\W\d_]+)?(?![\w@/]|://)")
_OTHER_SCRIPT = re.compile("[\u0370-\u1fff\u3040-\u9fff\uac00-\ud7af]")
# Script, its letters, its language here, how many Latin letters one of them is worth, and whether it settles the matter
# (Cyrillic and Arabic serve many languages: statistics decide once there is enough text).
_SCRIPTS = (
    ("kana", re.compile("[\u3040-\u30ff]"), "ja", 3, True),
    ("han", re.compile("[\u3400-\u9fff]"), "zh", 3, True),
    ("hangul", re.compile("[\uac00-\ud7af]"), "ko", 3, True),
    ("thai", re.compile("[\u0e00-\u0e7f]"), "th", 1, True),
    ("greek", re.compile("[\u0370-\u03ff]"), "el", 1, True),
    ("hebrew", re.compile("[\u0590-\u05ff]"), "he", 1, True),
    ("cyrillic", re.compile("[\u0400-\u04ff]"), "ru", 1, False),
    ("arabic", re.compile("[\u0600-\u06ff]"), "ar", 1, False),
)


_OTHER_LETTERS = frozenset(script[2] for script in _SCRIPTS)


class Guess(msgspec.Struct, frozen=True, gc=False):
    """An ISO 639-1 code or "unknown", how sure (0 to 1), and who says so ("script:han", "words", "statistics",
    "history", "default")."""

    language: str
    confidence: float
    author: str


class _Open(NamedTuple):
    """A sample of a text whose language the statistics have to tell, with what else is known of it."""

    sample: str
    locale: str | None
    heard: Mapping[str, float]


class _Heard(NamedTuple):
    """What a model makes of some texts: the share of each language in each, the language with the largest, that share,
    and whether it stands."""

    languages: tuple[str, ...]
    shares: list[list[float]]
    best: list[int]
    top: list[float]
    sure: list[bool]

    def of(self, row: int) -> Mapping[str, float]:
        return dict(zip(self.languages, self.shares[row], strict=True))


NOTHING = Guess(UNKNOWN, 0.0, "default")
HISTORY = "history"


class Spoken(Protocol):
    """What is asked for its language: `language` is what is known, `locale` and `usual` are hints (ISO 639-1)."""

    @property
    def subject(self) -> str: ...
    @property
    def text(self) -> str: ...
    @property
    def language(self) -> str | None: ...
    @property
    def locale(self) -> str | None: ...
    @property
    def usual(self) -> str | None: ...


def guesses(
    messages: Sequence[Spoken],
    features: Grams,
    languages: frozenset[str],
    model: Model | None = None,
    sparse: Sparse | None = None,
) -> list[Guess]:
    """The language of each message. A model with a head for it answers where it is certain, letter statistics where it
    is not: they know the languages that are not listed as well. `sparse` are the model's scores of the features."""
    heard = _heard(features, model, sparse) if model is not None and sparse is not None else None
    found: list[Guess | _Open] = []
    for row, message in enumerate(messages):
        if message.language in languages:
            found.append(Guess(message.language or UNKNOWN, 1.0, "mapping"))
            continue
        long_enough = len(message.text) + len(message.subject) >= FEWEST_LETTERS + FEWEST_WORDS
        if heard is not None and heard.sure[row] and long_enough:
            best = heard.languages[heard.best[row]]
            if best in languages and best not in WITH_TWINS:
                found.append(Guess(best, round(heard.top[row], 3), "words"))
                continue
        text = f"{message.text[:RAW_SAMPLE]}\n{message.subject[:RAW_SAMPLE]}"
        shares = heard.of(row) if heard is not None else {}
        found.append(_at_once(text, languages, message.usual or message.locale, shares, message.usual))
    return _settled(found, languages)


def _heard(features: Grams, model: Model, sparse: Sparse) -> _Heard:
    """How likely a model with a head for the language takes each language to be, and whether it may be believed."""
    head = model.head(LANGUAGE)
    assert head is not None, "the caller looked"
    own = slice(head.first, head.first + len(head.values))
    scores: Floats = sparse.scores[:, own] + model.arrays.bias[own]
    scores -= np.maximum.reduce(scores, axis=1, keepdims=True)
    powers = np.exp(scores / np.float32(head.temperature))
    powers /= np.add.reduce(powers, axis=1, keepdims=True)
    counts = np.bincount(features.words.texts, minlength=features.size)
    top = np.maximum.reduce(powers, axis=1)
    sure = (counts >= MANY_WORDS) & (sparse.known >= FAMILIAR * counts) & (top.astype(np.float64) >= SURE)
    return _Heard(head.values, powers.tolist(), powers.argmax(axis=1).tolist(), top.tolist(), sure.tolist())


def guess(
    text: str,
    languages: frozenset[str],
    locale: str | None = None,
    heard: Mapping[str, float] | None = None,
    usual: str | None = None,
) -> Guess:
    """The language of `text` among `languages`. The author's `locale` (ISO 639-1) only breaks ties; `heard` is how
    likely a model takes each language to be, `usual` what the author wrote before: of a text that is too short, that
    is the answer."""
    return _settled([_at_once(text, languages, locale, heard or {}, usual)], languages)[0]


def _at_once(
    text: str, languages: frozenset[str], locale: str | None, heard: Mapping[str, float], usual: str | None
) -> Guess | _Open:
    """What can be said without the statistics, else what they have to be asked."""
    raw = text[:RAW_SAMPLE]
    words = _WORDS.findall(raw)
    sample = " ".join(words)[:SAMPLE]
    enough = len(words) >= FEWEST_WORDS and len(sample) - len(words) >= FEWEST_LETTERS
    if _OTHER_SCRIPT.search(raw):
        by_script = _by_script(raw, enough)
        if by_script is not None:
            return by_script if by_script.language in languages else NOTHING
    if not enough:
        return _by_history(words, languages, usual, heard)
    return _Open(sample, locale, heard)


def _settled(found: Sequence[Guess | _Open], languages: frozenset[str]) -> list[Guess]:
    """With what the statistics say of those that are open, which are asked of all of them at once."""
    said = iter(scores_of([one.sample for one in found if isinstance(one, _Open)]))
    return [
        one if isinstance(one, Guess) else _by_statistics(next(said), languages, one.locale, one.heard) for one in found
    ]


def _by_history(
    words: Sequence[str], languages: frozenset[str], usual: str | None, heard: Mapping[str, float]
) -> Guess:
    """The author's usual language, where that is written in Latin letters and no model is sure of another."""
    if usual is None or usual not in languages or not words or usual in _OTHER_LETTERS:
        return NOTHING
    rival = max((share for code, share in heard.items() if code != usual), default=0.0)
    return NOTHING if rival >= SURE else Guess(usual, LEAST_CONFIDENCE, HISTORY)


def _by_script(raw: str, enough: bool) -> Guess | None:
    letters = sum(map(len, _WORDS.findall(raw)))
    for script, pattern, language, worth, settles in _SCRIPTS:
        if (settles or not enough) and 2 * worth * len(pattern.findall(raw)) >= letters:
            return Guess(language, 0.95 if settles else 0.7, f"script:{script}")
    return None


def _by_statistics(
    found: Mapping[str, float], languages: frozenset[str], locale: str | None, heard: Mapping[str, float]
) -> Guess:
    """The scores of the statistics, the best first, those of listed languages a little higher or lower as a model sees
    them."""
    weighed = {
        code: score * (heard[code] + LEAST_SHARE) ** HEARD if code in heard else score
        for code, score in found.items()
        if code in languages
    }
    listed = sorted(weighed, key=lambda code: -weighed[code])
    if not listed:
        return NOTHING
    language = listed[0]
    agreed = heard.get(language, 0.0) >= AGREED and language not in WITH_TWINS
    if not agreed and next(iter(found.values())) > FOREIGN_LEAD * found[language]:
        return NOTHING
    best = weighed[language]
    if locale in languages and weighed.get(locale or "", 0.0) >= CLOSE_RACE * best:
        return Guess(locale or language, 0.8 if locale != language else 0.99, "statistics")
    rivalry = weighed[listed[1]] / best if len(listed) > 1 else 0.0
    confidence = round(1 - rivalry**8 / 2, 3)
    if agreed:
        return Guess(language, max(confidence, LEAST_CONFIDENCE), "statistics")
    return Guess(language, confidence, "statistics") if confidence >= LEAST_CONFIDENCE else NOTHING
