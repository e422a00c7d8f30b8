"""contacts.yaml: from the file to the people of the policy room, held against calendars and the day's date.

Called by `loading`. A contact that is missing where the policy names one, that has expired, or that cannot be reached
is a mistake in the settings: an escalation to nobody looks like one that was heard.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta

from connector.clocks.business_hours import Hours
from connector.errors import SettingsError
from connector.policy.contacts import Away, Contact, Contacts, Post
from connector.settings.checking import shaped
from connector.settings.meanings import compiled
from connector.settings.problems import Problems, one_of
from connector.settings.rules import Path, zone_is_known
from connector.settings.shapes.telling import ContactsFile, ContactShape
from connector.settings.yaml_file import Document

FILE = "contacts.yaml"
WARN_BEFORE = timedelta(days=14)


def contacts_of(
    document: Document | None, calendars: Mapping[str, Hours] | None, zone: str, today: date | None, problems: Problems
) -> Contacts | None:
    """Everybody, or None with the reasons among `problems`. `zone` is the policy's; without `today` nobody expires."""
    shape = shaped(document, ContactsFile, problems)
    if document is None or shape is None or calendars is None:
        return None
    before = len(problems)
    people = [_contact(name, one, calendars, zone, today, document, problems) for name, one in shape.contacts.items()]
    if len(problems) > before:
        return None
    try:
        return Contacts(tuple(people), shape.mode, dict(shape.for_customers))
    except SettingsError as error:
        problems.add_error(document.place(("contacts",), key=True), error)
        return None


def _contact(
    name: str,
    shape: ContactShape,
    calendars: Mapping[str, Hours],
    zone: str,
    today: date | None,
    document: Document,
    problems: Problems,
) -> Contact:
    path: Path = ("contacts", name)
    hours = calendars.get(shape.calendar) if shape.calendar else None
    if shape.calendar and hours is None:
        place = document.place((*path, "calendar"))
        problems.add(place, f"there is no calendar {shape.calendar!r}", one_of(shape.calendar, sorted(calendars)))
    if name in list(Post):
        problems.add(document.place(path, key=True), f"{name!r} is a role", "give the contact another name")
    if shape.zone:
        zone_is_known(shape.zone, document, (*path, "zone"), problems)
    for index, one in enumerate(shape.away):
        if one.last < one.first:
            problems.add(document.place((*path, "away", index)), "it ends before it begins", "correct one of the days")
    found = Contact(
        id=name,
        post=shape.role,
        name=shape.name,
        reach=shape.reach,
        hours=hours,
        deputy=shape.deputy,
        languages=shape.languages,
        phone=shape.phone,
        mail=shape.mail,
        zone=shape.zone or (hours.calendar.zone if hours else zone),
        until=shape.until,
        away=tuple(Away(one.first, one.last) for one in shape.away),
        when=compiled(shape.when, document, (*path, "when"), problems),
    )
    if today is not None and found.has_expired(today):
        what = f"{name} has been a contact until {found.until} only"
        problems.add(document.place((*path, "until")), what, "give a later day, or take the contact out")
    return found


def prove_targets(
    targets: Iterable[tuple[str, Path]],
    contacts: Contacts,
    document: Document,
    problems: Problems,
    *,
    told: bool = True,
) -> None:
    """Adds a problem for every role that nobody has, and for every contact that is to be `told` and has no address."""
    for target, path in targets:
        known = contacts.of(target)
        if not known:
            names = [*dict.fromkeys(one.post.value for one in contacts.people), *(one.id for one in contacts.people)]
            what = f"no contact has the role {target!r}" if target in list(Post) else f"there is no contact {target!r}"
            fix = f"add one to {FILE}" + (f"; it has {', '.join(names)}" if names else ", which has none yet")
            problems.add(document.place(path), what, fix)
        for one in known if told else ():
            if not one.reach:
                what = f"{one.id} ({target}) is to be told and has no address"
                problems.add(document.place(path), what, f"give {one.id} a `reach` in {FILE}")


def soon_over(contacts: Contacts, today: date | None) -> Iterator[str]:
    """A warning for each contact that expires within two weeks."""
    for one in contacts.people:
        if today is not None and one.until is not None and one.until - today <= WARN_BEFORE:
            yield f"{FILE}: {one.id} is a contact until {one.until} only; the daemon will not start after that day."
