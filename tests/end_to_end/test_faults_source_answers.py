"""Faults S05 to S14: answers that are late, broken, empty, enormous, or none at all. See docs/engineers/faults.md."""

from __future__ import annotations

import socket
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import pairwise
from typing import Any
from urllib.parse import urlsplit

import pytest

from connector.errors import TemporaryError
from connector.http import Bounds
from connector.http.transport import MEGABYTE
from sandbox.zendesk import Faults
from tests.end_to_end.town import Shop, Town, failure, town
from tests.end_to_end.wire import mangled

HASTY = Bounds(connect_seconds=1, read_seconds=0.1)  # only silence is over soon
DUE = Bounds(connect_seconds=1, total_seconds=0.2)  # only the whole call is
SMALL = Bounds(connect_seconds=2, read_seconds=2, total_seconds=10, max_bytes=MEGABYTE // 4)


@pytest.fixture
def here() -> Iterator[Town]:
    with town() as made:
        yield made


def _busy(here: Town, count: int = 9, **how: object) -> Shop:
    """A shop with complaints on several pages, ready to be read."""
    shop = here.opened(**how)  # type: ignore[arg-type]
    for _ in range(count):
        shop.opens()
    here.clock.advance(61)
    shop.account.switches.page_size = 2
    return shop


def _refused_first_page(shop: Shop, fault: str) -> TemporaryError:
    """Every export answer is broken by `fault`: what the daemon shows, and that nothing was taken from it."""
    shop.site.faults = Faults([f"{fault}:incremental=1"])
    shop.turn("pull")
    assert shop.all_stored() == {} and shop.quarantined() == []
    assert shop.stream() is None, "the cursor did not move"
    assert shop.row.last_error is not None and shop.row.last_pull_at is None
    error = failure(shop.pull)
    assert isinstance(error, TemporaryError)
    return error


def test_s05_server_errors_at_random_skip_no_page(here: Town) -> None:
    shop = _busy(here)
    shop.site.faults = Faults(["http_5xx=0.3"], seed=7)
    shop.pull_through()
    asked = [(one.status, one.query) for one in shop.site.seen if one.path.endswith("/tickets/cursor")]
    again = [(first, then) for first, then in pairwise(asked) if first[0] >= 500]
    assert again
    for (_, before), (_, after) in again:
        assert before.get("cursor") == after.get("cursor"), "the same place is asked for again"
        assert int(after["per_page"]) <= int(before["per_page"]), "with no larger a page"
    shop.check()


def test_s06_an_error_page_in_html_is_told_as_trouble_of_the_helpdesk(here: Town) -> None:
    error = _refused_first_page(_busy(here), "http_5xx")
    assert "Zendesk has trouble: 50" in str(error)
    assert "<" not in str(error) and "JSON" not in str(error)


def test_s07_a_login_page_with_status_200_is_no_page_of_tickets(here: Town) -> None:
    shop = _busy(here)
    assert "an HTML page" in str(_refused_first_page(shop, "html_200"))
    shop.site.faults = Faults(["html_200=0.3"], seed=3)
    shop.pull_through()
    shop.check()


def test_s08_an_empty_body_with_status_200_does_not_mean_that_there_are_no_tickets(here: Town) -> None:
    shop = _busy(here)
    assert "answered 200 with nothing" in str(_refused_first_page(shop, "empty_200"))
    shop.site.faults = Faults(["empty_200=0.3"], seed=4)
    shop.pull_through()
    shop.check()


def test_s09_of_a_cut_page_no_row_is_stored(here: Town) -> None:
    shop = _busy(here)
    assert "no whole JSON" in str(_refused_first_page(shop, "truncate_json"))
    shop.site.faults = Faults(["truncate_json=0.3"], seed=5)
    shop.pull_through()
    shop.check()


@pytest.mark.parametrize("fault", ["truncate_fin", "ambiguous_reset", "reset_before"])
def test_s10_a_connection_that_ends_in_mid_answer_stores_nothing(here: Town, fault: str) -> None:
    shop = _busy(here)
    assert "gave no usable answer" in str(_refused_first_page(shop, fault))
    shop.site.faults = Faults([f"{fault}=0.3"], seed=6)
    shop.pull_through()
    shop.check()


def test_s10_a_chunked_answer_without_its_end_stores_nothing(here: Town) -> None:
    there = _busy(here)
    with _between(there.site.url, _chunked_without_end) as (url, broken):
        shop = here.connected("shop", there.account, there.site, url=url)
        broken.set()
        assert isinstance(failure(shop.pull), TemporaryError)
        assert shop.all_stored() == {} and shop.stream() is None
        broken.clear()
        shop.check()


def test_s11_silence_ends_at_the_time_limit_and_holds_no_other_source(here: Town) -> None:
    shop, other = _busy(here, bounds=HASTY), here.opened("other")
    other.opens()
    here.clock.advance(61)
    shop.site.faults = Faults(["hang_before:incremental=1"], hang_seconds=5)
    here.while_waiting = other.pull
    error = failure(shop.pull)
    assert isinstance(error, TemporaryError) and "timed out" in str(error)
    assert len(other.all_stored()) == 1
    here.while_waiting = lambda: None
    shop.check()


def test_s11_silence_after_a_write_leaves_one_effect(here: Town) -> None:
    shop = here.opened(bounds=HASTY)
    shop.overdue()
    shop.site.faults = Faults(["ambiguous_timeout@PUT=1"], hang_seconds=5, at_most=1)
    shop.push_until_quiet(4, seconds=60)
    assert len(list(shop.account.ledger)) == 1
    assert [one.state for one in shop.intentions()] == ["done"]
    shop.check()


def test_s12_a_body_that_drips_is_over_at_the_deadline_of_the_call(here: Town) -> None:
    shop = _busy(here, bounds=DUE)
    # Eight pieces, each well within the limit of one read, all together three times the limit of the call.
    shop.site.faults = Faults(["slow_body:incremental=1"], hang_seconds=0.6)
    error = failure(shop.pull)
    assert isinstance(error, TemporaryError) and "TimeoutError" in str(error)
    assert shop.all_stored() == {}
    shop.check()


def test_s13_a_page_beyond_the_size_cap_is_refused_and_a_smaller_one_asked_for(here: Town) -> None:
    shop = here.opened(bounds=SMALL)
    for _ in range(12):
        shop.opens()
    here.clock.advance(61)

    def padded(page: dict[str, Any]) -> dict[str, Any]:
        return {**page, "tickets": [{**one, "form": "x" * 54_000} for one in page["tickets"]]}  # 12 do not fit, 4 do

    mangled(shop.site, "/tickets/cursor", padded)
    shop.pull_through()
    sizes = [int(query["per_page"]) for query in shop.exports()]
    least = sizes.index(min(sizes))
    assert sizes[0] == 1000 and sizes[least] < 10
    assert sizes[: least + 1] == sorted(sizes[: least + 1], reverse=True), "each time half of it"
    assert sizes[-1] > sizes[least], "and larger again after a page that came"
    shop.check()


def test_s13_a_page_that_stays_too_large_is_shown_to_the_operator(here: Town) -> None:
    shop = _busy(here, bounds=SMALL)
    shop.account.switches.huge_page_bytes = MEGABYTE
    shop.turn("pull")
    assert "larger than 0.25 MB unpacked; refused" in (shop.row.last_error or "")
    assert shop.all_stored() == {}
    shop.account.switches.huge_page_bytes = 0
    shop.pull_through()
    assert shop.row.last_error is None
    shop.check()


def test_s14_a_compression_bomb_is_measured_unpacked_and_costs_little_memory(here: Town) -> None:
    shop = _busy(here, bounds=SMALL)
    shop.account.switches.bomb_bytes = 256 * MEGABYTE
    failure(shop.pull)  # the sandbox packs its bomb once
    tracemalloc.start()
    try:
        error = failure(shop.pull)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert isinstance(error, TemporaryError) and "unpacked; refused" in str(error)
    assert peak < 8 * MEGABYTE
    shop.account.switches.bomb_bytes = 0
    shop.check()


# -- a wire that can be told to break ----------------------------------------------------------------------------------


@contextmanager
def _between(url: str, spoiled: Callable[[bytes], bytes]) -> Iterator[tuple[str, threading.Event]]:
    """A relay in front of `url`, one request a connection; while the event is set, answers come `spoiled`."""
    place = urlsplit(url)
    broken, server = threading.Event(), socket.create_server(("127.0.0.1", 0))
    port = server.getsockname()[1]

    def carry() -> None:
        while True:
            try:
                client, _ = server.accept()
            except OSError:
                return
            # A client that gave up ends its own connection, and no other.
            with (
                suppress(OSError),
                client,
                socket.create_connection((place.hostname or "", place.port or 80)) as there,
            ):
                there.sendall(client.recv(1 << 16).replace(b"keep-alive", b"close"))
                client.sendall(spoiled(_whole(there)) if broken.is_set() else _whole(there))

    worker = threading.Thread(target=carry, daemon=True)
    worker.start()
    try:
        yield f"http://127.0.0.1:{port}", broken
    finally:
        server.shutdown(socket.SHUT_RDWR)
        server.close()
        worker.join(2)


def _whole(there: socket.socket) -> bytes:
    chunks = []
    while chunk := there.recv(1 << 16):
        chunks.append(chunk)
    return b"".join(chunks)


def _chunked_without_end(answer: bytes) -> bytes:
    body = answer.partition(b"\r\n\r\n")[2][:512]
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    return head + b"%x\r\n" % len(body) + body + b"\r\n"
