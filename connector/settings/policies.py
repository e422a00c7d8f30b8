"""policy.yaml: from the file to the frozen settings of the policy and people rooms, held against everything it names.

Called by `loading`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import Any, TypeVar

from connector.clocks.business_hours import Hours
from connector.clocks.lives import KINDS as CLOCKS
from connector.clocks.promises.standing import PROMISE
from connector.clocks.regulation import REGULATION
from connector.errors import SettingsError
from connector.mapping import EXTRA, to_source
from connector.model import ActionKind, FlagKind, Message, Priority
from connector.people.repeats import KINDS as REPEATS
from connector.people.repeats import RepeatPolicy
from connector.policy.answers import TOPICS
from connector.policy.contacts import Contacts
from connector.policy.decision import tag_name
from connector.policy.emergencies import FACET as EMERGENCY
from connector.policy.emergencies import WORDS as EMERGENCIES
from connector.policy.ladder import Ladder, Step
from connector.policy.rules import Acknowledge, Correction, Policy, Rule, Survey, SurveyPage, TagBack, Unhappy
from connector.settings import notation
from connector.settings.checking import shaped, shown
from connector.settings.contacts import prove_targets
from connector.settings.meanings import WRITABLE, compiled
from connector.settings.problems import Problems, one_of
from connector.settings.rules import Path, unique, unknown_words, zone_is_known
from connector.settings.shapes.policy import (
    AcknowledgeShape,
    CorrectionShape,
    LadderShape,
    PolicyFile,
    RepeatsShape,
    RuleShape,
    SurveyShape,
    UnhappyShape,
)
from connector.settings.sources import SourceSettings
from connector.settings.yaml_file import Document
from connector.tagging import TaggingSettings

Built = TypeVar("Built")


# What a flag may be about, and what that is called.
def policy_of(
    document: Document | None,
    tagging: TaggingSettings | None,
    calendars: Mapping[str, Hours] | None,
    sources: Iterable[SourceSettings],
    contacts: Contacts | None,
    problems: Problems,
) -> tuple[Policy, RepeatPolicy] | None:
    """The rules and what counts as a repeat, or None with the reasons among `problems`. Without `contacts` (they have
    problems of their own) nobody's address is asked for."""
    shape = shaped(document, PolicyFile, problems)
    if document is None or shape is None:
        return None
    before = len(problems)
    sources = list(sources)
    _check(document, shape, tagging, problems)
    _check_writes(document, shape, sources, problems)
    _check_ladders(document, shape, contacts, problems)
    rules = [_rule(index, rule, document, problems) for index, rule in enumerate(shape.rules)]
    corrections = [_correction(index, one, sources, document, problems) for index, one in enumerate(shape.corrections)]
    survey = _survey(shape.survey, calendars or {}, document, problems) if shape.survey else None
    acknowledge = _acknowledge(shape.acknowledge, sources, document, problems) if shape.acknowledge else None
    repeats = _repeats(shape.repeats, document, problems)
    back = shape.tag_back
    if repeats is None or len(problems) > before:
        return None
    policy = Policy(
        rules=tuple(rule for rule in rules if rule),
        survey=survey,
        tag_back=TagBack(facets=back.facets, prefix=back.prefix, rank=back.rank) if back else None,
        limit_per_run=shape.limit_per_run,
        zone=shape.zone,
        corrections=tuple(one for one in corrections if one),
        acknowledge=acknowledge,
        language=shape.language,
        ladders={name: _ladder(name, one) for name, one in shape.ladders.items()},
        stages=dict(shape.stages),
        ack_tag=tag_name(shape.ack_tag),
        digest_over=shape.digest_over,
        contacts=contacts or Contacts(),
    )
    return policy, repeats


def _ladder(name: str, shape: LadderShape) -> Ladder:
    return Ladder(
        name=name,
        steps=tuple(Step(step.tell, timedelta(seconds=notation.duration_seconds(step.after))) for step in shape.steps),
        again=timedelta(seconds=notation.duration_seconds(shape.again)),
        most=shape.most,
        at_any_hour=shape.at_any_hour,
    )


