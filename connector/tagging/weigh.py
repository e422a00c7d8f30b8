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
    """One tag for each facet that phrases decide, or that has a default."""
    ballots = _ballots(fields, facets)
    tags = {}
    for name, facet in facets.items():
        tag = _decided(name, facet, ballots[name])
        if tag is not None:
            tags[name] = tag
    return tags


def _ballots(fields: Iterable[Field], facets: Mapping[str, Facet]) -> dict[str, Votes]:
    """Who speaks for what. A phrase within a longer one that speaks about the same facet is not heard."""
    ballots: dict[str, Votes] = {name: {} for name in facets}
    for field in fields:
        longest: dict[str, Hit] = {}
        for hit in field.hits:
            for name, value in hit.rule.says:
                outer = longest.get(name)
                if outer is not None and hit.end <= outer.end and (hit.start, hit.end) != (outer.start, outer.end):
                    continue
                longest[name] = hit
                if name in ballots and (not hit.denied or facets[name].topic):
                    ballots[name].setdefault(value, {}).setdefault(hit.rule.author, (field, hit))
    return ballots


def _decided(name: str, facet: Facet, votes: Votes) -> Tag | None:
    ranked = sorted(((_joint(heard), value) for value, heard in votes.items()), reverse=True)
    best, value = ranked[0] if ranked else (0.0, "")
    second = ranked[1][0] if len(ranked) > 1 else 0.0
    if best >= THRESHOLD and best - second >= MARGIN:
        heard = votes[value]
        author = max(heard, key=lambda one: heard[one][1].rule.weight)
        return Tag(name, value, round(best * (1 - second / 2), 3), author, _spans(heard.values()))
    if facet.default is None:
        return None
    return Tag(name, facet.default, 0.0, "default", _spans(one for heard in votes.values() for one in heard.values()))


def _joint(heard: Mapping[str, Witness]) -> float:
    doubt = 1.0
    for _, hit in heard.values():
        doubt *= 1 - hit.rule.weight
    return 1 - doubt


def _spans(witnesses: Iterable[Witness]) -> tuple[Span, ...]:
    """The words of the strongest witnesses, in the order of the text."""
    strongest = sorted(witnesses, key=lambda one: -one[1].rule.weight)[:MOST_SPANS]
    spans = []
    for field, hit in strongest:
        start, end = field.folded.original(hit.start, hit.end)
        spans.append(Span(field.name, start, end, field.text[start:end]))
    return tuple(sorted(spans, key=lambda span: (span.field != "subject", span.start)))
