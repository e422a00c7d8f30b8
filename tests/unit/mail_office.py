"""A small mail office in memory for the tests of writing: a mailbox, an SMTP server, a ledger, and a hand on the plug.

Every contact with the outside is a step; `Office.die_at` pulls the plug before the step of that number, as a crash
would. What the outside has seen by then stays.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_string
from hashlib import sha256

import pytest

from adapters.imap import tokens, writing
from adapters.imap.caps import Caps
from adapters.imap.composing import Letterhead, Mail, Thread
from adapters.imap.keywords import Opened
from adapters.imap.postroom import Place, Postroom, Root
from adapters.imap.recipients import Correspondent
from adapters.imap.sending import Accepted
from connector.adapter import Finding, Landed, NotYet, Sending, Stamp
from connector.errors import AmendsError, ConflictError, RejectedError, TemporaryError
from connector.model import Action, ActionKind, Effect

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
TICKET = "m" + "abcdefgh" * 3
MARKER = "am-abcdefghijklmnopqrst"
NOTE = "Overdue: this complaint needs a manager.\nWhy: the first reply was due at 09:00."
KEYS = tokens.parse("k1:a-long-and-random-secret")
ROOT_ID = "first@mail.customer.example"
HEAD = Letterhead(
    address="support@shop.example", house="The Shop", survey_url="https://shop.example/s/{token}", keys=KEYS
)
CUSTOMER = "jo@customer.example"
MOST_STEPS = 60


class PlugError(BaseException):
    """The machine lost its power."""


@dataclass
class Lying:
    """A mail in a folder."""

    uid: int
    message_id: str
    text: str = ""
    flags: set[str] = field(default_factory=set)


class BookLedger:
    """A `Ledger` that outlives every crash."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._tries: list[tuple[str, tuple[str, ...], datetime, bool]] = []
        self.complete_since: datetime | None = None
        self.stops: dict[str, str] = {}

    def sending(self, name: str) -> Sending | None:
        tries = [one for one in self._tries if one[0] == name]
        return Sending(tries[-1][2], len(tries), any(one[3] for one in tries)) if tries else None

    def begin(self, name: str, keys: Sequence[str], at: datetime) -> None:
        self._office.step("ledger: begin")
        self._tries.append((name, tuple(keys), at, False))

    def end(self, name: str, *, sent: bool) -> None:
        self._office.step("ledger: end")
        last = max(index for index, one in enumerate(self._tries) if one[0] == name)
        if sent:
            self._tries[last] = (*self._tries[last][:3], True)
        else:
            del self._tries[last]

    def count(self, key: str, since: datetime) -> int:
        return sum(key in keys and at >= since for _, keys, at, _ in self._tries)

    def stopped(self, key: str) -> str | None:
        return self.stops.get(key)


class Client:
    """What writing asks of IMAPClient, on the office's folders."""

    def __init__(self, office: Office, name: str) -> None:
        self._office = office
        self._name = name

    def _lying(self, uid: int) -> Lying:
        return next(one for one in self._office.folders[self._name] if one.uid == uid)

    def has_capability(self, name: str) -> bool:
        return name in self._office.capabilities

    def search(self, criteria: list[str]) -> list[int]:
        self._office.step("imap: search")
        return [one.uid for one in self._office.folders[self._name] if f"<{one.message_id}>" == criteria[2]]

    def fetch(self, uids: list[int], parts: list[str]) -> dict[int, dict[bytes, object]]:
        self._office.step("imap: fetch")
        return {
            one.uid: {b"FLAGS": tuple(flag.encode() for flag in one.flags), b"H": f"<{one.message_id}>".encode()}
            for one in self._office.folders[self._name]
            if one.uid in uids
        }

    def add_flags(self, uids: list[int], flags: list[str]) -> None:
        self._office.step("imap: store")
        self._office.refuse_if_read_only()
        kept = self._office.keeps
        self._lying(uids[0]).flags |= {flag for flag in flags if flag.startswith("\\") or kept}

    def remove_flags(self, uids: list[int], flags: list[str]) -> None:
        self._office.step("imap: store")
        self._office.refuse_if_read_only()
        self._lying(uids[0]).flags -= set(flags)

    def folder_exists(self, folder: str) -> bool:
        return folder in self._office.folders

    def create_folder(self, folder: str) -> None:
        self._office.step("imap: create")
        self._office.folders[folder] = []

    def copy(self, uids: list[int], folder: str) -> None:
        self._office.step("imap: copy")
        mail = self._lying(uids[0])
        self._office.lay(folder, mail.message_id, mail.text, set(mail.flags))

    def uid_expunge(self, uids: list[int]) -> None:
        self._office.step("imap: expunge")
        mails = self._office.folders[self._name]
        mails[:] = [one for one in mails if one.uid not in uids or "\\Deleted" not in one.flags]

    def move(self, uids: list[int], folder: str) -> None:
        self._office.step("imap: move")
        mail = self._lying(uids[0])
        self._office.folders[self._name].remove(mail)
        self._office.lay(folder, mail.message_id, mail.text, mail.flags)

    def append(self, folder: str, msg: bytes, flags: Sequence[str], msg_time: datetime) -> None:
        self._office.step("imap: append")
        text = msg.decode("ascii")
        self._office.lay(folder, message_from_string(text)["Message-ID"].strip("<>"), text, set(flags))


