"""How we prove to a mail server who we are: a password, or a token of Microsoft's or Google's for XOAUTH2.

Tokens come through msal and google-auth, on the session that the engine hands us; whatever that answers wrongly becomes
an error of ours before those libraries can wait or ask again. Tokens are held in memory and renewed five minutes before
their end. Used by `connection` and, for SMTP, by `sending`.
https://learn.microsoft.com/exchange/client-developer/legacy-protocols/how-to-authenticate-an-imap-pop-smtp-application-by-using-oauth
https://developers.google.com/workspace/gmail/imap/xoauth2-protocol
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from threading import Lock
from typing import Any

import msgspec

from adapters.imap.sending import Proof
from adapters.imap.settings import NEEDED, ImapSettings, Inbox
from connector.adapter import Tools, retry_after_seconds
from connector.errors import AuthError, SettingsError, TemporaryError

EARLY = timedelta(minutes=5)
MICROSOFT_SCOPE = "https://outlook.office365.com/.default"
GOOGLE_SCOPE = "https://mail.google.com/"
GOOGLE_TOKENS = "https://oauth2.googleapis.com/token"


class Login:
    """The proofs of one source; its connections share them, from whatever thread."""

    def __init__(self, source: str, settings: ImapSettings, tools: Tools) -> None:
        self._source = source
        self._settings = settings
        self._tools = tools
        self._web = Web(source, tools)
        self._tokens: dict[str, tuple[str, float]] = {}
        self._asking = Lock()

    def proof(self, box: Inbox) -> Proof:
        """For the next connection. Raises SettingsError for a missing secret, AuthError, TemporaryError."""
        if box.auth == "password":
            return Proof(box.user, password=self._secrets(box)["password"])
        with self._asking:
            return Proof(box.user, token=self._token(box))

    def _token(self, box: Inbox) -> str:
        token, ends = self._tokens.get(box.name, ("", 0.0))
        if ends <= (self._tools.now() + EARLY).timestamp():
            token, lives_seconds = self._asked_for(box)
            self._tokens[box.name] = token, (self._tools.now() + timedelta(seconds=lives_seconds)).timestamp()
        return token

    def renewable(self, box: Inbox) -> bool:
        """Forget the token of this inbox; False where it has none that could be renewed."""
        return self._tokens.pop(box.name, None) is not None

    def _asked_for(self, box: Inbox) -> tuple[str, float]:
        secrets = self._secrets(box)
        if box.auth == "microsoft":
            return self._from_microsoft(box, secrets)
        return self._from_google(box, secrets)

    def _from_microsoft(self, box: Inbox, secrets: Mapping[str, str]) -> tuple[str, float]:
        from msal import ConfidentialClientApplication  # type: ignore[import-untyped]

        application = ConfidentialClientApplication(
            secrets["client_id"],
            authority=f"{self._settings.authority.rstrip('/')}/{box.tenant}",
            client_credential=_credential(secrets["client_secret"]),
            http_client=self._web,
            instance_discovery=False,
        )
        answer = application.acquire_token_for_client(scopes=[MICROSOFT_SCOPE])
        if "access_token" not in answer:
            raise self._refused(str(answer.get("error_description") or answer.get("error")))
        return answer["access_token"], float(answer.get("expires_in", 0))

    def _from_google(self, box: Inbox, secrets: Mapping[str, str]) -> tuple[str, float]:
        from google.auth.exceptions import GoogleAuthError
        from google.oauth2 import credentials, service_account

        try:
            if box.auth == "google_service_account":
                account = msgspec.json.decode(secrets["service_account"])
                made: Any = service_account.Credentials.from_service_account_info(  # type: ignore[no-untyped-call]
                    account, scopes=[GOOGLE_SCOPE], subject=box.user
                )
            else:
                made = credentials.Credentials(  # type: ignore[no-untyped-call]
                    None,
                    refresh_token=secrets["refresh_token"],
                    token_uri=GOOGLE_TOKENS,
                    client_id=secrets["client_id"],
                    client_secret=secrets["client_secret"],
                )
            made.refresh(self._web)
        except (GoogleAuthError, ValueError, KeyError, msgspec.DecodeError) as error:
            raise self._refused(type(error).__name__) from None  # its text may hold the key
        return made.token, (made.expiry.replace(tzinfo=self._tools.now().tzinfo) - self._tools.now()).total_seconds()

    def _refused(self, why: str) -> AuthError:
        remedy = "Check the secrets, and that the application may read this mailbox."
        return AuthError(f"no token was given out: {why[:200]}", source=self._source, remedy=remedy)

    def _secrets(self, box: Inbox) -> dict[str, str]:
        held = self._tools.credentials.current()
        before = f"{box.secret}_" if box.secret else ""
        for name in NEEDED[box.auth]:
            if not held.get(before + name):
                raise SettingsError(
                    f"auth {box.auth!r} of {box.user} needs the secret {before + name!r}.",
                    source=self._source,
                    remedy=f"Add `{before + name}: env:…` to the secrets of this source.",
                )
        return {name: held[before + name] for name in NEEDED[box.auth]}


def _credential(secret: str) -> Any:
    """A client secret as it is; a certificate is JSON with `private_key` (PEM) and `thumbprint`."""
    if not secret.lstrip().startswith("{"):
        return secret
    try:
        return msgspec.json.decode(secret, type=dict[str, str])
    except msgspec.MsgspecError:
        raise SettingsError(
            "client_secret begins like JSON and is none.", remedy="See `private_key`, `thumbprint`."
        ) from None


class Web:
    """The engine's session in the shapes that msal (`get`, `post`) and google-auth (a call) ask for.

    Where the answer is no 2xx it raises our errors itself, so that neither library sleeps or repeats."""

    def __init__(self, source: str, tools: Tools) -> None:
        self._source = source
        self._tools = tools

    def get(self, url: str, params: Any = None, headers: Any = None, **_: Any) -> Any:
        return self._heard(lambda: self._tools.session.get(url, params=params, headers=headers))

    def post(self, url: str, params: Any = None, data: Any = None, headers: Any = None, **_: Any) -> Any:
        return self._heard(
            lambda: self._tools.session.post(url, params=params, data=data, headers=headers, allow_redirects=False)
        )

    def close(self) -> None:
        """The session is the engine's to close."""

    def __call__(self, url: str, method: str = "GET", body: Any = None, headers: Any = None, **_: Any) -> Any:
        answer = self._heard(lambda: self._tools.session.request(method, url, data=body, headers=headers))
        return _GoogleAnswer(answer)

    def _heard(self, send: Callable[[], Any]) -> Any:
        self._tools.budget.take("tokens", write=True)
        answer = send()
        status = answer.status_code
        if status == 429 or status >= 500:
            raise TemporaryError(
                f"the token server answers {status}.",
                source=self._source,
                retry_after_seconds=retry_after_seconds(answer.headers.get("Retry-After"), self._tools.now()),
                applied=False,
            )
        if status >= 400:
            # "invalid_grant": the secret ended or was taken back. No number of attempts will help.
            raise AuthError(
                f"the token server refuses us ({status} {_reason(answer.content)}).",
                source=self._source,
                remedy="Check the secrets, and that the application may read this mailbox.",
            )
        return answer


class _GoogleAnswer:
    """`google.auth.transport.Response`."""

    def __init__(self, answer: Any) -> None:
        self.status: int = answer.status_code
        self.headers: Mapping[str, str] = answer.headers
        self.data: bytes = answer.content


class _Refusal(msgspec.Struct, frozen=True):
    error: str = ""


def _reason(content: bytes) -> str:
    """The error's code in a token server's answer; its prose may repeat what we sent."""
    try:
        return msgspec.json.decode(content, type=_Refusal).error[:60]
    except msgspec.MsgspecError:
        return "without a reason"
