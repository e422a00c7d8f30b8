"""`amends hooks …`: how the webhooks of the sources are, and making, renewing and dropping them by hand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from connector.adapter import Hooking
from connector.commands.place import Place
from connector.desks import adapter_for, hook_order
from connector.display import ago, clean, table
from connector.errors import SettingsError
from connector.settings import SourceSettings
from connector.settings.shapes.amends import Hooks
from connector.store.hook_inbox import FILE, HookInbox


class HookStanding(msgspec.Struct, frozen=True):
    """The hook of one source. `kept` is none, kept or by_hand; `waiting` deliveries are on disk and not yet acted upon,
    `refused` ones were not proven to be the source's. `silent_since`: the poll found changes that no hook told of.
    `before_at`: when a delivery was signed last with the secret before the present one."""

    source: str
    kept: str
    address: str | None
    heard_at: datetime | None
    waiting: int
    refused: int
    done: str | None
    trouble: str | None
    silent_since: datetime | None
    before_at: datetime | None


class HookListing(msgspec.Struct, frozen=True):
    at: datetime
    hooks: tuple[HookStanding, ...]

    @property
    def exit_code(self) -> int:
        return 1 if any(one.trouble or one.silent_since for one in self.hooks) else 0


class HookDone(msgspec.Struct, frozen=True):
    """What was done about the hook of one source; `what` is None where all was well."""

    source: str
    address: str
    what: str | None
    dry_run: bool


def listing(place: Place) -> HookListing:
    """Of every source that has one. Reads the inbox of hooks alone, no helpdesk is asked."""
    return HookListing(place.wall(), standings(place, list(place.settings.sources.values())))


def standings(place: Place, sources: Sequence[SourceSettings]) -> tuple[HookStanding, ...]:
    pushing = [one for one in sources if hook_order(one, place.settings.public, place.home) is not None]
    if not pushing:
        return ()
    inbox = HookInbox(place.home) if (place.home / FILE).exists() else None
    try:
        return tuple(_standing(one, inbox) for one in pushing)
    finally:
        if inbox is not None:
            inbox.close()


def _standing(source: SourceSettings, inbox: HookInbox | None) -> HookStanding:
    found = inbox.standing(source.name) if inbox is not None else None
    return HookStanding(
        source=source.name,
        kept=source.hooks.value,
        address=found.address if found else None,
        heard_at=found.heard_at if found else None,
        waiting=found.waiting if found else 0,
        refused=found.refused if found else 0,
        done=found.done if found else None,
        trouble=found.trouble if found else None,
        silent_since=found.silent_since if found else None,
        before_at=found.before_at if found else None,
    )


def mend(place: Place, names: Sequence[str], *, renew: bool, dry_run: bool) -> list[HookDone]:
    """Look at the hooks of these sources (all of them without a name) and mend what is wrong; with `renew`, they get
    new secrets. Raises what asking a helpdesk raises, and SettingsError where a hook is not ours to keep."""
    done = []
    for source in _kept(place, names):
        order = hook_order(source, place.settings.public, place.home)
        assert order is not None, "none of these sources goes without"
        what: str | None = "would be looked at" if dry_run else None
        if not dry_run:
            adapter = adapter_for(source, place.home, place.now, place.clock)
            inbox = HookInbox(place.home)
            try:
                assert isinstance(adapter, Hooking), "the settings were checked for it"
                what = adapter.keep_hook(order.address, order.secrets, renew=renew)
                inbox.kept(source.name, order.address, place.wall(), what)
            finally:
                inbox.close()
                adapter.close()
        done.append(HookDone(source.name, order.address, what, dry_run))
    return done


def drop(place: Place, name: str, *, dry_run: bool) -> list[HookDone]:
    """Take the hook of a source away at its helpdesk; say `hooks: none` first, or the daemon makes it again."""
    [source] = place.chosen([name])
    order = hook_order(msgspec.structs.replace(source, hooks=Hooks.KEPT), place.settings.public, place.home)
    assert order is not None, "a source that keeps its hook has an order for it"
    if dry_run:
        return [HookDone(name, order.address, "would be dropped", dry_run=True)]
    adapter = adapter_for(source, place.home, place.now, place.clock)
    try:
        if not isinstance(adapter, Hooking):
            raise SettingsError(f"the adapter {source.adapter} has no hooks.", remedy="There is nothing to drop.")
        there = adapter.drop_hook(order.address)
    finally:
        adapter.close()
    return [HookDone(name, order.address, "dropped" if there else None, dry_run=False)]


def _kept(place: Place, names: Sequence[str]) -> list[SourceSettings]:
    chosen = place.chosen(names)
    kept = [one for one in chosen if one.hooks is Hooks.KEPT]
    if not kept or (names and len(kept) < len(chosen)):
        raise SettingsError(
            "nobody asked Amends to keep these hooks." if names else "no source has a hook that Amends keeps.",
            remedy="Say `hooks: kept` for the source in amends.yaml, and `public`.",
        )
    return kept


def listing_lines(told: HookListing, columns: int) -> list[str]:
    if not told.hooks:
        return ["No source pushes to us; changes come by the poll. `hooks: kept` in amends.yaml asks for it."]
    rows = [
        (
            one.source,
            one.kept,
            ago(one.heard_at, told.at),
            str(one.waiting),
            str(one.refused),
            _state(one, told.at),
        )
        for one in told.hooks
    ]
    return table(("SOURCE", "HOOK", "LAST HEARD", "WAITING", "REFUSED", "STATE"), rows, columns)


def _state(one: HookStanding, now: datetime) -> str:
    if one.trouble:
        return clean(one.trouble)
    if one.silent_since:
        return f"silent since {ago(one.silent_since, now)}, though tickets changed"
    if not (one.address or one.done or one.kept == "by_hand"):
        return "not made yet"
    before = f"; the secret before was used {ago(one.before_at, now)}" if one.before_at else ""
    return f"{f'{clean(one.done)}, ' if one.done else ''}well{before}"


def done_lines(told: list[HookDone], _columns: int) -> list[str]:
    return [f"{one.source}: {one.what or 'all was well'} ({one.address})" for one in told]
