"""Pages from templates: every value is escaped, and what a page needs besides its own is put in. Called by `pages`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import Any

from fastapi import Request
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup
from starlette.responses import HTMLResponse

from connector.commands.trends import Row
from connector.console.asking import FORM_TOKEN, house_of, secret_of
from connector.console.drawing import clock_view, daily_bars, highlighted
from connector.console.entrance import form_token
from connector.console.seat import Seat
from connector.display import count, moment, plain, span
from connector.explain import happened
from connector.report import charts
from connector.report.columns import sections
from connector.report.counting import Report
from connector.roles import Permission
from connector.store import sources

# (address, name, the key that goes there after "g", the permission that it needs)
NAV = (
    ("/", "Now", "n", Permission.READ),
    ("/complaints", "Complaints", "c", Permission.READ),
    ("/people", "People", "e", Permission.READ),
    ("/trends", "Trends", "t", Permission.READ),
    ("/corrections", "Corrections", "x", Permission.READ),
    ("/report", "Report", "r", Permission.READ),
    ("/outbox", "Outbox", "o", Permission.READ),
    ("/quarantine", "Quarantine", "q", Permission.READ),
    ("/sources", "Sources", "s", Permission.READ),
    ("/mappings", "Mappings", "m", Permission.READ),
    ("/policy", "Policy", "p", Permission.READ),
    ("/audit", "Audit", "a", Permission.AUDIT),
    ("/users", "Access", "u", Permission.ACCESS),
)


@cache
def _templates() -> Environment:
    made = Environment(
        loader=PackageLoader("connector.console"),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "when": _when,
        "plain": plain,
        "words": lambda text: str(text).replace("_", " "),
        "count": count,
        "span": lambda seconds: span(timedelta(seconds=seconds)),
        "clock": clock_view,
        "highlighted": highlighted,
        "happened": happened,
        "commands": _commands,
        "months": _months,
        "daily": _daily,
        "figures": _figures,
        "percent": lambda value: "-" if value is None else f"{value:.1f} %",
    }
    return made


def _when(at: datetime | None) -> Markup:
    """A time as it stands for people and for programs; pages tell their own zone beside it."""
    if at is None:
        return Markup("-")
    return Markup('<time datetime="{}">{}</time>').format(at.isoformat(), moment(at))


def _commands(text: str) -> Markup:
    """A sentence, with the commands in it as such."""
    parts = text.split("`")
    return Markup("").join(Markup("<code>{}</code>").format(one) if at % 2 else one for at, one in enumerate(parts))


def _months(told: Report) -> Markup:
    """A drawing made where reports are made, with all words in it escaped."""
    return Markup(charts.months("Complaints month by month", told.months))  # noqa: S704


def _daily(one: Row) -> Markup:
    """A trend's last weeks, a bar a day; those since it began stand out."""
    return Markup(daily_bars(one))  # noqa: S704  # made of figures and escaped words


def _figures(told: Report) -> list[tuple[str, list[tuple[str, str]]]]:
    """The figures of all complaints as (section, [(title, value)])."""
    return [(name, [(one.title, one.told(told.total)) for one in those]) for name, those in sections().items()]


@cache
def asset_version() -> str:
    """Changes with what is in the folder of assets, so that browsers may keep them for long."""
    import hashlib

    digest = hashlib.sha256()
    for one in sorted(files("connector.console").joinpath("static").iterdir(), key=lambda each: each.name):
        digest.update(one.read_bytes())
    return digest.hexdigest()[:12]


def page(request: Request, name: str, *, status: int = 200, **values: Any) -> HTMLResponse:
    """The page `name`, with who is signed in, where they may go, and whether writes are stopped."""
    seat: Seat | None = getattr(request.state, "seat", None)
    shared: dict[str, Any] = {
        "asset": asset_version(),
        "here": request.url.path,
        "seat": seat,
        "actor": seat.actor if seat else None,
        "nav": [one for one in NAV if seat is not None and seat.actor.may(one[3])],
        "paused": _paused(request) if seat else None,
        "broken": house_of(request).broken if seat else None,
        "token": _token_field(request),
        "may": (lambda permission: seat is not None and seat.actor.may(permission)),
        "now": house_of(request).place.now(),
        "said": house_of(request).told(seat.actor.session) if seat else None,
    }
    return HTMLResponse(_templates().get_template(name).render(shared | values), status_code=status)


def _token_field(request: Request) -> Callable[[], Markup]:
    """The hidden field by which a form shows that it comes from here."""
    field = Markup('<input type="hidden" name="{}" value="{}">').format(
        FORM_TOKEN, form_token(secret_of(request) or "")
    )
    return lambda: field


def _paused(request: Request) -> tuple[datetime, str] | None:
    with house_of(request).store.read() as connection:
        return sources.paused(connection)
