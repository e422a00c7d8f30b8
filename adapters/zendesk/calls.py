"""The one place where requests to Zendesk are made: counted, proven, heard, and refused in our own error classes.

Reads go through the session; writes through zenpy's client on that same session. A response hook raises before zenpy
could sleep through a 429 or repeat anything, and only raw JSON comes back. Used by all modules that do I/O.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from requests import Response

from adapters.zendesk.answers import Purpose, UnprovenError, error_for, refusal
from adapters.zendesk.oauth import Login
from adapters.zendesk.settings import ZendeskSettings
from connector.adapter import Tools
from connector.model import JSON

Sending = Callable[..., Response]


class _Call(NamedTuple):
    purpose: Purpose
    endpoint: str
    ticket: str | None
    writing: bool


class Calls:
    """Calls to one account. `get` and `put` return 2xx answers only, and send each request once; the exception is a
    401 to an OAuth token, which did nothing: then the token is renewed and the call made again, once."""

    def __init__(self, source: str, settings: ZendeskSettings, tools: Tools) -> None:
        self.source = source
        self.settings = settings
        self.tools = tools
        self.page_size = settings.page_size  # smaller for a while after a page that did not come
        self.login = Login(source, settings, tools)
        self._client: Any = None

    def get(
        self,
        path: str,
        params: Mapping[str, JSON] | None = None,
        *,
        ticket: str | None = None,
        writing: bool = False,
        offer: bool = False,
    ) -> Response:
        """`writing`: the read is part of a write, and may use what the budget keeps for those. `offer`: not every
        account has this.

        Raises AuthError, GoneError, CursorError (exports), NotOfferedError, SettingsError, TemporaryError."""
        export = path.startswith("/api/v2/incremental/")
        usual = Purpose.OFFER if offer else Purpose.READ
        call = _Call(Purpose.EXPORT if export else usual, "export" if export else "account", ticket, writing)
        return self._proven(self.tools.session.get, path, call, params=params)

    def put(self, path: str, body: JSON, *, ticket: str) -> Response:
        """Raises ConflictError, RejectedError, GoneError, AuthError; TemporaryError with applied=False only where it
        is certain that nothing was written."""
        return self._proven(self._send, path, _Call(Purpose.WRITE, "updates", ticket, True), json=body)

    def manage(self, verb: str, path: str, body: JSON = None) -> Response:
        """Change what belongs to the account and not to a ticket (its webhooks): "post", "patch" or "delete".

        Raises what `get` raises; doing it again does no harm, so nothing is in doubt."""
        send: Sending = getattr(self.tools.session, verb)
        what = {} if body is None else {"json": body}
        return self._proven(send, path, _Call(Purpose.READ, "account", None, True), **what)

    def close(self) -> None:
        self.tools.session.close()

    def _proven(self, send: Sending, path: str, call: _Call, **what: Any) -> Response:
        proof = self.login.proof()
        try:
            return self._once(send, path, call, auth=proof, **what)
        except UnprovenError:
            if proof.token is None:
                raise
        self.login.renew(proof.token)
        return self._once(send, path, call, auth=self.login.proof(), **what)

    def _once(self, send: Sending, path: str, call: _Call, **what: Any) -> Response:
        self.tools.budget.take(call.endpoint, write=call.writing)

        def heard(response: Response, **_: Any) -> None:
            self.tools.budget.observe(call.endpoint, response.status_code, response.headers)
            if not response.is_redirect:  # the session decides about those
                self._refuse(response, call)

        return send(f"{self.settings.site}{path}", hooks={"response": heard}, **what)

    def _refuse(self, response: Response, call: _Call) -> None:
        if 200 <= response.status_code < 300:
            return
        told = refusal(response.status_code, response.headers, response.content, self.tools.now())
        what = f"{response.request.method} {urlsplit(response.url).path}"
        raise error_for(told, call.purpose, what, source=self.source, ticket=call.ticket)

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
