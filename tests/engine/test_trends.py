"""Several people with the same thing: found once, told once, handed to those who can remove the cause, and closed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from connector.assessment.rules import ReadSource
from connector.model import ActionKind, EntryKind, FlagKind
from connector.policy.rules import Correction, Rule
from connector.store import complaints, corrections, erasure, intentions, links, sources, tallies, trends
from connector.store.corrections import Concerned, Told
from connector.store.corrections import Correction as Kept
from connector.sync import count_from_now, pull, sweep
from connector.sync.whole_days import read_sources, whole_days
from connector.trends.effect import Verdict
from connector.trends.life import Level, State, said
from connector.trends.speaking import Alive
from connector.trends.views import Trends
from tests.engine.test_corrections import Town, notes
from tests.engine.world import START

LATE = "My parcel has still not arrived. The courier lost it. I want my money back."
WRONG = "I was charged twice for my order. This is a disgrace, I complain."
ON_TREND = Rule("trend", FlagKind.TREND, tags=("amends_trend",))
ON_UNTOLD = Rule("untold", FlagKind.UNTOLD, tags=("amends_untold",))
CAUSE = Correction("carrier", "works", FlagKind.TREND, tags=("from-trend",), owner="Ana", due_days=14)
PAST_DAYS = 77


def person(number: int) -> dict[str, Any]:
    return {
        "id": f"p{number}",
        "name": f"P {number}",
        "address": f"p{number}@example.com",
        "verified": True,
        "language": "en",
        "time_zone": "Europe/Lisbon",
    }


class Street(Town):
    """A shop with a quiet past of eleven weeks: a lost parcel every twelve days, and a wrong bill every four."""

    def __init__(self, *, corrected: bool = False, past: bool = True) -> None:
        super().__init__()
        policy = replace(self.rules.policy, rules=(ON_TREND, ON_UNTOLD), corrections=(CAUSE,) if corrected else ())
        self.rules = replace(self.rules, policy=policy)
        self.people = 0
        with self.store.write("rules") as connection:
            sources.rules_in_force(connection, self.elsewhere.id, "rules")
        for day in range(PAST_DAYS if past else 0):
            if day % 12 == 0:
                self.complain(LATE)
            if day % 4 == 0:
                self.complain(WRONG)
            self.desk.advance(86_400)

    def complain(self, text: str, who: int | None = None) -> str:
        self.people += 1
        return self.desk.open("A complaint", text, requester=person(self.people if who is None else who))

    def days(self, number: int = 1) -> None:
        for _ in range(number):
            self.desk.advance(86_400)
            self.turn()

    def jump(self) -> list[str]:
        """Six people whose parcels were lost, and the test of that day."""
        tickets = [self.complain(LATE) for _ in range(6)]
        self.days()
        return tickets

    def alive(self) -> list[Alive]:
        with self.store.read() as connection:
            return trends.alive(connection)

    def say(self, state: State) -> None:
        with self.store.write("said") as connection:
            (one,) = trends.alive(connection)
            trends.save(connection, one.number, said(one.trend, state, "Ana", "seen", self.now()))

    def flagged(self, flag: str = "trend") -> set[str]:
        with self.store.read() as connection:
            return {one.ticket for one in complaints.listing(connection, flag=flag)}

    def escalated(self) -> list[str]:
        with self.store.read() as connection:
            found = [one for one in intentions.listing(connection) if one.action.kind is ActionKind.ESCALATE]
        return sorted(one.action.ticket for one in found)

    def corrections(self) -> list[Kept]:
        with self.store.read() as connection:
            return corrections.listing(connection, closed=True)

    def concerned(self) -> list[Concerned]:
        (one,) = self.corrections()
        with self.store.read() as connection:
            return corrections.concerned(connection, one.number)

    def tell(self, state: Told, ids: list[int]) -> None:
        (one,) = self.corrections()
        with self.store.write("told") as connection:
            corrections.tell(connection, one.number, ids, state, self.now(), who="Ana")


def test_a_jump_is_an_alarm_the_next_day_and_every_complaint_in_it_is_told_once() -> None:
    street = Street()
    street.turn()
    assert street.alive() == []
    tickets = [street.complain(LATE) for _ in range(6)]
    street.turn()
    assert street.alive() == [], "a day is tested once it has ended"
    street.days()
    (one,) = street.alive()
    assert (one.trend.level, one.trend.state) == (Level.ALARM, State.OPEN)
    assert '"carrier"' in one.trend.cell and one.trend.judged.people >= 6
    assert one.trend.started_on == (START + timedelta(days=PAST_DAYS)).date()
    assert street.flagged() == set(tickets)
    street.days(3)
    assert len(street.alive()) == 1
    assert street.escalated() == sorted(tickets)
    assert all(count == 1 for count in street.effects().values())


def test_people_who_are_only_told_do_not_keep_a_trend_from_being_found() -> None:
    street = Street()
    with street.store.write("enlist") as connection:
        row = sources.enlist(connection, "contacts", "notify")
    street.told = (replace(street.elsewhere, id=row.id, name="contacts", streams=(), rules_digest="", actor=None),)
    street.turn()
    street.jump()
    assert len(street.alive()) == 1


def test_one_person_who_writes_ten_times_is_no_trend() -> None:
    street = Street()
    for _ in range(10):
        street.complain(LATE, who=7_000)
    street.days()
    assert street.alive() == []


def test_without_weeks_to_compare_with_nothing_is_said() -> None:
    street = Street(past=False)
    street.complain(WRONG)
    street.days(20)
    street.jump()
    assert street.alive() == []


def test_what_joins_a_trend_later_is_told_of_it_too_and_what_is_put_right_leaves_it() -> None:
    street = Street()
    tickets = street.jump()
    late = street.complain(LATE)
    street.turn()
    assert late in street.flagged(), "the trend is known; its complaints need not wait for the next test"
    street.desk.set(tickets[0], "status", "deleted")
    with street.store.read() as connection:
        counted = tallies.cases(connection, 0)
    assert len({case.complaint for cases in counted.values() for case in cases}) == street.people


def test_an_explained_trend_is_quiet_until_it_has_grown_by_half() -> None:
    street = Street()
    tickets = street.jump()
    street.say(State.EXPLAINED)
    street.days()
    assert street.flagged() - set(tickets) == set()
    more = [street.complain(LATE) for _ in range(2)]
    street.days()
    assert street.alive()[0].trend.state is State.EXPLAINED
    assert not street.flagged() & set(more)
    more += [street.complain(LATE) for _ in range(3)]
    street.days()
    (one,) = street.alive()
    assert (one.trend.state, one.trend.again) == (State.OPEN, 1)
    assert set(more) <= street.flagged()


def test_a_trend_is_over_after_two_quiet_weeks_and_the_next_jump_is_another() -> None:
    street = Street()
    tickets = street.jump()
    street.days(40)
    assert street.alive() == [] and street.flagged() == set()
    again = street.jump()
    (one,) = street.alive()
    assert one.number == 2
    assert street.flagged() == set(again)
    assert street.escalated() == sorted([*tickets, *again])


def test_a_daemon_that_slept_finds_the_same_trend_on_the_same_day() -> None:
    awake, asleep = Street(), Street()
    for street in (awake, asleep):
        street.turn()
        for _ in range(6):
            street.complain(LATE)
    awake.days(5)
    asleep.desk.advance(5 * 86_400)
    asleep.turn()
    (one,), (other,) = awake.alive(), asleep.alive()
    assert (one.trend.found_on, one.trend.started_on, one.trend.cell) == (
        other.trend.found_on,
        other.trend.started_on,
        other.trend.cell,
    )


def test_other_views_count_the_whole_history_anew_and_a_killed_count_goes_on() -> None:
    street = Street()
    street.turn()
    assert street.rules.trends is not None
    street.rules = replace(street.rules, trends=replace(street.rules.trends, views=(("source", "root_cause"),)))
    stops = iter([False, True])
    sweep(
        [street.helpdesk(), street.elsewhere],
        street.store,
        street.rules,
        now=street.now,
        stopping=lambda: next(stops, True),
    )
    street.turn()
    with street.store.read() as connection:
        counted = tallies.cases(connection, 0)
        assert tallies.standing(connection).counted_to is None
    assert {name.partition("source")[2][:9] for name in counted} == {'","shop"]'}
    assert max(len(cases) for cases in counted.values()) == street.people


def test_a_new_store_counts_each_complaint_as_it_comes_and_nothing_anew() -> None:
    street, other = Street(), Street()
    count_from_now(street.store, street.rules)
    for one in (street, other):
        one.pull()
    with street.store.read() as connection:
        at_once = tallies.cases(connection, 0)
        assert tallies.standing(connection).counted_to is None
    other.sweep()
    with other.store.read() as connection:
        assert tallies.cases(connection, 0) == at_once != {}


def test_a_store_with_complaints_in_it_is_counted_anew_all_the_same() -> None:
    street = Street()
    street.pull()
    with street.store.read() as connection:
        before = tallies.standing(connection)
    count_from_now(street.store, street.rules)
    with street.store.read() as connection:
        assert tallies.standing(connection) == before


@pytest.mark.parametrize("from_now", [False, True])
def test_a_first_read_in_progress_is_not_taken_for_a_jump(from_now: bool) -> None:
    street = Street()
    if from_now:
        count_from_now(street.store, street.rules)
    tickets = [street.complain(LATE) for _ in range(6)]
    street.desk.advance(86_400)
    desks = (street.helpdesk(), street.elsewhere)
    pull(desks[0], "tickets", street.store, street.rules, now=street.now, wait=lambda _seconds: None, most_pages=1)
    sweep(desks, street.store, street.rules, now=street.now)
    assert street.alive() == []
    street.turn()
    assert len(street.alive()) == 1 and street.flagged() == set(tickets)


# -- corrections -------------------------------------------------------------------------------------------------------


def test_a_trend_opens_one_ticket_and_every_complaint_in_it_hears_of_it() -> None:
    street = Street(corrected=True)
    tickets = street.jump()
    street.days(2)
    (made,) = street.works.tickets()
    assert any("Owner: Ana." in (event["text"] or "") for event in street.works.story(made))
    assert "from-trend" in street.works.look(made)["labels"]
    (one,) = street.alive()
    assert one.trend.state is State.ACTIONED
    (kept,) = street.corrections()
    assert (kept.ticket, kept.owner, kept.trend) == (made, "Ana", one.number)
    assert kept.due_on == (kept.opened_at + timedelta(days=14)).date()
    late = street.complain(LATE)
    street.days(2)
    for ticket in (*tickets, late):
        assert [f"W-{made}" in note for note in notes(street, ticket)].count(True) == 1
    assert {each.ticket for each in street.concerned()} == {*tickets, late}
    assert {each.state for each in street.concerned()} == {Told.AFFECTED}


def finished() -> Street:
    """A trend whose cause was removed a moment ago."""
    street = Street(corrected=True)
    street.jump()
    street.complain(LATE, who=street.people)  # one of the six once more
    street.days(2)
    (made,) = street.works.tickets()
    street.works.set(made, "status", "solved")
    street.days()
    return street


def test_when_the_cause_is_gone_each_person_is_to_be_told_once_and_the_circle_is_open_until_then() -> None:
    street = finished()
    by_state: dict[Told, list[Concerned]] = {}
    for each in street.concerned():
        by_state.setdefault(each.state, []).append(each)
    assert {state: len(some) for state, some in by_state.items()} == {Told.WAITING: 6, Told.WAIVED: 1}
    (spared,) = by_state[Told.WAIVED]
    assert spared.why is not None and by_state[Told.WAITING][-1].case in spared.why
    assert street.flagged("untold") == {each.ticket for each in by_state[Told.WAITING]}
    ids = [each.complaint for each in by_state[Told.WAITING]]
    street.tell(Told.APPROVED, ids[:1])
    street.days()
    assert len(street.flagged("untold")) == 6, "approved is not told"
    street.tell(Told.TOLD, ids[:4])
    street.tell(Told.WAIVED, ids[4:])
    street.days()
    assert street.flagged("untold") == set()
    assert street.corrections()[0].closed_at is None, "nobody knows yet whether it helped"


def test_a_fall_of_the_rate_after_four_weeks_closes_trend_and_correction() -> None:
    street = finished()
    street.tell(Told.TOLD, [each.complaint for each in street.concerned()])
    street.days(30)
    (kept,) = street.corrections()
    assert kept.effect is not None and kept.effect.verdict is Verdict.FELL
    assert kept.closed_at is not None
    assert street.alive() == []


def test_a_correction_that_did_not_help_opens_the_trend_again() -> None:
    street = finished()
    for _ in range(30):
        street.complain(LATE)
        street.days()
    (kept,) = street.corrections()
    assert kept.effect is not None and kept.effect.after == 28, "all of them are known by then"
    (one,) = street.alive()
    assert one.trend.state is State.OPEN and f"correction {kept.number}" in (one.trend.why or "")


def test_a_ticket_that_is_taken_up_again_takes_the_letters_back() -> None:
    street = finished()
    (made,) = street.works.tickets()
    street.works.set(made, "status", "open")
    street.days()
    assert Told.WAITING not in {each.state for each in street.concerned()}
    assert street.flagged("untold") == set()
    assert street.corrections()[0].done_at is None


def test_a_person_may_have_the_ticket_opened_by_a_rule_of_the_policy() -> None:
    street = Street(corrected=True)
    ticket = street.complain(WRONG)
    street.turn()
    with street.store.write("by hand") as connection:
        number = corrections.add(connection, "Look into it", street.now(), rule=CAUSE.id, owner="Rui")
        stored = complaints.of_tickets(connection, street.helpdesk().id, [ticket])[ticket]
        corrections.concern(connection, number, [stored.id], street.now())
    street.days(2)
    (made,) = street.works.tickets()
    (kept,) = street.corrections()
    assert (kept.number, kept.ticket, kept.owner) == (number, made, "Rui")
    with street.store.read() as connection:
        linked = links.of_complaints(connection, [stored.id])[stored.id]
    assert [one.ticket for one in linked] == [made]
    assert not any(event["kind"] == EntryKind.STAFF_REPLY for event in street.desk.story(ticket))


def without(street: Street, lagging: str) -> None:
    """One pass in which the source called `lagging` could not be read."""
    desks = (street.helpdesk(), street.elsewhere)
    street.works.now = street.desk.now
    for desk in desks:
        for stream in desk.streams if desk.name != lagging else ():
            pull(desk, stream, street.store, street.rules, now=street.now, wait=lambda _seconds: None)
    sweep(desks, street.store, street.rules, now=street.now)


def test_a_day_is_tested_only_when_every_source_was_read_beyond_it() -> None:
    street = Street()
    street.turn()
    for _ in range(6):
        street.complain(LATE)
    street.desk.advance(86_400)
    without(street, "works")
    assert street.alive() == [], "what came to the other source that day is not known"
    street.desk.advance(86_400)
    street.turn()
    (one,) = street.alive()
    assert one.trend.level is Level.ALARM


def test_a_source_that_is_behind_is_not_taken_for_a_fall_of_the_rate() -> None:
    street = Street(corrected=True)
    street.jump()
    (made,) = street.works.tickets()
    street.works.set(made, "status", "solved")
    street.days()
    street.tell(Told.TOLD, [one.complaint for one in street.concerned()])
    for _ in range(30):
        street.complain(LATE)
        street.desk.advance(86_400)
        without(street, "shop")
    (kept,) = street.corrections()
    assert kept.effect is None and kept.closed_at is None
    street.days(2)
    (kept,) = street.corrections()
    assert kept.effect is not None and kept.effect.after == 28, "all of them are known by then"


def test_when_another_complaint_speaks_for_all_no_second_ticket_is_opened() -> None:
    street = Street(corrected=True)
    older, newer = street.complain(WRONG), street.complain(WRONG)
    street.turn()
    with street.store.write("by hand") as connection:
        number = corrections.add(connection, "Look into it", street.now(), rule=CAUSE.id, owner="Rui")
        stored = complaints.of_tickets(connection, street.helpdesk().id, [older, newer])
        corrections.concern(connection, number, [stored[newer].id], street.now())
    sweep((street.helpdesk(), street.elsewhere), street.store, street.rules, now=street.now)
    with street.store.write("by hand") as connection:
        corrections.concern(connection, number, [stored[older].id], street.now())
    street.days(2)
    assert len(street.works.tickets()) == 1


def test_when_the_complaint_that_spoke_for_a_trend_is_erased_no_second_ticket_is_opened() -> None:
    street = Street(corrected=True)
    tickets = street.jump()
    street.turn()
    assert len(street.works.tickets()) == 1
    lead = str(street.alive()[0].lead).partition("/")[2]
    assert lead in tickets
    street.desk.delete(lead)
    with street.store.write("erased") as connection:
        (gone,) = complaints.of_tickets(connection, street.helpdesk().id, [lead]).values()
        one = next(each for each in erasure.tickets_of(connection, [gone.complainant_id]) if each.ticket == lead)
        erasure.erase_tickets(connection, [one])
    street.days(3)
    assert street.alive()[0].lead not in (None, f"shop/{lead}")
    assert len(street.works.tickets()) == 1


# -- people ------------------------------------------------------------------------------------------------------------


def test_several_addresses_of_one_person_count_as_one() -> None:
    street = Street()
    street.turn()
    for _ in range(6):
        street.complain(LATE)
    street.turn()
    with street.store.write("joined") as connection:
        last = "(SELECT id FROM complainant ORDER BY id DESC LIMIT 4)"
        first = f"(SELECT min(id) FROM complainant WHERE id IN {last})"
        connection.exec_driver_sql(f"UPDATE complainant SET person_id = {first} WHERE id IN {last}")
    street.days()
    assert street.alive() == [], "six complaints, and three people"


def test_what_is_erased_is_counted_nowhere_and_no_letter_of_it_stays() -> None:
    street = finished()
    before = street.concerned()
    gone = before[0]
    with street.store.write("erased") as connection:
        ticket = erasure.Ticket(gone.complaint, gone.source_id, gone.source, gone.ticket)
        rows = erasure.erase_tickets(connection, [ticket]).rows
    assert {"tally", "telling", "complaint"} <= rows.keys()
    assert len(street.concerned()) == len(before) - 1
    with street.store.read() as connection:
        counted = tallies.cases(connection, 0)
    assert gone.complaint not in {case.complaint for cases in counted.values() for case in cases}
    street.days()


def test_a_source_of_the_settings_that_could_not_be_opened_is_waited_for_as_well() -> None:
    """A daemon goes on without it, and `amends sync NAME` reads only the one that is named: it is not quiet."""
    street = Street()
    street.turn()
    works = ReadSource("works", street.elsewhere.streams[0], street.elsewhere.rules_digest)
    for _ in range(6):
        street.complain(LATE)
    street.desk.advance(86_400)
    opened = (street.helpdesk(),)
    rules = replace(street.rules, sources=(works,))
    for stream in opened[0].streams:
        pull(opened[0], stream, street.store, rules, now=street.now, wait=lambda _seconds: None)
    sweep(opened, street.store, rules, now=street.now)
    assert street.alive() == []
    with street.store.read() as connection:
        whole = whole_days(connection, read_sources(opened, rules), rules.trends or Trends(), street.now())
        row = sources.stream_row(connection, street.elsewhere.id, works.stream)
    assert row is not None
    assert (whole.waits_for, whole.since) == ("works", row.complete_at)
    unknown = ReadSource("branch", "tickets", "rules")
    with street.store.read() as connection:
        whole = whole_days(connection, (unknown,), rules.trends or Trends(), street.now())
    assert whole == (None, "branch", None)
