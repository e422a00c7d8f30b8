"""The shape of each file an admin owns, as pydantic models: what is checked, and what editors are told.

Validated values go on to `sources`, `meanings` and `rules`, which build the frozen settings of the pure rooms from
them. Durations, hours and days stay text here: the notation is checked, and parsed where the value is used.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Annotated, Any, Literal

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

from connector.mapping import EXTRA, FIELDS, TYPES
from connector.model import ActionKind, FlagKind, Mode, Priority, Status
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


class Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


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


class AmendsFile(Shape):
    store: Line = Field(
        default="amends.db", description="A file in this folder, a database URL, or env:NAME holding one."
    )
    tag: bool = Field(default=True, description="Whether complaints are tagged; off only to measure or to debug.")
    sources: dict[Name, Source] = Field(
        default={}, description="Every helpdesk account or inbox, by a short name of yours."
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
        description="Complaint field, or tags, tag.<facet>, flag.<kind> or survey: the source field that may be "
        "written, with a table if values differ.",
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


class CalendarShape(Shape):
    zone: Line = Field(description="An IANA time zone, such as Europe/London.")
    hours: dict[WeekdaysText, tuple[WindowText, ...]] = Field(default={}, description="Days: windows of working time.")
    holidays: dict[date, str] = Field(default={}, description="Date: name. Closed from midnight to midnight.")
    always: bool = Field(default=False, description="Open day and night; then without hours and holidays.")


class CalendarsFile(Shape):
    calendars: dict[Name, CalendarShape]


class TargetShape(Shape):
    name: Line
    clock: Literal["first_reply", "resolution"]
    when: Condition | None = Field(default=None, description="A CEL condition; the first target that holds counts.")
    within: DurationText = Field(description="Working time, such as 4h. A day is a working day of the calendar.")
    calendar: Name
    warn_share: float = Field(
        default=0.75, gt=0, le=1, description="Warn when this share is used up; 1 for no warning."
    )
    pauses: tuple[Status, ...] | None = Field(default=None, description="In which statuses the clock stands still.")


class SlaFile(Shape):
    targets: tuple[TargetShape, ...]


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


class CorrectionShape(Shape):
    id: Name
    at: Name = Field(description="The source (of amends.yaml) at which the ticket is opened.")
    on: FlagKind | None = Field(default=None, description="Only when this comes up; default: for every complaint.")
    about: tuple[Line, ...] = Field(default=(), description="Only these clocks or kinds of repeat; default: all.")
    when: Condition | None = None
    fields: dict[str, Any] = Field(default={}, description="That source's field ids: values, such as project.")
    tags: tuple[Line, ...] = Field(default=(), description="Labels of the new ticket.")
    tell: bool = Field(default=True, description="Note on the complaint's own ticket, at opening and at resolution.")
    rank: int = Field(default=6, ge=1, le=9, description="Lower goes first.")


class SurveyShape(Shape):
    after_hours: int = Field(default=24, ge=0, description="Not sooner after the resolution.")
    before_hours: int = Field(default=48, ge=1, description="Not later after the resolution.")
    daytime: WindowText = Field(default="09:00-19:00", description="Where the customer lives.")
    zone: Line = Field(default="UTC", description="Where a customer's own time zone is unknown.")
    tags: tuple[Line, ...] = ()
    fields: dict[str, Any] = {}
    when: Condition | None = None
    rank: int = Field(default=7, ge=1, le=9)


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
    rules: tuple[RuleShape, ...] = ()
    corrections: tuple[CorrectionShape, ...] = ()
    survey: SurveyShape | None = None
    tag_back: TagBackShape | None = None
    repeats: RepeatsShape = RepeatsShape()


FILES: dict[str, type[Shape]] = {
    "amends": AmendsFile,
    "mapping": MappingFile,
    "taxonomy": TaxonomyFile,
    "phrases": PhrasesFile,
    "calendars": CalendarsFile,
    "sla": SlaFile,
    "policy": PolicyFile,
}
