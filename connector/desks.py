"""From settings to helpdesks at work: credentials, session, budget, adapter and the store's row, put together.

Called by the command line and, at a reload, through it by `schedule`. Constructing an adapter does no I/O; getting to
know the source (`introduce`) is one call, made once and remembered in the store.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from connector.adapter import Adapter, Identity, Tools, find_adapter
from connector.assessment import Rules
from connector.budget import AccountBudget
from connector.credentials import SourceCredentials
from connector.helpdesk import Helpdesk
from connector.http import session
from connector.mapping import words
from connector.settings import Settings, SourceSettings
from connector.store import Store, sources
from connector.tagging import Tagger


def rules_of(settings: Settings) -> Rules:
    """Everything that decides, compiled from the settings."""
    tagger = Tagger(settings.tagging) if settings.tag else None
    return Rules(tagger=tagger, sla=settings.sla, policy=settings.policy, repeats=settings.repeats)


def adapter_for(source: SourceSettings, home: Path, now: Callable[[], datetime]) -> Adapter:
    """The adapter of a source with its own session, budget and credentials. No I/O."""
    made = find_adapter(source.adapter)
    tools = Tools(
        session=session(source.name, ca_file=getattr(source.options, "ca_file", None)),
        budget=AccountBudget(getattr(source.options, "limits", {}), source=source.name, now=now),
        credentials=SourceCredentials(source.name, source.secrets, home / "tokens" / f"{source.name}.json"),
        now=now,
    )
    return made(source.name, source.options, tools)


def open_desk(source: SourceSettings, home: Path, store: Store, now: Callable[[], datetime]) -> Helpdesk:
    """A source ready for pull, sweep and push. Raises AuthError or TemporaryError on first acquaintance."""
    adapter = adapter_for(source, home, now)
    with store.read() as connection:
        row = sources.by_name(connection, source.name)
    if row is None or row.act_from is None or row.adapter != source.adapter:
        identity = adapter.check()
        row = _acquainted(source, store, identity, now())
    act_from = source.act_from or row.act_from
    assert act_from is not None
    return Helpdesk(
        id=row.id,
        name=source.name,
        adapter=adapter,
        streams=source.streams,
        mapping=source.mapping,
        words=words(source.mapping),
        modes=source.modes,
        rules_digest=source.rules_digest,
        actor=row.actor,
        act_from=act_from,
        read_from=source.read_from,
    )


def _acquainted(source: SourceSettings, store: Store, identity: Identity, now: datetime) -> sources.SourceRow:
    with store.write("source: introduced") as connection:
        row = sources.enlist(connection, source.name, source.adapter)
        sources.introduce(connection, row.id, identity, now)
        if row.rules_digest is None:
            sources.rules_in_force(connection, row.id, source.rules_digest)
        detail = {"account": identity.account, "as": identity.name}
        sources.log(connection, now, "amends", "source: first contact", source=source.name, detail=detail)
        found = sources.by_name(connection, source.name)
    assert found is not None
    return found
