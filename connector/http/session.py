"""Building a source's session, and turning every failure of a call into an error that names its remedy.

It never repeats a call: whoever catches the TemporaryError decides that.
"""

from __future__ import annotations

import http.client
import zlib
from collections.abc import Callable
from functools import lru_cache
from http.cookiejar import DefaultCookiePolicy
from time import monotonic
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

import msgspec
import requests
from requests.exceptions import RequestException
from requests.structures import CaseInsensitiveDict
from urllib3.exceptions import HTTPError

from connector.errors import SettingsError, TemporaryError
from connector.http.sockets import deadline
from connector.http.transport import MEGABYTE, Transport, nothing_was_sent, reason

FAILURES = (RequestException, HTTPError, http.client.HTTPException, OSError, ValueError, zlib.error)


class Bounds(msgspec.Struct, frozen=True):
    """How much one call may cost. `total_seconds` runs from the first byte sent to the last byte read; writes have a
    shorter one, because a worker that has lost its lease must not have a write under way. `max_bytes` is counted
    after decompression."""

    connect_seconds: float = 5.0
    read_seconds: float = 30.0
    total_seconds: float = 60.0
    write_total_seconds: float = 20.0
    max_bytes: int = 64 * MEGABYTE


def session(
    source: str | None = None,
    *,
    bounds: Bounds | None = None,
    ca_file: str | None = None,
    clock: Callable[[], float] = monotonic,
) -> BoundedSession:
    """A session for `source`: gzip asked for, TLS verified (against `ca_file`, else REQUESTS_CA_BUNDLE, else the
    usual authorities), proxies from the environment, no cookies, no .netrc, no retries, no redirect to another host.

    Its calls raise TemporaryError (with applied=False where it is certain that no request left this machine) or
    SettingsError (an address that is none), never an exception of requests or urllib3. `clock` is monotonic.
    """
    return BoundedSession(source, bounds or Bounds(), ca_file, clock)


class BoundedSession(requests.Session):
    """A requests session within `Bounds`. Made by `session`."""

    def __init__(self, source: str | None, bounds: Bounds, ca_file: str | None, clock: Callable[[], float]) -> None:
        super().__init__()
        self.source = source
        self.bounds = bounds
        self.clock = clock
        self._ca_file = ca_file
        self._merged: dict[Any, Any] = {}
        # A password from ~/.netrc must not reach a host that was configured with other credentials.
        self.auth = _nothing_added
        # A helpdesk's session cookie would outlive, and contradict, the token that each call carries.
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=()))
        self.max_redirects = 3
        self.headers.update({"User-Agent": "Amends", "Accept-Encoding": "gzip, deflate", "Accept": "application/json"})
        self.mount("https://", Transport(bounds.max_bytes))
        self.mount("http://", Transport(bounds.max_bytes))

    def prepare_request(self, request: requests.Request) -> requests.PreparedRequest:
        try:
            return self._question(request) or super().prepare_request(request)
        except ValueError as error:
            raise self._unsendable(request.method, request.url, error) from None

    def _question(self, request: requests.Request) -> requests.PreparedRequest | None:
        """What requests makes of a read that is nothing but an address and questions to it, in a quarter of the time:
        a poll asks at the same few addresses all day. None where more is asked."""
        asked = request.params or {}
        more = request.headers or request.data or request.files or request.json is not None or request.cookies
        if request.method != "GET" or more or self.params or not isinstance(asked, dict):
            return None
        if not all(type(name) is str and type(value) in (str, int) for name, value in asked.items()):
            return None
        address = _address(request.url)
        if "?" in address or "#" in address:
            return None
        made = requests.PreparedRequest()
        made.method = "GET"
        made.url = f"{address}?{urlencode(asked)}" if asked else address
        made.headers = CaseInsensitiveDict(self.headers)  # type: ignore[arg-type]  # its stubs forget bytes
        made._cookies = self.cookies  # type: ignore[attr-defined]  # which takes none
        made.prepare_auth(request.auth or self.auth, made.url)
        made.prepare_hooks({name: hooks or self.hooks.get(name) for name, hooks in request.hooks.items()})
        return made

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        kwargs["timeout"] = self._timeouts(kwargs.get("timeout"))
        try:
            with deadline(self.clock, self._total_seconds(request), self.bounds.read_seconds):
                return super().send(request, **kwargs)
        except TemporaryError as error:
            error.source = error.source or self.source
            raise
        except FAILURES as error:
            if isinstance(error, ValueError):
                raise self._unsendable(request.method, request.url, error) from None
            raise TemporaryError(
                f"{_where(request.method, request.url)} gave no usable answer: {reason(error)}.",
                source=self.source,
                applied=False if nothing_was_sent(error) else None,
            ) from error

    def merge_environment_settings(self, url: Any, proxies: Any, stream: Any, verify: Any, cert: Any) -> Any:
        # requests lets REQUESTS_CA_BUNDLE win over a session's own setting; here the nearer setting wins. It also looks
        # through the whole environment at each call, a seventh of what a poll costs: once for each host is enough.
        verify = self._ca_file or verify
        asked = (_origin(url), stream, verify, cert)
        if proxies:
            return super().merge_environment_settings(url, proxies, stream, verify, cert)
        if asked not in self._merged:
            self._merged[asked] = super().merge_environment_settings(url, {}, stream, verify, cert)
        merged = self._merged[asked]
        return {**merged, "proxies": dict(merged["proxies"])}

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """Where to go on: only on the same scheme, host and port, and only for reads."""
        target = super().get_redirect_target(resp)
        if target is None:
            return None
        place = urljoin(resp.url, target)
        if _origin(place) == _origin(resp.url) and resp.request.method in ("GET", "HEAD"):
            return target
        raise TemporaryError(
            f"{_where(resp.request.method, resp.url)} was redirected to {urlsplit(place).netloc!r}; not followed.",
            source=self.source,
            remedy="If the helpdesk has moved, change its address in the settings.",
        )

    def rebuild_auth(self, prepared_request: requests.PreparedRequest, response: requests.Response) -> None:
        """Redirects stay on one host, so the credentials stay what they are."""

    def _timeouts(self, wanted: Any) -> tuple[float, float]:
        connect, read = wanted if isinstance(wanted, tuple) else (wanted, wanted)
        return (
            min(connect or self.bounds.connect_seconds, self.bounds.connect_seconds),
            min(read or self.bounds.read_seconds, self.bounds.read_seconds),
        )

    def _total_seconds(self, request: requests.PreparedRequest) -> float:
        reading = request.method in ("GET", "HEAD")
        return self.bounds.total_seconds if reading else self.bounds.write_total_seconds

    def _unsendable(self, method: str | None, url: str | bytes | None, error: ValueError) -> SettingsError:
        # The words of the error, and its trace, may hold a secret that does not fit into a header: they are left out.
        return SettingsError(
            f"{_where(method, url)} cannot be called ({type(error).__name__}).",
            source=self.source,
            remedy="Correct the address in the settings, or a secret that holds more than one line of plain text.",
        )


def _nothing_added(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


@lru_cache(100)
def _address(url: str) -> str:
    """As it is sent. Raises ValueError."""
    return str(requests.Request("GET", url).prepare().url)


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or {"http": 80, "https": 443}.get(parts.scheme)


def _where(method: str | None, url: str | bytes | None) -> str:
    """Method, host and path; never the query, which may carry what people searched for."""
    parts = urlsplit(url.decode("utf-8", "replace") if isinstance(url, bytes) else url or "")
    return f"{method} {parts.hostname or ''}{parts.path}"
