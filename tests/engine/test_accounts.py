"""A source whose address was changed to another account is refused: its ids would be taken for those of the first."""

from __future__ import annotations

import pytest

from connector.adapter import Identity
from connector.desks import prove_account
from connector.errors import SettingsError, TemporaryError
from tests.engine.world import World


def test_the_account_that_the_complaints_came_from_is_accepted() -> None:
    world = World()
    prove_account(world.helpdesk(), world.store)


def test_another_account_under_the_same_name_is_refused_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    desk = world.helpdesk()
    monkeypatch.setattr(type(desk.adapter), "check", lambda _self: Identity("production", "1", "Amends"))
    with pytest.raises(SettingsError, match=r"is now 'production'.*source of its own"):
        prove_account(desk, world.store)


def test_an_account_that_cannot_be_asked_now_keeps_nobody_from_starting(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    desk = world.helpdesk()

    def down(_self: object) -> Identity:
        raise TemporaryError("the desk is down.")

    monkeypatch.setattr(type(desk.adapter), "check", down)
    prove_account(desk, world.store)
