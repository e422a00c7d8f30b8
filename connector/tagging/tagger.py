"""Tags for complaints: what phrases and models say about them, in which language. Compiled once, called by `sync`.

Every tag quotes the customer's words as offsets into the complaint's own field, or has no evidence at all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from operator import itemgetter

import msgspec
import numpy as np
import numpy.typing as npt
from msgspec.structs import replace

from connector.model import Amount, Complaint, Span, Tag
from connector.tagging.book import LANGUAGE, UNKNOWN, Facet, TaggingSettings
from connector.tagging.evidence import Wanted, evidence
from connector.tagging.fitting import Doubles
from connector.tagging.fold import LONGEST_READ
from connector.tagging.heads import Model
from connector.tagging.language import Guess
from connector.tagging.measuring import Answer
from connector.tagging.money import amounts, nearest
from connector.tagging.reading import Batch, Message, Read, Reader
from connector.tagging.weigh import Field, Voice, Witness, answers, enough, model_alone

BATCH = 256
MOST_CHARACTERS = 1 << 15
REMEDY = "remedy"
_NONE: dict[str, dict[str, Witness]] = {}
PAID = frozenset({"refund", "compensation", "discount", "store_credit"})


class Asked(msgspec.Struct, frozen=True, gc=False):
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


class _Head(msgspec.Struct, frozen=True, eq=False):
    """A head that answers a facet here: which model's, which of its heads, and for each value of the voice its column
    of that model. `chosen` takes the chances of these out of those of all columns."""

    voice: Voice
    model: int
    number: int
    columns: list[int]
    chosen: Callable[[list[float]], Sequence[float]]


class _Question(msgspec.Struct, frozen=True, eq=False):
    """A facet of which a model is asked beside the phrases."""

    name: str
    facet: Facet
    head: _Head


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
        self._order = tuple(dict.fromkeys((*settings.taxonomy.facets, *self._facets)))
        self._models = tuple(models)
        self._heads = _heads(models, self._facets)
        self._enough = [_enough(number, model, self._heads.values()) for number, model in enumerate(models)]
        headed = [_Question(name, self._facets[name], head) for name, head in self._heads.items()]
        self._questions = sorted(headed, key=lambda one: one.head.model)
        # Of each model the heads that are asked here, in the order of the questions.
        self._asked = [
            np.array([one.head.number for one in self._questions if one.head.model == number], dtype=np.intp)
            for number in range(len(models))
        ]
        self._number = {one.name: number for number, one in enumerate(self._questions)}
        unsaid = {name: answers(name, facet, _NONE, None) for name, facet in self._facets.items()}
        self._unsaid = {name: tags for name, tags in unsaid.items() if tags}
        self._raising = {name: facet.raises for name, facet in self._facets.items() if facet.raises}

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
        if not batch.messages:
            return []
        shares: list[list[list[float]]] = []
        speaks: list[npt.NDArray[np.bool_]] = []
        for model, least in zip(self._models, self._enough, strict=True):
            chances = model.chances(batch.scores(model, self._facets))
            shares.append(chances.tolist())
            speaks.append(model.any_of(chances >= least))
        results: list[dict[str, tuple[Tag, ...]]] = []
        wanted: list[Wanted] = []
        speaking = self._speaking(speaks, len(batch.messages))
        for row, (read, heads) in enumerate(zip(batch.messages, speaking, strict=True)):
            answered = self._answered(row, read, [share[row] for share in shares], heads, wanted)
            results.append(_raised(answered, self._raising, self._facets))
        for (row, name, value), quotes in evidence(batch, self._models, wanted).items():
            tags_of = results[row]
            tags_of[name] = tuple(
                [
                    replace(tag, evidence=quotes) if tag.value == value and not tag.evidence else tag
                    for tag in tags_of[name]
                ]
            )
        for row, read in enumerate(batch.messages):
            if REMEDY in results[row]:
                results[row][REMEDY] = _priced(results[row][REMEDY], read)
        return results

    def _speaking(self, speaks: Sequence[npt.NDArray[np.bool_]], count: int) -> list[list[int]]:
        """For each of `count` messages the numbers of the questions to which a model has an answer that is enough."""
        asked = [found.take(heads, axis=1) for found, heads in zip(speaks, self._asked, strict=True)]
        if not asked:
            return [[] for _ in range(count)]
        rows, numbers = (asked[0] if len(asked) == 1 else np.concatenate(asked, axis=1)).nonzero()
        listed = numbers.tolist()
        if count == 1:
            return [listed]
        ends = rows.searchsorted(np.arange(count + 1)).tolist()
        return [listed[first:last] for first, last in pairwise(ends)]

    def _answered(
        self, row: int, read: Read, shares: Sequence[list[float]], speaking: Sequence[int], wanted: list[Wanted]
    ) -> dict[str, tuple[Tag, ...]]:
        """The answers to each question about one message, without the words that moved a model: those become `wanted`.
        Of each model the chances of all columns, and the numbers of the questions to which one has an answer."""
        tags = dict(self._unsaid)  # of a facet that has a default `answers` always gives something in its place
        votes = read.votes
        numbers: Iterable[int] = speaking
        if votes:
            numbers = {*speaking, *(self._number[name] for name in votes if name in self._number)}
            for name, heard in votes.items():
                if name not in self._number and (given := answers(name, self._facets[name], heard, None)):
                    tags[name] = given
        for number in numbers:
            one = self._questions[number]
            head = one.head
            opinion = head.voice, head.chosen(shares[head.model])
            heard = votes.get(one.name, _NONE)
            if not heard and not one.facet.several:
                tag = model_alone(one.name, opinion)
                given = (tag,) if tag is not None else ()
            else:
                given = answers(one.name, one.facet, heard, opinion, read.guess.language)
            for tag in given:
                if not tag.evidence and tag.author == head.voice.author:
                    column = head.columns[head.voice.places[tag.value]]
                    wanted.append(Wanted(row, tag.facet, tag.value, head.model, column))
            if given:
                tags[one.name] = given
        return tags

    def best(self, messages: Sequence[Message], facet: str) -> list[Answer]:
        """For each message the value of a facet that has one, the best there is even where it would not be given."""
        head = self._heads.get(facet)
        found = []
        for first in range(0, len(messages), BATCH):
            batch = self.reader.read(messages[first : first + BATCH])
            if facet == LANGUAGE:
                found += [_language_answer(read.guess) for read in batch.messages]
                continue
            said = self.said(batch)
            shares: list[list[float]] = [[] for _ in said]
            if head is not None:
                model = self._models[head.model]
                shares = model.chances(batch.scores(model, self._facets))[:, head.columns].tolist()
            for tags, share in zip(said, shares, strict=True):
                found.append(_best(tags.get(facet, ()), head.voice if head is not None else None, share))
        return found

    def authors(self, facet: str) -> tuple[str, ...]:
        """Who answers a facet: a model, if one has it, beside the phrases."""
        head = self._heads.get(facet)
        return ("phrases",) if head is None else (head.voice.author, "phrases")

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
        known = [name for name in self._order if name in said]
        listed = known if len(known) == len(said) else dict.fromkeys((*known, *said))
        return tuple(tag for name in listed for tag in said[name])


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


def _best(tags: Sequence[Tag], voice: Voice | None, share: Sequence[float]) -> Answer:
    if tags and tags[0].author != "default":
        return Answer(tags[0].value, tags[0].confidence, given=True)
    if voice is None or not share:
        return Answer(None, 0.0, given=False)
    best = max(share)
    return Answer(voice.values[share.index(best)], best, given=False)


def _heads(models: Sequence[Model], facets: Mapping[str, Facet]) -> dict[str, _Head]:
    found = {}
    for model_number, model in enumerate(models):
        for number, head in enumerate(model.heads):
            facet = facets.get(head.facet)
            if facet is not None:
                named = ((facet.named(value), column) for column, value in enumerate(head.values))
                ours = {name: column for name, column in named if name is not None}
                places = {name: place for place, name in enumerate(ours)}
                least = [enough(facet, name, head.least[column]) for name, column in ours.items()]
                voice = Voice(places, tuple(ours), least, f"model:{model.version}", model.hears_hints(head.facet))
                columns = [head.first + column for column in ours.values()]
                found[head.facet] = _Head(voice, model_number, number, columns, _chosen(columns))
    return found


def _chosen(columns: Sequence[int]) -> Callable[[list[float]], Sequence[float]]:
    """What takes these out of a row."""
    first, last = (columns[0], columns[-1] + 1) if columns else (0, 0)
    if list(columns) == list(range(first, last)):
        return itemgetter(slice(first, last))
    return lambda row: [row[column] for column in columns]


def _enough(number: int, model: Model, heads: Iterable[_Head]) -> Doubles:
    """The chance that is enough for each column of a model; for one that is not heard none is."""
    least = np.full(sum(len(head.values) for head in model.heads), np.inf)
    for head in heads:
        if head.model == number:
            least[head.columns] = head.voice.least
    return least


def _raised(
    tags: dict[str, tuple[Tag, ...]], raising: Mapping[str, Mapping[str, dict[str, str]]], facets: Mapping[str, Facet]
) -> dict[str, tuple[Tag, ...]]:
    """With what one answer says at least about another facet: an emergency is never trifling."""
    for name, raises in raising.items():
        for tag in tags.get(name, ()):
            for other, least in raises.get(tag.value, {}).items():
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
