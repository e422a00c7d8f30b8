"""What monitors read: the metrics, and that the shipped alert rules and dashboard ask for metrics that exist."""

from __future__ import annotations

import json
import re
import sys
from contextlib import redirect_stdout
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

import cli
from connector import tracing
from connector.errors import TemporaryError
from connector.store import Store, sources
from connector.store.hook_inbox import HookInbox
from tests.docs.test_docs import ROOT

OPS = ROOT / "docs" / "ops"
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


def metrics(home: Path) -> dict[str, list[Any]]:
    """What `amends metrics` prints, by family."""
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(StringIO()) as printed:
        patch.setattr(sys, "argv", ["amends", "--home", str(home), "metrics"])
        with pytest.raises(SystemExit) as ended:
            cli.main()
    assert not ended.value.code
    return {family.name: family.samples for family in text_string_to_metric_families(printed.getvalue())}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Any]]:
    """The metrics of a folder with one source that was read once and is now refused, and whose hook is in trouble."""
    tmp_path = tmp_path_factory.mktemp("monitored")
    (tmp_path / "amends.yaml").write_text(
        "public: {url: https://amends.example.com}\nsources:\n  shop:\n    adapter: zendesk\n    hooks: kept\n"
        "    options: {url: 'https://acme.zendesk.com'}\n    secrets: {client_id: 'env:A', client_secret: 'env:B'}\n"
    )
    store = Store(f"sqlite:///{tmp_path / 'amends.db'}").open()
    with store.write("prepare") as connection:
        row = sources.enlist(connection, "shop", "zendesk")
        sources.advance(connection, row.id, "tickets", {}, now=NOW, records=1, complete=True)
        sources.pulled(connection, row.id, NOW)
        sources.failed(connection, row.id, NOW, "refused", NOW)
    store.close()
    HookInbox(tmp_path).troubled("shop", "no rights")
    return metrics(tmp_path)


def test_a_monitor_reads_where_everything_stands(found: dict[str, list[Any]]) -> None:
    def value(name: str, **labels: str) -> float:
        return next(one.value for one in found[name] if labels.items() <= one.labels.items())

    assert value("amends_store_readable") == 1 and value("amends_daemon_alive") == 0
    assert value("amends_source_parked", source="shop") == 1
    assert value("amends_source_lag_seconds", source="shop", stream="tickets") > 0
    assert value("amends_source_last_pull_timestamp_seconds", source="shop") == NOW.timestamp()
    assert value("amends_hook_in_trouble", source="shop") == 1
    assert value("amends_needs_person") == 2


def test_a_store_that_cannot_be_read_is_told_as_such(tmp_path: Path) -> None:
    (tmp_path / "amends.yaml").write_text("sources: {}\n")
    (tmp_path / "amends.db").write_bytes(b"this was a store once" * 1000)
    found = metrics(tmp_path)
    assert list(found) == ["amends_store_readable"] and found["amends_store_readable"][0].value == 0


def asked_for() -> list[tuple[str, str]]:
    """(expression, where) of every shipped alert and panel."""
    rules = yaml.safe_load((OPS / "monitoring" / "alerts.yaml").read_text())["groups"][0]["rules"]
    panels = json.loads((OPS / "monitoring" / "grafana.json").read_text())["panels"]
    found = [(rule["expr"], rule["alert"]) for rule in rules]
    return found + [(target["expr"], panel["title"]) for panel in panels for target in panel["targets"]]


@pytest.mark.parametrize(("expression", "where"), asked_for())
def test_alerts_and_panels_ask_for_metrics_and_labels_that_exist(
    expression: str, where: str, found: dict[str, list[Any]]
) -> None:
    names = set(re.findall(r"\bamends_\w+", expression))
    assert names and names <= set(found), where
    labels = set(re.findall(r"(\w+)\s*=~?\s*\"", expression)) | set(re.findall(r"by \((\w+)\)", expression))
    assert labels <= {"source", "stream", "state", "flag", "complaint"}, where


def test_every_alert_and_every_metric_is_explained(found: dict[str, list[Any]]) -> None:
    page = (OPS / "monitoring.md").read_text()
    rules = yaml.safe_load((OPS / "monitoring" / "alerts.yaml").read_text())["groups"][0]["rules"]
    assert [rule["alert"] for rule in rules if f"| {rule['alert']} |" not in page] == []
    assert all(rule["annotations"]["remedy"] and rule["labels"]["severity"] in ("page", "ticket") for rule in rules)
    assert [name for name in found if name not in page] == []


def test_a_step_is_traced_with_its_source_and_without_a_strangers_words(monkeypatch: pytest.MonkeyPatch) -> None:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    kept = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(kept))
    monkeypatch.setattr(tracing, "_tracer", provider.get_tracer("test"))
    with pytest.raises(TemporaryError), tracing.span("pull", source="shop"):
        raise TemporaryError("Maria Silva's parcel")
    [span] = kept.get_finished_spans()
    assert span.name == "pull" and dict(span.attributes or {}) == {"amends.source": "shop"}
    assert not span.status.is_ok and "Maria" not in span.to_json()


def test_without_an_endpoint_nothing_is_traced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(tracing.ENDPOINT, raising=False)
    assert tracing.set_up() is False
    with tracing.span("pull", source="shop") as nothing:
        assert nothing is None
