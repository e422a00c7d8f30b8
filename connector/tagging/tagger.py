"""Tags for complaints: what phrases and models say about them, in which language. Compiled once, called by `sync`.

Every tag quotes the customer's words as offsets into the complaint's own field, or has no evidence at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec
from msgspec.structs import replace

from connector.model import Amount, Complaint, Span, Tag
from connector.tagging.book import LANGUAGE, UNKNOWN, Facet, TaggingSettings
from connector.tagging.evidence import Wanted, evidence
from connector.tagging.fold import LONGEST_READ
from connector.tagging.heads import Model
from connector.tagging.language import Guess
from connector.tagging.measuring import Answer
from connector.tagging.money import amounts, nearest
from connector.tagging.reading import Batch, Message, Read, Reader
from connector.tagging.weigh import Field, Opinion, Witness, answers

BATCH = 256
MOST_CHARACTERS = 1 << 15
REMEDY = "remedy"
_NONE: dict[str, dict[str, Witness]] = {}
PAID = frozenset({"refund", "compensation", "discount", "store_credit"})


class Asked(msgspec.Struct, frozen=True):
    """A complaint to be tagged. `told` is what the source itself states about a facet; `language` is what was found of
    these very words before, which need not be guessed again; `usual` is the language of the person's other messages."""

    complaint: Complaint
    told: Tag | None = None
    language: Tag | None = None
    usual: str | None = None


def _batches(asked: Sequence[Asked]) -> Iterator[Sequence[Asked]]:
    """As many as are worth reading together; of long texts fewer, for what is made of a character takes 200 bytes."""
    first = 0
    characters = 0
    for at, one in enumerate(asked):
        length = min(len(one.complaint.text), LONGEST_READ)
        if at > first and (at - first == BATCH or characters + length > MOST_CHARACTERS):
            yield asked[first:at]
            first, characters = at, 0
        characters += length
    if first < len(asked):
        yield asked[first:]


class _Voice(msgspec.Struct, frozen=True, eq=False):
    """A head at work: the values that this taxonomy has, by our names for them (value → number), and for each its
    column of the model and how high its chance has to be."""

    model: int
    places: dict[str, int]
    columns: list[int]
    least: list[float]
    author: str


