"""The command line of a stand-in in a process of its own: its options, and living until it is told to stop.

Called by each vendor's `__main__`, which adds options of its own and prints the address.
"""

from __future__ import annotations

import argparse
import signal
import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from sandbox.clock import SandboxClock, ToldClock
from sandbox.http.faults import Faults

LOOK_EVERY_SECONDS = 0.02


def plain_parser(program: str, about: str | None) -> argparse.ArgumentParser:
    """The options of every stand-in: where it listens, and what its time is."""
    options = argparse.ArgumentParser(prog=program, description=about)
    options.add_argument("--port", type=int, default=0, help="0 takes a free one and prints it")
    options.add_argument("--start", type=datetime.fromisoformat, help="the account's time at the start, with a zone")
    options.add_argument("--time-scale", type=float, default=1.0, help="sandbox seconds per second; 0 stands still")
    options.add_argument("--clock", type=ToldClock, help="a told time (see sandbox.clock), instead of these two")
    return options


def parser(program: str, about: str | None) -> argparse.ArgumentParser:
    """The options of a stand-in over HTTP: faults and TLS besides."""
    options = plain_parser(program, about)
    options.add_argument("--fault", action="append", default=[], help="NAME[@METHOD+METHOD][:PATHREGEX]=PROBABILITY")
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--certificate", type=Path, help="PEM chain; needs --key")
    options.add_argument("--key", type=Path)
    return options


def clock_of(chosen: argparse.Namespace) -> Callable[[], datetime]:
    return chosen.clock or SandboxClock(chosen.start, chosen.time_scale)


def faults_of(chosen: argparse.Namespace) -> Faults:
    return Faults(chosen.fault, seed=chosen.seed)


def certificate_of(chosen: argparse.Namespace) -> tuple[Path, Path] | None:
    return (chosen.certificate, chosen.key) if chosen.certificate else None


def stopping() -> threading.Event:
    """An event that is set when the process is asked to end. Call it before anything is started."""
    over = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: over.set())
    return over
