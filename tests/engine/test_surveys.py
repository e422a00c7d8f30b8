"""Surveys that are welcome: whom we ask, how often, and what becomes of a bad answer (fault cases W15, W17 to W19)."""

from __future__ import annotations

from base64 import b64encode
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from msgspec.structs import replace

from adapters.memory import Adapter, Moment
from connector.adapter import Stamp
from connector.errors import RejectedError, TemporaryError
from connector.mapping import words
from connector.model import Action, ActionKind, Answer, Effect, FlagKind
from connector.policy.answers import PAGE, SOURCE, satisfaction
from connector.policy.survey import LINK
from connector.store import archive, complaints, erasure, figures, intentions, surveys
from connector.store.figures import A_BLOCK, SIZE
from connector.store.intentions import Intention, State
from connector.survey_key import SurveyLinks
from connector.sync.veil import veiled
from tests.engine.test_faults_writeback_decisions import TEXT, of_kind, one_of
from tests.engine.world import CUSTOMERS, START, World
from tests.unit.test_survey_page import PAGE as OUR_PAGE

DAY = 86_400


def a_person_with(count: int, text: str = TEXT, requester: dict[str, Any] = CUSTOMERS[0]) -> tuple[World, list[str]]:
    """`count` complaints of one person, all resolved on a Monday at noon, a day ago; their surveys are intended."""
    world = World()
    tickets = [world.desk.open(f"Late {number}", text, requester=requester) for number in range(count)]
    world.desk.advance(3 * 3600)
    for ticket in tickets:
        world.desk.staff_reply(ticket, "Sorry. The money is on its way.")
        world.desk.set(ticket, "status", "solved")
    world.desk.advance(3600)
    for verb in ("pull", "sweep"):
        world.step(verb)
    world.desk.advance(DAY)
    for verb in ("pull", "sweep"):
        world.step(verb)
    return world, tickets


def asked(world: World) -> list[Intention]:
    return of_kind(world, ActionKind.SURVEY)


def with_survey(world: World, **changes: Any) -> None:
    policy = world.rules.policy
    assert policy.survey is not None
    world.rules = replace(world.rules, policy=replace(policy, survey=replace(policy.survey, **changes)))


def say(world: World, ticket: str, at: datetime | None = None, **said: Any) -> None:
    """The customer answers on our page."""
    given = Answer("resolution#1", at or world.now(), PAGE, **said)
    with world.store.read() as connection:
        marker = one_of(world, ActionKind.SURVEY).action.marker
    with world.store.write("answer") as connection:
        assert surveys.answer(connection, marker, given, world.now())


def flags(world: World) -> list[tuple[FlagKind, str]]:
    with world.store.read() as connection:
        return [(one.kind, one.episode) for stored in complaints.listing(connection) for one in stored.assessed.flags]


def test_one_person_is_asked_once_in_thirty_days_over_all_their_cases() -> None:
    world, _ = a_person_with(3)
    world.step("push")
    states = sorted((one.state, one.why or "") for one in asked(world))
    assert [state for state, _ in states] == [State.CANCELLED, State.CANCELLED, State.DONE]
    assert all(why.startswith("suppressed:cap") for state, why in states if state is State.CANCELLED)
    with world.store.read() as connection:
        listed = surveys.listing(connection)
    assert sorted((one.state, one.asked_at is None) for one in listed) == [
        ("cancelled", True),
        ("cancelled", True),
        ("done", False),
    ]


