"""A real IMAP server in this process: pymap with its mail in memory, on a port of the loopback address.

A poor server on purpose: it numbers no changes (CONDSTORE) and drops keywords that people make up, as some real ones
do. Used by tests and the demo.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from argparse import Namespace
from collections.abc import Coroutine
from typing import Any

from proxyprotocol.reader import ProxyProtocolReader
from pymap.backend.dict import DictBackend
from pymap.imap import IMAPServer
from pymap.user import Passwords, UserMetadata
from pysasl.hashing import Cleartext

HOST = "127.0.0.1"
USER, PASSWORD = "support@shop.example", "a-long-password"


class MailServer:
    """Mailboxes by user, each with a password. Runs in a thread of its own until `stop`."""

    def __init__(self, users: dict[str, str] | None = None) -> None:
        logging.getLogger("pymap").setLevel(logging.INFO)  # below that it writes down every line, and so each password
        logging.getLogger("asyncio").addFilter(lambda record: "socket.send()" not in record.getMessage())
        self.users = users or {USER: PASSWORD}
        self.host = HOST
        self.port = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="mailbox", daemon=True)
        self._thread.start()
        self._backend: DictBackend
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
        first, *_ = self.users.items()
        arguments = Namespace(
            host=HOST, port=0, debug=False, cert=None, key=None, tls=False, demo_data=False, demo_user=first[0],
            demo_password=first[1], passlib_cfg=None, proxy_protocol=None, inherited_sockets=None,
        )  # fmt: skip
        backend, config = await DictBackend.init(arguments, hash_context=Cleartext())
        config.apply_context()
        self._backend = backend
        for user, password in self.users.items():
            await self._added(user, password)
        answering = ProxyProtocolReader(config.proxy_protocol).get_callback(IMAPServer(backend.login, config))
        self._server = await asyncio.start_server(answering, HOST, 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _added(self, user: str, password: str) -> None:
        config = self._backend.config
        hashed = await Passwords(config).hash_password(password)
        self._backend.login.users_dict[user] = UserMetadata(config, user, password=hashed)

    async def _end(self) -> None:
        self._server.close()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()

    async def _recreated(self, folder: str, user: str) -> None:
        boxes, _ = self._backend.config.set_cache[user]
        if folder.upper() == "INBOX":
            inbox = await boxes.get_mailbox("INBOX")
            await inbox.delete([message.uid async for message in inbox.messages()])
            inbox._uid_validity += 1
            inbox._max_uid = 100
        else:
            await boxes.delete_mailbox(folder)
            await boxes.add_mailbox(folder)
