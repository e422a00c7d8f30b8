"""The sandbox as a server of its own: TLS, a process with a control API, repeated query names."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests

from sandbox.clock import SandboxClock
from sandbox.zendesk import Account, content, serve

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
HEADERS = {"Authorization": f"Bearer {content.ACCESS_TOKEN}"}


@pytest.fixture
def account() -> Account:
    return Account(SandboxClock(START, scale=0))


def test_it_serves_over_tls_with_a_given_certificate(account: Account, tmp_path: Path) -> None:
    chain, key = tmp_path / "chain.pem", tmp_path / "key.pem"
    make = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=sandbox"]
    names = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(chain)]
    subprocess.run([*make, *names], check=True, capture_output=True)
    with serve(account, certificate=(chain, key)) as site:
        assert site.url.startswith("https://")
        answer = requests.get(f"{site.url}/api/v2/users/me", headers=HEADERS, verify=str(chain), timeout=5)
        assert answer.json()["user"]["id"] == content.INTEGRATION
        with pytest.raises(requests.exceptions.SSLError):
            requests.get(f"{site.url}/api/v2/users/me", headers=HEADERS, timeout=5)


def test_staff_can_be_listed_by_several_roles(account: Account) -> None:
    account.add_customer("Maria", "maria@example.net")
    with serve(account) as site:
        url = f"{site.url}/api/v2/users.json?role[]=agent&role[]=admin&page[size]=100"
        users = requests.get(url, headers=HEADERS, timeout=5).json()["users"]
    assert {one["role"] for one in users} == {"agent", "admin"}


def test_it_runs_as_a_process_of_its_own_with_its_own_time_and_stories() -> None:
    start = ["--start", "2026-03-02T12:00:00+00:00", "--time-scale", "0", "--stories"]
    command = [sys.executable, "-m", "sandbox.zendesk", *start]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        state = requests.get(f"{url}/__control/state", timeout=5).json()
        while not state["tickets"]:
            state = requests.get(f"{url}/__control/state", timeout=5).json()
        process.terminate()
    assert state["now"] == "2026-03-02T12:00:00Z"
    assert process.returncode == 0
