"""Tickets as a helpdesk really sent them, through the shipped mapping."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from adapters.zendesk.tickets import read
from connector.mapping import Mapping, normalise, words
from connector.settings.folder import SHIPPED
from connector.settings.meanings import mapping_of
from connector.settings.problems import Problems
from connector.settings.yaml_file import read_file
from connector.timeline import fold

SEEN = datetime(2026, 6, 1, tzinfo=UTC)


def tickets(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        found = value.get("tickets")
        yield from (ticket for ticket in found or () if isinstance(found, list) and isinstance(ticket, dict))
        for part in value.values():
            yield from tickets(part)
    elif isinstance(value, list):
        for part in value:
            yield from tickets(part)


def recorded(pattern: str) -> Iterator[dict[str, Any]]:
    if "AMENDS_CORPORA" not in os.environ:
        pytest.skip("AMENDS_CORPORA is not set: no recordings to read")
    for path in sorted((Path(os.environ["AMENDS_CORPORA"]) / "recorded" / "zendesk").rglob(pattern)):
        content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        yield from tickets(json.loads(content))


def shipped(name: str) -> Mapping:
    problems = Problems()
    mapping = mapping_of(read_file(SHIPPED / f"{name}.yaml", f"{name}.yaml", problems), problems)
    problems.raise_if_any()
    assert mapping is not None
    return mapping


def test_recorded_zendesk_tickets_have_nothing_that_the_shipped_mapping_cannot_place() -> None:
    mapping, count = shipped("zendesk"), 0
    for ticket in (*recorded("*.json"), *recorded("*.json.gz")):
        record = read(json.dumps({"ticket": ticket}).encode(), SEEN)
        folded = fold(record.entries, words(mapping))
        if record.problem or record.fields is None or folded is None:
            continue  # some recordings are cut down to a few members
        complaint = normalise("shop", record.ticket, record.version, record.fields, folded, mapping)
        assert complaint.problems == (), ticket
        assert (complaint.ticket, complaint.subject) == (str(ticket["id"]), ticket["subject"] or "")
        count += 1
    assert count > 1000
