"""Times as the store keeps them: whole microseconds since 1970, UTC. Used by this room only."""

from __future__ import annotations

from datetime import datetime, timedelta

from connector.model import EPOCH


def micros(at: datetime) -> int:
    """`at` (aware) as whole microseconds since 1970 UTC."""
    since = at - EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def micros_or_none(at: datetime | None) -> int | None:
    return None if at is None else micros(at)


def moment(value: int) -> datetime:
    """The aware UTC time that `value` microseconds since 1970 name."""
    return EPOCH + timedelta(microseconds=value)


def moment_or_none(value: int | None) -> datetime | None:
    return None if value is None else moment(value)
