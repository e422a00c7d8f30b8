"""The shapes of policy.yaml and trends.yaml: what is done about complaints, and when many of them are news.

Validated values go on to `policies` and `trends`.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from connector.model import ActionKind, FlagKind
from connector.policy.rules import QUESTIONS
from connector.policy.stages import Stage
from connector.policy.taken import TAG
from connector.settings.shapes.shape import (
    Condition,
    DaysText,
    DurationText,
    LanguageCode,
    Line,
    Name,
    Shape,
    WindowText,
)


class RuleShape(Shape):
    id: Name
    on: FlagKind
    about: tuple[Line, ...] = Field(default=(), description="Only these clocks or kinds of repeat; default: all.")
    when: Condition | None = None
    kind: Literal[ActionKind.ESCALATE, ActionKind.TAG] = ActionKind.ESCALATE
    note: bool = True
    tags: tuple[Line, ...] = ()
    fields: dict[str, Any] = Field(default={}, description="Complaint field: our value. A priority is never lowered.")
    rank: int = Field(default=5, ge=1, le=9, description="Lower goes first.")
    ladder: Name | None = Field(default=None, description="Whom to tell besides, and when: a name under `ladders`.")
    stop: bool = Field(default=False, description="No later rule speaks of what this one spoke of.")


class StepShape(Shape):
    tell: tuple[Line, ...] = Field(min_length=1, description="Roles, or contacts of contacts.yaml.")
    after: DurationText = Field(default="0s", description="So long after the step before, if nobody took it on.")


class LadderShape(Shape):
    steps: tuple[StepShape, ...] = Field(min_length=1)
    again: DurationText = Field(default="1h", description="The last step again, then after twice as long each time.")
    most: int = Field(default=5, ge=0, le=20, description="So many times again.")
    at_any_hour: bool = Field(default=False, description="Also outside people's hours: for what cannot wait.")


class CorrectionShape(Shape):
    id: Name
    at: Name = Field(description="The source (of amends.yaml) at which the ticket is opened.")
    on: FlagKind | None = Field(default=None, description="Only when this comes up; default: for every complaint.")
    about: tuple[Line, ...] = Field(default=(), description="Only these clocks or kinds of repeat; default: all.")
    when: Condition | None = None
    fields: dict[str, Any] = Field(default={}, description="That source's field ids: values, such as project.")
    tags: tuple[Line, ...] = Field(default=(), description="Labels of the new ticket.")
    tell: bool = Field(default=True, description="Note on the complaint's own ticket, at opening and at resolution.")
    owner: Line | None = Field(default=None, description="Who sees to it; stands in the ticket and in our list.")
    due: DaysText | None = Field(default=None, description="Within how many days it should be done.")
    rank: int = Field(default=6, ge=1, le=9, description="Lower goes first.")


class SurveyPageShape(Shape):
    url: Line = Field(description="Where the world reaches our page, https and without a slash at its end.")
    questions: tuple[Literal[*QUESTIONS], ...] = Field(  # type: ignore[valid-type]
        default=("csat", "solved", "comment"), description="What is asked, in this order."
    )
    house: str = Field(default="", max_length=100, description="The name that customers know.")
    contact: Line | None = Field(default=None, description="How to reach a person, in the words of all languages.")
    open_for: DaysText = Field(default="30d", description="How long a link can be used.")


class UnhappyShape(Shape):
    at_most: int = Field(default=2, ge=1, le=4, description="A satisfaction of this or less is a bad answer.")
    act_within: DurationText = Field(default="1d", description="Working time; a day is a working day.")
    calendar: Name | None = Field(default=None, description="By which it counts; default: the first of calendars.yaml.")


class SurveyShape(Shape):
    after_hours: int = Field(default=24, ge=0, description="Not sooner after the resolution.")
    before_hours: int = Field(default=48, ge=1, description="Not later after the resolution.")
    daytime: WindowText = Field(default="09:00-19:00", description="Where the customer lives.")
    zone: Line = Field(default="UTC", description="Where a customer's own time zone is unknown.")
    tags: tuple[Line, ...] = ()
    fields: dict[str, Any] = Field(default={})
    when: Condition | None = None
    rank: int = Field(default=7, ge=1, le=9)
    every: DaysText = Field(default="30d", description="One person at most once in so long; 0d for no limit.")
    page: SurveyPageShape | None = Field(default=None, description="Our own page of questions.")
    unhappy: UnhappyShape | None = Field(default=None, description="Somebody is to see to a bad answer.")


class MessageShape(Shape):
    subject: str = Field(default="", max_length=150, description="Of the mail; default: ours.")
    text: str = Field(default="", max_length=5000, description="May hold {house}, {reference} and {contact}.")


class AcknowledgeShape(Shape):
    to: Literal["complaints", "everybody"] = Field(
        default="complaints", description="Only complaints, or every message that a person wrote."
    )
    when: Condition | None = None
    within_hours: int = Field(default=12, ge=1, description="Not later after it came.")
    contact: Line | None = Field(default=None, description="How to reach a person, in the words of all languages.")
    texts: dict[LanguageCode, MessageShape] = Field(
        default={}, description="Your own words by language; default: ours."
    )
    rank: int = Field(default=3, ge=1, le=9)


class TagBackShape(Shape):
    facets: tuple[Line, ...] = ()
    prefix: str = "amends_"
    rank: int = Field(default=9, ge=1, le=9)


class RepeatsShape(Shape):
    same_matter_within: DaysText = "30d"
    many: int = Field(default=3, ge=2)
    many_within: DaysText = "90d"
    reopened: int = Field(default=2, ge=1)


class PolicyFile(Shape):
    zone: Line = Field(default="UTC", description="In which notes tell times.")
    limit_per_run: int = Field(default=50, ge=1)
    language: LanguageCode = Field(default="en", description="Of the notes on tickets.")
    rules: tuple[RuleShape, ...] = ()
    ladders: dict[Name, LadderShape] = Field(default={}, description="Whom to tell, one after the other.")
    stages: dict[Stage, tuple[Line, ...]] = Field(default={}, description="Stage: the roles or contacts to be told.")
    ack_tag: Line = Field(default=TAG, description="The tag by which an agent takes a complaint on.")
    digest_over: int = Field(default=20, ge=1, description="More notices to one contact in ten minutes go as one.")
    corrections: tuple[CorrectionShape, ...] = ()
    survey: SurveyShape | None = None
    acknowledge: AcknowledgeShape | None = None
    tag_back: TagBackShape | None = None
    repeats: RepeatsShape = RepeatsShape()


class TrendsFile(Shape):
    zone: Line = Field(default="UTC", description="In which days begin and end.")
    views: tuple[tuple[Line, ...], ...] = Field(
        default=(), description="Which complaints are alike: lists of fields from the widest to the finest."
    )
    windows: tuple[DaysText, ...] = Field(
        default=("7d", "14d"), min_length=1, description="The people of so many days."
    )
    before: DaysText = Field(default="56d", description="What they are held against: whole weeks before that.")
    least: int = Field(default=3, ge=2, description="Fewer people are never told of.")
    watch: float = Field(default=0.003, gt=0, lt=0.1, description="Less likely by chance: worth a look.")
    alarm: float = Field(default=0.0005, gt=0, lt=0.1, description="Less likely by chance: told.")
    growth: float = Field(default=0.5, gt=0, description="Told again when it grew by this share.")
    quiet: DaysText = Field(default="14d", description="Over when it was quiet for so long.")
    check: DaysText = Field(default="28d", description="When a correction is judged.")
