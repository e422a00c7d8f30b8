"""Getting in and what one may see there: logins, lost permissions, strong reads, Data Center, Service Management."""

from __future__ import annotations

from typing import Any

import pytest

from connector.errors import AuthError, GoneError, RecordError, SettingsError, TemporaryError
from connector.mapping import check_examples
from connector.mapping.profiles import profiles
from connector.mapping.suggesting import suggest
from connector.model import EntryKind, Role, Status, fields_of
from connector.settings import mapping_in_text, shipped_mapping, shipped_text
from connector.settings.drafting import with_suggestions
from connector.timeline import Words, fold, merge
from sandbox.http.answers import Answer
from sandbox.jira import content
from tests.unit.jira_reading import START, URL, JiraSite, read_all, tickets

BOTH = pytest.mark.parametrize("deployment", ["cloud", "data_center"])
GATEWAY = {"cloud_id": content.CLOUD_ID, "api_url": "http://127.0.0.1:9", "login_url": "http://127.0.0.1:9"}


def through_gateway(site: JiraSite, auth: str, **secrets: str) -> JiraSite:
    site.options |= {**GATEWAY, "auth": auth}
    site.secrets = secrets
    tools = site.tools

    def carried() -> Any:
        made = tools()
        made.session.mount("http://127.0.0.1:9", site.wire)
        return made

    site.tools = carried  # type: ignore[method-assign]
    return site


@pytest.mark.parametrize("email", [content.EMAIL, None])
def test_a_scoped_token_reads_through_the_gateway_and_links_to_the_site(email: str | None) -> None:
    site = through_gateway(JiraSite(), "scoped_token", api_token=content.SCOPED_TOKEN)
    site.options["email"] = email
    opened = site.open(1)
    [record], _ = read_all(site.adapter())
    assert site.wire.asked[0] == ("GET", f"/ex/jira/{content.CLOUD_ID}/rest/api/3/myself")
    assert (record.fields or {})["url"] == f"{URL}/browse/{site.jira.issue(opened[0]).key}"


def test_oauth_fetches_a_token_once_and_a_new_one_when_it_ends() -> None:
    secrets = {"client_id": content.CLIENT_ID, "client_secret": content.CLIENT_SECRET}
    site = through_gateway(JiraSite(), "oauth_refresh", **secrets, refresh_token=content.REFRESH_TOKEN)
    site.open(1)
    tools = site.tools()
    site.tools = lambda: tools  # type: ignore[method-assign]
    assert len(read_all(site.adapter())[0]) == 1
    assert len(read_all(site.adapter())[0]) == 1
    logins = [path for _, path in site.wire.asked if path == "/oauth/token"]
    assert len(logins) == 1
    site.jira.doorman.expire(tools.credentials.current()["access_token"])
    assert len(read_all(site.adapter())[0]) == 1
    assert sum(path == "/oauth/token" for _, path in site.wire.asked) == 2


def test_a_spent_refresh_token_is_a_matter_for_a_person() -> None:
    secrets = {"client_id": content.CLIENT_ID, "client_secret": content.CLIENT_SECRET}
    site = through_gateway(JiraSite(), "oauth_refresh", **secrets, refresh_token="spent")
    with pytest.raises(AuthError):
        site.adapter().check()


def test_a_missing_secret_is_named() -> None:
    site = JiraSite()
    site.secrets = {}
    with pytest.raises(SettingsError, match="needs the secret 'api_token'"):
        site.adapter().check()


@pytest.mark.parametrize("deployment", ["cloud", "data_center"])
def test_wrong_secrets_are_refused_as_such(deployment: str) -> None:
    site = JiraSite(deployment=deployment)
    site.secrets = {"api_token": "wrong", "personal_access_token": "wrong"}
    with pytest.raises(AuthError):
        site.adapter().check()


@pytest.mark.parametrize("switch", ["login_page", "captcha"])
def test_s07_a_login_page_with_200_and_a_captcha_are_refusals_and_no_empty_site(switch: str) -> None:
    site = JiraSite(deployment="data_center")
    site.open(1)
    setattr(site.jira.switches, switch, True)
    with pytest.raises(AuthError):
        read_all(site.adapter())


