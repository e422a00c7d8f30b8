"""What an admin says about one mail account: its inboxes, how to log in, what leaves by SMTP. Read by all modules here.

One source is one identity towards customers, with one inbox or several. One inbox is said in short form, with `host`
and `user` at the top; several stand under `inboxes`.
"""

from __future__ import annotations

from typing import Literal

import msgspec
from msgspec.structs import asdict

from adapters.imap.caps import Caps
from adapters.imap.sending import Smtp
from adapters.imap.wordings import Wording
from connector.model import ActionKind

LOOPBACK = ("localhost", "127.0.0.1", "::1")
MOST_PER_PAGE = 200
Auth = Literal["password", "microsoft", "google", "google_service_account"]
# Which secrets each way to log in needs. A certificate stands in for `client_secret`: see `login`.
NEEDED: dict[str, tuple[str, ...]] = {
    "password": ("password",),
    "microsoft": ("client_id", "client_secret"),
    "google": ("client_id", "client_secret", "refresh_token"),
    "google_service_account": ("service_account",),
}


class Inbox(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One mailbox on a server, read as `user`.

    `folders` are where customers' mail arrives; `done_folders` where your people move what is finished; `sent_folder`
    where their answers are kept (None: the one that the server itself calls Sent, "": none). `tls` "none" is for
    a loopback address only. `ca_file` names authorities of your own.
    `auth` says which secrets are used (see `NEEDED`); `secret` is put before their names, where inboxes of one source
    have different ones ("de" reads `de_password`). `tenant` is the directory of a Microsoft account.
    """

    host: str
    user: str
    port: int = 993
    tls: Literal["tls", "starttls", "none"] = "tls"
    folders: tuple[str, ...] = ("INBOX",)
    done_folders: tuple[str, ...] = ()
    sent_folder: str | None = None
    auth: Auth = "password"
    secret: str = ""
    tenant: str | None = None
    ca_file: str | None = None

    def __post_init__(self) -> None:
        if not self.host or "/" in self.host or "@" in self.host:
            raise ValueError(f"host {self.host!r} is not the name of a server, such as imap.example.com")
        if not self.user or any(ord(letter) < 32 for letter in self.user):
            raise ValueError("user is to be the name of the mailbox, such as support@example.com")
        if self.tls == "none" and self.host not in LOOPBACK:
            raise ValueError(f"tls: none would show passwords and mail to anyone on the way to {self.host}")
        if self.auth == "microsoft" and not self.tenant:
            raise ValueError("auth microsoft needs `tenant`, the id or domain of your directory")
        if not self.folders:
            raise ValueError("folders is empty: nothing would be read")
        twice = [name for name in self.folders if name in self.done_folders]
        if twice:
            raise ValueError(f"the folder {twice[0]!r} stands under `folders` and under `done_folders`")

    @property
    def name(self) -> str:
        """How cursors and messages name this inbox. Another host for the same mailbox is the same inbox."""
        return self.user.lower()


class ImapSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The options of a source with the adapter `imap`. For `host` to `ca_file` see `Inbox`.

    `own_addresses`: all addresses under which you are written to or write; the users of the inboxes and `from_address`
    count without being named. `trusted_hosts`: the names (authserv-ids) under which your own border writes
    Authentication-Results; without one nobody's address is ever verified.
    `done_keywords`: keywords by which your people mark a mail as finished. `page_size`: mails a page.
    `whole_bytes`: of a larger mail only the first `keep_bytes` are fetched. `keep_attachments`: what is attached stays
    in the store with its mail, where that is not larger than `keep_bytes`; else its name, type, size and digest alone.
    `rescan_days`: how far back a folder is read again after its server has numbered its mail anew. `authority`: who
    gives out Microsoft's tokens. `timeout_seconds`: how long a server may say nothing.
    `limits`: commands a minute.
    Writing: `smtp`, `from_address`, `from_name`, `notify_to` (who is told of escalations), `escalation_folder`,
    `escalation_keyword`, `saves_sent` (the provider keeps what SMTP sends; None: Microsoft and Google do),
    `plus_addresses`, `survey_url` and `unsubscribe_url` (with "{token}"), `texts` (own wordings by language), `caps`.
    """

    host: str | None = None
    user: str | None = None
    port: int = 993
    tls: Literal["tls", "starttls", "none"] = "tls"
    folders: tuple[str, ...] = ("INBOX",)
    done_folders: tuple[str, ...] = ()
    sent_folder: str | None = None
    auth: Auth = "password"
    secret: str = ""
    tenant: str | None = None
    ca_file: str | None = None
    inboxes: tuple[Inbox, ...] = ()
    own_addresses: tuple[str, ...] = ()
    trusted_hosts: tuple[str, ...] = ()
    done_keywords: tuple[str, ...] = ("$AmendsDone",)
    page_size: int = 50
    whole_bytes: int = 25_000_000
    keep_bytes: int = 1_000_000
    keep_attachments: bool = False
    rescan_days: int = 14
    timeout_seconds: float = 30.0
    authority: str = "https://login.microsoftonline.com"
    limits: dict[str, int] = {}
    smtp: Smtp | None = None
    from_address: str | None = None
    from_name: str = ""
    notify_to: tuple[str, ...] = ()
    escalation_folder: str | None = None
    escalation_keyword: str = "$AmendsEscalated"
    saves_sent: bool | None = None
    plus_addresses: bool = False
    survey_url: str | None = None
    unsubscribe_url: str | None = None
    texts: dict[str, Wording] = {}
    caps: Caps = Caps()

    def __post_init__(self) -> None:
        if bool(self.inboxes) == bool(self.host):
            raise ValueError("name either one inbox by `host` and `user`, or several under `inboxes`")
        if not 1 <= self.page_size <= MOST_PER_PAGE:
            raise ValueError(f"page_size must lie between 1 and {MOST_PER_PAGE}")
        if (
            self.keep_bytes < 1000
            or self.whole_bytes < self.keep_bytes
            or self.rescan_days < 1
            or self.timeout_seconds <= 0
        ):
            raise ValueError(
                "rescan_days and timeout_seconds must be greater than 0, keep_bytes than 1000, whole_bytes not smaller"
            )
        names = [box.name for box in self.boxes]
        if len(set(names)) < len(names):
            raise ValueError("two inboxes have one user: name each mailbox once, with all its folders")

    @property
    def boxes(self) -> tuple[Inbox, ...]:
        """All inboxes, in either form."""
        if self.inboxes:
            return self.inboxes
        mine = asdict(self)
        short = {name: mine[name] for name in Inbox.__struct_fields__}
        return (Inbox(**{**short, "host": self.host or "", "user": self.user or ""}),)

    @property
    def own(self) -> tuple[str, ...]:
        """Every address that is ours."""
        named = (*self.own_addresses, self.from_address or "", *(box.user for box in self.boxes))
        return tuple(dict.fromkeys(one.lower() for one in named if "@" in one))


def lacking(kind: ActionKind, settings: ImapSettings, secrets: frozenset[str]) -> str | None:
    """What an admin has to set before mail of this kind can leave for a customer; None where nothing is missing."""
    if kind not in (ActionKind.SURVEY, ActionKind.ACKNOWLEDGE):
        return None
    if settings.smtp is None:
        return "the option `smtp`, the server that takes our mail"
    if not settings.trusted_hosts:
        return "the option `trusted_hosts`: until it is named nobody is verified, and only they are written to"
    if kind is ActionKind.SURVEY and settings.survey_url is None:
        return "the option `survey_url`"
    return "the secret `reply_keys`" if kind is ActionKind.SURVEY and "reply_keys" not in secrets else None
