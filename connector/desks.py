"""From settings to helpdesks at work: credentials, session, budget, adapter and the store's row, put together.

Called by the command line and, at a reload, through it by `schedule`. Constructing an adapter does no I/O; getting to
know the source (`introduce`) is one call, made once and remembered in the store.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import cached_property
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

from connector.adapter import Adapter, Blank, Credentials, Identity, Tools, find_adapter
from connector.assessment.rules import ReadSource, Rules
from connector.budget import AccountBudget
from connector.corrections import Answers, vocabulary
from connector.credentials import SourceCredentials
from connector.errors import AuthError, SettingsError, TemporaryError
from connector.helpdesk import Helpdesk, HookOrder
from connector.http import session
from connector.mapping import Mapping, words
from connector.model import ActionKind, Notice, Tag
from connector.notify import ADAPTER, People
from connector.policy.copies import Reach
from connector.policy.rules import SurveyPage
from connector.policy.telling import CONTACTS
from connector.settings import Settings, SourceSettings
from connector.settings.models import read_models
from connector.settings.shapes.amends import Hooks
from connector.settings.sources import HOOK_SECRET, HOOK_SECRET_BEFORE
from connector.settings.web import PublicSettings
from connector.store import Store, intentions, sources
from connector.store.memory import StoredLedger, StoredMemory
from connector.survey_key import SurveyLinks, key_file
from connector.tagging import TaggingSettings

if TYPE_CHECKING:
    from connector.tagging import Asked, Tagger


class _LateTagger:
    """Compiled with the first ticket: phrases and models cost more than an idle run, which has none."""

    def __init__(self, settings: TaggingSettings, models: Sequence[Path]) -> None:
        self._settings, self._models = settings, models

    @cached_property
    def _made(self) -> Tagger:
        from connector.tagging import Tagger

        return Tagger(self._settings, read_models(self._models), late=True)

    def tags_of(self, asked: Sequence[Asked]) -> list[tuple[Tag, ...]]:
        return self._made.tags_of(asked)


def read_sources_of(settings: Settings) -> tuple[ReadSource, ...]:
    """The sources that are read, whether or not they can be reached."""
    found = (one for one in settings.sources.values() if one.streams)
    return tuple(ReadSource(one.name, one.streams[0], one.rules_digest) for one in found)


def rules_of(settings: Settings) -> Rules:
    """Everything that decides, compiled from the settings."""
    tagger = _LateTagger(settings.tagging, settings.models) if settings.tag else None
    back = settings.policy.tag_back
    facets = settings.tagging.taxonomy.facets
    asked = {name: Answers(tuple(facets[name].values), facets[name].several) for name in facets}
    return Rules(
        tagger=tagger,
        sla=settings.sla,
        policy=settings.policy,
        repeats=settings.repeats,
        people=settings.people.identifying,
        retention=settings.people.retention,
        trends=settings.trends,
        vocabulary=vocabulary(back.prefix, asked) if back is not None and tagger is not None else None,
        lexicon=settings.lexicon,
        reaches={one.name: Reach(one.can, one.modes, one.act_from) for one in settings.sources.values()},
        sources=read_sources_of(settings),
    )


def clock_kinds(source: SourceSettings) -> dict[str, str]:
    """Which of our clocks the source's own ones correspond to, by the source's word; {} where it tells of none."""
    return {**getattr(find_adapter(source.adapter), "clocks", {}), **getattr(source.options, "clocks", {})}


def adapter_for(
    source: SourceSettings,
    home: Path,
    now: Callable[[], datetime],
    clock: Callable[[], float] = monotonic,
    store: Store | None = None,
) -> Adapter:
    """The adapter of a source with its own session, budget and credentials. No I/O.

    `clock` counts the seconds in which a helpdesk limits its calls: real ones, but for the demo's compressed days.
    """
    keys = source_credentials(source, home)
    return adapter_with(find_adapter(source.adapter), source.name, source.options, keys, now, clock, store)


def source_credentials(source: SourceSettings, home: Path) -> SourceCredentials:
    """What opens a source, and where its renewed tokens are kept."""
    return SourceCredentials(source.name, source.secrets, home / "tokens" / f"{source.name}.json")


def adapter_with(
    made: type[Adapter],
    name: str,
    options: Any,
    credentials: Credentials,
    now: Callable[[], datetime],
    clock: Callable[[], float] = monotonic,
    store: Store | None = None,
) -> Adapter:
    """An adapter with these credentials, for a source that may not be configured yet (`amends init`). No I/O."""
    return made(name, options, tools_for(made, name, options, credentials, now, clock, store))


def budget_of(
    made: type[Adapter], name: str, options: Any, now: Callable[[], datetime], clock: Callable[[], float]
) -> AccountBudget:
    """What the source's limits are, by its adapter and its settings; nothing is counted yet."""
    limits = {**getattr(made, "limits", {}), **getattr(options, "limits", {})}
    return AccountBudget(limits, source=name, now=now, clock=clock)


