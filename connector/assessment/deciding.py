"""What follows from an understood complaint at one instant: its flags and due actions, and whether an intended write
still holds.

Called by `sync.sweep` to decide, by `sync.push` before a write leaves, by `sync.ticket` to pass over what is
long past, and by `rehearsal`, which decides the past once more.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from datetime import datetime, timedelta

import msgspec

from connector.assessment.clocks import clocks_of
from connector.assessment.counting import counts_in
from connector.assessment.rules import Rules
from connector.assessment.understood import Understood
from connector.clocks import overdue
from connector.condition import policy_values
from connector.mapping import Mapping as FieldMapping
from connector.mapping import placed, to_source
from connector.model import Action, ActionKind, Answer, Clock, Flag, Link
from connector.people.repeats import Earlier, chasing, leading, repeats
from connector.policy import answers, correction, decision, emergencies, handoffs, recheck, wordings
from connector.policy.case import Decided
from connector.policy.correction import Untold
from connector.policy.ladder import Told
from connector.policy.taken import Ack, Hands
from connector.trends import speaking
from connector.trends.speaking import Alive

RESOLVED_LATELY_DAYS = 3
WORDING_NEWS = timedelta(days=3)  # so long a phrase in a reply is worth a word with whoever wrote it


class Assessment(msgspec.Struct, frozen=True):
    """What follows from a complaint at one instant. `look_again_at` is when time alone may change the answer. `copy_of`
    names the complaint ("source/ticket") of which it is the same message, `led` what is done there in its stead."""

    clocks: tuple[Clock, ...]
    flags: tuple[Flag, ...]
    actions: tuple[Action, ...]
    look_again_at: datetime | None
    copy_of: str | None = None
    led: frozenset[ActionKind] = frozenset()


def worth_a_look(this: Understood, rules: Rules, act_from: datetime, now: datetime) -> bool:
    """Whether a ticket read for the first time may be acted upon or joins a person's recent complaints; most of a long
    history does neither."""
    complaint, resolutions = this.complaint, this.folded.history.resolutions
    if complaint.updated_at >= act_from or (resolutions and (now - resolutions[-1]).days < RESOLVED_LATELY_DAYS):
        return True
    return (now - complaint.opened_at).days < rules.repeats.many_days and this.is_complaint == "yes"


def assess(
    this: Understood,
    earlier: Sequence[Earlier],
    rules: Rules,
    mapping: FieldMapping,
    *,
    salt: str,
    act_from: datetime,
    now: datetime,
    links: Sequence[Link] = (),
    acknowledges: bool = False,
    acks: Sequence[Ack] = (),
    told: Sequence[Told] = (),
    said: Sequence[Answer] = (),
    alive: Sequence[Alive] = (),
    untold: Sequence[Untold] = (),
    led: Callable[[Earlier], frozenset[ActionKind]] = lambda _leading: frozenset(ActionKind),
    known: Container[Decided] = (),
    wordless: bool = False,
) -> Assessment:
    """Its clocks, flags and due actions at `now`. Deterministic: the same stored state and `now` give the same.
    `acknowledges`: its source can tell a customer that their complaint has come. `acks` are the words of people who see
    to it, `told` is what others were told of it, `said` what the customer answered. `alive` are the trends that go on,
    `untold` the corrections of which its customer has not been told. Of a message that came to two places, what
    `led` says is done at the first, and only the rest at its copy. Writes that are `known` are not decided again;
    `wordless` leaves out what notes say, for who only counts them."""
    history, own = this.folded.history, this.values
    clocks = clocks_of(this, rules, now, own)
    handed = handoffs.handoffs(this.entries)
    flags = overdue.flags(clocks, rules.sla, now)
    if earlier or history.reopens:
        flags = (*flags, *repeats(this.complaint, history, this.tags, earlier, rules.repeats, now))
    if said:
        flags = (*flags, *answers.flags(said, history, rules.policy.survey, now))
    flags = (
        *emergencies.flags(this.complaint, this.tags, history.received_at),
        *flags,
        *handoffs.flags(this.complaint, this.tags, handed),
        *_wording_flags(this, rules, max(act_from, now - WORDING_NEWS)),
        *trend_flags(this, alive, rules),
        *correction.untold_flags(untold),
    )
    values = policy_values(
        own,
        clocks,
        flags,
        handoffs=len(handed.changes),
        earlier=len(earlier),
        chasers=chasing(this.complaint, history, this.tags, earlier),
    )
    same = leading(this.complaint, history, this.tags, earlier) if earlier else None
    decided = decision.decide(
        this.complaint,
        history,
        this.tags,
        clocks,
        flags,
        rules.policy,
        values=values,
        translate=lambda change: to_source(mapping, change),
        salt=salt.encode(),
        act_from=act_from,
        now=now,
        links=links,
        place=lambda what, value: placed(mapping, what, value),
        acknowledges=acknowledges,
        hands=hands_of(this, rules, mapping, acks),
        handed=handed,
        told=told,
        copy_of=None if same is None else same.case,
        led=frozenset() if same is None else led(same),
        known=known,
        wordless=wordless,
    )
    later = answers.next_change(said, history, rules.policy.survey, now) if said else None
    times = (decided.look_again_at, overdue.next_change(clocks, now), later)
    again = min((at for at in times if at is not None), default=None)
    return Assessment(clocks, flags, decided.actions, again, decided.copy_of, decided.led)


def trend_flags(this: Understood, alive: Sequence[Alive], rules: Rules) -> tuple[Flag, ...]:
    """The trends that a complaint is part of."""
    if not alive:
        return ()
    return speaking.flags(counts_in(this.complaint, this.tags, rules), this.complaint.opened_at, alive)


def _wording_flags(this: Understood, rules: Rules, since: datetime) -> tuple[Flag, ...]:
    lists = rules.policy.wordings
    if not lists:
        return ()
    spoken = next((tag.value for tag in this.tags if tag.facet == "language"), this.complaint.language)
    return wordings.flags(this.entries, lists, spoken, since)


def hands_of(this: Understood, rules: Rules, mapping: FieldMapping, acks: Sequence[Ack]) -> Hands:
    """What tells of people at work on a complaint."""
    return Hands(this.entries, acks, mapping.fields.get("labels", "labels"), rules.policy.ack_tag)


def why_not(
    action: Action,
    this: Understood,
    rules: Rules,
    now: datetime,
    links: Sequence[Link] = (),
    hands: Hands | None = None,
    said: Sequence[Answer] = (),
    alive: Sequence[Alive] = (),
    untold: Sequence[Untold] = (),
) -> str | None:
    """Why an intended write no longer holds, or None. `links` are the complaint's corrective tickets, `hands` tells of
    people at work on it, `said` is what its customer answered; `alive` and `untold` as in `assess`."""
    sections = {ActionKind.SURVEY: rules.policy.survey, ActionKind.ACKNOWLEDGE: rules.policy.acknowledge}
    section = sections.get(action.kind)
    if section is not None and section.when is not None and not section.when.holds(this.values):
        return f"the condition of `{action.kind}` does not hold any more"
    clocks = clocks_of(this, rules, now)
    episodes = {flag.episode for flag in (*trend_flags(this, alive, rules), *correction.untold_flags(untold))}
    history = this.folded.history
    return recheck.unwanted(
        action, this.complaint, history, this.tags, clocks, rules.policy, now, links, hands, said, episodes
    )


def wait_until(action: Action, this: Understood, rules: Rules, now: datetime) -> datetime | None:
    """Until when an intended write has to wait (a survey at night), or None."""
    return recheck.postponed(action, this.complaint, rules.policy, now)
