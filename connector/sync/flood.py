"""Many notices to one contact at once go in one message; and what the outbox says became of a notice. Used by `sweep`.

Twenty messages in ten minutes are read by nobody. What comes beyond is written down as told (so that ladders go on as
if it was) and left to one digest at the end of the ten minutes. An emergency is never held back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from msgspec.structs import replace

from connector.model import Action, ActionKind, Effect, Notice
from connector.policy.keys import action_key, marker
from connector.policy.ladder import Told
from connector.policy.rules import DIGEST
from connector.policy.telling import CONTACTS
from connector.store import Transaction, intentions
from connector.store.intentions import MOVING, Intention, State

WINDOW = timedelta(minutes=10)
DIGEST_RANK = 3


class Flood:
    """How many notices each contact got of late; lives for one sweep at `now`."""

    def __init__(self, most: int, now: datetime, salt: str) -> None:
        self.most, self.now, self.salt = most, now, salt
        self._counts: Counter[str] | None = None

    def held_back(self, connection: Transaction, action: Action) -> Sequence[Action]:
        """The action as it is; or, where its contact was told often enough, folded into a digest, and that."""
        notice = action.effect.notice
        if notice is None:
            return (action,)
        counts = self._counts = self._counts if self._counts is not None else _told_since(connection, self.now - WINDOW)
        counts[notice.contact] += 1
        if notice.urgent or counts[notice.contact] <= self.most:
            return (action,)
        window = WINDOW.total_seconds()
        at = datetime.fromtimestamp((self.now.timestamp() // window + 1) * window, UTC)
        folded = replace(action, effect=Effect(notice=replace(notice, digest=at)))
        return (folded, self._digest(notice.contact, at))

    def first_state(self, action: Action, state: State) -> tuple[State, str | None]:
        """A folded notice is done with; everything else begins as its mode says."""
        notice = action.effect.notice
        if action.rule != DIGEST and notice is not None and notice.digest is not None and state is State.PENDING:
            return State.FOLDED, f"told together with others at {notice.digest:%H:%M} UTC"
        return state, None

    def _digest(self, contact: str, at: datetime) -> Action:
        ticket, episode = f"{DIGEST}/{contact}", at.isoformat()
        key = action_key(self.salt.encode(), CONTACTS, ticket, DIGEST, episode, ActionKind.NOTIFY)
        return Action(
            key=key,
            marker=marker(key),
            source=CONTACTS,
            ticket=ticket,
            kind=ActionKind.NOTIFY,
            rule=DIGEST,
            episode=episode,
            effect=Effect(notice=Notice(contact=contact, title="", text="", since=at, digest=at)),
            why=f"More than {self.most} notices in ten minutes.",
            not_before=at,
            rank=DIGEST_RANK,
            origin=ticket,
        )


def _told_since(connection: Transaction, since: datetime) -> Counter[str]:
    found: Counter[str] = Counter()
    for one in intentions.notices_since(connection, since):
        notice = one.action.effect.notice
        if notice is not None and one.action.rule != DIGEST:
            found[notice.contact] += 1
    return found


def told_of(one: Intention) -> Told:
    """What became of a notice, for the ladder. In shadow mode it counts as told when it was decided."""
    notice = one.action.effect.notice
    at: datetime | None = one.changed_at
    if one.state in MOVING or one.state is State.HELD:
        at = None
    elif one.state is State.SHADOW:
        at = one.created_at
    elif one.state is State.DONE:
        at = one.sent_at or one.changed_at
    elif one.state is State.FOLDED and notice is not None:
        at = notice.digest
    contact = notice.contact if notice is not None else ""
    return Told(one.action.rule, one.action.episode, contact, at, failed=one.state is State.DEAD)