class Office:
    """The whole office. `post` may be replaced; `answers` are what the SMTP server does with each mail in turn: None
    takes it, "lost" takes it and its answer is lost, an error refuses it before the dot, ("dot", error) after it."""

    def __init__(self, **settings: object) -> None:
        self.now = START
        self.folders: dict[str, list[Lying]] = {"INBOX": [], "Sent": [], "Escalated": []}
        self.capabilities = {"MOVE", "UIDPLUS"}
        self.keeps = True
        self.read_only = False
        self.validity = 7
        self.provider_saves = False
        self.delivered: list[Mail] = []
        self.answers: list[object] = []
        self.steps = 0
        self.die_at: int | None = None
        self.who = Correspondent(CUSTOMER, "verified")
        self.language: str | None = "en"
        self.thread = Thread(ROOT_ID)
        self.ledger = BookLedger(self)
        self.settings = settings
        self.lay("INBOX", ROOT_ID)

    # -- the way in ------------------------------------------------------------------------------------------------

    def lay(self, folder: str, message_id: str, text: str = "", flags: set[str] | None = None) -> None:
        uid = 1 + max((one.uid for mails in self.folders.values() for one in mails), default=100)
        self.folders[folder].append(Lying(uid, message_id, text, flags or set()))

    def step(self, name: str) -> None:
        if self.die_at == self.steps:
            self.die_at = None
            raise PlugError(name)
        self.steps += 1

    def refuse_if_read_only(self) -> None:
        if self.read_only:
            raise RejectedError("the folder is read-only.")

    def root(self, ticket: str) -> Root | None:
        self.step("imap: look for the root")
        for folder in ("INBOX", "Escalated"):
            for mail in self.folders[folder]:
                if mail.message_id == ROOT_ID and ticket == TICKET:
                    place = Place("support@shop.example", folder)
                    return Root(place, mail.uid, self.validity, ROOT_ID, self.who, self.thread, self.language)
        return None

    @contextmanager
    def at(self, place: Place, *, write: bool = False) -> Iterator[Opened]:
        self.step("imap: select")
        permanent = {"\\Flagged", "\\Deleted", *(["\\*"] if self.keeps else [])}
        yield Opened(Client(self, place.folder), self.validity, frozenset(permanent))

    def sent(self) -> Place | None:
        return Place("support@shop.example", "Sent") if "Sent" in self.folders else None

    # -- the way out -----------------------------------------------------------------------------------------------

    def post(self, mail: Mail, begin: Callable[[], None], ticket: str) -> Accepted:
        self.step("smtp: connect")
        fate = self.answers.pop(0) if self.answers else None
        if isinstance(fate, Exception):
            raise fate
        self.step("smtp: body")
        begin()
        self.step("smtp: dot")
        if isinstance(fate, tuple):
            raise fate[1]
        self.delivered.append(mail)
        if self.provider_saves:
            self.lay("Sent", mail.message_id, mail.text)
        if fate == "lost":
            raise TemporaryError("the answer did not come.", source="post", ticket=ticket)
        self.step("smtp: answer")
        return Accepted("250 ok")

    def room(self, **settings: object) -> Postroom:
        """A fresh postroom, as after a restart."""
        told: dict[str, object] = {
            "post": self.post,
            "notify_to": ("boss@shop.example",),
            "own": ("support@shop.example",),
            "escalation_folder": "Escalated",
            "saves_sent": self.provider_saves,
            "caps": Caps(),
            "head": HEAD,
            "ledger": self.ledger,
            **self.settings,
            **settings,
        }
        return Postroom(source="post", mailbox=self, now=lambda: self.now, **told)

    def later(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def flags(self) -> set[str]:
        """The flags of the mail that the ticket began with, in all its copies."""
        return {
            flag for mails in self.folders.values() for one in mails if one.message_id == ROOT_ID for flag in one.flags
        }


def action(kind: ActionKind, effect: Effect | None = None, episode: str = "first_reply#1") -> Action:
    usual = {
        ActionKind.ESCALATE: Effect(note=NOTE, tags=("amends_overdue",)),
        ActionKind.TAG: Effect(tags=("amends_delivery",)),
        ActionKind.SURVEY: Effect(tags=("amends_survey",)),
        ActionKind.LINK: Effect(note="To remove the cause of this complaint, OPS-12 at jira was opened."),
        ActionKind.CORRECT: Effect(create={"summary": "x"}),
    }
    digest = sha256(f"{kind}{episode}".encode()).hexdigest()
    letters = "".join("abcdefghijklmnop"[int(digit, 16)] for digit in digest[:20])
    return Action(
        key=digest,
        marker=f"am-{letters}",
        source="post",
        ticket=TICKET,
        kind=kind,
        rule="overdue",
        episode=episode,
        effect=usual[kind] if effect is None else effect,
        why="It is late.",
        not_before=START,
    )


# What the engine does


def prepared(office: Office, one: Action) -> Stamp:
    """The stamp as the engine gets it back from its store."""
    stamp = writing.prepare(office.room(), one)
    assert json.loads(json.dumps(stamp)) == stamp
    return stamp


def settled(office: Office, one: Action, stamp: Stamp) -> Finding | Exception:
    """What the engine does with a write in doubt, to its end: look, wait as told, send again what is not there."""
    for _ in range(MOST_STEPS):
        try:
            finding = writing.find(office.room(), one, stamp, office.now)
            if not isinstance(finding, NotYet):
                return finding
            writing.apply(office.room(), one, stamp)
            return writing.find(office.room(), one, stamp, office.now)
        except (TemporaryError, ConflictError) as error:
            office.later(error.retry_after_seconds or 30)
        except AmendsError as error:
            return error
    pytest.fail("the write never comes to an end")


def done(office: Office, one: Action) -> None:
    stamp = prepared(office, one)
    writing.apply(office.room(), one, stamp)
    assert isinstance(writing.find(office.room(), one, stamp, office.now), Landed)
