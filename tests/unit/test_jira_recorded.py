"""What real Jira sites sent, as others recorded it, passes the reader: no problem, and all times with zones."""

from __future__ import annotations

import gzip
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.jira import issues
from adapters.jira.issues import Extras, Site, sent_issue
from connector.adapter import Record
from connector.model import EntryKind

SEEN_AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
SITE = Site("https://acme.atlassian.net")


def recorded() -> Path:
    corpora = os.environ.get("AMENDS_CORPORA")
    if corpora is None:
        pytest.skip("AMENDS_CORPORA is not set")
    return Path(corpora) / "recorded" / "jira"


def load(path: Path) -> Any:
    return msgspec.json.decode(path.read_bytes())


def lines(path: Path) -> Iterator[Any]:
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as rows:
        for row in rows:
            yield msgspec.json.decode(row)["body"]


def whole_issues() -> dict[str, list[dict[str, Any]]]:
    here = recorded()
    ruby = here / "jira-ruby-mock-responses"
    return {
        "perceval": load(here / "perceval" / "jira_issues_page_1.json")["issues"],
        "jira-ruby": [load(ruby / "issue__10002.json"), *load(ruby / "sprint__1_issues.json")["issues"]],
        "go-jira": load(here / "go-jira-mock-data" / "issues_in_sprint.json")["issues"],
        "devlake": list(lines(here / "devlake-raw" / "raw_jira_api_issues.jsonl.gz")),
    }


def record_of(issue: dict[str, Any], **extras: Any) -> Record:
    packed = {name: msgspec.json.encode(value) for name, value in extras.items()}
    return sent_issue(msgspec.json.encode(issue), issue, Extras(**packed), SITE, SEEN_AT)


@pytest.mark.parametrize("who", ["perceval", "jira-ruby", "go-jira", "devlake"])
def test_every_recorded_issue_gives_a_record(who: str) -> None:
    found = whole_issues()[who]
    assert found
    for issue in found:
        record = record_of(issue)
        assert record.problem is None
        assert record.ticket == issue["id"]
        assert record.version > 0
        assert record.fields is not None
        assert record.fields.get("summary") == issue["fields"].get("summary")
        times = [entry.occurred_at for entry in record.entries]
        assert times == sorted(times)
        assert all(at.tzinfo is UTC for at in times)
        assert any(entry.kind is EntryKind.RECEIVED for entry in record.entries)
        assert issues.read(record.raw, SEEN_AT) == record


def test_recorded_changelogs_become_entries_in_order() -> None:
    found = [entry.kind for issue in whole_issues()["devlake"] for entry in record_of(issue).entries if entry.observed]
    assert {EntryKind.STATUS, EntryKind.OWNER, EntryKind.FIELD} <= set(found)


def test_recorded_comments_become_messages() -> None:
    issue = whole_issues()["perceval"][0]
    sent = load(recorded() / "perceval" / "jira_comments_issue_page_2.json")["comments"]
    found = record_of(issue, comments=sent).entries
    said = [entry for entry in found if entry.kind in (EntryKind.CUSTOMER_MESSAGE, EntryKind.STAFF_REPLY)]
    assert len(said) == len(sent)
    assert all(entry.text for entry in said)


@cache
def sample() -> dict[str, Any]:
    return dict(whole_issues()["devlake"][0])


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["id", "key", "name", "body", "items"]), inner)
    ),
    max_leaves=6,
)


@given(st.data())
def test_whatever_a_field_becomes_the_reader_does_not_stumble(data: st.DataObject) -> None:
    issue = msgspec.json.decode(msgspec.json.encode(sample()))
    here: Any = issue
    for _ in range(data.draw(st.integers(1, 5))):
        keys = list(here) if isinstance(here, dict) else list(range(len(here)))
        if not keys:
            break
        key = data.draw(st.sampled_from(keys))
        if not isinstance(here[key], dict | list) or data.draw(st.booleans()):
            here[key] = data.draw(JUNK)
            break
        here = here[key]
    record = record_of(msgspec.json.decode(msgspec.json.encode(issue)))
    assert issues.read(record.raw, SEEN_AT) == record


@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_what_is_no_issue_at_all_is_a_record_with_a_problem(raw: bytes) -> None:
    assert issues.read(b'{"issue":' + raw + b"}", SEEN_AT).problem is not None
