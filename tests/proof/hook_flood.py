"""A flood at the door of hooks: so many deliveries a second, and the receiving process killed in the middle of it.

Run by `make proof` (`--only hooks`). What was thanked for (2xx) has to be in the inbox; what was not may be anywhere.
`python -m tests.proof.hook_flood FOLDER PORT` is the process that receives and is killed.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

from adapters.jira import Adapter, JiraSettings
from connector.store.hook_inbox import FILE, HookInbox
from connector.web.hooks import Ear, HookDoor
from sandbox.clock import wall
from tests.proof.lives import ROOT

SECRET = "the flood's own secret"
SETTINGS = JiraSettings(url="https://acme.atlassian.net", projects=("HELP",), email="a@example.com")
CONNECTIONS = 40
PATIENCE_SECONDS = 30.0


class Flood(NamedTuple):
    """`thanked` names were answered with 2xx, `missing` of them are in no inbox; latencies in milliseconds."""

    sent: int
    answers: dict[int, int]
    thanked: int
    missing: int
    kills: int
    p50: float
    p99: float
    seconds: float

    @property
    def held(self) -> bool:
        return self.missing == 0 and self.thanked > 0 and set(self.answers) <= {0, 204, 503}


def flood(folder: Path, *, rate: int, seconds: int, kills: int) -> Flood:
    """`rate` deliveries a second for so long, `kills` times in it the receiver dies and is started again."""
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    return asyncio.run(_flood(folder, port, rate, seconds, kills))


async def _flood(folder: Path, port: int, rate: int, seconds: int, kills: int) -> Flood:
    receiver = await _started(folder, port)
    names: asyncio.Queue[int | None] = asyncio.Queue()
    results: list[tuple[int, int, float]] = []
    senders = [asyncio.create_task(_send(port, names, results)) for _ in range(CONNECTIONS)]
    begun, sent, killed = time.monotonic(), 0, 0
    while (passed := time.monotonic() - begun) < seconds:
        while sent < passed * rate:
            names.put_nowait(sent)
            sent += 1
        if killed < kills and passed > (killed + 1) * seconds / (kills + 1):
            receiver.send_signal(signal.SIGKILL)
            receiver.wait()
            receiver = await _started(folder, port)
            killed += 1
        await asyncio.sleep(0.005)
    for _ in senders:
        names.put_nowait(None)
    await asyncio.gather(*senders)
    receiver.send_signal(signal.SIGKILL)
    receiver.wait()
    return _judged(folder, sent, results, killed, time.monotonic() - begun)


def _judged(folder: Path, sent: int, results: list[tuple[int, int, float]], kills: int, seconds: float) -> Flood:
    with closing(sqlite3.connect(folder / FILE)) as file:
        kept = {row[0] for row in file.execute("SELECT name FROM delivery")}
    thanked = [number for number, status, _ in results if status == 204]
    missing = sum(_named(number) not in kept for number in thanked)
    times = sorted(took for _, status, took in results if status == 204) or [0.0]
    return Flood(
        sent,
        dict(Counter(status for _, status, _ in results)),
        len(thanked),
        missing,
        kills,
        1000 * times[len(times) // 2],
        1000 * times[min(len(times) - 1, len(times) * 99 // 100)],
        seconds,
    )


async def _started(folder: Path, port: int) -> subprocess.Popen[bytes]:
    receiver = subprocess.Popen(
        [sys.executable, "-m", "tests.proof.hook_flood", str(folder), str(port)], cwd=ROOT, env=dict(os.environ)
    )
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.02)
            continue
        writer.close()
        return receiver
    raise RuntimeError("the receiver did not start")


async def _send(port: int, names: asyncio.Queue[int | None], results: list[tuple[int, int, float]]) -> None:
    """One connection that is kept, and made again when it broke; a delivery is tried once."""
    streams: Any = None
    while (number := await names.get()) is not None:
        begun, status = time.monotonic(), 0
        try:
            streams = streams or await asyncio.open_connection("127.0.0.1", port)
            status = await _posted(*streams, _body(number))
        except (OSError, asyncio.IncompleteReadError, ValueError):
            streams = None
        results.append((number, status, time.monotonic() - begun))


async def _posted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, body: bytes) -> int:
    proof = hmac.digest(SECRET.encode(), body, "sha256").hex()
    head = (
        f"POST /hooks/flood HTTP/1.1\r\nHost: localhost\r\nX-Hub-Signature: sha256={proof}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    writer.write(head.encode() + body)
    await writer.drain()
    answer = await reader.readuntil(b"\r\n\r\n")
    return int(answer.split(b" ", 2)[1])


def _body(number: int) -> bytes:
    issue = {"id": str(10_000 + number), "key": f"HELP-{number}"}
    return json.dumps({"webhookEvent": "jira:issue_updated", "timestamp": number, "issue": issue}).encode()


def _named(number: int) -> str:
    body = _body(number)
    proof = hmac.digest(SECRET.encode(), body, "sha256").hex()
    return Adapter.hear(SETTINGS, {"x-hub-signature": f"sha256={proof}"}, body, (SECRET,), wall()).delivery


def _receive(folder: Path, port: int) -> None:
    import uvicorn
    from starlette.applications import Starlette

    ear = Ear(Adapter.hear, SETTINGS, lambda: (SECRET,))
    app = Starlette(routes=[HookDoor({"flood": ear}, HookInbox(folder), wall).route()])
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="critical", lifespan="off", backlog=2048)


if __name__ == "__main__":
    _receive(Path(sys.argv[1]), int(sys.argv[2]))
