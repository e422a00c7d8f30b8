"""The drawings of docs/clocks.md, made by the engine itself: each story is told, timed and drawn by what users run.

`tests/docs/test_clock_drawings.py` holds the page against them; `python -m tests.docs.clock_drawings` writes them anew.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from connector.assessment.clocks import clocks_of
from connector.assessment.rules import Rules
from connector.assessment.understood import Understood
from connector.clocks import closed
from connector.clocks.business_hours import Hours
from connector.clocks.calendars import Calendar, Holiday, Week, Window
from connector.clocks.explain import segments
from connector.clocks.public_holidays import PublicHolidays
from connector.clocks.regulation import Regulation
from connector.clocks.sla import Sla, clocks
from connector.clocks.targets import Target
from connector.clocks.telling import ClockTold, clock_lines
from connector.condition import condition, values_of
from connector.desks import rules_of
from connector.explain import explain
from connector.model import Complainant, Complaint, Entry, EntryKind, Priority, Role, Status, Visibility
from connector.settings import load
from connector.timeline import Words, fold
from tests.engine.world import shipped
from tests.scratch import folder

PAGE = Path(__file__).parents[2] / "docs" / "clocks.md"
BLOCK = re.compile(r"(<!-- drawn: ([a-z-]+) -->\n```text\n).*?(\n```)", re.DOTALL)
COLUMNS = 96
LONDON = ZoneInfo("Europe/London")
OFFICE: Week = ((Window(9 * 3600, 17 * 3600),),) * 5 + ((),) * 2
EVE = Holiday(date(2026, 12, 24), "Christmas Eve", (Window(9 * 3600, 12 * 3600),))
HOURS = Hours(Calendar("support", "Europe/London", OFFICE, (EVE,), public=(PublicHolidays("GB", "ENG"),)))
NIGHTS = Hours(Calendar("night", "Europe/London", ((Window(22 * 3600, 6 * 3600),),) * 7))
CALENDARS = {"support": HOURS, "night": NIGHTS}
WORDS = Words(
    status={"open": Status.OPEN, "pending": Status.WAITING_CUSTOMER, "solved": Status.RESOLVED},
    priority={"normal": Priority.NORMAL, "urgent": Priority.URGENT},
    thanks=shipped().sources["shop"].mapping.thanks,
)
KINDS = {
    "received": (EntryKind.RECEIVED, Role.CUSTOMER),
    "customer": (EntryKind.CUSTOMER_MESSAGE, Role.CUSTOMER),
    "reply": (EntryKind.STAFF_REPLY, Role.STAFF),
    "status": (EntryKind.STATUS, Role.STAFF),
    "priority": (EntryKind.PRIORITY, Role.STAFF),
}
Step = tuple[str, str, str]  # what, when in London, text or value


def london(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=LONDON).astimezone(UTC)


def entries(steps: list[Step]) -> Iterator[Entry]:
    for number, (what, when, said) in enumerate(steps):
        kind, role = KINDS[what]
        spoken = kind in (EntryKind.RECEIVED, EntryKind.CUSTOMER_MESSAGE, EntryKind.STAFF_REPLY)
        at = london(when)
        text, value = (said, None) if spoken else (None, said)
        yield Entry(f"{number:03}", kind, at, at, role, None, Visibility.PUBLIC, text, value)


def drawn(steps: list[Step], sla: Sla, now: str, only: Callable[[ClockTold], bool] = lambda _one: True) -> str:
    """What `amends explain` prints of the clocks of this story at that time."""
    folded = fold(tuple(entries(steps)), WORDS)
    assert folded is not None
    history = folded.history
    at = history.received_at
    complaint = Complaint(
        "shop", "1", 1, "", "", Complainant("mail:kim@example.org"), history.status, at, at, priority=folded.priority
    )
    values, told = values_of(complaint, ()) | {"complaint": "yes"}, []
    for clock in clocks(complaint, history, values, sla, london(now)):
        stretches = segments(clock.kind, clock.cycle, complaint, history, values, sla, london(now))
        told.append(ClockTold(clock, sla.zone_of(clock), stretches))
    return "\n".join(line for one in told if only(one) for line in clock_lines(one, COLUMNS))


def reopened() -> str:
    """What `amends explain` prints of a complaint that was closed when a target became shorter, and was reopened."""
    steps: list[Step] = [("received", "2026-06-01T09:00", "The kettle leaks"), ("status", "2026-06-01T12:00", "solved")]
    again: Step = ("status", "2026-06-04T10:00", "open")
    then, now = london("2026-06-02T09:00"), london("2026-06-04T12:00")
    old, new = (Sla((target("requester_wait", hours, "Wait"),), CALENDARS) for hours in (8, 4))
    was, this = (understood(some) for some in (steps, [*steps, again]))
    this = replace(this, kept=closed.kept(None, clocks_of(was, rules(old), then), was.complaint, was.folded.history))
    told = explain(this, (), (), rules(new), look_at=None, now=now)
    return "\n".join(line for one in told.clocks for line in clock_lines(one, COLUMNS))


def understood(steps: list[Step]) -> Understood:
    told = tuple(entries(steps))
    folded = fold(told, WORDS)
    assert folded is not None
    at = folded.history.received_at
    person = Complainant("mail:kim@example.org")
    return Understood(Complaint("shop", "1", 1, "", "", person, folded.history.status, at, at), told, (), folded)


def rules(sla: Sla) -> Rules:
    return replace(rules_of(shipped()), sla=sla)


def target(clock: str, hours: int, name: str, calendar: str = "support", **more: object) -> Target:
    return Target(name, clock, hours * 3600, calendar, **more)  # type: ignore[arg-type]


def regulated() -> Sla:
    home = folder()
    (home / "sla.yaml").write_text("targets: []\nregulations: [{profile: uk-disp, owner: Complaints officer}]\n")
    (regulation,) = load(home).sla.regulations
    return Sla((), {}, regulations=(Regulation(regulation.profile, regulation.owner),))


def drawings() -> dict[str, str]:
    """Name: drawing."""
    urgent = target("resolution", 2, "Urgent", when=condition('priority == "urgent"'))
    usual = target("resolution", 3, "Usual")
    return {
        "summer-time": drawn(
            [("received", "2026-03-27T16:30", "The kettle leaks")],
            Sla((target("first_reply", 2, "First reply"),), CALENDARS),
            "2026-03-30T10:30",
        ),
        "night-shift": drawn(
            [("received", "2026-10-24T21:00", "No heating"), ("reply", "2026-10-25T06:30", "We are on our way")],
            Sla((target("first_reply", 10, "Night", "night"),), CALENDARS),
            "2026-10-25T12:00",
        ),
        "half-day": drawn(
            [("received", "2026-12-23T15:00", "Wrong size"), ("reply", "2026-12-29T09:30", "A new one is on its way")],
            Sla((target("first_reply", 6, "First reply"),), CALENDARS),
            "2026-12-30T12:00",
        ),
        "pause": drawn(
            [
                ("received", "2026-06-01T09:00", "Charged twice"),
                ("status", "2026-06-01T12:00", "pending"),
                ("customer", "2026-06-02T11:00", "Here is the receipt"),
                ("status", "2026-06-02T14:00", "open"),
                ("status", "2026-06-02T16:00", "solved"),
            ],
            Sla((target("resolution", 8, "Resolution"),), CALENDARS),
            "2026-06-03T12:00",
        ),
        "priority": drawn(
            [
                ("received", "2026-06-01T10:00", "No water"),
                ("priority", "2026-06-01T10:00", "normal"),
                ("priority", "2026-06-01T11:00", "urgent"),
            ],
            Sla((urgent, usual), CALENDARS),
            "2026-06-01T11:30",
        ),
        "new-target": drawn(
            [("received", "2026-06-01T10:00", "No water")],
            Sla(
                (
                    target("resolution", 16, "Old", until=london("2026-06-02T00:00")),
                    target("resolution", 4, "New", since=london("2026-06-02T00:00")),
                ),
                CALENDARS,
            ),
            "2026-06-02T10:00",
        ),
        "reopened": reopened(),
        "thanks": drawn(
            [
                ("received", "2026-06-01T09:00", "Where is my parcel?"),
                ("reply", "2026-06-01T10:00", "On its way"),
                ("customer", "2026-06-02T09:00", "It is not here"),
                ("reply", "2026-06-02T11:00", "Delivered to your neighbour"),
                ("status", "2026-06-02T11:00", "solved"),
                ("customer", "2026-06-02T15:00", "Thank you!"),
                ("customer", "2026-06-03T09:00", "It is broken"),
            ],
            Sla((target("next_reply", 4, "Next reply"),), CALENDARS),
            "2026-06-03T12:00",
        ),
        "disp": drawn(
            [("received", "2026-04-02T15:00", "Fees"), ("reply", "2026-04-08T10:00", "We have your complaint")],
            regulated(),
            "2026-05-20T12:00",
            lambda one: "final-response" in one.clock.kind,
        ),
    }


def page_with(text: str) -> str:
    """The page with every drawing as it is made now. Raises KeyError for one that nobody makes."""
    made = drawings()
    return BLOCK.sub(lambda found: f"{found[1]}{made[found[2]]}{found[3]}", text)


def main() -> None:
    PAGE.write_text(page_with(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    sys.stdout.write(f"{PAGE} drawn\n")


if __name__ == "__main__":
    main()
