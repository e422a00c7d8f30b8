"""The account over real HTTP on loopback.

`serve` is for tests and the demo in this process; `python -m sandbox.zendesk` for another one, driven over /__control/.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sandbox.http.faults import Faults
from sandbox.http.site import Served
from sandbox.http.wire import serving
from sandbox.zendesk import control
from sandbox.zendesk.account import Account
from sandbox.zendesk.routes import Desk


class Site(Served[Account, Desk]):
    suffix = ".json"


@contextmanager
def serve(
    account: Account,
    *,
    port: int = 0,
    faults: Faults | None = None,
    certificate: tuple[Path, Path] | None = None,
) -> Iterator[Site]:
    """Serve `account` on 127.0.0.1 until the block ends. Port 0 takes a free one. `certificate` is (chain, key) in PEM
    files and turns TLS on. Links in bodies begin with the served address."""
    with serving(Site(account, Desk(account), faults), control.answer, port=port, certificate=certificate) as site:
        yield site
