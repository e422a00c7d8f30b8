"""What pymap lacks for a mailbox that people share: keywords that stay, a login for each person, and a ledger.

Used by `server`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from email.parser import BytesHeaderParser
from typing import Any

from pymap.backend.dict import Config, Identity, Login, Session
from pymap.backend.dict.filter import FilterSet
from pymap.backend.dict.mailbox import MailboxData, MailboxSet, Message
from pymap.exceptions import AuthorizationFailure
from pymap.flags import FlagOp
from pymap.interfaces.login import IdentityInterface
from pymap.parsing.message import AppendMessage
from pymap.parsing.response.code import AppendUid, CopyUid
from pymap.parsing.specials import FetchRequirement, ObjectId, SequenceSet
from pymap.parsing.specials.flag import Flag, Wildcard
from pymap.selected import SelectedMailbox

from sandbox.mailbox.ledger import Ledger


class KeepingMailbox(MailboxData):
    """A folder that keeps keywords which people make up."""

    @property
    def permanent_flags(self) -> frozenset[Flag]:
        return super().permanent_flags | {Wildcard}


class KeepingMailboxes(MailboxSet):
    """A mailbox of such folders."""

    def __init__(self) -> None:
        super().__init__()
        self._inbox = KeepingMailbox(self._content_cache, self._thread_cache)

    async def add_mailbox(self, name: str) -> ObjectId:
        async with self._set_lock.write_lock():
            if name in self._set:
                raise ValueError(name)
            made = KeepingMailbox(self._content_cache, self._thread_cache)
            self._set[name] = made
            return made.mailbox_id


class SharedLogin(Login):
    """Logins of people to mailboxes that they share: `whose` names the mailbox that a login opens."""

    def __init__(self, config: Config, ledger: Ledger, now: Callable[[], datetime]) -> None:
        super().__init__(config)
        self.ledger, self.now = ledger, now
        self.whose: dict[str, str] = {}

    def mailboxes(self, login: str) -> tuple[MailboxSet, FilterSet]:
        """The folders behind a login, made at the first need."""
        name = self.whose.get(login, login)
        if name not in self.config.set_cache:
            self.config.set_cache[name] = (KeepingMailboxes(), FilterSet())
        return self.config.set_cache[name]

    async def authorize(self, authenticated: IdentityInterface, authzid: str) -> Identity:
        if authenticated.name != authzid:
            raise AuthorizationFailure()
        return SharedIdentity(authzid, self)


class SharedIdentity(Identity):
    """Somebody who has logged in."""

    def __init__(self, name: str, login: SharedLogin) -> None:
        super().__init__(name, login, None, frozenset())
        self._shared = login

    @asynccontextmanager
    async def new_session(self) -> AsyncIterator[Session]:
        await self.get()
        boxes, filters = self._shared.mailboxes(self.name)
        yield NotedSession(self.name, self._shared, boxes, filters)


class NotedSession(Session):
    """A session whose changes are written into the ledger, under the name of who made them."""

    def __init__(self, owner: str, login: SharedLogin, boxes: MailboxSet, filters: FilterSet) -> None:
        super().__init__(owner, login.config, boxes, filters)
        self._login = login

    async def update_flags(
        self,
        selected: SelectedMailbox,
        sequence_set: SequenceSet,
        flag_set: frozenset[Flag],
        mode: FlagOp = FlagOp.REPLACE,
    ) -> Any:
        box = await self._get_selected(selected)
        cached = [one for _, one in selected.messages.get_all(sequence_set)]
        before = {one.uid: (await box.get(one.uid, one)).permanent_flags for one in cached}
        messages, after = await super().update_flags(selected, sequence_set, flag_set, mode)
        for _, message in messages:
            added = sorted(str(flag) for flag in message.permanent_flags - before[message.uid])
            if added:
                self._note("keywords", await _message_id(message), tags_added=added)
        return messages, after

    async def append_messages(
        self, name: str, messages: Sequence[AppendMessage], selected: SelectedMailbox | None = None
    ) -> tuple[AppendUid, SelectedMailbox | None]:
        done = await super().append_messages(name, messages, selected)
        for one in messages:
            ident = message_id(one.literal)
            self._note("append", ident, folder=name, marker={"message_id": ident})
        return done

    async def move_messages(
        self, selected: SelectedMailbox, sequence_set: SequenceSet, mailbox: str
    ) -> tuple[CopyUid | None, SelectedMailbox]:
        box = await self._get_selected(selected)
        cached = [one for _, one in selected.messages.get_all(sequence_set)]
        moved = [await _message_id(await box.get(one.uid, one)) for one in cached]
        done = await super().move_messages(selected, sequence_set, mailbox)
        for ident in moved:
            self._note("move", ident, folder=mailbox)
        return done

    def _note(self, kind: str, ident: str, **what: Any) -> None:
        at = self._login.now().isoformat(timespec="milliseconds")
        self._login.ledger.add(kind=kind, ticket=ident, actor=self.owner, applied_at=at, **what)


async def _message_id(message: Message) -> str:
    loaded = await message.load_content(FetchRequirement.HEADER)
    return message_id(bytes(loaded.get_headers([])))


def message_id(raw: bytes) -> str:
    """The Message-ID of a mail, without brackets; empty where it has none."""
    return str(BytesHeaderParser().parsebytes(raw)["Message-ID"] or "").strip().strip("<>")
