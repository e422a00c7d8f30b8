"""The promises of failing: every failure becomes the error of its remedy, costs nothing, and shows no secret.

Part of the conformance kit; `AdapterTests` joins it with the promises of reading and of writing.
"""

from __future__ import annotations

import threading
import traceback
from collections.abc import Callable
from typing import Any, get_args

import pytest

from connector.adapter import Adapter
from connector.errors import AmendsError, AuthError, TemporaryError
from connector.testing.backend import Backend, Failure
from connector.testing.bench import Bench, as_stored, names, pages_of, read_all, records_in

FAILURES: tuple[Failure, ...] = get_args(Failure)
CALLS: dict[str, Callable[[Adapter, str], Any]] = {
    "check": lambda adapter, ticket: adapter.check(),
    "discover": lambda adapter, ticket: adapter.discover(),
    "fetch": lambda adapter, ticket: read_all(adapter),
    "get": lambda adapter, ticket: list(adapter.get([ticket])),
}


class FailingTests(Bench):
    @pytest.mark.parametrize("call", CALLS)
    @pytest.mark.parametrize("failure", FAILURES)
    def test_each_failure_becomes_the_error_of_its_remedy(self, backend: Backend, failure: Failure, call: str) -> None:
        ticket = self.filled(backend)[0]
        adapter = self.connect(backend)
        backend.fail(failure)
        with pytest.raises(AuthError if failure == "auth" else TemporaryError):
            CALLS[call](adapter, ticket)
        CALLS[call](adapter, ticket)

    @pytest.mark.parametrize("call", CALLS)
    def test_the_delay_that_the_source_asks_for_is_passed_on(self, backend: Backend, call: str) -> None:
        ticket = self.filled(backend)[0]
        backend.fail("busy", retry_after_seconds=7)
        with pytest.raises(TemporaryError) as caught:
            CALLS[call](self.connect(backend), ticket)
        assert caught.value.retry_after_seconds == 7

    @pytest.mark.parametrize("failure", FAILURES)
    def test_a_failure_between_two_pages_loses_nothing(self, backend: Backend, failure: Failure) -> None:
        self.filled(backend)
        for stream in self.connect(backend).streams:
            everything = names(records_in(pages_of(self.connect(backend), stream)))
            adapter = self.connect(backend)
            reading = adapter.fetch(stream, adapter.start(stream, None))
            page = next(reading)
            if page.end:
                continue
            backend.fail(failure)
            with pytest.raises((AuthError, TemporaryError)):
                next(reading)
            later = pages_of(self.connect(backend), stream, as_stored(page.cursor))
            assert everything <= names(page.records) | names(records_in(later)), stream

    def test_no_secret_shows_anywhere(self, backend: Backend, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level("DEBUG")
        ticket = self.filled(backend)[0]
        adapter = self.connect(backend)
        shown = [repr(adapter), str(adapter), repr(adapter.check()), repr(adapter.discover())]
        for failure in FAILURES:
            backend.fail(failure)
            try:
                CALLS["fetch"](self.connect(backend), ticket)
            except AmendsError as error:
                shown += [repr(error), str(error), *traceback.format_exception(error)]
        shown += [repr(records) for records in read_all(adapter).values()]
        text = "\n".join([*shown, caplog.text])
        secrets = [secret for secret in backend.tools().credentials.current().values() if len(secret) >= 8]
        assert secrets, "the backend's credentials hold no secret of eight characters, so nothing can be proven"
        assert not [secret for secret in secrets if secret in text], "a secret shows in an error, a log line or a repr"

    def test_reading_starts_no_thread(self, backend: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
        tickets = self.filled(backend)
        real = threading.Thread.start

        def start(thread: threading.Thread) -> None:
            if threading.current_thread() is threading.main_thread():
                pytest.fail(f"the adapter started {thread}; the engine has workers of its own.")
            real(thread)

        monkeypatch.setattr(threading.Thread, "start", start)
        adapter = self.connect(backend)
        read_all(adapter)
        list(adapter.get(tickets))
