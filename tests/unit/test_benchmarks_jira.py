"""The Jira site of the benchmarks answers as it should, and its bare loop asks for what `amends sync` asks for."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from adapters.jira.issues import NOTHING, Site, sent_issue
from adapters.jira.search import ALWAYS, bound_text
from adapters.jira.values import milliseconds, moment
from benchmarks import jira_loop, tickets
from benchmarks.jira_site import Jira
from connector.model import EPOCH

COUNT = 450
SITE = Jira(COUNT)


def ask(path: str, body: dict[str, Any], version: int = 3) -> Any:
    answer = SITE.body("https://bench", f"/rest/api/{version}/{path}", {}, msgspec.json.encode(body))
    assert answer is not None
    return msgspec.json.decode(answer)


def test_bare_loop_reads_every_issue_in_pages_that_overlap_by_a_minute() -> None:
    pages = list(jira_loop.pages(ask))
    read = [issue["id"] for page in pages for issue in page]
    assert len(set(read)) == COUNT
    assert COUNT < len(read) <= COUNT + 5 * len(pages)
    assert all(len(page) == 100 for page in pages[:-1])


def test_bare_loop_asks_for_the_fields_of_a_sync() -> None:
    assert jira_loop.FIELDS == ALWAYS
    issue = ask("search/jql", {"jql": "", "fields": jira_loop.FIELDS})["issues"][0]
    assert set(issue["fields"]) == set(ALWAYS)


def test_bound_is_read_as_utc() -> None:
    middle = SITE.changed[COUNT // 2]
    bound = bound_text(middle, ZoneInfo("UTC"))
    found = ask("search/jql", {"jql": f'updated >= "{bound}"', "fields": ["updated"]})["issues"]
    expected = next(one for one in SITE.issues if one.changed >= middle.replace(second=0, microsecond=0))
    assert found[0]["id"] == str(expected.ident)
    assert ask("search/jql", {"jql": 'updated >= "2100-01-01 00:00"'})["issues"] == []


def test_census_lists_what_is_unfinished_and_what_changed() -> None:
    jql = 'project in ("BENCH") AND (updated >= "2026-10-01 00:00" OR statusCategory != Done) ORDER BY key ASC'
    found = ask("search/jql", {"jql": jql, "fields": ["id"], "maxResults": 1000})["issues"]
    since = datetime(2026, 10, 1, tzinfo=UTC)
    assert [one["id"] for one in found] == sorted(
        str(one.ident) for one in SITE.issues if one.changed >= since or not one.done
    )


def test_each_issue_is_read_without_a_problem_and_with_its_history() -> None:
    page = ask("search/jql", {"jql": "", "fields": jira_loop.FIELDS, "maxResults": 100})["issues"]
    bulk = ask("changelog/bulkfetch", {"issueIdsOrKeys": [issue["id"] for issue in page], "maxResults": 1000})
    logs = {one["issueId"]: msgspec.json.encode(one["changeHistories"]) for one in bulk["issueChangeLogs"]}
    for issue in page:
        raw, extras = msgspec.json.encode(issue), NOTHING._replace(changelog=logs.get(issue["id"], b"[]"))
        record = sent_issue(raw, issue, extras, Site("https://bench"), tickets.NEWEST)
        assert record.problem is None
        assert record.version == milliseconds(moment(issue["fields"]["updated"]) or EPOCH)
    assert logs


def test_bulk_changelogs_come_in_pages() -> None:
    wish: dict[str, Any] = {"issueIdsOrKeys": [str(one.ident) for one in SITE.issues[:50]], "maxResults": 20}
    whole = ask("changelog/bulkfetch", {**wish, "maxResults": 1000})
    counted, token = 0, None
    while True:
        page = ask("changelog/bulkfetch", wish if token is None else {**wish, "nextPageToken": token})
        counted += sum(len(one["changeHistories"]) for one in page["issueChangeLogs"])
        if (token := page.get("nextPageToken")) is None:
            break
    assert "nextPageToken" not in whole
    assert counted == sum(len(one["changeHistories"]) for one in whole["issueChangeLogs"])


def test_version_2_tells_words_instead_of_documents() -> None:
    issue = ask("search/jql", {"jql": "", "fields": ["*all"], "maxResults": 1}, version=2)["issues"][0]
    assert "\n\n" in issue["fields"]["description"]
