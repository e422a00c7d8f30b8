"""The shapes of the books, one a language, by which what people write is understood: phrases/, promises/, thanks/.

Validated values go on to `taggings`, `promises` and `thanks`, and for what ships to `packed_books`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field, StringConstraints

from connector.clocks.promises.book import End, Order, Unit
from connector.settings.shapes.shape import LanguageCode, Line, Shape, parses
from connector.tagging import Strength


class PhraseShape(Shape):
    words: tuple[Line, ...] = Field(description="* ends a word in any way, .. stands for up to three words.")
    says: dict[str, str] = Field(default={}, description="Facet: value.")
    strength: Strength = Field(default=Strength.USUAL, description="One hint alone decides nothing.")


class PhraseExample(Shape):
    text: str
    says: dict[str, str]


class PhraseExamples(Shape):
    match: tuple[PhraseExample, ...] = ()
    miss: tuple[PhraseExample, ...] = ()


class PhrasesFile(Shape):
    language: LanguageCode = Field(description="ISO 639-1 code.")
    phrases: dict[str, PhraseShape]
    guards: dict[str, PhraseShape] = Field(default={}, description="Phrases that hide those they overlap.")
    negations: tuple[Line, ...] = ()
    examples: PhraseExamples = PhraseExamples()


class PromiseMatch(Shape):
    text: Line
    due: Annotated[str, parses(datetime.fromisoformat)] = Field(description="A day, or a time of it; local.")
    unsure: bool = Field(default=False, description="Whether a person has to decide.")


class PromiseExamples(Shape):
    said: Annotated[str, parses(datetime.fromisoformat)] = Field(description="When the examples were written; local.")
    match: tuple[PromiseMatch, ...] = ()
    miss: tuple[Line, ...] = ()


_Words = tuple[Line, ...]


class PromisesFile(Shape):
    language: LanguageCode = Field(description="ISO 639-1 code.")
    commits: _Words = Field(description="Who binds themselves; * ends a word in any way.")
    weak: _Words = Field(default=(), description="The same, less certainly: a person has to decide.")
    hedges: _Words = Field(default=(), description="What makes a promise unsure.")
    not_ours: _Words = Field(default=(), description="What makes a part of a sentence no promise of ours.")
    past: _Words = Field(default=(), description="What tells of what has been, as a day beside it does.")
    conditions: _Words = Field(default=(), description="What makes a whole sentence none.")
    joins: _Words = Field(default=(), description="Words that part a sentence, such as and.")
    by: _Words = Field(default=(), description="What stands before a date that is the latest.")
    by_after: _Words = Field(default=(), description="What stands behind it.")
    on: _Words = Field(default=(), description="What stands before a date that is the day itself.")
    within: _Words = Field(default=(), description="What stands before a length of time.")
    within_after: _Words = Field(default=(), description="What stands behind it.")
    articles: _Words = ()
    weekdays: tuple[_Words, ...] = Field(default=(), min_length=7, max_length=7, description="Monday first.")
    months: tuple[_Words, ...] = Field(default=(), max_length=12, description="January first; none in figures.")
    next: _Words = Field(default=(), description="The one of the coming week.")
    coming: _Words = Field(default=(), description="The next one there is.")
    next_week: _Words = Field(default=(), description="Said of a weekday: that of the coming week.")
    relative: dict[Line, int] = Field(default={}, description="A word for a day: how many days ahead.")
    units: dict[Unit, _Words] = Field(default={})
    numbers: dict[Line, int] = Field(default={})
    ends: dict[End, _Words] = Field(default={}, description="Words for the end of a day, a week or a month.")
    to: _Words = Field(default=(), description="Between two numbers; the greater counts.")
    at: _Words = Field(default=(), description="What stands before a time of day.")
    hour: _Words = Field(default=(), description="What stands behind the hour.")
    morning: _Words = ()
    afternoon: _Words = ()
    noon: _Words = ()
    order: Order = Field(default=Order.DAY_FIRST, description="How a date in figures is read.")
    separators: Annotated[str, StringConstraints(pattern="^[./-]{1,3}$")] = Field(
        default="./", description="What stands between day and month in figures."
    )
    spaced: bool = Field(default=True, description="No: words are not parted by spaces.")
    examples: PromiseExamples | None = Field(default=None, description="`amends check` runs them.")


class ThanksExamplesShape(Shape):
    match: tuple[Line, ...] = Field(default=(), description="Messages that say nothing but thanks.")
    miss: tuple[Line, ...] = Field(default=(), description="Messages that say more.")


class ThanksFile(Shape):
    language: LanguageCode = Field(description="ISO 639-1 code.")
    says: _Words = Field(min_length=1, description="Words that say thanks; one of them has to be there.")
    beside: _Words = Field(default=(), description="Words that may stand beside them.")
    spaced: bool = Field(default=True, description="No: these are pieces, for words are not parted by spaces.")
    examples: ThanksExamplesShape | None = Field(default=None, description="`amends check` runs them.")
