"""The tagging room: what a complaint is about, in which language, and whether it is one. Pure.

`Tagger` is compiled once from `TaggingSettings` and models, and then called once a page by `sync`; `check.check` is
called by `amends check`. Phrases and models decide, every tag quotes the words it rests on, and where nothing decides
nothing is said. What needs numpy is imported when it is first asked for: many commands tag nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from connector.tagging.book import (
    Example,
    Examples,
    Facet,
    Lexicon,
    Phrase,
    PhraseBook,
    ProductWords,
    Strength,
    TaggingSettings,
    Taxonomy,
)

if TYPE_CHECKING:
    from connector.tagging.heads import Model
    from connector.tagging.tagger import Asked, Tagger

_LATE = {"Asked": "tagger", "Model": "heads", "Tagger": "tagger"}

__all__ = [
    "Asked",
    "Example",
    "Examples",
    "Facet",
    "Lexicon",
    "Model",
    "Phrase",
    "PhraseBook",
    "ProductWords",
    "Strength",
    "Tagger",
    "TaggingSettings",
    "Taxonomy",
]


def __getattr__(name: str) -> Any:
    if name in _LATE:
        found = getattr(import_module(f"{__name__}.{_LATE[name]}"), name)
        globals()[name] = found
        return found
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
