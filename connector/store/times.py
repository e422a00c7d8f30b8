"""Times as the store keeps them: whole microseconds since 1970, UTC. Used by this room only."""

from __future__ import annotations

from datetime import datetime, timedelta

from connector.model import EPOCH

_MICROSECOND = timedelta(microseconds=1)


def micros(at: datetime) -> int:
    """`at` (aware) as whole microseconds since 1970 UTC."""
    return (at - EPOCH) // _MICROSECOND


def micros_or_none(at: datetime | None) -> int | None:
    return None if at is None else micros(at)


def moment(value: int) -> datetime:
    """The aware UTC time that `value` microseconds since 1970 name."""
    return EPOCH + timedelta(microseconds=value)


def moment_or_none(value: int | None) -> datetime | None:
    return None if value is None else moment(value)
