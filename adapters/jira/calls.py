"""The one place where requests to Jira are made: counted, proven, heard, and refused in our own error classes.

Reads go through the session; writes through the `jira` library's client on that same session. A response hook raises
before the library could sleep through a 429 or repeat anything, and only raw JSON comes back, never Resource objects.
Used by all modules that do I/O.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from requests import Response

from adapters.jira.answers import Purpose, UnprovenError, about_one_issue, error_for, nobody, refusal
from adapters.jira.login import Login
from adapters.jira.settings import JiraSettings
from connector.adapter import Tools
from connector.model import JSON

Sending = Callable[..., Response]
TIMEOUT_SECONDS = 20.0


class _Call(NamedTuple):
    purpose: Purpose
    endpoint: str
    ticket: str | None
    writing: bool


class Calls:
    """Calls to one site. They return 2xx answers only, and send each request once; the exception is a 401 to an OAuth
    token, which did nothing: then the token is renewed and the call made again, once.

    A `path` begins with "/" and is the site's: `api` makes one of the platform's API, "/rest/servicedeskapi/…" is
    Service Management's. `writing` says that the call is part of a write, and may use what the budget keeps for those.
    """

    def __init__(self, source: str, settings: JiraSettings, tools: Tools) -> None:
        self.source = source
        self.settings = settings
        self.tools = tools
        self.page_size = settings.page_size  # smaller for a while after a page that did not come
        self.bulk_changelog = settings.cloud  # until the site says that it has no such thing
        self.troubles: dict[str, int] = {}  # how often in a row an issue could not be read; see `patience`
        self.login = Login(source, settings, tools)
        self._client: Any = None

    def api(self, path: str) -> str:
        """The path of the platform's API: version 3 (documents) on Cloud, 2 (wiki text) on a Data Center."""
        return f"/rest/api/{3 if self.settings.cloud else 2}{path}"

    def get(
        self,
        path: str,
        params: Mapping[str, JSON] | None = None,
        *,
        ticket: str | None = None,
        writing: bool = False,
        experimental: bool = False,
    ) -> Response:
        """`experimental`: the vendor wants to be told that we know it is. Raises AuthError, GoneError, SettingsError,
        TemporaryError."""
        call = _Call(Purpose.READ, "account", ticket, writing)
        headers = {"X-ExperimentalApi": "opt-in"} if experimental else {}
        return self._proven(self.tools.session.get, path, call, params=params, headers=headers)

    def ask(
        self, path: str, body: JSON, *, ticket: str | None = None, writing: bool = False, search: bool = False
    ) -> Response:
        """A question that is asked by POST (search, bulk reads); it changes nothing.

        Raises AuthError, GoneError, SettingsError, TemporaryError; CursorError for a refused page token of a `search`.
        """
        call = _Call(Purpose.SEARCH if search else Purpose.READ, "search", ticket, writing)
        return self._proven(self.tools.session.post, path, call, json=body)

    def post(self, path: str, body: JSON, params: Mapping[str, JSON] | None = None, *, ticket: str | None) -> Response:
        """Raises RejectedError, GoneError, AuthError; ConflictError when this issue takes no more writes just now;
        TemporaryError, with applied=False only where it is certain that nothing was written."""
        return self._written("post", path, ticket, json=body, params=params)

    def put(self, path: str, body: JSON, params: Mapping[str, JSON] | None = None, *, ticket: str) -> Response:
        """Raises what `post` raises."""
        return self._written("put", path, ticket, json=body, params=params)

    def delete(self, path: str, *, ticket: str) -> Response:
        """Raises what `post` raises."""
        return self._written("delete", path, ticket)

    def manage(self, verb: str, path: str, body: JSON = None) -> Response:
        """Change what belongs to the site and not to an issue (its webhooks): "post" or "delete".

        Raises what `get` raises; doing it again does no harm, so nothing is in doubt."""
        send: Sending = getattr(self._jira()._session, verb)
        what: dict[str, Any] = {} if body is None else {"json": body}
        headers = {"X-Atlassian-Token": "no-check"}
        return self._proven(send, path, _Call(Purpose.READ, "account", None, True), headers=headers, **what)

    def close(self) -> None:
        self.tools.session.close()

    def _written(self, verb: str, path: str, ticket: str | None, **what: Any) -> Response:
        send: Sending = getattr(self._jira()._session, verb)
        # Without this header Jira takes a write for one that a browser was tricked into.
        headers = {"X-Atlassian-Token": "no-check"}
        return self._proven(send, path, _Call(Purpose.WRITE, "issue", ticket, True), headers=headers, **what)

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
            if response.status_code != 429 or not about_one_issue(response.headers):
                self.tools.budget.observe(call.endpoint, response.status_code, response.headers)
            if not response.is_redirect:  # the session decides about those
                self._refuse(response, call)

        return send(f"{self.settings.base}{path}", hooks={"response": heard}, **what)

    def _refuse(self, response: Response, call: _Call) -> None:
        what = f"{response.request.method} {urlsplit(response.url).path}"
        place: dict[str, Any] = {"source": self.source, "ticket": call.ticket}
        if (error := nobody(response.status_code, response.headers, response.content, what, **place)) is not None:
            raise error
        if 200 <= response.status_code < 300:
            return
        told = refusal(response.status_code, response.headers, response.content, self.tools.now())
        raise error_for(told, call.purpose, what, **place)

    def _jira(self) -> Any:
        """The library's client on our session: no call at construction, no retries, no credentials of its own."""
        if self._client is None:
            from jira import JIRA

            self._client = JIRA(
                self.settings.base,
                options={"rest_api_version": "3" if self.settings.cloud else "2", "check_update": False},
                get_server_info=False,
                max_retries=0,
                timeout=TIMEOUT_SECONDS,
                logging=False,
            )
            self._client._session.close()
            self._client._session = self.tools.session
            self._client.deploymentType = "Cloud" if self.settings.cloud else "Data Center"
        return self._client
