"""What a policy would have done to one life: found fast, and the very same as by looking anew at each moment."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

import mappings
from connector.assessment.deciding import assess
from connector.assessment.rules import Rules
from connector.assessment.understood import Understood, tagged
from connector.assessment.untagged import normalised
from connector.condition import condition
from connector.desks import rules_of
from connector.mapping import words
from connector.model import Action, ActionKind, Entry, EntryKind, Role, Status, Tag, Visibility
from connector.people.repeats import Earlier, words_hash
from connector.policy.rules import Acknowledge, Correction
from connector.policy.taken import Ack
from connector.rehearsal import MOST_MOMENTS, Rehearsed, rehearse
from connector.settings import load
from connector.settings.sources import SourceSettings
from tests.unit.plain_rehearsal import plainly

NOW = datetime(2026, 6, 3, 12, tzinfo=UTC)
SINCE = NOW - timedelta(days=30)
LATE = "My order is late, nobody answers, and I want my money back."
CONTACTS = """\
contacts:
  ana: {role: lead, name: Ana, reach: ["env:TELL"], calendar: support, deputy: rui,
        away: [{from: 2026-05-10, until: 2026-05-14}]}
  rui: {role: manager, name: Rui, reach: ["env:TELL"]}
"""
LADDER = """\
ladders: {usual: {steps: [{tell: [lead]}, {after: 2h, tell: [manager]}], again: 1h, most: 3}}
"""
CLOCKS = """\
targets:
  - {name: Reply, clock: first_reply, within: 4h, calendar: support}
  - {name: Next, clock: next_reply, within: 4h, calendar: support}
  - {name: News, clock: periodic_update, within: 2d, calendar: support}
  - {name: End, clock: resolution, within: 3d, calendar: support, when: status != "new"}
