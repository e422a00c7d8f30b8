"""What an admin writes about tagging, as frozen values: the taxonomy, and one phrase book a language.

`settings` builds these from `taxonomy.yaml` and `phrases/*.yaml`; the structs have exactly the shape of the files and
ids are the keys. `Tagger` compiles them, `check` holds them against their own examples.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

LANGUAGE = "language"
PRODUCT = "product"
UNKNOWN = "unknown"
PART = "/"  # between a nested value and the one it belongs to: "delivery/late"


class Strength(StrEnum):
    """How far a phrase can be trusted on its own. One `hint` decides nothing; hints add up. A `certain` one ("I
    complain") is heard before a model is."""

    HINT = "hint"
    USUAL = "usual"
    SURE = "sure"
    CERTAIN = "certain"


class Facet(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One question asked of every complaint; `values` maps each possible answer to its title for people.

    A nested answer is named with those above it ("delivery/late"). `topic` says that a denied phrase still speaks: "the
    parcel was not late" is about delivery all the same. `default` is the answer where nothing decides; without one,
    nothing is said. `several`: the answers do not exclude each other. `firm`: what a phrase says stands, whatever a
    model makes of it; what phrases only hint at is left to one that hears hints. `titles` holds titles by
    language, `was` the name that shipped phrases and models have for a value, `raises` what a value says at least about
    another facet, whose values are in ascending order.
    """

    title: str
    values: dict[str, str]
    topic: bool = False
    default: str | None = None
    several: bool = False
    firm: bool = False
    titles: dict[str, dict[str, str]] = {}
    was: dict[str, str] = {}
    raises: dict[str, dict[str, str]] = {}

    def named(self, value: str) -> str | None:
        """What this taxonomy calls a value of a shipped phrase or a model; None where it has no such value."""
        ours = self.was.get(value, value)
        return ours if ours in self.values else None

    def meant(self, label: str) -> str | None:
        """What this taxonomy calls a value that a person named: by its present name, else by its former one."""
        return label if label in self.values else self.named(label)


class ProductWords(msgspec.Struct, frozen=True):
    """A product by name, and what else it is called, by language (ISO 639-1)."""

    name: str
    words: dict[str, tuple[str, ...]] = {}


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


class Example(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A made-up message and the facet values it is about; `place` says where an admin wrote it (file, line)."""

    text: str
    says: dict[str, str]
    place: str = ""


class Examples(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`match`: all of `says` must be tagged. `miss`: none of it may be."""

    match: tuple[Example, ...] = ()
    miss: tuple[Example, ...] = ()


class PhraseBook(msgspec.Struct, frozen=True, forbid_unknown_fields=True, weakref=True):
    """The phrases of one language (ISO 639-1 code).

    A guard hides the phrases that it overlaps ("thank you for the quick refund") and may say something itself.
    One of `negations` in the three words before a phrase takes it back, unless the facet is a topic.
    """

    language: str
    phrases: dict[str, Phrase]
    guards: dict[str, Phrase] = {}
    negations: tuple[str, ...] = ()
    examples: Examples = Examples()


def said_in(book: PhraseBook) -> frozenset[tuple[str, str]]:
    """Every (facet, value) that anything in a book says."""
    said = [one.says for one in (*book.phrases.values(), *book.guards.values())]
    said += [one.says for one in (*book.examples.match, *book.examples.miss)]
    return frozenset(pair for says in said for pair in says.items())


class TaggingSettings(msgspec.Struct, frozen=True):
    """All that `Tagger` needs but for models. Books may come in any order and number; those of one language are read
    as one, and languages without one get no phrases. `products` are looked for where the facet "product" is asked.
    `themes` are lists of words by language (see `themes`)."""

    taxonomy: Taxonomy
    books: tuple[PhraseBook, ...] = ()
    products: tuple[ProductWords, ...] = ()
    themes: dict[str, str] = {}

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages to tell apart, in the taxonomy's order."""
        facet = self.taxonomy.facets.get(LANGUAGE)
        return tuple(code for code in facet.values if code != UNKNOWN) if facet else ()


class Lexicon(msgspec.Struct, frozen=True):
    """All that tags are made of, as it can be kept and compared with what they are made of later.

    `name` is the digest of it all, `models` those of the models in their order; `version` is the release of Amends.
    """

    name: str
    settings: TaggingSettings
    models: tuple[str, ...] = ()
    version: str = ""
