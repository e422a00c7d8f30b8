"""What is shipped: the wheel holds the whole application and nothing else, and runs away from the checkout."""

import os
import re
import subprocess
import sys
import sysconfig
import tomllib
from pathlib import Path
from zipfile import ZipFile

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
EXTRAS = [text for extra in PROJECT["project"]["optional-dependencies"].values() for text in extra]
PUBLIC = {"registry": "https://pypi.org/simple"}
WHEEL = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]
SHIPPED, PLACED = WHEEL["only-include"], set(WHEEL["force-include"].values())


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def away(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An interpreter that sees the unpacked wheel and the dependencies, and not the checkout."""
    home = tmp_path_factory.mktemp("away")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(home)], check=True)
    (site,) = home.glob("lib/python*/site-packages")
    with ZipFile(wheel) as archive:
        archive.extractall(site)
    # A path file found by way of another path file is not read: the editable install stays out.
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    return home / "bin" / "python"


def run(python: Path, code: str) -> str:
    quiet = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "AMENDS"))}
    command = [str(python), "-c", code]
    done = subprocess.run(command, cwd=python.parent, env=quiet, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def files_of_the_application() -> set[str]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *SHIPPED],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode:
        pytest.skip("this is not a git checkout, so nothing says which files belong to the application")
    return {name for name in listed.stdout.splitlines() if (ROOT / name).exists()}


def test_the_wheel_holds_every_file_of_the_application(wheel: Path) -> None:
    packed = set(ZipFile(wheel).namelist())
    assert files_of_the_application() - packed == set()


def test_the_wheel_holds_nothing_else(wheel: Path) -> None:
    packed = {name for name in ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert packed - files_of_the_application() == PLACED


def test_the_wheel_carries_the_licence(wheel: Path) -> None:
    assert any(name.endswith("/LICENSE") for name in ZipFile(wheel).namelist())


def test_the_rooms_come_from_the_wheel_and_not_from_the_checkout(away: Path) -> None:
    code = "import adapters, cli, connector, mappings, sandbox; print(connector.__file__, adapters.__file__)"
    assert str(ROOT) not in run(away, code)


def test_the_defaults_that_an_admin_edits_are_shipped(away: Path) -> None:
    code = (
        "from importlib.resources import files; print(*(p.name for p in files('mappings').rglob('*.yaml')), sep='\\n')"
    )
    defaults = {path.name for path in (ROOT / "mappings").rglob("*.yaml")}
    assert defaults
    assert set(run(away, code).splitlines()) == defaults


def test_the_command_runs_away_from_the_checkout(away: Path) -> None:
    code = (
        "import sys; from importlib.metadata import entry_points; sys.argv = ['amends', '--help'];"
        "(main,) = [p for p in entry_points(group='console_scripts') if p.name == 'amends']; main.load()()"
    )
    assert "demo" in run(away, code)


def test_a_new_adapter_can_be_made_away_from_the_checkout(away: Path, tmp_path: Path) -> None:
    new = f"new('hub', Path({str(tmp_path)!r}), dry_run=False)"
    run(away, f"from connector.commands.authoring import new; from pathlib import Path; {new}")
    assert (tmp_path / "hub_amends.py").exists()


def test_adapters_are_found_by_name(away: Path) -> None:
    names = run(away, "from connector.adapter import adapter_names; print(*adapter_names())").split()
    assert "zendesk" in names


def pinned(lock: str) -> dict[str, str]:
    text = (ROOT / "requirements" / f"{lock}.lock").read_text()
    return dict(re.findall(r"^([a-z0-9_.-]+)==(\S+)", text, re.MULTILINE))


@pytest.mark.parametrize("lock", ["runtime", "dev"])
def test_what_amends_needs_is_locked(lock: str) -> None:
    versions = pinned(lock)
    for text in PROJECT["project"]["dependencies"]:
        requirement = Requirement(text)
        assert requirement.specifier.contains(versions[requirement.name]), f"run `make lock` for {text}"


def test_the_extras_are_locked_with_what_development_needs_and_are_not_forced_on_anybody() -> None:
    development, needed = pinned("dev"), PROJECT["project"]["dependencies"]
    for text in EXTRAS:
        requirement = Requirement(text)
        assert requirement.specifier.contains(development[requirement.name]), f"run `make lock` for {text}"
        assert requirement.name not in {Requirement(one).name for one in needed}


@pytest.mark.parametrize("lock", ["runtime", "build", "dev", "uv"])
def test_every_locked_requirement_has_hashes(lock: str) -> None:
    text = (ROOT / "requirements" / f"{lock}.lock").read_text()
    entries = re.split(r"^(?=[a-z0-9])", text, flags=re.MULTILINE)[1:]
    assert entries
    assert [entry for entry in entries if "--hash=sha256:" not in entry] == []


def test_the_locks_name_no_index_but_the_public_one() -> None:
    lock = tomllib.loads((ROOT / "uv.lock").read_text())
    elsewhere = [p["name"] for p in lock["package"] if p["source"] not in ({"editable": "."}, PUBLIC)]
    assert elsewhere == []
    for path in (ROOT / "requirements").glob("*.lock"):
        assert not re.search(r"find-links|index-url|://|file:", path.read_text())


def test_every_dependency_says_why_it_is_there() -> None:
    told = (ROOT / "docs" / "dependencies.md").read_text()
    groups = PROJECT["dependency-groups"].values()
    texts = [
        *PROJECT["project"]["dependencies"],
        *EXTRAS,
        *(text for group in groups for text in group if isinstance(text, str)),
    ]
    names = {Requirement(text).name for text in texts}
    assert {name for name in names if not re.search(rf"^\|[^|]*\b{re.escape(name)}\b", told, re.MULTILINE)} == set()
