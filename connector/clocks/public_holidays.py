"""The public holidays of a country or a part of it, by the `holidays` library; pure data, nothing is fetched.

Called by `calendars` when the years of a calendar are laid out. The library is imported by the first calendar that
names a country, for it costs a tenth of a second. Dates that follow the moon are estimates until they are announced:
an admin's own `holidays` and `open_on` go before them.
"""

from __future__ import annotations

from datetime import date
from difflib import get_close_matches
from functools import cache
from typing import Any

import msgspec

from connector.errors import SettingsError

PUBLIC = "public"


class PublicHolidays(msgspec.Struct, frozen=True):
    """Whose holidays. `country` is an ISO 3166-1 code, `subdivision` one of ISO 3166-2 without the country ("ENG",
    "BY"), `categories` are the library's ("public", "bank", "optional" …), `language` names the days (None: the
    country's own)."""

    country: str
    subdivision: str | None = None
    categories: tuple[str, ...] = (PUBLIC,)
    language: str | None = None

    def names(self, first_year: int, last_year: int) -> dict[date, str]:
        """Date: name for the years [first_year, last_year). Raises SettingsError for what the library does not know."""
        return dict(_listed(self, first_year, last_year))


@cache
def _listed(whose: PublicHolidays, first_year: int, last_year: int) -> tuple[tuple[date, str], ...]:
    import holidays

    country = _known_country(holidays, whose)
    try:
        days = country(
            subdiv=whose.subdivision,
            years=range(first_year, last_year),
            expand=False,
            language=whose.language,
            categories=whose.categories,
        )
    except (NotImplementedError, ValueError) as error:
        raise SettingsError(
            f"public holidays of {whose.country}: {str(error).rstrip('.')}.",
            remedy=f"Subdivisions: {', '.join(country.subdivisions) or 'none'}. "
            f"Categories: {', '.join(country.supported_categories)}.",
        ) from error
    return tuple(sorted(days.items()))


def _known_country(holidays: Any, whose: PublicHolidays) -> Any:
    known = holidays.list_supported_countries()
    if whose.country not in known:
        near = get_close_matches(whose.country.upper(), known, 1, 0.5) or ["GB"]
        raise SettingsError(
            f"no public holidays are known for the country {whose.country!r}.",
            remedy=f"Use its two letters, such as {near[0]}, or list the days yourself.",
        )
    country = getattr(holidays, whose.country)
    languages = country.supported_languages
    if whose.language is not None and whose.language not in languages:
        raise SettingsError(
            f"the public holidays of {whose.country} have no names in {whose.language!r}.",
            remedy=f"Languages: {', '.join(languages) or 'only its own; leave it out'}.",
        )
    return country
