"""The inbox of hooks: on disk before anybody is thanked, once each, shared by two processes."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from connector.errors import InboxError
from connector.store.hook_inbox import FILE, Delivery, HookInbox

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


def delivery(name: str, *tickets: str, source: str = "shop") -> Delivery:
    return Delivery(source, name, tickets, NOW)


def test_s44_a_delivery_that_comes_twice_counts_once(tmp_path: Path) -> None:
    inbox = HookInbox(tmp_path)
    assert inbox.keep([delivery("a", "1"), delivery("a", "1"), delivery("b", "2")]) == 2
    assert inbox.keep([delivery("a", "1")]) == 0
    assert [hint.tickets for hint in inbox.hints("shop", 10)] == [("1",), ("2",)]


def test_two_sources_may_name_their_deliveries_alike(tmp_path: Path) -> None:
    inbox = HookInbox(tmp_path)
    assert inbox.keep([delivery("a", "1"), delivery("a", "9", source="desk")]) == 2
    assert [hint.tickets for hint in inbox.hints("desk", 10)] == [("9",)]


def test_what_was_kept_is_there_for_another_process(tmp_path: Path) -> None:
    receiving, reading = HookInbox(tmp_path), HookInbox(tmp_path)
    receiving.keep([delivery("a", "1")])
    hints = reading.hints("shop", 10)
    reading.done(hints, NOW)
    assert receiving.waiting() == 0 and receiving.keep([delivery("a", "1")]) == 0


def test_a_delivery_is_remembered_for_a_month_after_it_was_acted_upon(tmp_path: Path) -> None:
    inbox = HookInbox(tmp_path)
    inbox.keep([delivery("read", "1"), delivery("unread", "2")])
    inbox.done(inbox.hints("shop", 1), NOW)
    assert inbox.forget(NOW + timedelta(days=29)) == 0
    assert inbox.forget(NOW + timedelta(days=31)) == 1
    assert [hint.tickets for hint in inbox.hints("shop", 10)] == [("2",)]


def test_l07_what_cannot_be_written_is_an_error_and_not_a_thank_you(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connector.store.hook_inbox.BUSY_SECONDS", 0.05)
    inbox = HookInbox(tmp_path)
    other = sqlite3.connect(tmp_path / FILE, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(InboxError):
        inbox.keep([delivery("a", "1")])
    other.execute("COMMIT")
    assert inbox.keep([delivery("a", "1")]) == 1


def test_nobody_else_may_read_it(tmp_path: Path) -> None:
    HookInbox(tmp_path)
    assert (tmp_path / FILE).stat().st_mode & 0o077 == 0


def test_the_standing_of_a_hook_is_told_as_it_was_noted(tmp_path: Path) -> None:
    inbox = HookInbox(tmp_path)
    assert inbox.standing("shop").address is None
    inbox.troubled("shop", "no rights")
    inbox.refused("shop", 3)
    inbox.silent("shop", NOW)
    found = inbox.standing("shop")
    assert (found.trouble, found.refused, found.silent_since) == ("no rights", 3, NOW)
    inbox.kept("shop", "https://amends.example/hooks/shop", NOW, "made")
    inbox.silent("shop", None)
    found = inbox.standing("shop")
    assert (found.trouble, found.silent_since, found.kept_at, found.done) == (None, None, NOW, "made")


def test_h04_a_file_of_an_earlier_version_learns_when_the_secret_before_was_used(tmp_path: Path) -> None:
    inbox = HookInbox(tmp_path)
    inbox.keep([delivery("a", "1")])
    inbox.troubled("shop", "no rights")
    inbox.close()
    with sqlite3.connect(tmp_path / FILE) as earlier:
        earlier.execute("ALTER TABLE hook DROP COLUMN before_at")
    inbox = HookInbox(tmp_path)
    inbox.signed_before("shop", NOW)
    found = inbox.standing("shop")
    assert (found.before_at, found.trouble, found.waiting) == (NOW, "no rights", 1), "and nothing is lost"
    assert not (tmp_path / f"{FILE}.broken-1").exists()


@pytest.mark.parametrize("damage", [b"garbage" * 1000, b""])
def test_a_damaged_file_is_put_aside_with_what_is_in_it_and_a_new_one_begun(tmp_path: Path, damage: bytes) -> None:
    receiving, reading = HookInbox(tmp_path), HookInbox(tmp_path)
    receiving.keep([delivery("a", "1")])
    receiving.close()
    reading.close()
    for end in ("-wal", "-shm"):
        (tmp_path / f"{FILE}{end}").unlink(missing_ok=True)
    (tmp_path / FILE).write_bytes(damage)
    assert receiving.keep([delivery("b", "2")]) == 1
    assert [hint.tickets for hint in reading.hints("shop", 10)] == [("2",)], "the other process follows"
    assert (tmp_path / f"{FILE}.broken-1").read_bytes().startswith(damage)
    assert (tmp_path / FILE).stat().st_mode & 0o077 == 0


def test_a_file_that_was_damaged_while_nobody_ran_is_put_aside_at_the_start(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"garbage" * 1000)
    assert HookInbox(tmp_path).keep([delivery("a", "1")]) == 1
    assert (tmp_path / f"{FILE}.broken-1").exists()


def test_a_damaged_row_asks_for_a_poll_and_holds_nothing_up(tmp_path: Path) -> None:
    inbox = HookInbox(tmp_path)
    inbox.keep([delivery("a", "1"), delivery("b", "2")])
    other = sqlite3.connect(tmp_path / FILE)
    other.execute("UPDATE delivery SET tickets = '[broken' WHERE name = 'a'")
    other.commit()
    assert [hint.tickets for hint in inbox.hints("shop", 10)] == [(), ("2",)]
