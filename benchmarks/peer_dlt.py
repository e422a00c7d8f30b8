"""dlt on the same tickets, by its generic REST source: only the extraction, no load. Run by `run --peers dlt`."""

from __future__ import annotations

import json
import sys

import dlt
from dlt.sources.rest_api import rest_api_source


def main() -> None:
    tickets = {
        "name": "tickets",
        "endpoint": {
            "path": "incremental/tickets/cursor.json",
            "params": {"start_time": 1, "per_page": 1000},
            "data_selector": "tickets",
            # Its paginator cannot be told about end_of_stream: one empty page more.
            "paginator": {
                "type": "cursor",
                "cursor_path": "after_cursor",
                "cursor_param": "cursor",
                "stop_after_empty_page": True,
            },
        },
    }
    client = {"base_url": f"{sys.argv[1]}/api/v2/", "auth": {"type": "bearer", "token": "benchmark"}}
    pipeline = dlt.pipeline("bench", pipelines_dir="pipelines", destination="duckdb", dataset_name="bench")
    pipeline.extract(rest_api_source({"client": client, "resources": [tickets]}))
    metrics = pipeline.last_trace.last_extract_info.metrics.values()
    tables = [step["table_metrics"] for steps in metrics for step in steps]
    counted = sum(table["tickets"].items_count for table in tables if "tickets" in table)
    print(json.dumps({"tickets": counted}))


if __name__ == "__main__":
    main()
