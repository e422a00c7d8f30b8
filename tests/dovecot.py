"""Dovecot as a real mail server for tests: a configuration of its own in a temporary folder, started and stopped here.

`amends` needs it nowhere. Where it is not installed, the tests that want it are skipped; where the corpora are to be
used (AMENDS_CORPORA, as in CI), its absence is a failure. It runs as root or not at all: it drops privileges itself.
"""

from __future__ import annotations

import atexit
import base64
import hashlib
import hmac
import json
import os
import pwd
import shutil
import socket
import subprocess
import threading
from datetime import datetime
from functools import cache
from pathlib import Path

import pytest

from sandbox.clock import SandboxClock
from tests.scratch import folder

HOST = "127.0.0.1"
PASSWORD = "a-long-password"
PLAIN_USER = "dovecot"  # the system user that the package makes
TOKEN_SECRET = b"the-secret-that-signs-tokens-in-tests"
_CONFIGURATION = """
base_dir = {home}/run
state_dir = {home}/run
log_path = {home}/log
listen = 127.0.0.1
protocols = imap
ssl = no
disable_plaintext_auth = no
mail_location = maildir:{home}/mail/%u
mail_uid = {uid}
mail_gid = {gid}
first_valid_uid = 1
auth_mechanisms = plain login xoauth2 oauthbearer
auth_failure_delay = 0
mail_max_userip_connections = 100
default_login_user = dovenull
passdb {{
  driver = static
  mechanisms = plain login
  args = password={password}
}}
passdb {{
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = {home}/oauth2.conf
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={home}/mail/%u
}}
namespace inbox {{
  inbox = yes
  separator = /
  mailbox Sent {{
    auto = create
    special_use = \\Sent
  }}
}}
service imap-login {{
  inet_listener imap {{
    address = 127.0.0.1
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
  process_min_avail = 1
}}
service anvil {{
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
"""
_TOKENS = """
introspection_mode = local
local_validation_key_dict = fs:posix:prefix={home}/keys/
username_attribute = email
"""


def missing() -> str | None:
    """Why there is no Dovecot here, None where there is one."""
    if shutil.which("dovecot") is None and not Path("/usr/sbin/dovecot").exists():
        return "Dovecot is not installed (on Debian: apt-get install dovecot-imapd)"
    return None if os.geteuid() == 0 else "Dovecot is started as root only"


def wanted() -> None:
    """Skip the test where there is no Dovecot; fail it where there has to be one."""
    why = missing()
    if why is not None:
        (pytest.fail if os.environ.get("AMENDS_CORPORA") else pytest.skip)(why)


class Dovecot:
    """A server on a port of its own, with a mailbox for whoever comes with `PASSWORD`. `stop` ends it, and removes its
    folder."""

    def __init__(self) -> None:
        self.host, self.port = HOST, _free_port()
        self._home = folder()
        account = pwd.getpwnam(PLAIN_USER)
        names = {"uid": account.pw_uid, "gid": account.pw_gid, "port": self.port, "password": PASSWORD}
        self._write("d.conf", _CONFIGURATION.format(home=self._home, **names))
        self._write("oauth2.conf", _TOKENS.format(home=self._home))
        self._write("keys/default/HS256/default", base64.b64encode(TOKEN_SECRET).decode())
        for name in ("run", "mail"):
            (self._home / name).mkdir()
        for place in (self._home, self._home.parent):
            place.chmod(0o755)  # it gives up being root
        shutil.chown(self._home / "mail", account.pw_uid, account.pw_gid)
        self._process = self._started()
        self._await()

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait()
        shutil.rmtree(self._home, ignore_errors=True)

    def log(self) -> str:
        return (self._home / "log").read_text(errors="replace")

    def _started(self) -> subprocess.Popen[bytes]:
        # What it prints goes to a file, for it would hold a pipe open. It ends with us, however we end.
        with (self._home / "said").open("a+") as said:
            command = ["setpriv", "--pdeathsig", "TERM", "/usr/sbin/dovecot", "-F", "-c", str(self._home / "d.conf")]
            return subprocess.Popen(command, stdout=said, stderr=said)

    def _write(self, name: str, text: str) -> None:
        path = self._home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def _await(self) -> None:
        for _ in range(200):
            try:
                with socket.create_connection((self.host, self.port), timeout=5) as line:
                    line.settimeout(5)
                    if line.recv(100).startswith(b"* OK"):
                        return
            except OSError:
                pass
            threading.Event().wait(0.05)
        raise AssertionError(f"Dovecot does not answer: {self.log()}")


@cache
def shared() -> Dovecot:
    """One server for all tests of this process; skips or fails the test where there is none."""
    wanted()
    server = Dovecot()
    atexit.register(server.stop)
    return server


def token(user: str, *, begins: datetime, ends: datetime, key: bytes = TOKEN_SECRET) -> str:
    """An access token as an identity provider signs it (JWT, HS256)."""
    head = {"alg": "HS256", "typ": "JWT", "kid": "default"}
    claims: dict[str, object] = {"sub": user, "email": user}
    claims |= {"iat": int(begins.timestamp()), "nbf": int(begins.timestamp()), "exp": int(ends.timestamp())}
    body = ".".join(_encoded(json.dumps(part).encode()) for part in (head, claims))
    return f"{body}.{_encoded(hmac.digest(key, body.encode(), hashlib.sha256))}"


def now() -> datetime:
    """The clock that the server itself reads."""
    return SandboxClock()()


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _free_port() -> int:
    with socket.create_server((HOST, 0)) as probe:
        port: int = probe.getsockname()[1]
    return port
