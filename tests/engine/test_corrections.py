"""A complaint, the ticket elsewhere where its cause is removed, and the way back; and what a census finds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar

from msgspec.structs import replace

from adapters.memory import DESKS, Adapter, Desk, DeskSettings
from adapters.memory.tickets import ACCOUNT
from connector.adapter import Finding, Landed, NotYet, Receipt, Record, Stamp
from connector.errors import AuthError, RejectedError, TemporaryError
from connector.helpdesk import Helpdesk
from connector.model import Action, ActionKind, FlagKind, Status
from connector.policy.rules import Correction
from connector.store import assessments, complaints, links, sources
from connector.store.complaints import Stored
from connector.store.intentions import State
from connector.sync import census, pull, push, sweep
from connector.sync.census import due
from connector.testing import plain_tools
from tests.engine.world import CUSTOMERS, START, World

TEXT = "My parcel has still not arrived. I want my money back."
CAUSE = Correction("cause", "works", FlagKind.OVERDUE, ("first_reply",), tags=("from-complaint",))


class Workshop(Adapter):
    """A desk at which tickets can be opened, without compare-and-set; `lost` answers never come."""

    can: ClassVar[frozenset[ActionKind]] = frozenset(ActionKind)
    lost: ClassVar[int] = 0

    def prepare(self, action: Action) -> Stamp:
        return {} if action.kind is ActionKind.CORRECT else super().prepare(action)

    def apply(self, action: Action, stamp: Stamp) -> Receipt:
        if action.kind is not ActionKind.CORRECT:
            return super().apply(action, stamp)
        create = action.effect.create
        ticket = self._desk("write", write=True).open(
            create["summary"],
            create["description"],
            labels=[action.marker, *action.effect.tags],
            requester={"id": ACCOUNT, "name": "Amends"},
        )
        if self.lost:
            raise TemporaryError("no answer.")
        return {"ticket": ticket, "key": f"W-{ticket}", "url": f"https://works.example/W-{ticket}"}

    def find(self, action: Action, stamp: Stamp, sent_at: datetime) -> Finding:
        if action.kind is not ActionKind.CORRECT:
            return super().find(action, stamp, sent_at)
        source = self._desk("look")
        for ticket in source.tickets():
            if action.marker in source.look(ticket)["labels"]:
                return Landed({"ticket": ticket, "key": f"W-{ticket}", "url": None})
        return NotYet()


class Town(World):
    """The shop of `World`, and beside it the works where causes are removed."""

    def __init__(self) -> None:
        super().__init__()
        self.works = Desk(f"works {id(self)}", START)
        DESKS[self.works.name] = self.works
        self.rules = replace(
            self.rules, policy=replace(self.rules.policy, rules=(), survey=None, tag_back=None, corrections=(CAUSE,))
        )
        self.elsewhere = self._works()
        self.told: tuple[Helpdesk, ...] = ()

    def _works(self, kind: type[Adapter] = Workshop) -> Helpdesk:
        tools = plain_tools(self.now, {"token": "secret-token"})
        adapter: Any = kind("works", DeskSettings(self.works.name), tools)
        with self.store.write("enlist") as connection:
            row = sources.enlist(connection, "works", "memory")
            sources.introduce(connection, row.id, adapter.check(), START)
        return replace(self.helpdesk(), id=row.id, name="works", adapter=adapter)

    def turn(self) -> None:
        """One pass over both, as the daemon does it."""
        desks = (self.helpdesk(), self.elsewhere, *self.told)
        self.works.now = self.desk.now
        for desk in desks:
            for stream in desk.streams:
                pull(desk, stream, self.store, self.rules, now=self.now, wait=lambda _seconds: None)
        sweep(desks, self.store, self.rules, now=self.now)
        for desk in desks:
            push(desk, self.store, self.rules, now=self.now, others=desks)

    def overdue(self) -> str:
        ticket = self.desk.open("Late", TEXT, requester=CUSTOMERS[0])
        self.desk.advance(26 * 3600)
        self.turn()
        return ticket

    def stored(self, ticket: str) -> Stored:
        with self.store.read() as connection:
            return complaints.of_tickets(connection, self.helpdesk().id, [ticket])[ticket]


def notes(town: Town, ticket: str) -> list[str]:
    return [event["text"] for event in town.desk.story(ticket) if event["kind"] == "note"]


def test_a_complaints_cause_is_opened_elsewhere_once_and_its_resolution_comes_back() -> None:
    town = Town()
    ticket = town.overdue()
    for _ in range(3):
        town.desk.advance(600)
        town.turn()
    (made,) = town.works.tickets()
    assert "from-complaint" in town.works.look(made)["labels"]
    assert len(notes(town, ticket)) == 1 and f"W-{made}" in notes(town, ticket)[0]

    town.works.set(made, "status", "solved")
    for _ in range(3):
        town.desk.advance(600)
        town.turn()
    assert len(notes(town, ticket)) == 2 and "tell the customer" in notes(town, ticket)[1]
    with town.store.read() as connection:
        (link,) = links.of_complaints(connection, [town.stored(ticket).id])[town.stored(ticket).id]
    assert (link.source, link.ticket, link.status) == ("works", made, Status.RESOLVED)
    assert all(count == 1 for count in town.effects().values())


def test_w13_what_amends_opened_itself_is_no_complaint_whatever_it_says() -> None:
    town = Town()
    town.overdue()
    town.desk.advance(9 * 86_400)
    town.turn()
    town.desk.advance(9 * 86_400)
    town.turn()
    assert len(town.works.tickets()) == 1
    with town.store.read() as connection:
        listed = complaints.listing(connection, source_name="works", is_complaint="yes")
        assert list(listed) == []


def test_w08_an_answer_that_was_lost_opens_no_second_ticket() -> None:
    town = Town()
    lossy = type("Lossy", (Workshop,), {"lost": 1})
    town.elsewhere = town._works(lossy)
    town.overdue()
    town.elsewhere = town._works()
    for _ in range(3):
        town.desk.advance(600)
        town.turn()
    assert len(town.works.tickets()) == 1
    assert [one.state for one in town.intentions() if one.action.kind is ActionKind.CORRECT] == [State.DONE]


def test_a_correction_waits_while_the_complaints_own_source_is_not_at_work() -> None:
    town = Town()
    town.overdue()
    other = town.desk.open("Late too", TEXT, requester=CUSTOMERS[1])
    town.desk.advance(26 * 3600)
    home = town.helpdesk()
    for stream in home.streams:
        pull(home, stream, town.store, town.rules, now=town.now, wait=lambda _seconds: None)
    sweep((home, town.elsewhere), town.store, town.rules, now=town.now)
    push(town.elsewhere, town.store, town.rules, now=town.now)
    waiting = [one for one in town.intentions() if one.action.origin == f"shop/{other}"]
    assert [one.state for one in waiting] == [State.PENDING]
    town.desk.advance(600)
    town.turn()
    assert len(town.works.tickets()) == 2


def test_a_complaint_waits_for_a_source_that_is_not_at_work_to_open_its_ticket_there() -> None:
    town = Town()
    town.desk.open("Late", TEXT, requester=CUSTOMERS[0])
    town.desk.advance(26 * 3600)
    home = town.helpdesk()
    for stream in home.streams:
        pull(home, stream, town.store, town.rules, now=town.now, wait=lambda _seconds: None)
    sweep((home,), town.store, town.rules, now=town.now)
    assert town.works.tickets() == []
    town.desk.advance(3600)
    town.turn()
    assert len(town.works.tickets()) == 1


# -- second copies ----------------------------------------------------------------------------------------------------


class Doubling(Workshop):
    """Where a second copy may land; `find` takes it away."""

    repairs: ClassVar[tuple[float, ...]] = (900.0, 86_400.0)
    asked: ClassVar[list[str]] = []

    def find(self, action: Action, stamp: Stamp, sent_at: datetime) -> Finding:
        self.asked.append(action.marker)
        found = super().find(action, stamp, sent_at)
        return Landed({**found.receipt, "repaired": 1}) if isinstance(found, Landed) and len(self.asked) == 1 else found


def test_what_was_written_without_compare_and_set_is_looked_at_again_and_repairs_are_in_the_log() -> None:
    town = Town()
    Doubling.asked.clear()
    town.elsewhere = town._works(Doubling)
    town.overdue()
    assert Doubling.asked == []
    town.desk.advance(901)
    town.turn()
    assert len(Doubling.asked) == 1
    town.desk.advance(3600)
    town.turn()
    assert len(Doubling.asked) == 1, "not before its next time"
    town.desk.advance(86_400)
    town.turn()
    town.desk.advance(5 * 86_400)
    town.turn()
    assert len(Doubling.asked) == 2, "and not for ever"
    with town.store.read() as connection:
        told = [line.what for line in sources.audit_lines(connection, most=100)]
    assert told.count("write: second copy taken away") == 1


def turns(town: Town, count: int = 3) -> None:
    for _ in range(count):
        town.desk.advance(600)
        town.turn()


def test_each_resolution_is_told_also_one_after_the_first_was_taken_back_before_its_note_left() -> None:
    town = Town()
    ticket = town.overdue()
    turns(town)
    (made,) = town.works.tickets()
    town.works.set(made, "status", "solved")
    with town.store.write("pause") as connection:
        sources.pause(connection, town.now(), "holiday")
    turns(town)
    town.works.set(made, "status", "open")
    turns(town)
    with town.store.write("resume") as connection:
        sources.resume(connection)
    turns(town)
    assert len(notes(town, ticket)) == 1, "a resolution that was taken back is not told"
    town.desk.advance(3600)
    town.works.now = town.desk.now
    town.works.set(made, "status", "solved")
    turns(town)
    assert len(notes(town, ticket)) == 2
    assert all(count == 1 for count in town.effects().values())


def test_what_another_worker_wants_looked_at_is_not_forgotten_by_a_sweep_that_had_begun() -> None:
    town = Town()
    ticket = town.overdue()
    stored = town.stored(ticket)
    with town.store.write("links") as connection:
        assessments.look_again(connection, town.now() + timedelta(seconds=1))
    with town.store.write("a sweep that read before") as connection:
        assessments.save(connection, [(stored, stored.assessed, None)])
    assert town.stored(ticket).look_at == town.now() + timedelta(seconds=1)


def test_a_corrective_ticket_with_another_reporter_calls_forth_no_other() -> None:
    town = Town()

    class Elsewhere(Workshop):
        def apply(self, action: Action, stamp: Stamp) -> Receipt:
            receipt = super().apply(action, stamp)
            if action.kind is ActionKind.CORRECT:
                town.works._rows[receipt["ticket"]]["requester"] = CUSTOMERS[2]
                for event in town.works._stories[receipt["ticket"]]:
                    event["by"] = CUSTOMERS[2]["id"]
            return receipt

    town.elsewhere = town._works(Elsewhere)
    town.overdue()
    for _ in range(4):
        town.desk.advance(9 * 86_400)
        town.turn()
    assert len(town.works.tickets()) == 1


def test_a_look_for_second_copies_that_is_refused_for_good_is_not_made_for_ever() -> None:
    town = Town()
    asked = []

    class Forbidding(Doubling):
        def find(self, action: Action, stamp: Stamp, sent_at: datetime) -> Finding:
            asked.append(sent_at)
            raise AuthError("not this issue.")

    town.elsewhere = town._works(Forbidding)
    town.overdue()
    for _ in range(60):
        town.desk.advance(3600)
        town.turn()
    assert len(asked) == 2, "once at each of its times"
    with town.store.read() as connection:
        row = sources.by_name(connection, "works")
    assert row is not None and row.parked_until is None, "one ticket's refusal parks nothing"


class Refusing(Workshop):
    """Refuses what it is sent, and can say only a minute later that nothing landed."""

    sent: ClassVar[int] = 0

    def apply(self, action: Action, stamp: Stamp) -> Receipt:
        type(self).sent += 1
        raise RejectedError("the field 'colour' is not on the screen.")

    def find(self, action: Action, stamp: Stamp, sent_at: datetime) -> Finding:
        if self._tools.now() - sent_at < timedelta(seconds=60):
            raise TemporaryError("a copy may still be under way.", retry_after_seconds=60)
        return NotYet()


def test_w22_what_was_refused_for_good_is_a_dead_letter_also_where_it_has_to_settle_first() -> None:
    town = Town()
    Refusing.sent = 0
    town.elsewhere = town._works(Refusing)
    town.overdue()
    for _ in range(6):
        town.desk.advance(120)
        town.turn()
    (one,) = [one for one in town.intentions() if one.action.kind is ActionKind.CORRECT]
    assert (one.state, Refusing.sent) == (State.DEAD, 1)
    assert "not on the screen" in (one.why or "")


# -- census ----------------------------------------------------------------------------------------------------------


class Forgetful(Adapter):
    """A desk that does not tell of everything that changed, but can be counted."""

    invisible: ClassVar[set[str]] = set()
    unlisted: ClassVar[set[str]] = set()

    def census(self, since: datetime) -> Iterator[Sequence[tuple[str, int]]]:
        source = self._desk("look")
        yield [
            (ticket, source.look(ticket)["version"])
            for ticket in source.tickets()
            if source.look(ticket)["status"] != "deleted" and ticket not in self.invisible | self.unlisted
        ]

    def get(self, tickets: Sequence[str]) -> Iterator[tuple[str, Record]]:
        return super().get([one for one in tickets if one not in self.invisible])


def forgetful(world: World, *invisible: str) -> Helpdesk:
    plain = world.adapter()
    adapter: Any = Forgetful(plain._source, plain._settings, plain._tools)
    Forgetful.invisible = set(invisible)
    return replace(world.helpdesk(), adapter=adapter)


def a_dozen() -> tuple[World, list[str]]:
    world = World()
    made = [world.desk.open("Late", TEXT, requester=CUSTOMERS[n % 3]) for n in range(12)]
    world.step("pull")
    return world, made


def versions(world: World) -> dict[str, int]:
    with world.store.read() as connection:
        return {one.ticket: one.doc.complaint.version for one in complaints.listing(connection)}


def statuses(world: World) -> dict[str, Status]:
    with world.store.read() as connection:
        return {one.ticket: one.doc.complaint.status for one in complaints.listing(connection)}


def test_s16_what_reading_changes_missed_is_found_by_a_census() -> None:
    world, made = a_dozen()
    world.desk.customer_message(made[3], "And now?")
    late = world.desk.open("New", TEXT, requester=CUSTOMERS[0])
    found = census(forgetful(world), world.store, world.rules, now=world.now)
    assert (found.listed, found.behind, found.missing) == (13, 2, 0)
    assert versions(world)[made[3]] == world.desk.look(made[3])["version"]
    assert late in versions(world)


def test_what_was_deleted_without_a_word_is_found_by_a_census() -> None:
    world, made = a_dozen()
    world.desk.purge(made[5])
    found = census(forgetful(world), world.store, world.rules, now=world.now)
    assert (found.missing, found.gone) == (1, 1)
    assert statuses(world)[made[5]] is Status.DELETED


def test_s31_what_we_may_not_see_any_more_is_not_taken_for_deleted() -> None:
    world, made = a_dozen()
    found = census(forgetful(world, made[2]), world.store, world.rules, now=world.now)
    assert (found.missing, found.gone) == (1, 0)
    assert statuses(world)[made[2]] is Status.NEW
    world.desk.purge(made[2])
    found = census(forgetful(world), world.store, world.rules, now=world.now)
    assert (found.missing, found.gone) == (1, 1), (
        "what was hidden and is deleted meanwhile is found when we may see again"
    )


def test_s38_a_source_that_is_suddenly_empty_loses_nothing_until_a_person_says_so() -> None:
    world = World()
    made = [world.desk.open("Late", TEXT, requester=CUSTOMERS[n % 3]) for n in range(40)]
    world.step("pull")
    for ticket in made[:30]:
        world.desk.purge(ticket)
    found = census(forgetful(world), world.store, world.rules, now=world.now)
    assert found.refused and found.missing == 30
    assert set(statuses(world).values()) == {Status.NEW}
    believed = census(forgetful(world), world.store, world.rules, now=world.now, believe=True)
    assert believed.gone == 30


def test_what_is_stored_as_deleted_and_is_listed_is_read_again() -> None:
    world, made = a_dozen()
    world.desk.delete(made[5])
    world.step("pull")
    assert statuses(world)[made[5]] is Status.DELETED
    world.desk.restore(made[5])
    found = census(forgetful(world), world.store, world.rules, now=world.now)
    assert found.behind == 1
    assert statuses(world)[made[5]] is not Status.DELETED


def test_what_a_source_never_lists_and_has_all_the_same_is_not_missed_every_day() -> None:
    world = World()
    made = [world.desk.open("Late", TEXT, requester=CUSTOMERS[n % 3]) for n in range(40)]
    world.step("pull")
    Forgetful.unlisted = set(made[:30])
    try:
        assert census(forgetful(world), world.store, world.rules, now=world.now).refused
        second = census(forgetful(world), world.store, world.rules, now=world.now)
        assert (second.missing, second.refused) == (10, False)
        assert census(forgetful(world), world.store, world.rules, now=world.now).missing == 0
    finally:
        Forgetful.unlisted = set()
    assert set(statuses(world).values()) == {Status.NEW}


def test_what_had_changed_is_read_although_too_much_is_missing() -> None:
    world = World()
    made = [world.desk.open("Late", TEXT, requester=CUSTOMERS[n % 3]) for n in range(40)]
    world.step("pull")
    for ticket in made[:30]:
        world.desk.purge(ticket)
    world.desk.customer_message(made[35], "And now?")
    found = census(forgetful(world), world.store, world.rules, now=world.now)
    assert found.refused and found.behind == 1
    assert versions(world)[made[35]] == world.desk.look(made[35])["version"]


def test_a_census_is_due_once_a_day_and_not_before_all_was_read() -> None:
    world, _ = a_dozen()
    desk = forgetful(world)
    assert not due(desk, world.store, world.now()), "at first contact everything was read anyway"
    world.desk.advance(86_400)
    assert due(desk, world.store, world.now())
    census(desk, world.store, world.rules, now=world.now)
    assert not due(desk, world.store, world.now() + timedelta(hours=23))
    assert due(desk, world.store, world.now() + timedelta(hours=25))
    assert not due(world.helpdesk(), world.store, world.now()), "a desk that tells of everything is not counted"
    fresh = World()
    fresh.helpdesk()
    fresh.desk.advance(2 * 86_400)
    assert not due(forgetful(fresh), fresh.store, fresh.now())
