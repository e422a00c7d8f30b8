"""dlt on the same issues, by its generic REST source: only the extraction, no load. Run by `run --peers dlt`."""

from __future__ import annotations

import json
import sys

import dlt
from dlt.sources.rest_api import rest_api_source


def main() -> None:
    issues = {
        "name": "issues",
        "endpoint": {
            "path": "search/jql",
            "method": "POST",
            "json": {
                "jql": 'project in ("BENCH") ORDER BY updated ASC, key ASC',
                "fields": sys.argv[2].split(","),
                "expand": "changelog",
                "maxResults": 100,
            },
            "data_selector": "issues",
            "paginator": {"type": "cursor", "cursor_path": "nextPageToken", "cursor_body_path": "nextPageToken"},
        },
    }
    login = {"type": "http_basic", "username": "agent@example.net", "password": "benchmark"}
    client = {"base_url": f"{sys.argv[1]}/rest/api/3/", "auth": login}
    pipeline = dlt.pipeline("bench", pipelines_dir="pipelines", destination="duckdb", dataset_name="bench")
    pipeline.extract(rest_api_source({"client": client, "resources": [issues]}))
    metrics = pipeline.last_trace.last_extract_info.metrics.values()
    tables = [step["table_metrics"] for steps in metrics for step in steps]
    print(json.dumps({"tickets": sum(table["issues"].items_count for table in tables if "issues" in table)}))


if __name__ == "__main__":
    main()
