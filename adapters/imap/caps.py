"""How much mail may leave: for each person, domain and hour, whatever else went wrong. Pure; used by `writing`.

The last line of defence: it holds when every header lies, when a rule goes mad, and when two machines answer each
other. It fails closed: where nobody can count, nothing leaves.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from hashlib import sha256

import msgspec

from adapters.imap.purposes import Purpose
from connector.errors import ConflictError, SettingsError

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
Count = Callable[[str, datetime], int]


class Caps(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The most that is sent. To customers: `per_person_a_day` mails of any kind (but one acknowledgement a day),
    `per_domain_an_hour`, `all_an_hour`; to our own people `notices_an_hour`. What is over waits; it is not dropped."""

    per_person_a_day: int = 2
    per_domain_an_hour: int = 30
    all_an_hour: int = 100
    notices_an_hour: int = 60

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            if getattr(self, name) < 0:
                raise SettingsError(f"caps: {name} is less than 0.", remedy="Set it to 0 to send none at all.")


class Cap(msgspec.Struct, frozen=True):
    """At most `most` sendings under `key` within `window`; `whose` says in words what is counted."""

    key: str
    most: int
    window: timedelta
    whose: str


def person(address: str) -> str:
    """The key of one person: a digest of the address as it is compared (plus forms are one person)."""
    local, _, domain = address.lower().rpartition("@")
    return "person:" + _digest(f"{local.partition('+')[0]}@{domain}")


def caps_on(purpose: Purpose, recipient: str, caps: Caps) -> tuple[Cap, ...]:
    """Every cap that a mail of this kind to `recipient` is counted under."""
    if purpose is Purpose.NOTICE:
        return (Cap("notices", caps.notices_an_hour, HOUR, "notices to our own people"),)
    who = person(recipient)
    found = [
        Cap(who, caps.per_person_a_day, DAY, "mails to this person"),
        Cap("domain:" + _digest(recipient.rpartition("@")[2].lower()), caps.per_domain_an_hour, HOUR, "to this domain"),
        Cap("all", caps.all_an_hour, HOUR, "mails to customers"),
    ]
    if purpose is Purpose.ACKNOWLEDGEMENT:
        found.append(Cap(f"{purpose}:{who}", 1, DAY, "acknowledgements to this person"))
    return tuple(found)


def refuse_above(caps: tuple[Cap, ...], count: Count, now: datetime, *, source: str, ticket: str) -> None:
    """Raise ConflictError (this mail waits, others go on) where one of `caps` is full or cannot be counted."""
    for cap in caps:
        seen = count(cap.key, now - cap.window)
        if not 0 <= seen < cap.most:
            hours = cap.window // HOUR
            raise ConflictError(
                f"the cap of {cap.most} {cap.whose} in {hours} h is reached.",
                source=source,
                ticket=ticket,
                remedy="It goes when there is room. `caps` in the options of this source sets how much may leave.",
                retry_after_seconds=(cap.window / 12).total_seconds(),
            )


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:24]
