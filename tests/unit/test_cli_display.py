"""What reaches a terminal or a log: aligned, harmless, and never able to stop anything."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector import logs
from connector.commands.progress import Progress
from connector.display import ago, clean, cut, pad, paragraphs, span, table, width, wrapped

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@given(st.text())
def test_a_customers_words_never_carry_control_characters_to_the_terminal(text: str) -> None:
    shown = clean(text)
    assert not any(ord(character) < 32 or 127 <= ord(character) < 160 for character in shown)
    assert "\u202e" not in shown


def test_an_escape_sequence_in_a_subject_is_shown_as_plain_text() -> None:
    assert clean("Refund\x1b[2J\x1b]0;owned\x07 now") == "Refund [2J ]0;owned  now"


@given(st.text(), st.integers(1, 60))
def test_cutting_keeps_within_its_columns_whatever_the_script(text: str, columns: int) -> None:
    assert width(cut(clean(text), columns)) <= columns
    assert width(pad(clean(text), columns)) == columns


@given(st.text(), st.integers(2, 60))
def test_wrapping_keeps_within_its_columns_and_loses_no_word(text: str, columns: int) -> None:
    lines = wrapped(text, columns)
    assert all(width(line) <= columns for line in lines)
    assert "".join("".join(lines).split()) == "".join(clean(text).split())


def test_chinese_without_spaces_is_wrapped_too() -> None:
    assert wrapped("收到的耳机是坏的，右边完全没有声音。", 10) == ["收到的耳机", "是坏的，右", "边完全没有", "声音。"]


def test_paragraphs_keep_the_line_breaks_of_a_note() -> None:
    assert paragraphs("Overdue.\nWhy: late", 40, "  ") == ["  Overdue.", "  Why: late"]


def test_a_table_lines_up_and_its_widest_column_gives_way() -> None:
    rows = [("shop/1", "open", "A very long subject that nobody could read in full"), ("shop/22", "new", "陈伟")]
    lines = table(("ID", "STATUS", "SUBJECT"), rows, 40)
    assert lines[0] == "ID       STATUS  SUBJECT"
    assert lines[1] == "shop/1   open    A very long subject th…"
    assert lines[2] == "shop/22  new     陈伟"


def test_an_empty_table_is_its_head() -> None:
    assert table(("A", "B"), []) == ["A  B"]


def test_times_are_told_in_two_units() -> None:
    assert span(timedelta(days=3, hours=4, minutes=9)) == "3 d 4 h"
    assert span(timedelta(hours=2, minutes=5)) == "2 h 5 min"
    assert span(timedelta(seconds=8)) == "8 s"
    assert ago(NOON - timedelta(minutes=12), NOON) == "12 min ago"
    assert ago(None, NOON) == "never"


@pytest.fixture
def log() -> Iterator[logging.Logger]:
    logger = logging.getLogger("amends")
    before = (logger.handlers[:], logger.level, logger.propagate, logging.raiseExceptions)
    yield logger
    logger.handlers[:], logger.propagate = before[0], before[2]
    logger.setLevel(before[1])
    logging.raiseExceptions = before[3]


def test_h23_a_line_of_the_log_is_one_line_in_utc_whatever_is_in_it(log: logging.Logger) -> None:
    target = io.StringIO()
    logs.set_up("text", target)
    log.warning("%s: %s", "shop", "first\r\n2026-01-01T00:00:00Z info forged\x1b[0m")
    (line,) = target.getvalue().splitlines()
    assert line.split(" ", 1)[0].endswith("Z")
    assert line.endswith(r"warning shop: first\r\n2026-01-01T00:00:00Z info forged\x1b[0m")


def test_json_lines_hold_time_level_and_message(log: logging.Logger) -> None:
    target = io.StringIO()
    logs.set_up("json", target)
    log.info('a "quoted" word')
    line = json.loads(target.getvalue())
    assert line["level"] == "info"
    assert line["message"] == 'a "quoted" word'
    assert datetime.fromisoformat(line["at"]).tzinfo is not None


def test_a_fault_is_logged_with_its_trace_on_one_line(log: logging.Logger) -> None:
    target = io.StringIO()
    logs.set_up("text", target)
    try:
        raise ValueError("boom")
    except ValueError:
        log.exception("a fault")
    assert target.getvalue().count("\n") == 1
    assert "ValueError: boom" in target.getvalue()


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer s3cr3t-token-value",
        'the body was {"client_secret": "s3cr3t-token-value"}',
        "POST /oauth?refresh_token=s3cr3t-token-value&x=1",
        "Basic s3cr3t-token-value refused",
    ],
)
def test_what_looks_like_a_credential_is_blanked(text: str) -> None:
    assert "s3cr3t" not in logs.harmless(text)


def test_a_reference_to_a_secret_is_no_secret() -> None:
    remedy = "Add `client_secret: env:ZENDESK_CLIENT_SECRET` to the secrets of this source."
    assert logs.harmless(remedy) == remedy


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("target", "said"), [(Terminal(), 2), (io.StringIO(), 0)])
def test_short_work_shows_its_progress_on_a_terminal_only(
    monkeypatch: pytest.MonkeyPatch, target: io.StringIO, said: int
) -> None:
    monkeypatch.setattr("sys.stderr", target)
    monkeypatch.setattr("connector.commands.progress.EVERY_SECONDS", 0.0)
    with Progress("shop, tickets", "records") as tell:
        tell(1200, 5000)
        tell(2400, 5000)
    assert target.getvalue().count("\r\x1b[Kshop, tickets: ") == said
    assert target.getvalue().count(" of 5,000 records") == said


def test_long_work_into_a_file_says_that_it_lives_in_plain_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    target = io.StringIO()
    monkeypatch.setattr("sys.stderr", target)
    times = iter([0.0, 29.0, 31.0, 40.0, 62.0])
    monkeypatch.setattr("connector.commands.progress.time.monotonic", lambda: next(times))
    with Progress("category: learning", "steps") as tell:
        for done in (29, 31, 40, 62):
            tell(done, 180)
    assert target.getvalue().splitlines() == [
        "category: learning: 31 of 180 steps, 1.0 a second",
        "category: learning: 62 of 180 steps, 1.0 a second",
    ]


class Full(io.StringIO):
    def write(self, _text: str) -> int:
        raise OSError(28, "No space left on device")


def test_progress_that_cannot_be_written_stops_no_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connector.commands.progress.EVERY_SECONDS_IN_A_FILE", 0.0)
    for target in (Full(), io.StringIO()):
        monkeypatch.setattr("sys.stderr", target)
        with Progress("backup", "pages") as tell:
            target.close()  # what is full is told first
            tell(1, 2)


def test_a_log_that_cannot_be_written_stops_nothing(log: logging.Logger) -> None:
    logs.set_up("text", Full())
    log.info("still alive")


def test_a_closed_log_stops_nothing(log: logging.Logger) -> None:
    target = io.StringIO()
    logs.set_up("json", target)
    target.close()
    log.info("still alive")
