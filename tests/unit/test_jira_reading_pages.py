"""Reading what changed at a Jira site: nothing is missed and nothing comes twice, whatever happens between pages."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.jira import pages
from connector.adapter import Record
from connector.errors import AuthError, CursorError, TemporaryError
from connector.model import EntryKind
from sandbox.http.answers import Answer, Request
from sandbox.jira import content
from tests.unit.jira_reading import START, JiraSite, read_all, through_json, tickets

BOTH = pytest.mark.parametrize("deployment", ["cloud", "data_center"])


@BOTH
def test_all_issues_come_once_and_a_second_read_finds_nothing_new(deployment: str) -> None:
    site = JiraSite(deployment=deployment)
    opened = site.open(25, every_seconds=20)
    found, cursor = read_all(site.adapter())
    assert tickets(found) == opened
    assert [record.problem for record in found] == [None] * 25
    assert read_all(site.adapter(), cursor)[0] == []


@BOTH
def test_a_change_comes_with_the_next_read_and_alone(deployment: str) -> None:
    site = JiraSite(deployment=deployment)
    opened = site.open(10)
    _, cursor = read_all(site.adapter())
    site.clock.advance(5)
    site.jira.customer_comments(opened[3], "Still nothing")
    found, cursor = read_all(site.adapter(), cursor)
    assert tickets(found) == [opened[3]]
    assert [entry.text for entry in found[0].entries if entry.kind is EntryKind.CUSTOMER_MESSAGE] == ["Still nothing"]
    assert read_all(site.adapter(), cursor)[0] == []


def test_a_read_that_finds_nothing_new_costs_two_calls() -> None:
    site = JiraSite(page_size=100)
    site.open(5)
    _, cursor = read_all(site.adapter())
    site.wire.asked.clear()
    read_all(site.adapter(), cursor)
    assert [path for _, path in site.wire.asked] == ["/rest/api/3/myself", "/rest/api/3/search/jql"]


def test_a_page_costs_one_search_and_one_call_for_its_changelogs() -> None:
    site = JiraSite(page_size=20)
    site.open(100, every_seconds=600)
    read_all(site.adapter())
    assert len(site.wire.asked) <= 14


@BOTH
def test_s24_a_crowded_minute_comes_to_an_end(deployment: str) -> None:
    site = JiraSite(deployment=deployment)
    before, crowd, after = site.open(4, 30), site.open(40, 0), site.open(4, 120)
    assert tickets(read_all(site.adapter())[0]) == [*before, *crowd, *after]


@BOTH
@pytest.mark.parametrize("seed", range(8))
def test_s16_issues_that_move_between_pages_are_neither_lost_nor_left_at_an_old_state(
    deployment: str, seed: int
) -> None:
    site = JiraSite(deployment=deployment)
    opened = site.open(40, every_seconds=2)
    chance = random.Random(seed)

    def someone_acts() -> None:
        site.clock.advance(1)
        if chance.random() < 0.7:
            site.jira.agent_sets(chance.choice(opened[:30]), priority=chance.choice([1, 2, 4, 5]))

    site.wire.between = someone_acts
    found, cursor = read_all(site.adapter())
    site.wire.between = None
    found += read_all(site.adapter(), cursor)[0]
    seen = {int(record.ticket): record.version for record in found}
    assert seen == {number: now(site, number) for number in opened}
    assert len({(record.ticket, record.version) for record in found}) == len(found)


def now(site: JiraSite, number: int) -> int:
    return int(site.jira.issue(number).updated.timestamp() * 1000 + 0.5)


@BOTH
def test_an_issue_deleted_between_two_pages_hides_no_other(deployment: str) -> None:
    site = JiraSite(deployment=deployment)
    opened = site.open(30, every_seconds=0)
    gone: list[int] = []

    def delete_one() -> None:
        if site.searches() in (3, 5, 6):
            gone.append(opened[len(gone)])
            site.jira.delete(gone[-1])

    site.wire.between = delete_one
    found = tickets(read_all(site.adapter())[0])
    assert gone
    assert set(opened) - set(gone) <= set(found)


@BOTH
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_killed_at_any_page_a_new_process_goes_on_where_the_last_saved_page_ended(
    deployment: str, data: st.DataObject
) -> None:
    site = JiraSite(deployment=deployment)
    opened = site.open(data.draw(st.integers(0, 8)), every_seconds=data.draw(st.sampled_from([0, 7, 61])))
    opened += site.open(data.draw(st.integers(0, 12)), every_seconds=0)
    opened += site.open(data.draw(st.integers(0, 6)), every_seconds=data.draw(st.sampled_from([7, 61])))
    saved: dict[str, int] = {}
    cursor: Any = {}
    for _ in range(200):
        turns = iter(site.adapter().fetch("issues", cursor))
        page = next(turns)
        for _ in range(data.draw(st.integers(0, 2))):
            # These were read, but the process died before they were saved.
            next(turns, None)
        cursor = through_json(page)
        assert not any(saved.get(record.ticket) == record.version for record in page.records)
        saved |= {record.ticket: record.version for record in page.records}
        if page.end:
            break
    assert sorted(map(int, saved)) == sorted(opened)


def test_s22_what_the_index_learns_late_comes_with_a_later_read() -> None:
    site = JiraSite()
    opened = site.open(6)
    _, cursor = read_all(site.adapter())
    site.jira.switches.index_lag_of[opened[0]] = 300
    site.clock.advance(60)
    site.jira.agent_sets(opened[0], priority=content.HIGH)
    site.clock.advance(60)
    site.jira.agent_sets(opened[1], priority=content.HIGH)
    found, cursor = read_all(site.adapter(), cursor)
    assert tickets(found) == [opened[1]]
    site.clock.advance(300)
    found, cursor = read_all(site.adapter(), cursor)
    assert tickets(found) == [opened[0]]
    assert read_all(site.adapter(), cursor)[0] == []


def test_s22_a_read_that_goes_on_after_a_long_pause_looks_back_for_what_the_index_learnt_meanwhile() -> None:
    site = JiraSite()
    opened = site.open(8, every_seconds=20)
    site.jira.switches.index_lag_of[opened[0]] = 200
    site.jira.agent_sets(opened[0], priority=content.HIGH)
    opened += site.open(8, every_seconds=20)
    turns = iter(site.adapter().fetch("issues", {}))
    some = [next(turns) for _ in range(4)]
    site.clock.advance(3600)
    rest, cursor = read_all(site.adapter(), through_json(some[-1]))
    site.clock.advance(3600)
    rest += read_all(site.adapter(), cursor)[0]
    seen = {int(record.ticket): record.version for page in some for record in page.records}
    seen |= {int(record.ticket): record.version for record in rest}
    assert seen == {number: now(site, number) for number in opened}


def test_a_crowd_is_got_through_although_every_turn_is_short_and_the_pauses_long() -> None:
    site = JiraSite()
    opened = site.open(120, every_seconds=0)
    cursor: Any = {}
    found: list[int] = []
    for _ in range(60):
        turns = iter(site.adapter().fetch("issues", cursor))
        for page in (one for one, _ in zip(turns, range(11), strict=False)):
            found += tickets(page.records)
            cursor = through_json(page)
        site.clock.advance(400)
        if page.end:
            break
    assert sorted(found) == opened


def test_s22_what_the_index_lost_is_in_no_search_but_the_strong_read_has_it() -> None:
    site = JiraSite()
    opened = site.open(4)
    _, cursor = read_all(site.adapter())
    site.jira.index.lose_next(opened[2])
    site.clock.advance(60)
    site.jira.agent_sets(opened[2], priority=content.HIGHEST)
    assert read_all(site.adapter(), cursor)[0] == []
    [(stream, record)] = site.adapter().get([str(opened[2])])
    assert (stream, record.version) == ("issues", now(site, opened[2]))


def test_the_census_lists_what_is_unfinished_or_changed_lately() -> None:
    site = JiraSite(page_size=2)
    old_open, old_done, new_done = site.open(1), site.open(1), None
    site.jira.agent_sets(old_done[0], status=content.RESOLVED)
    site.clock.advance(86400 * 3)
    new_done = site.open(1)
    site.jira.agent_sets(new_done[0], status=content.RESOLVED)
    site.jira.switches.page_size = 1
    listed = [one for portion in site.adapter().census(START + timedelta(days=2)) for one in portion]
    assert listed == [(str(old_open[0]), now(site, old_open[0])), (str(new_done[0]), now(site, new_done[0]))]


def test_s17_a_page_token_that_ended_begins_the_run_again_without_doubling() -> None:
    site = JiraSite()
    opened = site.open(20, every_seconds=0)
    turns = iter(site.adapter().fetch("issues", {}))
    first, second = next(turns), next(turns)
    site.clock.advance(8 * 86400)
    rest, _ = read_all(site.adapter(), through_json(second))
    assert tickets([*first.records, *second.records, *rest]) == opened


def test_a_site_that_takes_no_page_token_at_all_says_so() -> None:
    site = JiraSite()
    site.open(20, every_seconds=0)
    site.jira.switches.tokens_refused = True
    with pytest.raises(CursorError):
        read_all(site.adapter())


@pytest.mark.parametrize("cursor", [{"from": "yesterday"}, {"known": 7}, {"from": "2026-01-01T10:00"}, {"run": []}])
def test_what_is_no_cursor_of_ours_is_refused(cursor: dict[str, Any]) -> None:
    with pytest.raises(CursorError):
        read_all(JiraSite().adapter(), cursor)


def test_a_first_read_may_begin_at_a_day() -> None:
    site = JiraSite()
    site.open(3)
    site.clock.advance(86400)
    late = site.open(3)
    adapter = site.adapter()
    assert tickets(read_all(adapter, adapter.start("issues", START + timedelta(hours=23)))[0]) == late


@pytest.mark.parametrize(
    "zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago", "Asia/Kolkata", "Etc/GMT+12", "America/St_Johns"]
)
def test_the_zone_of_our_user_hides_nothing(zone: str) -> None:
    site = JiraSite()
    site.jira.set_zone(zone)
    opened = site.open(10, every_seconds=45)
    found, cursor = read_all(site.adapter())
    site.clock.advance(3600)
    late = site.open(5, every_seconds=45)
    found += read_all(site.adapter(), cursor)[0]
    assert tickets(found) == [*opened, *late]


@pytest.mark.parametrize("later_fold", [False, True])
def test_s47_the_hour_that_comes_twice_hides_nothing(later_fold: bool) -> None:
    site = JiraSite()
    site.jira.set_zone("Europe/Berlin")
    site.jira.switches.later_fold = later_fold
    site.clock.advance((START.replace(month=10, day=24, hour=22) - START).total_seconds())
    opened: list[int] = []
    cursor: Any = {}
    found: list[Record] = []
    for _ in range(30):  # 00:00 summer time to 05:00 winter time
        opened += site.open(2, every_seconds=300)
        news, cursor = read_all(site.adapter(), cursor)
        found += news
    assert tickets(found) == opened


def test_the_zone_may_change_between_two_reads_and_inside_a_run() -> None:
    site = JiraSite()
    site.jira.set_zone("Pacific/Kiritimati")
    opened = site.open(20, every_seconds=5)
    turns = iter(site.adapter().fetch("issues", {}))
    some = [next(turns), next(turns)]
    site.jira.set_zone("Pacific/Pago_Pago")
    rest, cursor = read_all(site.adapter(), through_json(some[1]))
    assert tickets([*some[0].records, *some[1].records, *rest]) == opened
    site.clock.advance(60)
    late = site.open(2)
    assert tickets(read_all(site.adapter(), cursor)[0]) == late


@pytest.mark.parametrize("skew", [-7200, 7200])
def test_s23_a_clock_that_differs_from_ours_hides_nothing(skew: int) -> None:
    site = JiraSite()
    site.jira.switches.skew_seconds = skew
    opened = site.open(10, every_seconds=30)
    found, cursor = read_all(site.adapter())
    opened += site.open(10, every_seconds=30)
    found += read_all(site.adapter(), cursor)[0]
    assert tickets(found) == opened


def test_an_issue_of_the_far_future_does_not_hide_what_is_to_come() -> None:
    site = JiraSite()
    with site.jira.at(START + timedelta(days=9000)):
        slip = int(site.jira.customer_opens("Imported", "With a slip in its date"))
    opened = site.open(5)
    found, cursor = read_all(site.adapter())
    assert sorted(tickets(found)) == sorted([slip, *opened])
    site.clock.advance(3600)
    late = site.open(2)
    assert tickets(read_all(site.adapter(), cursor)[0]) == late


@pytest.mark.parametrize("skew", [-7200, 0, 7200])
@pytest.mark.parametrize("ahead", [3, 60, 1200])
def test_an_issue_dated_some_minutes_or_hours_ahead_does_not_hide_what_is_to_come(ahead: int, skew: int) -> None:
    site = JiraSite()
    site.jira.switches.skew_seconds = skew
    with site.jira.at(START + timedelta(minutes=ahead)):
        slip = int(site.jira.customer_opens("Imported", "From a machine whose clock is wrong"))
    opened = site.open(5)
    found, cursor = read_all(site.adapter())
    assert sorted(tickets(found)) == sorted([slip, *opened])
    site.clock.advance(660)
    late = site.open(2)
    found, cursor = read_all(site.adapter(), cursor)
    assert tickets(found) == late
    assert read_all(site.adapter(), cursor)[0] == []


@BOTH
@pytest.mark.parametrize("page_size", [1, 2, 10])
@pytest.mark.parametrize("overlap_minutes", [0, 10])
@pytest.mark.parametrize("touched", [[3], [0, 1, 2], [9], [8, 9, 10], [59], list(range(0, 60, 7))])
def test_an_issue_shown_as_it_is_now_at_its_old_place_makes_no_read_jump_over_what_is_between(
    deployment: str, page_size: int, touched: list[int], overlap_minutes: int
) -> None:
    site = JiraSite(deployment=deployment, page_size=page_size, overlap_minutes=overlap_minutes)
    opened = site.open(60, every_seconds=86400)
    site.clock.advance(3600)
    site.jira.switches.live_bodies = True
    site.jira.switches.index_lag_seconds = 300
    for place in touched:
        site.jira.agent_sets(opened[place], priority=content.HIGH)
    found, cursor = read_all(site.adapter())
    site.clock.advance(600)
    found += read_all(site.adapter(), cursor)[0]
    assert {int(record.ticket): record.version for record in found} == {number: now(site, number) for number in opened}


@given(
    times=st.lists(st.integers(0, 50), min_size=2, max_size=20).map(sorted),
    moved=st.sets(st.integers(0, 19)),
    moving=st.integers(20, 60),
)
def test_how_far_a_page_got_is_never_later_than_its_last_place(times: list[int], moved: set[int], moving: int) -> None:
    told = [100 if place in moved else time for place, time in enumerate(times)]
    got = pages.settled_at(told, moving)
    assert got is None or got <= times[-1]
    if any(time <= moving for time in told):
        assert got is not None


@pytest.mark.parametrize(("status", "raised"), [(500, 1), (502, 1), (403, 0), (400, 0)])
def test_one_issue_that_cannot_be_completed_is_told_with_a_problem_and_holds_nothing_up(
    status: int, raised: int
) -> None:
    site = JiraSite(deployment="data_center", service_desk=True, page_size=10)
    opened = site.open(30)
    for number in opened:
        site.jira.agent_comments(number, "We look into it")
    bad = opened[12]
    site.wire.instead = lambda asked, answer: (
        Answer(status, b'{"errorMessages":["no"]}') if asked.path.endswith(f"/issue/{bad}/comment") else answer
    )
    adapter = site.adapter()
    cursor: Any = {}
    found: list[Record] = []
    for _ in range(raised):
        with pytest.raises(TemporaryError):
            for page in adapter.fetch("issues", cursor):
                found += page.records
                cursor = through_json(page)
    rest, cursor = read_all(adapter, cursor)
    found += rest
    assert sorted(tickets(found)) == opened
    assert [int(record.ticket) for record in found if record.problem] == [bad]
    site.wire.instead = lambda _asked, answer: answer
    healed = [record for record in read_all(adapter, cursor)[0] if record.problem is None]
    assert tickets(healed) == ([bad] if raised else []), "what may pass is looked at again while it is near"


def test_an_outage_of_what_completes_issues_puts_none_aside() -> None:
    site = JiraSite(deployment="data_center", service_desk=True, page_size=10)
    opened = site.open(10)
    for number in opened:
        site.jira.agent_comments(number, "We look into it")
    site.wire.instead = lambda asked, answer: Answer(500, b"{}") if asked.path.endswith("/comment") else answer
    adapter = site.adapter()
    for _ in range(6):
        with pytest.raises(TemporaryError):
            read_all(adapter)
    site.wire.instead = lambda _asked, answer: answer
    assert [record.problem for record in read_all(adapter)[0]] == [None] * 10


def test_comments_that_are_refused_everywhere_are_a_matter_of_rights() -> None:
    site = JiraSite(deployment="data_center", service_desk=True, page_size=10)
    for number in site.open(10):
        site.jira.agent_comments(number, "We look into it")
    site.jira.switches.forbidden = "/comment$"
    with pytest.raises(AuthError):
        read_all(site.adapter())


def test_changelogs_in_bulk_that_fail_again_are_asked_for_one_by_one() -> None:
    site = JiraSite()
    opened = site.open(3)
    site.jira.agent_sets(opened[1], priority=content.HIGH)
    site.wire.instead = lambda asked, answer: Answer(500, b"{}") if "changelog/bulk" in asked.path else answer
    adapter = site.adapter()
    with pytest.raises(TemporaryError):
        read_all(adapter)
    found, _ = read_all(adapter)
    assert sorted(tickets(found)) == opened
    assert sum(entry.id.startswith("change:") for record in found for entry in record.entries) == 1


@BOTH
@pytest.mark.parametrize("seed", range(4))
def test_a_crowd_larger_than_what_is_remembered_of_it_is_read_whole_by_small_cursors(
    deployment: str, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("MOST_MET", 30), ("MARGIN", 15), ("MOST_KNOWN", 30)):
        monkeypatch.setattr(pages, name, value)
    site = JiraSite(deployment=deployment)
    opened = site.open(150, every_seconds=0)
    chance = random.Random(seed)

    def someone_acts() -> None:
        if chance.random() < 0.4:
            site.jira.agent_sets(chance.choice(opened), priority=chance.choice([1, 2, 4, 5]))

    site.wire.between = someone_acts
    cursor: Any = {}
    found: list[Record] = []
    for page in site.adapter().fetch("issues", cursor):
        found += page.records
        cursor = through_json(page)
        assert len(cursor["known"]) <= 40
        assert len(cursor.get("run", {}).get("met", ())) <= 40
    site.wire.between = None
    found += read_all(site.adapter(), cursor)[0]
    seen: dict[int, int] = {}
    for record in found:
        seen[int(record.ticket)] = max(record.version, seen.get(int(record.ticket), -1))
    assert seen == {number: now(site, number) for number in opened}


def test_comments_that_the_search_left_out_are_completed() -> None:
    site = JiraSite()
    number = site.open(1)[0]
    for count in range(45):
        site.jira.customer_comments(number, f"Message {count}")
    site.jira.switches.comment_page = 20
    [record], _ = read_all(site.adapter())
    said = [entry.text for entry in record.entries if entry.kind is EntryKind.CUSTOMER_MESSAGE]
    assert said == [f"Message {count}" for count in range(45)]


@pytest.mark.parametrize("style", ["millis", "seconds", "text"])
def test_long_changelogs_come_whole_and_their_times_are_right(style: str) -> None:
    site = JiraSite()
    number = site.open(1)[0]
    site.jira.switches.bulk_times = style  # type: ignore[assignment]
    for count in range(30):
        site.clock.advance(60)
        site.jira.agent_sets(number, priority=[content.HIGH, content.LOW][count % 2])
    site.jira.switches.changelog_page = 7
    [record], _ = read_all(site.adapter())
    changes = [entry for entry in record.entries if entry.kind is EntryKind.PRIORITY and entry.id.startswith("change:")]
    assert [entry.value for entry in changes] == ["High", "Low"] * 15
    assert [entry.occurred_at for entry in changes] == [one.created for one in site.jira.issue(number).histories]


@pytest.mark.parametrize("embedded", [100, 3])
def test_a_site_without_changelogs_in_bulk_is_read_issue_by_issue(embedded: int) -> None:
    site = JiraSite()
    site.jira.switches.no_bulk_changelog = True
    site.jira.switches.embedded_changelog = embedded
    opened = site.open(7, every_seconds=100)
    for number in opened:
        for priority in (1, 2, 4, 5, 3):
            site.jira.agent_sets(number, priority=priority)
    found, _ = read_all(site.adapter())
    assert sorted(tickets(found)) == opened
    assert {sum(entry.id.startswith("change:") for entry in record.entries) for record in found} == {5}
    assert sum("changelog/bulkfetch" in path for _, path in site.wire.asked) == 1


def test_s34_an_issue_that_cannot_be_read_is_yielded_with_a_problem_and_the_page_goes_on() -> None:
    site = JiraSite(page_size=100)
    opened = site.open(5)

    def spoil(asked: Request, answer: Answer) -> Answer:
        name = site.jira.issue(opened[2]).updated.strftime("%S")
        if not asked.path.endswith("/search/jql") or not name:
            return answer
        return Answer(200, answer.payload.replace(b'"Case 2"', b'"Case 2"},"fields":7,"x":{"y":1', 1))

    site.wire.instead = spoil
    found, _ = read_all(site.adapter())
    problems = {int(record.ticket): record.problem for record in found if record.problem}
    assert set(problems) == {opened[2]}
    assert len(found) == 5


def test_a_page_that_breaks_off_is_temporary() -> None:
    site = JiraSite()
    site.open(5)
    site.wire.instead = lambda asked, answer: (
        Answer(200, answer.payload[:-20]) if asked.path.endswith("/search/jql") else answer
    )
    with pytest.raises(TemporaryError):
        read_all(site.adapter())


def test_s30_a_moved_issue_keeps_its_id_and_is_read_where_it_is_now() -> None:
    site = JiraSite(projects=[content.CARE, content.SHOP])
    number = site.open(1)[0]
    _, cursor = read_all(site.adapter())
    site.clock.advance(60)
    site.jira.move_to(number, content.SHOP)
    [record], _ = read_all(site.adapter(), cursor)
    assert record.ticket == str(number)
    assert (record.fields or {})["key"].startswith("SHOP-")
    assert [entry.value for entry in record.entries if entry.field == "key"] == [site.jira.issue(number).key]
