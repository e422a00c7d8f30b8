"""Hearing of news: what is done with each thing that a source may say, without waiting for anything."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import pytest

from connector.errors import AuthError, TemporaryError
from connector.helpdesk import Helpdesk
from connector.waking import ASK_AGAIN_SECONDS, BREATH_SECONDS, LONGEST_SECONDS, PARKED_SECONDS, listen, listens


class Teller:
    """A source whose waits end as it is told, and then it is over."""

    name = "post"

    def __init__(self, *ends: bool | Exception | None) -> None:
        self.ends, self.asked = list(ends), list[float]()
        self.adapter = self

    def wait(self, seconds: float, stopping: Callable[[], bool]) -> bool | None:
        self.asked.append(seconds)
        end = self.ends.pop(0)
        if isinstance(end, Exception):
            raise end
        return end


def heard(teller: Teller) -> tuple[int, list[float]]:
    """(how often it was read, the pauses)."""
    read, pauses = list[int](), list[float]()
    desk = cast("Helpdesk", teller)
    assert listens(desk)
    listen(desk, news=lambda: read.append(1), over=lambda: not teller.ends, pause=pauses.append)
    return len(read), pauses


def test_each_word_is_read_for_and_followed_by_a_breath_so_that_no_chatter_keeps_us_busy() -> None:
    teller = Teller(True, False, True, False)
    assert heard(teller) == (2, [BREATH_SECONDS] * 4)
    assert teller.asked == [LONGEST_SECONDS] * 4


def test_a_server_that_does_not_tell_is_left_to_the_poll_and_asked_again_much_later() -> None:
    assert heard(Teller(None, False)) == (0, [ASK_AGAIN_SECONDS, BREATH_SECONDS])


def test_a_line_that_is_cut_again_and_again_is_taken_up_with_growing_pauses_and_heals() -> None:
    cut = [TemporaryError("goodbye.") for _ in range(12)]
    read, pauses = heard(Teller(*cut, True, TemporaryError("goodbye."), False))
    assert read == 1
    assert all(BREATH_SECONDS <= one <= 60 for one in pauses)
    assert max(pauses[6:12]) > 5 and pauses[13] <= 2, "after it has healed, it begins anew"


def test_a_wait_that_the_server_wishes_for_is_kept() -> None:
    assert heard(Teller(TemporaryError("busy.", retry_after_seconds=300), False))[1][0] == 300


@pytest.mark.parametrize("error", [AuthError("no."), ValueError("our bug")])
def test_what_a_person_has_to_mend_is_not_knocked_at_all_the_time(error: Exception) -> None:
    assert heard(Teller(error, False))[1] == [PARKED_SECONDS, BREATH_SECONDS]


def test_trouble_is_told_once_and_not_at_every_try(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO", "amends"):
        heard(Teller(*(TemporaryError("goodbye.") for _ in range(5)), False))
    assert [one.message.count("news come by the poll") for one in caplog.records] == [1]


def test_news_that_come_when_all_is_over_are_left_to_the_next_start() -> None:
    assert heard(Teller(True)) == (0, [BREATH_SECONDS])


def test_a_source_without_a_way_to_tell_is_not_listened_to() -> None:
    plain: Any = type("Plain", (), {"adapter": object()})()
    assert not listens(plain)
