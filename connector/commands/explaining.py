"""`amends explain`: one complaint, its writes and the rules in force, put together for `connector.explain`."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec

from connector.assessment.clocks import closed_before
from connector.assessment.understood import understood_again
from connector.clocks.source_clocks import source_clocks
from connector.commands.cases import find
from connector.commands.place import Place
from connector.desks import clock_kinds, rules_of
from connector.errors import SettingsError
from connector.explain import Explanation, PersonTold, WriteTold, explain
from connector.mapping import words
from connector.model import EPOCH
from connector.people.conduct import State, passes, state
from connector.people.repeats import chased, chasers, copy_of
from connector.store import (
    Transaction,
    acks,
    conducts,
    earlier,
    identities,
    intentions,
    links,
    source_steps,
    sources,
    surveys,
)
from connector.store.complaints import Stored
from connector.store.intentions import Intention
from connector.store.intentions import State as WriteState
from connector.sync.changing import clocks_changed


def explained(place: Place, name: str, zone: str | None = None) -> Explanation:
    """Why Amends says and does what it does about one complaint, by the rules in force now. `zone` is the reader's.

    Raises SettingsError where there is no such zone."""
    if zone is not None:
        _prove_zone(zone)
    settings = place.settings
    with place.store() as store, store.read() as connection:
        stored = find(connection, name)
        writes = intentions.of_tickets(connection, stored.source_id, [stored.ticket], WriteState).get(stored.ticket, [])
        writes += intentions.opening_for(connection, f"{stored.source}/{stored.ticket}")
        said = surveys.of_complaints(connection, [stored.id]).get(stored.id, [])
        linked = links.of_complaints(connection, [stored.id]).get(stored.id, [])
        person = _person(connection, stored, place.now())
        taken = acks.of_complaints(connection, [stored.id]).get(stored.id, [])
        row = sources.by_name(connection, stored.source)
        steps = source_steps.of_tickets(connection, stored.source_id, [stored.ticket]).get(stored.ticket, [])
    source = settings.sources.get(stored.source)
    if source is None:
        raise SettingsError(
            f"the source {stored.source!r} is not in amends.yaml any more.", remedy="Put it back to have it explained."
        )
    doc = stored.doc
    spoken = words(source.mapping)
    had = stored.assessed
    this = understood_again(doc.complaint, doc.entries, doc.tags, spoken, doc.promises, stored.rulings, had.kept)
    if clocks_changed(row, source.rules_digest):
        this = closed_before(this, had.clocks)
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
        person=msgspec.structs.replace(person, chasers=chasers(this.folded.history)),
        look_at=stored.look_at,
        now=now,
        zone=zone,
    )


def _prove_zone(zone: str) -> None:
    try:
        ZoneInfo(zone)
    except (KeyError, ValueError, OSError):
        raise SettingsError(f"there is no time zone {zone!r}.", remedy='Use a name such as "Europe/London".') from None


def _person(connection: Transaction, stored: Stored, now: datetime) -> PersonTold:
    group = next(iter(identities.members(connection, [stored.complainant_id]).values()))
    name = f"{stored.source}/{stored.ticket}"
    known = earlier.cases_of(connection, [stored.person_id], EPOCH).get(stored.person_id, []) if stored.joins else []
    own, others = next((one for one in known if one.case == name), None), [one for one in known if one.case != name]
    same = copy_of(own, others) if own else None
    after = chased(own, others) if own and not same else None
    emergency = any(tag.facet == "emergency" for tag in stored.doc.tags)
    return PersonTold(
        id=stored.person_id,
        identities=len(group),
        cases=tuple(one.case for one in others),
        same_as=same.case if same else None,
        chases=after.case if after else None,
        conduct=tuple(
            f"register {one.id}: {passes(one.steps, name, emergency=emergency, now=now)}"
            for one in conducts.of_identities(connection, group)
            if state(one.steps, now) is State.IN_FORCE
        ),
    )


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
