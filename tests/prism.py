"""Prism, the vendors' own mock server, as a judge between a client and a stand-in. Used by contract tests.

`with prism(upstream) as url` puts it in front of `upstream`: what does not fit the vendor's description comes back as
a 500 with the violations. Needs node and npm, AMENDS_PRISM=1 (CI sets it) and the description under AMENDS_CORPORA.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml
from requests.adapters import HTTPAdapter

JSON = Any
VERSION = "5.14.2"
CACHE = Path(tempfile.gettempdir()) / f"amends-prism-{os.getuid()}"
START_SECONDS = 90
UNDECLARED_BODIES = {  # the description forgets that these take a JSON body
    ("/api/v2/tickets/{ticket_id}/tags", "put"),
    ("/api/v2/tickets/{ticket_id}/tags", "post"),
    ("/api/v2/tickets/{ticket_id}/tags", "delete"),
    ("/oauth/tokens", "post"),
}


@contextmanager
def prism(upstream: str, description: str = "zendesk-support-oas.yaml.gz") -> Iterator[str]:
    """Prism in front of `upstream`; yields the address to point a client at. Skips where it is not asked for."""
    if os.environ.get("AMENDS_PRISM") != "1":
        pytest.skip("AMENDS_PRISM is not 1: the vendor's description is not checked")
    corpora = Path(os.environ["AMENDS_CORPORA"]) / "vendor-specs" / description
    port = _free_port()
    command = [str(_installed()), "proxy", "--errors", "-h", "127.0.0.1", "-p", str(port)]
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen([*command, str(_prepared(corpora)), upstream], stdout=log, stderr=log)
        try:
            _wait(port, process, log)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(10)


class Documented(HTTPAdapter):
    """Mount it on a client's session: the vendor answers paths with and without ".json", but describes the latter."""

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        path, mark, query = (request.url or "").partition("?")
        request.url = path.removesuffix(".json") + mark + query
        return super().send(request, *args, **kwargs)


def violations(answer: requests.Response) -> list[str]:
    """What Prism found wrong with a request or its answer, in words; empty when all is well."""
    if "problem+json" not in answer.headers.get("Content-Type", ""):
        return []
    problem = answer.json()
    found = problem.get("validation") or [{"location": [problem["title"]], "message": problem.get("detail", "")}]
    return ["/".join(map(str, one["location"])) + ": " + one["message"] for one in found]


def prepared(description: JSON) -> JSON:
    """The description without its known faults. Real answers hold null nearly everywhere, so answers may, requests may
    not; "exactly one of" cannot hold then and becomes "any of". Not every way to sign in is declared, so none is.
    A parameter whose name ends with "[]" is meant to be given several times."""
    description.pop("security", None)
    schemas: dict[str, JSON] = description["components"]["schemas"]
    for mark, correct in CORRECTIONS.items():
        if mark in description["paths"]:
            correct(description)
    schemas |= {f"{name}.told": _nullable(one) for name, one in list(schemas.items())}
    for response in description["components"].get("responses", {}).values():
        _relax(response)
    for parameter in description["components"].get("parameters", {}).values():
        if parameter["name"].endswith("[]"):
            parameter["schema"] = {"type": "array", "items": parameter["schema"]}
    for path, operations in description["paths"].items():
        _open(path, operations)
    return description


def _open(path: str, operations: JSON) -> None:
    """Without sign-in, with relaxed answers, and with the bodies that the description forgets."""
    for method, operation in operations.items():
        if method == "parameters":
            continue
        operation.pop("security", None)
        for response in operation["responses"].values():
            _relax(response)
        if (path, method) in UNDECLARED_BODIES:
            operation["requestBody"] = {"content": {"application/json": {"schema": {"type": "object"}}}}


def _correct_zendesk(description: JSON) -> None:
    """Exported tickets can be "deleted", and an audit tells tags as a list: recorded traffic shows both."""
    schemas = description["components"]["schemas"]
    schemas["TicketObject"]["properties"]["status"]["enum"].append("deleted")
    schemas["AuditObject"]["properties"]["events"]["items"]["properties"]["value"] = {}


def _correct_jira_cloud(description: JSON) -> None:
    """Answers without a body are described as bodies of which nothing is known, an issue's remote links as one."""
    links = description["paths"]["/rest/api/3/issue/{issueIdOrKey}/remotelink"]["get"]["responses"]["200"]
    media = links["content"]["application/json"]
    media["schema"] = {"anyOf": [media["schema"], {"type": "array", "items": media["schema"]}]}
    for operations in description["paths"].values():
        for method in operations.keys() & {"put", "post", "delete"}:
            for response in operations[method]["responses"].values():
                if any(media.get("schema") == {} for media in (response.get("content") or {}).values()):
                    response.pop("content")


