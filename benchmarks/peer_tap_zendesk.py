"""A Singer catalogue with only tickets selected, from the tap's own schemas. Run by `run --peers tap-zendesk`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import singer
from tap_zendesk.discover import load_shared_schema_refs
from tap_zendesk.streams import STREAMS


def main() -> None:
    stream = STREAMS["tickets"](None, {"subdomain": "bench"})
    metadata = stream.load_metadata()
    for entry in metadata:
        entry["metadata"]["selected"] = True
    schema = singer.resolve_schema_references(stream.load_schema(), load_shared_schema_refs())
    tickets = {"stream": "tickets", "tap_stream_id": "tickets", "schema": schema, "metadata": metadata}
    Path(sys.argv[1]).write_text(json.dumps({"streams": [tickets]}))


if __name__ == "__main__":
    main()
