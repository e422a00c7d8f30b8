"""For machines that watch: whether this process answers, whether a daemon is at work, and the metrics."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.responses import PlainTextResponse

from connector.commands import overview
from connector.commands.metrics import exposition
from connector.console.asking import address_of, house_of, program
from connector.console.door import named_host
from connector.console.errors import ForbiddenError
from connector.console.house import House
from connector.errors import AmendsError
from connector.roles import Permission
from connector.settings.web import loopback

router = APIRouter(include_in_schema=False)
_PROXIED = ("forwarded", "x-forwarded-for", "x-real-ip", "via")
_KIND = "text/plain; version=0.0.4; charset=utf-8"


@router.get("/healthz")
async def healthz() -> Response:
    """That the process answers; nothing else, so that a restart is asked for only where it would help."""
    return PlainTextResponse("ok\n")


@router.get("/readyz")
async def readyz(request: Request) -> Response:
    """503 with the reasons, one a line, while something keeps Amends from its work."""
    wrong = await run_in_threadpool(_in_the_way, house_of(request))
    return PlainTextResponse("\n".join(wrong or ["ready"]) + "\n", 503 if wrong else 200)


def _in_the_way(house: House) -> list[str]:
    wrong = ["the changed settings cannot be understood"] if house.broken else []
    try:
        if overview.life(house.place).daemon is None:
            wrong.append("no daemon is at work")
    except AmendsError:
        wrong.append("the store cannot be read")
    return wrong


@router.get("/metrics")
async def metrics(request: Request) -> Response:
    """For Prometheus on this machine, or with a token of the scope `read`."""
    if not _near(request) or request.headers.get("authorization"):
        seat = await program(request)
        if not seat.actor.may(Permission.READ):
            raise ForbiddenError(f"{seat.actor.called} may not read.", remedy="Give the token the scope read.")
    return Response(await run_in_threadpool(exposition, house_of(request).place), media_type=_KIND)


def _near(request: Request) -> bool:
    """Whether a program of this machine asks, by this machine's own name. A page elsewhere whose name was pointed at us
    makes a browser here ask, but by that page's name; a proxy passes on the public one."""
    host = named_host(request.headers.get("host", ""))
    proxied = any(name in request.headers for name in _PROXIED)
    return loopback(address_of(request)) and host is not None and loopback(host) and not proxied
