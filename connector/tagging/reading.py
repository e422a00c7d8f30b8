"""Messages read for tagging, a batch at a time: folded, in a language, with the phrases and the features found in them.

Called by `tagger` to answer and by `training` to learn, so that both see a message in the same way.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
import numpy as np

from connector.tagging.book import (
    LANGUAGE,
    PART,
    PRODUCT,
    UNKNOWN,
    Facet,
    TaggingSettings,
)
from connector.tagging.extras import MULTILINGUAL, vectors
from connector.tagging.fitting import Floats
from connector.tagging.fold import fold, readable
from connector.tagging.grams import Grams, grams
from connector.tagging.heads import Model
from connector.tagging.language import Guess, guesses
from connector.tagging.match import Phrases
from connector.tagging.products import product_books
from connector.tagging.themes import Themes
from connector.tagging.weigh import Field, Votes, ballots, joint


class Message(msgspec.Struct, frozen=True, gc=False):
    """What a customer wrote. `language` is what is known of it (ISO 639-1), `locale` and `usual` are hints: the
    customer's own setting, and the language of their earlier messages."""

    subject: str
    text: str
    language: str | None = None
    locale: str | None = None
    usual: str | None = None


class Read(msgspec.Struct, frozen=True, eq=False, gc=False):
    """One message as it was read. `votes` holds who speaks for what, by facet."""

    fields: tuple[Field, ...]
    guess: Guess
    votes: dict[str, Votes]

    def place(self, start: int, end: int) -> tuple[Field, int, int] | None:
        """The field and the range in its folded text of a range of the batch's features; None between two fields."""
        for field in self.fields:
            length = len(field.folded.text)
            if start < length:
                start, end = max(start, 0), min(end, length)
                return (field, start, end) if end > start else None
            start, end = start - length - 1, end - length - 1
        return None


class Batch(msgspec.Struct, frozen=True, eq=False):
    """Messages read together, with their features; a feature's place counts through a message's fields, which one
    line break separates. `sparse` are the scores of the features by the model that told the language, by its version:
    that model need not look at them again; `loud` says how loud the units of a model were, once it was asked. `columns`
    remembers, for all batches of a reader, where a model hears what.
    """

    messages: tuple[Read, ...]
    features: Grams
    sparse: dict[str, Floats] = {}
    loud: dict[str, Floats] = {}
    columns: dict[tuple[tuple[str, str], ...], dict[tuple[str, str], int]] = {}

    def scores(self, model: Model, facets: Mapping[str, Facet]) -> Floats:
        """What a model scores each message: messages x its columns."""
        sparse = self.sparse.get(model.version)
        if sparse is None:
            sparse = model.sparse_scores(self.features).scores
        if len(self.features.themes.buckets):
            sparse = sparse + model.theme_scores(self.features)
        strengths = None
        if model.method == MULTILINGUAL:
            strengths = np.concatenate([self.strengths(model.pairs, facets), vectors(self.written)], axis=1)
        elif any(message.votes for message in self.messages):
            strengths = self.strengths(model.pairs, facets)
        loud = model.loud(sparse)
        if loud is not None:
            self.loud[model.version] = loud
        found = model.scores(sparse, strengths, loud)
        return found if model.terms is None else found + model.terms.scores(self.folded)

    @property
    def written(self) -> list[str]:
        """The messages as they were written."""
        return ["\n".join(field.text for field in message.fields) for message in self.messages]

    @property
    def folded(self) -> list[str]:
        """The messages as they were folded."""
        return ["\n".join(field.folded.text for field in message.fields) for message in self.messages]

    def strengths(self, pairs: Sequence[tuple[str, str]], facets: Mapping[str, Facet]) -> Floats:
        """How strongly phrases speak for each (facet, value) of a model: messages x pairs, 0 to 1."""
        key = tuple(pairs)
        ours = self.columns.get(key)
        if ours is None:
            ours = self.columns[key] = _columns(key, facets)
        found = np.zeros((len(self.messages), len(pairs)), dtype=np.float32)
        for row, message in enumerate(self.messages):
            for name, votes in message.votes.items():
                for value, heard in votes.items():
                    number = ours.get((name, value.partition(PART)[0]))
                    if number is not None:
                        found[row, number] = max(found[row, number], joint(heard))
        return found


def _columns(pairs: tuple[tuple[str, str], ...], facets: Mapping[str, Facet]) -> dict[tuple[str, str], int]:
    """The column of each (facet, value) in the taxonomy's words."""
    return {
        (name, ours): number
        for number, (name, value) in enumerate(pairs)
        if name in facets and (ours := facets[name].named(value)) is not None
    }


class Reader:
    """Immutable after construction; safe to share between threads."""

    def __init__(self, settings: TaggingSettings, model: Model | None = None, *, late: bool = False) -> None:
        """`model` is one with a head for the language, if there is one. Raises SettingsError where a line of words
        cannot be looked up; if the books are compiled `late`, when that is found out."""
        self.facets = {name: facet for name, facet in settings.taxonomy.facets.items() if name != LANGUAGE}
        if settings.products:
            names = {product.name: product.name for product in settings.products}
            self.facets[PRODUCT] = Facet(PRODUCT, names)
        self.languages = frozenset(settings.languages)
        self._columns: dict[tuple[tuple[str, str], ...], dict[tuple[str, str], int]] = {}
        self._phrases = Phrases((*settings.books, *product_books(settings)), late=late)
        self._themes = Themes(settings.themes)
        self._model = model if model is not None and model.head(LANGUAGE) is not None else None

    def read(self, messages: Sequence[Message]) -> Batch:
        """Each message's first 4,000 characters of subject and text; lines of quoted earlier mail are left out."""
        folded = [_fields(message) for message in messages]
        texts = ["\n".join(field.folded.text for field in fields) for fields in folded]
        features = grams(texts)
        sparse = self._model.sparse_scores(features) if self._model is not None else None
        found = guesses(messages, features, self.languages, self._model, sparse)
        features = features._replace(themes=self._themes.places(texts, [guess.language for guess in found]))
        reads = [self._spoken(fields, guess) for fields, guess in zip(folded, found, strict=True)]
        scored = {self._model.version: sparse.scores} if self._model is not None and sparse is not None else {}
        return Batch(tuple(reads), features, scored, columns=self._columns)

    def _spoken(self, fields: tuple[Field, ...], guess: Guess) -> Read:
        """A text in an unknown language is read with every book: too short to tell is not too short to understand."""
        book = None if guess.language == UNKNOWN else guess.language
        heard = tuple(
            Field(field.name, field.text, field.folded, self._phrases.find(field.folded, book)) for field in fields
        )
        return Read(heard, guess, ballots(heard, self.facets))


def _fields(message: Message) -> tuple[Field, ...]:
    fields = []
    for name, text in (("subject", message.subject), ("text", message.text)):
        if text:
            shown = readable(text)
            fields.append(Field(name, shown, fold(shown), []))
    return tuple(fields)
