"""Zenpy on the same tickets: its incremental generator, every ticket touched. Run by `run`, in our own environment."""

from __future__ import annotations

import json
import sys

from zenpy import Zenpy  # type: ignore[import-untyped]


def main() -> None:
    client = Zenpy(subdomain="bench", email="agent@example.net", token="benchmark")
    include = sys.argv[1].split(",") if len(sys.argv) > 1 else None
    found = client.tickets.incremental(start_time=1, include=include, per_page=1000)
    print(json.dumps({"tickets": sum(1 for ticket in found if ticket.id)}))


if __name__ == "__main__":
    main()
