"""The shapes of people.yaml, letters.yaml and surveys/: who customers are, and what they read from us.

Validated values go on to `people`, `letters` and `survey_words`.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from connector.settings.shapes.shape import DaysText, LanguageCode, Line, Name, Shape


class NumberShape(Shape):
    source: tuple[Line, ...] = Field(default=(), alias="from", description="Complaint fields in which it stands.")
    pattern: Line | None = Field(default=None, description="A regular expression of how it looks.")
    single: bool = Field(default=False, description="Nobody has two; two of them keep people apart.")
    said: bool = Field(default=False, description="Also search what customers write; that only proposes.")


class RetentionShape(Shape):
    tickets: DaysText | None = Field(default=None, description="So long after its last change a finished ticket goes.")
    records: DaysText | None = Field(default=None, description="So long after it came, what a source sent goes.")


class ConductShape(Shape):
    review_within: DaysText = Field(default="180d", description="A restriction is looked at again by then.")
    suggest_after: int = Field(
        default=10, ge=3, description="Propose to talk about it after so many chasers and complaints in 90 days."
    )


class IdentityShape(Shape):
    name: str | None = None
    address: str | None = None
    phone: str | None = None
    verified: bool = Field(default=True, description="Whether the source vouches for the address.")
    numbers: dict[Name, str] = Field(default={})


class PeopleExample(Shape):
    one: IdentityShape
    other: IdentityShape
    joined: bool = Field(description="Whether the rules take both for one person.")


class PeopleFile(Shape):
    country: Annotated[str, StringConstraints(pattern="^[A-Z]{2}$")] | None = Field(
        default=None, description="Whose phone numbers are written without a prefix: ISO 3166-1, such as GB."
    )
    numbers: dict[Name, NumberShape] = Field(default={}, description="Numbers by which you know customers.")
    shared: tuple[Line, ...] = Field(default=(), description="Parts before the @, or addresses, that several share.")
    staff: tuple[Line, ...] = Field(default=(), description="Domains whose people write for customers.")
    place: tuple[Line, ...] = Field(default=(), description="Complaint fields with a postal address.")
    retention: RetentionShape = RetentionShape()
    conduct: ConductShape = ConductShape()
    examples: tuple[PeopleExample, ...] = Field(default=(), description="What must hold; `amends check` runs them.")


class LettersFile(Shape):
    contact: Line | None = Field(default=None, description="How to reach a person, in the words of all languages.")
    letters: dict[LanguageCode, Annotated[str, StringConstraints(min_length=1, max_length=5000)]] = Field(
        description="By language; may hold {reference}, {changed} and {contact}."
    )


class SurveyWordsFile(Shape):
    """What the page of questions says in one language; plain text throughout."""

    language: LanguageCode = Field(description="ISO 639-1 code.")
    name: Line = Field(description="What the language calls itself.")
    title: Line
    intro: Line
    csat: Line
    csat_low: Line = Field(description="What 1 means.")
    csat_high: Line = Field(description="What 5 means.")
    solved: Line
    yes: Line
    no: Line
    ces: Line
    ces_low: Line
    ces_high: Line
    nps: Line
    nps_low: Line
    nps_high: Line
    comment: Line
    comment_hint: Line
    send: Line
    thanks: Line
    thanks_more: Line
    nothing: Line = Field(description="Nothing was chosen.")
    done: Line = Field(description="The link cannot be used (any more).")
    done_more: Line
    privacy: Line
    stop: Line = Field(description="The link to ask for no more surveys.")
    stop_ask: Line
    stop_yes: Line
    stopped: Line
