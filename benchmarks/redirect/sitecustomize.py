"""For peers that insist on https://bench.zendesk.com: that name is loopback, and port 443 is BENCH_PORT.

On the PYTHONPATH of such a peer only. TLS stays on; certifi's file becomes the throw-away authority. With
BENCH_NO_SLEEP, fixed pauses between requests are skipped, so that work is measured and not politeness.
"""

import os
import socket
import time
from typing import Any

_resolve = socket.getaddrinfo


def _redirected(host: Any, port: Any, *rest: Any, **named: Any) -> Any:
    name = host.decode() if isinstance(host, bytes) else host
    if name and name.endswith(".zendesk.com"):
        return _resolve("127.0.0.1", int(os.environ["BENCH_PORT"]), *rest, **named)
    return _resolve(host, port, *rest, **named)


socket.getaddrinfo = _redirected

try:
    import certifi
except ImportError:
    pass
else:
    certifi.where = lambda: os.environ["BENCH_AUTHORITY"]

if "BENCH_NO_SLEEP" in os.environ:
    time.sleep = lambda seconds: None
