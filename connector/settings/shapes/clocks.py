"""The shapes of calendars.yaml, sla.yaml and regulations/: working time, and what is due in it.

Validated values go on to `rules`, `regulations` and `promises`.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

from connector.clocks.lives import KINDS as CLOCKS
from connector.clocks.regulation import Event
from connector.clocks.targets import Changing
from connector.model import Status
from connector.settings.shapes.shape import (
    Condition,
    DurationText,
    LanguageCode,
    Line,
    Name,
    Shape,
    WeekdaysText,
    WindowText,
)


class HolidayShape(Shape):
    name: Line
    hours: tuple[WindowText, ...] = Field(default=(), description="What is worked all the same: a half day.")


def _named_holiday(holiday: Any) -> Any:
    return {"name": holiday} if isinstance(holiday, str) else holiday


HolidayLine = Annotated[
    HolidayShape,
    BeforeValidator(_named_holiday),
    WithJsonSchema({"anyOf": [{"type": "string"}, HolidayShape.model_json_schema()]}),
]


class PublicHolidaysShape(Shape):
    country: Line = Field(description="ISO 3166-1 code of two letters, such as GB.")
    subdivision: Line | None = Field(default=None, description="A part of it, by ISO 3166-2, such as ENG or BY.")
    categories: tuple[Line, ...] = Field(default=("public",), description="Which kinds; default: public.")
    language: Line | None = Field(default=None, description="In which the days are named; default: the country's.")


class HoursChangeShape(Shape):
    since: date = Field(alias="from", description="The first day with these hours.")
    hours: dict[WeekdaysText, tuple[WindowText, ...]] = Field(description="Days: windows of working time.")


def _one_or_more(value: Any) -> Any:
    return [value] if isinstance(value, dict) else value


class CalendarShape(Shape):
    zone: Line = Field(description="An IANA time zone, such as Europe/London.")
    hours: dict[WeekdaysText, tuple[WindowText, ...]] = Field(default={}, description="Days: windows of working time.")
    changes: tuple[HoursChangeShape, ...] = Field(default=(), description="Other hours from a date on, oldest first.")
    holidays: dict[date, HolidayLine] = Field(
        default={}, description="Date: name. Closed from midnight to midnight, but for the hours given with it."
    )
    public_holidays: Annotated[tuple[PublicHolidaysShape, ...], BeforeValidator(_one_or_more)] = Field(
        default=(), description="The public holidays of these countries or parts of countries."
    )
    open_on: tuple[date, ...] = Field(default=(), description="Public holidays on which you work.")
    always: bool = Field(default=False, description="Open day and night; then without hours and holidays.")


class CalendarsFile(Shape):
    calendars: dict[Name, CalendarShape]


class TargetShape(Shape):
    name: Line
    clock: Literal[*CLOCKS]  # type: ignore[valid-type]
    when: Condition | None = Field(default=None, description="A CEL condition; the first target that holds counts.")
    within: DurationText = Field(description="Working time, such as 4h. A day is a working day of the calendar.")
    calendar: Name
    warn_share: float = Field(
        default=0.75, gt=0, le=1, description="Warn when this share is used up; 1 for no warning."
    )
    warn_before: DurationText | None = Field(
        default=None, description="Warn when this much working time is left; in the place of warn_share."
    )
    pauses: tuple[Status, ...] | None = Field(default=None, description="In which statuses the clock stands still.")
    automatic: bool = Field(default=False, description="Whether the message of a machine acknowledges.")
    since: date | None = Field(default=None, alias="from", description="In force from this day on, of the calendar.")
    until: date | None = Field(default=None, description="In force until the end of this day.")


class LengthShape(Shape):
    days: int = Field(default=0, ge=0, description="Calendar days.")
    weeks: int = Field(default=0, ge=0)
    business_days: int = Field(default=0, ge=0, description="Monday to Friday without the profile's public holidays.")


class DeadlineShape(Shape):
    name: Name
    title: Line
    within: LengthShape = Field(description="How long after the day of the start.")
    start: Event = Field(default=Event.RECEIPT, description="What it is counted from.")
    start_by: LengthShape | None = Field(
        default=None, description="When that has to have come, from receipt on; if later, that day is taken for it."
    )
    after: Event = Field(default=Event.RECEIPT, description="From which event on these are looked for and counted.")
    met_by: Event = Field(default=Event.RESOLUTION, description="What meets it.")
    obliges: bool = Field(default=True, description="No: a chance that passes, and no breach.")
    warn_days: int | None = Field(default=None, ge=1, description="Warn so many days before.")
    extension: LengthShape | None = Field(default=None, description="What comes on top where extended_when holds.")
    extended_when: Condition | None = None
    since: date | None = Field(default=None, alias="from", description="For complaints received from this day on.")
    until: date | None = Field(default=None, description="For complaints received until this day.")
    automatic: bool = Field(default=False, description="Whether the message of a machine acknowledges.")


class RegulationFile(Shape):
    title: Line
    source: Line = Field(description="Where the rule stands.")
    version: Line = Field(description="Which state of the rule this is.")
    owner: Line = Field(description="Who keeps this file up to date.")
    checked: date = Field(description="When somebody read it there.")
    zone: Line = Field(description="An IANA time zone, in which days begin and end.")
    public_holidays: Annotated[tuple[PublicHolidaysShape, ...], BeforeValidator(_one_or_more)] = ()
    deadlines: tuple[DeadlineShape, ...]


class RegulationShape(Shape):
    profile: Name = Field(description="A file in regulations/, without its ending.")
    owner: Line = Field(description="Who has confirmed that it is right for you.")
    when: Condition | None = Field(default=None, description="A CEL condition; default: every ticket.")


class PromisesShape(Shape):
    calendar: Name = Field(description="Whose days and zone count.")
    find: bool = Field(default=True, description="Whether replies are searched for promises.")
    languages: tuple[LanguageCode, ...] | None = Field(default=None, description="In which; default: all books.")
    field: Line | None = Field(
        default=None, description="The mapped field with a promised date, such as extra.promised."
    )
    warn_before: DurationText = Field(default="1d", description="How long before the date; a day is 24 hours.")
    ends: Literal["here", "customer"] = Field(default="here", description="Where the promised day ends.")


class SlaFile(Shape):
    targets: tuple[TargetShape, ...]
    promises: PromisesShape | None = Field(default=None, description="How dates given to customers are kept track of.")
    regulations: tuple[RegulationShape, ...] = Field(default=(), description="Regulators' deadlines that apply.")
    on_change: Changing = Field(
        default=Changing.CARRY,
        description="When another target comes into force for a clock that runs: carry what was used, restart, or "
        "keep the stricter.",
    )
