"""The site over real HTTP on loopback.

`serve` is for tests and the demo in this process; `python -m sandbox.jira` for another one, driven over /__control/.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sandbox.http.answers import Request
from sandbox.http.faults import Faults
from sandbox.http.site import Served
from sandbox.http.wire import serving
from sandbox.jira import control
from sandbox.jira.people import Jira
from sandbox.jira.routes import READING_POSTS, Desk


class Site(Served[Jira, Desk]):
    """A served Jira: `account` is the `Jira` behind it."""

    def is_write(self, request: Request) -> bool:
        """Questions that are asked by POST are no writes."""
        return request.method != "GET" and not any(words in request.path for words in READING_POSTS)


@contextmanager
def serve(
    jira: Jira,
    *,
    port: int = 0,
    faults: Faults | None = None,
    certificate: tuple[Path, Path] | None = None,
) -> Iterator[Site]:
    """Serve `jira` on 127.0.0.1 until the block ends. Port 0 takes a free one. `certificate` is (chain, key) in PEM
    files and turns TLS on. Links in bodies begin with the served address. The gateway is at url/ex/jira/{CLOUD_ID},
    the token endpoint at url/oauth/token."""
    with serving(Site(jira, Desk(jira), faults), control.answer, port=port, certificate=certificate) as site:
        yield site
