"""What the options of `amends` are called, with their help and what a shell completes. Imported by the command line."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from connector.roles import Rank, Scope


def _complete_source(ctx: typer.Context, incomplete: str) -> list[str]:
    from connector.commands.place import source_names

    return [name for name in source_names(ctx.find_root().params.get("home")) if name.startswith(incomplete)]


def _complete_state(incomplete: str) -> list[str]:
    from connector.store.intentions import State

    return [state.value for state in State if state.value.startswith(incomplete)]


def _complete_adapter(incomplete: str) -> list[str]:
    from connector.adapter import adapter_names

    return [name for name in adapter_names() if name.startswith(incomplete)]


def _complete_zone(incomplete: str) -> list[str]:
    from zoneinfo import available_timezones

    return sorted(name for name in available_timezones() if name.startswith(incomplete))


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import PackageNotFoundError, version

        try:
            typer.echo(f"amends {version('amends')}")
        except PackageNotFoundError:
            typer.echo("amends, from a checkout that is not installed")
        raise typer.Exit


LARGEST_NUMBER = 2**63 - 1  # what a store can hold
MOST = 1_000_000


def _option(*names: str, **rest: Any) -> Any:
    return typer.Option(*names, **rest)


Home = Annotated[Path | None, _option("--home", envvar="AMENDS_HOME", help="Folder of settings; default: ./amends")]
Version = Annotated[bool, _option("--version", is_eager=True, callback=_print_version, help="Print the version.")]
Json = Annotated[bool, _option("--json", help="Print JSON instead of text.")]
Alive = Annotated[bool, _option("--alive", help="Only whether a daemon is at work, for a health check.")]
DryRun = Annotated[bool, _option("--dry-run", help="Say what would happen, and do nothing.")]
ClosedToo = Annotated[
    bool, _option("--closed", help="Also the clocks of what was closed before the rules of time changed.")
]
Most = Annotated[int, _option("--most", min=1, max=MOST, help="Show at most so many.")]
All = Annotated[bool, _option("--all", help="All of them.")]

_sources = typer.Argument(metavar="SOURCE", autocompletion=_complete_source, help="All, if none is named.")
Sources = Annotated[list[str] | None, _sources]
_one_source = typer.Argument(metavar="SOURCE", autocompletion=_complete_source, help="As amends.yaml calls it.")
OneSource = Annotated[str, _one_source]
_as_listed = "As the listing shows them."
Number = Annotated[int, typer.Argument(metavar="NUMBER", max=LARGEST_NUMBER, help="As the listing shows it.")]
Numbers = Annotated[list[int] | None, typer.Argument(metavar="NUMBER", max=LARGEST_NUMBER, help=_as_listed)]
SomeNumbers = Annotated[list[int], typer.Argument(metavar="NUMBER", max=LARGEST_NUMBER, help=_as_listed)]
Case = Annotated[str, typer.Argument(metavar="ID", help="SOURCE/TICKET; TICKET alone where only one source has it.")]

OfSource = Annotated[str | None, _option("--source", autocompletion=_complete_source, help="Only this source.")]
OfTicket = Annotated[str | None, _option("--ticket", help="Only of this ticket.")]
StatusWord = Literal[
    "new", "open", "waiting_customer", "waiting_third_party", "on_hold", "resolved", "closed", "withdrawn", "deleted"
]
FlagWord = Literal[
    "overdue",
    "due_soon",
    "repeat",
    "broken_promise",
    "emergency",
    "handoffs",
    "wording",
    "unhappy",
    "trend",
    "untold",
]
OfStatus = Annotated[StatusWord | None, _option("--status", help="Only where it stands so.")]
OfFlag = Annotated[FlagWord | None, _option("--flag", help="Only with this flag.")]
Answer = Annotated[Literal["yes", "no", "unsure"] | None, _option("--complaint", help="Only with this answer.")]
_day = ["%Y-%m-%d", "%Y-%m-%dT%H:%M"]
Since = Annotated[datetime | None, _option("--since", formats=_day, help="Opened at or after (UTC).")]
States = Annotated[
    list[str] | None, _option("--state", autocompletion=_complete_state, help="Only in this state; may be repeated.")
]

Renew = Annotated[bool, _option("--renew", help="Give them new secrets; the old ones count a little longer.")]
AuditHead = Annotated[
    str | None, _option("--audit-head", metavar="ID:PROOF", help="A line that an earlier check told: still the same?")
]
Fast = Annotated[bool, _option("--fast", help="A quarter of the time.")]
Plain = Annotated[bool, _option("--plain", help="Lines instead of a live view.")]

NewAdapter = Annotated[
    str | None,
    _option("--adapter", autocompletion=_complete_adapter, help="The kind of helpdesk: `amends adapter list`."),
]
NewSource = Annotated[str | None, _option("--source", help="A short name for this account.")]
Url = Annotated[str | None, _option("--url", help="The account's address.")]
Auth = Annotated[str | None, _option("--auth", help="How to log in.")]
Given = Annotated[list[str] | None, _option("--option", metavar="NAME=VALUE", help="What else the adapter asks for.")]
Secrets = Annotated[list[str] | None, _option("--secret", metavar="NAME=REFERENCE", help="Where a secret is.")]
Zone = Annotated[str | None, _option("--time-zone", help="Where your people work, such as Europe/Lisbon.")]
ReaderZone = Annotated[
    str | None,
    _option(
        "--zone", envvar="AMENDS_ZONE", autocompletion=_complete_zone, help="Tell times here, such as Europe/Lisbon."
    ),
]
Yes = Annotated[bool, _option("--yes", help="Ask nothing: take what is given, and the defaults.")]
Offline = Annotated[bool, _option("--offline", help="Do not contact the helpdesk.")]
Add = Annotated[bool, _option("--add", help="Add one more source to the folder that is there.")]
Force = Annotated[bool, _option("--force", help="Overwrite files that are there.")]

Log = Annotated[Literal["text", "json"], _option("--log", help="text or json; to the standard error.")]
Pages = Annotated[int | None, _option("--pages", min=1, help="Read at most so many pages of each stream.")]
Census = Annotated[
    bool, _option("--census", help="Compare now with all that the source lists, even where much seems to be gone.")
]
PausedSource = Annotated[str | None, _option("--source", help="Writes to this source only.", metavar="SOURCE")]
Why = Annotated[str, _option("--why", help="For whoever finds it so.")]

Tickets = Annotated[int, _option("--limit", min=1, max=1000, help="Look at so many of the newest live tickets.")]
Draft = Annotated[Path | None, _option("--mapping", help="A mapping file to try; default: the source's own.")]
WriteIt = Annotated[bool, _option("--write", help="Add the lines to the source's mapping.")]
Afresh = Annotated[bool, _option("--force", help="Begin again from the shipped mapping; the old file is kept beside.")]
SayYes = Annotated[bool, _option("--yes", help="Do it without asking.")]

Form = Annotated[Literal["csv", "jsonl"], _option("--format", help="csv, or jsonl with everything.")]
Out = Annotated[Path | None, _option("--out", help="A new file; default: the standard output.")]
EvenShadow = Annotated[bool, _option("--even-shadow", help="Also what was decided in shadow mode.")]
ItIsThere = Annotated[bool, _option("--it-is-there", help="I looked: the write is on the ticket.")]
SendAgain = Annotated[bool, _option("--send-again", help="I looked: it is not; send it.")]
OfRule = Annotated[str | None, _option("--rule", help="All that this rule has done.")]
RoleWord = Literal["agent", "lead", "manager", "complaints_officer", "emergency", "legal", "press"]
OfRole = Annotated[RoleWord | None, _option("--role", help="Only of this role.")]
Who = Annotated[str | None, _option("--by", help="Who sees to it; default: whoever types this.")]
Days = Annotated[int, _option("--days", min=1, max=3650, help="The last so many days.")]
_policy = _option(
    "--policy", exists=True, dir_okay=False, help="Another policy.yaml to try; default: the one in force."
)
PolicyDraft = Annotated[Path | None, _policy]
_remedy = typer.Argument(metavar="REMEDY", help="As the taxonomy calls it, such as refund.")
Remedy = Annotated[str, _remedy]
Cost = Annotated[str | None, _option("--cost", help="What it cost, such as 49.90.")]
CurrencyCode = Annotated[str | None, _option("--currency", help="Of the cost, such as EUR.")]
Payload = Annotated[bool, _option("--payload", help="With what the source sent.")]
Backup = Annotated[Path | None, typer.Argument(help="A backup; default: the store itself.")]
Into = Annotated[Path | None, _option("--into", help="The folder; default: ./NAME-amends")]

_mails = typer.Argument(metavar="FILE…", help="Mails, each in a file as it came (.eml); - for the standard input.")
Mails = Annotated[list[str], _mails]
OwnAddresses = Annotated[list[str] | None, _option("--own", metavar="ADDRESS", help="An address that is ours.")]
TrustedHosts = Annotated[
    list[str] | None, _option("--trusted-host", metavar="HOST", help="Whose Authentication-Results to believe.")
]
JsonLines = Annotated[bool, _option("--json", help="Print a JSON object a line instead of text.")]
_case_files = typer.Argument(metavar="FILE…", help="Cases, in YAML or a JSON object a line; - for the standard input.")
CaseFiles = Annotated[list[str], _case_files]
_draft = typer.Argument(metavar="FILE", exists=True, dir_okay=False, help="Another sla.yaml or calendars.yaml.")
DraftFile = Annotated[Path, _draft]
_ics = typer.Argument(metavar="FILE.ics", exists=True, dir_okay=False, help="An iCalendar file with days off.")
IcsFile = Annotated[Path, _ics]
CalendarName = Annotated[str, _option("--calendar", metavar="NAME", help="To which calendar of calendars.yaml.")]
Years = Annotated[
    list[int] | None, _option("--year", min=1970, max=2200, help="Only this one; default: this and next.")
]
Accepted = Annotated[
    list[datetime] | None, _option("--accept", formats=["%Y-%m-%d"], metavar="DATE", help="Add this day.")
]
AcceptAll = Annotated[bool, _option("--accept-all", help="Add every day of the file.")]


Period = Annotated[
    str | None, _option("--period", metavar="PERIOD", help="2026, 2026-Q1 or 2026-03; default: the last twelve months.")
]
From = Annotated[
    datetime | None, _option("--from", formats=["%Y-%m-%d"], help="From this day on, in the policy's zone.")
]
Until = Annotated[datetime | None, _option("--until", formats=["%Y-%m-%d"], help="Before this day.")]
By = Annotated[
    list[str] | None, _option("--by", metavar="DIMENSION", help="Only these tables; customer is one that names people.")
]
Where = Annotated[
    list[str] | None, _option("--where", metavar="DIMENSION=VALUE", help="Only such complaints; may be repeated.")
]
AsOf = Annotated[
    datetime | None, _option("--as-of", formats=[*_day, "%Y-%m-%dT%H:%M:%S"], help="As things stood then (UTC). Slow.")
]
Reporting = Annotated[Literal["text", "json", "csv", "xlsx", "html"], _option("--format", help="How to tell it.")]
OneCell = Annotated[
    str | None, _option("--cell", metavar="CELL", help="List the complaints of a figure: category=delivery/breached.")
]
ReviewMonth = Annotated[
    str | None, _option("--pack", metavar="MONTH", help="The monthly review by ISO 10002, such as 2026-03.")
]
_who = "An address, or the ID of a complaint."
Person = Annotated[str, typer.Argument(metavar="WHO", help=_who)]
Host = Annotated[str, _option("--host", help="The address to listen at; the usual one is for this machine alone.")]
PagePort = Annotated[int, _option("--port", min=1, max=65535, help="The port.")]


class PromiseState(StrEnum):
    OPEN = "open"
    KEPT = "kept"
    BROKEN = "broken"
    RENEGOTIATED = "renegotiated"
    WITHDRAWN = "withdrawn"
    UNSURE = "unsure"
    DISMISSED = "dismissed"


PromiseStates = Annotated[list[PromiseState] | None, _option("--state", help="Only in this state; may be repeated.")]
Unsure = Annotated[bool, _option("--unsure", help="Only those that a person has to decide about.")]
PromiseNumber = Annotated[int, typer.Argument(metavar="N", min=1, help="Its number in the complaint.")]
Due = Annotated[datetime | None, _option("--due", formats=_day, help="Due on this day instead, or at this local time.")]


def _complete_facet(ctx: typer.Context, incomplete: str) -> list[str]:
    from connector.commands.place import facet_names

    return [name for name in facet_names(ctx.find_root().params.get("home")) if name.startswith(incomplete)]


_texts = "JSON lines with a text each; - for the standard input."
Texts = Annotated[str, typer.Argument(metavar="FILE", help=_texts)]
_labelled = 'JSON lines {"text", "label", "lang"?}.'
LabelledFiles = Annotated[list[str] | None, typer.Argument(metavar="FILE", help=_labelled)]
LabelledFile = Annotated[str, typer.Argument(metavar="FILE", help=_labelled)]
Facet = Annotated[str, _option("--facet", autocompletion=_complete_facet, help="Which question, such as category.")]
SomeFacet = Annotated[str | None, _option("--facet", autocompletion=_complete_facet, help="Only about this question.")]
OneFacet = Annotated[str, typer.Argument(metavar="FACET", autocompletion=_complete_facet, help="Such as category.")]
ModelFolder = Annotated[Path | None, _option("--model", metavar="DIR", help="A folder with a model.")]
Method = Annotated[
    str,
    _option("--method", metavar="METHOD", help="plain, or what an extra brings: accurate, multilingual."),
]
VersionNumber = Annotated[int | None, _option("--to", min=1, help="This version; default: the one before.")]
ToShipped = Annotated[bool, _option("--shipped", help="The model that ships.")]

SayIt = Annotated[
    list[str] | None, _option("--say", metavar="ID=VALUE", help="Record this answer and ask nothing; may be repeated.")
]
MostReviewed = Annotated[int, _option("--most", min=1, max=MOST, help="At most so many.")]

Address = Annotated[str | None, _option("--address", help="Where to listen; default: as amends.yaml says.")]
Port = Annotated[int | None, _option("--port", min=1, max=65535, help="On which port; default: as amends.yaml says.")]
UserName = Annotated[str, typer.Argument(metavar="NAME", help="By which they sign in.")]
LinkName = Annotated[str | None, typer.Argument(metavar="NAME", help="Whom it lets in; default: you.")]
UserRole = Annotated[Rank, _option("--role", help="What they may do.")]
GivenRole = Annotated[Rank, typer.Argument(metavar="ROLE", help="viewer, agent, lead or admin.")]
TokenName = Annotated[str, typer.Argument(metavar="NAME", help="What the program is called.")]
Scopes = Annotated[list[Scope] | None, _option("--scope", help="What it may do; may be repeated. Default: read.")]
TokenDays = Annotated[int, _option("--days", min=0, max=3650, help="For how long; 0 is until it is removed.")]
_somebody = typer.Argument(metavar="PERSON", help="Their number, address, phone or customer number.")
SomePerson = Annotated[str, _somebody]
Include = Annotated[
    list[str] | None,
    _option("--include", metavar="ID", help="An identity that nothing proves to be theirs; repeat it."),
]
_identity = typer.Argument(metavar="IDENTITY", help="Its number, as `amends people show` tells it, or its key.")
Identity = Annotated[str, _identity]
OtherPerson = Annotated[str, typer.Argument(metavar="OTHER", help="The one who is the same.")]
NotThem = Annotated[str | None, typer.Argument(metavar="OTHER", help="Who is another; default: all it is joined with.")]
Words = Annotated[str | None, typer.Argument(metavar="WORDS", help="In a name, address, phone or number.")]
Register = Annotated[int, typer.Argument(metavar="REGISTER", max=LARGEST_NUMBER, help="As the listing shows it.")]
Text = Annotated[str, _option("--text", help="Facts or reasons.")]
Document = Annotated[str | None, _option("--document", help="Where the letter or form lies.")]
WrittenRequest = Annotated[str | None, _option("--request", help="Where the written request lies.")]
MeasureWord = Literal[
    "agreement", "advocate", "in_writing", "set_days", "one_channel", "one_contact", "closed_matter", "no_contact"
]
MeasureOf = Annotated[MeasureWord, _option("--measure", help="What is decided, mildest first.")]
Review = Annotated[datetime, _option("--review", formats=["%Y-%m-%d"], help="The day on which it lapses.")]
AboutCases = Annotated[list[str] | None, _option("--case", metavar="ID", help="A complaint it is about; repeat it.")]
Answers = Annotated[list[str] | None, _option("--answer", metavar="NAME=yes", help="One for each question.")]
SaidWhy = Annotated[str | None, _option("--why", help="For whoever looks at it next.")]
Because = Annotated[str, _option("--why", help="For whoever looks at it next.")]
Owner = Annotated[str | None, _option("--owner", metavar="NAME", help="Who sees to it.")]
DueDay = Annotated[datetime | None, _option("--due", formats=["%Y-%m-%d"], help="By when it should be done.")]


def _complete_correction(ctx: typer.Context, incomplete: str) -> list[str]:
    from connector.commands.place import correction_rules

    return [name for name in correction_rules(ctx.find_root().params.get("home")) if name.startswith(incomplete)]


CorrectionRule = Annotated[
    str | None,
    _option(
        "--rule",
        autocompletion=_complete_correction,
        help="Which of policy.yaml's corrections says where and how a ticket is opened; default: none is.",
    ),
]
Title = Annotated[str | None, _option("--title", help="What is to be done; default: the cause is to be removed.")]
Cases = Annotated[list[str] | None, typer.Argument(metavar="ID", help="Complaints, as SOURCE/TICKET.")]
WhatChanged = Annotated[
    list[str] | None,
    _option("--changed", metavar="LANGUAGE=TEXT", help="What was changed, in words for customers; may be repeated."),
]
Sales = Annotated[
    Path, _option("--sales", metavar="FILE", exists=True, dir_okay=False, help="A CSV file of what was sold to whom.")
]
Columns = Annotated[
    list[str] | None,
    _option("--column", metavar="MEANING=NAME", help="Which column is product, batch, date, order or customer."),
]
Products = Annotated[list[str] | None, _option("--product", help="Only this product; may be repeated.")]
Batches = Annotated[list[str] | None, _option("--batch", help="Only this batch; may be repeated.")]
SoldSince = Annotated[datetime | None, _option("--since", formats=["%Y-%m-%d"], help="Not sold earlier.")]
SoldUntil = Annotated[datetime | None, _option("--until", formats=["%Y-%m-%d"], help="Not sold later.")]
ThemeDays = Annotated[int, _option("--days", min=1, max=400, help="Of so many days.")]
People = Annotated[int, _option("--people", min=2, max=1000, help="Of at least so many people.")]
