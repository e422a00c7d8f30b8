"""What the clocks say of an instant is the same then and ever after: a later look at a longer history tells no other
story of it. So a breach list can be had for any day of the past, and whoever slept finds what the others found."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from connector.clocks.explain import segments
from connector.clocks.lives import KINDS
from connector.clocks.sla import Sla, clocks
from connector.clocks.targets import Changing, Target
from connector.model import Clock, ClockState, Entry, EntryKind, History, Priority, Role, Status, Visibility
from connector.timeline import Words, fold
from tests.unit.test_clocks_sla import CALENDARS, MONDAY, Says, complaint

STATUSES = {
    "new": Status.NEW, "open": Status.OPEN, "pending": Status.WAITING_CUSTOMER, "hold": Status.ON_HOLD,
    "solved": Status.RESOLVED, "void": Status.WITHDRAWN,
}  # fmt: skip
TALK = {
    "asks": (EntryKind.CUSTOMER_MESSAGE, Role.CUSTOMER, "Where is it?"),
    "thanks": (EntryKind.CUSTOMER_MESSAGE, Role.CUSTOMER, "Thank you!"),
    "reply": (EntryKind.STAFF_REPLY, Role.STAFF, "We are looking into it."),
    "machine": (EntryKind.STAFF_REPLY, Role.SYSTEM, "It has come."),
}
PRIORITIES = ("urgent", "normal", "low")
DOINGS = (*STATUSES, *TALK, *PRIORITIES, "bin", "unbin", "team a", "team b")
STEPS = st.lists(st.tuples(st.integers(1, 60), st.sampled_from(DOINGS)), max_size=14)


# Beside the full hour, so that nothing ends at the very second at which it was due: that is in time, and what becomes
# of it later is another matter.
BESIDE = timedelta(minutes=7)


def words() -> Words:
    return Words(STATUSES, {name: Priority(name) for name in PRIORITIES}, team_field="team")


def entry(number: int, at: datetime, what: str) -> Entry:
    name = f"{number:03}"
    if what in STATUSES:
        return Entry(name, EntryKind.STATUS, at, at, value=what)
    if what in PRIORITIES:
        return Entry(name, EntryKind.PRIORITY, at, at, value=what)
    if what.startswith("team"):
        return Entry(name, EntryKind.FIELD, at, at, field="team", value=what)
    if what in TALK:
        kind, role, text = TALK[what]
        return Entry(name, kind, at, at, role, visibility=Visibility.PUBLIC, text=text)
    return Entry(name, EntryKind.DELETE if what == "bin" else EntryKind.RESTORE, at, at)


def told(entries: list[Entry], rules: Sla, now: datetime) -> tuple[History, dict[str, str], tuple[Clock, ...]]:
    folded = fold(entries, words())
    assert folded is not None
    values = {"priority": folded.priority or "", "team": ""}
    return folded.history, values, clocks(complaint(folded.history.status), folded.history, values, rules, now)


def rules_of(changing: Changing) -> Sla:
    """Urgent matters in three hours around the clock, without pauses; all others in six working hours."""
    urgent = [Target("soon", kind, 3 * 3600, "always", when=Says("urgent"), pauses=frozenset()) for kind in KINDS]
    usual = [Target("usual", kind, 6 * 3600, "office", automatic=kind == "acknowledgement") for kind in KINDS]
    return Sla((*urgent, *usual), CALENDARS, changing=changing)


@given(steps=STEPS, cut=st.integers(0, 400), changing=st.sampled_from(list(Changing)))
@settings(max_examples=250, deadline=None)
def test_any_part_of_a_history_gives_the_clocks_of_its_last_instant(
    steps: list[tuple[int, str]], cut: int, changing: Changing
) -> None:
    rules, at = rules_of(changing), MONDAY
    whole = [Entry("000", EntryKind.RECEIVED, at, at, Role.CUSTOMER, visibility=Visibility.PUBLIC, text="Late.")]
    for number, (hours, what) in enumerate(steps, 1):
        at += timedelta(hours=hours) + BESIDE
        whole.append(entry(number, at, what))
    then, end = MONDAY + timedelta(hours=cut, minutes=30), at + timedelta(days=30)
    _, _, early = told([one for one in whole if one.occurred_at <= then], rules, then)
    history, values, late = told(whole, rules, end)

    begun = {(one.kind, one.cycle): one for one in late if one.started_at <= then}
    assert {(one.kind, one.cycle): one.started_at for one in early} == {
        name: one.started_at for name, one in begun.items()
    }
    assert {(one.kind, one.cycle): one.breached_at for one in early if one.breached_at} == {
        name: one.breached_at for name, one in begun.items() if one.breached_at and one.breached_at <= then
    }
    for one in early:
        after = begun[one.kind, one.cycle]
        if one.breached_at is None and one.target == after.target and changing is not Changing.RESTART:
            stretches = segments(one.kind, one.cycle, complaint(history.status), history, values, rules, end)
            used = sum(
                int((min(piece.end, then) - piece.start).total_seconds())
                for piece in stretches
                if piece.counted_seconds and piece.start < then
            )
            assert one.used_seconds == used
            here = next((piece.why for piece in stretches if piece.start <= then < piece.end), "")
            if one.state is ClockState.RUNNING:
                assert not here.startswith("paused")
            if one.state is ClockState.PAUSED:
                assert here.startswith(("paused", "finished"))


@given(steps=STEPS, changing=st.sampled_from(list(Changing)))
@settings(max_examples=150, deadline=None)
def test_whatever_happens_the_stretches_of_a_clock_add_up_to_what_it_used(
    steps: list[tuple[int, str]], changing: Changing
) -> None:
    rules, at = rules_of(changing), MONDAY
    whole = [Entry("000", EntryKind.RECEIVED, at, at, Role.CUSTOMER, visibility=Visibility.PUBLIC, text="Late.")]
    for number, (hours, what) in enumerate(steps, 1):
        at += timedelta(hours=hours) + BESIDE
        whole.append(entry(number, at, what))
    now = at + timedelta(hours=30)
    history, values, found = told(whole, rules, now)
    for one in found:
        stretches = segments(one.kind, one.cycle, complaint(history.status), history, values, rules, now)
        assert sum(piece.counted_seconds for piece in stretches) == one.used_seconds, one
        assert all(before.end == after.start for before, after in pairwise(stretches)), one
