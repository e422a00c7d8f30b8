"""One request and its whole answer, within the bounds; and what a failure says about the request. Used by `session`."""

from __future__ import annotations

import http.client
import ssl
import zlib
from collections.abc import Mapping
from typing import Any

import requests
import urllib3
from isal import isal_zlib
from requests.adapters import HTTPAdapter
from requests.exceptions import RequestException
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from connector.errors import TemporaryError
from connector.http.sockets import PlainPool, SecurePool

MEGABYTE = 1024 * 1024
CHUNK_BYTES = MEGABYTE
GZIP_OR_ZLIB, BARE_DEFLATE = 47, -15
# An answer may be packed in several parts one behind the other; each has what is behind it copied.
MOST_MEMBERS = 1_000


class Transport(HTTPAdapter):
    """Reads each body whole and at once, so that the bounds hold whatever a library does with the response."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        super().__init__(pool_connections=2, pool_maxsize=4, max_retries=urllib3.Retry(0, read=False))

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": PlainPool, "https": SecurePool}

    def proxy_manager_for(self, proxy: Any, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(proxy, **kwargs)
        if not proxy.lower().startswith("socks"):
            manager.pool_classes_by_scheme = {"http": PlainPool, "https": SecurePool}
        return manager

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: Any = True,
        cert: Any = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        response = super().send(request, stream=True, timeout=timeout, verify=verify, cert=cert, proxies=proxies)
        try:
            content = unpacked(self._packed(response), response.headers.get("Content-Encoding", ""), self._max_bytes)
        except BaseException:
            response.raw.close()
            raise
        response.raw.release_conn()
        response._content = content
        response._content_consumed = True  # type: ignore[attr-defined]
        return response

    def _packed(self, response: requests.Response) -> bytes:
        chunks = []
        size = 0
        while chunk := response.raw.read(CHUNK_BYTES, decode_content=False):
            size += len(chunk)
            if size > self._max_bytes:
                raise _too_large(self._max_bytes)
            chunks.append(chunk)
        return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def unpacked(packed: bytes, coding: str, max_bytes: int) -> bytes:
    """The body as its sender meant it. Raises TemporaryError past `max_bytes`, zlib.error when it is damaged."""
    try:
        return _inflated(packed, coding, max_bytes)
    except isal_zlib.error as error:  # type: ignore[misc]  # its stubs take the class for one of its values
        raise zlib.error(*error.args) from error


def _inflated(packed: bytes, coding: str, max_bytes: int) -> bytes:
    coding = coding.strip().lower()
    if coding in ("", "identity") or not packed:
        return packed
    if coding not in ("gzip", "x-gzip", "deflate"):
        raise TemporaryError(f"the answer came packed as {coding!r}, which was not asked for.")
    bare = coding == "deflate" and packed[0] & 0x0F != 8
    whole = b""
    members = 0
    while packed:
        members += 1
        if members > MOST_MEMBERS:
            raise zlib.error(f"the packed answer has more than {MOST_MEMBERS:,} parts")
        unpacker = isal_zlib.decompressobj(BARE_DEFLATE if bare else GZIP_OR_ZLIB)
        part = unpacker.decompress(packed, max_bytes - len(whole) + 1)
        whole = whole + part if whole else part
        if len(whole) > max_bytes or unpacker.unconsumed_tail:
            raise _too_large(max_bytes)
        if not unpacker.eof:
            raise zlib.error("the packed answer ends too early")
        packed = unpacker.unused_data
    return whole


def _too_large(max_bytes: int) -> TemporaryError:
    return TemporaryError(
        f"the answer is larger than {max_bytes / MEGABYTE:g} MB unpacked; refused.",
        remedy="Ask for smaller pages (page_size of the source), or look at what the helpdesk sends.",
    )


def _chain(error: BaseException) -> list[BaseException]:
    """The error and everything it says it came from: its cause, urllib3's `reason`, its arguments.

    Not its context: that may be an older failure which the caller happens to be handling."""
    found: list[BaseException] = []
    waiting: list[object] = [error]
    while waiting:
        one = waiting.pop()
        if isinstance(one, BaseException) and one not in found:
            found.append(one)
            waiting += [getattr(one, "reason", None), one.__cause__, *one.args]
    return found


def nothing_was_sent(error: Exception) -> bool:
    """A connection that was never made, or whose certificate was refused, has carried no request."""
    unmade = (NewConnectionError, ConnectTimeoutError, ssl.SSLCertVerificationError)
    return any(isinstance(one, unmade) for one in _chain(error))


def reason(error: Exception) -> str:
    """The innermost cause in its own words; the outer layers only repeat addresses."""
    plain = [one for one in _chain(error) if isinstance(one, OSError | zlib.error | http.client.HTTPException)]
    one = next((one for one in reversed(plain) if not isinstance(one, RequestException)), error)
    return f"{type(one).__name__}: {str(one).strip('.') or 'no more is known'}"
