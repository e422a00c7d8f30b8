"""How the demo's time runs: days at a walking pace, nights and the week-end in a blink, the same for all processes."""

from __future__ import annotations

from datetime import datetime, timedelta

from sandbox.clock import ToldClock
from sandbox.stories import DAYS

MORNING, EVENING = timedelta(hours=6), timedelta(hours=19, minutes=30)
FIRST_MORNING = timedelta(hours=7, minutes=45)
LAST_EVENING = timedelta(hours=17)
NIGHT_SHARE = 0.12  # of the real time goes to all nights together
AFTERWARDS_SCALE = 120.0


class Schedule:
    """The five days of the stories from `first_day` (midnight, UTC), starting at `begins` (real time) and taking
    `seconds` in all."""

    def __init__(self, first_day: datetime, begins: datetime, seconds: float) -> None:
        self._stretches = _stretches(first_day)
        days = sum((end - start).total_seconds() for start, end, night in self._stretches if not night)
        nights = sum((end - start).total_seconds() for start, end, night in self._stretches if night)
        self.day_scale = days / (seconds * (1 - NIGHT_SHARE))
        self._scales = (self.day_scale, nights / (seconds * NIGHT_SHARE))
        self.begins = begins
        self.told = ";".join(self._parts())
        self._clock = ToldClock(self.told)

    @property
    def first(self) -> datetime:
        """When the story begins, in its own time."""
        return self._stretches[0][0]

    @property
    def last(self) -> datetime:
        """When it ends, in its own time."""
        return self._stretches[-1][1]

    def now(self, wall: datetime) -> datetime:
        """The time in the story at the real time `wall`."""
        return self._clock.at(wall)

    def _parts(self) -> list[str]:
        wall, parts = self.begins.timestamp(), []
        for start, end, night in self._stretches:
            scale = self._scales[night]
            parts.append(f"{start.isoformat()}@{wall:.3f}x{scale:.1f}")
            wall += (end - start).total_seconds() / round(scale, 1)
        self.over_at = datetime.fromtimestamp(wall, self.begins.tzinfo)
        return [*parts, f"{self.last.isoformat()}@{wall:.3f}x{AFTERWARDS_SCALE}"]


def _stretches(first_day: datetime) -> list[tuple[datetime, datetime, bool]]:
    """(start, end, night) of each stretch, without gaps."""
    found: list[tuple[datetime, datetime, bool]] = []
    for number, offset in enumerate(DAYS):
        day = first_day + timedelta(days=offset)
        morning = day + (MORNING if number else FIRST_MORNING)
        evening = day + (EVENING if number < len(DAYS) - 1 else LAST_EVENING)
        if number:
            found.append((found[-1][1], morning, True))
        found.append((morning, evening, False))
    return found
