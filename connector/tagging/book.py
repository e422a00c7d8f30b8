"""What an admin writes about tagging, as frozen values: the taxonomy, and one phrase book a language.

`settings` builds these from `taxonomy.yaml` and `phrases/*.yaml`; the structs have exactly the shape of the files and
ids are the keys. `Tagger` compiles them, `check` holds them against their own examples.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

LANGUAGE = "language"
UNKNOWN = "unknown"


class Strength(StrEnum):
    """How far a phrase can be trusted on its own. One `hint` decides nothing; hints add up."""

    HINT = "hint"
    USUAL = "usual"
    SURE = "sure"


class Facet(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One question asked of every complaint; `values` maps each possible answer to its title for people.

    `topic` says that a denied phrase still speaks: "the parcel was not late" is about delivery all the same.
    `default` is the answer where no phrase decides; without one, nothing is said.
    """

    title: str
    values: dict[str, str]
    topic: bool = False
    default: str | None = None


class Taxonomy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The facets in the order in which tags are listed.

    The values of the facet "language" are the ISO 639-1 codes to tell apart, plus "unknown".
    """

    facets: dict[str, Facet]


class Phrase(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Ways to say one thing. `says` maps facets to values.

    In `words`, `*` ends a word in any way ("arriv*") or stands for one word, `..` for up to three words or none.
    """

    words: tuple[str, ...]
    says: dict[str, str] = {}
    strength: Strength = Strength.USUAL


class Example(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A made-up message and the facet values it is about."""

    text: str
    says: dict[str, str]


class Examples(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`match`: all of `says` must be tagged. `miss`: none of it may be."""

    match: tuple[Example, ...] = ()
    miss: tuple[Example, ...] = ()


class PhraseBook(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The phrases of one language (ISO 639-1 code).

    A guard hides the phrases that it overlaps ("thank you for the quick refund") and may say something itself.
    One of `negations` in the three words before a phrase takes it back, unless the facet is a topic.
    """

    language: str
    phrases: dict[str, Phrase]
    guards: dict[str, Phrase] = {}
    negations: tuple[str, ...] = ()
    examples: Examples = Examples()


class TaggingSettings(msgspec.Struct, frozen=True):
    """All that `Tagger` needs. Books may come in any order and number; languages without one get no phrases."""

    taxonomy: Taxonomy
    books: tuple[PhraseBook, ...] = ()

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages to tell apart, in the taxonomy's order."""
        facet = self.taxonomy.facets.get(LANGUAGE)
        return tuple(code for code in facet.values if code != UNKNOWN) if facet else ()