@pytest.mark.parametrize("headers", [{"X-Seraph-LoginReason": "AUTHENTICATED_FAILED"}, {"X-AUSERNAME": "anonymous"}])
def test_what_anonymous_people_may_see_is_not_taken_for_the_site(headers: dict[str, str]) -> None:
    site = JiraSite()
    site.wire.instead = lambda _asked, answer: Answer(answer.status, answer.payload, {**answer.headers, **headers})
    with pytest.raises(AuthError, match="took us for nobody"):
        read_all(site.adapter())


def test_a_page_of_a_proxy_with_200_is_temporary() -> None:
    site = JiraSite()
    html = Answer(200, b"<!doctype html><html><body>Back soon</body></html>", {}, "text/html")
    site.wire.instead = lambda _asked, _answer: html
    with pytest.raises(TemporaryError):
        read_all(site.adapter())


def test_check_says_who_we_are_and_what_we_may_do() -> None:
    for deployment, actor in (("cloud", content.INTEGRATION), ("data_center", "amends")):
        found = JiraSite(deployment=deployment).adapter().check()
        assert (found.actor, found.name, found.missing) == (actor, "Amends", ())
        assert found.account == URL
        assert {"browse_projects", "add_comments", "edit_issues"} <= set(found.may)
    assert "a year" in JiraSite().adapter().check().warnings[0]


def test_check_names_what_is_missing_and_where() -> None:
    site = JiraSite(projects=[content.CARE, content.OPS])
    site.jira.denied = {"ADD_COMMENTS"}
    site.jira.admin_hides_project(content.OPS)
    missing = site.adapter().check().missing
    assert "OPS: we may not browse it: grant Browse Projects or take it out of `projects`" in missing
    assert any("ADD_COMMENTS in CARE" in one for one in missing)


@pytest.mark.parametrize("deployment", ["cloud", "data_center"])
def test_check_says_when_our_notes_could_not_be_kept_internal(deployment: str) -> None:
    site = JiraSite(deployment=deployment, projects=[content.OPS])
    assert site.adapter().check().missing == ()
    assert site.adapter(note_visibility="group:complaints-board").check().missing == ()
    assert "'Nobody' of OPS" in site.adapter(note_visibility="role:Nobody").check().missing[0]
    assert "the group 'nobody'" in site.adapter(note_visibility="group:nobody").check().missing[0]
    site.jira.our_roles.clear()
    assert "'Administrators' of OPS" in site.adapter().check().missing[0]
    assert site.adapter(notes="property_only").check().missing == ()
    assert site.adapter(projects=[content.CARE]).check().missing == ()


def test_check_warns_of_a_zone_that_is_none() -> None:
    site = JiraSite()
    site.wire.instead = lambda asked, answer: Answer(200, answer.payload.replace(b"Europe/Lisbon", b"Mars/Olympus"))
    found = site.adapter().check()
    assert any("time zone" in one for one in found.warnings)


@pytest.mark.parametrize("deployment", ["cloud", "data_center"])
def test_the_strong_read_tells_a_deleted_issue_from_one_that_we_may_not_see(deployment: str) -> None:
    site = JiraSite(deployment=deployment, projects=[content.CARE, content.OPS])
    kept, gone = site.open(2)
    site.jira.delete(gone)
    wanted = [str(kept), str(gone), "999999"]
    told = {record.ticket: record for _, record in site.adapter().get(wanted)}
    assert sorted(told) == sorted(wanted)
    assert [entry.kind for entry in told[str(gone)].entries] == [EntryKind.DELETE]
    assert told[str(kept)].fields
    site.jira.admin_hides_project(content.OPS)
    assert [record.ticket for _, record in site.adapter().get(wanted)] == [str(kept)]
    site.jira.admin_hides_project(content.CARE)
    assert list(site.adapter().get(wanted)) == []


