"""Faults S37 to S43: rights, tokens, certificates and names that fail. See docs/engineers/faults.md."""

from __future__ import annotations

import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from adapters.zendesk import Adapter, ZendeskSettings
from connector.adapter import Tools
from connector.errors import AmendsError, AuthError, TemporaryError
from connector.http import session
from connector.store.intentions import State
from connector.testing import plain_tools
from sandbox.zendesk import content
from tests.end_to_end.town import Shop, Town, failure, town

CLIENT = {"client_id": content.CLIENT_ID, "client_secret": content.CLIENT_SECRET}
CALM = 15 * 60


@pytest.fixture
def here() -> Iterator[Town]:
    with town() as made:
        yield made


def _read(here: Town, shop: Shop, count: int = 3) -> list[int]:
    tickets = [shop.opens() for _ in range(count)]
    here.clock.advance(61)
    shop.pull()
    return tickets


# -- S37, S38: what we may not see is not gone ----------------------------------------------------------------------


@pytest.mark.parametrize("lost", ["/incremental/", "/incremental/ticket_events", "/api/v2/"])
def test_s37_a_lost_right_parks_the_source_and_deletes_nothing(here: Town, lost: str) -> None:
    shop, other = here.opened(), here.opened("other")
    tickets = _read(here, shop)
    other.opens()
    here.clock.advance(61)
    shop.account.switches.forbidden = lost
    shop.turn("pull")
    other.turn("pull")
    assert shop.row.parked_until is not None and "does not let us do this: 403" in (shop.row.last_error or "")
    assert len(other.all_stored()) == 1
    assert all(shop.stored(ticket).doc.complaint.status != "deleted" for ticket in tickets)
    calls = len(shop.calls)
    shop.turn("pull", "push")
    assert len(shop.calls) == calls, "a parked source is left alone"
    shop.account.switches.forbidden = ""
    here.clock.advance(CALM + 1)
    shop.turn("pull")
    assert shop.row.parked_until is None and shop.row.last_error is None
    shop.check()


def test_s37_a_write_that_is_forbidden_waits_for_the_right_and_is_not_dropped(here: Town) -> None:
    shop = here.opened()
    ticket = shop.overdue()
    shop.account.switches.forbidden = f"/tickets/{ticket}"
    shop.turn("push")
    assert shop.row.parked_until is not None
    assert [one.state for one in shop.intentions(ticket)] == [State.PENDING]
    shop.account.switches.forbidden = ""
    here.clock.advance(CALM + 1)
    shop.push_until_quiet()
    assert [one.state for one in shop.intentions(ticket)] == [State.DONE]
    shop.check()


def test_s37_a_ticket_that_an_agent_with_few_rights_cannot_find_is_not_taken_for_deleted(here: Town) -> None:
    shop = here.opened()
    [ticket] = _read(here, shop, 1)
    shop.account.users[content.INTEGRATION] |= {"role": "agent", "ticket_restriction": "groups"}
    shop.account.tickets[ticket].before_delete = "open"  # how a ticket outside our groups looks: 404
    assert isinstance(failure(lambda: list(shop.desk.adapter.get([str(ticket)]))), AuthError)


def test_s38_an_export_that_is_suddenly_empty_makes_nothing_vanish(here: Town) -> None:
    shop = here.opened()
    tickets = _read(here, shop, 10)
    before = {name: one.doc for name, one in shop.all_stored().items()}
    shop.account.switches.export_empty = True
    for _ in range(5):
        here.clock.advance(3600)
        shop.turn("pull")
    assert {name: one.doc for name, one in shop.all_stored().items()} == before
    shop.account.switches.export_empty = False
    for ticket in tickets:
        shop.account.customer_writes(ticket, "Hello?")
    shop.check()


# -- S39, S40: tokens -----------------------------------------------------------------------------------------------


def test_s39_a_revoked_token_is_renewed_once_and_the_work_goes_on(here: Town) -> None:
    shop = here.opened(auth="oauth_client", secrets=CLIENT)
    _read(here, shop)
    issued = shop.account.doorman.issued
    shop.account.doorman.revoke_all()
    ticket = shop.opens()
    here.clock.advance(61)
    shop.pull()
    assert shop.account.doorman.issued == issued + 1
    assert str(ticket) in shop.all_stored() and here.waits == []
    shop.check()


