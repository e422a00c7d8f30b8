"""Why a request was not carried out, with the HTTP status that says so. Raised by entrance and services."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from connector.errors import AmendsError


class RequestError(AmendsError):
    """Something is wrong with what was asked for."""

    status = 400


class StrangerError(RequestError):
    """Nobody is signed in, or the token is none that we know."""

    status = 401


class ForbiddenError(RequestError):
    """Whoever asks may not do that."""

    status = 403


class MissingError(RequestError):
    """What was asked for is not there."""

    status = 404


class TooManyError(RequestError):
    """Too many tries; `retry_after_seconds` says when the next one is looked at."""

    status = 429

    def __init__(self, message: str, retry_after_seconds: int) -> None:
        super().__init__(message, remedy=f"Try again in {retry_after_seconds} s.")
        self.retry_after_seconds = retry_after_seconds


@contextmanager
def told_as(kind: type[RequestError], remedy: str) -> Iterator[None]:
    """What a command refuses by its own word (a plain AmendsError) as `kind`, with a remedy that is of use on a page.
    Anything else, such as a store that is held or settings that are wrong, is no fault of what was asked for, and goes
    on as it is."""
    try:
        yield
    except AmendsError as error:
        if type(error) is not AmendsError:
            raise
        raise kind(error.message, remedy=remedy) from error
