"""`python -m sandbox.zendesk`: a Zendesk account of its own process, driven over /__control/ (see `control`)."""

from __future__ import annotations

import argparse
import signal
import threading
from datetime import datetime
from pathlib import Path

from sandbox.clock import SandboxClock, ToldClock
from sandbox.zendesk.account import Account
from sandbox.zendesk.faults import Faults
from sandbox.zendesk.server import serve

LOOK_EVERY_SECONDS = 0.02


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m sandbox.zendesk", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one and prints it")
    parser.add_argument("--start", type=datetime.fromisoformat, help="the account's time at the start, with a zone")
    parser.add_argument("--time-scale", type=float, default=1.0, help="sandbox seconds per second; 0 stands still")
    parser.add_argument("--clock", type=ToldClock, help="a told time (see sandbox.clock), instead of these two")
    parser.add_argument("--fault", action="append", default=[], help="NAME[@METHOD+METHOD][:PATHREGEX]=PROBABILITY")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--certificate", type=Path, help="PEM chain; needs --key")
    parser.add_argument("--key", type=Path)
    parser.add_argument("--stories", action="store_true", help="play the demo's stories as their time comes")
    chosen = parser.parse_args()
    account = Account(chosen.clock or SandboxClock(chosen.start, chosen.time_scale))
    pair = (chosen.certificate, chosen.key) if chosen.certificate else None
    over = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: over.set())
    with serve(account, port=chosen.port, faults=Faults(chosen.fault, seed=chosen.seed), certificate=pair) as site:
        print(site.url, flush=True)  # noqa: T201 - this is the program's answer
        _live(account, over, stories=chosen.stories)


def _live(account: Account, over: threading.Event, *, stories: bool) -> None:
    from sandbox.stories import play

    while not over.wait(LOOK_EVERY_SECONDS):
        if stories:
            play(account, account.now())


if __name__ == "__main__":
    main()