@BOTH
def test_an_issue_taken_for_deleted_because_it_was_hidden_is_itself_again_once_we_see_it(deployment: str) -> None:
    site = JiraSite(deployment=deployment)
    number = site.open(1)[0]
    site.jira.agent_sets(number, status=content.WAITING_FOR_CUSTOMER)
    site.jira.move(site.jira.issue(number), content.SHOP, content.ANA)
    [(_, record)] = site.adapter().get([str(number)])
    entries = merge((), record.entries)
    for hidden in (True, False, True, False):
        site.clock.advance(86400)
        if hidden:
            site.jira.admin_hides_project(content.SHOP)
        else:
            site.jira.admin_shows_project(content.SHOP)
        [(_, record)] = site.adapter().get([str(number)])
        assert site.adapter().read("issues", record.raw, record.entries[0].seen_at) == record
        entries = merge(entries, record.entries)
        folded = fold(entries, Words({"Waiting for customer": Status.ON_HOLD, "Waiting for support": Status.OPEN}))
        assert folded is not None
        assert (folded.status is Status.DELETED) is hidden
    again = entries
    for _ in range(3):
        site.clock.advance(60)
        [(_, record)] = site.adapter().get([str(number)])
        again = merge(again, record.entries)
    assert again == entries, "seeing it once more says nothing new"


def test_what_a_bulk_read_could_not_load_is_read_by_itself_and_not_taken_for_deleted() -> None:
    site = JiraSite()
    opened = site.open(3)
    site.jira.switches.withheld.add(opened[1])
    told = {record.ticket: record for _, record in site.adapter().get([str(number) for number in opened])}
    assert sorted(map(int, told)) == opened
    assert all(record.fields and record.problem is None for record in told.values())


@BOTH
@pytest.mark.parametrize(("status", "raised"), [(500, 1), (403, 0), (400, 0)])
def test_a_strong_read_tells_an_issue_that_jira_refuses_with_a_problem_and_the_others_as_they_are(
    deployment: str, status: int, raised: int
) -> None:
    site = JiraSite(deployment=deployment)
    opened = site.open(3)
    site.jira.switches.withheld.add(opened[1])
    site.wire.instead = lambda asked, answer: (
        Answer(status, b'{"errorMessages":["no"]}') if asked.path.endswith(f"/issue/{opened[1]}") else answer
    )
    adapter = site.adapter()
    wanted = [str(number) for number in opened]
    for _ in range(raised):
        with pytest.raises(TemporaryError):
            list(adapter.get(wanted))
    told = {int(record.ticket): record for _, record in adapter.get(wanted)}
    assert sorted(told) == opened
    assert [number for number in opened if told[number].problem] == [opened[1]]
    assert "Jira does not tell all of it" in (told[opened[1]].problem or "")
    assert told[opened[1]].entries == ()
    assert site.adapter().read("issues", told[opened[1]].raw, site.clock()) == told[opened[1]]


def test_a_bulk_read_that_fails_again_is_made_issue_by_issue() -> None:
    site = JiraSite()
    opened = site.open(3)
    site.wire.instead = lambda asked, answer: Answer(500, b"{}") if "/bulkfetch" in asked.path else answer
    adapter = site.adapter()
    wanted = [str(number) for number in opened]
    with pytest.raises(TemporaryError):
        list(adapter.get(wanted))
    assert tickets([record for _, record in adapter.get(wanted)]) == opened


def test_what_is_no_id_is_refused() -> None:
    with pytest.raises(RecordError):
        list(JiraSite().adapter().get(["CARE-1"]))


TWO = [content.CARE, content.SHOP]


def opens(site: JiraSite, project: str) -> int:
    site.clock.advance(60)
    return int(site.jira.customer_opens("Broken", "It is broken.", project=project, request_type=None))


@BOTH
def test_s37_a_lost_project_stops_no_other_and_what_changed_in_it_is_read_when_it_is_back(
    deployment: str, caplog: pytest.LogCaptureFixture
) -> None:
    site = JiraSite(deployment=deployment, projects=TWO)
    ours, lost = opens(site, content.CARE), opens(site, content.SHOP)
    found, cursor = read_all(site.adapter())
    assert sorted(tickets(found)) == [ours, lost]
    left_at = cursor["from"]
    site.jira.admin_hides_project(content.SHOP)
    for day in range(3):
        site.clock.advance(86400)
        site.jira.agent_sets(lost, priority=content.HIGH)
        meanwhile = opens(site, content.SHOP)
        site.jira.customer_comments(ours, f"Day {day}")
        found, cursor = read_all(site.adapter(), cursor)
        assert tickets(found) == [ours]
        assert cursor["hidden"] == {content.SHOP: left_at}
    assert [one.levelname for one in caplog.records if "may not browse SHOP" in one.message] == ["WARNING"]
    site.jira.admin_shows_project(content.SHOP)
    site.clock.advance(86400)
    found, cursor = read_all(site.adapter(), cursor)
    assert {lost, meanwhile} <= set(tickets(found))
    assert len(found) == 4, "what is known does not come again"
    assert "hidden" not in cursor
    assert read_all(site.adapter(), cursor)[0] == []