def test_s39_a_client_that_is_no_longer_known_is_asked_about_once_a_quarter_of_an_hour(here: Town) -> None:
    shop = here.opened(auth="oauth_client", secrets=CLIENT)
    _read(here, shop)
    shop.account.doorman.revoke_all()
    client = shop.account.doorman.clients.pop(content.CLIENT_ID)
    before = len([call for call in shop.calls if call.path == "/oauth/tokens"])
    for _ in range(10):
        shop.turn("pull", "push")
        here.clock.advance(60)
    assert len([call for call in shop.calls if call.path == "/oauth/tokens"]) == before + 1
    assert "does not know our OAuth client" in (shop.row.parked_why or "")
    assert content.CLIENT_SECRET not in str(shop.row)

    # A person makes a new client and puts its secret where the settings point to; nobody restarts anything.
    client.identifier, client.secret = "amends-2", "another-secret"
    shop.account.doorman.clients["amends-2"] = client
    (here.folder / "shop.client_id").write_text("amends-2")
    (here.folder / "shop.client_secret").write_text("another-secret\n")
    here.clock.advance(CALM)
    shop.turn("pull")
    assert shop.row.parked_why is None and shop.row.last_error is None
    shop.check()


def test_s39_a_wrong_api_token_is_not_tried_again_and_again(here: Town) -> None:
    shop = here.opened()
    _read(here, shop)
    shop.account.doorman.revoke_all()
    before = len(shop.calls)
    for _ in range(10):
        shop.turn("pull", "push")
        here.clock.advance(60)
    assert len(shop.calls) == before + 1
    assert shop.row.parked_until is not None


def test_s40_two_workers_with_one_refresh_token_renew_it_once(here: Town) -> None:
    shop = here.opened()
    pair = shop.account.doorman.start_refresh(expires_in=300)
    secrets = {**CLIENT, "access_token": pair["access_token"], "refresh_token": pair["refresh_token"]}
    here.credentials("refreshing", secrets)
    here.clock.advance(600)  # the access token is over; whoever uses the refresh token second has lost both
    issued, gate = shop.account.doorman.issued, threading.Barrier(4)
    outcomes: list[object] = []

    def work() -> None:
        # Each has its own session and its own view of the files, as processes have.
        tools = plain_tools(here.now, {}, session("shop"))
        tools = Tools(tools.session, tools.budget, here.credentials("refreshing", secrets), here.now)
        adapter = Adapter("shop", ZendeskSettings(shop.site.url, auth="oauth_refresh"), tools)
        gate.wait(5)
        try:
            outcomes.append(adapter.check().name)
        except AmendsError as error:
            outcomes.append(error)

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(20)
    assert outcomes == ["Amends"] * 4
    assert shop.account.doorman.issued == issued + 1
    kept = here.credentials("refreshing", secrets).current()
    assert kept["refresh_token"] in shop.account.doorman.refresh, "the pair that holds is the one on disk"
    assert (here.folder / "refreshing.tokens.json").stat().st_mode & 0o077 == 0


# -- S41, S42, S43: the way there -----------------------------------------------------------------------------------


def test_s41_a_redirect_to_another_host_is_not_followed_with_our_token(here: Town) -> None:
    shop, elsewhere = here.opened(), here.opened("elsewhere")
    ticket = shop.overdue()
    arrived = len(elsewhere.site.seen)
    shop.account.switches.redirect_to = elsewhere.site.url
    shop.turn("pull")
    assert "was redirected to" in (shop.row.last_error or "") and "not followed" in (shop.row.last_error or "")
    here.clock.advance(CALM)
    shop.push()
    assert len(elsewhere.site.seen) == arrived
    shop.account.switches.redirect_to = None
    here.clock.advance(CALM)
    shop.push_until_quiet()
    assert [one.state for one in shop.intentions(ticket)] == [State.DONE]
    shop.check()


