"""Helpdesks push, we read: the sandbox's webhooks over real HTTP to the real door, and the daemon's turn at the inbox.

A hook is a hint. Whatever happens to deliveries (twice, late, lost, forged, in floods), what is stored in the end is
what the helpdesk has, and no cursor was moved by any of them.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from datetime import timedelta
from functools import partial
from pathlib import Path

import msgspec
import pytest
import requests

from adapters.zendesk import Adapter
from connector.adapter import Record
from connector.credentials import SourceCredentials
from connector.errors import SettingsError, TemporaryError
from connector.helpdesk import HookOrder
from connector.store.hook_inbox import FILE, Delivery, HookInbox
from connector.sync.hooks import DROUGHT, Hooks
from connector.web import hooks as door
from connector.web.hooks import MOST_BYTES, Ear
from sandbox.clock import SandboxClock, wall
from sandbox.jira import content
from tests.end_to_end.hook_door import served, until
from tests.end_to_end.town import Shop, Town, town
from tests.proof.hook_flood import flood
from tests.unit.jira_reading import JiraSite


class Pushed:
    """A town whose shop pushes: `url` is where the shop's hook leads."""

    def __init__(self, here: Town, stack: ExitStack) -> None:
        self.town, self.shop = here, here.opened()
        self.inbox = HookInbox(here.folder)
        self.secrets = SourceCredentials("shop", {}, here.folder / "shop.hook.json")
        ear = Ear(Adapter.hear, None, partial(door._secrets, self.secrets))
        self.url = stack.enter_context(served({"shop": ear}, self.inbox)) + "/hooks/shop"
        self.real = SandboxClock(wall(), scale=0)
        self.hooks = Hooks(self.inbox, self.real)
        desk = msgspec.structs.replace(self.shop.desk, hook=HookOrder(self.url, self.secrets))
        self.shop.desk = desk
        here.daemon.hooks = self.hooks
        here.daemon.workplace = here._workplace()

    def turn(self) -> None:
        """The daemon's look at the inbox."""
        self.town.daemon._hear(self.shop.desk, self.hooks)

    def delivered(self) -> list[int]:
        """Wait until every delivery was answered; the statuses of all tries."""
        courier = self.shop.account.hooks.courier
        until(courier.idle)
        return courier.answers

    def opens(self) -> int:
        return self.shop.opens()


@pytest.fixture
def here() -> Iterator[Pushed]:
    with town() as place, ExitStack() as stack:
        pushed = Pushed(place, stack)
        pushed.turn()  # makes the hook
        yield pushed


def cursor(shop: Shop) -> object:
    row = shop.stream()
    return row and row.cursor


def test_a_complaint_is_stored_before_the_export_would_show_it(here: Pushed) -> None:
    here.shop.pull()
    before = cursor(here.shop)
    ticket = here.opens()
    assert set(here.delivered()) == {204}
    here.shop.pull()
    assert str(ticket) not in here.shop.all_stored(), "the export holds back its last minute"
    here.turn()
    assert here.shop.stored(ticket).doc.complaint.subject
    assert cursor(here.shop) == before, "a hook never moves a cursor"
    here.shop.check()


def test_an_agents_change_is_known_after_a_turn(here: Pushed) -> None:
    ticket = here.opens()
    here.shop.account.agent_sets(ticket, priority="urgent")
    here.delivered()
    here.turn()
    assert here.shop.stored(ticket).doc.complaint.priority == "urgent"


def test_many_hints_at_one_ticket_are_one_read(here: Pushed) -> None:
    ticket = here.opens()
    for word in ("high", "urgent", "low", "high"):
        here.shop.account.agent_sets(ticket, priority=word)
    here.delivered()
    seen = len(here.shop.site.seen)
    here.turn()
    asked = [one.path for one in here.shop.site.seen[seen:]]
    assert sum(path.endswith(("/show_many", "/show_many.json")) for path in asked) == 1, asked


def test_s44_twice_and_late_changes_nothing(here: Pushed) -> None:
    here.shop.account.hooks.courier.double = 1
    ticket = here.opens()
    here.delivered()
    here.town.clock.advance(900)
    here.shop.account.agent_sets(ticket, priority="urgent")
    here.delivered()
    here.shop.pull()
    newest = here.shop.stored(ticket)
    here.turn()
    assert here.shop.stored(ticket).doc.complaint == newest.doc.complaint
    assert here.inbox.waiting() == 0
    here.shop.check()


