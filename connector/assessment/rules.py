"""What decides, compiled: all that understanding, clocks and decisions go by.

Built by `desks` from the settings; handed to `sync`, `schedule` and whatever explains or tries out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple, Protocol

import msgspec

from connector.clocks import sla
from connector.corrections import Vocabulary
from connector.model import Tag
from connector.people.identity import Identifying
from connector.people.repeats import RepeatPolicy
from connector.people.retention import Retention
from connector.policy.copies import Reach
from connector.policy.rules import Policy
from connector.trends.views import Trends

if TYPE_CHECKING:
    from connector.tagging import Asked, Lexicon


class Tags(Protocol):
    """What tags complaints: a `Tagger`, or what makes one when the first ticket comes."""

    def tags_of(self, asked: Sequence[Asked]) -> list[tuple[Tag, ...]]:
        """The tags of each."""
        ...


class ReadSource(NamedTuple):
    """A configured source that has a history: its first `stream` brings all its tickets, `rules_digest` names the rules
    by which they have to stand."""

    name: str
    stream: str
    rules_digest: str


class Rules(msgspec.Struct, frozen=True):
    """Everything that decides, compiled. `tagger` is None where tagging is switched off, `trends` where nothing is
    counted for them; `people` says how they are told apart; `vocabulary` holds the tags in which agents may correct us,
    `lexicon` what the tagger is made of, where a replay is to compare it. `reaches` says of each source in the settings
    what may be written there, whether or not it is at work, and `sources` names those that are read, whether or not
    they could be opened."""

    tagger: Tags | None
    sla: sla.Sla
    policy: Policy
    repeats: RepeatPolicy
    people: Identifying = Identifying()
    retention: Retention = Retention()
    vocabulary: Vocabulary | None = None
    trends: Trends | None = None
    lexicon: Lexicon | None = None
    reaches: Mapping[str, Reach] = MappingProxyType({})
    sources: tuple[ReadSource, ...] = ()

    @property
    def memory(self) -> timedelta:
        """How far back a person's earlier complaints matter."""
        return timedelta(days=max(self.repeats.many_days * 2, self.repeats.same_matter_days * 2))
