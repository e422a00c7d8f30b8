"""The console at work: listening, and telling outgoing webhooks. Started by `amends web serve`, or beside the daemon by
`amends run` where amends.yaml says `web: {serve: true}`."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn

from connector.commands.place import Place
from connector.console import hooks
from connector.console.app import application
from connector.console.house import House
from connector.errors import AmendsError, SettingsError, StoreError
from connector.settings.web import WebSettings, loopback
from connector.web import public
from connector.web.patience import HEADER_SECONDS, LARGEST_HEADERS_BYTES, Patient

log = logging.getLogger("amends.web")

TELL_SECONDS = 2.0
MOST_CONNECTIONS = 200


def believed(web: WebSettings) -> tuple[str, ...]:
    """Whose word (X-Forwarded-For) counts on who is calling: those the settings name; and where people come by https,
    so that there is a proxy, one on this machine. Where there is none, nobody's: else whoever is here could call under
    a new address at each guess."""
    return (*(("127.0.0.1", "::1") if web.url is not None else ()), *web.proxies)


class Office:
    """A console that listens. `said` is its address."""

    def __init__(
        self, place: Place, *, address: str | None, port: int | None, reload: Callable[[], None] | None
    ) -> None:
        self.place, self.house = place, House(place, reload=reload)
        web = self.house.web
        host = address or web.address
        if web.url is None and not loopback(host):
            raise SettingsError(
                f"passwords would cross the network in the clear at {host}.",
                remedy="Put a proxy with TLS before it, and name its https address in amends.yaml: `web`, `url`.",
            )
        self.said = (
            web.url or f"http://{'[' + host + ']' if ':' in host else host}:{web.port if port is None else port}"
        )
        self.stop = threading.Event()
        self.public = self._public()
        self.server = uvicorn.Server(
            uvicorn.Config(
                application(self.house),
                host=host,
                port=web.port if port is None else port,
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=bool(believed(web)),
                forwarded_allow_ips=list(believed(web)),
                h11_max_incomplete_event_size=LARGEST_HEADERS_BYTES,
                timeout_keep_alive=HEADER_SECONDS,
                limit_concurrency=MOST_CONNECTIONS,
                timeout_graceful_shutdown=3,
                lifespan="off",
                ws="none",
                http=Patient,
            )
        )

    def run(self) -> None:
        """Listen until `stop`; in the main thread, until SIGTERM or Ctrl-C."""
        telling = threading.Thread(target=self._tell, name="webhooks", daemon=True)
        telling.start()
        outside = threading.Thread(target=self._open_to_the_world, name="public", daemon=True)
        outside.start()
        try:
            self.server.run()
        except SystemExit as gone:  # uvicorn's way to say that it cannot listen there
            raise SettingsError(
                f"the console cannot listen at {self.said}.", remedy="Is another one there? Name another port."
            ) from gone
        finally:
            self.stop.set()
            telling.join(TELL_SECONDS)
            if self.public is not None:
                self.public.should_exit = True
            outside.join(5)
            self.house.close()

    def end(self) -> None:
        self.server.should_exit = True

    def _public(self) -> uvicorn.Server | None:
        """What the world may reach, where the settings open anything to it."""
        wish = self.house.settings.public
        if wish is None:
            return None
        return public.server(public.application(self.place, self.house.store), wish.address, wish.port)

    def _open_to_the_world(self) -> None:
        if self.public is None:
            return
        try:
            self.public.run()
        except SystemExit:  # the console goes on; changes come by the poll
            log.error("hooks and surveys cannot be served at port %d. Is another one there?", self.public.config.port)

    def _tell(self) -> None:
        while not self.stop.wait(TELL_SECONDS):
            try:
                hooks.tell(self.place, self.house.store, self.house.settings.web.hooks)
            except AmendsError as error:
                log.error("webhooks: %s", error)


@contextmanager
def beside(place: Place, reload: Callable[[], None]) -> Iterator[None]:
    """The console in a thread of the daemon's process. Where it cannot listen, the daemon works all the same."""
    office = Office(place, address=None, port=None, reload=reload)
    thread = threading.Thread(target=_guarded, args=[office], name="console", daemon=True)
    thread.start()
    log.info("the console is at %s", office.said)
    try:
        yield
    finally:
        office.end()
        thread.join(5)


def _guarded(office: Office) -> None:
    try:
        office.run()
    except (SettingsError, StoreError) as error:
        log.error("%s", error)
