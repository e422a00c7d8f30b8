"""Found phrases weighed against each other: one answer a facet, with its confidence and the words that led to it.

Called by `tagger`, once a complaint. Different phrases for one value add up as independent witnesses would; the same
phrase twice counts once. Where the second best value comes close, nothing is decided.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from connector.model import Span, Tag
from connector.tagging.book import Facet
from connector.tagging.fold import Folded
from connector.tagging.match import Hit

THRESHOLD = 0.5
MARGIN = 0.1
MOST_SPANS = 5


class Field(msgspec.Struct, frozen=True, eq=False):
    """A text field of a complaint: its name, its original text, the folded text, and the phrases found in it."""

    name: str
    text: str
    folded: Folded
    hits: list[Hit]


Witness = tuple[Field, Hit]
Votes = dict[str, dict[str, Witness]]  # value -> author -> its first place


def weigh(fields: Iterable[Field], facets: Mapping[str, Facet]) -> dict[str, Tag]:
    """One tag for each facet that phrases decide, or that has a default. Facets that `facets` lacks are not heard."""
    ballots = _ballots(fields, facets)
    tags = {}
    for name, facet in facets.items():
        votes = ballots[name]
        if votes or facet.default is not None:
            tag = _decided(name, facet, votes)
            if tag is not None:
                tags[name] = tag
    return tags


def _ballots(fields: Iterable[Field], facets: Mapping[str, Facet]) -> dict[str, Votes]:
    """Who speaks for what. A phrase within a longer one that speaks about the same facet is not heard."""
    ballots: dict[str, Votes] = {name: {} for name in facets}
    for field in fields:
        longest: dict[str, Hit] = {}
        for hit in field.hits:
            rule = hit.rule
            for name, value in rule.says:
                if name not in ballots:
                    continue
                outer = longest.get(name)
                if outer is not None and hit.end <= outer.end and (hit.start > outer.start or hit.end < outer.end):
                    continue
                longest[name] = hit
                if not hit.denied or facets[name].topic:
                    heard = ballots[name].setdefault(value, {})
                    if rule.author not in heard:
                        heard[rule.author] = field, hit
    return ballots


def _decided(name: str, facet: Facet, votes: Votes) -> Tag | None:
    best, second, winner = 0.0, 0.0, ""
    for value, heard in votes.items():
        joint = _joint(heard)
        if joint > best:
            best, second, winner = joint, best, value
        elif joint > second:
            second = joint
    if best >= THRESHOLD and best - second >= MARGIN:
        witnesses = list(votes[winner].values())
        author = max(witnesses, key=_weight)[1].rule.author
        # A rival value makes the winner less sure: half of its strength is taken as doubt.
        return Tag(name, winner, round(best * (1 - second / 2), 3), author, _spans(witnesses))
    if facet.default is None:
        return None
    everyone = [witness for heard in votes.values() for witness in heard.values()]
    return Tag(name, facet.default, 0.0, "default", _spans(sorted(everyone, key=_place)))


def _joint(heard: Mapping[str, Witness]) -> float:
    doubt = 1.0
    for _, hit in heard.values():
        doubt *= 1 - hit.rule.weight
    return 1 - doubt


def _weight(witness: Witness) -> float:
    return witness[1].rule.weight


def _place(witness: Witness) -> tuple[bool, int]:
    return witness[0].name != "subject", witness[1].start


def _spans(witnesses: list[Witness]) -> tuple[Span, ...]:
    """The words of the strongest witnesses, in the order of the text."""
    if len(witnesses) > MOST_SPANS:
        witnesses = sorted(sorted(witnesses, key=_weight, reverse=True)[:MOST_SPANS], key=_place)
    spans = []
    for field, hit in witnesses:
        start, end = field.folded.original(hit.start, hit.end)
        spans.append(Span(field.name, start, end, field.text[start:end]))
    return tuple(spans)