def _correct_jira_server(description: JSON) -> None:
    """Lists are described as one of their rows, an issue's fields and a property's value as one type, and lists of
    words in a query as objects."""
    lists = ("field", "project", "project/{projectIdOrKey}/statuses", "status", "priority", "user/assignable/search")
    for path in (*lists, "issue/{issueIdOrKey}/remotelink"):
        media = description["paths"][f"/api/2/{path}"]["get"]["responses"]["200"]["content"]["application/json"]
        media["schema"] = {"type": "array", "items": media["schema"]}
    schemas = description["components"]["schemas"]
    for name in ("IssueBean", "IssueUpdateBean"):
        schemas[name]["properties"]["fields"] = {"type": "object", "additionalProperties": {}}
    schemas["EntityPropertyBean"]["properties"]["value"] = {}
    schemas["StringList"] = {"type": "string"}
    told = description["paths"]["/api/2/issue/{issueIdOrKey}/remotelink"]["post"]["responses"]
    told["201"] = deepcopy(told["200"])
    for path in ("issue/{issueIdOrKey}", "comment/{commentId}"):
        operation = description["paths"][f"/api/2/{path}/properties/{{propertyKey}}"]["put"]
        operation["requestBody"] = {"content": {"application/json": {"schema": {}}}}


CORRECTIONS = {  # by a path that only one description has
    "/api/v2/tickets": _correct_zendesk,
    "/rest/api/3/issueLink": _correct_jira_cloud,
    "/api/2/search": _correct_jira_server,
}


def _relax(response: JSON) -> None:
    for media in (response.get("content") or {}).values():
        if "schema" in media:
            media["schema"] = _nullable(media["schema"])
        media.pop("examples", None)


def _nullable(schema: JSON) -> JSON:
    """`schema` with null allowed at every place, its references pointing at the relaxed schemas."""
    if isinstance(schema, list):
        return [_nullable(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if isinstance(schema.get("$ref"), str):
        return {"$ref": schema["$ref"] + ".told"}
    relaxed = {WORDS.get(name, name): _part(name, inner) for name, inner in schema.items() if name not in DROPPED}
    if "type" in relaxed:
        relaxed["nullable"] = True  # Prism adds null to an enum itself; twice null, and it silently checks nothing
    return relaxed


WORDS = {"oneOf": "anyOf"}
DROPPED = frozenset({"example", "examples", "readOnly", "writeOnly", "discriminator"})
NESTED = frozenset({"items", "additionalProperties", "allOf", "anyOf", "oneOf"})


def _part(name: str, inner: JSON) -> JSON:
    if name == "properties":
        return {key: _nullable(one) for key, one in inner.items()}
    return _nullable(inner) if name in NESTED else inner


class _Loader(yaml.CSafeLoader):
    """Reads a bare "=" as text."""


_Loader.add_constructor("tag:yaml.org,2002:value", lambda loader, node: loader.construct_scalar(node))


def _prepared(packed: Path) -> Path:
    """The prepared description as a JSON file, made once for each version of itself and of this module."""
    data = packed.read_bytes()
    digest = hashlib.sha256(data + Path(__file__).read_bytes()).hexdigest()[:16]
    target = CACHE / f"{digest}.json"
    if not target.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        described = prepared(yaml.load(gzip.decompress(data), _Loader))
        draft = target.with_suffix(f".{os.getpid()}")
        draft.write_text(json.dumps(described, default=str))
        draft.replace(target)
    return target


def _installed() -> Path:
    """Prism's command, installed once. Workers that install at the same time do so apart, and the first stays."""
    home = CACHE / f"prism-{VERSION}"
    command = home / "node_modules" / ".bin" / "prism"
    if not command.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(dir=CACHE))
        install = [
            "npm",
            "install",
            "--no-audit",
            "--no-fund",
            "--prefix",
            str(draft),
            f"@stoplight/prism-cli@{VERSION}",
        ]
        subprocess.run(install, check=True, capture_output=True, timeout=300)
        try:
            draft.rename(home)
        except OSError:
            shutil.rmtree(draft)
    return command


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(port: int, process: subprocess.Popen[bytes], log: Any) -> None:
    limit = time.monotonic() + START_SECONDS
    while time.monotonic() < limit and process.poll() is None:
        with socket.socket() as probe:
            probe.settimeout(0.1)
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        _pause(process)
    log.seek(0)
    raise RuntimeError(f"Prism did not start: {log.read().decode(errors='replace')[-2000:]}")


def _pause(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(0.1)
    except subprocess.TimeoutExpired:
        return
