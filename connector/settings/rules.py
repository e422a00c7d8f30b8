"""Calendars, SLA targets and policy: from the files to the frozen settings of the clocks, people and policy rooms.

Called by `loading`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

from connector.clocks.business_hours import Hours
from connector.clocks.calendars import Calendar, Change, Holiday, Week, Window, Windows
from connector.clocks.promises.keeping import Promising
from connector.clocks.public_holidays import PublicHolidays
from connector.clocks.regulation import Profile, Regulation
from connector.clocks.sla import Sla
from connector.clocks.targets import Target, check
from connector.errors import SettingsError
from connector.settings import notation
from connector.settings.checking import shaped
from connector.settings.meanings import compiled
from connector.settings.problems import Place, Problems, one_of
from connector.settings.shapes.clocks import CalendarsFile, CalendarShape, PromisesShape, SlaFile, TargetShape
from connector.settings.yaml_file import Document

Path = tuple[str | int, ...]
ProfileOf = Callable[[str, Place], Profile | None]  # by its name, and where it is named
PromisingOf = Callable[[PromisesShape, Document, dict[str, Hours]], Promising | None]


def calendars_of(document: Document | None, problems: Problems) -> dict[str, Hours] | None:
    """Every calendar, ready for use, or None with the reasons among `problems`."""
    shape = shaped(document, CalendarsFile, problems)
    if document is None or shape is None:
        return None
    before = len(problems)
    found: dict[str, Hours] = {}
    for name, calendar in shape.calendars.items():
        path: Path = ("calendars", name)
        if not zone_is_known(calendar.zone, document, (*path, "zone"), problems):
            continue
        try:
            found[name] = Hours(_calendar(name, calendar, document, path, problems))
        except SettingsError as error:
            problems.add_error(document.place(path, key=True), error)
    return found if len(problems) == before else None


def _calendar(name: str, shape: CalendarShape, document: Document, path: Path, problems: Problems) -> Calendar:
    return Calendar(
        name=name,
        zone=shape.zone,
        week=_week(shape.hours, document, (*path, "hours"), problems),
        holidays=tuple(
            Holiday(date, holiday.name, _windows(holiday.hours)) for date, holiday in sorted(shape.holidays.items())
        ),
        always=shape.always,
        changes=tuple(
            Change(change.since, _week(change.hours, document, (*path, "changes", index, "hours"), problems))
            for index, change in enumerate(shape.changes)
        ),
        public=tuple(
            PublicHolidays(whose.country, whose.subdivision, whose.categories, whose.language)
            for whose in shape.public_holidays
        ),
        open_on=frozenset(shape.open_on),
    )


def _windows(texts: Iterable[str]) -> Windows:
    return tuple(Window(*notation.window(text)) for text in texts)


def _week(hours: Mapping[str, Iterable[str]], document: Document, path: Path, problems: Problems) -> Week:
    week: dict[int, Windows] = {}
    for days, windows in hours.items():
        for day in notation.weekdays(days):
            if day in week:
                what = f"{notation.DAYS[day]} has hours in two lines"
                problems.add(
                    document.place((*path, days), key=True), what, "name each day once, such as mon-thu and fri"
                )
            week[day] = _windows(windows)
    return tuple(week.get(day, ()) for day in range(7)) if week else ()


def zone_is_known(zone: str, document: Document, path: Path, problems: Problems) -> bool:
    """Whether `zone` is an IANA time zone; if not, the problem is added."""
    try:
        ZoneInfo(zone)
    except (KeyError, ValueError, OSError):
        remedy = one_of(zone, sorted(available_timezones())) if zone else ""
        near = remedy if remedy.startswith("did you mean") else "write a name such as Europe/London"
        problems.add(document.place(path), f"there is no time zone {zone!r}", near)
        return False
    return True


def sla_of(
    document: Document | None,
    calendars: dict[str, Hours] | None,
    profile_of: ProfileOf,
    promising_of: PromisingOf,
    problems: Problems,
) -> Sla | None:
    """The targets with their calendars, the regulators' deadlines that apply, and how promises are kept track of; None
    with the reasons among `problems`. Without `calendars` (they have problems of their own) only the file itself is
    checked."""
    shape = shaped(document, SlaFile, problems)
    if document is None or shape is None or calendars is None:
        return None
    before = len(problems)
    unique([target.name for target in shape.targets], "name", document, ("targets",), problems)
    targets = [_target(index, target, calendars, document, problems) for index, target in enumerate(shape.targets)]
    regulations = _regulations(shape, document, profile_of, problems)
    promising = promising_of(shape.promises, document, calendars) if shape.promises else None
    if len(problems) > before:
        return None
    return Sla(tuple(target for target in targets if target), calendars, shape.on_change, regulations, promising)


def _regulations(
    shape: SlaFile, document: Document, profile_of: ProfileOf, problems: Problems
) -> tuple[Regulation, ...]:
    found = []
    unique([one.profile for one in shape.regulations], "profile", document, ("regulations",), problems)
    for index, one in enumerate(shape.regulations):
        when = compiled(one.when, document, ("regulations", index, "when"), problems)
        profile = profile_of(one.profile, document.place(("regulations", index, "profile")))
        if profile is not None:
            found.append(Regulation(profile, one.owner, when))
    return tuple(found)


def _target(
    index: int, shape: TargetShape, calendars: dict[str, Hours], document: Document, problems: Problems
) -> Target | None:
    path: Path = ("targets", index)
    when = compiled(shape.when, document, (*path, "when"), problems)
    hours = calendars.get(shape.calendar)
    if hours is None:
        place = document.place((*path, "calendar"))
        problems.add(place, f"there is no calendar {shape.calendar!r}", one_of(shape.calendar, sorted(calendars)))
        return None
    day_seconds, zone = hours.calendar.day_seconds, ZoneInfo(hours.calendar.zone)
    target = Target(
        name=shape.name,
        clock=shape.clock,
        within_seconds=notation.duration(shape.within).in_seconds(day_seconds),
        calendar=shape.calendar,
        warn_share=shape.warn_share,
        when=when,
        pauses=None if shape.pauses is None else frozenset(shape.pauses),
        warn_before_seconds=notation.duration(shape.warn_before).in_seconds(day_seconds) if shape.warn_before else None,
        since=_midnight(shape.since, zone, days=0),
        until=_midnight(shape.until, zone, days=1),
        automatic=shape.automatic,
    )
    try:
        check(target, calendars)
    except SettingsError as error:
        problems.add_error(document.place((*path, "within")), error)
    return target


def _midnight(day: date | None, zone: ZoneInfo, *, days: int) -> datetime | None:
    """When the day begins in that zone, so many days later; UTC."""
    if day is None:
        return None
    return datetime.combine(day + timedelta(days=days), time(), zone).astimezone(UTC)


def unique(names: Sequence[str], key: str, document: Document, path: Path, problems: Problems) -> None:
    """Adds a problem for every name that an earlier item of the list at `path` has already."""
    for index, name in enumerate(names):
        if name in names[:index]:
            place = document.place((*path, index, key))
            problems.add(place, f"{name!r} is the {key} of two items", "give each its own")


def unknown_words(
    words: Iterable[str], known: Sequence[str], what: str, document: Document, path: Path, problems: Problems
) -> None:
    """Adds a problem for every item of the list at `path` that is not `known`."""
    for index, word in enumerate(words):
        if word not in known:
            problems.add(document.place((*path, index)), f"there is no {what} {word!r}", one_of(word, list(known)))
