"""When a survey may go: a day after the resolution, in the customer's daytime, and not once two days have passed.

Asking sooner measures relief, asking later measures memory, asking at night measures patience. Called by `decision`
and `recheck`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from connector.model import JSON, Action, Complaint, History, Status, Tag
from connector.policy.rules import Survey

DONE = frozenset({Status.RESOLVED, Status.CLOSED})
LINK = "{survey_link}"  # in a decided write; the link itself is filled in on its way out


class Resolution(NamedTuple):
    """The resolution that stands: life `number` of the complaint ended `at`."""

    number: int
    at: datetime

    @property
    def episode(self) -> str:
        return f"resolution#{self.number}"


def resolution(history: History) -> Resolution | None:
    """The resolution that stands, None while the complaint is open. Closing what is resolved is no new resolution."""
    if history.status not in DONE:
        return None
    since = history.reopens[-1] if history.reopens else history.received_at
    at = next((instant for instant in history.resolutions if instant >= since), None)
    return None if at is None else Resolution(len(history.reopens) + 1, at)


def unfit(history: History, tags: Sequence[Tag], ended: Resolution) -> str | None:
    """Why this resolution is no occasion to ask, in words; None if it is one."""
    found = next((tag.value for tag in tags if tag.facet == "emergency"), None)
    if found is not None:
        return f"it was an emergency ({found})"
    later = [at for at in history.customer_messages if at > ended.at and at not in history.thanks]
    return "the customer has written again since" if later else None


def with_link(action: Action, link: str | None) -> Action:
    """`action` as it leaves: where the decision has a place for the link, `link` stands there. Without one (no page, no
    key) such fields are left alone."""
    effect = action.effect
    places = [name for name, value in effect.fields.items() if value == LINK]
    if link is None and not places:
        return action
    fields: dict[str, JSON] = {name: value for name, value in effect.fields.items() if name not in places}
    if link is not None:
        fields |= dict.fromkeys(places, link)
    return replace(action, effect=replace(effect, fields=fields, link=link))


def hidden(value: JSON, link: str | None) -> JSON:
    """`value` as it may be kept: the place for the link stands where the link does."""
    return value if link is None else _replaced(value, link, LINK)


def filled(value: JSON, link: str | None) -> JSON:
    """What was `hidden`, as it leaves."""
    return value if link is None else _replaced(value, LINK, link)


def _replaced(value: JSON, old: str, new: str) -> JSON:
    if isinstance(value, str):
        return value.replace(old, new)
    if isinstance(value, list | tuple):
        return [_replaced(one, old, new) for one in value]
    if isinstance(value, dict):
        return {name: _replaced(one, old, new) for name, one in value.items()}
    return value


def window(complaint: Complaint, resolved_at: datetime, survey: Survey) -> tuple[datetime, datetime] | None:
    """(not before, not after) in UTC, or None where the customer's daytime does not fall between the two limits:
    then no survey goes, since an earlier one would break the first promise and a later one the second."""
    last = resolved_at + timedelta(hours=survey.before_hours)
    first = into_daytime(complaint, resolved_at + timedelta(hours=survey.after_hours), survey)
    return (first, last) if first < last else None


def into_daytime(complaint: Complaint, instant: datetime, survey: Survey) -> datetime:
    """`instant`, or the next time that day begins for the customer where it falls into their night."""
    zone = _zone(complaint, survey)
    local = instant.astimezone(zone)
    second = local.hour * 3600 + local.minute * 60 + local.second
    if survey.daytime_from_second <= second < survey.daytime_until_second:
        return instant
    morning = local.date() if second < survey.daytime_from_second else local.date() + timedelta(days=1)
    hours, rest = divmod(survey.daytime_from_second, 3600)
    start = datetime(morning.year, morning.month, morning.day, hours, rest // 60, rest % 60, tzinfo=zone)
    return start.astimezone(UTC)


def _zone(complaint: Complaint, survey: Survey) -> ZoneInfo:
    """The customer's zone; ours where theirs is unknown or no IANA name, since a helpdesk may know them by others."""
    try:
        return ZoneInfo(complaint.complainant.time_zone or survey.zone)
    except (KeyError, ValueError, OSError):
        return ZoneInfo(survey.zone)
