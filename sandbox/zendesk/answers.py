"""The vendor's error bodies."""

from __future__ import annotations

from sandbox.http.answers import Answer, Refused, Request

__all__ = ["Answer", "Request", "bad_value", "conflict", "forbidden", "invalid", "not_found"]


def not_found() -> Refused:
    return Refused(404, {"error": "RecordNotFound", "description": "Not found"})


def forbidden() -> Refused:
    words = "You do not have access to this page. Please contact the account owner of this help desk for further help."
    return Refused(403, {"error": {"title": "Forbidden", "message": words}})


def bad_value(words: str, status: int = 400) -> Refused:
    return Refused(status, {"error": "InvalidValue", "description": words})


def invalid(details: dict[str, list[str]]) -> Refused:
    """A 422 with problems by field."""
    told_details = {name: [{"description": words} for words in texts] for name, texts in details.items()}
    body = {"error": "RecordInvalid", "description": "Record validation errors", "details": told_details}
    return Refused(422, body)


def conflict() -> Refused:
    words = "Safe Update prevented the update due to outdated ticket data. Please fetch the latest ticket data."
    return Refused(409, {"error": "UpdateConflict", "description": words})
