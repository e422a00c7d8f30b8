"""The shape of each file an admin owns, as pydantic models: what is checked, and what editors are told.

Validated values go on to `sources`, `meanings` and `rules`, which build the frozen settings of the pure rooms from
them. Durations, hours and days stay text here: the notation is checked, and parsed where the value is used.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    WithJsonSchema,
)

from connector.clocks.lives import KINDS as CLOCKS
from connector.clocks.promises.book import End, Order, Unit
from connector.clocks.regulation import Event
from connector.clocks.targets import Changing
from connector.mapping import EXTRA, FIELDS, TYPES
from connector.model import ActionKind, FlagKind, Mode, Priority, Status
from connector.policy.rules import QUESTIONS
from connector.policy.stages import Stage
from connector.policy.taken import TAG
from connector.roles import Rank
from connector.settings import notation
from connector.tagging import Strength

REFERENCE = r"^(env:[A-Za-z_][A-Za-z0-9_]*|file:.+|keyring:[^/]+/.+)$"


def _parses(parse: Callable[[str], object]) -> AfterValidator:
    """Text in a notation: what `parse` takes without ValueError. It stays text."""

    def check(text: str) -> str:
        parse(text)
        return text

    return AfterValidator(check)


Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")]
Line = Annotated[str, StringConstraints(min_length=1, max_length=1000)]
DurationText = Annotated[str, _parses(notation.duration), Field(examples=["4h"])]
DaysText = Annotated[str, _parses(notation.whole_days), Field(examples=["30d"])]
WindowText = Annotated[str, _parses(notation.window), Field(examples=["09:00-17:00"])]
WeekdaysText = Annotated[str, _parses(notation.weekdays), Field(examples=["mon-fri"])]
LanguageCode = Annotated[str, StringConstraints(pattern="^[a-z]{2}$")]
Reference = Annotated[str, StringConstraints(pattern=REFERENCE)]
Condition = Annotated[str, StringConstraints(min_length=1, max_length=1000)]


def _public(text: str) -> str:
    parts = urlsplit(text)
    local = parts.hostname in ("localhost", "127.0.0.1", "::1")
    if not parts.hostname or parts.query or parts.fragment or "@" in parts.netloc:
        raise ValueError("not an address such as https://amends.example.com")
    if parts.scheme != "https" and not (local and parts.scheme == "http"):
        raise ValueError("must begin with https://")
    return text.rstrip("/")


Address = Annotated[str, AfterValidator(_public), Field(examples=["https://amends.example.com"])]


class Hooks(StrEnum):
    """Whether a source pushes its changes to us, and who sees to its hook."""

    NONE = "none"
    KEPT = "kept"
    BY_HAND = "by_hand"


class Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class Source(Shape):
    adapter: Line = Field(description="Which kind of helpdesk this is; `amends adapter list` names them.")
    mapping: Name | None = Field(
        default=None, description="The file in mappings/ that gives meaning; default: the adapter's."
    )
    poll: DurationText = Field(default="60s", description="How often to look for changes.")
    options: dict[str, Any] = Field(default={}, description="What this adapter asks for, such as an address.")
    secrets: dict[str, Reference] = Field(default={}, description="Secrets by reference: env:, file: or keyring:.")
    modes: dict[ActionKind, Mode] = Field(
        default={}, description="How far each kind of write-back may go; default: shadow."
    )
    act_from: AwareDatetime | None = Field(default=None, description="Act on nothing older; default: the first sync.")
    read_from: AwareDatetime | None = Field(default=None, description="Read only what changed since; default: all.")
    streams: tuple[Line, ...] | None = Field(
        default=None, description="What to read; default: everything the adapter can."
    )
    hooks: Hooks = Field(
        default=Hooks.NONE,
        description="Whether the source pushes its changes too: kept (Amends makes and mends the hook), by_hand, none.",
    )


class Hook(Shape):
    url: Line = Field(description="Where to tell it: https, or http on this machine.")
    secret: Reference = Field(
        description="What it is signed with (Standard Webhooks, `whsec_…`): env:, file: or keyring:."
    )
    events: tuple[Line, ...] = Field(
        default=("write:",), description="Beginnings of what is told, as the audit log calls it; default: writes."
    )


class SignIn(Shape):
    issuer: Line = Field(description="The identity provider's address, as its discovery document has it.")
    client_id: Line = Field(description="What the identity provider calls this console.")
    client_secret: Reference | None = Field(default=None, description="Its secret by reference, where it has one.")
    claim: Line = Field(
        default="groups", description="The claim that gives the role, in the ID token or told on asking."
    )
    scopes: tuple[Line, ...] = Field(
        default=("email", "profile"), description="What is asked for beside openid; some want groups for the groups."
    )
    roles: dict[Line, Rank] = Field(description="A value of that claim: the role it gives. The highest one counts.")
    passwords: bool = Field(default=True, description="Whether passwords still let people in beside it.")


class Web(Shape):
    serve: bool = Field(default=False, description="Whether `amends run` serves the console and the API too.")
    address: Line = Field(default="127.0.0.1", description="Where to listen; default: this machine only.")
    port: int = Field(default=8484, ge=1, le=65535, description="On which port.")
    url: Line | None = Field(
        default=None, description="The https address by which people reach it, where a proxy stands before it."
    )
    proxies: tuple[Line, ...] = Field(
        default=(), description="Addresses of proxies whose word on who is calling is believed."
    )
    sign_in: SignIn | None = Field(default=None, description="Signing in by OpenID Connect.")
    hooks: dict[Name, Hook] = Field(default={}, description="Webhooks that go out, by a short name of yours.")


class PublicShape(Shape):
    url: Address = Field(description="Where the world reaches it, over https.")
    address: Line = Field(default="127.0.0.1", description="Where to listen; default: this machine, behind a proxy.")
    port: int = Field(default=8485, ge=1, le=65535, description="On which port; never the console's.")


class AmendsFile(Shape):
    store: Line = Field(
        default="amends.db", description="A file in this folder, a database URL, or env:NAME holding one."
    )
    tag: bool = Field(default=True, description="Whether complaints are tagged; off only to measure or to debug.")
    sources: dict[Name, Source] = Field(
        default={}, description="Every helpdesk account or inbox, by a short name of yours."
    )
    web: Web = Field(default=Web(), description="The console, the API, and webhooks that go out.")
    public: PublicShape | None = Field(
        default=None, description="What the world may reach: hooks of helpdesks, and the page of surveys."
    )


class ComplaintRule(Shape):
    labels: tuple[Line, ...] = Field(default=(), description="Any of these labels at the source says: a complaint.")
    when: Condition | None = Field(default=None, description="A CEL condition that says: a complaint.")
    not_labels: tuple[Line, ...] = Field(
        default=(), description="Any of these labels says: no complaint. Outweighs a yes."
    )
    not_when: Condition | None = Field(default=None, description="A CEL condition that says: no complaint.")


class WriteLine(Shape):
    to: Line
    values: dict[str, Any] = {}


class MappingExample(Shape):
    given: dict[str, Any] = {}
    expect: dict[str, Any] = {}
    change: dict[str, Any] = {}
    writes: dict[str, Any] = {}


class FieldLine(Shape):
    source: Line = Field(alias="from", description="The source's field, as `amends mapping discover` lists it.")
    type: Literal[*TYPES] | None = Field(  # type: ignore[valid-type]
        default=None, description="What the field should hold; another one is reported."
    )
    values: dict[str, str] = Field(default={}, description="The source's values: ours.")
    default: Line | None = Field(default=None, description="Our value where the source has none.")
    required: bool = Field(default=False, description="A ticket without it goes to quarantine.")
    direction: Literal["read", "write", "both"] = Field(
        default="read", description="Whether the field is read, may be written by a rule, or both."
    )


def _field_line_schema() -> dict[str, Any]:
    return {"anyOf": [{"type": "string"}, FieldLine.model_json_schema()]}


_FIELD_LINE = _field_line_schema()
_TARGET_FIELDS: dict[str, Any] = {
    "properties": dict.fromkeys(FIELDS, _FIELD_LINE),
    "patternProperties": {f"^{EXTRA.replace('.', '[.]')}": _FIELD_LINE},
    "additionalProperties": False,
}
_WRITE_LINE: dict[str, Any] = {
    "anyOf": [
        {"type": "string"},
        {
            "type": "object",
            "properties": {"to": {"type": "string"}, "values": {"type": "object"}},
            "required": ["to"],
            "additionalProperties": False,
        },
    ]
}


def _long_form(line: Any) -> Any:
    return {"to": line} if isinstance(line, str) else line


def _long_field(line: Any) -> Any:
    return {"from": line} if isinstance(line, str) else line


class MappingFile(Shape):
    adapter: Line = Field(description="The kind of helpdesk whose fields these are.")
    fields: dict[str, Annotated[FieldLine, BeforeValidator(_long_field), WithJsonSchema(_FIELD_LINE)]] = Field(
        description="Complaint field: source field id, as `amends mapping discover` lists them, or more about it.",
        json_schema_extra=_TARGET_FIELDS,
    )
    status: dict[str, Status] = Field(description="The source's status: ours. Every status in use needs a line.")
    priority: dict[str, Priority] = Field(default={}, description="The source's priority: ours.")
    values: dict[str, dict[str, str]] = Field(
        default={}, description="Complaint field: table of the source's values to ours."
    )
    complaint: ComplaintRule = Field(default=ComplaintRule(), description="What the source itself says about it.")
    write: dict[str, Annotated[WriteLine, BeforeValidator(_long_form), WithJsonSchema(_WRITE_LINE)]] = Field(
        {},
        description="Complaint field, or tags, tag.<facet>, flag.<kind>, survey or survey_link: the source field that "
        "may be written, with a table if values differ.",
    )
    examples: tuple[MappingExample, ...] = Field(default=(), description="What must hold; `amends check` runs them.")


def _nothing_said(value: Any) -> Any:
    return {} if value is None else value


class ValueShape(Shape):
    title: Line = Field(description="What people see.")
    titles: dict[LanguageCode, Line] = Field(default={}, description="The same in other languages (ISO 639-1).")
    was: str | None = Field(default=None, description="What shipped phrases and models call this value.")
    raises: dict[str, str] = Field(default={}, description="Facet: what this says at least about it.")
    parts: dict[str, str | ValueShape] = Field(default={}, description="Finer values: `delivery/late`.")


class FacetShape(Shape):
    title: Line
    values: dict[str, str | ValueShape]
    topic: bool = Field(
        default=False, description="A denied phrase still speaks: `not late` is about delivery all the same."
    )
    default: Line | None = Field(default=None, description="The answer where nothing decides.")
    several: bool = Field(default=False, description="The values do not exclude each other.")
    firm: bool = Field(default=False, description="What a phrase says stands, whatever a model makes of it.")


class ProductShape(Shape):
    words: dict[LanguageCode, tuple[Line, ...]] = Field(
        default={}, description="What else it is called, by language (ISO 639-1)."
    )
    parts: dict[Line, Annotated[ProductShape, BeforeValidator(_nothing_said)]] = Field(
        default={}, description="The products or groups that belong to it."
    )


class TaxonomyFile(Shape):
    facets: dict[str, FacetShape]
    products: dict[Line, Annotated[ProductShape, BeforeValidator(_nothing_said)]] = Field(
        default={}, description="What you sell, as a tree, with the words that are used for it."
    )


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


class PromiseMatch(Shape):
    text: Line
    due: Annotated[str, _parses(datetime.fromisoformat)] = Field(description="A day, or a time of it; local.")
    unsure: bool = Field(default=False, description="Whether a person has to decide.")


class PromiseExamples(Shape):
    said: Annotated[str, _parses(datetime.fromisoformat)] = Field(description="When the examples were written; local.")
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
    units: dict[Unit, _Words] = {}
    numbers: dict[Line, int] = {}
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
    fields: dict[str, Any] = {}
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


class RepeatsShape(Shape):
    same_matter_within: DaysText = "30d"
    many: int = Field(default=3, ge=2)
    many_within: DaysText = "90d"
    reopened: int = Field(default=2, ge=1)


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
    numbers: dict[Name, str] = {}


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
