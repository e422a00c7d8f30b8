"""What is particular to writing into Jira: who can read our note, what fits a field, transitions, doubt and repair.

The promises that every adapter keeps are tested in tests/conformance/test_jira.py."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.jira import notes, shapes
from connector.adapter import Landed, Never, NotYet, Receipt, Unknown
from connector.errors import AmendsError, ConflictError, ExposedError, GoneError, RejectedError, TemporaryError
from connector.model import JSON, Action, ActionKind, Effect, Remark
from connector.outbox import with_earlier
from sandbox.http.answers import Answer, Request
from sandbox.jira import Limits, content
from tests.conformance.jira_site import JiraBackend, adapter_for

CARE, OPS, SHOP = content.CARE, content.OPS, content.SHOP
NOTE = "Overdue: the first reply was due."
BOTH = pytest.mark.parametrize("deployment", ["cloud", "data_center"])


def site(project: str = SHOP, deployment: str = "cloud") -> tuple[JiraBackend, str]:
    backend = JiraBackend(deployment, project)
    ticket = str(backend.jira.customer_opens("Late", "Where is it?", project=project, request_type=None))
    backend.settle()
    return backend, ticket


def act(
    ticket: str,
    kind: ActionKind = ActionKind.ESCALATE,
    marker: str = "am-one",
    origin: str | None = None,
    **effect: Any,
) -> Action:
    return Action(
        marker,
        marker,
        "kit",
        ticket,
        kind,
        "rule",
        "e#1",
        Effect(**effect),
        "why",
        JiraBackend("cloud", SHOP).now(),
        origin=origin,
    )


def correction(**create: JSON) -> Action:
    whole = {
        "project": OPS,
        "issuetype": "Corrective Action",
        "summary": "Lamps break",
        "url": "https://shop.example/17",
    }
    return act("shop/17", ActionKind.CORRECT, origin="shop/17", tags=("cause",), create=whole | create)


def write(backend: JiraBackend, action: Action, **options: Any) -> Receipt:
    adapter = adapter_for(backend, **options)
    return adapter.apply(action, adapter.prepare(action))


def values(backend: JiraBackend, ticket: str) -> dict[str, JSON]:
    return backend.jira.issue(int(ticket)).values


def kinds(backend: JiraBackend, ticket: str) -> list[str]:
    return [one.kind for one in backend.jira.ledger.of_ticket(int(ticket))]


def content_options(name: str) -> list[tuple[int, str]]:
    [spec] = [one for one in content.FIELDS if one.id == name]
    return [(number, said) for number, said in spec.options.items() if isinstance(said, str)]


# Who can read our note


@BOTH
def test_a_note_in_a_service_desk_is_internal_in_the_very_call_that_makes_it(deployment: str) -> None:
    backend, ticket = site(CARE, deployment)
    write(backend, act(ticket, note=NOTE))
    [made] = backend.jira.ledger.of_kind("comment.add")
    assert made.comment and not made.comment["public"] and made.comment["visibility"] is None
    assert made.comment["properties"]["amends.marker"] == {"value": "am-one"}
    assert "comment.edit" not in kinds(backend, ticket)


@BOTH
@pytest.mark.parametrize(("who", "told"), [("role:Administrators", "role"), ("group:complaints-board", "group")])
def test_a_note_elsewhere_is_for_a_role_or_group_only(deployment: str, who: str, told: str) -> None:
    backend, ticket = site(SHOP, deployment)
    write(backend, act(ticket, note=NOTE), note_visibility=who)
    [comment] = backend.jira.issue(int(ticket)).comments
    assert comment.visibility == {"type": told, "value": who.partition(":")[2]}


def test_a_service_desk_is_known_by_its_project_and_not_by_our_settings() -> None:
    backend, ticket = site(CARE)
    write(backend, act(ticket, note=NOTE), service_desk=False)
    [comment] = backend.jira.issue(int(ticket)).comments
    assert not comment.public


def test_a_note_for_a_role_that_we_are_not_in_is_refused_and_never_made_for_all() -> None:
    backend, ticket = site()
    with pytest.raises(RejectedError, match="Developers"):
        write(backend, act(ticket, note=NOTE), note_visibility="role:Developers")
    assert backend.jira.issue(int(ticket)).comments == ()


@BOTH
@pytest.mark.parametrize(("project", "lost"), [(CARE, "sd.public.comment"), (SHOP, "visibility")])
def test_w20_a_note_that_came_out_readable_raises_the_alarm(deployment: str, project: str, lost: str) -> None:
    backend, ticket = site(project, deployment)
    action, adapter = act(ticket, note=NOTE), adapter_for(backend)
    stamp, sent_at = adapter.prepare(action), backend.now()

    def careless(asked: Request) -> Answer:
        body = msgspec.json.decode(asked.body)
        body.pop(lost, None)
        body["properties"] = [one for one in body["properties"] if one["key"] != lost]
        return backend.desk.answer(msgspec.structs.replace(asked, body=msgspec.json.encode(body)))

    backend.wire.on_write(careless, 1)
    with pytest.raises(ExposedError, match=r"PUBLIC|unrestricted"):
        adapter.apply(action, stamp)
    with pytest.raises(ExposedError, match=r"PUBLIC|unrestricted"):
        adapter.find(action, stamp, sent_at)


FORBIDDEN = Answer(403, b'{"errorMessage": "You do not have access to the portal as an agent."}')


def forbid(monkeypatch: pytest.MonkeyPatch, backend: JiraBackend, closed: Callable[[Request], bool]) -> None:
    """From now on the site answers such requests with 403."""
    answers = backend.desk.answer
    monkeypatch.setattr(backend.desk, "answer", lambda asked: FORBIDDEN if closed(asked) else answers(asked))


def desk_is_silent(backend: JiraBackend, monkeypatch: pytest.MonkeyPatch, portal: str) -> None:
    """The service desk makes our comments public, and does not answer our user."""

    def careless(asked: Request) -> Answer:
        body = asked.body.replace(b"sd.public.comment", b"other")
        return backend.desk.answer(msgspec.structs.replace(asked, body=body))

    backend.wire.on_write(careless, 1)
    forbid(monkeypatch, backend, lambda asked: portal in asked.path)


def test_no_note_is_left_where_the_desk_would_not_tell_us_who_reads_it(monkeypatch: pytest.MonkeyPatch) -> None:
    backend, ticket = site(CARE, "data_center")
    desk_is_silent(backend, monkeypatch, "/servicedeskapi/request/")
    with pytest.raises(RejectedError, match="who can read a comment") as caught:
        write(backend, act(ticket, note=NOTE))
    assert "licence" in str(caught.value) and kinds(backend, ticket) == []
    write(backend, act(ticket, tags=("x",)))
    assert "x" in backend.labels(ticket)


def test_a_note_of_which_nobody_can_tell_who_reads_it_raises_the_alarm(monkeypatch: pytest.MonkeyPatch) -> None:
    backend, ticket = site(CARE, "data_center")
    action, adapter = act(ticket, note=NOTE), adapter_for(backend)
    stamp, sent_at = adapter.prepare(action), backend.now()
    desk_is_silent(backend, monkeypatch, "/comment/")
    with pytest.raises(ExposedError, match="may be PUBLIC"):
        adapter.apply(action, stamp)
    backend.settle()
    with pytest.raises(ExposedError, match="may be PUBLIC"):
        adapter.find(action, stamp, sent_at)


def test_what_is_in_a_note_is_not_taken_for_markup() -> None:
    backend, ticket = site(CARE, "data_center")
    write(backend, act(ticket, note="{color:red}h1. *big* [~ana]"))
    [comment] = backend.jira.issue(int(ticket)).comments
    assert comment.body == "\\{color:red\\}h1. \\*big\\* \\[\\~ana\\]"


def test_whoever_wants_no_comments_gets_a_property_alone() -> None:
    backend, ticket = site(CARE)
    action, adapter = act(ticket, note=NOTE), adapter_for(backend, notes="property_only")
    stamp, sent_at = adapter.prepare(action), backend.now()
    adapter.apply(action, stamp)
    assert kinds(backend, ticket) == ["property.set"]
    assert isinstance(adapter.find(action, stamp, sent_at), Landed)


# What is written, and where


def test_edit_and_mark_are_one_call_on_cloud_and_two_on_a_data_center() -> None:
    for deployment, told in (("cloud", ["issue.update"]), ("data_center", ["issue.update", "property.set"])):
        backend, ticket = site(SHOP, deployment)
        write(backend, act(ticket, ActionKind.TAG, tags=("overdue",)))
        assert kinds(backend, ticket) == told
        assert backend.jira.issue(int(ticket)).properties["amends.am-one"]["rule"] == "rule"


@BOTH
def test_plain_values_become_what_each_field_wants(deployment: str) -> None:
    backend, ticket = site(SHOP, deployment)
    backend.jira.agent_sets(int(ticket), fields={content.CHANNELS: [10340], content.KEYWORDS: ["old"]})
    person = content.ANA if deployment == "cloud" else "ana"
    write(
        backend,
        act(
            ticket,
            fields={
                "priority.name": "highest",
                "assignee": person,
                "components": ["Returns"],
                content.PRODUCT: "Lamp",
                content.ABOUT: "Delivery / Late",
                content.CHANNELS: "Chat",
                content.KEYWORDS: ["new"],
                content.REFUND: "12.5",
                content.REASON: "line one\n\n*line two*",
                content.ORDER_NUMBER: "A\n17",
                content.HAPPENED_ON: "2026-03-01T10:00:00+00:00",
                content.CONTACT: person,
                content.TEAM: "jira-users",
            },
        ),
    )
    held = values(backend, ticket)
    assert (held["priority"], held["assignee"], list(held["components"])) == (content.HIGHEST, content.ANA, [10111])
    assert (held[content.PRODUCT], held[content.ABOUT]) == (10301, (10310, 10311))
    assert sorted(held[content.CHANNELS]) == [10340, 10342], "added to, not replaced"
    assert set(held[content.KEYWORDS]) == {"old", "new"}
    assert (held[content.REFUND], held[content.ORDER_NUMBER]) == (12.5, "A 17")
    assert (held[content.HAPPENED_ON], held[content.CONTACT], held[content.TEAM]) == (
        "2026-03-01", content.ANA, "jira-users",
    )  # fmt: skip


def test_a_field_that_is_right_already_is_not_written_again() -> None:
    backend, ticket = site()
    fields = {"priority": "High", content.PRODUCT: "Lamp", content.REASON: "because", content.CHANNELS: ["Chat"]}
    write(backend, act(ticket, fields=fields))
    adapter = adapter_for(backend)
    again = act(ticket, marker="am-two", fields=fields)
    stamp = adapter.prepare(again)
    assert stamp["update"] == {} and stamp["already"] is True
    calls = backend.calls()
    assert adapter.apply(again, stamp) == {"already": True} and backend.calls() == calls
    assert isinstance(adapter.find(again, stamp, backend.now()), Landed)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({content.PRODUCT: "Sofa"}, "Kettle, Lamp"),
        ({"priority": "Lowest"}, "no choice here"),
        ({content.REFUND: "much"}, "no number"),
        ({"customfield_99999": "x"}, "customfield_99999"),
        ({content.FIRST_RESPONSE: 7}, content.FIRST_RESPONSE),
        ({content.ABOUT: "Delivery / Never"}, "Late, Lost"),
    ],
)
def test_what_jira_would_refuse_is_said_before_anything_is_written(fields: dict[str, JSON], words: str) -> None:
    backend, ticket = site(CARE)  # its priority scheme has no Lowest
    with pytest.raises(RejectedError, match=words) as caught:
        write(backend, act(ticket, note=NOTE, fields=fields))
    assert caught.value.remedy
    assert kinds(backend, ticket) == []


def test_labels_that_are_on_no_screen_are_refused_before_anything_is_written() -> None:
    backend, ticket = site()
    backend.jira.admin_takes_field_off("labels")
    with pytest.raises(RejectedError, match="'labels' cannot be written"):
        write(backend, act(ticket, note=NOTE, tags=("overdue",)))
    assert kinds(backend, ticket) == []


def test_a_label_with_a_space_is_refused() -> None:
    backend, ticket = site()
    with pytest.raises(RejectedError, match="no spaces"):
        write(backend, act(ticket, tags=("two words",)))


def test_a_survey_whose_label_is_there_would_trigger_nothing() -> None:
    backend, ticket = site()
    write(backend, act(ticket, ActionKind.SURVEY, tags=("survey",)))
    adapter_for(backend).prepare(act(ticket, ActionKind.SURVEY, tags=("survey",)))  # it is our own
    with pytest.raises(RejectedError, match="trigger nothing"):
        adapter_for(backend).prepare(act(ticket, ActionKind.SURVEY, "am-two", tags=("survey",)))


metas = st.fixed_dictionaries(
    {
        "schema": st.fixed_dictionaries(
            {"type": st.sampled_from(["array", "option", "user", "number", "string", "any"])}
        )
    },
    optional={
        "operations": st.lists(st.sampled_from(["add", "set"])),
        "allowedValues": st.lists(st.dictionaries(st.sampled_from(["id", "value", "name"]), st.text(max_size=3))),
    },
)
plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
)


@given(plain, metas, st.booleans(), plain)
def test_any_value_fits_a_field_or_is_refused_with_words(value: JSON, meta: Any, cloud: bool, now: JSON) -> None:
    try:
        operations = shapes.operations(value, meta, cloud)
    except shapes.ShapeError as error:
        assert str(error)
        return
    assert msgspec.json.encode(operations)
    assert isinstance(shapes.fits(now, operations), bool)
    assert msgspec.json.encode(shapes.shown(now))


# Transitions


@BOTH
@pytest.mark.parametrize("status", ["Done", "SHOP/Done", "done"])
def test_a_status_is_reached_by_a_transition(deployment: str, status: str) -> None:
    backend, ticket = site(SHOP, deployment)
    write(backend, act(ticket, fields={"status": status, "priority": "High"}, tags=("x",), note=NOTE))
    assert (values(backend, ticket)["status"], values(backend, ticket)["priority"]) == (content.DONE, content.HIGH)
    assert kinds(backend, ticket).count("transition") == 1


def test_an_issue_that_stands_there_already_is_not_moved() -> None:
    backend, ticket = site()
    backend.jira.agent_sets(int(ticket), status=content.DONE)
    write(backend, act(ticket, fields={"status": "Done"}, note=NOTE))
    assert "transition" not in kinds(backend, ticket)


def test_a_transition_takes_what_its_screen_asks_for() -> None:
    backend, ticket = site(OPS)
    for status in (content.IN_PROGRESS, content.IN_REVIEW):
        backend.jira.agent_sets(int(ticket), status=status)
    write(backend, act(ticket, fields={"status": "Done", "resolution": "Won't Do"}))
    assert (values(backend, ticket)["status"], values(backend, ticket)["resolution"]) == (content.DONE, 10001)


def test_what_a_transition_lacks_is_said_before_anything_is_written() -> None:
    backend, ticket = site(OPS)
    with pytest.raises(RejectedError, match="only to: In Progress"):
        write(backend, act(ticket, tags=("x",), fields={"status": "Done"}))
    for status in (content.IN_PROGRESS, content.IN_REVIEW):
        backend.jira.agent_sets(int(ticket), status=status)
    with pytest.raises(RejectedError, match=r"resolution \(Resolution\)"):
        write(backend, act(ticket, tags=("x",), fields={"status": "Done"}))
    assert kinds(backend, ticket) == []


def test_whoever_moved_the_issue_on_after_us_is_not_overruled() -> None:
    backend, ticket = site()
    action, adapter = act(ticket, fields={"status": "Done"}, note=NOTE), adapter_for(backend)
    stamp, sent_at = adapter.prepare(action), backend.now()
    backend.wire.on_write(backend.wire.lose, 1)
    with pytest.raises(TemporaryError):
        adapter.apply(action, stamp)
    backend.jira.agent_sets(int(ticket), status=content.IN_PROGRESS)
    backend.settle()
    assert isinstance(adapter.find(action, stamp, sent_at), NotYet), "the note is missing"
    adapter.apply(action, stamp)
    assert values(backend, ticket)["status"] == content.IN_PROGRESS
    assert isinstance(adapter.find(action, stamp, sent_at), Landed)


def put_on_screen(
    monkeypatch: pytest.MonkeyPatch, backend: JiraBackend, name: str, *fields: str, required: tuple[str, ...] = ()
) -> None:
    """The transition called `name` has these fields on its screen, besides those it had."""
    place = backend.jira.projects[OPS]
    moves = tuple(
        msgspec.structs.replace(one, screen=(*one.screen, *fields), required=(*one.required, *required))
        if one.name == name
        else one
        for one in place.transitions
    )
    monkeypatch.setitem(backend.jira.projects, OPS, msgspec.structs.replace(place, transitions=moves))


def in_progress(backend: JiraBackend, ticket: str, **fields: JSON) -> None:
    backend.jira.agent_sets(int(ticket), status=content.IN_PROGRESS)
    backend.jira.agent_sets(int(ticket), fields=fields)


@BOTH
@pytest.mark.parametrize("required", [(), ("components",)])
def test_a_transition_adds_to_what_agents_have_chosen(
    deployment: str, required: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    backend, ticket = site(OPS, deployment)
    put_on_screen(monkeypatch, backend, "Ask for review", "components", required=required)
    warehouse, billing = list(backend.jira.projects[OPS].components)[:2]
    in_progress(backend, ticket, components=[warehouse])
    wanted = backend.jira.projects[OPS].components[billing]
    write(backend, act(ticket, fields={"status": "In Review", "components": [wanted]}))
    assert values(backend, ticket)["status"] == content.IN_REVIEW
    assert set(values(backend, ticket)["components"]) == {warehouse, billing}


@BOTH
def test_a_field_that_only_a_transition_has_is_added_to_as_well(
    deployment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend, ticket = site(OPS, deployment)
    put_on_screen(monkeypatch, backend, "Ask for review", "components")
    backend.jira.admin_takes_field_off("components")
    warehouse, billing = list(backend.jira.projects[OPS].components)[:2]
    in_progress(backend, ticket, components=[warehouse])
    wanted = backend.jira.projects[OPS].components[billing]
    write(backend, act(ticket, fields={"status": "In Review", "components": [wanted]}))
    assert set(values(backend, ticket)["components"]) == {warehouse, billing}


@pytest.mark.parametrize("required", [False, True])
def test_what_an_agent_fills_in_before_the_move_is_not_overwritten_by_it(
    required: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend, ticket = site(OPS)
    name = content.PRODUCT
    backend.jira.admin_takes_field_off(name)
    put_on_screen(monkeypatch, backend, "Ask for review", name, required=(name,) if required else ())
    in_progress(backend, ticket)
    lamp, kettle = (next(n for n, said in content_options(name) if said == word) for word in ("Lamp", "Kettle"))
    action, adapter = act(ticket, fields={"status": "In Review"}, fill={name: "Lamp"}), adapter_for(backend)
    stamp = adapter.prepare(action)
    backend.jira.agent_sets(int(ticket), fields={name: kettle})
    adapter.apply(action, stamp)
    assert (values(backend, ticket)["status"], values(backend, ticket)[name]) == (content.IN_REVIEW, kettle)
    assert lamp != kettle


def test_an_agents_change_between_our_edit_and_our_move_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    backend, ticket = site(OPS)
    put_on_screen(monkeypatch, backend, "Ask for review", "priority", required=("priority",))
    in_progress(backend, ticket)
    action, adapter = act(ticket, fields={"status": "In Review", "priority": "High"}), adapter_for(backend)
    stamp = adapter.prepare(action)
    backend.wire.on_write(backend.wire.lose)
    with pytest.raises(TemporaryError):
        adapter.apply(action, stamp)
    backend.jira.agent_sets(int(ticket), priority=content.HIGHEST)
    adapter.apply(action, stamp)
    assert (values(backend, ticket)["status"], values(backend, ticket)["priority"]) == (
        content.IN_REVIEW, content.HIGHEST,
    )  # fmt: skip


def test_a_list_that_can_only_be_set_whole_keeps_what_is_in_it() -> None:
    meta = {"schema": {"type": "array", "items": "option"}, "operations": ["set"]}
    held = [{"self": "https://x", "id": "1", "value": "Phone"}]
    wanted = shapes.operations(["Chat"], meta, True)
    assert shapes.joined(wanted, held) == [{"set": [{"id": "1"}, {"value": "Chat"}]}]
    assert not shapes.fits(held, wanted)
    assert shapes.fits([*held, {"id": "2", "value": "Chat"}], wanted)


@given(plain, metas, st.booleans(), plain)
def test_what_a_screen_insists_on_can_be_given_without_a_change(value: JSON, meta: Any, cloud: bool, now: JSON) -> None:
    try:
        wanted = shapes.operations(value, meta, cloud)
    except shapes.ShapeError:
        return
    assert msgspec.json.encode(shapes.joined(wanted, now))
    if shapes.fits(now, wanted):
        assert shapes.fits(now, shapes.unchanged(wanted, now))


@BOTH
def test_an_agent_who_moved_it_for_us_and_then_on_is_not_overruled(deployment: str) -> None:
    backend, ticket = site(SHOP, deployment)
    action, adapter = act(ticket, fields={"status": "Done"}, note=NOTE), adapter_for(backend)
    stamp, sent_at = adapter.prepare(action), backend.now()
    backend.jira.agent_sets(int(ticket), status=content.DONE)
    backend.wire.on_write(backend.wire.lose)
    with pytest.raises(TemporaryError):
        adapter.apply(action, stamp)
    backend.jira.agent_sets(int(ticket), status=content.IN_PROGRESS)
    backend.settle()
    assert isinstance(adapter.find(action, stamp, sent_at), NotYet), "the note is missing"
    adapter.apply(action, stamp)
    assert values(backend, ticket)["status"] == content.IN_PROGRESS
    assert backend.comments(ticket, "am-one") == 1


# Doubt, limits, repair


@BOTH
@pytest.mark.parametrize("word", ["", "/editmeta", "/transitions", "/comment"])
def test_an_issue_that_is_closed_to_us_does_not_stop_the_whole_site(
    deployment: str, word: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend, ticket = site(SHOP, deployment)
    action, adapter = act(ticket, tags=("x",), fields={"status": "Done"}, note=NOTE), adapter_for(backend)
    stamp, sent_at = adapter.prepare(action), backend.now()
    forbid(monkeypatch, backend, lambda asked: asked.method == "GET" and asked.path.endswith(f"/issue/{ticket}{word}"))
    if word != "/comment":
        with pytest.raises(RejectedError):
            adapter.prepare(action)
    if word != "/editmeta":
        with pytest.raises(RejectedError):
            adapter.apply(action, stamp)
    backend.settle()
    if word in ("", "/comment"):
        assert isinstance(adapter.find(action, stamp, sent_at), Unknown)


@pytest.mark.parametrize("path", ["/search/jql", "/createmeta/"])
def test_a_new_issue_that_we_may_not_look_for_does_not_stop_the_whole_site(
    path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend, _ = site()
    action, adapter = correction(), adapter_for(backend)
    stamp, sent_at = adapter.prepare(action), backend.now()
    forbid(monkeypatch, backend, lambda asked: path in asked.path)
    if path == "/createmeta/":
        with pytest.raises(RejectedError):
            adapter.prepare(action)
        return
    with pytest.raises(RejectedError):
        adapter.apply(action, stamp)
    assert isinstance(adapter.find(action, stamp, sent_at), Unknown)


def test_nothing_is_decided_before_jira_must_have_settled() -> None:
    backend, ticket = site()
    action, adapter = act(ticket, note=NOTE), adapter_for(backend)
    stamp, sent_at = adapter.prepare(action), backend.now()
    backend.clock.advance(20)
    with pytest.raises(TemporaryError) as caught:
        adapter.find(action, stamp, sent_at)
    assert caught.value.retry_after_seconds == 40
    backend.clock.advance(40)
    assert isinstance(adapter.find(action, stamp, sent_at), NotYet)


def test_a_limit_of_writes_to_one_issue_concerns_this_issue_only() -> None:
    backend, ticket = site()
    backend.desk.turnstile.limits = Limits(enforced=True, per_issue=1, per_issue_seconds=30)
    action, adapter = act(ticket, note=NOTE), adapter_for(backend)
    stamp, sent_at = adapter.prepare(action), backend.now()
    with pytest.raises(ConflictError) as caught:
        adapter.apply(action, stamp)
    assert caught.value.retry_after_seconds == 30
    backend.settle()
    assert isinstance(adapter.find(action, stamp, sent_at), NotYet)
    adapter.apply(action, stamp)
    assert backend.comments(ticket, "am-one") == 1
    assert isinstance(adapter.find(action, stamp, sent_at), Landed)


def twice(backend: JiraBackend, ticket: str) -> tuple[Action, dict[str, JSON]]:
    """A write whose comment a proxy repeated."""
    action, adapter = act(ticket, note=NOTE), adapter_for(backend)
    stamp = adapter.prepare(action)
    backend.wire.on_write(lambda asked: backend.desk.answer(asked) and backend.desk.answer(asked), 1)
    receipt = adapter.apply(action, stamp)
    assert backend.comments(ticket, "am-one") == 2
    first = min(one.number for one in backend.jira.issue(int(ticket)).comments if one.properties)
    assert receipt["comment"] == str(first), "the one that stays"
    return action, stamp


@BOTH
@pytest.mark.parametrize("project", [SHOP, CARE])
def test_w04_a_comment_that_a_proxy_repeated_is_taken_away_again(deployment: str, project: str) -> None:
    backend, ticket = site(project, deployment)
    backend.jira.agent_comments(int(ticket), NOTE)  # the same words by somebody else are none of ours
    action, stamp = twice(backend, ticket)
    first = min(one.number for one in backend.jira.issue(int(ticket)).comments if one.properties)
    found = adapter_for(backend).find(action, stamp, backend.now())
    assert isinstance(found, Landed)
    assert (found.receipt["repaired"], found.receipt["comment"]) == (1, str(first))
    assert len(backend.jira.issue(int(ticket)).comments) == 2


def test_w03_a_comment_that_lands_after_all_was_settled_is_taken_away_again() -> None:
    backend, ticket = site(CARE)
    action, adapter = act(ticket, note=NOTE), adapter_for(backend)
    stamp, sent_at = adapter.prepare(action), backend.now()
    backend.delay_write(1)
    with pytest.raises(TemporaryError):
        adapter.apply(action, stamp)
    backend.settle()
    assert isinstance(adapter.find(action, stamp, sent_at), NotYet)
    adapter.apply(action, stamp)
    backend.clock.advance(600)
    backend.land()
    assert backend.comments(ticket, "am-one") == 2
    found = adapter.find(action, stamp, sent_at)
    assert isinstance(found, Landed) and found.receipt["repaired"] == 1
    assert backend.comments(ticket, "am-one") == 1


@BOTH
def test_a_second_copy_is_taken_away_although_the_issue_has_moved_on(deployment: str) -> None:
    backend, ticket = site(SHOP, deployment)
    action, adapter = act(ticket, tags=("x",), fields={"status": "Done"}, note=NOTE), adapter_for(backend)
    stamp, sent_at = adapter.prepare(action), backend.now()
    backend.jira.agent_sets(int(ticket), status=content.DONE)
    before = {"cloud": 1, "data_center": 2}[deployment]
    backend.wire.on_write(lambda asked: backend.desk.answer(asked) and backend.desk.answer(asked), before)
    adapter.apply(action, stamp)
    assert backend.comments(ticket, "am-one") == 2
    issue = backend.jira.issue(int(ticket))
    issue.properties = {}
    backend.jira.agent_sets(int(ticket), status=content.OPEN)
    backend.clock.advance(900)
    found = adapter.find(action, stamp, sent_at)
    assert isinstance(found, Landed) and found.receipt["repaired"] == 1
    assert backend.comments(ticket, "am-one") == 1


def test_a_copy_that_we_may_not_delete_is_told() -> None:
    backend, ticket = site()
    action, stamp = twice(backend, ticket)
    body = b'{"errorMessages": ["You do not have the permission to delete this comment."], "errors": {}}'
    backend.wire.on_write(lambda asked: Answer(400, body))
    found = adapter_for(backend).find(action, stamp, backend.now())
    assert isinstance(found, Landed)
    assert (found.receipt["repaired"], found.receipt["copies"]) == (0, 1)


@BOTH
def test_w07_our_comment_is_found_among_hundreds(deployment: str) -> None:
    backend, ticket = site(SHOP, deployment)
    for number in range(150):
        backend.jira.agent_comments(int(ticket), f"before {number}")
    action, adapter = act(ticket, note=NOTE), adapter_for(backend)
    stamp, sent_at = adapter.prepare(action), backend.now()
    adapter.apply(action, stamp)
    for number in range(150):
        backend.jira.agent_comments(int(ticket), f"after {number}")
    backend.clock.advance(3600)
    assert isinstance(adapter.find(action, stamp, sent_at), Landed)


def test_w07_more_comments_than_anyone_reads_leave_it_to_a_person(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notes, "MOST_PAGES", 1)
    backend, ticket = site()
    action, adapter = act(ticket, note=NOTE), adapter_for(backend)
    stamp, sent_at = adapter.prepare(action), backend.now()
    for number in range(150):
        backend.jira.agent_comments(int(ticket), f"{number}")
    assert isinstance(adapter.find(action, stamp, sent_at), Unknown)
    adapter._calls.put(f"/rest/api/3/issue/{ticket}/properties/amends.am-one", {"at": None}, ticket=ticket)
    with pytest.raises(AmendsError, match="more than 100 comments"):
        adapter.apply(action, stamp)


def test_a_clock_of_ours_that_is_ahead_hides_no_comment() -> None:
    backend, ticket = site()
    action, adapter = act(ticket, note=NOTE), adapter_for(backend)
    stamp = adapter.prepare(action)
    adapter.apply(action, stamp)
    assert isinstance(adapter.find(action, stamp, backend.now() + timedelta(hours=1)), Landed)


def test_s30_an_issue_that_moved_meanwhile_is_written_to_where_it_is() -> None:
    backend, ticket = site()
    action, adapter = act(ticket, tags=("x",), note=NOTE), adapter_for(backend)
    stamp, sent_at = adapter.prepare(action), backend.now()
    backend.jira.move_to(int(ticket), OPS)
    adapter.apply(action, stamp)
    assert isinstance(adapter.find(action, stamp, sent_at), Landed)
    assert backend.comments(ticket, "am-one") == 1


def test_a_project_that_is_hidden_from_us_takes_no_write() -> None:
    backend, ticket = site()
    action, adapter = act(ticket, note=NOTE), adapter_for(backend)
    stamp = adapter.prepare(action)
    backend.jira.admin_hides_project(SHOP)
    for step in (lambda: adapter.prepare(action), lambda: adapter.apply(action, stamp)):
        with pytest.raises(GoneError):
            step()
    assert isinstance(adapter.find(action, stamp, backend.now()), Never)


# New issues


@BOTH
def test_a_corrective_issue_carries_its_fields_its_mark_and_the_way_back(deployment: str) -> None:
    backend, _ = site(SHOP, deployment)
    action = correction(description="Find out *why*.", priority="High", components=["Warehouse"], labels=["own"])
    receipt = write(backend, action)
    made = backend.jira.issue(int(receipt["ticket"]))
    assert (made.project, made.values["issuetype"], made.values["priority"]) == (
        OPS, content.CORRECTIVE_ACTION, content.HIGH,
    )  # fmt: skip
    assert set(made.values["labels"]) == {"am-one", "cause", "own"}
    assert made.properties["amends.am-one"]["origin"] == "shop/17"
    assert receipt["key"] == made.key and receipt["url"].endswith(f"/browse/{made.key}")
    [link] = made.remote_links
    assert link["object"]["url"] == "https://shop.example/17"


@pytest.mark.parametrize(
    ("create", "words"),
    [
        ({"project": "NOPE"}, "no such project"),
        ({"issuetype": "Complaint"}, "Corrective Action"),
        ({"priority": "Whatever"}, "Highest, High"),
        ({"customfield_99999": 1}, "not on the screen"),
        ({"summary": ""}, "needs a project"),
    ],
)
def test_an_issue_that_cannot_be_opened_is_refused_before_it_is_tried(create: dict[str, JSON], words: str) -> None:
    backend, _ = site()
    with pytest.raises(RejectedError, match=words):
        write(backend, correction(**create))
    assert backend.jira.ledger.of_kind("issue.create") == []


def test_a_field_that_new_issues_require_is_named() -> None:
    backend, _ = site()
    backend.jira.admin_requires_field(content.ORDER_NUMBER, [OPS])
    with pytest.raises(RejectedError, match=r"Order number"):
        write(backend, correction())


def test_s22_an_index_that_is_behind_does_not_make_two_issues() -> None:
    backend, _ = site()
    backend.jira.switches.index_lag_seconds = 240
    action, adapter = correction(), adapter_for(backend)
    stamp, sent_at = adapter.prepare(action), backend.now()
    backend.wire.on_write(backend.wire.lose)
    with pytest.raises(TemporaryError):
        adapter.apply(action, stamp)
    waited = 0
    while True:
        try:
            found = adapter.find(action, stamp, sent_at)
        except TemporaryError as error:
            assert error.retry_after_seconds and waited < 20
            backend.clock.advance(error.retry_after_seconds)
            waited += 1
            continue
        break
    assert isinstance(found, NotYet), "the issue is there, its link is not"
    adapter.apply(action, stamp)
    assert isinstance(adapter.find(action, stamp, sent_at), Landed)
    assert len(backend.jira.ledger.of_kind("issue.create")) == 1


def test_a_clone_of_our_issue_is_not_taken_for_ours() -> None:
    backend, _ = site()
    action, adapter = correction(), adapter_for(backend)
    stamp, sent_at = adapter.prepare(action), backend.now()
    made = adapter.apply(action, stamp)["ticket"]
    clone = backend.jira.customer_opens("Clone", "x", project=OPS, request_type=None, labels=["am-one"])
    backend.settle()
    found = adapter.find(action, stamp, sent_at)
    assert isinstance(found, Landed) and found.receipt["ticket"] == made and "repaired" not in found.receipt
    assert "amends-duplicate" not in backend.labels(str(clone))


@BOTH
@pytest.mark.parametrize("url", ["https://shop.example/17", None])
def test_a_second_issue_is_labelled_linked_and_closed_as_a_duplicate(deployment: str, url: str | None) -> None:
    backend, _ = site(SHOP, deployment)
    action, adapter = correction(project=SHOP, issuetype="Task", url=url), adapter_for(backend)
    stamp, sent_at = adapter.prepare(action), backend.now()
    backend.wire.on_write(lambda asked: backend.desk.answer(asked) and backend.desk.answer(asked))
    told = adapter.apply(action, stamp)["ticket"]
    backend.settle()
    found = adapter.find(action, stamp, sent_at)
    assert isinstance(found, Landed)
    both = {str(one.ticket) for one in backend.jira.ledger.of_kind("issue.create")}
    kept = told
    [other] = both - {kept}
    assert (found.receipt["ticket"], found.receipt.get("repaired")) == (kept, 1), (
        "the one that people were told of stays"
    )
    assert "amends-duplicate" in backend.labels(other) and "amends-duplicate" not in backend.labels(kept)
    assert (values(backend, other)["status"], values(backend, kept)["status"]) == (content.DONE, content.OPEN)
    assert backend.jira.issue(int(kept)).links and backend.jira.issue(int(other)).links
    again = adapter.find(action, stamp, sent_at)
    assert isinstance(again, Landed) and "repaired" not in again.receipt


@BOTH
@pytest.mark.parametrize("links", ["deleted", "forbidden"])
def test_a_second_issue_is_dealt_with_although_the_link_is_gone(
    deployment: str, links: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend, _ = site(SHOP, deployment)
    action, adapter = correction(project=SHOP, issuetype="Task"), adapter_for(backend)
    stamp, sent_at = adapter.prepare(action), backend.now()
    forbid(monkeypatch, backend, lambda asked: links == "forbidden" and asked.path.endswith("/remotelink"))
    backend.wire.on_write(lambda asked: backend.desk.answer(asked) and backend.desk.answer(asked))
    told = adapter.apply(action, stamp)["ticket"]
    backend.jira.issue(int(told)).remote_links = []
    backend.clock.advance(900)
    found = adapter.find(action, stamp, sent_at)
    assert isinstance(found, Landed)
    assert (found.receipt["ticket"], found.receipt["repaired"]) == (told, 1)
    assert len(backend.opened("am-one")) == 1


def test_a_second_issue_that_we_may_not_label_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    backend, _ = site()
    action, adapter = correction(project=SHOP, issuetype="Task"), adapter_for(backend)
    stamp, sent_at = adapter.prepare(action), backend.now()
    backend.wire.on_write(lambda asked: backend.desk.answer(asked) and backend.desk.answer(asked))
    adapter.apply(action, stamp)
    backend.clock.advance(900)
    forbid(monkeypatch, backend, lambda asked: asked.method != "GET" and "search" not in asked.path)
    found = adapter.find(action, stamp, sent_at)
    assert isinstance(found, Landed)
    assert (found.receipt["repaired"], found.receipt["copies"]) == (0, 1) and "403" in str(found.receipt["why"])


# Taking it back


WHERE = pytest.mark.parametrize(
    ("deployment", "project"), [("cloud", SHOP), ("data_center", SHOP), ("cloud", CARE), ("data_center", CARE)]
)
HIGH_NOW = {"priority": "High"}


def wrote(backend: JiraBackend, ticket: str, **effect: Any) -> tuple[Action, dict[str, Any]]:
    """An earlier write of ours that is done, and its stamp as the store gives it back."""
    action, adapter = act(ticket, **effect), adapter_for(backend)
    stamp = msgspec.json.decode(msgspec.json.encode(adapter.prepare(action)))
    adapter.apply(action, stamp)
    backend.settle()
    return action, stamp


def undo_of(action: Action, stamp: dict[str, Any], since: datetime, marker: str = "am-undo") -> Action:
    """What `amends outbox undo` makes of it."""
    left = stamp["undo"]
    note = Remark(action.marker, action.effect.note, since) if left["note"] and action.effect.note else None
    restore = {name: (pair[0], pair[1]) for name, pair in left["fields"].items()}
    return act(action.ticket, ActionKind.UNDO, marker, untag=tuple(left["tags"]), restore=restore, unsay=note)


def take_back(backend: JiraBackend, action: Action, stamp: dict[str, Any]) -> dict[str, Any]:
    """What was taken, and what was left and why."""
    undo, adapter = undo_of(action, stamp, backend.now() - timedelta(hours=1)), adapter_for(backend)
    told = adapter.apply(undo, adapter.prepare(undo))
    return {"taken": told["taken"], "left": told.get("left", {})}


@WHERE
def test_an_undo_takes_labels_fields_and_the_note(deployment: str, project: str) -> None:
    backend, ticket = site(project, deployment)
    before = values(backend, ticket)
    fields = {**HIGH_NOW, content.ORDER_NUMBER: "A-17"}
    action, stamp = wrote(backend, ticket, tags=("late",), fields=fields, note=NOTE)
    told = take_back(backend, action, stamp)
    assert told == {"taken": sorted([content.ORDER_NUMBER, "label late", "note", "priority"]), "left": {}}
    now = values(backend, ticket)
    assert {name: now.get(name) for name in ("labels", "priority")} == {
        name: before.get(name) for name in ("labels", "priority")
    }
    assert not now.get(content.ORDER_NUMBER) and backend.comments(ticket, "am-one") == 0


@WHERE
def test_an_undo_leaves_what_an_agent_took_away_and_put_there_again(deployment: str, project: str) -> None:
    backend, ticket = site(project, deployment)
    action, stamp = wrote(backend, ticket, tags=("late", "vip"), fields=HIGH_NOW)
    agents = backend.jira.agent_sets
    agents(int(ticket), remove_labels=["late"], priority=content.LOW)
    agents(int(ticket), add_labels=["late"], priority=content.HIGH)
    told = take_back(backend, action, stamp)
    assert told["taken"] == ["label vip"]
    assert set(told["left"]) == {"label late", "priority"} and "the same value" in told["left"]["priority"]
    assert values(backend, ticket)["labels"] == ("late",) and values(backend, ticket)["priority"] == content.HIGH


@WHERE
def test_an_undo_leaves_what_an_agent_changed_or_took_off_and_says_so(deployment: str, project: str) -> None:
    backend, ticket = site(project, deployment)
    action, stamp = wrote(backend, ticket, tags=("late",), fields={**HIGH_NOW, content.ORDER_NUMBER: "A-17"})
    backend.jira.agent_sets(
        int(ticket), remove_labels=["late"], priority=content.LOW, fields={content.ORDER_NUMBER: "B-18"}
    )
    undo, adapter = undo_of(action, stamp, backend.now()), adapter_for(backend)
    known = adapter.prepare(undo)
    assert known["already"] and set(known["left"]) == {"label late", "priority", content.ORDER_NUMBER}
    before = len(backend.jira.ledger.of_ticket(int(ticket)))
    assert adapter.apply(undo, known)["left"] == known["left"]
    assert len(backend.jira.ledger.of_ticket(int(ticket))) == before, "nothing was written"


@WHERE
@pytest.mark.parametrize("deed", ["edited", "deleted"])
def test_a_note_that_an_agent_edited_stays_and_one_that_is_gone_is_no_trouble(
    deployment: str, project: str, deed: str
) -> None:
    backend, ticket = site(project, deployment)
    action, stamp = wrote(backend, ticket, tags=("late",), note=NOTE)
    [ours] = [one for one in backend.jira.issue(int(ticket)).comments if one.properties]
    if deed == "edited":
        backend.jira.edit_comment(int(ticket), ours.number, "We have called them.", by=content.ANA)
    else:
        backend.jira.delete_comment(int(ticket), ours.number)
    told = take_back(backend, action, stamp)
    assert told["taken"] == ["label late"]
    assert told["left"]["note"] == ("somebody has edited it" if deed == "edited" else "it is not there any more")
    assert len(backend.jira.issue(int(ticket)).comments) == (1 if deed == "edited" else 0)


@BOTH
def test_an_undo_takes_only_our_own_value_out_of_a_list(deployment: str) -> None:
    backend, ticket = site(SHOP, deployment)
    (theirs, _), (_, said), (later, _) = content_options(content.CHANNELS)
    backend.jira.agent_sets(int(ticket), fields={content.CHANNELS: [theirs]})
    action, stamp = wrote(backend, ticket, fields={content.CHANNELS: ["E-mail", said]})
    have = values(backend, ticket)[content.CHANNELS]
    backend.jira.agent_sets(int(ticket), fields={content.CHANNELS: [*have, later]})
    assert take_back(backend, action, stamp)["taken"] == [content.CHANNELS]
    assert set(values(backend, ticket)[content.CHANNELS]) == {theirs, later}


@BOTH
def test_what_an_agent_does_between_the_look_and_the_undo_stays(deployment: str) -> None:
    backend, ticket = site(SHOP, deployment)
    action, stamp = wrote(backend, ticket, tags=("late",), fields=HIGH_NOW, note=NOTE)
    undo, adapter = undo_of(action, stamp, backend.now() - timedelta(hours=1)), adapter_for(backend)
    known = adapter.prepare(undo)
    [ours] = [one for one in backend.jira.issue(int(ticket)).comments if one.properties]
    backend.jira.agent_sets(int(ticket), priority=content.LOW)
    backend.jira.edit_comment(int(ticket), ours.number, "Called.", by=content.ANA)
    told = adapter.apply(undo, known)
    assert told["taken"] == ["label late"] and set(told["left"]) == {"priority", "note"}
    assert values(backend, ticket)["priority"] == content.LOW and len(backend.jira.issue(int(ticket)).comments) == 1


def test_on_a_data_center_an_undo_whose_mark_was_lost_does_not_undo_the_agents_word() -> None:
    """There the mark is a second call. Between the two, an agent puts the label on again: that one is theirs."""
    backend, ticket = site(SHOP, "data_center")
    action, stamp = wrote(backend, ticket, tags=("late",))
    undo, adapter = undo_of(action, stamp, backend.now()), adapter_for(backend)
    known, sent_at = adapter.prepare(undo), backend.now()
    backend.wire.on_write(lambda _: Answer(502, b"<html>"), 1)
    with pytest.raises(TemporaryError):
        adapter.apply(undo, known)
    assert "late" not in backend.labels(ticket)
    backend.settle()
    found = adapter.find(undo, known, sent_at)
    assert isinstance(found, Landed) and found.receipt["taken"] == ["label late"]
    backend.jira.agent_sets(int(ticket), add_labels=["late"])
    assert isinstance(adapter.find(undo, known, sent_at), Landed)
    adapter.apply(undo, known)
    assert "late" in backend.labels(ticket)


@BOTH
def test_an_undo_whose_answer_is_lost_is_found_and_made_once(deployment: str) -> None:
    backend, ticket = site(CARE, deployment)
    action, stamp = wrote(backend, ticket, tags=("late",), note=NOTE)
    undo, adapter = undo_of(action, stamp, backend.now() - timedelta(hours=1)), adapter_for(backend)
    known, sent_at = adapter.prepare(undo), backend.now()
    backend.lose_answer()
    with pytest.raises(TemporaryError):
        adapter.apply(undo, known)
    backend.settle()
    assert isinstance(adapter.find(undo, known, sent_at), NotYet), "the note is still there"
    adapter.apply(undo, known)
    assert isinstance(adapter.find(undo, known, sent_at), Landed)
    assert backend.comments(ticket, "am-one") == 0 and "late" not in backend.labels(ticket)


@BOTH
def test_one_field_that_cannot_be_set_back_does_not_keep_the_rest(
    deployment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend, ticket = site(SHOP, deployment)
    action, stamp = wrote(backend, ticket, tags=("late",), fields=HIGH_NOW)
    undo, adapter = undo_of(action, stamp, backend.now()), adapter_for(backend)
    known, answers = adapter.prepare(undo), backend.desk.answer
    refused = Answer(400, b'{"errorMessages": [], "errors": {"priority": "Priority is required."}}')
    monkeypatch.setattr(backend.desk, "answer", lambda asked: refused if b"priority" in asked.body else answers(asked))
    told = adapter.apply(undo, known)
    assert told["taken"] == ["label late"] and "required" in told["left"]["priority"]
    assert "late" not in backend.labels(ticket) and values(backend, ticket)["priority"] == content.HIGH


@BOTH
def test_a_note_that_we_may_not_delete_is_left_and_told(deployment: str, monkeypatch: pytest.MonkeyPatch) -> None:
    backend, ticket = site(SHOP, deployment)
    action, stamp = wrote(backend, ticket, note=NOTE)
    undo, adapter = undo_of(action, stamp, backend.now() - timedelta(hours=1)), adapter_for(backend)
    known = adapter.prepare(undo)
    refused = Answer(403, b'{"errorMessages": ["You have no permission to delete this comment."], "errors": {}}')
    answers = backend.desk.answer
    monkeypatch.setattr(backend.desk, "answer", lambda asked: refused if asked.method == "DELETE" else answers(asked))
    told = adapter.apply(undo, known)
    assert told["taken"] == [] and "permission" in told["left"]["note"]


@BOTH
def test_a_write_that_was_refused_half_way_can_be_taken_back(deployment: str) -> None:
    """The labels are on the issue, and then the transition was refused."""
    backend, ticket = site(SHOP, deployment)
    action, adapter = act(ticket, tags=("late",), fields={"status": "Done"}), adapter_for(backend)
    stamp = msgspec.json.decode(msgspec.json.encode(adapter.prepare(action)))
    after = {"cloud": 1, "data_center": 2}[deployment]
    backend.wire.on_write(lambda _: Answer(400, b'{"errorMessages": ["A rule says no."], "errors": {}}'), after)
    with pytest.raises(RejectedError):
        adapter.apply(action, stamp)
    assert "late" in backend.labels(ticket) and stamp["undo"]["steps"]
    backend.settle()
    again = adapter.prepare(action)
    assert again["undo"]["tags"] == [], "it stands there already"
    assert with_earlier(again, stamp)["undo"]["tags"] == ["late"], "and is ours all the same"
    assert take_back(backend, action, stamp)["taken"] == ["label late"]
