"""`amends people …` and `amends people conduct …`, as typed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer
from typer import Context

from connector.commands import options as o
from connector.commands.groups import group, placed
from connector.commands.terminal import agreed, show

if TYPE_CHECKING:
    from connector.commands.people_conduct import Told

people = group("Who is who over all sources, and what is held of them.")
conduct = group("The register of conduct; it restricts nobody.")
people.add_typer(conduct, name="conduct")


@people.command("list")
def people_list(ctx: Context, words: o.Words = None, most: o.Most = 50, as_json: o.Json = False) -> None:
    """People with tickets, those heard of last first."""
    from connector.commands import people as persons

    show(persons.listing(placed(ctx), words, most), persons.listing_lines, as_json)


@people.command("show")
def people_show(ctx: Context, person: o.SomePerson, as_json: o.Json = False) -> None:
    """One person over all sources: what they are known by, what joins it, and their tickets."""
    from connector.commands import people as persons

    show(persons.show(placed(ctx), person), persons.person_lines, as_json)


@people.command("link")
def people_link(
    ctx: Context, person: o.SomePerson, other: o.OtherPerson, why: o.Why = "by hand", dry_run: o.DryRun = False
) -> None:
    """Say that two are one person. `unlink` takes it back."""
    from connector.commands import keeping
    from connector.commands import people as persons

    show(persons.link(placed(ctx), person, other, why, dry_run=dry_run), keeping.done_lines)


@people.command("unlink")
def people_unlink(
    ctx: Context, identity: o.Identity, other: o.NotThem = None, why: o.Why = "by hand", dry_run: o.DryRun = False
) -> None:
    """Say that an identity is another person's. `link` takes it back."""
    from connector.commands import keeping
    from connector.commands import people as persons

    show(persons.unlink(placed(ctx), identity, other, why, dry_run=dry_run), keeping.done_lines)


@people.command("proposals")
def people_proposals(ctx: Context, most: o.Most = 50, as_json: o.Json = False) -> None:
    """Who may be one person although nothing proves it, the most likely first."""
    from connector.commands import people as persons

    show(persons.proposals(placed(ctx), most), persons.proposals_lines, as_json)


@people.command("repeats")
def people_repeats(ctx: Context, as_json: o.Json = False) -> None:
    """Who had to come back, with their cases, and how often we had been at fault first."""
    from connector.commands import people as persons

    show(persons.repeats(placed(ctx)), persons.repeats_lines, as_json)


@people.command("export")
def people_export(ctx: Context, person: o.SomePerson, out: o.Out = None, include: o.Include = None) -> None:
    """All that is held of a person, as JSON, as far as it is proven to be theirs."""
    from connector.commands import people_privacy as privacy

    told = privacy.export(placed(ctx), person, out, include or ())
    typer.echo(told.body.decode() if told.body is not None else f"Written to {out}. Keep it as you keep the store.")
    for line in privacy.perhaps_lines(told.perhaps, 120):
        typer.echo(line, err=True)


@people.command("erase")
def people_erase(
    ctx: Context,
    person: o.SomePerson,
    include: o.Include = None,
    dry_run: o.DryRun = False,
    yes: o.SayYes = False,
    as_json: o.Json = False,
) -> None:
    """Erase a person and all tickets that are proven to be theirs from the store. Asks before it does."""
    from connector.commands import people_privacy as privacy

    place, also = placed(ctx), include or ()
    if not (dry_run or yes):
        plan = privacy.erase(place, person, dry_run=True, include=also)
        agreed("\n".join(privacy.erased_lines(plan, 120)), "Erase that? It cannot be undone.")
    show(privacy.erase(place, person, dry_run=dry_run, include=also), privacy.erased_lines, as_json)


@conduct.command("list")
def conduct_list(ctx: Context, everything: o.All = False, as_json: o.Json = False) -> None:
    """The registers that are not over, or with --all, all of them."""
    from connector.commands import people_conduct as register

    show(register.listing(placed(ctx), everything=everything), register.listing_lines, as_json)


@conduct.command("show")
def conduct_show(ctx: Context, number: o.Register, as_json: o.Json = False) -> None:
    """One register, step by step."""
    from connector.commands import people_conduct as register

    show(register.show(placed(ctx), number), register.register_lines, as_json)


