"""The API for programs: what it says of itself holds, its pages follow one another, and its exports can be read."""

from __future__ import annotations

import base64
import csv
import hashlib
import hmac
import io
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import responses
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import Case, GenerationMode
from schemathesis.specs.openapi.checks import ignored_auth, negative_data_rejection, positive_data_acceptance

from connector.commands import accounts
from connector.console import hooks
from connector.console.hooks import message, signed
from connector.settings import SettingsFilesError, load
from connector.store import auditing, sources
from tests.console import KIM, Office, later, office


@pytest.fixture(scope="module")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with office(tmp_path_factory.mktemp("console") / "amends", modes="approve") as made:
        for number in range(25):
            made.complain(f"Parcel {number:02}", requester={**KIM, "id": f"c{number}", "name": f"=Kim {number}"})
            made.desk.advance(number % 2)
        made.desk.spoil(made.complain("Third", "Broken."))
        later(made, 30)
        made.sync()
        yield made


@pytest.fixture
def shop(furnished: Office, tmp_path: Path) -> Iterator[Office]:
    with office(tmp_path / "amends", like=furnished) as made:
        yield made


def every(program: Any, path: str, **asked: object) -> list[dict[str, Any]]:
    """All items of a listing, page by page."""
    found, cursor = [], None
    while True:
        said = program.get(path, params={**asked, **({"cursor": cursor} if cursor else {})})
        assert said.status_code == 200, said.text
        page = said.json()
        found += page["items"]
        cursor = page["next"]
        if cursor is None:
            return found


@pytest.mark.parametrize(("path", "number"), [("complaints", 25), ("writes", 25), ("quarantine", 2), ("audit", 20)])
def test_a_listing_is_whole_page_by_page(shop: Office, path: str, number: int) -> None:
    program = shop.program("read", "audit")
    found = every(program, f"/api/v1/{path}", limit=7)
    again = every(program, f"/api/v1/{path}", limit=200)
    assert found == again
    assert len(found) >= number
    assert len({json.dumps(one) for one in found}) == len(found)


def test_what_is_due_first_comes_first(shop: Office) -> None:
    dues = [one["due_at"] for one in every(shop.program("read"), "/api/v1/complaints", order="due", limit=10)]
    assert len(dues) == 25
    assert dues == sorted(dues)


def test_a_complaint_and_why_it_is_so(shop: Office) -> None:
    program, ticket = shop.program("read"), shop.desk.tickets()[0]
    assert program.get(f"/api/v1/complaints/shop/{ticket}").json()["row"]["id"] == f"shop/{ticket}"
    told = program.get(f"/api/v1/explanations/shop/{ticket}").json()
    assert told["is_complaint"] == "yes"
    assert told["clocks"]


def test_what_is_wrong_is_told_as_problem_details(shop: Office) -> None:
    program = shop.program("read")
    for path, status in (
        ("complaints/shop/NO-1", 404),
        ("complaints?limit=9999", 422),
        ("complaints?cursor=x", 400),
        ("complaints?since=2026-03-02T08:00:00", 400),
        ("nothing", 404),
        ("writes/99999", 404),
    ):
        said = program.get(f"/api/v1/{path}")
        assert (said.status_code, said.headers["content-type"]) == (status, "application/problem+json"), path
        assert said.json()["title"]


def test_h15_an_export_for_spreadsheets_holds_no_formula_and_is_noted(shop: Office) -> None:
    said = shop.program("export", "audit").get("/api/v1/export?form=csv")
    rows = list(csv.DictReader(io.StringIO(said.text)))
    assert len(rows) == 25
    assert {row["complainant"][:2] for row in rows} == {"'="}
    assert said.headers["content-disposition"].startswith("attachment")
    noted = shop.program("audit").get("/api/v1/audit?what=complaints: exported").json()["items"]
    assert noted[0]["detail"]["form"] == "csv"


def test_an_export_as_lines_holds_the_whole_story(shop: Office) -> None:
    said = shop.program("export").get("/api/v1/export?form=jsonl")
    told = [json.loads(line) for line in said.text.splitlines()]
    assert len(told) == 25
    assert all(one["doc"]["entries"] for one in told)


def test_an_export_as_parquet_is_read_by_others(shop: Office) -> None:
    from pyarrow import parquet

    said = shop.program("export").get("/api/v1/export?form=parquet")
    table = parquet.read_table(io.BytesIO(said.content))
    assert table.num_rows == 25
    assert str(table.schema.field("opened_at").type) == "timestamp[us, tz=UTC]"


