"""Shared by all tests: asserts inside the conformance kit show their values, the longest tests begin first, and what
Python's collector of circles has to look through stays small."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from itertools import cycle
from types import SimpleNamespace

import pytest
from _pytest.terminal import TerminalReporter
from hypothesis import HealthCheck, settings

from connector.commands import collector

pytest.register_assert_rewrite("connector.testing")
# How fast a machine is today says nothing about the code: Hypothesis has limits by the wall clock unless told.
settings.register_profile("amends", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("amends")
# What tests make dies by itself mostly: by the usual rule a tenth of a run is looking for what does not.
SELDOM = (20_000, 10, 10)
# The files that take a worker longest, most of all first: whole stories with processes of their own.
LONGEST = (
    "end_to_end/test_demo.py",
    "end_to_end/test_crash.py",
    "engine/test_machine.py",
    "end_to_end/test_console_browser.py",
    "end_to_end/test_mail_deaths.py",
    "end_to_end/test_survey_browser.py",
    "engine/test_crash_points.py",
    "engine/test_ladders.py",
    "end_to_end/test_jira_contract_prism.py",
    "end_to_end/test_contract_prism.py",
    "engine/test_faults_local_processes.py",
    "unit/test_clocks_proof.py",
    "engine/test_mutants.py",
)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Each worker is given one stretch of the list, and takes from the end of another's once it is through: a long test
    that stood last would have all others wait for it. So the long ones stand at the heads of the stretches."""
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    items[:] = arranged(items, workers)


def arranged(items: list[pytest.Item], workers: int) -> list[pytest.Item]:
    """The same tests for so many workers, each file in one piece."""
    heads: list[list[pytest.Item]] = [[] for _ in range(workers)]
    turns = cycle([*range(workers), *reversed(range(workers))])
    for name in LONGEST:
        these = [item for item in items if item.path.as_posix().endswith(f"tests/{name}")]
        if these:
            heads[next(turns)] += these
    taken = {id(item) for head in heads for item in head}
    rest = [item for item in items if id(item) not in taken]
    found: list[pytest.Item] = []
    for number, head in enumerate(heads, 1):
        upto = len(items) * number // workers - len(found) - len(head)
        found += [*head, *rest[: max(0, upto)]]
        rest = rest[max(0, upto) :]
    return [*found, *rest]


def pytest_collection_finish() -> None:
    """What was imported and collected stays to the end. A command tells the collector that its process is short, and
    never to look again at what is there. Here a thousand are run in one process: what they left would be gigabytes, and
    letting go of it took seconds a time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*SELDOM)
    collector.gc = SimpleNamespace(freeze=lambda: None, set_threshold=lambda *_: None)  # type: ignore[assignment]


@pytest.fixture(autouse=True)
def _collector_as_before() -> Iterator[None]:
    """Whatever a command that was run in this process told it."""
    yield
    if gc.get_threshold() != SELDOM:
        gc.set_threshold(*SELDOM)


def pytest_terminal_summary(terminalreporter: TerminalReporter) -> None:
    """What a test wants to be read although it passed (`record_property("told", …)`): seeds, and counts of cases."""
    for outcome in ("passed", "failed"):
        for report in terminalreporter.stats.get(outcome, ()):
            for name, value in getattr(report, "user_properties", ()):
                if name == "told":
                    terminalreporter.write_line(str(value))
