"""The JSON Schema of each file, for editors. Called by `init` (through `start`) and the schema command."""

from __future__ import annotations

from functools import cache
from typing import Any

from connector.settings.files import FILES

DIALECT = "https://json-schema.org/draft/2020-12/schema"


@cache
def schema(name: str) -> dict[str, Any]:
    """The schema of the file called `name`: amends, mapping, taxonomy, phrases, calendars, sla or policy."""
    return {"$schema": DIALECT, "title": f"Amends: {name}"} | FILES[name].model_json_schema(mode="validation")
