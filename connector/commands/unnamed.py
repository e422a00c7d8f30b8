"""`amends trends themes`: what several people write about and no category names yet, proposed to the admin.

Reads the store only. What comes of it is the admin's: a value in taxonomy.yaml and a phrase.
"""

from __future__ import annotations

from datetime import timedelta

import msgspec

from connector.commands.place import Place
from connector.display import clean, count, cut, wrapped
from connector.store import walks
from connector.tagging.unnamed import Text, themes

MOST_TEXTS = 1000  # the newest; every two of them are compared
SHOWN = 5


class Proposed(msgspec.Struct, frozen=True):
    """A theme: the words that its complaints share, how many people wrote them, in which languages, and which they are,
    the most typical first, with the subjects of a few."""

    words: tuple[str, ...]
    people: int
    languages: tuple[str, ...]
    cases: tuple[str, ...]
    subjects: tuple[str, ...]


class Themes(msgspec.Struct, frozen=True):
    """`looked` complaints of the last `days` have no category of their own."""

    themes: tuple[Proposed, ...]
    looked: int
    days: int


def proposed(place: Place, days: int, least: int) -> Themes:
    """The themes of at least `least` people in so many days, the largest first."""
    since = place.now() - timedelta(days=days)
    with place.store() as store, store.read() as connection:
        nameless = walks.words(connection, since, MOST_TEXTS, named=False)
        usual = walks.words(connection, since, MOST_TEXTS, named=True)
    texts = [Text(one.case, one.person, f"{one.subject}\n{one.text}") for one in nameless]
    known = {one.case: one for one in nameless}
    found = themes(texts, [f"{one.subject}\n{one.text}" for one in usual], least)
    return Themes(
        tuple(
            Proposed(
                words=one.words,
                people=one.people,
                languages=tuple(sorted({known[case].language or "unknown" for case in one.ids})),
                cases=one.ids,
                subjects=tuple(known[case].subject for case in one.ids[:SHOWN]),
            )
            for one in found
        ),
        len(nameless),
        days,
    )


def themes_lines(told: Themes, columns: int) -> list[str]:
    """A paragraph for each theme, and what to do with one."""
    looked = f"{count(told.looked, 'complaint')} of the last {told.days} days without a category of their own"
    if not told.themes:
        return [f"{looked}; nothing that several of them share."]
    lines = [f"{looked}:"]
    for one in told.themes:
        lines += ["", cut(f"{', '.join(map(clean, one.words))}  ({count(one.people, 'person', 'people')})", columns)]
        shown = zip(one.cases[:SHOWN], one.subjects, strict=True)
        lines += [cut(f"    {case}  {clean(subject)}", columns) for case, subject in shown]
        if len(one.cases) > SHOWN:
            lines.append(f"    and {len(one.cases) - SHOWN} more")
    advice = (
        "To make one a category, add a value to taxonomy.yaml and a phrase that says it to a file in phrases/; "
        "`amends check` tries it, `amends mapping backfill` gives it to what is stored."
    )
    return [*lines, "", *wrapped(advice, columns)]
