"""The shapes of contacts.yaml, playbooks.yaml, wordings/ and notes/: people, what they may offer, and the words for it.

Validated values go on to `contacts` and `playbooks`.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated

from pydantic import Field, StringConstraints

from connector.model import Mode
from connector.policy.contacts import Post
from connector.settings.shapes.shape import Condition, LanguageCode, Line, Name, Reference, Shape

Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]


class AwayShape(Shape):
    first: date = Field(alias="from", description="The first day away.")
    last: date = Field(alias="until", description="The last day away.")


class ContactShape(Shape):
    role: Post
    name: Line = Field(description="As people know them.")
    reach: tuple[Reference, ...] = Field(
        default=(),
        description="Where they are told: references to apprise addresses (env:, file: or keyring:), the best first.",
    )
    calendar: Name | None = Field(default=None, description="In whose hours they are told; default: at any hour.")
    deputy: Name | None = Field(default=None, description="Who stands in while they are away.")
    languages: tuple[LanguageCode, ...] = Field(default=("en",), min_length=1, description="Their own first.")
    phone: Line | None = Field(default=None, description="For people to see.")
    mail: Line | None = Field(default=None, description="For people to see.")
    zone: Line | None = Field(default=None, description="Their time zone; default: that of the calendar or policy.")
    until: date | None = Field(default=None, description="The last day on which this holds.")
    away: tuple[AwayShape, ...] = Field(default=(), description="When they are not there.")
    when: Condition | None = Field(default=None, description="For which complaints; default: all.")


class ContactsFile(Shape):
    mode: Mode = Field(default=Mode.SHADOW, description="How far telling people may go.")
    for_customers: dict[LanguageCode, Line] = Field(
        default={}, description="How customers reach a person, by language: a line in letters and surveys."
    )
    contacts: dict[Name, ContactShape] = Field(default={}, description="Everybody, by a short name of yours.")


class OfferShape(Shape):
    most: Decimal | None = Field(default=None, description="At the most, in `currency`.")
    currency: Currency | None = Field(default=None, description="ISO 4217 code.")
    alone: Decimal | None = Field(default=None, description="Up to this without asking anybody.")
    by: Line | None = Field(default=None, description="The role or contact that decides beyond.")


class PlaybookShape(Shape):
    id: Name
    title: Line
    categories: tuple[Line, ...] = Field(default=(), description="Of the taxonomy; default: any.")
    remedies: tuple[Line, ...] = Field(default=(), description="What the customer wants; default: anything.")
    when: Condition | None = None
    steps: tuple[Line, ...] = Field(default=(), description="What to do, in order.")
    offers: dict[str, OfferShape] = Field(default={}, description="Remedy: the limits within which it may be offered.")


class PlaybooksFile(Shape):
    playbooks: tuple[PlaybookShape, ...] = Field(
        default=(), description="The first that fits counts; the last one fits everything."
    )


class WordingShape(Shape):
    words: tuple[Line, ...] = Field(min_length=1, description="* ends a word in any way.")
    why: Line = Field(description="Why it is better not said.")
    better: Line | None = Field(default=None, description="What to say instead.")


class WordingMatch(Shape):
    text: Line
    says: Name = Field(description="Which phrase.")


class WordingExamples(Shape):
    match: tuple[WordingMatch, ...] = ()
    miss: tuple[Line, ...] = ()


class WordingsFile(Shape):
    language: LanguageCode = Field(description="ISO 639-1 code.")
    phrases: dict[Name, WordingShape]
    examples: WordingExamples = Field(default=WordingExamples(), description="`amends check` runs them.")


class NotesFile(Shape):
    language: LanguageCode = Field(description="ISO 639-1 code.")
    headlines: dict[str, str] = Field(default={}, description="Kind of flag: the first line.")
    reasons: dict[str, str] = Field(default={}, description="Kind of flag or of repeat: why.")
    clocks: dict[str, str] = Field(default={}, description="Clock: what is due.")
    next_steps: dict[str, str] = Field(default={}, description="Clock, repeat, emergency or stage: what to do.")
    lines: dict[str, str] = Field(default={}, description="The lines between.")
    words: dict[str, str] = Field(default={}, description="Status, priority or stage: its name.")
