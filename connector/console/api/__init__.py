"""The API for programs, under /api/v1: the same services as the pages, as JSON, with tokens and cursors."""

from fastapi import APIRouter

from connector.console.api import complaints, settling
from connector.console.api.describing import DESCRIPTION, described

ROUTERS: tuple[APIRouter, ...] = (complaints.router, settling.router)

__all__ = ["DESCRIPTION", "ROUTERS", "described"]
