"""Everything that a decision about one complaint may look at; lives for one call of `decision.decide`."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from datetime import datetime

import msgspec

from connector.model import JSON, ActionKind, Clock, Complaint, Flag, History, Link, Tag
from connector.policy.handoffs import Handoffs
from connector.policy.ladder import Told
from connector.policy.rules import Correction, Policy, Rule
from connector.policy.taken import Hands

Translate = Callable[[dict[str, JSON]], dict[str, JSON]]
Place = Callable[[str, JSON], dict[str, JSON]]
Decided = tuple[str, str, ActionKind]  # the rule, episode and kind of a write: what its key is made of


class Case(msgspec.Struct, frozen=True):
    """The complaint as it stands, the policy, and how the source is written to. `hands` tells of people at work on it,
    `handed` how often it was handed on, `told` what people of ours were told of it. Of the writes that are `known` to
    whoever asks, nothing but their time is worked out; `wordless`: nobody is going to read the notes."""

    complaint: Complaint
    history: History
    tags: Sequence[Tag]
    clocks: Sequence[Clock]
    flags: Sequence[Flag]
    links: Sequence[Link]
    policy: Policy
    values: Mapping[str, JSON]
    translate: Translate
    place: Place
    salt: bytes
    act_from: datetime
    now: datetime
    hands: Hands = Hands()
    handed: Handoffs = Handoffs()
    told: Sequence[Told] = ()
    known: Container[Decided] = ()
    wordless: bool = False

    @property
    def about(self) -> str:
        return f"{self.complaint.source}/{self.complaint.ticket}"

    def speaking(self, flag: Flag) -> Iterator[Rule]:
        """The rules that speak of a flag, in order, up to the first that stops."""
        for rule in self.policy.rules:
            if speaks(rule, flag, self.values):
                yield rule
                if rule.stop:
                    return

    def clock_of(self, flag: Flag) -> Clock | None:
        return next((clock for clock in self.clocks if f"{clock.kind}#{clock.cycle}" == flag.episode), None)


def speaks(rule: Rule | Correction, flag: Flag, values: Mapping[str, JSON]) -> bool:
    return (
        rule.on is flag.kind
        and (not rule.about or flag.topic in rule.about)
        and (rule.when is None or rule.when.holds(values))
    )
