"""What the world may reach, on a port of its own: the door of hooks, and the page of survey questions.

Started by the console's `serving`; `serve_survey` serves the page alone, for a host name of its own. Nothing of the
console is known here: whoever finds this port finds no login, no complaint and no setting.
"""

from __future__ import annotations

from collections.abc import Callable

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp

from connector.commands.place import Place
from connector.commands.survey import page_of
from connector.settings.survey_words import survey_words
from connector.store import Store
from connector.store.hook_inbox import HookInbox
from connector.survey_key import SurveyLinks, key_file
from connector.web import survey
from connector.web.hooks import HookDoor, ears
from connector.web.patience import HEADER_SECONDS, LARGEST_HEADERS_BYTES, Patient

MOST_STRANGERS = 2000


def application(place: Place, store: Store) -> Starlette:
    """The app for what the settings in force open to the world, on an open store."""
    routes: list[BaseRoute] = [Route("/healthz", _well, methods=["GET"])]
    if heard := ears(place.settings, place.home):
        routes.append(HookDoor(heard, HookInbox(place.home), place.wall).route())
    asked = place.settings.policy.survey
    if asked is not None and asked.page is not None:
        routes += survey.routes(_pages(place, store))
    nothing = survey.nothing_here
    return Starlette(routes=routes, exception_handlers={404: nothing, 405: nothing})


def server(app: ASGIApp, host: str, port: int) -> uvicorn.Server:
    """Strangers get little: short headers, little time, no more connections at once than we can hold, no word on what
    serves them. Nothing of a request is logged, for the address of a survey is a key."""
    return uvicorn.Server(
        uvicorn.Config(
            app,
            host=host,
            port=port,
            log_config=None,
            access_log=False,
            server_header=False,
            h11_max_incomplete_event_size=LARGEST_HEADERS_BYTES,
            timeout_keep_alive=HEADER_SECONDS,
            limit_concurrency=MOST_STRANGERS,
            timeout_graceful_shutdown=3,
            lifespan="off",
            ws="none",
            http=Patient,
        )
    )


def serve_survey(place: Place, host: str, port: int, *, tell: Callable[[str], None]) -> None:
    """Serve the page of questions and nothing else until SIGTERM or Ctrl-C; beside a daemon or alone. Answers go
    straight into the store. Raises SettingsError where there is no page."""
    with place.store() as store:
        app = survey.app(_pages(place, store))
        tell(f"The page of survey questions is at http://{host}:{port}, for {page_of(place).url}. Ctrl-C ends it.")
        server(app, host, port).run()


def _pages(place: Place, store: Store) -> survey.SurveyPages:
    page = page_of(place)
    links = SurveyLinks(page, key_file(store.file, place.home))
    return survey.SurveyPages(store, page, survey_words(place.named), links, place.now, place.settings.policy.contacts)


async def _well(_request: Request) -> Response:
    return PlainTextResponse("ok\n", headers={"cache-control": "no-store"})
