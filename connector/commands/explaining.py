"""`amends explain`: one complaint, its writes and the rules in force, put together for `connector.explain`."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from connector.assessment import understood_again
from connector.clocks.source_clocks import source_clocks
from connector.commands.cases import find
from connector.commands.place import Place
from connector.desks import clock_kinds, rules_of
from connector.errors import SettingsError
from connector.explain import Explanation, WriteTold, explain
from connector.mapping import words
from connector.store import acks, intentions, links, source_steps, surveys
from connector.store.intentions import Intention, State


def explained(place: Place, name: str, zone: str | None = None) -> Explanation:
    """Why Amends says and does what it does about one complaint, by the rules in force now. `zone` is the reader's.

    Raises SettingsError where there is no such zone."""
    if zone is not None:
        _prove_zone(zone)
    settings = place.settings
    with place.store() as store, store.read() as connection:
        stored = find(connection, name)
        writes = intentions.of_tickets(connection, stored.source_id, [stored.ticket], State).get(stored.ticket, [])
        writes += intentions.opening_for(connection, f"{stored.source}/{stored.ticket}")
        said = surveys.of_complaints(connection, [stored.id]).get(stored.id, [])
        linked = links.of_complaints(connection, [stored.id]).get(stored.id, [])
        taken = acks.of_complaints(connection, [stored.id]).get(stored.id, [])
        steps = source_steps.of_tickets(connection, stored.source_id, [stored.ticket]).get(stored.ticket, [])
    source = settings.sources.get(stored.source)
    if source is None:
        raise SettingsError(
            f"the source {stored.source!r} is not in amends.yaml any more.", remedy="Put it back to have it explained."
        )
    doc = stored.doc
    spoken = words(source.mapping)
    this = understood_again(doc.complaint, doc.entries, doc.tags, spoken, doc.promises, stored.rulings)
    told = [_told(one) for one in writes]
    now = place.now()
    return explain(
        this,
        stored.assessed.flags,
        told,
        rules_of(settings),
        links=linked,
        said=said,
        acks=taken,
        source_clocks=source_clocks(steps, clock_kinds(source), now),
        look_at=stored.look_at,
        now=now,
        zone=zone,
    )


def _prove_zone(zone: str) -> None:
    try:
        ZoneInfo(zone)
    except (KeyError, ValueError, OSError):
        raise SettingsError(f"there is no time zone {zone!r}.", remedy='Use a name such as "Europe/London".') from None


def _told(one: Intention) -> WriteTold:
    action = one.action
    return WriteTold(
        id=one.id,
        kind=action.kind.value,
        rule=action.rule,
        episode=action.episode,
        state=one.state.value,
        why=action.why,
        effect=action.effect,
        created_at=one.created_at,
        changed_at=one.changed_at,
        tries=one.tries,
        reason=one.why,
    )
