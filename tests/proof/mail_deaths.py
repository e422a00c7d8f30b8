"""An inbox that is read by lives that are killed: every mail comes in, and none of them twice.

`tests/end_to_end/test_mail_deaths.py` runs it short, `make proof` runs it long. People write and go on with their
threads, mail is moved between folders and copied, a folder is numbered anew, the line is cut; meanwhile `amends sync`
is killed by SIGKILL at a seam or at a moment, and begins again. At the end everything heals, and what was written is
held against what the store has.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from adapters.imap.evidence import ticket_of
from connector.model import EntryKind
from connector.store import Store, complaints, quarantine
from sandbox.clock import SandboxClock
from sandbox.mailbox import Letter, Person, Wire, letter
from sandbox.mailbox.letters import BORDER
from tests.mailboxes import Place
from tests.proof.lives import Zygote

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
SCALE = 600
FOLDERS = ("INBOX", "Complaints")
DONE = "Done"
HEARD = frozenset({EntryKind.RECEIVED, EntryKind.CUSTOMER_MESSAGE})


class Deaths(msgspec.Struct, frozen=True):
    """What came of it. `lost` and `twice` are mails by their number."""

    seed: int
    mails: int
    lives: int
    kills: int
    threads: int
    lost: tuple[int, ...]
    twice: tuple[int, ...]
    aside: tuple[str, ...]
    printed: str

    @property
    def held(self) -> bool:
        return not (self.lost or self.twice or self.aside)


class Inbox:
    """A mailbox with people who write to it, and a settings folder for `amends`."""

    def __init__(self, folder: Path, place: Place, seed: int) -> None:
        self.home = folder / "amends"
        self.place = place
        self.clock = SandboxClock(START, scale=SCALE)
        self.wire = Wire(place.host, place.port)
        self.program = place.program()
        self.chance = random.Random(seed)
        self.people = [Person(f"Customer {n}", f"c{n}@example.net") for n in range(12)]
        self.written = 0
        self.threads: list[tuple[Person, list[Letter]]] = []
        self.lying: dict[str, str] = {}  # where each mail lies, by its Message-ID
        for name in (*FOLDERS, DONE):
            self.program.create(name)
        self.home.mkdir(parents=True)
        (self.home / "amends.yaml").write_text(
            f"""\
sources:
  post:
    adapter: imap
    poll: 1s
    options:
      host: "{self.wire.host}"
      port: {self.wire.port}
      user: "{place.user}"
      tls: none
      folders: [{", ".join(FOLDERS)}]
      done_folders: [{DONE}]
      trusted_hosts: [{BORDER}]
      page_size: 7
      timeout_seconds: 5
      limits: {{account: 1000000}}
    secrets: {{password: "env:POST_PASSWORD"}}
"""
        )

    def env(self, crash_at: int | None = None) -> dict[str, str]:
        env = {
            "POST_PASSWORD": self.place.password,
            "AMENDS_CLOCK": f"{self.clock().isoformat()}@{time.time():.6f}x{SCALE}",
        }
        return env if crash_at is None else {**env, "AMENDS_CRASH_AT": str(crash_at)}

    def act(self, mails: int) -> None:
        for _ in range(mails):
            self.clock.advance(self.chance.randint(1, 600))
            self._writes()
        if self.chance.random() < 0.5:
            self._tidies()
        if self.chance.random() < 0.1:
            self._renumbers()

    def trouble(self) -> None:
        """The line does something, now and then."""
        what = self.chance.random()
        if what < 0.2:
            self.wire.shorten(self.chance.randint(1, 6000))
        elif what < 0.3:
            self.wire.goodbye("[UNAVAILABLE] back soon", "FETCH")
        elif what < 0.4:
            self.wire.hang_up("SEARCH")

    def _writes(self) -> None:
        self.written += 1
        goes_on = bool(self.threads) and self.chance.random() < 0.4
        person, thread = self.chance.choice(self.threads) if goes_on else (self.chance.choice(self.people), [])
        mail = letter(
            person,
            "Parcel never arrived",
            f"This is mail {self.written}. I want my money back.",
            self.clock(),
            answers=thread[-1] if thread else None,
            message_id=f"{self.written}@example.net",
        )
        if not goes_on:
            self.threads.append((person, thread))
        thread.append(mail)
        folder = self.chance.choice(FOLDERS)
        self.program.deliver(mail.raw, self.clock(), folder)
        self.lying[mail.message_id] = folder

    def _tidies(self) -> None:
        """Somebody at the shop moves a mail, or copies it."""
        message_id = self.chance.choice(list(self.lying))
        here = self.lying[message_id]
        there = self.chance.choice([name for name in FOLDERS if name != here])
        if self.chance.random() < 0.3:
            self.program.copy(message_id, there, here)
        else:
            self.program.move(message_id, there, here)
            self.lying[message_id] = there

    def _renumbers(self) -> None:
        """A folder is put back from elsewhere: all its mail is there, under other numbers."""
        folder = FOLDERS[1]
        raws = [mail.raw for _, thread in self.threads for mail in thread if self.lying[mail.message_id] == folder]
        self.program.remove_folder(folder)
        self.program.create(folder)
        for raw in raws:
            self.program.deliver(raw, self.clock(), folder)

    def close(self) -> None:
        self.program.close()
        self.wire.stop()


def deaths(folder: Path, place: Place, *, mails: int, kills: int, seed: int) -> Deaths:
    """`mails` are written while at least `kills` lives are ended by SIGKILL."""
    zygote, here = Zygote(), Inbox(folder, place, seed)
    try:
        killed = lives = 0
        while here.written < mails or (killed < kills and lives < kills * 6):
            here.act(min(here.chance.randint(1, 12), mails - here.written) if here.written < mails else 0)
            here.trouble()
            crash_at = here.chance.randint(1, 25) if here.chance.random() < 0.6 else None
            kill_after = None if crash_at else here.chance.uniform(0.01, 0.6)
            ended = zygote.live(["--home", str(here.home), "sync"], here.env(crash_at), kill_after)
            killed += ended["code"] == -9
            lives += 1
        printed = _heal(here, zygote)
        lost, twice, aside = _compared(here)
        return Deaths(seed, here.written, lives, killed, len(here.threads), lost, twice, aside, printed)
    finally:
        zygote.close()
        here.close()


def _heal(here: Inbox, zygote: Zygote) -> str:
    here.wire.honest()
    printed = ""
    for _ in range(6):
        here.clock.advance(1200)
        printed = zygote.live(["--home", str(here.home), "sync", "--json"], here.env())["output"]
    return printed


def _compared(here: Inbox) -> tuple[tuple[int, ...], tuple[int, ...], tuple[str, ...]]:
    store = Store(f"sqlite:///{here.home / 'amends.db'}")
    store.open()
    with store.read() as connection:
        stored = {one.ticket: one.doc.entries for one in complaints.listing(connection)}
        aside = tuple(one.why for one in quarantine.listing(connection))
    store.close()
    heard = Counter(
        int((entry.text or "").split(".")[0].removeprefix("This is mail "))
        for ticket in {ticket_of(thread[0].message_id) for _, thread in here.threads}
        for entry in stored.get(ticket, ())
        if entry.kind in HEARD
    )
    lost = tuple(number for number in range(1, here.written + 1) if not heard[number])
    return lost, tuple(number for number, count in heard.items() if count > 1), aside