@BOTH
def test_a_project_that_was_never_seen_is_read_from_the_beginning_once_it_is(deployment: str) -> None:
    site = JiraSite(deployment=deployment, projects=TWO)
    old = [opens(site, content.SHOP) for _ in range(5)]
    site.jira.admin_hides_project(content.SHOP)
    site.clock.advance(86400)
    ours = [opens(site, content.CARE) for _ in range(5)]
    found, cursor = read_all(site.adapter())
    assert tickets(found) == ours
    site.jira.admin_shows_project(content.SHOP)
    found, cursor = read_all(site.adapter(), cursor)
    assert tickets(found) == old
    assert read_all(site.adapter(), cursor)[0] == []


@BOTH
@pytest.mark.parametrize("every_seconds", [0, 40])
@pytest.mark.parametrize("hidden_at", range(1, 16))
def test_a_project_may_be_lost_and_come_back_at_any_page(deployment: str, every_seconds: int, hidden_at: int) -> None:
    site = JiraSite(deployment=deployment, projects=TWO)
    opened = []
    for number in range(24):
        site.clock.advance(every_seconds)
        project = TWO[number % 2]
        opened.append(int(site.jira.customer_opens("Late", "It is late.", project=project, request_type=None)))

    def hide() -> None:
        if site.searches() == hidden_at:
            site.jira.admin_hides_project(content.SHOP)

    site.wire.between = hide
    found, cursor = read_all(site.adapter())
    site.wire.between = None
    site.jira.admin_hides_project(content.SHOP)
    site.clock.advance(86400)
    for number in opened[:4]:
        site.jira.agent_sets(number, priority=content.HIGH)
    more, cursor = read_all(site.adapter(), cursor)
    found += more
    site.jira.admin_shows_project(content.SHOP)
    more, cursor = read_all(site.adapter(), cursor)
    found += more
    seen = {int(record.ticket): record.version for record in found}
    assert seen == {number: int(site.jira.issue(number).updated.timestamp() * 1000 + 0.5) for number in opened}
    assert len({(record.ticket, record.version) for record in found}) == len(found)


def test_a_lost_project_costs_one_call_a_read_and_none_once_it_is_back() -> None:
    site = JiraSite(projects=TWO, page_size=100)
    opens(site, content.CARE)
    _, cursor = read_all(site.adapter())
    for hidden, calls in ((True, 3), (False, 2)):
        (site.jira.admin_hides_project if hidden else site.jira.admin_shows_project)(content.SHOP)
        _, cursor = read_all(site.adapter(), cursor)
        site.wire.asked.clear()
        read_all(site.adapter(), cursor)
        assert len(site.wire.asked) == calls


@BOTH
def test_where_no_project_is_left_it_is_a_matter_of_rights_and_not_an_empty_site(deployment: str) -> None:
    site = JiraSite(deployment=deployment, projects=TWO)
    opens(site, content.CARE)
    _, cursor = read_all(site.adapter())
    site.jira.admin_hides_project(content.SHOP)
    _, cursor = read_all(site.adapter(), cursor)
    site.jira.admin_hides_project(content.CARE)
    for at in ({}, cursor):
        with pytest.raises(AuthError, match="does not show us every project"):
            read_all(site.adapter(), at)
    with pytest.raises(AuthError, match="does not show us every project"):
        list(site.adapter().census(START))
    with pytest.raises(AuthError, match="does not show us every project"):
        read_all(site.adapter(projects=[content.SHOP]), cursor)


def test_a_condition_that_names_a_lost_project_is_refused_as_it_is() -> None:
    site = JiraSite(projects=[content.CARE], jql="project != OPS")
    site.jira.admin_hides_project(content.OPS)
    with pytest.raises(AuthError, match="OPS"):
        read_all(site.adapter())
    with pytest.raises(AuthError, match="OPS"):
        list(site.adapter().census(START))


