"""The tagging room: what a complaint is about, in which language, and whether it is one. Pure.

`Tagger` is compiled once from `TaggingSettings` and then called once a complaint by `sync`; `check` is called by
`amends check`. Phrases decide, every tag quotes the words it rests on, and where nothing decides nothing is said.
"""

from connector.tagging.book import (
    Example,
    Examples,
    Facet,
    Phrase,
    PhraseBook,
    ProductWords,
    Strength,
    TaggingSettings,
    Taxonomy,
)
from connector.tagging.check import check
from connector.tagging.heads import Model
from connector.tagging.tagger import Asked, Tagger

__all__ = [
    "Asked",
    "Example",
    "Examples",
    "Facet",
    "Model",
    "Phrase",
    "PhraseBook",
    "ProductWords",
    "Strength",
    "Tagger",
    "TaggingSettings",
    "Taxonomy",
    "check",
]