def test_s45_a_hook_that_went_silent_is_noticed_and_mended(here: Pushed) -> None:
    row = next(iter(here.shop.account.hooks.rows.values()))
    row["status"] = "inactive"
    for _ in range(4):
        ticket = here.opens()
        here.town.clock.advance(61)
        here.shop.turn("pull")
        assert str(ticket) in here.shop.all_stored(), "the poll finds what no hook told of"
        here.real.advance(DROUGHT.total_seconds() / 2)
    assert here.inbox.standing("shop").silent_since is not None
    here.turn()
    assert here.inbox.standing("shop").trouble is None
    assert row["status"] == "active"
    here.opens()
    assert set(here.delivered()) == {204}
    here.real.advance(wall().timestamp() - here.real().timestamp() + 1)
    here.turn()
    here.town.clock.advance(61)
    here.shop.turn("pull")
    assert here.inbox.standing("shop").silent_since is None


def test_g12_with_every_delivery_lost_one_poll_finds_all(here: Pushed) -> None:
    here.shop.account.hooks.courier.lose = 10_000
    tickets = [here.opens() for _ in range(7)]
    here.town.clock.advance(61)
    here.shop.turn("pull")
    assert {str(one) for one in tickets} <= set(here.shop.all_stored())
    here.shop.check()


@pytest.mark.parametrize("proof", ["none", "wrong", "another_sources"])
def test_h01_a_forged_delivery_is_refused_and_nothing_of_it_kept(here: Pushed, proof: str) -> None:
    stamp = wall().isoformat()
    headers = {
        "none": {},
        "wrong": {"X-Zendesk-Webhook-Signature": "AAAA", "X-Zendesk-Webhook-Signature-Timestamp": stamp},
        "another_sources": {"X-Hub-Signature": "sha256=" + "0" * 64},
    }[proof]
    answer = requests.post(here.url, data=b'{"subject": "zen:ticket:1"}', headers=headers, timeout=10)
    assert (answer.status_code, answer.content) == (401, b"")
    until(lambda: here.inbox.standing("shop").refused == 1)
    assert here.inbox.waiting() == 0


def test_a_source_that_is_not_ours_and_a_read_are_refused(here: Pushed) -> None:
    assert requests.post(here.url + "x", data=b"{}", timeout=10).status_code == 404
    assert requests.get(here.url, timeout=10).status_code == 405


