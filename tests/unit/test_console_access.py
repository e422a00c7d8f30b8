"""Who may come into the console, and who may do what there (fault cases H07, H08, H09, H20, H22, H24)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from errno import ENOENT
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from types import FunctionType
from typing import Any

import pytest
from fastapi.routing import APIRoute
from starlette.testclient import TestClient

from connector.commands import accounts
from connector.console import api, entrance, pages, services
from connector.console.app import application
from connector.console.errors import StrangerError, TooManyError
from connector.console.limits import Allowance
from connector.console.serving import Office as Serving
from connector.errors import AmendsError
from connector.roles import GRANTS, SCOPES, Permission, Rank
from connector.settings import SettingsFilesError, load
from connector.store import auditing
from tests.console import BASE, CHEAP, PASSWORD, Office, later, office, text_of


@pytest.fixture(scope="module")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with office(tmp_path_factory.mktemp("console") / "amends") as made:
        made.complain()
        later(made, 30)
        made.complain("Second", "You charged me twice.")
        made.desk.spoil(made.complain("Third", "Broken."))
        made.sync()
        yield made


@pytest.fixture
def shop(furnished: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    """A complaint that is overdue, a second one, a record in quarantine; nobody has an account yet."""
    monkeypatch.setattr("argon2.PasswordHasher", CHEAP)
    with office(tmp_path / "amends", like=furnished) as made:
        yield made


# -- every route, as every role --------------------------------------------------------------------------------------

FORM = {
    "/correct": {"source": "shop", "ticket": "T", "facet": "category", "value": "payment"},
    "/promise": {"source": "shop", "ticket": "T", "number": "1", "stands": "yes"},
    "/people/{number}": {"decision": "part", "one": "1", "why": "a test"},
    "/trends/{number}": {"decision": "acknowledged"},
    "/see-to": {"source": "shop", "ticket": "T"},
    "/policy/try": {"text": "", "days": "30"},
    "/policy/try/stop": {},
    "/outbox/{number}": {"decision": "drop"},
    "/quarantine/{number}": {"decision": "skip"},
    "/users": {"decision": "role", "name": "nobody", "role": "viewer"},
    "/tokens": {"decision": "remove", "name": "nothing"},
    "/pause": {"why": "a test"},
    "/corrections": {"complaint": "shop/T"},
    "/corrections/{number}": {"decision": "waived", "why": "a test"},
    "/conduct": {"person": "1", "text": "a test"},
    "/conduct/{number}": {"decision": "end", "text": "a test"},
    "/sources/{name}": {"decision": "pause", "why": "a test", "sure": "yes"},
    "/account": {"before": "", "password": "short"},
}
# (method, path): what it needs; None for what is open to everybody. A route that is not here fails the test.
PAGES: dict[tuple[str, str], Permission | None] = {
    ("GET", "/healthz"): None,
    ("GET", "/readyz"): None,
    ("GET", "/"): Permission.READ,
    ("GET", "/live"): Permission.READ,
    ("GET", "/sources"): Permission.READ,
    ("POST", "/sources/{name}"): Permission.DECIDE,
    ("POST", "/pause"): Permission.DECIDE,
    ("GET", "/corrections"): Permission.READ,
    ("POST", "/corrections"): Permission.DECIDE,
    ("GET", "/corrections/{number}"): Permission.READ,
    ("POST", "/corrections/{number}"): Permission.DECIDE,
    ("GET", "/conduct"): Permission.DECIDE,
    ("POST", "/conduct"): Permission.TAG,
    ("GET", "/conduct/{number}"): Permission.DECIDE,
    ("POST", "/conduct/{number}"): Permission.DECIDE,
    ("POST", "/resume"): Permission.DECIDE,
    ("GET", "/complaints"): Permission.READ,
    ("GET", "/find"): Permission.READ,
    ("GET", "/complaints/{source}/{ticket:path}"): Permission.READ,
    ("POST", "/correct"): Permission.TAG,
    ("POST", "/promise"): Permission.TAG,
    ("POST", "/see-to"): Permission.TAG,
    ("GET", "/people"): Permission.READ,
    ("GET", "/people/{number}"): Permission.READ,
    ("POST", "/people/{number}"): Permission.DECIDE,
    ("GET", "/trends"): Permission.READ,
    ("GET", "/trends/{number}"): Permission.READ,
    ("POST", "/trends/{number}"): Permission.DECIDE,
    ("GET", "/report"): Permission.READ,
    ("GET", "/report/cell"): Permission.READ,
    ("GET", "/report/file"): Permission.EXPORT,
    ("GET", "/policy"): Permission.READ,
    ("GET", "/policy/try"): Permission.DECIDE,
    ("POST", "/policy/try"): Permission.DECIDE,
    ("POST", "/policy/try/stop"): Permission.DECIDE,
    ("GET", "/outbox"): Permission.READ,
    ("GET", "/outbox/{number}"): Permission.READ,
    ("POST", "/outbox/{number}"): Permission.DECIDE,
    ("GET", "/quarantine"): Permission.READ,
    ("GET", "/quarantine/{number}"): Permission.DECIDE,
    ("POST", "/quarantine/{number}"): Permission.DECIDE,
    ("GET", "/audit"): Permission.AUDIT,
    ("GET", "/mappings"): Permission.READ,
    ("GET", "/mappings/{source}"): Permission.READ,
    ("GET", "/mappings/{source}/fields"): Permission.READ,
    ("POST", "/mappings/{source}/try"): Permission.RULES,
    ("POST", "/mappings/{source}"): Permission.RULES,
    ("GET", "/users"): Permission.ACCESS,
    ("POST", "/users"): Permission.ACCESS,
    ("POST", "/tokens"): Permission.ACCESS,
    ("GET", "/account"): Permission.READ,
    ("POST", "/account"): Permission.READ,
    ("POST", "/logout"): Permission.READ,
    ("GET", "/login"): None,
    ("POST", "/login"): None,
    ("GET", "/enter"): None,
    ("POST", "/enter"): None,
    ("GET", "/sign-in"): None,
    ("GET", "/sign-in/back"): None,
}
API: dict[tuple[str, str], Permission] = {
    ("GET", "/api/v1/status"): Permission.READ,
    ("GET", "/api/v1/sources"): Permission.READ,
    ("GET", "/api/v1/complaints"): Permission.READ,
    ("GET", "/api/v1/complaints/{source}/{ticket:path}"): Permission.READ,
    ("GET", "/api/v1/explanations/{source}/{ticket:path}"): Permission.READ,
    ("POST", "/api/v1/labels"): Permission.TAG,
    ("GET", "/api/v1/export"): Permission.EXPORT,
    ("GET", "/api/v1/report"): Permission.READ,
    ("GET", "/api/v1/trends"): Permission.READ,
    ("GET", "/api/v1/people/{number}"): Permission.READ,
    ("GET", "/api/v1/writes"): Permission.READ,
    ("GET", "/api/v1/writes/{number}"): Permission.READ,
    ("POST", "/api/v1/writes/{number}/undo"): Permission.DECIDE,
    ("POST", "/api/v1/writes/{number}/{decision}"): Permission.DECIDE,
    ("GET", "/api/v1/quarantine"): Permission.READ,
    ("POST", "/api/v1/quarantine/{number}/skip"): Permission.DECIDE,
    ("POST", "/api/v1/pause"): Permission.DECIDE,
    ("POST", "/api/v1/resume"): Permission.DECIDE,
    ("GET", "/api/v1/audit"): Permission.AUDIT,
    ("GET", "/metrics"): Permission.READ,
}


def routes() -> set[tuple[str, str]]:
    found: set[tuple[str, str]] = set()
    for route in every_route():
        found |= {(method, route.path) for method in route.methods - {"HEAD"}}
    return found


def every_route() -> Iterator[APIRoute]:
    for router in (*pages.ROUTERS, *api.ROUTERS):
        yield from (one for one in router.routes if isinstance(one, APIRoute))


def filled(shop: Office, path: str) -> str:
    ticket = shop.desk.tickets()[0]
    for name, value in (
        ("{source}", "shop"),
        ("{name}", "shop"),
        ("{ticket:path}", ticket),
        ("{number}", "1"),
        ("{decision}", "drop"),
    ):
        path = path.replace(name, value)
    return path


def test_h09_no_route_is_forgotten() -> None:
    assert routes() == set(PAGES) | set(API)


@pytest.mark.parametrize("rank", [None, *Rank])
def test_h09_every_page_opens_for_those_who_may_and_for_nobody_else(shop: Office, rank: Rank | None) -> None:
    found = {}
    for method, path in PAGES:
        browser = shop.browser(rank)
        ticket = shop.desk.tickets()[0]
        form = {name: value.replace("T", ticket) for name, value in FORM.get(path, {}).items()}
        answer = browser.get(filled(shop, path)) if method == "GET" else browser.post(filled(shop, path), form)
        assert answer.status_code != 500, (path, answer.text)
        refused = answer.status_code in (401, 403)
        sent_away = answer.status_code == 303 and answer.headers["location"].startswith("/login?next=")
        found[method, path] = not (refused or sent_away)
    expected = {
        key: permission is None or (rank is not None and permission in GRANTS[rank])
        for key, permission in PAGES.items()
    }
    # Without a link, name or provider nobody comes in there either.
    for key in (("POST", "/login"), ("POST", "/enter")):
        expected[key] = found[key] = True
    assert found == expected


@pytest.mark.parametrize("scope", [None, *SCOPES])
def test_h09_every_call_of_the_api_needs_its_scope(shop: Office, scope: str | None) -> None:
    program = shop.program(*([scope] if scope else ["read"]))
    if scope is None:
        del program.headers["authorization"]
    for (method, path), permission in API.items():
        answer = program.request(method, filled(shop, path), json={} if path.endswith("labels") else None)
        if scope is None:
            assert answer.status_code == 401, path
        else:
            may = permission == scope
            assert (answer.status_code != 403) == may or answer.status_code in (400, 422), (path, answer.status_code)
            assert answer.status_code != 500, path


def test_h09_a_label_without_the_scope_changes_nothing(shop: Office) -> None:
    said = {"source": "shop", "ticket": shop.desk.tickets()[0], "facet": "category", "values": ["payment"]}
    assert shop.program("read").post("/api/v1/labels", json=said).status_code == 403
    assert shop.program("tag").post("/api/v1/labels", json=said).status_code == 200


def test_a_session_opens_no_call_of_the_api(shop: Office) -> None:
    assert shop.browser(Rank.ADMIN).get("/api/v1/status").status_code == 401


def test_every_service_says_what_it_needs() -> None:
    silent = []
    for found in iter_modules(services.__path__):
        module = import_module(f"connector.console.services.{found.name}")
        for name, value in vars(module).items():
            own = isinstance(value, FunctionType) and value.__module__ == module.__name__
            if own and not name.startswith("_") and not hasattr(value, "needs") and name != "exact":
                silent.append(f"{found.name}.{name}")
    assert silent == []


@pytest.mark.parametrize("path", ["/complaints/shop/NO-1", "/outbox/9999", "/quarantine/9999", "/mappings/elsewhere"])
def test_h09_what_is_not_there_is_404_for_everybody_who_may_look(shop: Office, path: str) -> None:
    assert shop.browser(Rank.ADMIN).get(path).status_code == 404


# -- signing in ------------------------------------------------------------------------------------------------------


@pytest.fixture
def anna(shop: Office) -> Office:
    accounts.add(shop.place, "anna", Rank.LEAD, PASSWORD, dry_run=False)
    return shop


def test_a_password_opens_the_page_that_was_asked_for(anna: Office) -> None:
    browser = anna.browser()
    sent = browser.get("/outbox")
    assert sent.status_code == 303
    assert sent.headers["location"] == "/login?next=/outbox"
    said = browser.client.post("/login?next=/outbox", data={"name": "anna", "password": PASSWORD})
    assert (said.status_code, said.headers["location"]) == (303, "/outbox")
    assert "httponly" in said.headers["set-cookie"].lower()
    assert browser.get("/outbox").status_code == 200


@pytest.mark.parametrize("elsewhere", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:x"])
def test_signing_in_leads_nowhere_else(anna: Office, elsewhere: str) -> None:
    said = anna.browser().client.post(f"/login?next={elsewhere}", data={"name": "anna", "password": PASSWORD})
    assert said.headers["location"] == "/"


def test_h20_guessing_is_stopped_and_locks_out_nobody_else(anna: Office) -> None:
    for _ in range(10):
        with pytest.raises(StrangerError):
            entrance.sign_in(anna.house, "anna", "wrong and wrong", "203.0.113.9")
    with pytest.raises(TooManyError):
        entrance.sign_in(anna.house, "anna", PASSWORD, "203.0.113.9")
    assert entrance.sign_in(anna.house, "anna", PASSWORD, "198.51.100.7")
    later(anna, 1)
    assert entrance.sign_in(anna.house, "anna", PASSWORD, "203.0.113.9")


def test_a_wrong_password_and_a_wrong_name_say_the_same(anna: Office) -> None:
    said = [
        text_of(anna.browser().client.post("/login", data={"name": name, "password": "wrong and wrong"}))
        for name in ("anna", "nobody")
    ]
    assert said[0] == said[1]


def test_h08_a_session_is_new_at_each_sign_in_and_over_after_signing_out(anna: Office) -> None:
    first = entrance.sign_in(anna.house, "anna", PASSWORD, "here")
    second = entrance.sign_in(anna.house, "anna", PASSWORD, "here")
    assert first != second
    entrance.leave(anna.house, first)
    assert entrance.holder(anna.house, first) is None
    assert entrance.holder(anna.house, second) is not None


def test_h08_another_role_or_password_ends_all_sessions(anna: Office) -> None:
    secret = entrance.sign_in(anna.house, "anna", PASSWORD, "here")
    accounts.change(anna.place, "anna", rank=Rank.VIEWER)
    assert entrance.holder(anna.house, secret) is None
    secret = entrance.sign_in(anna.house, "anna", PASSWORD, "here")
    accounts.change(anna.place, "anna", password="another long password")
    assert entrance.holder(anna.house, secret) is None


def test_h08_a_session_ends_when_nobody_uses_it_and_after_half_a_day_in_any_case(anna: Office) -> None:
    idle = entrance.sign_in(anna.house, "anna", PASSWORD, "here")
    anna.wall += timedelta(minutes=31)
    assert entrance.holder(anna.house, idle) is None
    used = entrance.sign_in(anna.house, "anna", PASSWORD, "here")
    for _ in range(12 * 3):
        anna.wall += timedelta(minutes=20)
        last = entrance.holder(anna.house, used)
    assert last is None


def test_a_link_lets_in_once_and_looking_at_it_does_not_use_it_up(shop: Office) -> None:
    key = accounts.link(shop.place, None, dry_run=False)
    browser = shop.browser()
    assert browser.get(f"/enter?key={key}").status_code == 200
    said = browser.client.post("/enter", data={"key": key})
    assert (said.status_code, said.headers["location"]) == (303, "/")
    assert browser.get("/users").status_code == 200
    assert shop.browser().client.post("/enter", data={"key": key}).status_code == 401


def test_h21_a_link_ends_by_itself(shop: Office) -> None:
    key = accounts.link(shop.place, None, dry_run=False)
    shop.wall += timedelta(minutes=16)
    assert shop.browser().client.post("/enter", data={"key": key}).status_code == 401


def test_the_last_admin_cannot_be_lost(shop: Office) -> None:
    accounts.add(shop.place, "anna", Rank.ADMIN, PASSWORD, dry_run=False)
    with pytest.raises(AmendsError, match="only admin"):
        accounts.change(shop.place, "anna", rank=Rank.VIEWER)
    with pytest.raises(AmendsError, match="only admin"):
        accounts.remove(shop.place, "anna", dry_run=False)


def test_a_short_password_is_refused(shop: Office) -> None:
    with pytest.raises(AmendsError, match="12 to 200"):
        accounts.add(shop.place, "anna", Rank.ADMIN, "short", dry_run=False)


def test_the_store_knows_no_secret(anna: Office) -> None:
    secret = entrance.sign_in(anna.house, "anna", PASSWORD, "here")
    token = accounts.add_token(anna.place, "bi", ["read"], 30, dry_run=False).secret
    link = accounts.link(anna.place, None, dry_run=False)
    assert token is not None
    anna.house.store.engine.dispose()
    kept = b"".join(one.read_bytes() for one in anna.home.glob("amends.db*"))
    assert not [one for one in (secret, token, link, PASSWORD) if one.encode() in kept]


def test_a_token_ends_and_one_that_was_removed_opens_nothing(shop: Office) -> None:
    made = accounts.add_token(shop.place, "bi", ["read"], 30, dry_run=False).secret
    assert made is not None
    assert entrance.token_holder(shop.house, made, "here").called == "token bi"
    shop.wall += timedelta(days=30)
    with pytest.raises(StrangerError):
        entrance.token_holder(shop.house, made, "here")
    shop.wall -= timedelta(days=30)
    accounts.remove_token(shop.place, "bi", dry_run=False)
    with pytest.raises(StrangerError):
        entrance.token_holder(shop.house, made, "here")


# -- forms from elsewhere --------------------------------------------------------------------------------------------

POSTS = [path for (method, path), permission in PAGES.items() if method == "POST" and permission is not None]


def test_h07_no_form_from_elsewhere_changes_anything(shop: Office) -> None:
    browser = shop.browser(Rank.ADMIN)
    taken = {}
    for path in POSTS:
        form, there = FORM.get(path, {}), filled(shop, path)
        without = browser.client.post(there, data=form)
        other = browser.client.post(there, data={"form_token": entrance.form_token("other"), **form})
        foreign = browser.post(there, form, origin="https://evil.example")
        site = browser.post(there, form, sec_fetch_site="cross-site")
        taken[path] = {one.status_code for one in (without, other, foreign, site)}
    assert taken == {path: {403} for path in POSTS}


def test_h07_a_sign_in_form_from_elsewhere_signs_nobody_in(anna: Office) -> None:
    said = anna.browser().client.post(
        "/login", data={"name": "anna", "password": PASSWORD}, headers={"origin": "https://evil.example"}
    )
    assert said.status_code == 403
    assert "set-cookie" not in said.headers


def test_h07_looking_at_pages_changes_nothing(shop: Office) -> None:
    browser = shop.browser(Rank.ADMIN)
    before = text_of(browser.get("/audit"))
    for method, path in PAGES:
        if method == "GET" and "sign-in" not in path and path != "/report/file":
            browser.get(filled(shop, path))
    assert text_of(browser.get("/audit")) == before


# -- the door --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1:8484.evil.example", ""])
def test_h24_a_name_that_is_not_ours_is_turned_away(shop: Office, host: str) -> None:
    assert shop.browser(Rank.ADMIN).client.get("/", headers={"host": host}).status_code == 421


def test_h24_forwarded_headers_count_for_nothing(shop: Office) -> None:
    headers = {"x-forwarded-host": "evil.example", "x-forwarded-proto": "https", "forwarded": "host=evil.example"}
    said = shop.browser(Rank.ADMIN).client.get("/", headers=headers)
    assert "evil.example" not in said.text + str(said.headers)


def test_every_answer_holds_the_browser_to_our_own_scripts(shop: Office) -> None:
    browser = shop.browser(Rank.ADMIN)
    for path in ("/", "/login", "/nowhere", "/api/v1/status", "/static/amends.css"):
        policy = browser.get(path).headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy


def test_h11_no_page_hands_out_what_was_attached_and_no_answer_is_taken_for_another_kind(shop: Office) -> None:
    browser = shop.browser(Rank.ADMIN)
    kinds = set()
    for method, path in PAGES:
        if method == "GET" and path != "/live" and "sign-in" not in path:
            answer = browser.get(filled(shop, path))
            assert answer.headers["x-content-type-options"] == "nosniff", path
            kinds.add(answer.headers.get("content-type", "").partition(";")[0])
    assert not [path for _, path in PAGES if "attach" in path or "raw" in path]
    assert kinds <= {"", "text/html", "text/plain", "text/csv", "application/json"}, "nothing is as it was sent"


def test_h05_a_body_that_is_too_large_is_not_read(shop: Office) -> None:
    said = shop.browser(Rank.ADMIN).post("/pause", {"why": "x" * (2 << 20)})
    assert said.status_code == 413


def test_h22_a_fault_of_ours_shows_a_number_and_nothing_else(shop: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("the password is hunter2")

    monkeypatch.setattr("connector.console.services.standing.overview", broken)
    for answer in (shop.browser(Rank.ADMIN).get("/"), shop.program("read").get("/api/v1/status")):
        assert answer.status_code == 500
        assert "hunter2" not in answer.text
        assert "Traceback" not in answer.text
        assert "no. " in answer.text


def test_the_console_is_off_the_network_unless_it_is_reached_by_https(tmp_path: Path) -> None:
    home = tmp_path / "amends"
    home.mkdir()
    (home / "amends.yaml").write_text("sources: {}\nweb: {address: 0.0.0.0}\n")
    with pytest.raises(SettingsFilesError, match="in the clear") as error:
        load(home)
    assert "amends.yaml:2:16" in str(error.value)
    (home / "amends.yaml").write_text("sources: {}\nweb: {address: 0.0.0.0, url: 'https://amends.example.com'}\n")
    assert load(home).web.url == "https://amends.example.com"


def test_over_https_the_cookie_is_bound_to_the_host_and_https_is_insisted_on(tmp_path: Path) -> None:
    with office(tmp_path / "amends", web="web: {url: 'https://amends.example.com'}\n") as made:
        made.complain()
        made.sync()
        accounts.add(made.place, "anna", Rank.LEAD, PASSWORD, dry_run=False)
        client = made.browser().client
        client.base_url = "https://amends.example.com"
        said = client.post("/login", data={"name": "anna", "password": PASSWORD})
        assert said.headers["set-cookie"].startswith("__Host-amends=")
        assert "secure" in said.headers["set-cookie"].lower()
        assert said.headers["strict-transport-security"]


def test_serving_elsewhere_than_on_this_machine_needs_an_https_address(shop: Office) -> None:
    with pytest.raises(AmendsError, match="in the clear"):
        Serving(shop.place, address="0.0.0.0", port=None, reload=None)


def test_an_allowance_comes_back_with_time_and_remembers_few_keys() -> None:
    tries = Allowance(2, 10.0)
    for at in (0.0, 1.0):
        assert tries.wait_seconds("a", at) == 0
        tries.count("a", at)
    assert 0 < tries.wait_seconds("a", 2.0) <= 10
    assert tries.wait_seconds("b", 2.0) == 0
    assert tries.wait_seconds("a", 10.5) == 0
    for number in range(20_000):
        tries.count(str(number), 11.0)
    assert len(tries._seen) <= 10_000


def test_what_counts_tries_remembers_no_name_and_no_token() -> None:
    tries = Allowance(2, 10.0)
    tries.count("anna 203.0.113.9", 0.0)
    assert "anna" not in repr(vars(tries))
    assert tries.wait_seconds("anna 203.0.113.9", 0.0) == 0
    tries.count("anna 203.0.113.9", 0.0)
    assert tries.wait_seconds("anna 203.0.113.9", 0.0) > 0
    tries.take_back("anna 203.0.113.9")
    assert tries.wait_seconds("anna 203.0.113.9", 0.0) == 0


def test_a_known_token_or_link_is_heard_whatever_strangers_try_from_its_address(shop: Office) -> None:
    made = accounts.add_token(shop.place, "bi", ["read"], 30, dry_run=False).secret
    link = accounts.link(shop.place, None, dry_run=False)
    assert made is not None
    for _ in range(50):
        with pytest.raises(StrangerError):
            entrance.token_holder(shop.house, "amends_wrong", "here")
    with pytest.raises(TooManyError):
        entrance.token_holder(shop.house, "amends_wrong", "here")
    with pytest.raises(TooManyError):
        entrance.enter_by_link(shop.house, "wrong", "here")
    assert entrance.token_holder(shop.house, made, "here").called == "token bi"
    assert entrance.enter_by_link(shop.house, link, "here")


def test_a_whole_office_signs_in_from_one_address(anna: Office) -> None:
    for _ in range(60):
        assert entrance.sign_in(anna.house, "anna", PASSWORD, "192.0.2.1")


@pytest.mark.parametrize(
    ("web", "peer", "seen"),
    [
        ("", "127.0.0.1", "127.0.0.1"),
        ("web: {url: 'https://amends.example.com'}\n", "127.0.0.1", "203.0.113.9"),
        ("web: {url: 'https://amends.example.com'}\n", "198.51.100.7", "198.51.100.7"),
        ("web: {url: 'https://amends.example.com', proxies: [198.51.100.7]}\n", "198.51.100.7", "203.0.113.9"),
    ],
    ids=["nobody stands before it", "a proxy here", "a stranger", "a proxy that is named"],
)
def test_who_is_calling_is_told_by_a_proxy_of_ours_and_by_nobody_else(
    tmp_path: Path, web: str, peer: str, seen: str
) -> None:
    with office(tmp_path / "amends", web=web) as made:
        made.sync()
        serving = Serving(made.place, address=None, port=None, reload=None)
        config = serving.server.config
        config.load()
        client = TestClient(config.loaded_app, base_url=BASE, client=(peer, 50000))
        client.post("/login", data={"name": "b", "password": PASSWORD}, headers={"x-forwarded-for": "203.0.113.9"})
        with made.house.store.read() as connection:
            (line,) = [one for one in auditing.page(connection, 10)[0] if one.what == "user: refused"]
        serving.house.close()
        assert line.detail == {"address": seen}


def test_a_monitor_on_this_machine_needs_no_token_and_one_behind_a_proxy_does(shop: Office) -> None:
    near = TestClient(application(shop.house), base_url=BASE, client=("127.0.0.1", 50000))
    assert "amends_store_readable 1.0" in near.get("/metrics").text
    assert near.get("/metrics", headers={"x-forwarded-for": "203.0.113.9"}).status_code == 401
    far = TestClient(application(shop.house), base_url=BASE, client=("203.0.113.9", 50000))
    assert far.get("/metrics").status_code == 401


def test_a_page_whose_name_was_pointed_at_us_is_told_no_metrics(tmp_path: Path) -> None:
    with office(tmp_path / "amends", web="web: {url: 'https://amends.example.com'}\n") as made:
        made.sync()
        near = TestClient(made.app, base_url=BASE, client=("127.0.0.1", 50000))
        assert near.get("/metrics").status_code == 200
        assert near.get("/metrics", headers={"host": "localhost:8484"}).status_code == 200
        assert near.get("/metrics", headers={"host": "amends.example.com"}).status_code == 401
        assert near.get("/metrics", headers={"host": "evil.example"}).status_code == 421


def test_a_body_without_a_length_that_does_not_end_is_refused_and_is_no_fault_of_ours(
    shop: Office, caplog: pytest.LogCaptureFixture
) -> None:
    said = shop.browser().client.post(
        "/login",
        content=iter([b"name=" + b"x" * (1 << 20), b"y" * 1024]),
        headers={"content-type": "application/x-www-form-urlencoded"},
    )
    assert said.status_code == 413
    assert "a fault in the console itself" not in caplog.text


# -- files of settings that come and go ------------------------------------------------------------------------------


def test_a_lock_that_an_editor_leaves_and_a_file_that_vanishes_stop_nothing(
    shop: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    (shop.home / ".#sla.yaml").symlink_to("anna@laptop.4711:1")
    (shop.home / "mappings").mkdir()
    (shop.home / "mappings" / ".#shop.yaml").symlink_to("anna@laptop.4711:1")
    (shop.home / "spare.yaml").write_text("{}\n")
    stat = Path.stat

    def vanishing(path: Path, **kwargs: Any) -> Any:
        if path.name == "spare.yaml":
            raise FileNotFoundError(ENOENT, "gone", str(path))
        return stat(path, **kwargs)

    monkeypatch.setattr(Path, "stat", vanishing)
    assert shop.house.broken is None
    monkeypatch.undo()
    monkeypatch.setattr("argon2.PasswordHasher", CHEAP)
    later(shop, 1)
    assert shop.browser(Rank.ADMIN).get("/").status_code == 200
    assert shop.house.broken is None


def test_a_file_of_ours_that_leads_nowhere_is_named_and_not_taken_as_shipped(shop: Office) -> None:
    (shop.home / "sla.yaml").symlink_to("nowhere.yaml")
    with pytest.raises(SettingsFilesError, match=r"sla\.yaml.*cannot be read"):
        load(shop.home)


def test_readiness_says_what_is_in_the_way(shop: Office) -> None:
    near = TestClient(application(shop.house), base_url=BASE)
    assert near.get("/healthz").text == "ok\n"
    answer = near.get("/readyz")
    assert answer.status_code == 503 and answer.text == "no daemon is at work\n"
    shop.house.store.take_lease("amends run", shop.wall)
    assert near.get("/readyz").status_code == 200
