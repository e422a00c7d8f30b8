"""The pages: HTML for people. Each route asks one or two services and hands what they say to a template."""

from fastapi import APIRouter

from connector.console.pages import (
    access,
    amending,
    cases,
    entering,
    figures,
    mappings,
    now,
    people,
    settling,
    watching,
)

ROUTERS: tuple[APIRouter, ...] = (
    entering.router,
    now.router,
    cases.router,
    people.router,
    amending.router,
    settling.router,
    figures.router,
    mappings.router,
    access.router,
    watching.router,
)
