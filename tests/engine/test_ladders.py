"""An escalation reaches somebody: step by step, once each, until a person takes the complaint on."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from itertools import pairwise

import pytest
from msgspec.structs import replace

from connector.model import ActionKind, Mode
from connector.policy.contacts import Away, Contacts, Post
from connector.policy.ladder import Ladder, Step
from connector.policy.rules import DIGEST
from connector.policy.taken import Ack
from connector.store import Store, acks, complaints, intentions, sources
from connector.store.intentions import State
from connector.sync import sweep
from tests.engine.switchboard import (
    AT_ONCE,
    LATE,
    LEAD,
    MANAGER,
    MINUTE,
    NIGHT,
    OFFICER,
    RULES,
    Switchboard,
    contact,
    stages,
)
from tests.engine.world import CUSTOMERS

NAMES = ("lena", "max", "olga", "nora", "rui")


@pytest.fixture(autouse=True)
def addresses(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in NAMES:
        monkeypatch.setenv(f"TELL_{name.upper()}", name)
    yield


class Office:
    """Open from nine to five, every day."""

    def working_seconds(self, start: datetime, end: datetime) -> int:
        return int((end - start).total_seconds()) if 9 <= start.hour < 17 else 0

    def add_working_seconds(self, start: datetime, seconds: int) -> datetime:
        day = start if start.hour < 9 else start + timedelta(days=1)
        return day.replace(hour=9, minute=0, second=0, microsecond=0) + timedelta(seconds=seconds)


def test_nobody_answers_so_lead_manager_and_officer_are_told_one_after_the_other_and_the_last_again() -> None:
    here = Switchboard()
    here.late()
    here.work(400)
    assert here.told() == ["lena", "max", "olga", "olga", "olga"]
    times = [one.at for one in here.heard]
    pauses = [round((after - before) / MINUTE) for before, after in pairwise(times)]
    assert pauses == [30, 60, 60, 120]


def test_each_step_is_told_once_whatever_is_read_and_swept_again() -> None:
    here = Switchboard()
    ticket = here.late()
    here.work()
    for _ in range(5):
        here.desk.label(ticket, ["seen"])
        here.work()
    assert here.told() == ["lena"]
    keys = [one.action.key for one in here.intentions()]
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize("sign", ["reply", "owner", "tag", "ack"])
def test_a_person_who_takes_it_on_stops_the_ladder(sign: str) -> None:
    here = Switchboard()
    ticket = here.late()
    here.work(5)
    assert here.told() == ["lena"]
    if sign == "reply":
        here.desk.staff_reply(ticket, "I am on it, and will call you today.")
    elif sign == "owner":
        here.desk.set(ticket, "owner", "ana")
    elif sign == "tag":
        here.desk.label(ticket, ["amends_ack"])
    else:
        with here.store.write("ack") as connection:
            stored = complaints.of_tickets(connection, here.helpdesk().id, [ticket])[ticket]
            acks.add(connection, stored.id, Ack(here.now(), "lena"), here.now())
    here.work(300)
    assert here.told() == ["lena"]


def test_w12_what_we_do_ourselves_is_no_sign_that_somebody_sees_to_it() -> None:
    here = Switchboard()
    here.late()
    here.work(31)
    done = [one for one in here.intentions() if one.action.kind is ActionKind.ESCALATE and one.state is State.DONE]
    assert done, "our own note and tag are on the ticket"
    assert here.told() == ["lena", "max"]


def test_w19_a_step_that_waited_is_dropped_when_somebody_takes_the_complaint_on_before_it_leaves() -> None:
    here = Switchboard()
    ticket = here.late()
    with here.store.write("pause") as connection:
        sources.pause(connection, here.now(), "by hand")
    here.work(1)
    assert not here.heard
    here.desk.staff_reply(ticket, "I am on it.")
    here.work(1)
    with here.store.write("resume") as connection:
        sources.resume(connection)
    here.work(2)
    assert not here.heard
    assert [one.state for one in here.notices()] == [State.CANCELLED]


def test_an_old_acknowledgement_does_not_stop_the_ladder_of_the_next_episode() -> None:
    here = Switchboard()
    ticket = here.desk.open("Late", LATE, requester=CUSTOMERS[0])
    here.desk.advance(3600)
    here.desk.label(ticket, ["amends_ack"])
    here.desk.staff_reply(ticket, "We look into it.")
    here.work()
    here.desk.advance(3600)
    here.desk.customer_message(ticket, "And? I want my money back.")
    here.desk.advance(80 * 3600)
    here.work()
    assert "lena" in here.told(), "what became overdue after that is told"


def test_an_emergency_leaves_with_the_next_sweep_by_night_and_steps_up_every_ten_minutes() -> None:
    asleep = [replace(one, hours=Office()) for one in (LEAD, MANAGER, OFFICER, NIGHT)]
    here = Switchboard(*asleep)
    here.desk.advance(14 * 3600)  # eleven at night
    here.fire()
    stored_at = here.now()
    here.work(11)
    assert here.told()[:2] == ["nora", "max"]
    assert here.heard[0].at - stored_at <= MINUTE
    assert here.heard[0].title.startswith("Emergency")


def test_whatever_can_wait_waits_for_the_hours_of_whoever_is_told() -> None:
    here = Switchboard(*(replace(one, hours=Office()) for one in (LEAD, MANAGER, OFFICER, NIGHT)))
    here.desk.open("Late", LATE, requester=CUSTOMERS[0])
    here.desk.advance(30 * 3600)  # the next afternoon, then on into the evening
    here.desk.advance(6 * 3600)
    here.work()
    assert not here.heard
    here.desk.advance(12 * 3600)
    here.work()
    assert here.told() == ["lena"]
    assert here.heard[0].at.hour == 9


def test_whoever_is_away_is_stood_in_for() -> None:
    lena = replace(LEAD, deputy="rui", away=(Away(date(2026, 3, 1), date(2026, 3, 20)),))
    here = Switchboard(lena, contact("rui", Post.AGENT), MANAGER, OFFICER, NIGHT)
    here.late()
    here.work()
    assert here.told() == ["rui"]


def test_a_role_that_nobody_holds_just_now_is_passed_over_at_once() -> None:
    lena = replace(LEAD, away=(Away(date(2026, 3, 1), date(2026, 3, 20)),))
    here = Switchboard(lena, MANAGER, OFFICER, NIGHT)
    here.late()
    here.work(1)
    assert here.told() == ["max"]


def test_whoever_was_told_before_is_told_again_rather_than_another_of_the_same_role() -> None:
    first, second = contact("lena", Post.LEAD), contact("rui", Post.LEAD, languages=("pt",))
    twice = Ladder("usual", (Step(("lead",)), Step(("lead",), 10 * MINUTE)), most=0)
    here = Switchboard(first, second, NIGHT, MANAGER, ladders={"usual": twice, "at-once": replace(twice, name="x")})
    here.late()
    here.work(11)
    assert here.told() == ["lena", "lena"]


def test_w25_a_contact_who_cannot_be_reached_is_tried_again_and_then_the_next_step_comes_at_once() -> None:
    here = Switchboard()
    here.answer = lambda address: address != "nora"
    here.fire()
    here.work(8)
    assert here.told() == ["max"]
    assert here.heard[0].at - here.notices()[0].created_at < 8 * MINUTE, "before the ten minutes of the ladder"
    assert here.notices()[0].state is State.DEAD


def test_w22_one_broken_channel_holds_nobody_else_back() -> None:
    here = Switchboard()
    here.answer = lambda address: address != "lena"
    for _ in range(4):
        here.late()
    here.fire()
    here.work()
    assert here.told() == ["nora"]


def test_the_second_address_is_taken_where_the_first_takes_nothing() -> None:
    lena = replace(LEAD, reach=("env:TELL_RUI", "env:TELL_LENA"))
    here = Switchboard(lena, MANAGER, OFFICER, NIGHT)
    here.answer = lambda address: address != "rui"
    here.late()
    here.work()
    assert here.told() == ["lena"]
    assert here.notices()[0].receipt == {"contact": "lena", "address": 2}


def test_w26_in_a_flood_the_first_twenty_go_and_the_others_together() -> None:
    here = Switchboard(digest_over=20)
    for number in range(50):
        here.desk.open(
            "Late", LATE, requester={**CUSTOMERS[0], "id": f"x{number}", "address": f"x{number}@example.com"}
        )
    here.desk.advance(26 * 3600)
    here.work()
    assert here.told().count("lena") == 20
    assert len(here.notices(State.FOLDED)) == 30
    here.work(12)
    mail = [one for one in here.heard if one.address == "lena"]
    assert len(mail) == 21
    assert mail[-1].title == "Many complaints at once: 30 of them, in one message."
    assert mail[-1].text.count("shop/") == 30


def flooded(here: Switchboard, number: int, begin: int = 0) -> None:
    """So many people whose complaints nobody has answered for a day."""
    for name in range(begin, begin + number):
        here.desk.open("Late", LATE, requester={**CUSTOMERS[0], "id": f"x{name}", "address": f"x{name}@example.com"})
    here.desk.advance(26 * 3600)


def test_what_a_slow_sweep_folds_into_a_digest_that_has_left_is_told_with_the_next_one() -> None:
    here = Switchboard(digest_over=1)
    flooded(here, 3)
    here.work()
    late, begun = here.fire("My lamp broke in a shower of sparks, and my sofa burns."), here.now()
    here.policy(rules=(*RULES[1:], replace(RULES[0], ladder="usual")))
    here.step("pull")
    here.desk.advance(600)
    here.push()
    assert here.heard[-1].title.startswith("Many complaints at once: 2 of them")
    sweep([here.helpdesk(), here.people()], here.store, here.rules, now=lambda: begun)
    here.desk.advance(600)
    here.push()
    assert (
        here.heard[-1].title.startswith("Many complaints at once: 1 of them") and f"shop/{late}" in here.heard[-1].text
    )


def test_where_a_person_has_to_approve_a_flood_they_approve_its_digest_and_it_tells_all() -> None:
    here = Switchboard(mode=Mode.APPROVE, digest_over=1)
    flooded(here, 5)
    here.work(3)
    assert [one.state for one in here.notices()].count(State.FOLDED) == 4
    (digest,) = [one for one in here.notices(State.HELD) if one.action.rule == DIGEST]
    with here.store.write("approve") as connection:
        intentions.move(connection, digest, State.PENDING, here.now(), next_at=here.now(), anew=True)
    here.work(12)
    (heard,) = here.heard
    assert heard.title == "Many complaints at once: 4 of them, in one message."
    assert heard.text.count("shop/") == 4


def test_what_was_settled_before_its_digest_left_is_not_told_in_it() -> None:
    here = Switchboard(digest_over=1)
    flooded(here, 4)
    here.work()
    (one, *_) = here.notices(State.FOLDED)
    here.desk.staff_reply(one.action.ticket.partition("/")[2], "I am on it.")
    here.work(12)
    assert here.heard[1].title.startswith("Many complaints at once: 2 of them")


def test_a_digest_that_reached_nobody_counts_as_told_to_nobody() -> None:
    slow = Ladder("usual", (Step(("lead",)), Step(("manager",), timedelta(hours=6))))
    here = Switchboard(digest_over=1, ladders={"usual": slow, "at-once": AT_ONCE})
    flooded(here, 4)
    here.work()
    here.answer = lambda address: address != "lena"
    here.work(45)
    (digest, *_) = [one for one in here.notices() if one.action.rule == DIGEST]
    assert digest.state is State.DEAD
    here.work(1)
    assert here.told().count("max") >= 1, "so the next step comes at once"


def test_an_emergency_is_not_held_back_by_a_flood() -> None:
    night = replace(NIGHT, post=Post.LEAD, id="lena", reach=LEAD.reach)
    here = Switchboard(night, contact("nora", Post.EMERGENCY, reach=LEAD.reach), MANAGER, OFFICER, digest_over=1)
    for _ in range(5):
        here.late()
    here.work()
    here.fire()
    here.work()
    assert "Emergency" in here.heard[-1].title


def test_in_shadow_mode_the_ladder_is_written_down_and_nobody_hears() -> None:
    here = Switchboard(mode=Mode.SHADOW)
    here.late()
    here.work(120)
    assert not here.heard
    assert [one.action.effect.notice.contact for one in here.notices()] == ["lena", "max", "olga"]  # type: ignore[union-attr]
    assert {one.state for one in here.notices()} == {State.SHADOW}


def test_where_a_person_has_to_approve_the_ladder_waits_for_them() -> None:
    here = Switchboard(mode=Mode.APPROVE)
    here.late()
    here.work(120)
    assert not here.heard
    assert [one.state for one in here.notices()] == [State.HELD]


def test_a_daemon_that_slept_tells_the_first_step_and_not_all_of_them_at_once() -> None:
    here = Switchboard()
    here.late()
    here.desk.advance(48 * 3600)
    here.work(5)
    assert set(here.told()) == {"lena"}, "of the first reply and of the resolution, which are both overdue by now"


def test_w05_killed_anywhere_while_it_tells_people_it_tells_nobody_twice() -> None:
    for seam in range(1, 60):
        here = Switchboard()
        here.late()
        here.step("pull")
        here.step("sweep")
        here.die_at = here.seams + seam
        here.step("push")
        survived = here.die_at is not None
        here.die_at = None
        here.work(3)
        (notice,) = here.notices()
        # Parked where it died between announcing the call and noting the answer: nobody can tell whether it went out.
        assert here.told().count("lena") <= 1, f"killed at seam {seam}"
        assert here.told() or notice.state is State.PARKED, f"killed at seam {seam}"
        if survived:
            return
    raise AssertionError("the push has no end")


def test_killed_while_the_channel_takes_it_an_emergency_is_told_again_and_says_so() -> None:
    from tests.engine.world import KilledError

    here = Switchboard()
    here.fire()

    def dies(_address: str) -> bool:
        here.answer = lambda _address: True
        raise KilledError

    here.answer = dies
    here.work(2)
    assert here.told() == ["nora"]
    assert "not certain that it reached you" in here.heard[0].text


def test_killed_while_the_channel_takes_it_what_can_wait_is_left_to_a_person_and_the_next_step() -> None:
    from tests.engine.world import KilledError

    here = Switchboard()
    here.late()

    def dies(_address: str) -> bool:
        here.answer = lambda _address: True
        raise KilledError

    here.answer = dies
    here.work(2)
    assert not here.heard
    assert [one.state for one in here.notices()] == [State.PARKED]
    here.work(31)
    assert here.told() == ["max"]


def test_each_stage_of_a_complaint_is_told_once_to_whom_the_policy_names() -> None:
    here = Switchboard(
        rules=RULES[:1], stages=stages(received=("lead",), answered=("manager",), closed=("complaints_officer",))
    )
    ticket = here.desk.open("Late", LATE, requester=CUSTOMERS[0])
    here.work(2)
    assert here.told() == ["lena"]
    here.desk.staff_reply(ticket, "Sorry, it is on its way.")
    here.work(2)
    here.desk.set(ticket, "status", "solved")
    here.work(2)
    assert here.told() == ["lena", "max", "olga"]
    assert "See that" not in here.heard[2].text


def test_an_emergency_in_what_may_be_no_complaint_is_told_all_the_same() -> None:
    here = Switchboard()
    here.desk.open("Question", "Is it normal that the battery of my phone is smoking and the plug is on fire?")
    here.work(1)
    assert here.told() == ["nora"]


def test_a_notice_holds_no_word_of_the_customer_and_fits_on_a_screen() -> None:
    here = Switchboard()
    here.fire("The kettle caught fire. My name is Maria Silva, call me at 020 7946 0000.")
    here.work(1)
    told = here.heard[0]
    assert len(told.text.splitlines()) <= 15
    assert "amends ack shop/1" in told.text
    for word in ("Maria", "7946", "kettle"):
        assert word not in told.text + told.title


def test_a_contact_taken_out_of_the_settings_is_not_told_any_more() -> None:
    here = Switchboard()
    here.late()
    here.step("pull")
    here.step("sweep")
    here.policy(contacts=Contacts((MANAGER, OFFICER, NIGHT), Mode.LIVE))
    here.step("push")
    assert here.told() == []
    assert here.notices()[0].state is State.CANCELLED


def test_what_was_on_its_way_to_a_contact_who_was_taken_out_since_is_settled() -> None:
    from tests.engine.world import KilledError

    here = Switchboard()
    here.late()

    def dies(_address: str) -> bool:
        raise KilledError

    here.answer = dies
    for verb in ("pull", "sweep", "push"):
        here.step(verb)
    assert here.notices()[0].state is State.SENDING
    here.answer = lambda _address: True
    here.policy(contacts=Contacts((MANAGER, OFFICER, NIGHT), Mode.LIVE))
    here.work(2)
    assert here.notices()[0].state is State.PARKED, "it may have reached them, and a person decides"


def test_what_was_wrong_with_telling_people_is_over_when_it_works_again() -> None:
    here = Switchboard()
    people = here.people()
    with here.store.write("failed") as connection:
        sources.failed(connection, people.id, here.now(), "a fault", here.now() + timedelta(minutes=15))
    here.push()
    with here.store.read() as connection:
        row = sources.by_name(connection, people.name)
    assert row is not None and row.last_error is None and row.parked_until is None


def test_w10_two_sweeps_at_the_same_moment_tell_one_step_once() -> None:
    here = Switchboard()
    here.late()
    here.step("pull")
    desks = [here.helpdesk(), here.people()]
    other = Store(f"sqlite:///{here.folder / 'amends.db'}").open()
    gate = threading.Barrier(2)

    def decide(store: Store) -> None:
        gate.wait(10)
        sweep(desks, store, here.rules, now=here.now)

    threads = [threading.Thread(target=decide, args=(store,)) for store in (here.store, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    here.step("push")
    assert here.told() == ["lena"]


def test_w11_an_emergency_that_comes_and_goes_is_told_once() -> None:
    here = Switchboard()
    ticket = here.fire()
    here.work(1)
    for status in ("solved", "open", "solved", "open"):
        here.desk.set(ticket, "status", status)
        here.work(1)
    assert here.told().count("nora") == 1


def test_w23_after_an_outage_of_all_channels_what_is_settled_by_then_is_not_told() -> None:
    here = Switchboard()
    here.answer = lambda _address: False
    ticket = here.late()
    here.work(1)
    here.desk.staff_reply(ticket, "I am on it.")
    here.work(1)
    here.answer = lambda _address: True
    here.work(30)
    assert here.told() == []
    assert {one.state for one in here.notices()} == {State.CANCELLED}


def test_an_emergency_goes_before_whatever_waits_for_a_dead_channel() -> None:
    here = Switchboard()
    seen: list[str] = []

    def asked(address: str) -> bool:
        seen.append(address)
        if len(seen) == 1:
            here.fire()
            here.step("pull")
            here.step("sweep")
        return address == "nora"

    here.answer = asked
    for _ in range(6):
        here.late()
    here.work()
    assert seen[1] == "nora", "not after the five others"
