"""The log of the daemon: one line an event, plain or JSON, in UTC. Set up by the command line, written by everybody.

Nothing that a customer wrote is ever logged: messages name sources, tickets and counts. What strangers have a hand in
(an error text of a helpdesk) cannot forge a line, because line breaks and control characters are written out; and what
looks like a credential is blanked, should an error ever quote one. A log that cannot be written stops nothing.
"""

from __future__ import annotations

import logging
import re
import sys
from datetime import UTC, datetime
from typing import Literal, TextIO

import msgspec

Form = Literal["text", "json"]

NAME = "amends"
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_SECRET = re.compile(
    r"(?i)((?:bearer|basic)\s+|(?:password|secret|token|api_?key|refresh_token|client_secret)[\"']?\s*[=:]\s*[\"']?)"
    r"(?!(?:env|file|keyring):)[^\s\"'&,;]{6,}"
)


def set_up(form: Form = "text", target: TextIO | None = None) -> None:
    """Send the log of Amends to `target` (default: the standard error), and nothing else anywhere."""
    logging.raiseExceptions = False
    handler = _Handler(target or sys.stderr)
    handler.setFormatter(_JsonLines() if form == "json" else _PlainLines())
    log = logging.getLogger(NAME)
    log.handlers[:] = [handler]
    log.setLevel(logging.INFO)
    log.propagate = False
    # Libraries below would otherwise write bodies and addresses through the last resort handler.
    for noisy in ("apscheduler", "urllib3", "requests", "alembic", "zenpy", "jira"):
        logging.getLogger(noisy).addHandler(logging.NullHandler())
        logging.getLogger(noisy).propagate = False


def harmless(text: str) -> str:
    """`text` as one line: control characters written out, credentials blanked."""
    return _UNSAFE.sub(lambda found: repr(found[0])[1:-1], _SECRET.sub(r"\1[hidden]", text))


class _Handler(logging.StreamHandler[TextIO]):
    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  # the library's name
        """A full disk or a closed pipe takes the log away, not the daemon."""


def _at(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _message(formatter: logging.Formatter, record: logging.LogRecord) -> str:
    text = record.getMessage()
    if record.exc_info:
        text = f"{text} | {formatter.formatException(record.exc_info)}"
    return harmless(text)


class _PlainLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return f"{_at(record)} {record.levelname.lower():<7} {_message(self, record)}"


class _JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {"at": _at(record), "level": record.levelname.lower(), "message": _message(self, record)}
        return msgspec.json.encode(line).decode()