def test_without_parquet_the_export_says_what_to_install(shop: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyarrow.parquet", None)
    said = shop.program("export").get("/api/v1/export?form=parquet")
    assert said.status_code == 400
    assert "amends[parquet]" in said.json()["detail"]


def test_a_program_stops_all_writes_and_lets_them_go_again(shop: Office) -> None:
    program = shop.program("read", "decide")
    assert program.post("/api/v1/pause?why=alarm").status_code == 200
    assert program.get("/api/v1/status").json()["paused_why"].startswith("alarm (token ")
    program.post("/api/v1/resume")
    assert program.get("/api/v1/status").json()["paused_since"] is None


def test_a_decision_that_cannot_be_is_told_and_nothing_moves(shop: Office) -> None:
    program = shop.program("read", "decide")
    said = program.post("/api/v1/writes/1/retry").json()
    assert said["moved"][0]["why_not"]
    assert program.post("/api/v1/writes/1/approve").json()["moved"][0]["after"] == "pending"


def test_a_program_that_asks_too_often_is_told_when_to_come_back(shop: Office) -> None:
    program = shop.program("read")
    for _ in range(shop.house.calls.tries):
        shop.house.calls.count(accounts.tokens(shop.place)[0].name, shop.ticks)
    said = program.get("/api/v1/status")
    assert said.status_code == 429
    assert int(said.headers["retry-after"]) > 0


# -- what the API says of itself -------------------------------------------------------------------------------------

# A parameter too many is let be, as everywhere; a category that there is not is an empty listing; and the token that
# each request here carries is sent whatever the test thinks of it.
EXCLUDED = [ignored_auth, negative_data_rejection, positive_data_acceptance]
TRIES = settings(
    max_examples=6,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_the_api_keeps_to_its_description_whatever_is_asked(shop: Office, mode: GenerationMode) -> None:
    program = shop.program("read", "tag", "decide", "export", "audit")
    shop.house.calls.tries = 100_000
    headers = {"authorization": program.headers["authorization"], "host": "127.0.0.1:8484"}
    schema = schemathesis.openapi.from_asgi("/api/v1/openapi.json", shop.app, headers=headers)
    asked = []
    for found in schema.get_all_operations():
        operation = found.ok()
        asked.append(operation.label)

        @TRIES
        @given(case=operation.as_strategy(mode))
        def holds(case: Case) -> None:
            case.call_and_validate(headers=headers, excluded_checks=EXCLUDED)

        holds()
    assert len(asked) == 19


# -- webhooks that go out --------------------------------------------------------------------------------------------

KEY = b"a secret of more than 24 bytes"
URL = "https://hears.example/hook"
HOOKS = f"web:\n  hooks:\n    crm: {{url: '{URL}', secret: env:AMENDS_TEST_HOOK}}\n"


@pytest.fixture
def told(furnished: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    """A shop with a webhook that hears of writes."""
    monkeypatch.setenv("AMENDS_TEST_HOOK", "whsec_" + base64.b64encode(KEY).decode())
    with office(tmp_path / "amends", like=furnished) as made:
        with (made.home / "amends.yaml").open("a") as file:
            file.write(HOOKS)
        tell(made)  # from here on
        yield made


def tell(shop: Office) -> int:
    return hooks.tell(shop.place, shop.house.store, load(shop.home).web.hooks)


def note(shop: Office, *whats: str) -> None:
    with shop.house.store.write("test") as connection:
        for what in whats:
            sources.log(connection, shop.desk.now, "amends", what, source="shop", ticket="T-1", detail={"why": "late"})


def test_a_webhook_hears_of_what_happens_from_when_it_is_there_on_in_order_and_signed(told: Office) -> None:
    note(told, "write: done", "census", "write: in doubt")
    with responses.RequestsMock() as net:
        net.post(URL, status=204)
        assert tell(told) == 2
        calls = [one.request for one in net.calls]
    types = [json.loads(one.body)["type"] for one in calls]
    assert types == ["write.done", "write.in_doubt"]
    for one in calls:
        text = f"{one.headers['webhook-id']}.{one.headers['webhook-timestamp']}.".encode() + one.body
        expected = base64.b64encode(hmac.new(KEY, text, hashlib.sha256).digest()).decode()
        assert one.headers["webhook-signature"] == f"v1,{expected}"
    assert tell(told) == 0


def test_what_was_not_taken_is_told_again_later_with_the_same_id(told: Office) -> None:
    note(told, "write: done", "write: dead")
    with responses.RequestsMock() as net:
        net.post(URL, status=200)
        net.post(URL, status=500)
        net.post(URL, status=200)
        tell(told)
        assert len(net.calls) == 2
        assert tell(told) == 0  # not at once
        told.wall += timedelta(minutes=2)
        assert tell(told) == 1
        ids = [one.request.headers["webhook-id"] for one in net.calls]
    assert ids[1] == ids[2] != ids[0]
    with told.house.store.read() as connection:
        assert auditing.hooks(connection)["crm"].failures == 0


def test_a_webhook_is_never_led_elsewhere(told: Office) -> None:
    note(told, "write: done")
    with responses.RequestsMock() as net:
        net.post(URL, status=307, headers={"location": "http://169.254.169.254/"})
        assert tell(told) == 0
        assert len(net.calls) == 1


def test_a_webhook_that_the_settings_name_no_more_begins_anew_when_it_is_back(told: Office) -> None:
    hooks.tell(told.place, told.house.store, ())
    with told.house.store.read() as connection:
        assert auditing.hooks(connection) == {}


def test_the_signature_is_that_of_standard_webhooks() -> None:
    """The example of its reference libraries."""
    from datetime import UTC, datetime

    secret = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    at = datetime.fromtimestamp(1614265330, UTC)
    said = signed(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", at, b'{"test": 2432232314}')
    assert said["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_message_says_what_when_and_about_which_ticket(told: Office) -> None:
    note(told, "write: done")
    with told.house.store.read() as connection:
        (line,) = auditing.lines_after(connection, auditing.newest(connection) - 1, 10)
    said = json.loads(message(line))
    assert said["type"] == "write.done"
    assert said["data"]["ticket"] == "T-1"


@pytest.mark.parametrize("url", ["http://hears.example/", "https://user:pass@hears.example/", "ftp://x"])
def test_h13_a_webhook_in_the_clear_is_a_mistake_in_the_settings(furnished: Office, tmp_path: Path, url: str) -> None:
    (tmp_path / "amends.yaml").write_text(
        f"sources: {{}}\nweb:\n  hooks:\n    crm: {{url: '{url}', secret: env:AMENDS_TEST_HOOK}}\n"
    )
    with pytest.raises(SettingsFilesError, match=r"amends.yaml:4:\d+.*https"):
        load(tmp_path)
