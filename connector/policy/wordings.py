"""Phrases in replies that are better not said: found, told to whoever leads, and never changed; pure.

The lists are the admin's, one a language; `settings` builds them. A reply is held against the list of the complaint's
language, and against all lists where that is not known. Called by `assessment` where a rule speaks `on: wording`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import msgspec

from connector.errors import SettingsError
from connector.model import Entry, EntryKind, Flag, FlagKind, Role, Visibility

MOST_CHARACTERS = 20_000  # of a reply; what comes after is mostly quoted
_SPACED = re.compile(r"[a-zA-ZÀ-ɏЀ-ӿ]")
_QUOTED = re.compile(r"(?m)^\s*>.*$")


class Phrase(msgspec.Struct, frozen=True):
    """One phrase (in any of its `words`): `why` it is better not said, and what would be `better`."""

    id: str
    words: tuple[str, ...]
    why: str
    better: str | None = None


class Wordings(msgspec.Struct, frozen=True):
    """The phrases of one language (ISO 639-1), compiled: the name of the group that matches is the phrase's place."""

    language: str
    phrases: tuple[Phrase, ...]
    pattern: re.Pattern[str]

    def found_in(self, text: str) -> list[Phrase]:
        """The phrases that a text holds, each once, in the order of the list. Quoted lines do not count."""
        text = _QUOTED.sub("", text[:MOST_CHARACTERS]).casefold()
        places = {int(match.lastgroup[1:]) for match in self.pattern.finditer(text) if match.lastgroup}
        return [self.phrases[place] for place in sorted(places)]


def wordings(language: str, phrases: Sequence[Phrase]) -> Wordings:
    """Ready for use. Raises SettingsError for a phrase of no letters."""
    groups = [f"(?P<p{number}>{'|'.join(map(_compiled, one.words))})" for number, one in enumerate(phrases)]
    return Wordings(language, tuple(phrases), re.compile("|".join(groups) or r"(?!)"))


def _compiled(words: str) -> str:
    """A phrase as a pattern: `*` ends a word in any way; words of scripts with spaces have to be whole."""
    parts = words.casefold().split()
    if not any(character.isalnum() for character in words):
        raise SettingsError(f"{words!r} is no phrase.", remedy="Write words.")
    said = r"\s+".join(r"\w*".join(map(re.escape, part.split("*"))) for part in parts)
    return rf"(?<!\w){said}(?!\w)" if _SPACED.search(words) else said


def flags(
    entries: Iterable[Entry], lists: Mapping[str, Wordings], language: str | None, since: datetime
) -> tuple[Flag, ...]:
    """One WORDING flag for each reply by staff at or after `since` that holds such a phrase."""
    used = [lists[language]] if language is not None and language in lists else list(lists.values())
    found = []
    for entry in entries:
        if (
            entry.kind is not EntryKind.STAFF_REPLY
            or entry.occurred_at < since
            or entry.role is not Role.STAFF
            or entry.visibility is not Visibility.PUBLIC
            or not entry.text
        ):
            continue
        phrases = [phrase for one in used for phrase in one.found_in(entry.text)]
        if phrases:
            episode = f"wording#{entry.id}"
            found.append(Flag(FlagKind.WORDING, "wording", episode, entry.occurred_at, _why(phrases)))
    return tuple(found)


def _why(phrases: Sequence[Phrase]) -> str:
    """Our own list's words, never the reply's."""
    said = "; ".join(f"{one.why}{f' Better: {one.better}' if one.better else ''}" for one in phrases[:3])
    return f"A reply to the customer holds {', '.join(repr(one.id) for one in phrases[:3])}. {said}"
