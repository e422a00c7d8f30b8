"""A stranger's adapter, made of the blocks of the tutorial, installs, is found by name, and passes the kit."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from threading import Thread
from types import SimpleNamespace
from typing import Any
from zipfile import ZipFile

import msgspec
import pytest

import connector
from connector.adapter import adapter_names, find_adapter
from connector.errors import SettingsError
from connector.mapping import check_examples, normalise, words
from connector.model import Status
from connector.settings import load
from connector.testing import plain_tools
from connector.timeline import fold

ROOT = Path(connector.__file__).parents[1]
TUTORIAL = ROOT / "docs" / "engineers" / "first-adapter.md"
BLOCK = re.compile(r'^```\w+ title="([^"]+)"\n(.*?)^```$', re.MULTILINE | re.DOTALL)
NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tutorial's files in a folder."""
    folder = tmp_path_factory.mktemp("acme-amends")
    for name, text in BLOCK.findall(TUTORIAL.read_text()):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    return folder


@pytest.fixture(scope="module")
def site(package: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package as an installer leaves it: built, and unpacked with its metadata."""
    built, site = tmp_path_factory.mktemp("wheel"), tmp_path_factory.mktemp("site-packages")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(built)]
    subprocess.run(command, cwd=package, check=True, capture_output=True)
    (wheel,) = built.glob("*.whl")
    with ZipFile(wheel) as archive:
        archive.extractall(site)
    return site


@pytest.fixture
def installed(site: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.syspath_prepend(str(site))
    yield site
    sys.modules.pop("acme_amends", None)


@pytest.fixture
def stranger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Another installed package, whose entry points a test writes."""
    info = tmp_path / "stranger-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: stranger\nVersion: 1.0\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    return info / "entry_points.txt"


def test_the_adapter_of_another_package_is_found_by_its_name(installed: Path) -> None:
    assert find_adapter("acme").__module__ == "acme_amends"
    assert {"acme", "memory"} <= set(adapter_names())


def test_a_package_that_is_installed_beside_a_running_process_is_found_at_the_next_look(stranger: Path) -> None:
    with pytest.raises(SettingsError, match="no adapter called 'late'"):
        find_adapter("late")
    info = stranger.parent.with_name("late-1.0.dist-info")
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: late\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[amends.adapters]\nlate = late:Adapter\n")
    os.utime(info.parent, (1, 1))  # whatever the disk's clock makes of so short a time
    assert "late" in adapter_names()


def run_the_kit(folder: Path, site: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(site), str(ROOT)])}
    environment.pop("PYTEST_ADDOPTS", None)
    command = [sys.executable, "-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider", "--rootdir", ".", *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_it_passes_the_conformance_kit(package: Path, site: Path) -> None:
    done = run_the_kit(package / "tests", site)
    assert done.returncode == 0, done.stdout + done.stderr
    reasons = set(re.findall(r"^SKIPPED .*: (.*)$", done.stdout, re.MULTILINE))
    assert reasons == {
        "the adapter cannot acknowledge",
        "the adapter cannot escalate",
        "the adapter cannot link",
        "the adapter cannot survey",
        "the adapter cannot undo",
        "the class has no late looks",
        "no clock is told here",
        "the adapter takes no census",
        "the bench names no field that can be filled",
        "the source tells of no news by itself",
    }


def test_a_broken_promise_is_shown_with_its_values(package: Path, site: Path, tmp_path: Path) -> None:
    for file in (package / "tests").glob("*.py"):
        unwritten = file.read_text().replace('self.ledger.append(case["id"])', "pass")
        (tmp_path / file.name).write_text(unwritten)
    done = run_the_kit(tmp_path, site, "-k", "a_write_has_one_effect")
    assert done.returncode == 1
    assert "assert 0 == 1" in done.stdout


def test_its_cases_become_complaints_through_its_mapping(package: Path, installed: Path) -> None:
    settings = load(package).sources["returns"]
    mapping = settings.mapping
    assert check_examples(mapping) == []
    adapter = find_adapter("acme")("returns", settings.options, plain_tools(lambda: NOW, {}))
    case = {"id": "7", "version": 3, "subject": "Late", "text": "Where is it?", "state": "answered", "labels": ["vip"]}
    case |= {"opened": "2026-01-05T08:00:00Z", "changed": "2026-01-05T08:30:00+00:00"}
    case |= {"customer": {"id": "c1", "mail": "kim@example.com"}}
    case |= {"messages": [{"id": 1, "at": "2026-01-05T08:30:00Z", "from": "agent", "text": "On its way."}]}
    record = adapter.read("cases", msgspec.json.encode(case), NOW)
    folded = fold(record.entries, words(mapping))
    assert folded is not None
    complaint = normalise("returns", record.ticket, record.version, record.fields or {}, folded, mapping)
    assert complaint.status is Status.WAITING_CUSTOMER
    assert complaint.complainant.address == "kim@example.com"
    assert complaint.problems == ()
    assert folded.history.replies == (datetime(2026, 1, 5, 8, 30, tzinfo=UTC),)


@pytest.fixture
def desk(package: Path, installed: Path) -> Iterator[tuple[Any, str]]:
    """The tutorial's stand-in behind a real socket: the fake, and its address."""
    spec = spec_from_file_location("acme_desk", package / "tests" / "test_acme.py")
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    fake = module.FakeAcme()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer("GET", None)

        def do_POST(self) -> None:
            self._answer("POST", self.rfile.read(int(self.headers["Content-Length"])))

        def _answer(self, method: str, body: bytes | None) -> None:
            status, _, answer = fake.respond(SimpleNamespace(method=method, url=self.path, body=body))
            content = msgspec.json.encode(answer)
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Nothing to tell."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    yield fake, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_the_real_command_syncs_it_and_writes_back_once(
    package: Path, site: Path, desk: tuple[Any, str], tmp_path: Path
) -> None:
    fake, url = desk
    late = fake.open()
    fake.cases[late]["text"] = "My parcel has still not arrived. I want my money back."
    (tmp_path / "mappings").mkdir()
    (tmp_path / "mappings" / "acme.yaml").write_text((package / "mappings" / "acme.yaml").read_text())
    (tmp_path / "policy.yaml").write_text("tag_back: {facets: [category]}\n")
    (tmp_path / "amends.yaml").write_text(
        f"sources:\n  returns:\n    adapter: acme\n    options: {{url: '{url}'}}\n"
        "    secrets: {token: env:ACME_TOKEN}\n    modes: {tag: live}\n    act_from: 2026-01-01T00:00:00Z\n"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(site), str(ROOT)]), "ACME_TOKEN": "not-to-be-shown"}
    command = [sys.executable, "-c", "import cli; cli.main()", "--home", str(tmp_path), "sync", "--json"]
    for _ in range(2):
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    assert fake.effects(late) == [late]
    assert "amends_category_delivery" in fake.labels(late)
    assert "not-to-be-shown" not in done.stdout + done.stderr


def test_a_name_that_amends_has_already_is_refused(installed: Path, stranger: Path) -> None:
    stranger.write_text("[amends.adapters]\nmemory = acme_amends:Adapter\n")
    with pytest.raises(SettingsError, match=r"two adapters are called 'memory': acme_amends:Adapter, Amends itself"):
        find_adapter("memory")


def test_a_name_that_two_packages_claim_is_refused(installed: Path, stranger: Path) -> None:
    stranger.write_text("[amends.adapters]\nacme = stranger:Adapter\n")
    with pytest.raises(SettingsError, match="two adapters are called 'acme'"):
        find_adapter("acme")


def test_an_adapter_that_cannot_be_loaded_harms_only_those_who_name_it(stranger: Path) -> None:
    stranger.write_text("[amends.adapters]\nhollow = no_such_module:Adapter\n")
    assert find_adapter("memory").__module__ == "adapters.memory"
    with pytest.raises(SettingsError, match="'hollow' cannot be loaded"):
        find_adapter("hollow")


def test_a_name_that_nobody_has_is_answered_with_those_there_are() -> None:
    with pytest.raises(SettingsError, match=r"no adapter called 'zendesc'.*memory"):
        find_adapter("zendesc")
