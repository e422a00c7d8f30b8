"""A console over a desk in memory, for the tests that click and for those that only ask.

A plain module: pytest collects nothing here.
"""

from __future__ import annotations

import copy
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cached_property, partial
from itertools import count
from pathlib import Path
from typing import Any

from argon2 import PasswordHasher
from fastapi import FastAPI
from starlette.testclient import TestClient

from adapters.memory import DESKS, Desk
from connector.commands import accounts, syncing
from connector.commands.place import Place
from connector.console import entrance
from connector.console.app import application
from connector.console.house import House
from connector.roles import Rank
from connector.store import access

MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)
PASSWORD = "a long enough password"
BASE = "http://127.0.0.1:8484"
KIM = {"id": "c1", "name": "Kim Doe", "address": "kim@example.com", "verified": True, "language": "en"}
# What strangers write to find out whether somebody's page runs it.
PAYLOADS = (
    "<script>alert(1)</script>",
    "<ScRiPt src=//evil.example/x.js></ScRiPt>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "</textarea><svg/onload=alert(1)>",
    "</title></style></script><body onload=alert(1)>",
    "javascript:alert(1)",
    "<a href='javascript:alert(1)'>x</a>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<div hx-get='/logout' hx-trigger='load'>x</div>",
    "{{ 7*7 }}{% include 'x' %}${7*7}#{7*7}",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
    '<!--<img src="--><img src=x onerror=alert(1)//">',
    "\u202e<b>turned</b>\u2066",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "=cmd|' /C calc'!A0",
)
_numbers = count()


class Office:
    """A folder, a desk in memory, its store, and the console's house. Real time is `wall`, which only tests move."""

    def __init__(self, home: Path, *, web: str = "", modes: str = "live", like: Office | None = None) -> None:
        """With `like`, a copy of what that one has stored, before a copy of its desk."""
        self.home = home
        self._like = like
        self.desk = copy.deepcopy(like.desk) if like else Desk(f"console-{next(_numbers)}", MONDAY)
        self.wall, self.ticks = (like.wall, like.ticks) if like else (MONDAY, 0.0)
        DESKS[self.desk.name] = self.desk
        if like:
            shutil.copytree(like.home, home)
        else:
            home.mkdir()
            (home / "amends.yaml").write_text(
                f"sources:\n  shop:\n    adapter: memory\n    options: {{desk: {self.desk.name}}}\n"
                f"    act_from: 2026-03-01T00:00:00Z\n"
                f"    modes: {{escalate: {modes}, tag: {modes}, survey: {modes}}}\n{web}"
            )
        self.place = Place(home, now=lambda: self.desk.now, wall=lambda: self.wall)
        self._house: House | None = None

    @property
    def house(self) -> House:
        if self._house is None:
            self._house = House(self.place, clock=lambda: self.ticks)
        return self._house

    def complain(
        self, subject: str = "Parcel late", text: str = "My parcel has still not arrived.", **more: Any
    ) -> str:
        return self.desk.open(subject, text, **{"requester": KIM, **more})

    @cached_property
    def app(self) -> FastAPI:
        return application(self.house)

    def sync(self) -> None:
        syncing.sync(self.place, [], dry_run=False, most_pages=None, count_now=False)

    def somebody(self, rank: Rank, name: str | None = None) -> str:
        """The secret of a new session of somebody of this rank."""
        called = name or f"a-{rank}"
        with self.house.store.write("test") as connection:
            if access.user(connection, name=called) is None:
                access.add_user(connection, called, rank.value, self.wall)
            user = access.user(connection, name=called)
        assert user is not None
        return entrance.begin(self.house, user, "test")

    def browser(self, rank: Rank | None = None) -> Browser:
        return Browser(self, self.somebody(rank) if rank else None)

    def program(self, *scopes: str) -> TestClient:
        """A client with a token of these scopes."""
        made = accounts.add_token(self.place, f"t{next(_numbers)}", scopes, None, dry_run=False)
        client = TestClient(self.app, base_url=BASE, raise_server_exceptions=False)
        client.headers["authorization"] = f"Bearer {made.secret}"
        return client

    def close(self) -> None:
        if self._house is not None:
            self._house.close()
        if self._like is not None:
            DESKS[self.desk.name] = self._like.desk
        else:
            DESKS.pop(self.desk.name, None)


class Browser:
    """Somebody who reads pages and sends the forms on them."""

    def __init__(self, office: Office, secret: str | None) -> None:
        self.client = TestClient(office.app, base_url=BASE, follow_redirects=False, raise_server_exceptions=False)
        self.secret = secret
        if secret is not None:
            self.client.cookies.set("amends", secret)

    def get(self, path: str) -> Any:
        return self.client.get(path)

    def post(self, path: str, form: dict[str, Any] | None = None, **headers: str) -> Any:
        """Send a form as a page of ours would."""
        token = entrance.form_token(self.secret or "")
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.post(path, data={"form_token": token, **(form or {})}, headers=named)


@contextmanager
def office(home: Path, **settings: Any) -> Iterator[Office]:
    made = Office(home, **settings)
    try:
        yield made
    finally:
        made.close()


# A password costs an attacker much, and so a test that is about something else.
CHEAP = partial(PasswordHasher, time_cost=1, memory_cost=64)


def text_of(answer: Any) -> str:
    """The words of a page, without its marks."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.text))


def later(office: Office, hours: float) -> None:
    """Let time pass, in the world and for the console."""
    office.desk.advance(hours * 3600)
    office.wall += timedelta(hours=hours)
    office.ticks += hours * 3600