AUTHORITY = """\
[ca]
default_ca = small
[small]
database = database
serial = serial
new_certs_dir = .
default_md = sha256
policy = any
[any]
commonName = supplied
"""


def _certificate(folder: Path, host: str, *, until: str = "20990101000000Z") -> tuple[Path, Path]:
    """A certificate for `host` that vouches for itself, and its key."""
    files = {"authority": AUTHORITY, "database": "", "serial": "01", "names": f"subjectAltName={host}"}
    for name, words in files.items():
        (folder / name).write_text(words)
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", "key.pem"]
    dates = ["-startdate", "20200101000000Z", "-enddate", until]
    sign = ["ca", "-batch", "-notext", "-config", "authority", "-selfsign", "-keyfile", "key.pem", "-extfile", "names"]
    for command in (
        ["req", *key, "-subj", "/CN=shop", "-out", "wish"],
        [*sign, *dates, "-in", "wish", "-out", "chain"],
    ):
        subprocess.run(["openssl", *command], cwd=folder, check=True, capture_output=True)
    return folder / "chain", folder / "key.pem"


@pytest.mark.parametrize(
    ("host", "until", "said"),
    [
        ("IP:127.0.0.1", "20210101000000Z", "certificate has expired"),
        ("DNS:somewhere.example", "20990101000000Z", "not valid for '127.0.0.1'"),
    ],
)
def test_s42_an_expired_or_foreign_certificate_is_refused_before_anything_is_said(
    here: Town, tmp_path: Path, host: str, until: str, said: str
) -> None:
    bad = _certificate(tmp_path, host, until=until)
    shop = here.opened(certificate=bad, ca_file=str(bad[0]), introduced=False)
    error = failure(shop.desk.adapter.check)
    assert isinstance(error, TemporaryError) and error.applied is False
    assert said in str(error)
    shop.turn("pull")
    assert said in (shop.row.last_error or "")
    assert shop.site.seen == [], "nothing was sent"


def test_s42_a_good_certificate_of_the_companys_own_authority_is_taken(here: Town, tmp_path: Path) -> None:
    good = _certificate(tmp_path, "IP:127.0.0.1")
    shop = here.opened(certificate=good, ca_file=str(good[0]))
    _read(here, shop)
    shop.check()


class _Names:
    """The resolver of this machine, with a say over one name."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.address: str | None = "127.0.0.1"
        self.asked = 0
        self._real = socket.getaddrinfo
        monkeypatch.setattr(socket, "getaddrinfo", self._answer)

    def _answer(self, host: Any, *args: Any, **kwargs: Any) -> Any:
        if host != "localhost":
            return self._real(host, *args, **kwargs)
        self.asked += 1
        if self.address is None:
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
        return self._real(self.address, *args, **kwargs)


def test_s43_a_name_that_does_not_resolve_for_a_while_costs_waits_only(
    here: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    names, there = _Names(monkeypatch), here.opened()
    there.opens()
    here.clock.advance(61)
    url = there.site.url.replace("127.0.0.1", "localhost")
    names.address = None
    shop = here.connected("shop", there.account, there.site, url=url, introduced=False)
    error = failure(shop.desk.adapter.check)
    assert isinstance(error, TemporaryError) and error.applied is False
    assert "name resolution" in str(error)
    here.while_waiting = lambda: setattr(names, "address", "127.0.0.1" if len(here.waits) >= 2 else None)
    shop.pull("tickets")
    assert len(here.waits) == 2 and max(here.waits) <= 60
    shop.check()


def test_s43_a_changed_address_is_asked_for_with_the_next_connection(
    here: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    names, there = _Names(monkeypatch), here.opened()
    there.opens()
    here.clock.advance(61)
    names.address = "127.0.0.99"  # where nobody listens
    url = there.site.url.replace("127.0.0.1", "localhost")
    shop = here.connected("shop", there.account, there.site, url=url, introduced=False)
    assert isinstance(failure(shop.desk.adapter.check), TemporaryError)
    asked, names.address = names.asked, "127.0.0.1"
    shop.pull()
    assert names.asked == asked + 1 and here.waits == []
    shop.check()