class Tagger:
    """Immutable after construction; safe to share between threads."""

    def __init__(
        self,
        settings: TaggingSettings,
        models: Sequence[Model] = (),
        *,
        as_trained: Model | None = None,
        late: bool = False,
    ) -> None:
        """Of several models with a head for a facet the last one decides it. `as_trained` comes on top with its values
        as they are, whether the taxonomy has them or not. `late`: the phrases of a language are compiled when first
        needed. Raises SettingsError where a line of words cannot be looked up."""
        if as_trained is not None:
            settings, models = _widened(settings, as_trained), (*models, as_trained)
        language = next((model for model in reversed(models) if model.head(LANGUAGE) is not None), None)
        self.reader = Reader(settings, language, late=late)
        self._facets = self.reader.facets
        listed = dict.fromkeys((*settings.taxonomy.facets, *self._facets))
        self._order = {name: number for number, name in enumerate(listed)}
        self._models = tuple(models)
        self._voices = _voices(models, self._facets)

    def tags(self, complaint: Complaint, told: Tag | None = None, language: Tag | None = None) -> tuple[Tag, ...]:
        """The tags of one complaint; see `tags_of`."""
        return self.tags_of([Asked(complaint, told, language)])[0]

    def tags_of(self, asked: Sequence[Asked]) -> list[tuple[Tag, ...]]:
        """The tags of each complaint, in the taxonomy's order; any text, however long or odd, is answered.

        What is `told` is passed on unchanged and wins. The first 4,000 characters of subject and text are read, lines
        of quoted earlier mail are not.
        """
        found: list[tuple[Tag, ...]] = []
        for part in _batches(asked):
            batch = self.reader.read([self._message(one) for one in part])
            said = self.said(batch)
            found += [
                self._ordered(one, read, tags) for one, read, tags in zip(part, batch.messages, said, strict=True)
            ]
        return found

    def said(self, batch: Batch) -> list[dict[str, tuple[Tag, ...]]]:
        """What phrases and models say of each message that was read, by facet, the language left out."""
        shares = [
            model.chances(batch.scores(model, self._facets)).tolist() if batch.messages else []
            for model in self._models
        ]
        results: list[dict[str, tuple[Tag, ...]]] = []
        wanted: list[Wanted] = []
        for row, read in enumerate(batch.messages):
            tags: dict[str, tuple[Tag, ...]] = {}
            for name, facet in self._facets.items():
                voice = self._voices.get(name)
                opinion = None
                if voice is not None:
                    mine = shares[voice.model][row]
                    opinion = Opinion(voice.places, [mine[at] for at in voice.columns], voice.least, voice.author)
                given = answers(name, facet, read.votes.get(name, _NONE), opinion)
                if given:
                    tags[name] = given
                    if voice is not None:
                        wanted += _unfounded(row, given, voice)
            results.append(_raised(tags, self._facets))
        spans = evidence(batch, self._models, wanted)
        for (row, name, value), quotes in spans.items():
            results[row][name] = tuple(
                replace(tag, evidence=quotes) if tag.value == value and not tag.evidence else tag
                for tag in results[row][name]
            )
        for row, read in enumerate(batch.messages):
            if REMEDY in results[row]:
                results[row][REMEDY] = _priced(results[row][REMEDY], read)
        return results

    def best(self, messages: Sequence[Message], facet: str) -> list[Answer]:
        """For each message the value of a facet that has one, the best there is even where it would not be given."""
        voice = self._voices.get(facet)
        found = []
        for first in range(0, len(messages), BATCH):
            batch = self.reader.read(messages[first : first + BATCH])
            if facet == LANGUAGE:
                found += [_language_answer(read.guess) for read in batch.messages]
                continue
            said = self.said(batch)
            shares: list[list[float]] = [[] for _ in said]
            if voice is not None:
                model = self._models[voice.model]
                shares = model.chances(batch.scores(model, self._facets))[:, voice.columns].tolist()
            for tags, share in zip(said, shares, strict=True):
                found.append(_best(tags.get(facet, ()), voice, share))
        return found

    def authors(self, facet: str) -> tuple[str, ...]:
        """Who answers a facet: a model, if one has it, beside the phrases."""
        voice = self._voices.get(facet)
        return ("phrases",) if voice is None else (voice.author, "phrases")

    def sets(self, messages: Sequence[Message], facet: str) -> list[frozenset[str]]:
        """For each message the values of a facet of which several may hold."""
        found: list[frozenset[str]] = []
        for first in range(0, len(messages), BATCH):
            said = self.said(self.reader.read(messages[first : first + BATCH]))
            found += [frozenset(tag.value for tag in tags.get(facet, ())) for tags in said]
        return found

    def _message(self, one: Asked) -> Message:
        complaint = one.complaint
        known = complaint.language if complaint.language in self.reader.languages else None
        if known is None and one.language is not None and one.language.value in self.reader.languages:
            known = one.language.value
        return Message(complaint.subject, complaint.text, known, complaint.complainant.language, one.usual)

    def _language(self, one: Asked, guess: Guess) -> Tag:
        if one.complaint.language in self.reader.languages:
            return Tag(LANGUAGE, one.complaint.language or UNKNOWN, 1.0, "mapping")
        if one.language is not None and one.language.value in self.reader.languages:
            return one.language
        return Tag(LANGUAGE, guess.language, guess.confidence, guess.author)

    def _ordered(self, one: Asked, read: Read, said: dict[str, tuple[Tag, ...]]) -> tuple[Tag, ...]:
        said[LANGUAGE] = (self._language(one, read.guess),)
        if one.told is not None:
            said[one.told.facet] = (one.told,)
        last = len(self._order)
        return tuple(tag for name in sorted(said, key=lambda name: self._order.get(name, last)) for tag in said[name])


