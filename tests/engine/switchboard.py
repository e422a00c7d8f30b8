"""A world whose people can be told: contacts, ladders, and a switchboard that writes down who heard what, and when."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from msgspec.structs import replace

from connector.helpdesk import Helpdesk
from connector.mapping import Mapping, words
from connector.model import ActionKind, FlagKind, Mode
from connector.notify import ADAPTER, People
from connector.policy.contacts import Contact, Contacts, Post
from connector.policy.ladder import Ladder, Step
from connector.policy.rules import Policy, Rule
from connector.policy.stages import Stage
from connector.policy.telling import CONTACTS
from connector.store import intentions, sources
from connector.store.intentions import Intention, State
from connector.store.memory import StoredLedger
from connector.sync import push, sweep
from tests.engine.world import CUSTOMERS, World

MINUTE = timedelta(minutes=1)
LATE = "My parcel has still not arrived. I want my money back."
SMOKE = "The kettle caught fire and my kitchen is full of smoke. It nearly burnt the house down."


class Heard(NamedTuple):
    at: datetime
    address: str
    title: str
    text: str


def contact(name: str, post: Post, **more: Any) -> Contact:
    """A contact whose address is called like them."""
    return replace(Contact(name, post, name.capitalize(), (f"env:TELL_{name.upper()}",)), **more)


LEAD, MANAGER, OFFICER, NIGHT = (
    contact("lena", Post.LEAD),
    contact("max", Post.MANAGER),
    contact("olga", Post.COMPLAINTS_OFFICER),
    contact("nora", Post.EMERGENCY),
)
USUAL = Ladder(
    "usual",
    (Step(("lead",)), Step(("manager",), 30 * MINUTE), Step(("complaints_officer",), 60 * MINUTE)),
    again=60 * MINUTE,
    most=2,
)
AT_ONCE = Ladder(
    "at-once", (Step(("emergency",)), Step(("manager",), 10 * MINUTE)), again=15 * MINUTE, at_any_hour=True
)
RULES = (
    Rule("emergency", FlagKind.EMERGENCY, tags=("amends_emergency",), rank=1, ladder="at-once"),
    Rule("overdue", FlagKind.OVERDUE, tags=("amends_overdue",), rank=2, ladder="usual"),
)


class Switchboard(World):
    """`heard` is what reached people; `answer` is what a channel says to an address: it takes it, or not, or dies."""

    def __init__(self, *people: Contact, mode: Mode = Mode.LIVE, **policy: Any) -> None:
        self.heard: list[Heard] = []
        self.answer: Callable[[str], bool] = lambda _address: True
        self.contacts = Contacts(people or (LEAD, MANAGER, OFFICER, NIGHT), mode)
        super().__init__()
        settled: dict[str, Any] = {
            "rules": RULES,
            "ladders": {one.name: one for one in (USUAL, AT_ONCE)},
            "contacts": self.contacts,
            **policy,
        }
        self.policy(**settled)

    def policy(self, **settled: Any) -> None:
        """Another policy is in force from now on; every open complaint is looked at again."""
        before: Policy = self.rules.policy
        self.rules = replace(self.rules, policy=replace(before, **settled))

    def people(self) -> Helpdesk:
        with self.store.write("contacts") as connection:
            row = sources.enlist(connection, CONTACTS, ADAPTER)

        def folded(name: str, at: datetime) -> Any:
            with self.store.read() as connection:
                return [one.action.effect.notice for one in intentions.folded_into(connection, name, at)]

        mapping = Mapping(adapter=ADAPTER, fields={}, status={})
        adapter = People(self.rules.policy, StoredLedger(self.store, CONTACTS), folded, self.now, self._send)
        modes = {ActionKind.NOTIFY: self.rules.policy.contacts.mode}
        return Helpdesk(
            id=row.id,
            name=CONTACTS,
            adapter=adapter,
            streams=(),
            mapping=mapping,
            words=words(mapping),
            modes=modes,
            rules_digest="",
            actor=None,
            act_from=self.now(),
        )

    def _send(self, address: str, title: str, text: str) -> bool:
        taken = self.answer(address)
        if taken:
            self.heard.append(Heard(self.now(), address, title, text))
        return taken

    def sweep(self) -> None:
        sweep([self.helpdesk(), self.people()], self.store, self.rules, now=self.now)

    def push(self) -> None:
        here, people = self.helpdesk(), self.people()
        push(people, self.store, self.rules, now=self.now, others=[here])
        push(here, self.store, self.rules, now=self.now, others=[people])

    def work(self, minutes: int = 0) -> None:
        """The three verbs every minute, for so many minutes, and once now."""
        for minute in range(minutes + 1):
            if minute:
                self.desk.advance(60)
            for verb in ("pull", "sweep", "push"):
                self.step(verb)

    # -- people and oracles ------------------------------------------------------------------------------------

    def late(self, **fields: Any) -> str:
        """A complaint that nobody has answered for a day: the overdue rule has just spoken, and nobody was told yet."""
        ticket = self.desk.open("Late", LATE, requester=CUSTOMERS[0], **fields)
        self.desk.advance(26 * 3600)
        return ticket

    def fire(self, text: str = SMOKE) -> str:
        return self.desk.open("Fire", text, requester=CUSTOMERS[1])

    def told(self) -> list[str]:
        """Who heard, in order."""
        return [one.address for one in self.heard]

    def notices(self, state: State | None = None) -> list[Intention]:
        found = [one for one in self.intentions() if one.action.kind is ActionKind.NOTIFY]
        return [one for one in reversed(found) if state in (None, one.state)]


def stages(**told: tuple[str, ...]) -> dict[Stage, tuple[str, ...]]:
    return {Stage(name): targets for name, targets in told.items()}