def test_a_body_beyond_all_measure_is_refused_before_it_is_read(here: Pushed) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(2 + MOST_BYTES // 65536):
            yield b"x" * 65536

    assert requests.post(here.url, data=b"x" * (MOST_BYTES + 1), timeout=10).status_code == 413
    assert requests.post(here.url, data=endless(), timeout=10).status_code == 413


def test_s46_a_full_inbox_says_come_again_and_takes_more_when_it_was_read(
    here: Pushed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door, "MOST_UNREAD", 3)
    monkeypatch.setattr(door, "COUNT_EVERY", 1)
    here.shop.account.hooks.courier.double = 0
    for _ in range(4):
        here.opens()
        here.delivered()
    assert 503 in here.shop.account.hooks.courier.answers
    here.turn()
    ticket = here.opens()
    here.shop.account.agent_sets(ticket, priority="urgent")
    until(lambda: here.delivered()[-1] == 204)
    here.turn()
    assert str(ticket) in here.shop.all_stored()


def test_l07_while_the_disk_is_held_by_others_vendors_are_told_to_come_again(
    here: Pushed, monkeypatch: pytest.MonkeyPatch
) -> None:
    here.inbox._engine.dispose()
    monkeypatch.setattr("connector.store.hook_inbox.BUSY_SECONDS", 0.05)
    held = HookInbox(here.town.folder)
    other = sqlite3.connect(here.town.folder / FILE, isolation_level=None, check_same_thread=False)
    ear = Ear(lambda *_: door.Hook("a", ("1",)), None, tuple)
    with served({"shop": ear}, held) as url:
        other.execute("BEGIN EXCLUSIVE")
        answer = requests.post(f"{url}/hooks/shop", data=b"{}", timeout=10)
        assert answer.status_code == 503 and 0 < int(answer.headers["Retry-After"]) < 60
        other.execute("COMMIT")
        assert requests.post(f"{url}/hooks/shop", data=b"{}", timeout=10).status_code == 204


def test_every_delivery_that_was_thanked_for_is_on_disk(here: Pushed) -> None:
    ear = Ear(lambda _, headers, *__: door.Hook(headers["x-name"], ("1",)), None, tuple)
    thanked: list[str] = []
    with served({"flood": ear}, here.inbox) as url:

        def push(worker: int) -> None:
            with requests.Session() as session:
                for number in range(40):
                    name = f"{worker}-{number}"
                    answer = session.post(f"{url}/hooks/flood", data=b"{}", headers={"X-Name": name}, timeout=30)
                    if answer.status_code == 204:
                        thanked.append(name)

        workers = [threading.Thread(target=push, args=[number]) for number in range(8)]
        for one in workers:
            one.start()
        for one in workers:
            one.join()
    assert len(thanked) == 320 and here.inbox.standing("flood").waiting == 320


def test_s46_what_was_thanked_for_outlives_the_death_of_who_received_it(tmp_path: Path) -> None:
    flooded = flood(tmp_path, rate=200, seconds=2, kills=1)
    assert flooded.held, flooded
    assert flooded.kills == 1 and flooded.missing == 0


def test_what_could_not_be_read_stays_in_the_inbox(here: Pushed) -> None:
    ticket = here.opens()
    here.delivered()
    here.shop.account.switches.forbidden = "show_many|tickets/"
    here.turn()
    assert here.inbox.waiting() > 0 and here.shop.row.last_error
    here.shop.account.switches.forbidden = None
    here.town.clock.advance(3600)
    here.turn()
    assert str(ticket) in here.shop.all_stored() and here.inbox.waiting() == 0


def test_one_ticket_that_cannot_be_read_holds_no_other_hint_up(here: Pushed, monkeypatch: pytest.MonkeyPatch) -> None:
    good, bad, later = here.opens(), here.opens(), here.opens()
    here.delivered()
    broken, get = {str(bad)}, Adapter.get

    def stumbling(self: Adapter, tickets: Sequence[str]) -> Iterator[tuple[str, Record]]:
        if broken & set(tickets):
            raise ValueError("a fault of ours that this one ticket shows")
        yield from get(self, tickets)

    monkeypatch.setattr(Adapter, "get", stumbling)
    here.turn()
    assert {str(good), str(later)} <= set(here.shop.all_stored()) and str(bad) not in here.shop.all_stored()
    assert here.inbox.waiting() == 0 and here.shop.row.last_error is None
    broken.clear()
    here.turn()
    assert str(bad) not in here.shop.all_stored(), "not before its time"
    here.real.advance(31)
    here.turn()
    assert str(bad) in here.shop.all_stored()


def test_a_ticket_that_never_can_be_read_is_left_to_the_poll_in_the_end(
    here: Pushed, monkeypatch: pytest.MonkeyPatch
) -> None:
    here.opens()
    here.delivered()
    tries = []

    def stumbling(_self: Adapter, tickets: Sequence[str]) -> Iterator[tuple[str, Record]]:
        tries.append(tickets)
        raise TemporaryError("no answer for this one.")
        yield

    monkeypatch.setattr(Adapter, "get", stumbling)
    for _ in range(20):
        here.turn()
        here.real.advance(3600)
    assert 6 <= len(tries) <= 14 and not here.hooks.waiting(here.shop.desk)


def test_a_damaged_inbox_is_kept_aside_and_stops_neither_hooks_nor_the_poll(here: Pushed) -> None:
    ticket = here.opens()
    here.delivered()
    here.inbox.close()
    for end in ("-wal", "-shm"):
        (here.town.folder / f"{FILE}{end}").unlink(missing_ok=True)
    (here.town.folder / FILE).write_bytes(b"no database at all" * 500)
    here.turn()
    assert here.town.daemon.failure is None and here.shop.row.last_error is None
    assert (here.town.folder / f"{FILE}.broken-1").read_bytes().startswith(b"no database")
    here.shop.account.agent_sets(ticket, priority="urgent")
    assert here.delivered()[-1] == 204
    here.turn()
    assert here.shop.stored(ticket).doc.complaint.priority == "urgent"


def test_a_delivery_that_names_no_ticket_asks_for_a_poll(here: Pushed) -> None:
    ticket = here.opens()
    here.town.clock.advance(61)
    here.shop.account.hooks.courier.lose = 1_000
    here.inbox.keep([Delivery("shop", "blank", (), wall())])
    here.inbox.done([hint for hint in here.inbox.hints("shop", 100) if hint.tickets], wall())
    here.turn()
    assert str(ticket) in here.shop.all_stored()


def test_a_changed_secret_is_followed_and_the_one_before_counts_for_a_while(here: Pushed) -> None:
    old = dict(here.secrets.current())
    assert here.hooks.keep(here.shop.desk, renew=True)
    now = here.secrets.current()
    assert now["secret"] != old["secret"] and now["before"] == old["secret"]
    here.opens()
    assert set(here.delivered()) == {204}


def test_h04_that_the_secret_before_is_still_in_use_is_shown(here: Pushed) -> None:
    here.opens()
    here.delivered()
    assert here.inbox.standing("shop").before_at is None, "nothing but the present secret was in use"
    old = dict(here.secrets.current())
    here.secrets.replace(old, {"secret": "one the helpdesk has not heard of yet", "before": old["secret"]})
    here.opens()
    assert set(here.delivered()) == {204}
    assert here.inbox.standing("shop").before_at is not None


def test_a_hook_that_somebody_deleted_is_made_again(here: Pushed) -> None:
    here.shop.account.hooks.rows.clear()
    here.turn()
    assert not here.shop.account.hooks.rows, "it is looked at every few hours only"
    here.real.advance(timedelta(hours=7).total_seconds())
    here.turn()
    assert len(here.shop.account.hooks.rows) == 1
    here.opens()
    assert set(here.delivered()) == {204}


def test_a_hook_that_cannot_be_made_holds_up_nothing(here: Pushed) -> None:
    here.shop.account.hooks.rows.clear()
    here.shop.account.switches.forbidden = "webhooks"
    here.real.advance(timedelta(hours=7).total_seconds())
    here.turn()
    assert "webhooks" in (here.inbox.standing("shop").trouble or "")
    ticket = here.opens()
    here.town.clock.advance(61)
    here.shop.turn("pull")
    assert str(ticket) in here.shop.all_stored()


def test_dropping_the_hook_takes_it_away_at_the_helpdesk(here: Pushed) -> None:
    adapter = here.shop.desk.adapter
    assert adapter.drop_hook(here.url) and not here.shop.account.hooks.rows  # type: ignore[attr-defined]
    assert not adapter.drop_hook(here.url)  # type: ignore[attr-defined]


@pytest.mark.parametrize("deployment", ["cloud", "data_center"])
def test_jira_pushes_too(deployment: str, tmp_path: Path) -> None:
    site = JiraSite(deployment=deployment)
    adapter, jira = site.adapter(), site.jira
    inbox, secrets = HookInbox(tmp_path), SourceCredentials("desk", {}, tmp_path / "desk.hook.json")
    ear = Ear(type(adapter).hear, adapter._calls.settings, partial(door._secrets, secrets))
    with served({"desk": ear}, inbox) as url:
        address = f"{url}/hooks/desk"
        assert adapter.keep_hook(address, secrets) == "made"
        assert adapter.keep_hook(address, secrets) is None
        issue = jira.customer_opens("Where is it?", "It never came.")
        jira.customer_opens("Not ours", "Another project's", project=content.SHOP)
        until(jira.hooks.courier.idle)
        assert jira.hooks.courier.answers == [204], "only what this source reads is pushed"
        assert {hint.tickets for hint in inbox.hints("desk", 10)} == {(str(issue),)}
        row = next(iter(jira.hooks.rows.values()))
        row["enabled" if deployment == "cloud" else "active"] = False
        assert adapter.keep_hook(address, secrets) == "made anew" and len(jira.hooks.rows) == 1
        jira.admin_rights = False
        with pytest.raises(SettingsError, match="by_hand"):
            adapter.keep_hook(address, secrets)
