"""A Singer catalogue of all streams with only issues selected. Run by `run --peers tap-jira`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import SimpleNamespace

from singer.schema import Schema
from tap_jira import Context, generate_metadata, load_schema
from tap_jira.streams import ALL_STREAMS


def main() -> None:
    Context.client = SimpleNamespace(is_on_prem_instance=False)
    streams = []
    for stream in ALL_STREAMS:
        name = stream.tap_stream_id
        schema = load_schema(name)
        metadata = generate_metadata(stream, Schema.from_dict(schema))
        for entry in metadata:
            entry["metadata"]["selected"] = name == "issues"
        described = {"schema": schema, "metadata": metadata, "key_properties": stream.pk_fields}
        streams.append({"stream": name, "tap_stream_id": name, **described})
    Path(sys.argv[1]).write_text(json.dumps({"streams": streams}))


if __name__ == "__main__":
    main()