def _check_ladders(document: Document, shape: PolicyFile, contacts: Contacts | None, problems: Problems) -> None:
    """Every ladder that a rule names is there, and everybody to be told can be."""
    for index, rule in enumerate(shape.rules):
        if rule.ladder is not None and rule.ladder not in shape.ladders:
            place = document.place(("rules", index, "ladder"))
            problems.add(place, f"there is no ladder {rule.ladder!r}", one_of(rule.ladder, list(shape.ladders)))
    targets: list[tuple[str, Path]] = [
        (target, ("ladders", name, "steps", number, "tell", place))
        for name, ladder in shape.ladders.items()
        for number, step in enumerate(ladder.steps)
        for place, target in enumerate(step.tell)
    ]
    targets += [
        (target, ("stages", stage, place)) for stage, told in shape.stages.items() for place, target in enumerate(told)
    ]
    if contacts is not None:
        prove_targets(targets, contacts, document, problems)


def _built(build: Callable[[], Built], document: Document, path: Path, problems: Problems) -> Built | None:
    """What `build` makes, or None with the room's own refusal put at `path`."""
    try:
        return build()
    except SettingsError as error:
        problems.add_error(document.place(path, key=True), error)
        return None


def _rule(index: int, shape: RuleShape, document: Document, problems: Problems) -> Rule | None:
    path: Path = ("rules", index)
    rule = partial(
        Rule,
        id=shape.id,
        on=shape.on,
        kind=shape.kind,
        about=shape.about,
        when=compiled(shape.when, document, (*path, "when"), problems, of_policy=True),
        note=shape.note,
        tags=shape.tags,
        fields=shape.fields,
        rank=shape.rank,
        ladder=shape.ladder,
        stop=shape.stop,
    )
    return (
        _built(rule, document, path, problems) if _priority_is_known(document, path, shape.fields, problems) else None
    )


def _correction(
    index: int, shape: CorrectionShape, sources: Iterable[SourceSettings], document: Document, problems: Problems
) -> Correction | None:
    path: Path = ("corrections", index)
    known = {source.name: source for source in sources}
    if shape.at not in known:
        place = document.place((*path, "at"))
        problems.add(place, f"there is no source {shape.at!r} in amends.yaml", one_of(shape.at, list(known)))
        return None
    if ActionKind.CORRECT not in known[shape.at].can:
        able = [name for name, source in known.items() if ActionKind.CORRECT in source.can]
        what = f"no ticket can be opened at {shape.at}"
        problems.add(document.place((*path, "at")), what, one_of(shape.at, able) if able else "add a source that can")
        return None
    correction = partial(
        Correction,
        id=shape.id,
        at=shape.at,
        on=shape.on,
        about=shape.about,
        when=compiled(shape.when, document, (*path, "when"), problems),
        fields=shape.fields,
        tags=shape.tags,
        tell=shape.tell,
        rank=shape.rank,
        owner=shape.owner,
        due_days=notation.whole_days(shape.due) if shape.due else None,
    )
    return _built(correction, document, path, problems)


def _survey(
    shape: SurveyShape, calendars: Mapping[str, Hours], document: Document, problems: Problems
) -> Survey | None:
    if not zone_is_known(shape.zone, document, ("survey", "zone"), problems):
        return None
    start, end = notation.window(shape.daytime)
    survey = partial(
        Survey,
        after_hours=shape.after_hours,
        before_hours=shape.before_hours,
        daytime_from_second=start,
        daytime_until_second=end,
        zone=shape.zone,
        tags=shape.tags,
        fields=shape.fields,
        when=compiled(shape.when, document, ("survey", "when"), problems),
        rank=shape.rank,
        every_days=notation.whole_days(shape.every),
        page=_page(shape),
        unhappy=_unhappy(shape.unhappy, calendars, document, problems) if shape.unhappy else None,
    )
    return _built(survey, document, ("survey",), problems)


def _page(shape: SurveyShape) -> SurveyPage | None:
    page = shape.page
    if page is None:
        return None
    return SurveyPage(page.url, page.questions, page.house, page.contact, notation.whole_days(page.open_for))


def _unhappy(
    shape: UnhappyShape, calendars: Mapping[str, Hours], document: Document, problems: Problems
) -> Unhappy | None:
    hours = calendars.get(shape.calendar) if shape.calendar else next(iter(calendars.values()), None)
    if hours is None and not shape.calendar:
        return None  # without any calendar, more is wrong than this
    if hours is None:
        place = document.place(("survey", "unhappy", "calendar"))
        what = f"there is no calendar {shape.calendar!r}"
        problems.add(place, what, one_of(shape.calendar, sorted(calendars)))
        return None
    seconds = notation.duration(shape.act_within).in_seconds(hours.calendar.day_seconds)
    return Unhappy(hours, seconds, shape.at_most, hours.calendar.zone)


