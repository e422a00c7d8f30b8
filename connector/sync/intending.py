"""The state in which an intention begins, by what its source can do and may. Called by `sweep` and `correcting`."""

from __future__ import annotations

from connector.helpdesk import Helpdesk
from connector.model import Action, Mode
from connector.store.intentions import State

_BY_MODE = {Mode.SHADOW: State.SHADOW, Mode.APPROVE: State.HELD, Mode.LIVE: State.PENDING}


def first_state(desk: Helpdesk, action: Action) -> tuple[State, str | None]:
    """The state, and why where that needs a word. `desk` is the one that has to carry `action` out."""
    if action.kind not in desk.adapter.can:
        return State.DEAD, f"the adapter of {desk.name} cannot {action.kind}"
    return _BY_MODE[desk.modes.get(action.kind, Mode.SHADOW)], None