@conduct.command("suggest")
def conduct_suggest(ctx: Context, as_json: o.Json = False) -> None:
    """Whom people may want to talk about, because of how often they write. Changes nothing."""
    from connector.commands import people_conduct as register

    show(register.suggestions(placed(ctx)), register.suggestions_lines, as_json)


@conduct.command("incident")
def conduct_incident(
    ctx: Context,
    person: o.SomePerson,
    text: o.Text = "",
    document: o.Document = None,
    case: o.AboutCases = None,
    dry_run: o.DryRun = False,
    as_json: o.Json = False,
) -> None:
    """Log what somebody did: facts, not the person. Opens a register."""
    from connector.commands import people_conduct as register

    told = register.Told(text, document, cases=tuple(case or ()))
    show(register.begin(placed(ctx), person, told, dry_run=dry_run), register.register_lines, as_json)


@conduct.command("check")
def conduct_check(
    ctx: Context,
    number: o.Register,
    answer: o.Answers = None,
    document: o.Document = None,
    dry_run: o.DryRun = False,
    as_json: o.Json = False,
) -> None:
    """Answer whether we were fair. A single no ends it."""
    from connector.commands import people_conduct as register

    told = register.Told(document=document, answers=register.answers(answer or []))
    _file_step(ctx, number, "fairness", told, dry_run, as_json)


@conduct.command("warn")
def conduct_warn(
    ctx: Context, number: o.Register, document: o.Document = None, dry_run: o.DryRun = False, as_json: o.Json = False
) -> None:
    """Note the letter that told them and asked them to change."""
    from connector.commands import people_conduct as register

    _file_step(ctx, number, "warning", register.Told(document=document), dry_run, as_json)


@conduct.command("decide")
def conduct_decide(
    ctx: Context,
    number: o.Register,
    measure: o.MeasureOf,
    review: o.Review,
    text: o.Text = "",
    case: o.AboutCases = None,
    request: o.WrittenRequest = None,
    dry_run: o.DryRun = False,
    as_json: o.Json = False,
) -> None:
    """Decide on a measure, its matter and the day on which it lapses. Two other people have to approve it."""
    from connector.commands import people_conduct as register
    from connector.people.conduct import Measure

    told = register.Told(text, None, request, Measure(measure), review.date(), tuple(case or ()))
    _file_step(ctx, number, "decision", told, dry_run, as_json)


@conduct.command("approve")
def conduct_approve(ctx: Context, number: o.Register, dry_run: o.DryRun = False, as_json: o.Json = False) -> None:
    """Approve a decision or an extension, in your own name."""
    from connector.commands import people_conduct as register

    _file_step(ctx, number, "approval", register.Told(), dry_run, as_json)


@conduct.command("notice")
def conduct_notice(
    ctx: Context, number: o.Register, document: o.Document = None, dry_run: o.DryRun = False, as_json: o.Json = False
) -> None:
    """Note the letter that says why, what, how long and how to appeal. Only from then on it is in force."""
    from connector.commands import people_conduct as register

    _file_step(ctx, number, "notice", register.Told(document=document), dry_run, as_json)


@conduct.command("extend")
def conduct_extend(
    ctx: Context,
    number: o.Register,
    review: o.Review,
    text: o.Text = "",
    dry_run: o.DryRun = False,
    as_json: o.Json = False,
) -> None:
    """Ask for another day on which it lapses, with reasons. Two other people have to approve it."""
    from connector.commands import people_conduct as register

    _file_step(ctx, number, "extension", register.Told(text, review=review.date()), dry_run, as_json)


@conduct.command("end")
def conduct_end(
    ctx: Context, number: o.Register, text: o.Text = "", dry_run: o.DryRun = False, as_json: o.Json = False
) -> None:
    """End it before its day."""
    from connector.commands import people_conduct as register

    _file_step(ctx, number, "end", register.Told(text), dry_run, as_json)


def _file_step(ctx: Context, number: int, step: str, told: Told, dry_run: bool, as_json: bool) -> None:
    from connector.commands import people_conduct as register
    from connector.people.conduct import Step

    show(register.file(placed(ctx), number, Step(step), told, dry_run=dry_run), register.register_lines, as_json)
