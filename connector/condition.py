"""Conditions that an admin writes, in CEL, over a fixed list of named values; pure.

CEL has no loops that run away and no way to reach anything but these values, and a name that does not exist is refused
when the condition is compiled. `settings` compiles; `mapping`, `clocks` and `policy` hold the result in their settings
and ask `holds`. The CEL library is young, so this module is the only one that knows it, and it is imported only
when somebody wrote a condition.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from functools import cache
from operator import itemgetter
from typing import Any

import msgspec

from connector.errors import SettingsError
from connector.model import JSON, Clock, Complaint, Flag, Tag

MAX_CHARACTERS = 1000

TEXTS = (
    "status",
    "priority",
    "source",
    "channel",
    "team",
    "product",
    "order_number",
    "language",
    "owner",
    "subject",
    "text",
    "complaint",
    "category",
    "root_cause",
    "severity",
    "sentiment",
)
LISTS = ("labels", "remedy", "emergency")
NAMES = (*TEXTS, *LISTS, "extra", "reopens", "verified")
# What only a rule of the policy can ask for: it follows from clocks, people and time.
OF_POLICY = ("flags", "clocks", "handoffs", "earlier", "chasers")
# A question about these has few different answers in a helpdesk's life; they are asked for every ticket.
FEW = frozenset({
    "status", "priority", "source", "channel", "team", "language", "complaint", "category", "root_cause", "severity",
    "sentiment", "reopens", "verified",
})  # fmt: skip
MOST_REMEMBERED = 1024

_UNDECLARED = re.compile(r"undeclared reference to '([^']*)'")
_WORD = re.compile(r"[A-Za-z_]+")
_PLACE = re.compile(r"<input>:(\d+):(\d+): (.*)")


class Condition(msgspec.Struct, frozen=True, eq=False):
    """A compiled yes-or-no question about a complaint. Two conditions of the same text are equal.

    Where the values that it reads can only be few, `case` picks them, and `answers` remembers what follows.
    """

    text: str
    program: Any
    case: Callable[[Mapping[str, JSON]], JSON] | None = None
    answers: dict[JSON, bool] = {}

    def holds(self, values: Mapping[str, JSON]) -> bool:
        """Whether the answer is yes. Where there is no answer (a missing member of `extra`, unlike types) it is no."""
        if self.case is None:
            return self._ask(values)[0]
        case = self.case(values)
        answer = self.answers.get(case)
        if answer is None:
            if len(self.answers) >= MOST_REMEMBERED:
                self.answers.clear()
            answer = self.answers[case] = self._ask(values)[0]
        return answer

    def trouble(self, values: Mapping[str, JSON]) -> str | None:
        """Why there is no answer for these values, in the library's words; None where there is one."""
        return self._ask(values)[1]

    def _ask(self, values: Mapping[str, JSON]) -> tuple[bool, str | None]:
        # A question without an answer comes back as an error value; a loop over its budget is raised.
        try:
            answer = self.program.eval(data=values)
        except RuntimeError as error:
            return False, str(error)
        said = answer.value()
        if isinstance(said, bool):
            return said, None
        kind = answer.type().name()
        return False, str(said) if kind in ("ERROR", "UNKNOWN") else f"the answer is {kind}, not yes or no"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Condition) and other.text == self.text

    def __hash__(self) -> int:
        return hash(self.text)


def condition(text: str, *, of_policy: bool = False) -> Condition:
    """Compile `text`; `of_policy`: it may ask for flags, clocks and people, too. Raises SettingsError with the place of
    the mistake, counted in characters from 1."""
    if len(text) > MAX_CHARACTERS:
        raise SettingsError(
            f"the condition has {len(text)} characters, more than {MAX_CHARACTERS}.", remedy="Split it into two rules."
        )
    try:
        program = _environment(of_policy).compile(text)
    except (RuntimeError, ValueError) as error:
        raise _refusal(text, str(error), (*NAMES, *OF_POLICY) if of_policy else NAMES) from None
    asks = sorted(set(_WORD.findall(text)).intersection((*NAMES, *OF_POLICY) if of_policy else NAMES))
    found = Condition(text, program, itemgetter(*asks) if asks and FEW.issuperset(asks) else None, {})
    kind = program.return_type().name()
    if kind not in ("BOOL", "DYN"):
        raise SettingsError(
            f"the condition {text!r} gives {kind}, not yes or no.", remedy='Compare it with something: == "…".'
        )
    # A pattern is compiled only when it is used, so a broken one would stay silent until a ticket came by.
    trouble = found.trouble(values_without_complaint())
    if trouble and "regular expression" in trouble:
        raise SettingsError(f"the condition {text!r} is wrong: {trouble}.", remedy="Correct the pattern.")
    return found


