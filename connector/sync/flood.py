"""Many notices to one contact at once go in one message; and what the outbox says became of a notice. Used by `sweep`.

Twenty messages in ten minutes are read by nobody. What comes beyond is left to one digest at the end of the ten
minutes, and ladders go on by what becomes of that. A digest that is on its way takes nothing more: what comes then is
for the next one. Where a person has to approve, it is the digest that they approve. An emergency is never held back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from msgspec.structs import replace

from connector.model import Action, ActionKind, Effect, Notice
from connector.policy.keys import action_key, marker
from connector.policy.ladder import Told
from connector.policy.rules import DIGEST
from connector.policy.telling import CONTACTS
from connector.store import Transaction, intentions
from connector.store.intentions import MOVING, WITHDRAWABLE, Intention, State

WINDOW = timedelta(minutes=10)
DIGEST_RANK = 3


class Flood:
    """How many notices each contact got of late; lives for one sweep at `now`."""

    def __init__(self, most: int, now: datetime, salt: str) -> None:
        self.most, self.now, self.salt = most, now, salt
        self._counts: Counter[str] | None = None

    def held_back(self, connection: Transaction, action: Action) -> Sequence[Action]:
        """The action as it is; or, where its contact was told often enough, folded into a digest, and that. Nothing
        where it was intended before: it is counted already, and a digest would have nothing in it."""
        notice = action.effect.notice
        if notice is None:
            return (action,)
        if intentions.one_by_key(connection, action.key) is not None:
            return ()
        counts = self._counts = self._counts if self._counts is not None else _told_since(connection, self.now - WINDOW)
        counts[notice.contact] += 1
        if notice.urgent or counts[notice.contact] <= self.most:
            return (action,)
        digest = self._open_digest(connection, notice.contact)
        folded = replace(action, effect=Effect(notice=replace(notice, digest=digest.not_before)))
        return (folded, digest)

    def _open_digest(self, connection: Transaction, contact: str) -> Action:
        """The first digest to come that has not left."""
        window = WINDOW.total_seconds()
        at = datetime.fromtimestamp((self.now.timestamp() // window + 1) * window, UTC)
        while True:
            digest = self._digest(contact, at)
            known = intentions.one_by_key(connection, digest.key)
            if known is None or known.state in WITHDRAWABLE:
                return digest
            at += WINDOW

    def first_state(self, action: Action, state: State) -> tuple[State, str | None]:
        """A folded notice waits for its digest; everything else begins as its mode says."""
        notice = action.effect.notice
        folded = action.rule != DIGEST and notice is not None and notice.digest is not None
        if folded and notice is not None and state in (State.PENDING, State.HELD):
            return State.FOLDED, f"told together with others at {notice.digest:%H:%M} UTC"
        return state, None

    def _digest(self, contact: str, at: datetime) -> Action:
        ticket, episode, key = f"{DIGEST}/{contact}", at.isoformat(), digest_key(self.salt, contact, at)
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


def digest_key(salt: str, contact: str, at: datetime) -> str:
    """What the outbox knows the digest of that instant by."""
    ticket = f"{DIGEST}/{contact}"
    return action_key(salt.encode(), CONTACTS, ticket, DIGEST, at.isoformat(), ActionKind.NOTIFY)


def digests_of(connection: Transaction, notices: Iterable[Intention], salt: str) -> dict[int, Intention]:
    """The digest of each of these notices that was folded into one, by the notice's number."""
    keys = {
        one.id: digest_key(salt, notice.contact, notice.digest)
        for one in notices
        if one.state is State.FOLDED and (notice := one.action.effect.notice) is not None and notice.digest is not None
    }
    known = intentions.by_keys(connection, keys.values()) if keys else {}
    return {number: known[key] for number, key in keys.items() if key in known}


def may_be_withdrawn(one: Intention, digest: Intention | None) -> bool:
    """Whether a notice has not left: neither by itself nor in its digest."""
    if one.state is State.FOLDED:
        return digest is not None and digest.state in WITHDRAWABLE
    return one.state in WITHDRAWABLE


def _told_since(connection: Transaction, since: datetime) -> Counter[str]:
    found: Counter[str] = Counter()
    for one in intentions.notices_since(connection, since):
        notice = one.action.effect.notice
        if notice is not None and one.action.rule != DIGEST:
            found[notice.contact] += 1
    return found


def told_of(one: Intention, digest: Intention | None = None) -> Told:
    """What became of a notice, for the ladder; of one that was folded, what became of its digest. In shadow mode it
    counts as told when it was decided."""
    notice = one.action.effect.notice
    if one.state is State.FOLDED and digest is not None and digest.state is not State.PENDING:
        return replace(told_of(digest), rule=one.action.rule, episode=one.action.episode)
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
