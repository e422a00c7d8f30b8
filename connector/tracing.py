"""Traces for whoever collects them: one span a pull, sweep, push. Called by `schedule`; set up by `amends run`.

Without the extra `otel`, or without OTEL_EXPORTER_OTLP_ENDPOINT, a span is nothing. Attributes name sources and counts,
never anything of a customer's.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
NAME = "amends"
_tracer: Any = None


def set_up() -> bool:
    """Begin to trace, where somebody wants it and the packages are there; whether that is so."""
    global _tracer  # noqa: PLW0603  # one process, one place to send to
    if not os.environ.get(ENDPOINT) or find_spec("opentelemetry") is None:
        return False
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import SERVICE_NAME, Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError:
        return False
    provider = TracerProvider(
        resource=Resource.create({SERVICE_NAME: os.environ.get("OTEL_SERVICE_NAME", NAME)}), shutdown_on_exit=True
    )
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    _tracer = provider.get_tracer(NAME)
    return True


@contextmanager
def span(name: str, **attributes: str | int) -> Iterator[Any]:
    """A span around a step; what is yielded takes more attributes (`set_attribute`), or is None where nobody traces.
    What the step raises goes through, and marks the span."""
    if _tracer is None:
        yield None
        return
    named = {f"amends.{key}": value for key, value in attributes.items()}
    # Words of an error may be a stranger's (a helpdesk's answer): its class says enough.
    quiet = {"record_exception": False, "set_status_on_exception": False}
    with _tracer.start_as_current_span(name, attributes=named, **quiet) as it:
        try:
            yield it
        except BaseException as error:
            it.set_status(_failed(type(error).__name__))
            raise


def _failed(kind: str) -> Any:
    from opentelemetry.trace import Status, StatusCode

    return Status(StatusCode.ERROR, kind)