@BOTH
def test_the_census_counts_what_we_may_browse_and_nothing_hidden_is_told_as_gone(deployment: str) -> None:
    site = JiraSite(deployment=deployment, projects=TWO)
    ours, lost = opens(site, content.CARE), opens(site, content.SHOP)
    site.jira.admin_hides_project(content.SHOP)
    assert [int(ticket) for some in site.adapter().census(START) for ticket, _ in some] == [ours]
    assert list(site.adapter().get([str(lost)])) == []
    site.jira.admin_shows_project(content.SHOP)
    assert sorted(int(ticket) for some in site.adapter().census(START) for ticket, _ in some) == [ours, lost]


def test_a_project_that_we_administer_and_may_not_browse_makes_nothing_gone() -> None:
    site = JiraSite(projects=TWO)
    lost = opens(site, content.SHOP)
    site.jira.admin_hides_project(content.SHOP)
    site.wire.instead = lambda asked, answer: (
        Answer(200, b'{"key":"SHOP"}') if asked.path.endswith("/project/SHOP") else answer
    )
    assert list(site.adapter().get([str(lost)])) == []
    assert read_all(site.adapter())[0] == []


def test_what_a_mapping_is_made_of_is_found_where_one_project_is_hidden() -> None:
    site = JiraSite(projects=TWO)
    opens(site, content.CARE)
    site.jira.admin_hides_project(content.SHOP)
    assert "summary" in {field.id for field in site.adapter().discover().fields}


def test_more_than_a_hundred_issues_are_read_strongly_in_portions() -> None:
    site = JiraSite()
    opened = site.open(130, every_seconds=0)
    assert sorted(tickets([one for _, one in site.adapter().get([str(number) for number in opened])])) == opened
    assert sum(path.endswith("/issue/bulkfetch") for _, path in site.wire.asked) == 2


def test_get_and_fetch_tell_the_same_of_an_issue() -> None:
    for deployment in ("cloud", "data_center"):
        site = JiraSite(deployment=deployment)
        number = site.open(1)[0]
        site.jira.agent_comments(number, "We look into it", by=content.ANA, status=content.WAITING_FOR_CUSTOMER)
        site.jira.agent_sets(number, assignee=content.BEN, by=content.ANA)
        [fetched], _ = read_all(site.adapter())
        [(_, got)] = site.adapter().get([str(number)])
        told = tuple(entry for entry in got.entries if entry.kind is not EntryKind.RESTORE)
        assert (fetched.entries, fetched.fields) == (told, got.fields)
        assert fetched.version == got.version


@pytest.mark.parametrize("deployment", ["cloud", "data_center"])
def test_internal_comments_are_told_from_public_ones(deployment: str) -> None:
    site = JiraSite(deployment=deployment, service_desk=True)
    number = site.open(1)[0]
    site.jira.agent_notes(number, "He is right", by=content.ANA)
    site.jira.agent_comments(number, "We look into it", by=content.ANA)
    site.jira.customer_comments(number, "Thank you")
    [record], _ = read_all(site.adapter())
    said = [(entry.kind, entry.text) for entry in record.entries if entry.id.startswith("comment:")]
    assert said == [
        (EntryKind.NOTE, "He is right"),
        (EntryKind.STAFF_REPLY, "We look into it"),
        (EntryKind.CUSTOMER_MESSAGE, "Thank you"),
    ]


def test_service_management_is_read_with_its_own_fields() -> None:
    site = JiraSite(service_desk=True, fields=[content.FIRST_RESPONSE])
    number = site.open(1)[0]
    site.jira.agent_comments(number, "We look into it", by=content.ANA)
    site.jira.agent_sets(number, status=content.RESOLVED)
    site.jira.rate(number, 2, "Too slow")
    site.jira.issue(number).properties["request.channel.type"] = {"value": "portal"}
    [record], _ = read_all(site.adapter())
    fields = record.fields or {}
    assert fields["request_type"] == "Complaint"
    assert fields["channel"] == "portal"
    assert fields["satisfaction"] == {"rating": 2, "comment": "Too slow"}
    assert fields_of(fields, f"{content.FIRST_RESPONSE}.breached") is False
    rated = [entry for entry in record.entries if entry.kind is EntryKind.RATING]
    assert [(entry.value, entry.text, entry.role) for entry in rated] == [("2", "Too slow", Role.CUSTOMER)]


