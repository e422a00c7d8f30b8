"""policy.yaml: from the file to the frozen settings of the policy and people rooms, held against everything it names.

Called by `loading`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from connector.clocks.sla import KINDS
from connector.errors import SettingsError
from connector.mapping import EXTRA, to_source
from connector.model import ActionKind, FlagKind, Priority
from connector.people.repeats import RepeatPolicy
from connector.policy.rules import Policy, Rule, Survey, TagBack
from connector.settings import notation
from connector.settings.checking import shaped
from connector.settings.meanings import WRITABLE, compiled
from connector.settings.problems import Problems, one_of
from connector.settings.rules import Path, unique, unknown_words, zone_is_known
from connector.settings.shapes import PolicyFile, RuleShape, SurveyShape
from connector.settings.sources import SourceSettings
from connector.settings.yaml_file import Document
from connector.tagging import TaggingSettings


def policy_of(
    document: Document | None, tagging: TaggingSettings | None, sources: Iterable[SourceSettings], problems: Problems
) -> tuple[Policy, RepeatPolicy] | None:
    """The rules and what counts as a repeat, or None with the reasons among `problems`."""
    shape = shaped(document, PolicyFile, problems)
    if document is None or shape is None:
        return None
    before = len(problems)
    _check(document, shape, tagging, problems)
    _check_writes(document, shape, sources, problems)
    back = shape.tag_back
    policy = Policy(
        rules=tuple(_rule(index, rule, document, problems) for index, rule in enumerate(shape.rules)),
        survey=_survey(shape.survey, document, problems),
        tag_back=TagBack(facets=back.facets, prefix=back.prefix, rank=back.rank) if back else None,
        limit_per_run=shape.limit_per_run,
        zone=shape.zone,
    )
    repeats = RepeatPolicy(
        same_matter_days=notation.whole_days(shape.repeats.same_matter_within),
        many=shape.repeats.many,
        many_days=notation.whole_days(shape.repeats.many_within),
        reopened=shape.repeats.reopened,
    )
    return (policy, repeats) if len(problems) == before else None


def _rule(index: int, shape: RuleShape, document: Document, problems: Problems) -> Rule:
    return Rule(
        id=shape.id,
        on=shape.on,
        kind=shape.kind,
        about=shape.about,
        when=compiled(shape.when, document, ("rules", index, "when"), problems),
        note=shape.note,
        tags=shape.tags,
        fields=shape.fields,
        rank=shape.rank,
    )


def _survey(shape: SurveyShape | None, document: Document, problems: Problems) -> Survey | None:
    if shape is None:
        return None
    start, end = notation.window(shape.daytime)
    return Survey(
        after_hours=shape.after_hours,
        before_hours=shape.before_hours,
        daytime_from_second=start,
        daytime_until_second=end,
        zone=shape.zone,
        tags=shape.tags,
        fields=shape.fields,
        when=compiled(shape.when, document, ("survey", "when"), problems),
        rank=shape.rank,
    )


def _check(document: Document, shape: PolicyFile, tagging: TaggingSettings | None, problems: Problems) -> None:
    zone_is_known(shape.zone, document, ("zone",), problems)
    unique([rule.id for rule in shape.rules], "id", document, ("rules",), problems)
    for index, rule in enumerate(shape.rules):
        known, what = (REPEATS, "kind of repeat") if rule.on is FlagKind.REPEAT else (KINDS, "clock")
        unknown_words(rule.about, known, what, document, ("rules", index, "about"), problems)
    if shape.tag_back and tagging:
        unknown_words(
            shape.tag_back.facets, list(tagging.taxonomy.facets), "facet", document, ("tag_back", "facets"), problems
        )
    if shape.survey:
        zone_is_known(shape.survey.zone, document, ("survey", "zone"), problems)
        if shape.survey.before_hours <= shape.survey.after_hours:
            place = document.place(("survey", "before_hours"))
            problems.add(
                place, "the survey would be too late before it is due", "make before_hours larger than after_hours"
            )


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
            _check_value(document, (*path, name), name, value, problems)
            # A condition on the source decides for itself which mapping it speaks to.
            for source in sources if "source" not in when else ():
                if kind in source.can:
                    _check_write(document, (*path, name), source, {name: value}, problems)


def _check_value(document: Document, path: Path, name: str, value: Any, problems: Problems) -> None:
    if name not in WRITABLE and not name.startswith(EXTRA):
        problems.add(document.place(path, key=True), f"a complaint has no field {name!r}", one_of(name, list(WRITABLE)))
    if name == "priority" and value not in list(Priority):
        problems.add(
            document.place(path), f"there is no priority {value!r}", one_of(value, [word.value for word in Priority])
        )


def _check_write(
    document: Document, path: Path, source: SourceSettings, change: Mapping[str, Any], problems: Problems
) -> None:
    try:
        to_source(source.mapping, change)
    except SettingsError as error:
        problems.add_error(document.place(path, key=True), error)
