"""How long what is known of people is kept, as people.yaml says; pure. `store.erasure` acts on it."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec


class Retention(msgspec.Struct, frozen=True):
    """After how many days what goes by itself; None: never. `tickets_days` counts from the last change of a finished
    ticket, `records_days` from when a source sent what is kept for replays."""

    tickets_days: int | None = None
    records_days: int | None = None

    @property
    def any(self) -> bool:
        return self.tickets_days is not None or self.records_days is not None

    def tickets_before(self, now: datetime) -> datetime | None:
        """Finished tickets that did not change since then are not kept."""
        return None if self.tickets_days is None else now - timedelta(days=self.tickets_days)

    def records_before(self, now: datetime) -> datetime | None:
        """What was sent before then is not kept as it was sent."""
        return None if self.records_days is None else now - timedelta(days=self.records_days)
