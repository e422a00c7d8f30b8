"""The profiles of regulators: from the files in regulations/ to the frozen settings of the clocks.

Called by `loading`.
"""

from __future__ import annotations

from connector.clocks.calendars import ANY_YEAR
from connector.clocks.public_holidays import PublicHolidays
from connector.clocks.regulation import Deadline, Length, Profile
from connector.errors import SettingsError
from connector.settings.checking import shaped
from connector.settings.meanings import compiled
from connector.settings.problems import Problems
from connector.settings.rules import Path, unique, zone_is_known
from connector.settings.shapes.clocks import DeadlineShape, LengthShape, PublicHolidaysShape, RegulationFile
from connector.settings.yaml_file import Document


def profile_of(document: Document | None, name: str, problems: Problems) -> Profile | None:
    """The profile called `name`, or None with the reasons among `problems`."""
    shape = shaped(document, RegulationFile, problems)
    if document is None or shape is None:
        return None
    before = len(problems)
    zone_is_known(shape.zone, document, ("zone",), problems)
    unique([one.name for one in shape.deadlines], "name", document, ("deadlines",), problems)
    public = tuple(_public(one) for one in shape.public_holidays)
    for whose in public:
        try:
            whose.names(ANY_YEAR, ANY_YEAR + 1)
        except SettingsError as error:
            problems.add_error(document.place(("public_holidays",), key=True), error)
    deadlines = tuple(_deadline(index, one, document, problems) for index, one in enumerate(shape.deadlines))
    if len(problems) > before:
        return None
    return Profile(
        name=name,
        title=shape.title,
        source=shape.source,
        version=shape.version,
        owner=shape.owner,
        checked=shape.checked,
        zone=shape.zone,
        deadlines=deadlines,
        public=public,
    )


def _public(shape: PublicHolidaysShape) -> PublicHolidays:
    return PublicHolidays(shape.country, shape.subdivision, shape.categories, shape.language)


def _deadline(index: int, shape: DeadlineShape, document: Document, problems: Problems) -> Deadline:
    path: Path = ("deadlines", index)
    if _length(shape.within) == Length():
        problems.add(document.place((*path, "within")), "this is no time at all", "write days, weeks or business_days")
    return Deadline(
        name=shape.name,
        title=shape.title,
        within=_length(shape.within),
        start=shape.start,
        start_by=None if shape.start_by is None else _length(shape.start_by),
        after=shape.after,
        met_by=shape.met_by,
        obliges=shape.obliges,
        warn_days=shape.warn_days,
        extension=None if shape.extension is None else _length(shape.extension),
        extended_when=compiled(shape.extended_when, document, (*path, "extended_when"), problems),
        since=shape.since,
        until=shape.until,
        automatic=shape.automatic,
    )


def _length(shape: LengthShape) -> Length:
    return Length(shape.days, shape.weeks, shape.business_days)
