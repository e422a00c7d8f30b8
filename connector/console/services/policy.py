"""Who is told what: the contacts, the policy in force, and what a draft of it would have sent of late."""

from __future__ import annotations

import tempfile
import threading
from pathlib import Path

import msgspec

from connector.commands.people_told import Directory, directory
from connector.commands.policy_try import Tried, attempt
from connector.console.errors import RequestError
from connector.console.seat import Seat, needs
from connector.roles import Permission
from connector.settings import SettingsFilesError
from connector.settings.folder import SHIPPED

MOST_SHOWN = 50
LONGEST_DAYS = 365
FILE = "policy.yaml"
# Going through all that is stored is dear: one at a time, for everybody.
_one_at_a_time = threading.Lock()


class Rehearsal(msgspec.Struct, frozen=True):
    """What a policy would have sent; or what is wrong with the draft of it."""

    problems: tuple[str, ...]
    tried: Tried | None


@needs(Permission.READ)
def text(seat: Seat) -> str:
    """policy.yaml as it is: the admin's own, else the one that ships."""
    own = seat.home / FILE
    return (own if own.exists() else SHIPPED / FILE).read_text(encoding="utf-8")


@needs(Permission.READ)
def contacts(seat: Seat) -> Directory:
    """Whom a complaint is taken to."""
    return directory(seat, None)


@needs(Permission.DECIDE)
def rehearsed(seat: Seat, draft: str, days: int) -> Rehearsal:
    """What the draft of a policy.yaml would have sent in the last `days`, to whom and how often. Nothing is sent and
    nothing kept. Raises RequestError for too many days, or while another one is being tried."""
    if not 1 <= days <= LONGEST_DAYS:
        raise RequestError(f"{days} days cannot be gone through.", remedy=f"Name 1 to {LONGEST_DAYS}.")
    if not _one_at_a_time.acquire(blocking=False):
        raise RequestError("somebody else tries a policy just now.", remedy="Try again in a minute.")
    try:
        with tempfile.TemporaryDirectory(prefix="amends-") as folder:
            file = Path(folder) / FILE
            file.write_text(draft.replace("\r\n", "\n"), encoding="utf-8")
            try:
                return Rehearsal((), attempt(seat, days=days, draft=file, most=MOST_SHOWN))
            except SettingsFilesError as error:
                return Rehearsal(tuple(str(one).replace(f"{folder}/", "") for one in error.problems), None)
    finally:
        _one_at_a_time.release()