def test_discover_offers_what_a_mapping_needs() -> None:
    for deployment in ("cloud", "data_center"):
        site = JiraSite(deployment=deployment, projects=[content.CARE, content.OPS], service_desk=True)
        site.open(1)
        found = site.adapter().discover()
        fields = {field.id: field for field in found.fields}
        assert fields["labels"].many
        assert fields["labels"].writable
        assert fields["summary"].required
        assert fields[content.PRODUCT].type == "choice"
        assert fields[content.PRODUCT].options
        assert fields[content.REASON].type == "long_text"
        assert fields[content.FIRST_RESPONSE].type == "sla"
        assert f"{content.FIRST_RESPONSE}.breached" in fields
        assert ("CARE/Waiting for customer", "Waiting for customer") in found.statuses
        assert found.meanings["OPS/Done"] == "resolved"
        assert found.meanings["CARE/Waiting for customer"] == "open"
        assert ("High", "High") in found.priorities
        assert "Ana Ribeiro" in dict(found.people).values()


def test_people_are_known_by_name_at_a_data_center_and_by_account_in_the_cloud() -> None:
    for deployment, here, elsewhere in (("cloud", "accountId", "name"), ("data_center", "name", "accountId")):
        found = JiraSite(deployment=deployment).adapter().discover()
        ids = {field.id for field in found.fields}
        assert {f"assignee.{here}", f"reporter.{here}"} <= ids
        assert not {f"assignee.{elsewhere}", f"reporter.{elsewhere}"} & ids
        assert found.renamed[f"assignee.{elsewhere}"] == f"assignee.{here}"


def test_the_shipped_mapping_is_drafted_for_the_deployment_that_it_meets() -> None:
    for deployment, member in (("cloud", "accountId"), ("data_center", "name")):
        site = JiraSite(deployment=deployment, fields=[content.PRODUCT])
        site.open(1)
        adapter = site.adapter()
        found, ([record], _) = adapter.discover(), read_all(adapter)
        suggestions = suggest(shipped_mapping("jira"), found, profiles(found.fields, [record.fields or {}]))
        drafted = mapping_in_text(with_suggestions(shipped_text("jira"), "jira.yaml", suggestions), "jira.yaml")
        assert drafted.fields["owner"] == f"assignee.{member}"
        assert drafted.fields["requester.id"] == f"reporter.{member}"
        assert fields_of(record.fields or {}, f"reporter.{member}")
        assert check_examples(drafted) == []


def test_what_a_project_without_an_issue_can_write_is_told_by_its_create_screen() -> None:
    for deployment in ("cloud", "data_center"):
        fields = {one.id: one for one in JiraSite(deployment=deployment).adapter().discover().fields}
        assert fields["summary"].writable
        assert fields["labels"].writable


def test_the_projects_to_choose_from_are_offered_before_the_settings_stand() -> None:
    for deployment in ("cloud", "data_center"):
        site = JiraSite(deployment=deployment)
        options = {name: value for name, value in site.options.items() if name != "projects"}
        offered = type(site.adapter()).offered("jira", options, site.tools())
        assert dict(offered["projects"])["CARE"]


def test_only_the_fields_that_are_wanted_are_asked_for() -> None:
    site = JiraSite(fields=[content.PRODUCT])
    site.open(1)
    [record], _ = read_all(site.adapter())
    assert content.PRODUCT in (record.fields or {})
    assert content.ORDER_NUMBER not in (record.fields or {})


def test_an_extra_condition_narrows_what_is_read() -> None:
    site = JiraSite(jql="labels = complaint OR labels = late")
    site.open(2)
    number = int(site.jira.customer_opens("Late", "It is late", labels=["late"]))
    assert tickets(read_all(site.adapter())[0]) == [number]


def test_s01_a_limit_is_waited_for_as_long_as_jira_says() -> None:
    site = JiraSite()
    site.wire.instead = lambda _asked, _answer: site.wire.desk.too_many(40)
    with pytest.raises(TemporaryError) as caught:
        read_all(site.adapter())
    assert (caught.value.retry_after_seconds, caught.value.applied) == (40, False)


def test_an_address_that_is_gone_is_no_issue_that_is_gone() -> None:
    site = JiraSite()
    site.wire.instead = lambda _asked, _answer: Answer(404, b"<html>Oops</html>", {}, "text/html")
    with pytest.raises(TemporaryError) as caught:
        list(site.adapter().get(["10001"]))
    assert not isinstance(caught.value, GoneError)
