"""A real IMAP server in this process: pymap with its mail in memory, on a port of the loopback address.

A poor server on purpose: it numbers no changes (CONDSTORE) and drops keywords that people make up, as some real ones
do. `SharedServer` keeps them, and stands behind TLS; it has several people on one mailbox and a ledger of what they
do. Used by tests and, through `office`, the demo.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
import threading
from argparse import Namespace
from collections.abc import Callable, Coroutine
from datetime import datetime
from typing import Any

from proxyprotocol.reader import ProxyProtocolReader
from pymap.backend.dict import Config, Login
from pymap.imap import IMAPServer
from pymap.parsing.message import AppendMessage
from pymap.parsing.specials import Flag
from pymap.user import Passwords, UserMetadata
from pysasl.hashing import Cleartext

from sandbox.mailbox.ledger import Ledger
from sandbox.mailbox.letters import SHOP
from sandbox.mailbox.sessions import SharedLogin

HOST = "127.0.0.1"
USER, PASSWORD = SHOP, "a-long-password"


class MailServer:
    """Mailboxes by user, each with a password. Runs in a thread of its own until `stop`."""

    tls: ssl.SSLContext | None = None

    def __init__(self, users: dict[str, str] | None = None) -> None:
        logging.getLogger("pymap").setLevel(logging.INFO)  # below that it writes down every line, and so each password
        logging.getLogger("asyncio").addFilter(lambda record: "socket.send()" not in record.getMessage())
        self.users = users or {USER: PASSWORD}
        self.host = HOST
        self.port = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="mailbox", daemon=True)
        self._thread.start()
        self._login: Login
        self._servers: list[asyncio.Server] = []
        self._done(self._start())

    def stop(self) -> None:
        self._done(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=10)
        if not self._loop.is_running():
            self._loop.close()

    def add(self, user: str, password: str = PASSWORD) -> None:
        """One more mailbox, with an INBOX."""
        self._done(self._added(user, password))

    def recreate(self, folder: str, user: str = USER) -> None:
        """The folder goes away and comes back empty, with other numbers, as after a move to another machine."""
        self._done(self._recreated(folder, user))

    def _done(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=30)

    async def _start(self) -> None:
        config = _config()
        config.apply_context()
        self._login = self._doorman(config)
        for user, password in self.users.items():
            await self._added(user, password)
        answering = ProxyProtocolReader(config.proxy_protocol).get_callback(IMAPServer(self._login, config))
        self._servers.append(await asyncio.start_server(answering, HOST, 0, ssl=self.tls))
        self.port = self._servers[0].sockets[0].getsockname()[1]

    def _doorman(self, config: Config) -> Login:
        return Login(config)

    async def _added(self, user: str, password: str) -> None:
        hashed = await Passwords(self._login.config).hash_password(password)
        self._login.users_dict[user] = UserMetadata(self._login.config, user, password=hashed)

    async def _end(self) -> None:
        for server in self._servers:
            server.close()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()

    async def _recreated(self, folder: str, user: str) -> None:
        boxes, _ = self._login.config.set_cache[user]
        if folder.upper() == "INBOX":
            inbox = await boxes.get_mailbox("INBOX")
            await inbox.delete([message.uid async for message in inbox.messages()])
            inbox._uid_validity += 1
            inbox._max_uid = 100
        else:
            await boxes.delete_mailbox(folder)
            await boxes.add_mailbox(folder)


class SharedServer(MailServer):
    """A good server: behind TLS, keeping keywords, and writing into `ledger` who did what at which time (`now`)."""

    def __init__(self, tls: ssl.SSLContext, ledger: Ledger, now: Callable[[], datetime]) -> None:
        self.tls = tls
        self._ledger, self._now = ledger, now
        self._shared: SharedLogin
        super().__init__()

    def share(self, user: str, *logins: str) -> None:
        """Let these logins, with the usual password, into the mailbox of `user`."""
        for login in logins:
            self._shared.whose[login] = user
            self.add(login)

    def deliver(self, user: str, raw: bytes, at: datetime) -> None:
        """A mail arrives in a mailbox, by no login."""
        self._done(self.put(user, "INBOX", raw, at))

    async def put(self, user: str, folder: str, raw: bytes, at: datetime, *flags: Flag) -> None:
        """The same, into any folder; to be awaited in the server's own loop."""
        box = await self._shared.mailboxes(user)[0].get_mailbox(folder)
        await box.append(AppendMessage(raw, at, frozenset(flags)), recent=not flags)

    def make(self, user: str, *folders: str) -> None:
        """Make folders in a mailbox."""
        for name in folders:
            self._done(self._made(user, name))

    def listen(self, make: Callable[[asyncio.AbstractEventLoop], asyncio.Protocol]) -> int:
        """Let another protocol be spoken beside IMAP, on a port of its own; returns the port."""
        return int(self._done(self._listening(make)))

    def _doorman(self, config: Config) -> Login:
        self._shared = SharedLogin(config, self._ledger, self._now)
        return self._shared

    async def _made(self, user: str, name: str) -> None:
        await self._shared.mailboxes(user)[0].add_mailbox(name)

    async def _listening(self, make: Callable[[asyncio.AbstractEventLoop], asyncio.Protocol]) -> int:
        server = await self._loop.create_server(lambda: make(self._loop), HOST, 0)
        self._servers.append(server)
        return int(server.sockets[0].getsockname()[1])


def _config() -> Config:
    arguments = Namespace(
        host=HOST, port=0, debug=False, cert=None, key=None, tls=False, demo_data=False, demo_user=USER,
        demo_password=PASSWORD, passlib_cfg=None, proxy_protocol=None, inherited_sockets=None,
    )  # fmt: skip
    return Config.from_args(arguments, hash_context=Cleartext())
