"""The demo's mailbox at work: people who write (`inbox.yaml`), staff who answer by mail, and machines that answer both.

Staff send by SMTP and move what is done to Done, each under their own login. Called by `python -m sandbox.mailbox
--stories` and tests.
"""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from pathlib import Path

import msgspec
import yaml

from sandbox.mailbox import letters
from sandbox.mailbox.letters import SHOP, Letter, letter
from sandbox.mailbox.office import DONE, STAFF, Office
from sandbox.mailbox.program import MailProgram, hand_in
from sandbox.mailbox.relay import Taken
from sandbox.mailbox.server import HOST, PASSWORD
from sandbox.stories import last_first

LOGINS = {login.partition("@")[0]: login for login in STAFF}
HOUSE = letters.Person("The Shop", SHOP)
BULK = (
    ("List-Id", "<weekly.retail-weekly.example.com>"),
    ("List-Unsubscribe", "<https://retail-weekly.example.com/leave>"),
    ("Precedence", "bulk"),
)
ROBOT = (("Auto-Submitted", "auto-replied"), ("X-Auto-Response-Suppress", "All"))


class Person(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`away` is what the person's mail program answers by itself, once; mail to one who is `gone` comes back."""

    name: str
    email: str
    away: str | None = None
    gone: bool = False

    @property
    def sender(self) -> letters.Person:
        return letters.Person(self.name, self.email)


class Step(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One thing that happens after the opening: the customer `writes`, or staff `reply` or `solve` (which is a reply,
    after which the first mail is moved to Done)."""

    at: str
    by: str = "ana"
    writes: str | None = None
    reply: str | None = None
    solve: str | None = None


class Story(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One thread's life."""

    name: str
    who: str
    at: str
    subject: str
    text: str
    bulk: bool = False
    then: list[Step] = []


class Inbox(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    people: dict[str, Person]
    stories: list[Story]


@lru_cache(maxsize=1)
def inbox() -> Inbox:
    """All stories, checked."""
    text = Path(__file__).with_name("inbox.yaml").read_text(encoding="utf-8")
    return msgspec.convert(yaml.safe_load(text), Inbox)


class Player:
    """Plays every story once into `office`, and the machines abroad as long as it is asked. `threads` holds the mails
    of each story, by its name, oldest first."""

    def __init__(self, office: Office, first_day: datetime) -> None:
        self.office = office
        self.threads: dict[str, list[Letter]] = {}
        self._programs: dict[str, MailProgram] = {}
        self._told_away: set[str] = set()
        self._coming = last_first(inbox().stories, first_day)

    def __enter__(self) -> Player:
        return self

    def __exit__(self, *_: object) -> None:
        for program in self._programs.values():
            program.close()

    def play(self, until: datetime) -> int:
        """Let everything up to `until` happen, each at its own time; returns how many events of the stories it was."""
        done = 0
        while self._coming and self._coming[-1][0] <= until:
            when, story, step = self._coming.pop()
            if step is None:
                self._open(story, when)
            else:
                self._take(story, step, when)
            done += 1
        while self.office.abroad:
            self._deliver_abroad(self.office.abroad.popleft(), until)
        return done

    def _open(self, story: Story, when: datetime) -> None:
        who = inbox().people[story.who]
        mail = letter(who.sender, story.subject, story.text.strip(), when, headers=BULK if story.bulk else ())
        self.threads[story.name] = [mail]
        self.office.arrives(mail.raw, when)

    def _take(self, story: Story, step: Step, when: datetime) -> None:
        thread, who = self.threads[story.name], inbox().people[story.who]
        if step.writes is not None:
            mail = letter(who.sender, f"Re: {story.subject}", step.writes, when, answers=thread[-1])
            self.office.arrives(mail.raw, when)
            thread.append(mail)
        if step.reply or step.solve:
            self._answer(story, step.reply or step.solve or "", step.by, who, when)
        if step.solve is not None:
            self._program(step.by).move(thread[0].message_id, DONE)

    def _answer(self, story: Story, text: str, by: str, who: Person, when: datetime) -> None:
        thread = self.threads[story.name]
        mail = letter(HOUSE, f"Re: {story.subject}", text, when, to=who.email, answers=thread[-1], trust="ours")
        office, login = self.office, (LOGINS[by], PASSWORD)
        hand_in(mail.raw, SHOP, who.email, HOST, office.smtp_port, login, office.certificates.authority)
        thread.append(mail)

    def _program(self, by: str) -> MailProgram:
        if by not in self._programs:
            self._programs[by] = self.office.program(LOGINS[by])
        return self._programs[by]

    def _deliver_abroad(self, mail: Taken, now: datetime) -> None:
        """What becomes of a mail at those whom it is for: some machines answer."""
        people = {one.email: one for one in inbox().people.values()}
        for who in (people[to] for to in mail.recipients if to in people):
            if who.gone:
                self.office.arrives(letters.bounce(mail.message_id, who.email, now).raw, now)
            elif who.away is not None and who.email not in self._told_away:
                self._told_away.add(who.email)
                sent = Letter(mail.raw, mail.message_id, ())
                robot = letter(who.sender, "Automatische Antwort", who.away, now, answers=sent, headers=ROBOT)
                self.office.arrives(robot.raw, now)
