"""The sandbox over HTTP: faults come by seed, hide what they should hide, and the ledger knows what really happened."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
import requests

from sandbox.clock import SandboxClock
from sandbox.http.faults import rule
from sandbox.zendesk import Account, Faults, Site, content, serve

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
HEADERS = {"Authorization": f"Bearer {content.ACCESS_TOKEN}"}
TAGS = "/api/v2/tickets/1/tags.json"


@contextmanager
def site_with(*rules: str, **named: Any) -> Iterator[Site]:
    account = Account(SandboxClock(START, scale=0))
    account.customer_opens("Late", "Where is it?")
    with serve(account, faults=Faults(rules, hang_seconds=0.02, **named)) as site:
        yield site


def add_tag(site: Site, tag: str) -> requests.Response:
    return requests.put(site.url + TAGS, json={"tags": [tag]}, headers=HEADERS, timeout=5)


def test_the_same_seed_gives_the_same_faults_whatever_comes_between() -> None:
    rules = ["http_429=0.2", "ambiguous_reset@PUT=0.3"]
    one, two, other = Faults(rules, seed=5), Faults(rules, seed=5), Faults(rules, seed=6)
    drawn = [one.choose("PUT", "/a") for _ in range(50)]
    interleaved = []
    for _ in range(50):
        two.choose("GET", "/b")
        interleaved.append(two.choose("PUT", "/a"))
    assert drawn == interleaved
    assert drawn != [other.choose("PUT", "/a") for _ in range(50)]


def test_probabilities_are_met() -> None:
    faults = Faults(["reset_before=0.25", "late_write=0.25"], seed=1)
    for n in range(2000):
        faults.choose("PUT", f"/{n}")
    report = faults.report()
    assert 0.45 < report["writes_hit_share"] < 0.55
    assert 0.2 < report["writes_untold_share"] < 0.3


def test_a_rule_is_written_as_name_methods_path_and_probability() -> None:
    found = rule("ambiguous_5xx@PUT+POST:/tickets/=0.5")
    assert (found.fault, found.methods, found.path, found.probability) == (
        "ambiguous_5xx",
        ("PUT", "POST"),
        "/tickets/",
        0.5,
    )
    assert not found.fits("GET", "/tickets/1", writing=False)
    with pytest.raises(ValueError, match="no fault"):
        rule("nonsense=1")


@pytest.mark.parametrize("fault", ["reset_before", "hang_before"])
def test_what_breaks_before_applies_nothing(fault: str) -> None:
    with site_with(f"{fault}=1") as site:
        with pytest.raises(requests.ConnectionError):
            add_tag(site, "a")
        assert len(site.account.ledger) == 0


@pytest.mark.parametrize("fault", ["ambiguous_reset", "ambiguous_timeout"])
def test_what_breaks_after_is_applied_and_not_told(fault: str) -> None:
    with site_with(f"{fault}=1") as site:
        with pytest.raises(requests.ConnectionError):
            add_tag(site, "a")
        assert site.account.ticket(1).body["tags"] == ["a"]
        assert site.seen[-1].fault == fault
        assert site.faults.report()["writes_untold"] == 1


def test_a_late_write_lands_after_its_sender_gave_up_and_meets_the_stamp_of_that_time() -> None:
    with site_with("late_write@PUT=1", late_seconds=3600) as site:
        stamp = site.account.ticket(1).body["updated_at"]
        for tag in ("first", "second"):
            body = {"tags": [tag], "safe_update": "true", "updated_stamp": stamp}
            with pytest.raises(requests.ConnectionError):
                requests.put(site.url + TAGS, json=body, headers=HEADERS, timeout=5)
        assert (len(site.account.ledger), site.late_writes()) == (0, 2)
        site.account.clock.advance(5)  # type: ignore[attr-defined]
        assert site.land_late_writes() == 2
        [effect] = site.account.ledger
        assert (effect.late, effect.tags_added) == (True, ["first"])


def test_a_doubled_request_is_applied_twice_and_answered_last() -> None:
    with site_with("dup_forward=1") as site:
        body = {"ticket": {"comment": {"body": "x", "public": False}}}
        answer = requests.put(site.url + "/api/v2/tickets/1", json=body, headers=HEADERS, timeout=5)
        assert answer.status_code == 200
        assert len(site.account.ledger) == 2


@pytest.mark.parametrize(
    ("fault", "statuses", "applied"),
    [("http_429", {429}, 0), ("http_5xx", {500, 502, 503, 504}, 0), ("ambiguous_5xx", {502, 504}, 1)],
)
def test_refusals_that_hide_or_do_not_hide_an_effect(fault: str, statuses: set[int], applied: int) -> None:
    with site_with(f"{fault}=1") as site:
        answer = add_tag(site, "a")
        assert answer.status_code in statuses
        assert len(site.account.ledger) == applied


def test_pages_of_html_empty_cut_and_slow_bodies() -> None:
    with site_with("html_200=1") as site:
        assert add_tag(site, "a").headers["Content-Type"].startswith("text/html")
        site.faults = Faults(["empty_200=1"])
        assert add_tag(site, "b").content == b""
        site.faults = Faults(["truncate_json=1"])
        with pytest.raises(requests.JSONDecodeError):
            add_tag(site, "c").json()
        site.faults = Faults(["truncate_fin=1"])
        with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
            add_tag(site, "d")
        site.faults = Faults(["slow_body=1"], hang_seconds=0.02)
        assert add_tag(site, "e").json() == {"tags": ["a", "b", "c", "d", "e"]}


def test_a_stale_page_is_the_answer_given_last_time() -> None:
    with site_with() as site:
        session = requests.Session()
        session.headers.update(HEADERS)
        before = session.get(site.url + TAGS).json()
        add_tag(site, "a")
        site.faults = Faults(["stale_page=1"])
        assert session.get(site.url + TAGS).json() == before


def test_links_begin_with_the_served_address_and_connections_are_kept() -> None:
    with site_with() as site:
        site.account.clock.advance(61)  # type: ignore[attr-defined]
        query = {"start_time": int(START.timestamp()) - 5}
        answer = requests.get(f"{site.url}/api/v2/incremental/tickets/cursor.json", query, headers=HEADERS, timeout=5)
        assert answer.json()["after_url"].startswith(site.url)
        assert answer.headers["Date"] == "Mon, 02 Mar 2026 09:01:01 GMT"
        assert answer.headers["Content-Encoding"] == "gzip"
        assert answer.raw.version == 11


def test_a_redirect_and_a_bomb_are_served_when_switched_on() -> None:
    with site_with() as site:
        site.account.switches.redirect_to = "http://127.0.0.1:9"
        answer = requests.get(site.url + TAGS, headers=HEADERS, allow_redirects=False, timeout=5)
        assert (answer.status_code, answer.headers["Location"]) == (302, "http://127.0.0.1:9" + TAGS)
        site.account.switches.redirect_to = None
        site.account.switches.bomb_bytes = 3 << 20
        url = f"{site.url}/api/v2/incremental/tickets/cursor"
        raw = requests.get(url, {"start_time": 1}, headers=HEADERS, stream=True, timeout=5).raw.read(
            decode_content=False
        )
        assert len(raw) < 100_000
        assert len(gzip.decompress(raw)) == 3 << 20


def test_another_process_can_drive_the_account() -> None:
    with site_with() as site:

        def post(name: str, body: Any) -> requests.Response:
            return requests.post(f"{site.url}/__control/{name}", json=body, timeout=5)

        def get(name: str) -> Any:
            return requests.get(f"{site.url}/__control/{name}", timeout=5).json()

        opened = post("act", {"act": "customer_opens", "subject": "S", "text": "T", "fields": {content.VIP: True}})
        assert opened.json() == 2
        assert post("act", {"act": "fly"}).status_code == 400
        assert post("act", {"act": "agent_notes", "ticket": 99, "text": "x"}).status_code == 400
        post("clock", {"advance_seconds": 90})
        assert get("state")["now"] == "2026-03-02T09:01:30Z"
        post("before_next_write", {"act": "agent_notes", "ticket": 2, "text": "first"})
        post("faults", {"rules": ["http_429@GET=1"], "seed": 3})
        assert requests.get(site.url + TAGS, headers=HEADERS, timeout=5).status_code == 429
        body = {"tags": ["a"], "safe_update": "true", "updated_stamp": "2026-03-02T09:00:00Z"}
        url = f"{site.url}/api/v2/tickets/2/tags"
        assert requests.put(url, json=body, headers=HEADERS, timeout=5).status_code == 409
        post("faults", {})
        assert post("switches", {"page_size": 7}).json()["page_size"] == 7
        assert post("limits", {"exports": 3}).json()["exports"] == 3
        assert post("triggers", {"triggers": [{"title": "T", "when": "a", "remove": ["a"]}]}).json() == 1
        assert post("policies", {"policies": [{"title": "P", "minutes": {"first_reply_time": {"low": 5}}}]}).json() == 1
        assert add_tag(site, "a").json() == {"tags": []}
        assert [one["kind"] for one in get("ledger")] == ["tags.add"]
        assert get("ticket?id=2")["comments"][-1]["body"] == "first"
        assert get("report")["writes"] == 1
        assert [one["status"] for one in get("requests")][-1] == 200
        assert requests.get(f"{site.url}/__control/nothing", timeout=5).status_code == 404
