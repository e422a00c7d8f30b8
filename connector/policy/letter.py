"""What a customer is told when the cause of their complaint is gone: a draft in their language, for approval.

Called by the commands. Pure: the words are the admin's (letters.yaml), and what was changed is said by a person, in
each language by itself; a line that would need what nobody said is left out. Nothing that staff wrote for each other
is ever put into it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from connector.errors import SettingsError

FALLBACK = "en"
PLACEHOLDERS = frozenset({"reference", "changed", "contact"})
_PLACEHOLDER = re.compile(r"\{(\w+)\}")


class Letters(msgspec.Struct, frozen=True):
    """All of letters.yaml: the words by language (ISO 639-1), and the line that says how to reach a person."""

    letters: dict[str, str]
    contact: str | None = None

    def __post_init__(self) -> None:
        if FALLBACK not in self.letters:
            raise SettingsError(
                "there is no letter in English, which speakers of other languages get.", remedy="Add one: `en: …`."
            )
        for language, words in self.letters.items():
            odd = set(_PLACEHOLDER.findall(words)) - PLACEHOLDERS
            if odd:
                raise SettingsError(
                    f"the letter in {language!r} has {{{min(odd)}}}, which stands for nothing.",
                    remedy=f"There are {', '.join(f'{{{name}}}' for name in sorted(PLACEHOLDERS))}.",
                )


class Draft(msgspec.Struct, frozen=True):
    """A letter to one customer. `instead_of` is their language where there are no words in it."""

    language: str
    words: str
    instead_of: str | None = None


def draft(letters: Letters, language: str | None, reference: str, changed: Mapping[str, str]) -> Draft:
    """The letter in `language` (ISO 639-1), English where there is none; `changed` says what was, by language."""
    code = language if language in letters.letters else FALLBACK
    assert code is not None
    values = {"reference": reference, "changed": changed.get(code, ""), "contact": letters.contact or ""}
    lines = [_filled(line, values) for line in letters.letters[code].strip().splitlines()]
    told = "\n".join(line for line in lines if line is not None)
    return Draft(code, told, language if language not in (None, "unknown", code) else None)


def _filled(line: str, values: Mapping[str, str]) -> str | None:
    """The line with its placeholders filled in; None where one of them has nothing to say."""
    needed = _PLACEHOLDER.findall(line)
    if any(not values[name] for name in needed):
        return None
    return _PLACEHOLDER.sub(lambda found: values[found[1]], line)