@cache
def _environment(of_policy: bool) -> Any:
    from cel_expr_python import cel  # type: ignore[import-untyped]

    kinds: dict[str, Any] = dict.fromkeys(TEXTS, cel.Type.STRING)
    kinds |= dict.fromkeys(LISTS, cel.Type.List(cel.Type.STRING))
    kinds["extra"] = cel.Type.Map(cel.Type.STRING, cel.Type.DYN)
    kinds["reopens"] = cel.Type.INT
    kinds["verified"] = cel.Type.BOOL
    if of_policy:
        kinds["flags"] = cel.Type.List(cel.Type.STRING)
        kinds["clocks"] = cel.Type.Map(cel.Type.STRING, cel.Type.DYN)
        kinds |= dict.fromkeys(("handoffs", "earlier", "chasers"), cel.Type.INT)
    return cel.NewEnv(variables=kinds)


def _refusal(text: str, said: str, names: Sequence[str]) -> SettingsError:
    place = _PLACE.search(said)
    what = f"{place[3].partition(' expecting ')[0]} (character {place[2]})" if place else said.splitlines()[0]
    undeclared = _UNDECLARED.search(said)
    remedy = f"Known names: {', '.join(names)}."
    if undeclared:
        close = get_close_matches(undeclared[1], names, 1)
        what = f"there is no value called {undeclared[1]!r} (character {place[2] if place else '?'})"
        remedy = f"Did you mean {close[0]!r}? {remedy}" if close else remedy
    return SettingsError(f"the condition {text!r} is wrong: {what.removesuffix('.')}.", remedy=remedy)


def values_without_complaint() -> dict[str, JSON]:
    """Every name with its empty value; what a condition sees where a complaint has nothing to say."""
    return {
        **dict.fromkeys(TEXTS, ""),
        "complaint": "unsure",
        **{name: [] for name in LISTS},
        "extra": {},
        "reopens": 0,
        "verified": False,
        "flags": [],
        "clocks": {},
        "handoffs": 0,
        "earlier": 0,
        "chasers": 0,
    }


def values_of(complaint: Complaint, tags: Sequence[Tag], *, reopens: int = 0) -> dict[str, JSON]:
    """What a condition sees of `complaint` and its `tags`; `reopens` counts the reopenings of its history.

    Texts are "" where absent. Of several tags of one facet the first speaks, but for those facets that are lists.
    """
    values: dict[str, JSON] = {**_UNSAID, "remedy": [], "emergency": []}
    for tag in reversed(tags):
        if tag.facet in _SAID:
            values[tag.facet] = tag.value
        elif tag.facet in _SAID_OFTEN:
            values[tag.facet] = [tag.value, *values[tag.facet]]
    values["status"] = complaint.status._value_  # as `value`, which is a call of two functions
    if complaint.priority:
        values["priority"] = complaint.priority._value_
    values["source"] = complaint.source
    values["channel"] = complaint.channel or ""
    values["team"] = complaint.team or ""
    if complaint.product:
        values["product"] = complaint.product
    values["order_number"] = complaint.order_number or ""
    if complaint.language:
        values["language"] = complaint.language
    values["owner"] = complaint.owner or ""
    values["subject"] = complaint.subject
    values["text"] = complaint.text
    values["labels"] = list(complaint.labels)
    values["extra"] = complaint.extra
    values["reopens"] = reopens
    values["verified"] = complaint.complainant.verified
    return values


_UNSAID: dict[str, JSON] = {**dict.fromkeys(TEXTS, ""), "complaint": "unsure"}
_SAID = frozenset({"product", "language", "complaint", "category", "root_cause", "severity", "sentiment"})
_SAID_OFTEN = frozenset({"remedy", "emergency"})


def policy_values(
    values: Mapping[str, JSON],
    clocks: Sequence[Clock],
    flags: Sequence[Flag],
    *,
    handoffs: int,
    earlier: int,
    chasers: int,
) -> dict[str, JSON]:
    """`values` with what a rule of the policy may ask besides: the kinds of `flags`, the newest cycle of each clock
    with its minutes, how often the customer was handed on, how many `earlier` complaints there are of them, and how
    often they asked after this one before anybody answered (`chasers`)."""
    return {
        **values,
        "flags": sorted({flag.kind.value for flag in flags}),
        "clocks": {clock.kind: _of_clock(clock) for clock in clocks},
        "handoffs": handoffs,
        "earlier": earlier,
        "chasers": chasers,
    }


def _of_clock(clock: Clock) -> dict[str, JSON]:
    used, target = clock.used_seconds // 60, clock.target_seconds // 60
    return {
        "state": clock.state.value,
        "cycle": clock.cycle,
        "used_minutes": used,
        "target_minutes": target,
        "left_minutes": target - used,
    }
