"""Forks lives of the `amends` command from one warm process, so that a thousand kills take minutes and not hours.

Started by `tests.proof.lives`. Reads one JSON object a line from standard input: `argv`, `env`, and `kill_after`
seconds or null; answers with one: `code` (negative for a signal) and `output`.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import tempfile
import time
from contextlib import redirect_stdout, suppress
from datetime import UTC, datetime
from pathlib import Path

import alembic.command  # noqa: F401  # what a life would import, imported once
import apprise  # noqa: F401
import apscheduler.schedulers.background  # noqa: F401
import zenpy  # noqa: F401

import cli
from adapters.memory import DESKS, Desk

BORN = datetime(2026, 3, 2, 9, tzinfo=UTC)
# In the languages that the people of `lives` write in.
SAID = ("My parcel still has not arrived. I want my money back.", "A minha encomenda está atrasada há duas semanas.")


def main() -> None:
    """Serve until standard input closes."""
    _first_life()
    for line in sys.stdin:
        order = json.loads(line)
        with tempfile.TemporaryFile() as output:
            child = os.fork()
            if child == 0:
                _live(order, output.fileno())
            code = _outlive(child, order["kill_after"])
            output.seek(0)
            answer = {"code": code, "output": output.read().decode(errors="replace")[-4000:]}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def _first_life() -> None:
    """A life on a helpdesk in memory, that nobody kills: what it compiled of phrases and statements, those to come need
    not compile anew."""
    desk = DESKS["nursery"] = Desk("nursery", BORN)
    for text in SAID:
        desk.open("Hello", text, requester={"id": "c1", "name": "Customer", "address": "c1@example.com"})
    desk.advance(48 * 3600)
    with tempfile.TemporaryDirectory() as home, open(os.devnull, "w") as nowhere:  # noqa: PTH123
        source = "{adapter: memory, options: {desk: nursery}, modes: {escalate: live, tag: live}}"
        (Path(home) / "amends.yaml").write_text(f"sources: {{nursery: {source}}}\n")
        os.environ["AMENDS_CLOCK"] = f"{desk.now.isoformat()}@0x0"
        sys.argv = ["amends", "--home", home, "sync"]
        with redirect_stdout(nowhere), suppress(SystemExit):
            cli.main()
    del DESKS["nursery"], os.environ["AMENDS_CLOCK"]


def _live(order: dict[str, object], output: int) -> None:
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.environ.update(order["env"])  # type: ignore[call-overload]
    sys.argv = ["amends", *order["argv"]]  # type: ignore[misc]
    code = 1
    try:
        cli.main()
        code = 0
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 1
    except BaseException:  # noqa: BLE001  # whatever a life died of is to be told, not to kill the zygote
        import traceback

        traceback.print_exc()
    finally:
        sys.stdout.flush()
        os._exit(code or 0)


def _outlive(child: int, kill_after: float | None) -> int:
    deadline = None if kill_after is None else time.monotonic() + kill_after
    while True:
        pid, status = os.waitpid(child, os.WNOHANG if deadline is not None else 0)
        if pid:
            return os.waitstatus_to_exitcode(status)
        if deadline is not None and time.monotonic() >= deadline:
            os.kill(child, signal.SIGKILL)
            deadline = None
        else:
            # The clock of a killer is real time; nothing waits for it but a test that asked for a kill.
            signal.sigtimedwait([], 0.002)


if __name__ == "__main__":
    main()
