"""The one place where requests to Zendesk are made: counted, proven, heard, and refused in our own error classes.

Reads go through the session; writes through zenpy's client on that same session. A response hook raises before zenpy
could sleep through a 429 or repeat anything, and only raw JSON comes back. Used by all modules that do I/O.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from requests import Response

from adapters.zendesk.answers import Purpose, UnprovenError, error_for, refusal
from adapters.zendesk.oauth import Login
from adapters.zendesk.settings import ZendeskSettings
from connector.adapter import Tools
from connector.model import JSON

Sending = Callable[..., Response]


class Calls:
    """Calls to one account. `get` and `put` return 2xx answers only, and send each request once; the exception is a
    401 to an OAuth token, which did nothing: then the token is renewed and the call made again, once."""

    def __init__(self, source: str, settings: ZendeskSettings, tools: Tools) -> None:
        self.source = source
        self.settings = settings
        self.tools = tools
        self.login = Login(source, settings, tools)
        self._client: Any = None

    def get(self, path: str, params: Mapping[str, JSON] | None = None, *, ticket: str | None = None) -> Response:
        """Raises AuthError, GoneError, CursorError (exports), SettingsError, TemporaryError."""
        export = path.startswith("/api/v2/incremental/")
        purpose, endpoint = (Purpose.EXPORT, "export") if export else (Purpose.READ, "account")
        return self._proven(self.tools.session.get, path, purpose, endpoint, ticket, params=params)

    def put(self, path: str, body: JSON, *, ticket: str) -> Response:
        """Raises ConflictError, RejectedError, GoneError, AuthError; TemporaryError with applied=False only where it
        is certain that nothing was written."""
        return self._proven(self._send, path, Purpose.WRITE, "updates", ticket, json=body)

    def close(self) -> None:
        self.tools.session.close()

    def _proven(
        self, send: Sending, path: str, purpose: Purpose, endpoint: str, ticket: str | None, **what: Any
    ) -> Response:
        proof = self.login.proof()
        try:
            return self._once(send, path, purpose, endpoint, ticket, auth=proof, **what)
        except UnprovenError:
            if proof.token is None:
                raise
        self.login.renew(proof.token)
        return self._once(send, path, purpose, endpoint, ticket, auth=self.login.proof(), **what)

    def _once(
        self, send: Sending, path: str, purpose: Purpose, endpoint: str, ticket: str | None, **what: Any
    ) -> Response:
        self.tools.budget.take(endpoint, write=purpose is Purpose.WRITE)

        def heard(response: Response, **_: Any) -> None:
            self.tools.budget.observe(endpoint, response.status_code, response.headers)
            if not response.is_redirect:  # the session decides about those
                self._refuse(response, purpose, ticket)

        return send(f"{self.settings.site}{path}", hooks={"response": heard}, **what)

    def _refuse(self, response: Response, purpose: Purpose, ticket: str | None) -> None:
        if 200 <= response.status_code < 300:
            return
        told = refusal(response.status_code, response.headers, response.content, self.tools.now())
        what = f"{response.request.method} {urlsplit(response.url).path}"
        raise error_for(told, purpose, what, source=self.source, ticket=ticket)

    def _send(self, url: str, **what: Any) -> Response:
        api = self._zenpy().tickets
        return api._call_api(self.tools.session.put, url, timeout=api.timeout, **what)  # type: ignore[no-any-return]

    def _zenpy(self) -> Any:
        """zenpy's client on our session. It keeps its hands off the credentials (`anonymous`), its caches are off, and
        its log, which would show the notes we write, is kept at warnings."""
        if self._client is None:
            from zenpy import Zenpy  # type: ignore[import-untyped]

            logging.getLogger("zenpy").setLevel(logging.WARNING)
            subdomain, _, domain = (urlsplit(self.settings.url).hostname or "").partition(".")
            self._client = Zenpy(
                subdomain=subdomain,
                domain=domain,
                session=self.tools.session,
                anonymous=True,
                disable_cache=True,
            )
        return self._client
