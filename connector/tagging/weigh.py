"""Found phrases weighed against each other and joined with what a model makes of the text: the answers to one facet.

Called by `tagger`, facet after facet. Different phrases for one value add up as independent witnesses would; the same
phrase twice counts once. Without a model phrases decide alone, and where the second best value comes close, nothing is
decided. With one, the model decides (it has heard the phrases too), but never about values that it was not taught.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from connector.model import Span, Tag
from connector.tagging.book import PART, UNKNOWN, Facet
from connector.tagging.fold import Folded
from connector.tagging.match import Hit

THRESHOLD = 0.5
# Where phrases are firm (emergencies), missing one is worse than raising one too many: a model needs no more than this.
# It is the lowest at which four in five are right of the messages that may be looked at (benchmarks/blind.py): 0.934 of
# the emergencies are found so, without what phrases raise and before rare features go. The build prints it for each.
RECALL_FIRST = 0.18
# Money can wait for a day, a life cannot: below this, requests to banks are called fraud that are the everyday trouble
# of a card or a transfer, as a double charge and a late delivery were in the stories of the sandbox. One emergency in
# 150 is lost by it.
SURER = {"fraud": 0.34}
MARGIN = 0.1
MOST_SPANS = 5
CERTAIN = 0.9
# What a phrase that is heard before a model weighs at least.
SWORN = 0.95


class Field(msgspec.Struct, frozen=True, eq=False, gc=False):
    """A text field of a complaint: its name, its original text, the folded text, and the phrases found in it."""

    name: str
    text: str
    folded: Folded
    hits: list[Hit]


Witness = tuple[Field, Hit]
Votes = dict[str, dict[str, Witness]]  # value -> author -> its first place


class Voice(msgspec.Struct, frozen=True, eq=False):
    """A model that answers a facet: the values that this taxonomy has, in order (value → number, and the other way
    round), how high the chance of each has to be to be given, and who says so ("model:3f2a9c1d"). What phrases only
    hint at is left to it in the languages `hears_hints`."""

    places: dict[str, int]
    values: tuple[str, ...]
    least: list[float]
    author: str
    hears_hints: frozenset[str] = frozenset()


# A model, and what it makes of one text: the chance of each value, in the order of the voice.
Opinion = tuple[Voice, Sequence[float]]
_SILENT = Voice({}, (), [], "")


def ballots(fields: Iterable[Field], facets: Mapping[str, Facet]) -> dict[str, Votes]:
    """Who speaks for what. A phrase within a longer one that speaks about the same facet is not heard, nor are facets
    that `facets` lacks."""
    found: dict[str, Votes] = {}
    for field in fields:
        longest: dict[str, Hit] = {}
        for hit in field.hits:
            rule = hit.rule
            for name, value in rule.says:
                if name not in facets:
                    continue
                outer = longest.get(name)
                if outer is not None and hit.end <= outer.end and (hit.start > outer.start or hit.end < outer.end):
                    continue
                longest[name] = hit
                if not hit.denied or facets[name].topic:
                    heard = found.setdefault(name, {}).setdefault(value, {})
                    if rule.author not in heard:
                        heard[rule.author] = field, hit
    return found


def joint(heard: Mapping[str, Witness]) -> float:
    """How strongly several phrases speak together, 0 to 1."""
    doubt = 1.0
    for _, hit in heard.values():
        doubt *= 1 - hit.rule.weight
    return 1 - doubt


def answers(name: str, facet: Facet, votes: Votes, opinion: Opinion | None, language: str = UNKNOWN) -> tuple[Tag, ...]:
    """The tags of one facet, of a text in that language. What a model gives without a phrase has no evidence yet."""
    if facet.several:
        return _all_that_hold(name, facet, votes, opinion, language)
    if opinion is None:
        tag = _by_phrases(name, votes)
    elif not votes:
        tag = _by_model(name, votes, opinion)
    else:
        places = opinion[0].places
        untaught = {value: votes[value] for value in votes if value in facet.values and _root(value) not in places}
        tag = _by_phrases(name, untaught) if untaught else None
        tag = tag or _sworn(name, votes) or _by_model(name, votes, opinion) or _certain(_by_phrases(name, votes))
        if facet.default is not None and tag is not None and _contradicted(tag, name, votes):
            tag = None
    return (tag,) if tag is not None else _default(name, facet, votes)


def _sworn(name: str, votes: Votes) -> Tag | None:
    """What phrases say, where one of them is said to be certain and no other value comes close."""
    sworn = [value for value, heard in votes.items() for _, hit in heard.values() if hit.rule.weight >= SWORN]
    tag = _by_phrases(name, votes) if sworn else None
    return tag if tag is not None and tag.value in sworn else None


def _certain(tag: Tag | None) -> Tag | None:
    """What phrases say, where they leave no doubt: they are heard when a model has no answer."""
    return tag if tag is not None and tag.confidence >= CERTAIN else None


def _contradicted(tag: Tag, name: str, votes: Votes) -> bool:
    """Whether phrases alone say otherwise than a model that is not certain: of such a ticket a person should decide."""
    if tag.confidence >= CERTAIN:
        return False
    heard = _by_phrases(name, votes)
    return heard is not None and _root(heard.value) != _root(tag.value)


def _root(value: str) -> str:
    return value.partition(PART)[0]


def _all_that_hold(name: str, facet: Facet, votes: Votes, opinion: Opinion | None, language: str) -> tuple[Tag, ...]:
    tags = []
    voice, chances = opinion or (_SILENT, ())
    hints_count = language not in voice.hears_hints
    for value in facet.values:
        heard = votes.get(value, {})
        strength = joint(heard) if heard else 0.0
        place = voice.places.get(value)
        if place is not None and chances[place] >= voice.least[place]:
            tags.append(_spoken(name, value, max(chances[place], strength), heard, voice.author))
        elif strength >= THRESHOLD and (place is None or (facet.firm and (hints_count or _carried(heard)))):
            tags.append(_spoken(name, value, strength, heard, ""))
    return tuple(tags)


def _carried(heard: Mapping[str, Witness]) -> bool:
    """Whether any phrase would be enough alone: what several hint at is for the model, which hears them, too."""
    return any(hit.rule.weight >= THRESHOLD for _, hit in heard.values())


def enough(facet: Facet, value: str, least: float) -> float:
    """The chance that is enough for a model to give a value, if it was taught that `least` is."""
    return min(least, SURER.get(value, RECALL_FIRST)) if facet.firm and facet.several else least


def _by_phrases(name: str, votes: Votes) -> Tag | None:
    best, second, winner = 0.0, 0.0, ""
    for value, heard in votes.items():
        strength = joint(heard)
        if strength > best:
            best, second, winner = strength, best, value
        elif strength > second and not value.startswith(winner + PART) and not winner.startswith(value + PART):
            second = strength
    if best < THRESHOLD or best - second < MARGIN:
        return None
    # A rival value makes the winner less sure: half of its strength is taken as doubt.
    return _spoken(name, winner, best * (1 - second / 2), votes[winner], "")


def model_alone(name: str, opinion: Opinion) -> Tag | None:
    """What a model says of a facet of which one value holds, where no phrase says anything; None where it is unsure."""
    voice, chances = opinion
    if not chances:
        return None
    chance = max(chances)
    best = chances.index(chance)
    return Tag(name, voice.values[best], round(chance, 3), voice.author) if chance >= voice.least[best] else None


def _by_model(name: str, votes: Votes, opinion: Opinion) -> Tag | None:
    tag = model_alone(name, opinion)
    if tag is None or not votes:
        return tag
    voice, chances = opinion
    value, chance = tag.value, max(chances)
    root, part = _root(value), value + PART
    heard = {author: one for said, by in votes.items() if _root(said) == root for author, one in by.items()}
    nested = {said: by for said, by in votes.items() if said.startswith(part)}
    finer = _by_phrases(name, nested) if nested else None
    return _spoken(name, finer.value if finer else value, chance, heard, voice.author)


def _spoken(name: str, value: str, confidence: float, heard: Mapping[str, Witness], author: str) -> Tag:
    """A tag with the words of the phrases that speak for it. Phrases that would have carried it alone are its author,
    else the model is."""
    if not heard:
        return Tag(name, value, round(confidence, 3), author)
    witnesses = list(heard.values())
    if not author or joint(heard) >= THRESHOLD:
        author = (witnesses[0] if len(witnesses) == 1 else max(witnesses, key=_weight))[1].rule.author
    return Tag(name, value, round(confidence, 3), author, spans_of(witnesses))


def _default(name: str, facet: Facet, votes: Votes) -> tuple[Tag, ...]:
    if facet.default is None:
        return ()
    everyone = [witness for heard in votes.values() for witness in heard.values()]
    return (Tag(name, facet.default, 0.0, "default", spans_of(sorted(everyone, key=_place))),)


def _weight(witness: Witness) -> float:
    return witness[1].rule.weight


def _place(witness: Witness) -> tuple[bool, int]:
    return witness[0].name != "subject", witness[1].start


def spans_of(witnesses: Sequence[Witness]) -> tuple[Span, ...]:
    """The words of the strongest witnesses, in the order of the text."""
    if len(witnesses) > MOST_SPANS:
        witnesses = sorted(sorted(witnesses, key=_weight, reverse=True)[:MOST_SPANS], key=_place)
    spans = tuple([quoted(field, hit.start, hit.end) for field, hit in witnesses])
    return spans if len(spans) < 2 else tuple(dict.fromkeys(spans))


def quoted(field: Field, start: int, end: int) -> Span:
    """The original words of a stretch of a field's folded text."""
    if field.folded.begins is not None:
        start, end = field.folded.original(start, end)
    return Span(field.name, start, end, field.text[start:end])
