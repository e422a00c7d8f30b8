"""What the world may reach, on a port of its own: the door of hooks. Started by the console's `serving`.

Nothing of the console is known here: whoever finds this port finds no login, no complaint and no setting.
"""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from connector.commands.place import Place
from connector.store.hook_inbox import HookInbox
from connector.web.hooks import HookDoor, ears


def application(place: Place) -> Starlette:
    """The app for what the settings in force open to the world."""
    inbox = HookInbox(place.home)
    door = HookDoor(ears(place.settings, place.home), inbox, place.wall)
    routes: list[BaseRoute] = [Route("/healthz", _well, methods=["GET"]), door.route()]
    return Starlette(routes=routes)


async def _well(_request: Request) -> Response:
    return PlainTextResponse("ok\n", headers={"cache-control": "no-store"})
