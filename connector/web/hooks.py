"""Where helpdesks push their changes: POST /hooks/SOURCE, proven over the raw bytes, on disk, then thanked for.

Mounted by the web application. It holds no credentials but the secrets that deliveries are signed with, reads no
ticket and touches no store: whatever a stranger sends here can fill a bounded inbox at most.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from connector.adapter import Credentials, Hook, Hooking, find_adapter
from connector.desks import hook_order
from connector.errors import AmendsError, AuthError, InboxError, RecordError
from connector.settings import Settings
from connector.store.hook_inbox import Delivery, HookInbox

log = logging.getLogger("amends")

MOST_BYTES = 1024 * 1024  # what the largest delivery of either vendor stays far below
MOST_UNREAD = 100_000
MOST_AT_DOOR = 5_000
AT_ONCE = 500
COUNT_EVERY = 50  # batches between two looks at how full the inbox is
# Both vendors try again after a wait of less than a minute; longer ones are given up.
RETRY_AFTER_SECONDS = "30"


class Ear(msgspec.Struct, frozen=True):
    """How deliveries of one source are proven: the adapter's `hear` with the source's options, and the secrets that may
    have signed them, the present one first."""

    hear: Callable[[Any, Mapping[str, str], bytes, Sequence[str], datetime], Hook]
    options: Any
    secrets: Callable[[], Sequence[str]]


def ears(settings: Settings, home: Path) -> dict[str, Ear]:
    """One for each source that pushes to us. Secrets are read when a delivery comes, so that a new one is noticed."""
    found = {}
    for source in settings.sources.values():
        if (order := hook_order(source, settings.public, home)) is not None:
            made = find_adapter(source.adapter)
            assert issubclass(made, Hooking), "the settings were checked for it"
            found[source.name] = Ear(made.hear, source.options, partial(_secrets, order.secrets))
    return found


def _secrets(kept: Credentials) -> list[str]:
    known = kept.current()
    return [known[name] for name in ("secret", "before") if name in known]


class HookDoor:
    """Receives deliveries for the sources in `ears`. Many that come at once share one transaction, so that a thousand a
    second cost some tens of writes to the disk."""

    def __init__(self, ears: Mapping[str, Ear], inbox: HookInbox, now: Callable[[], datetime]) -> None:
        self._ears, self._inbox, self._now = ears, inbox, now
        self._waiting: list[tuple[Delivery, asyncio.Future[None]]] = []
        self._refused: dict[str, int] = {}
        self._before: dict[str, datetime] = {}
        self._working: asyncio.Task[None] | None = None
        self._batches = 0
        self._full = False

    def route(self) -> Route:
        return Route("/hooks/{source}", self.answer, methods=["POST"])

    async def answer(self, request: Request) -> Response:
        """204 once the delivery is on disk (also where it was before); 401 unproven, 404 no such source, 413 too large,
        400 proven and unreadable, 503 with Retry-After where there is no room."""
        source = request.path_params["source"]
        ear = self._ears.get(source)
        if ear is None:
            return Response(status_code=404)
        body = await _body(request)
        if body is None:
            return Response(status_code=413)
        try:
            hook = self._heard(source, ear, dict(request.headers), body)
        except AuthError:
            self._count_refused(source)
            return Response(status_code=401)
        except RecordError as error:
            log.warning("%s: a hook's delivery makes no sense. %s", source, error)
            return Response(status_code=400)
        except AmendsError as error:
            log.error("%s: hooks cannot be proven. %s", source, error)
            return _come_again()
        return await self._keep(Delivery(source, hook.delivery, hook.tickets, self._now()))

    def _heard(self, source: str, ear: Ear, headers: Mapping[str, str], body: bytes) -> Hook:
        """What the delivery says. One that the secret before the present one has signed counts as well, and it is noted
        that this one is still in use."""
        secrets, now = ear.secrets(), self._now()
        try:
            return ear.hear(ear.options, headers, body, secrets[:1], now)
        except AuthError:
            hook = ear.hear(ear.options, headers, body, secrets[1:], now)
        self._before[source] = now
        return hook

    async def _keep(self, delivery: Delivery) -> Response:
        if self._full or len(self._waiting) >= MOST_AT_DOOR:
            self._work()
            return _come_again()
        kept: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((delivery, kept))
        self._work()
        try:
            await kept
        except InboxError:
            return _come_again()
        return Response(status_code=204)

    def _count_refused(self, source: str) -> None:
        self._refused[source] = self._refused.get(source, 0) + 1
        self._work()

    def _work(self) -> None:
        if self._working is None or self._working.done():
            self._working = asyncio.get_running_loop().create_task(self._write_all())

    async def _write_all(self) -> None:
        """Write what waits, batch by batch, until nothing does."""
        while True:
            some, self._waiting = self._waiting[:AT_ONCE], self._waiting[AT_ONCE:]
            refused, self._refused = self._refused, {}
            before, self._before = self._before, {}
            try:
                await asyncio.to_thread(self._write, [delivery for delivery, _ in some], refused, before)
            except InboxError as error:
                log.error("hooks: nothing can be kept. %s", error)
                others, self._waiting = self._waiting, []
                self._answer([*some, *others], error)
                return
            self._answer(some, None)
            if not (self._waiting or self._refused):
                return

    def _write(self, deliveries: list[Delivery], refused: dict[str, int], before: dict[str, datetime]) -> None:
        self._inbox.keep(deliveries)
        for source, number in refused.items():
            self._inbox.refused(source, number)
        for source, at in before.items():
            self._inbox.signed_before(source, at)
        self._batches += 1
        if self._full or self._batches % COUNT_EVERY == 0:
            self._full = self._inbox.waiting() >= MOST_UNREAD

    @staticmethod
    def _answer(some: list[tuple[Delivery, asyncio.Future[None]]], error: InboxError | None) -> None:
        for _, kept in some:
            if kept.done():  # whoever sent it has gone
                continue
            if error is None:
                kept.set_result(None)
            else:
                kept.set_exception(error)


async def _body(request: Request) -> bytes | None:
    """The bytes as they came; None where there are too many."""
    length = request.headers.get("content-length", "0")
    if not length.isdecimal() or int(length) > MOST_BYTES:
        return None
    parts, size = [], 0
    try:
        async for part in request.stream():
            size += len(part)
            if size > MOST_BYTES:
                return None
            parts.append(part)
    except ClientDisconnect:
        return None
    return b"".join(parts)


def _come_again() -> Response:
    return Response(status_code=503, headers={"Retry-After": RETRY_AFTER_SECONDS})