def _widened(settings: TaggingSettings, model: Model) -> TaggingSettings:
    """The settings with a taxonomy in which the model's facets have the model's values, in its words."""
    facets = dict(settings.taxonomy.facets)
    for head in model.heads:
        if head.facet != LANGUAGE:
            known = facets.get(head.facet, Facet(head.facet, {}, several=head.several))
            values = {value: known.values.get(value, value) for value in head.values}
            default = known.default if known.default is None or known.default in values else None
            facets[head.facet] = replace(known, values=values, was={}, raises={}, several=head.several, default=default)
    kept = {
        name: replace(facet, raises={value: up for value, up in facet.raises.items() if facets.keys() >= up.keys()})
        for name, facet in facets.items()
    }
    return replace(settings, taxonomy=replace(settings.taxonomy, facets=kept))


def _language_answer(guess: Guess) -> Answer:
    return Answer(guess.language, guess.confidence, guess.language != UNKNOWN)


def _best(tags: Sequence[Tag], voice: _Voice | None, share: Sequence[float]) -> Answer:
    if tags and tags[0].author != "default":
        return Answer(tags[0].value, tags[0].confidence, given=True)
    if voice is None or not share:
        return Answer(None, 0.0, given=False)
    best = max(share)
    return Answer(list(voice.places)[share.index(best)], best, given=False)


def _voices(models: Sequence[Model], facets: Mapping[str, Facet]) -> dict[str, _Voice]:
    found = {}
    for number, model in enumerate(models):
        for head in model.heads:
            facet = facets.get(head.facet)
            if facet is not None:
                named = ((facet.named(value), column) for column, value in enumerate(head.values))
                ours = {name: column for name, column in named if name is not None}
                columns = [head.first + column for column in ours.values()]
                places = {name: place for place, name in enumerate(ours)}
                least = [head.least[column] for column in ours.values()]
                found[head.facet] = _Voice(number, places, columns, least, f"model:{model.version}")
    return found


def _unfounded(row: int, tags: Iterable[Tag], voice: _Voice) -> Iterable[Wanted]:
    """What a model gave without a phrase: the words that weighed most are asked for."""
    for tag in tags:
        place = voice.places.get(tag.value) if tag.author == voice.author and not tag.evidence else None
        if place is not None:
            yield Wanted(row, tag.facet, tag.value, voice.model, voice.columns[place])


def _raised(tags: dict[str, tuple[Tag, ...]], facets: Mapping[str, Facet]) -> dict[str, tuple[Tag, ...]]:
    """With what one answer says at least about another facet: an emergency is never trifling."""
    for name, facet in facets.items():
        if not facet.raises or name not in tags:
            continue
        for tag in tags[name]:
            for other, least in facet.raises.get(tag.value, {}).items():
                order = list(facets[other].values) if other in facets else []
                said = next(iter(tags.get(other, ())), None)
                if least in order and (said is None or order.index(said.value) < order.index(least)):
                    tags[other] = (Tag(other, least, tag.confidence, tag.author, tag.evidence),)
    return tags


def _priced(tags: tuple[Tag, ...], read: Read) -> tuple[Tag, ...]:
    """The remedies with the amount that stands nearest to the words that ask for them."""
    found = {field.name: amounts(field.text) for field in read.fields if tags}
    return tuple(_with_amount(tag, read.fields, found) if tag.value in PAID else tag for tag in tags)


def _with_amount(tag: Tag, fields: Sequence[Field], found: Mapping[str, list[tuple[int, int, Amount]]]) -> Tag:
    for field in fields:
        places = [(span.start, span.end) for span in tag.evidence if span.field == field.name]
        near = nearest(found[field.name], places) if places else None
        if near is not None:
            start, end, amount = near
            quote = Span(field.name, start, end, field.text[start:end])
            covered = any(span.field == field.name and span.start <= start and end <= span.end for span in tag.evidence)
            quotes = tag.evidence if covered else (*tag.evidence, quote)
            return replace(tag, evidence=quotes, amount=amount)
    return tag
