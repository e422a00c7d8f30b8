"""What an admin may say of a Jira site, and what is refused with a word on how to mend it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from adapters.jira import JiraSettings

CLOUD: dict[str, Any] = {"url": "https://acme.atlassian.net", "projects": ["CARE"], "email": "amends@example.com"}


def settings(**changes: Any) -> JiraSettings:
    return msgspec.convert({**CLOUD, **changes}, JiraSettings)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"projects": []}, "at least one project"),
        ({"projects": ["care"]}, "'care' is no project key"),
        ({"url": "http://acme.atlassian.net"}, "must begin with https://"),
        ({"url": "https://acme.atlassian.net/jira"}, "say deployment: data_center"),
        ({"url": "https://me:secret@acme.atlassian.net"}, "secrets stand under `secrets`"),
        ({"email": None}, "needs `email`"),
        ({"auth": "scoped_token"}, r"https://acme.atlassian.net/_edge/tenant_info tells it"),
        ({"auth": "oauth_refresh"}, "needs `cloud_id`"),
        ({"auth": "pat"}, "use api_token, scoped_token, oauth_refresh"),
        ({"deployment": "data_center"}, "use pat"),
        ({"page_size": 101}, "between 1 and 100"),
        ({"overlap_minutes": -1}, "between 0 and 1440"),
        ({"jql": "labels = complaint ORDER BY created"}, "without ORDER BY"),
        ({"jql": "  "}, "a condition"),
        ({"note_visibility": "Administrators"}, "role:NAME or group:NAME"),
        ({"login_url": "http://auth.example.com"}, "login_url"),
        ({"colour": "blue"}, "unknown field"),
    ],
)
def test_what_cannot_work_is_refused_with_a_way_out(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=words):
        settings(**changes)


def test_a_password_in_the_address_is_not_repeated() -> None:
    with pytest.raises(msgspec.ValidationError) as caught:
        settings(url="https://me:secret@acme.atlassian.net")
    assert "secret@" not in str(caught.value)


def test_a_data_center_may_live_under_a_path() -> None:
    site = settings(deployment="data_center", auth="pat", email=None, url="https://jira.acme.example/jira/")
    assert (site.site, site.base, site.cloud) == (
        "https://jira.acme.example/jira",
        "https://jira.acme.example/jira",
        False,
    )


def test_a_scoped_token_goes_through_the_gateway() -> None:
    site = settings(auth="scoped_token", cloud_id="11-22")
    assert site.base == "https://api.atlassian.com/ex/jira/11-22"
    assert site.site == "https://acme.atlassian.net"


def test_plain_http_is_for_this_machine_only() -> None:
    assert settings(url="http://127.0.0.1:8080").site == "http://127.0.0.1:8080"
