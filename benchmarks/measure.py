"""Run a command and say what it cost. Called by `run`.

The figure to compare is CPU: user and system time of the whole process, start-up included, as the kernel counted it.
Wall time says more about what else the machine was doing.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple


class Cost(NamedTuple):
    """What one run took. `output` is what it printed."""

    cpu_seconds: float
    wall_seconds: float
    peak_mb: float
    output: str


class FailedError(Exception):
    """The measured command did not end well."""


LIMIT_SECONDS = 900


def run(command: Sequence[str | Path], environment: Mapping[str, str], folder: Path) -> Cost:
    """Run `command` in `folder` to its end. Raises FailedError with what it wrote, when it fails or takes too long."""
    began = time.monotonic()
    with (folder / "errors.txt").open("w+") as errors:
        process = subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            env=dict(environment),
            cwd=folder,
            text=True,
        )
        assert process.stdout
        too_long = threading.Timer(LIMIT_SECONDS, process.kill)
        too_long.start()
        output = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        too_long.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
        wall = time.monotonic() - began
        if process.returncode:
            errors.seek(0)
            told = output[-2000:] + errors.read()[-4000:]
            raise FailedError(f"{' '.join(map(str, command))} ended with {process.returncode}:\n{told}")
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return Cost(usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss / unit, output)


def environment(authority: Path, **more: str) -> dict[str, str]:
    """The environment for a client of the server: it trusts the throw-away authority, and may keep compiled modules."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "AMENDS_"))}
    trust = dict.fromkeys(("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "CURL_CA_BUNDLE", "BENCH_AUTHORITY"), str(authority))
    return {**kept, **trust, **more}
