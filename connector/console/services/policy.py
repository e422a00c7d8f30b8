"""Who is told what: the contacts, the policy in force, and what a draft of it would have sent of late."""

from __future__ import annotations

import tempfile
from pathlib import Path

from connector.commands.people_told import Directory, directory
from connector.commands.policy_try import attempt
from connector.console.errors import RequestError
from connector.console.seat import Seat, needs
from connector.console.tryout import Outcome, Tell, Tryout
from connector.roles import Permission
from connector.settings import SettingsFilesError
from connector.settings.folder import SHIPPED

MOST_SHOWN = 50
LONGEST_DAYS = 365
FILE = "policy.yaml"
AT_ONCE_SECONDS = 1.0  # what is done so soon needs no second look


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
def tryout(seat: Seat) -> Tryout | None:
    """The try-out that goes on, whoever began it; else the last one."""
    return seat.house.bench.now


@needs(Permission.DECIDE)
def try_out(seat: Seat, draft: str, days: int) -> None:
    """Begin to find out what the draft of a policy.yaml would have sent in the last `days`, to whom and how often.
    Nothing is sent and nothing kept. Raises RequestError for too many days, or while somebody else tries one."""
    if not 1 <= days <= LONGEST_DAYS:
        raise RequestError(f"{days} days cannot be gone through.", remedy=f"Name 1 to {LONGEST_DAYS}.")
    bench = seat.house.bench
    if not bench.begin(Tryout(seat.who, draft, days), lambda tell: _outcome(seat, draft, days, tell)):
        going = bench.now
        raise RequestError(
            f"{going.who if going else 'somebody else'} tries a policy just now.",
            remedy="Wait for its end, or stop it on the page of the policy.",
        )
    bench.wait(AT_ONCE_SECONDS)


@needs(Permission.DECIDE)
def stop(seat: Seat) -> None:
    """End the try-out that goes on, whoever began it: it holds up all others."""
    seat.house.bench.stop()


def _outcome(seat: Seat, draft: str, days: int, tell: Tell) -> Outcome:
    with tempfile.TemporaryDirectory(prefix="amends-") as folder:
        file = Path(folder) / FILE
        file.write_text(draft.replace("\r\n", "\n"), encoding="utf-8")
        try:
            return Outcome(tried=attempt(seat, days=days, draft=file, most=MOST_SHOWN, tell=tell))
        except SettingsFilesError as error:
            return Outcome(tuple(str(one).replace(f"{folder}/", "") for one in error.problems))
