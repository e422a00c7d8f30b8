"""What we send mail for. Named in our Message-IDs, so that reading knows at a glance what an answer is an answer to."""

from __future__ import annotations

from enum import StrEnum


class Purpose(StrEnum):
    """A notice goes to our own people; the others to the one person who wrote to us."""

    NOTICE = "notice"
    SURVEY = "survey"
    ACKNOWLEDGEMENT = "ack"
