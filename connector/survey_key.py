"""Links to the page of survey questions: what a link is for is signed, and the key lies in a file of its own.

A link names a survey by its marker and the day on which it ends, and nothing else: nobody can tell from it who was
asked, or what about. The key is in `survey.key` beside the store (mode 0600), made with the first link, in no backup
and no log. One key to a line; the last one signs, all of them are believed: a new line is a new key, and an old one
removed ends the links that it signed. Used by `desks`, which fills links in on their way out, by the page and by
`amends survey`.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from connector.errors import SettingsError
from connector.model import EPOCH, Action
from connector.policy.rules import SurveyPage
from connector.policy.survey import LINK

if TYPE_CHECKING:
    from itsdangerous import URLSafeSerializer

FILE = "survey.key"
PRIVATE = 0o600
OTHERS = 0o077
LONGEST_TOKEN = 300
PATH = "/s/"
_SLASH = r"(?:\\?/|%2[Ff])"
_PURPOSE = "amends.survey"


class SurveyLinks:
    """The links of one installation. `file` holds the keys; it is read when the first one is needed."""

    def __init__(self, page: SurveyPage, file: Path) -> None:
        self._page, self._file = page, file
        self._host = page.url.rpartition("/")[2].partition(":")[0].encode()
        start = re.escape(f"{page.url}{PATH}").replace(":", "(?::|%3[Aa])").replace("/", _SLASH)
        self._pattern = re.compile(rf"{start}(?:[\w.-]|=\r?\n){{20,{LONGEST_TOKEN}}}(?:{_SLASH}stop)?".encode())

    def __repr__(self) -> str:
        return f"SurveyLinks({self._page.url!r})"

    def link(self, action: Action) -> str:
        """Where the customer of this action can answer: the same each time. Raises SettingsError."""
        return self.link_to(action.marker, action.not_after or action.not_before)

    def link_to(self, marker: str, last: datetime) -> str:
        """The link for `marker`, which ends some days after `last` (see `SurveyPage.open_days`)."""
        day = (last + timedelta(days=self._page.open_days) - EPOCH).days + 1
        return f"{self._page.url}{PATH}{self._signer(make=True).dumps([marker, day])}"

    def hide(self, data: bytes) -> bytes:
        """`data` with every link to this page taken out. Slashes may be escaped, as some write JSON, lines broken, as
        mail does, and the whole put into another address, as what guards a mailbox does with links."""
        return self._pattern.sub(LINK.encode(), data) if self._host in data else data

    def marker(self, token: str, now: datetime) -> str | None:
        """The marker of the survey that a link is for; None where it was altered, guessed, or is over."""
        from itsdangerous import BadData

        if len(token) > LONGEST_TOKEN:
            return None
        try:
            told = self._signer(make=False).loads(token)
        except (BadData, SettingsError):
            return None
        today = (now.astimezone(UTC) - EPOCH).days
        if not (isinstance(told, list) and len(told) == 2 and isinstance(told[0], str) and isinstance(told[1], int)):
            return None
        return told[0] if today < told[1] else None

    def _signer(self, *, make: bool) -> URLSafeSerializer:
        from itsdangerous import URLSafeSerializer

        return URLSafeSerializer(
            self._keys(make=make),
            salt=_PURPOSE,
            signer_kwargs={"digest_method": hashlib.sha256, "key_derivation": "hmac"},
        )

    def _keys(self, *, make: bool) -> list[str]:
        if make:
            self._made()
        try:
            if self._file.stat().st_mode & OTHERS:
                raise SettingsError(
                    f"the key of survey links {self._file} can be read by others.",
                    remedy=f"Run: chmod 600 {self._file}.",
                )
            keys = [line.strip() for line in self._file.read_text(encoding="ascii").splitlines() if line.strip()]
        except (OSError, ValueError) as error:
            raise SettingsError(
                f"the key of survey links {self._file} cannot be read ({error}).",
                remedy="Give this user the right to read it; if it is lost, delete it: links sent so far end with it.",
            ) from None
        if not keys or min(map(len, keys)) < 32:
            raise SettingsError(
                f"the key of survey links {self._file} is empty or too short.",
                remedy="Delete the file; the next link makes it anew.",
            )
        return keys

    def _made(self) -> None:
        try:
            handle = os.open(self._file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, PRIVATE)
        except FileExistsError:
            return
        except OSError as error:
            raise SettingsError(
                f"the key of survey links {self._file} cannot be written ({error.strerror}).",
                remedy="Give this user the right to write beside the store.",
            ) from error
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(f"{secrets.token_hex(32)}\n")
            file.flush()
            os.fsync(file.fileno())


def key_file(store: Path | None, home: Path) -> Path:
    """Where the key lies: beside an SQLite store, else in the folder of settings."""
    return (store.parent if store is not None else home) / FILE