def tools_for(
    made: type[Adapter],
    name: str,
    options: Any,
    credentials: Credentials,
    now: Callable[[], datetime],
    clock: Callable[[], float] = monotonic,
    store: Store | None = None,
    budget: AccountBudget | None = None,
) -> Tools:
    """What such an adapter is handed to reach its source; `options` is None while they are not all known. No I/O."""
    return Tools(
        session=session(name, ca_file=getattr(options, "ca_file", None)),
        budget=budget or budget_of(made, name, options, now, clock),
        credentials=credentials,
        now=now,
        memory=StoredMemory(store, name) if store else Blank(),
        ledger=StoredLedger(store, name) if store else None,
    )


def hook_credentials(source: SourceSettings, home: Path) -> SourceCredentials:
    """Where the secret of a source's hook is kept: apart from what opens the source, so that whoever receives
    deliveries can do nothing else."""
    given = {HOOK_SECRET: "secret", HOOK_SECRET_BEFORE: "before"}
    references = {given[name]: place for name, place in source.secrets.items() if name in given}
    return SourceCredentials(source.name, references, home / "tokens" / f"{source.name}.hook.json")


def hook_order(source: SourceSettings, public: PublicSettings | None, home: Path) -> HookOrder | None:
    """What is to be done about the hook of a source; None where it has none."""
    if source.hooks is Hooks.NONE:
        return None
    address = f"{public.url if public else ''}/hooks/{source.name}"
    return HookOrder(address, hook_credentials(source, home), by_hand=source.hooks is Hooks.BY_HAND)


def open_desk(
    source: SourceSettings,
    home: Path,
    store: Store,
    now: Callable[[], datetime],
    clock: Callable[[], float] = monotonic,
    public: PublicSettings | None = None,
    page: SurveyPage | None = None,
) -> Helpdesk:
    """A source ready for pull, sweep and push. Raises AuthError or TemporaryError on first acquaintance. `page` is our
    own page of survey questions, if there is one."""
    links = SurveyLinks(page, key_file(store.file, home)) if page is not None else None
    made = find_adapter(source.adapter)
    budget = budget_of(made, source.name, source.options, now, clock)
    keys = source_credentials(source, home)
    adapter = made(
        source.name, source.options, tools_for(made, source.name, source.options, keys, now, clock, store, budget)
    )
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
        hook=hook_order(source, public, home),
        survey_link=links.link if links is not None else None,
        calls_left=budget.left,
        hide=links.hide if links is not None else None,
    )


def people_desk(settings: Settings, store: Store, now: Callable[[], datetime]) -> Helpdesk | None:
    """The contacts, to be written to as a source is; None where there are none. No I/O but a row in the store."""
    if not settings.policy.contacts.people:
        return None
    with store.write("contacts: enlisted") as connection:
        row = sources.enlist(connection, CONTACTS, ADAPTER)

    def folded(contact: str, at: datetime) -> list[Notice]:
        with store.read() as connection:
            told = intentions.folded_into(connection, contact, at)
        return [notice for one in told if (notice := one.action.effect.notice) is not None]

    mapping = Mapping(adapter=ADAPTER, fields={}, status={})
    return Helpdesk(
        id=row.id,
        name=CONTACTS,
        adapter=People(settings.policy, StoredLedger(store, CONTACTS), folded, now),
        streams=(),
        mapping=mapping,
        words=words(mapping),
        modes={ActionKind.NOTIFY: settings.policy.contacts.mode},
        rules_digest="",
        actor=None,
        act_from=now(),
    )


def prove_account(desk: Helpdesk, store: Store) -> None:
    """Raises SettingsError where the source is another account than the one its complaints came from: ids of one
    would be taken for ids of the other, and writes would go to strangers' tickets. One call; a source that cannot be
    asked now is taken at its word."""
    try:
        identity = desk.adapter.check()
    except (AuthError, TemporaryError):
        return
    with store.read() as connection:
        row = sources.by_name(connection, desk.name)
    if row is not None and row.account not in (None, identity.account):
        raise SettingsError(
            f"it was the account {row.account!r} and is now {identity.account!r}.",
            source=desk.name,
            remedy="Give the new account a source of its own in amends.yaml.",
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
