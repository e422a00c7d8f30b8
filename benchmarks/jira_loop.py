"""The least any client of Jira must do: a bare requests loop over the very calls of `amends sync`. Run by `run`.

Search pages of a hundred, oldest change first, each under the minute of the newest change seen (a page token where that
minute is the same), and the changelogs of what is new in a page in one call. All is decoded whole, by orjson, or with
--plain by requests itself.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator
from typing import Any

import orjson
import requests

FIELDS = (
    *("summary", "description", "status", "priority", "assignee", "reporter", "creator", "labels", "project"),
    *("issuetype", "created", "updated", "resolution", "resolutiondate", "comment"),
)
Ask = Callable[[str, dict[str, Any]], Any]


def pages(ask: Ask) -> Iterator[list[Any]]:
    """The issues of every page; what changed in the minute of a bound comes twice."""
    bound, token = "", None
    while True:
        since = f' AND updated >= "{bound}"' if bound else ""
        wish = {
            "jql": f'project in ("BENCH"){since} ORDER BY updated ASC, key ASC',
            "fields": FIELDS,
            "maxResults": 100,
        }
        page = ask("search/jql", wish if token is None else {**wish, "nextPageToken": token})
        yield page["issues"]
        if page["isLast"]:
            return
        reached = page["issues"][-1]["fields"]["updated"][:16].replace("T", " ")
        bound, token = reached, page["nextPageToken"] if reached == bound else None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("base")
    parser.add_argument("--plain", action="store_true")
    chosen = parser.parse_args()
    session = requests.Session()
    session.auth = ("agent@example.net", "benchmark")

    def ask(path: str, body: dict[str, Any]) -> Any:
        response = session.post(f"{chosen.base}/rest/api/3/{path}", json=body)
        response.raise_for_status()
        return response.json() if chosen.plain else orjson.loads(response.content)

    seen: set[str] = set()
    for issues in pages(ask):
        fresh = [issue["id"] for issue in issues if issue["id"] not in seen]
        seen.update(fresh)
        if fresh:
            ask("changelog/bulkfetch", {"issueIdsOrKeys": fresh, "maxResults": 1000})
    print(json.dumps({"tickets": len(seen)}))


if __name__ == "__main__":
    main()
