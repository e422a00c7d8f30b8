"""Shared by all tests: asserts inside the conformance kit show their values, as those of a test file do."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest
from _pytest.terminal import TerminalReporter

pytest.register_assert_rewrite("connector.testing")
USUAL = gc.get_threshold()


@pytest.fixture(autouse=True)
def _collector_as_usual() -> Iterator[None]:
    """A command that is run in this process tells the collector that the process is short: it is not."""
    yield
    if gc.get_threshold() != USUAL:
        gc.unfreeze()
        gc.set_threshold(*USUAL)


def pytest_terminal_summary(terminalreporter: TerminalReporter) -> None:
    """What a test wants to be read although it passed (`record_property("told", …)`): seeds, and counts of cases."""
    for outcome in ("passed", "failed"):
        for report in terminalreporter.stats.get(outcome, ()):
            for name, value in getattr(report, "user_properties", ()):
                if name == "told":
                    terminalreporter.write_line(str(value))