"""
# What each house adds to, or puts in the place of, what ships.
HOUSES = {
    "shipped": {},
    "ladder": {"contacts.yaml": CONTACTS, "policy": LADDER, "on": "overdue\n    ladder: usual"},
    "both": {
        "contacts.yaml": CONTACTS,
        "policy": LADDER + "stages: {assessed: [lead], answered: [ana], closed: [manager]}\n",
        "on": "due_soon\n    ladder: usual",
    },
    "repeats": {"contacts.yaml": CONTACTS, "policy": LADDER, "on": "repeat\n    ladder: usual"},
    "urgent": {"contacts.yaml": CONTACTS, "policy": LADDER, "on": "emergency\n    ladder: usual"},
    "stages": {"contacts.yaml": CONTACTS, "policy": "stages: {answered: [lead], closed: [manager]}\n"},
    "owners": {"on": 'overdue\n    when: owner == "a1"'},
    "used": {"on": "overdue\n    when: clocks.resolution.used_minutes > 900"},
    "chasers": {"on": "due_soon\n    when: chasers > 0 || earlier > 0"},
    "words": {"on": "wording"},
    "everybody": {},
    "clocks": {"sla.yaml": CLOCKS},
}


@cache
def house(name: str) -> tuple[Rules, SourceSettings]:
    wish = HOUSES[name]
    with TemporaryDirectory() as folder:
        home = Path(folder)
        (home / "amends.yaml").write_text("tag: false\nsources: {shop: {adapter: memory, options: {desk: x}}}\n")
        for file in wish.keys() & {"contacts.yaml", "sla.yaml"}:
            (home / file).write_text(wish[file])
        text = Path(mappings.__file__).with_name("policy.yaml").read_text(encoding="utf-8")
        kind = wish.get("on", "overdue").split()[0]
        text = text.replace(f"    on: {kind}\n", f"    on: {wish.get('on', kind)}\n", 1)
        if f"on: {wish.get('on', kind)}" not in text:
            text = text.replace("rules:\n", f"rules:\n  - {{id: extra, on: {kind}, tags: [extra]}}\n", 1)
        (home / "policy.yaml").write_text(text + wish.get("policy", ""))
        found = load(home, today=NOW.date())
    rules = rules_of(found)
    if name == "everybody":
        cause = Correction("cause", "shop", when=condition('category == "delivery"', of_policy=True))
        policy = replace(rules.policy, acknowledge=Acknowledge(everybody=True), corrections=(cause,))
        rules = replace(rules, policy=policy)
    return rules, found.sources["shop"]


def life(seed: int, source: SourceSettings) -> Understood:
    chance = random.Random(seed)
    at = NOW - timedelta(minutes=chance.randrange(60 * 24 * 50))
    role, seen = chance.choice([(Role.CUSTOMER, Visibility.PUBLIC)] * 5 + [(Role.STAFF, Visibility.INTERNAL)])
    entries = [Entry("000", EntryKind.RECEIVED, at, at, role, "kim", seen, LATE)]
    for number in range(1, chance.choice((0, 2, 5, 9, 14)) + 1):
        at += timedelta(minutes=chance.choice((0, 1, 20, 200, 2000, 9000)))
        entries.append(_entry(f"{number:03}", at, chance))
    said = chance.choice(("yes", "yes", "yes", "yes", "no", "unsure"))
    tags = [Tag("complaint", said, 1.0, "test"), Tag("category", chance.choice(("delivery", "other")), 1.0, "test")]
    tags += [Tag("emergency", "safety", 1.0, "test")] if chance.random() < 0.2 else []
    fields = {
        "subject": "Late", "text": LATE, "opened_at": entries[0].occurred_at, "updated_at": at,
        "requester": {"id": "kim", "verified": chance.random() < 0.8},
        "labels": chance.choice(([], ["amends_ack"], ["amends_overdue"])),
    }  # fmt: skip
    spoken = words(source.mapping)
    this = tagged([normalised("shop", "T1", 1, fields, tuple(entries), mapping=source.mapping, words=spoken)], None)[0]
    told = {"status": Status.CLOSED} if chance.random() < 0.1 else {}
    return replace(this, tags=tuple(tags), complaint=replace(this.complaint, **told))


def _entry(name: str, at: datetime, chance: random.Random) -> Entry:
    def one(kind: EntryKind, role: Role, seen: Visibility = Visibility.PUBLIC, **said: str | bool | None) -> Entry:
        actor = f"a{chance.randrange(4)}" if role is Role.STAFF else "kim"
        return Entry(name, kind, at, at, role, actor, seen, **said)  # type: ignore[arg-type]

    status = one(EntryKind.STATUS, Role.STAFF, value=chance.choice(("open", "pending", "hold", "solved", "closed")))
    return chance.choice(
        [status] * 4
        + [
            one(EntryKind.CUSTOMER_MESSAGE, Role.CUSTOMER, text=chance.choice(("Thank you!", "And now?"))),
            one(EntryKind.CUSTOMER_MESSAGE, Role.CUSTOMER, text="When will it come?"),
            one(
                EntryKind.STAFF_REPLY,
                Role.STAFF,
                text="As I told you, we look into it.",
                observed=chance.random() < 0.7,
            ),
            one(EntryKind.STAFF_REPLY, Role.STAFF, text="We look into it."),
            one(EntryKind.STAFF_REPLY, Role.SYSTEM, text="We have your message."),
            one(EntryKind.NOTE, Role.STAFF, Visibility.INTERNAL, text="Ask the carrier."),
            one(EntryKind.OWNER, Role.STAFF, value=f"a{chance.randrange(4)}"),
            one(EntryKind.PRIORITY, Role.STAFF, value=chance.choice(("low", "high", "urgent"))),
            one(EntryKind.FIELD, Role.STAFF, field="labels", value=chance.choice(("x amends_ack", "x"))),
            one(chance.choice((EntryKind.DELETE, EntryKind.RESTORE)), Role.STAFF),
            one(EntryKind.MERGE, Role.STAFF, value=chance.choice(("T9", None))),
        ]
    )


def others(seed: int, this: Understood) -> Iterator[Earlier]:
    chance = random.Random(seed)
    for number in range(chance.choice((0, 0, 1, 3))):
        opened = this.complaint.opened_at + timedelta(hours=chance.randrange(-900, 300))
        ended = opened + timedelta(hours=chance.randrange(1, 400)) if chance.random() < 0.7 else None
        text = words_hash(LATE) if chance.random() < 0.4 else None
        place = chance.choice(("shop", "mail"))
        yield Earlier(place, f"E{number}", opened, ended, category="delivery", words=text)


@pytest.mark.parametrize("name", HOUSES)
@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32))
@example(seed=316724)  # a survey that was to follow, and does not: the moment of it is none to tell people at
def test_a_life_gone_through_fast_has_the_very_writes_of_one_looked_at_anew_at_each_moment(
    name: str, seed: int
) -> None:
    rules, source = house(name)
    this, chance = life(seed, source), random.Random(seed)
    earlier = list(others(seed, this))
    acks = [Ack(this.complaint.opened_at + timedelta(hours=3), "ana")] if chance.random() < 0.2 else []
    span = {"since": SINCE, "until": NOW, "acks": acks, "acknowledges": chance.random() < 0.5}
    plain = plainly(this, earlier, rules, source.mapping, **span)
    fast = rehearse(this, earlier, rules, source.mapping, salt="x", **span)
    told = [(one.at, wordless(one.action)) for one in fast.writes]
    assert told == [(at, wordless(action)) for at, action in plain]


def wordless(action: Action) -> Action:
    """Without what a note says: a rehearsal leaves it out."""
    effect = action.effect
    notice = replace(effect.notice, title="", text="") if effect.notice is not None else None
    return replace(action, effect=replace(effect, note=effect.note and "", notice=notice))


def test_a_ticket_that_is_no_complaint_is_not_looked_at_moment_by_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    rules, source = house("shipped")
    this = replace(life(7, source), tags=(Tag("complaint", "no", 1.0, "test"),))
    monkeypatch.setattr("connector.rehearsal.assess", None)
    assert rehearse(this, (), rules, source.mapping, salt="x", since=SINCE, until=NOW) == Rehearsed()


def test_notes_and_further_replies_cost_no_look_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    rules, source = house("shipped")
    looks: list[datetime] = []

    def counted(*words: Any, **named: Any) -> Any:
        looks.append(named["now"])
        return assess(*words, **named)

    monkeypatch.setattr("connector.rehearsal.assess", counted)
    came = NOW - timedelta(days=1)
    said = [Entry("000", EntryKind.RECEIVED, came, came, Role.CUSTOMER, "kim", Visibility.PUBLIC, LATE)]
    said += [
        Entry(f"{number:03}", EntryKind.NOTE, at, at, Role.STAFF, "a1", Visibility.INTERNAL, "Asked again.")
        for number in range(1, 60)
        if (at := came + timedelta(minutes=number))
    ]
    fields = {"subject": "Late", "text": LATE, "opened_at": came, "updated_at": came, "requester": {"id": "kim"}}
    spoken = words(source.mapping)
    this = tagged([normalised("shop", "T1", 1, fields, tuple(said), mapping=source.mapping, words=spoken)], None)[0]
    this = replace(this, tags=(Tag("complaint", "yes", 1.0, "test"),))
    found = rehearse(this, (), rules, source.mapping, salt="x", since=SINCE, until=NOW)
    assert ActionKind.ESCALATE in {one.action.kind for one in found.writes}
    assert len(looks) < 6


def test_a_life_with_more_moments_than_are_looked_at_says_so() -> None:
    rules, source = house("shipped")
    this = life(7, source)
    first = this.entries[0]
    at = first.occurred_at
    many = [
        Entry(f"{number:05}", EntryKind.STATUS, at, at, Role.STAFF, "a", value=("open", "pending")[number % 2])
        for number in range(1, MOST_MOMENTS + 9)
        if (at := at + timedelta(minutes=1))
    ]
    spoken, fields = words(source.mapping), {"subject": "Late", "text": LATE, "opened_at": first.occurred_at}
    this = tagged([normalised("shop", "T1", 1, fields, (first, *many), mapping=source.mapping, words=spoken)], None)[0]
    this = replace(this, tags=(Tag("complaint", "yes", 1.0, "test"),))
    assert rehearse(this, (), rules, source.mapping, salt="x", since=SINCE - timedelta(days=30), until=NOW).cut