def test_after_thirty_days_the_same_person_is_asked_again() -> None:
    world, _ = a_person_with(1)
    world.step("push")
    world.desk.advance(31 * DAY)
    ticket = world.desk.open("Late again", TEXT, requester=CUSTOMERS[0])
    world.desk.staff_reply(ticket, "Sorry.")
    world.desk.set(ticket, "status", "solved")
    for _ in range(4):
        for verb in ("pull", "sweep", "push"):
            world.step(verb)
        world.desk.advance(DAY // 2)
    assert [one.state for one in asked(world)] == [State.DONE, State.DONE]


def test_without_a_cap_every_resolution_may_be_asked_about() -> None:
    world, _ = a_person_with(2)
    with_survey(world, every_days=0)
    world.step("push")
    assert [one.state for one in asked(world)] == [State.DONE, State.DONE]


def test_two_people_are_asked_both() -> None:
    world, _ = a_person_with(1)
    other = world.desk.open("Late", TEXT, requester=CUSTOMERS[1])
    world.desk.staff_reply(other, "Sorry.")
    world.desk.set(other, "status", "solved")
    for _ in range(4):
        for verb in ("pull", "sweep", "push"):
            world.step(verb)
        world.desk.advance(DAY // 2)
    assert [one.state for one in asked(world)] == [State.DONE, State.DONE]


def test_w18_an_opt_out_in_the_last_moment_before_the_write_leaves_stops_it() -> None:
    world, _ = a_person_with(1)

    def refuse(moment: Moment) -> None:
        if moment is Moment.BEFORE_READ:  # the ticket is read to pin the write; the customer says so meanwhile
            world.desk.hook = lambda _moment: None
            with world.store.write("opt out") as connection:
                surveys.opt_out_of(connection, ["mail:c0@example.com"], "they wrote so", world.now())

    world.desk.hook = refuse
    world.step("push")
    (survey,) = asked(world)
    assert survey.state is State.CANCELLED and "wants no surveys" in (survey.why or "")
    assert world.effects()[survey.action.marker] == 0


def test_w18_whoever_allows_it_again_is_asked_the_next_time() -> None:
    world, _ = a_person_with(1)
    with world.store.write("opt") as connection:
        assert surveys.opt_out_of(connection, ["mail:c0@example.com"], "they wrote so", world.now())
        assert not surveys.opt_out_of(connection, ["mail:c0@example.com"], "twice", world.now())
        assert surveys.opt_in(connection, ["mail:c0@example.com"])
    world.step("push")
    assert [one.state for one in asked(world)] == [State.DONE]


def test_w19_who_wrote_again_after_the_resolution_is_not_asked_how_it_was() -> None:
    world, (ticket,) = a_person_with(1)
    world.desk.customer_message(ticket, "It is broken again, nothing was solved. Please help me today.")
    for verb in ("pull", "sweep", "push"):
        world.step(verb)
    assert [one.state for one in asked(world)] == [State.CANCELLED]


def test_w17_an_emergency_is_no_occasion_for_a_survey() -> None:
    world, _ = a_person_with(1, "The heater caught fire and burned my hand. I want my money back, this is a complaint.")
    world.step("push")
    assert asked(world) == []


def test_w15_of_one_survey_there_is_one_row_whatever_is_sent_again() -> None:
    world, (ticket,) = a_person_with(1)
    for _ in range(3):
        for verb in ("push", "pull", "sweep"):
            world.step(verb)
    with world.store.read() as connection:
        (row,) = surveys.listing(connection)
    assert (row.ticket, row.episode, row.state, row.delivered_at is not None) == (ticket, "resolution#1", "done", True)


# -- the link --------------------------------------------------------------------------------------------------------


def test_the_link_is_filled_in_on_its_way_out_and_lies_in_no_row_of_the_outbox() -> None:
    world = World()
    links = SurveyLinks(OUR_PAGE, world.folder / "survey.key")
    with_survey(world, page=OUR_PAGE)
    desk = world.helpdesk()
    mapping = replace(desk.mapping, write={**desk.mapping.write, "survey_link": "custom:survey"})
    world._helpdesk = replace(desk, mapping=mapping, survey_link=links.link)
    ticket = world.desk.open("Late", TEXT, requester=CUSTOMERS[0])
    world.desk.staff_reply(ticket, "Sorry.")
    world.desk.set(ticket, "status", "solved")
    for _ in range(4):
        for verb in ("pull", "sweep", "push"):
            world.step(verb)
        world.desk.advance(DAY // 2)
    (survey,) = asked(world)
    assert survey.state is State.DONE
    assert survey.action.effect.fields["custom:survey"] == LINK and survey.action.effect.link is None
    (effect,) = [effect for _, marker, effect in world.desk.ledger if marker == survey.action.marker]
    link = effect.fields["custom:survey"]
    assert link.startswith("https://feedback.example.com/s/")
    assert links.marker(link.rpartition("/")[2], world.now()) == survey.action.marker


def with_link_field(world: World) -> tuple[SurveyLinks, str, Intention]:
    """A survey whose link stands in a field of the ticket, and the link."""
    links = SurveyLinks(OUR_PAGE, world.folder / "survey.key")
    with_survey(world, page=OUR_PAGE)
    desk = world.helpdesk()
    mapping = replace(
        desk.mapping,
        write={**desk.mapping.write, "survey_link": "custom:survey"},
        fields={**desk.mapping.fields, "extra.survey": "custom:survey"},
    )
    world._helpdesk = replace(desk, mapping=mapping, words=words(mapping), survey_link=links.link, hide=links.hide)
    ticket = world.desk.open("Late", TEXT, requester=CUSTOMERS[0])
    world.desk.staff_reply(ticket, "Sorry.")
    world.desk.set(ticket, "status", "solved")
    for _ in range(4):
        for verb in ("pull", "sweep", "push"):
            world.step(verb)
        world.desk.advance(DAY // 2)
    (survey,) = asked(world)
    (effect,) = [effect for _, marker, effect in world.desk.ledger if marker == survey.action.marker]
    return links, effect.fields["custom:survey"], survey


def everything(world: World) -> bytes:
    """All that the store holds, as its tables say it."""
    with world.store.read() as connection:
        tables = connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'table'").scalars().all()
        rows = [tuple(row) for name in tables for row in connection.exec_driver_sql(f'SELECT * FROM "{name}"')]
        kept = archive.kept(connection, world.helpdesk().id, world.desk.tickets())
    return repr(rows).encode() + b"".join(raw.body for raws in kept.values() for raw in raws)


def test_a_link_stands_nowhere_in_the_store_neither_as_it_leaves_nor_when_it_is_read_back() -> None:
    world = World()
    _, link, survey = with_link_field(world)
    world.step("pull")
    token = link.rpartition("/")[2].encode()
    assert survey.state is State.DONE and survey.stamp is not None and LINK in str(survey.stamp)
    assert token not in everything(world)
    with world.store.read() as connection:
        ticket = survey.action.ticket
        stored = complaints.of_tickets(connection, world.helpdesk().id, [ticket])[ticket]
    assert stored.doc.complaint.extra["survey"] == LINK


def test_an_undo_finds_the_link_that_is_still_ours_and_takes_it_out() -> None:
    world = World()
    _, link, survey = with_link_field(world)
    (before, ours) = (survey.stamp or {})["undo"]["fields"]["custom:survey"][::-1]
    assert ours == LINK
    row = survey.action
    undo = replace(
        row, key="undo", marker="am-undo", kind=ActionKind.UNDO, rule="undo", episode=f"#{survey.id}", not_after=None,
        effect=Effect(restore={"custom:survey": (LINK, before)}),
    )  # fmt: skip
    with world.store.write("undo") as connection:
        intentions.add(connection, world.helpdesk().id, [(undo, State.PENDING, None)], world.now())
    world.step("push")
    assert world.desk.look(row.ticket)["custom"].get("survey") in (None, "")
    assert link.rpartition("/")[2].encode() not in everything(world)


def test_a_link_whose_sending_was_in_doubt_is_recognised_and_not_written_twice() -> None:
    world = World()
    with world.fault(Moment.AFTER_WRITE, 1, lambda: TemporaryError("the line went dead.")):
        _, link, survey = with_link_field(world)
    assert survey.state is State.DONE and link.startswith("https://feedback.example.com/s/")
    assert world.effects()[survey.action.marker] == 1


def test_what_an_error_says_of_a_link_does_not_hold_it(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    seen = []

    def refuses(_self: object, action: Action) -> Stamp:
        seen.append(action.effect.fields["custom:survey"])
        raise RejectedError(f"the field does not take {seen[-1]!r}.", remedy=f"Do without {seen[-1]}.")

    prepare = Adapter.prepare
    monkeypatch.setattr(
        Adapter,
        "prepare",
        lambda self, action: (refuses if action.kind is ActionKind.SURVEY else prepare)(self, action),
    )
    with suppress(ValueError):
        with_link_field(world)
    (survey,) = asked(world)
    assert survey.state is State.DEAD and LINK in str(survey.why)
    assert seen and seen[0].rpartition("/")[2].encode() not in everything(world)


@pytest.mark.parametrize("broken", [False, True])
def test_links_are_hidden_however_they_are_written(tmp_path: Path, broken: bool) -> None:
    links = SurveyLinks(OUR_PAGE, tmp_path / "survey.key")
    link = links.link_to("am-abcdefghijklmnopqrst", START).encode()
    if broken:
        link = link.replace(b"/", b"\\/")
    quoted = link[:60] + b"=\r\n" + link[60:]
    for one in (link, link + b"/stop", quoted):
        assert links.hide(b'{"a": "' + one + b'"}') == b'{"a": "{survey_link}"}'
    wrapped = quote(link.replace(b"\\", b"").decode(), safe="").encode()
    for one in (wrapped, wrapped.lower().replace(wrapped[-60:].lower(), wrapped[-60:]), wrapped + b"%2Fstop"):
        guarded = b"https://guard.example.net/?url=%s&data=1"
        assert links.hide(guarded % one) == guarded % b"{survey_link}"
    assert links.hide(b"https://feedback.example.com/about") == b"https://feedback.example.com/about"


def test_a_link_that_a_guarded_mail_quotes_stands_in_no_entry(tmp_path: Path) -> None:
    """A mail in base64 stays as it was sent; what is understood of it does not hold the key, however it is wrapped."""
    world = World()
    links = SurveyLinks(OUR_PAGE, tmp_path / "survey.key")
    link = links.link_to("am-abcdefghijklmnopqrst", START)
    desk = replace(world.helpdesk(), hide=links.hide)
    ticket = world.desk.open("Late", f"https://guard.example.net/?url={quote(link, safe='')}", requester=CUSTOMERS[0])
    kept = [
        veiled(desk, of, replace(sent, raw=b64encode(sent.raw)), START) for of, sent in world.adapter().get([ticket])
    ]
    texts = [entry.text or "" for one in kept for entry in one.entries]
    assert any("{survey_link}" in text for text in texts)
    assert not any(link.rpartition("/")[2] in text for text in texts)


# -- answers ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("said", [{"csat": 2}, {"csat": 1, "solved": True}, {"csat": 5, "solved": False}])
def test_a_bad_answer_proposes_to_take_the_complaint_up_again(said: dict[str, Any]) -> None:
    world, (ticket,) = a_person_with(1)
    world.step("push")
    say(world, ticket, **said)
    world.step("sweep")
    assert flags(world) == [(FlagKind.UNHAPPY, "unhappy#1")]
    (note,) = [one.action for one in of_kind(world, ActionKind.ESCALATE) if one.action.rule == "unhappy"]
    assert note.effect.note is not None and "Reopen it, and see to it by Wed 4 Mar 2026" in note.effect.note
    assert "amends_unhappy" in note.effect.tags
    world.step("push")
    assert world.effects()[note.marker] == 1


def test_a_good_answer_bothers_nobody() -> None:
    world, (ticket,) = a_person_with(1)
    world.step("push")
    say(world, ticket, csat=3, solved=True, comment="Could be faster")
    world.step("sweep")
    assert flags(world) == []


def test_when_nobody_sees_to_a_bad_answer_within_a_working_day_it_is_said_once_more() -> None:
    world, (ticket,) = a_person_with(1)
    world.step("push")
    say(world, ticket, solved=False)
    world.step("sweep")
    world.desk.advance(2 * DAY)
    world.step("sweep")
    assert flags(world) == [(FlagKind.UNHAPPY, "unhappy#1"), (FlagKind.UNHAPPY, "unhappy_late#1")]


def test_a_reply_or_a_reopening_ends_the_proposal() -> None:
    for act in ("reply", "reopen"):
        world, (ticket,) = a_person_with(1)
        world.step("push")
        say(world, ticket, csat=1)
        world.step("sweep")
        world.desk.advance(60)
        if act == "reply":
            world.desk.staff_reply(ticket, "I am sorry to hear that. Let us put it right.")
        else:
            world.desk.set(ticket, "status", "open")
        for verb in ("pull", "sweep"):
            world.step(verb)
        assert FlagKind.UNHAPPY not in [kind for kind, _ in flags(world)]
        (note,) = [one for one in of_kind(world, ActionKind.ESCALATE) if one.action.rule == "unhappy"]
        assert note.state is State.CANCELLED


def test_a_rating_that_the_helpdesk_collected_counts_like_an_answer() -> None:
    world, (ticket,) = a_person_with(1)
    world.step("push")
    world.desk.rate(ticket, "bad", "Never again")
    for verb in ("pull", "sweep"):
        world.step(verb)
    with world.store.read() as connection:
        (row,) = surveys.listing(connection)
    assert row.answer is not None
    assert (row.answer.via, row.answer.csat, row.answer.scale, row.answer.comment) == (SOURCE, 1, 2, "Never again")
    assert (FlagKind.UNHAPPY, "unhappy#1") in flags(world)


def test_what_was_said_on_our_page_is_not_overwritten_by_the_helpdesk() -> None:
    world, (ticket,) = a_person_with(1)
    world.step("push")
    say(world, ticket, csat=5, nps=10)
    world.desk.rate(ticket, "bad", None)
    world.step("pull")
    with world.store.read() as connection:
        (row,) = surveys.listing(connection)
    assert row.answer is not None and (row.answer.via, row.answer.csat, row.answer.nps) == (PAGE, 5, 10)


@pytest.mark.parametrize(
    ("word", "means"),
    [
        ("good", (5, 2)),
        ("bad", (1, 2)),
        ("Bad", (1, 2)),
        ("4", (4, 5)),
        ("0", None),
        ("6", None),
        ("offered", None),
        ("", None),
        (None, None),
    ],
)
def test_ratings_of_helpdesks_are_read_as_a_satisfaction(word: str | None, means: tuple[int, int] | None) -> None:
    assert satisfaction(word) == means


def test_erasing_a_person_erases_what_they_answered() -> None:
    world, (ticket,) = a_person_with(1)
    world.step("push")
    say(world, ticket, comment="My name is Maria")
    with world.store.read() as connection:
        (stored,) = list(complaints.listing(connection))
    with world.store.write("erase") as connection:
        gone = erasure.erase_people(connection, [stored.complainant_id], world.rules.people, world.now())
        assert gone.rows["survey"] == 1
        assert surveys.of_complaints(connection, [stored.id]) == {}
        assert {bytes(body) for _, body in figures.blocks(connection)} == {bytes(SIZE * A_BLOCK)}