def _acknowledge(
    shape: AcknowledgeShape, sources: Sequence[SourceSettings], document: Document, problems: Problems
) -> Acknowledge | None:
    path: Path = ("acknowledge",)
    if sources and not any(ActionKind.ACKNOWLEDGE in source.can for source in sources):
        what = f"no source can acknowledge ({', '.join(f'{one.name}: {one.adapter}' for one in sources)})"
        fix = "a helpdesk does that by a rule of its own: take the section away, or add a mailbox"
        problems.add(document.place(path, key=True), what, fix)
        return None
    acknowledge = partial(
        Acknowledge,
        within_hours=shape.within_hours,
        everybody=shape.to == "everybody",
        when=compiled(shape.when, document, (*path, "when"), problems),
        texts={language: Message(one.subject, one.text) for language, one in shape.texts.items()},
        contact=shape.contact,
        rank=shape.rank,
    )
    return _built(acknowledge, document, path, problems)


def _repeats(shape: RepeatsShape, document: Document, problems: Problems) -> RepeatPolicy | None:
    repeats = partial(
        RepeatPolicy,
        same_matter_days=notation.whole_days(shape.same_matter_within),
        many=shape.many,
        many_days=notation.whole_days(shape.many_within),
        reopened=shape.reopened,
    )
    return _built(repeats, document, ("repeats",), problems)


def _check(document: Document, shape: PolicyFile, tagging: TaggingSettings | None, problems: Problems) -> None:
    zone_is_known(shape.zone, document, ("zone",), problems)
    speaking: tuple[tuple[str, Sequence[RuleShape | CorrectionShape]], ...] = (
        ("rules", shape.rules),
        ("corrections", shape.corrections),
    )
    for section, rules in speaking:
        unique([rule.id for rule in rules], "id", document, (section,), problems)
        for index, rule in enumerate(rules):
            known, what = _about(rule.on, tagging)
            unknown_words(rule.about, known, what, document, (section, index, "about"), problems)
    if shape.tag_back and tagging:
        unknown_words(
            shape.tag_back.facets, list(tagging.taxonomy.facets), "facet", document, ("tag_back", "facets"), problems
        )


def _about(on: FlagKind | None, tagging: TaggingSettings | None) -> tuple[Sequence[str], str]:
    """What a rule may be narrowed to, and what that is called."""
    if on is FlagKind.REPEAT:
        return REPEATS, "kind of repeat"
    if on is FlagKind.UNHAPPY:
        return TOPICS, "kind of bad answer"
    if on is FlagKind.TREND:
        return ("trend",), "kind of trend"
    if on is FlagKind.UNTOLD:
        return ("correction",), "kind of correction"
    if on is FlagKind.EMERGENCY:
        facet = tagging.taxonomy.facets.get(EMERGENCY) if tagging else None
        return (list(facet.values) if facet else list(EMERGENCIES)), "kind of emergency"
    return (*CLOCKS, REGULATION, PROMISE), "clock"


def _check_writes(document: Document, shape: PolicyFile, sources: Iterable[SourceSettings], problems: Problems) -> None:
    """Every field that a rule sets has to be one that each source it may speak to can write."""
    jobs: list[tuple[Path, ActionKind, str, Mapping[str, Any]]] = [
        (("rules", index, "fields"), rule.kind, rule.when or "", rule.fields) for index, rule in enumerate(shape.rules)
    ]
    if shape.survey:
        jobs.append((("survey", "fields"), ActionKind.SURVEY, shape.survey.when or "", shape.survey.fields))
    sources = list(sources)
    for path, kind, when, fields in jobs:
        for name, value in fields.items():
            if name not in WRITABLE and not name.startswith(EXTRA):
                place = document.place((*path, name), key=True)
                problems.add(place, f"a complaint has no field {name!r}", one_of(name, list(WRITABLE)))
            # A condition on the source decides for itself which mapping it speaks to.
            for source in sources if "source" not in when else ():
                if kind in source.can:
                    _check_write(document, (*path, name), source, {name: value}, problems)


def _priority_is_known(document: Document, path: Path, fields: Mapping[str, Any], problems: Problems) -> bool:
    priority = fields.get("priority", Priority.HIGH)
    if priority in list(Priority):
        return True
    known = [word.value for word in Priority]
    place = document.place((*path, "fields", "priority"))
    problems.add(place, f"there is no priority {shown(priority)}", one_of(priority, known))
    return False


def _check_write(
    document: Document, path: Path, source: SourceSettings, change: Mapping[str, Any], problems: Problems
) -> None:
    try:
        to_source(source.mapping, change)
    except SettingsError as error:
        problems.add_error(document.place(path, key=True), error)
