"""Knowing people: going through them again after people.yaml changed, comparing new ones with all others, and letting
go what was kept long enough.

Called by `schedule`, `amends sync` and `amends people`. Who is new with a page is joined with the page; what happens
here can wait.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

import msgspec

from connector.people.identity import Identifying, Identity, numbers_of, place_of, said_numbers
from connector.people.linking import Said, Tie
from connector.people.matching import MOST_OF_ONE_BLOCK, blocks, near, proposals
from connector.people.retention import Retention
from connector.store import Store, Transaction, complaints, erasure, figures, identities, people, sources, walks
from connector.store.complaints import Stored
from connector.store.erasure import Erased
from connector.store.people import Seen

BATCH = 500


class Compared(msgspec.Struct, frozen=True):
    """How many identities were compared with all others, and how many pairs a person may look at."""

    people: int = 0
    proposed: int = 0


def people_changed(store: Store, digest: str, rules: Identifying, now: datetime) -> bool:
    """Where people were known by other rules than the ones called `digest`, go through all of them again.

    Called when the settings are read. What humans said of people stays. Killed half way, it begins again.
    """
    with store.read() as connection:
        before = people.rules_in_force(connection)
    if before == digest:
        return False
    with store.write("people: begun") as connection:
        people.begin_again(connection)
        everywhere = [one.id for one in sources.everyone(connection)]
    for source_id in everywhere:
        last = 0
        while batch := _next(store, source_id, last):
            last = batch[-1].id
            with store.write("people: batch") as connection:
                seen = [_seen(one, rules) for one in batch]
                people.save_people(connection, seen, rules, now, all_over=True)
    with store.write("people: finished") as connection:
        people.finish(connection, digest, rules, now)
    return before is not None


def _next(store: Store, source_id: int, last: int) -> list[Stored]:
    with store.read() as connection:
        return walks.after(connection, source_id, last, BATCH)


def _seen(stored: Stored, rules: Identifying) -> Seen:
    told = stored.doc.complaint
    return Seen(told.complainant, numbers_of(told, rules), place_of(told, rules))


# -- comparing -------------------------------------------------------------------------------------------------------


def compare(
    store: Store,
    rules: Identifying,
    *,
    now: Callable[[], datetime],
    stopping: Callable[[], bool] = lambda: False,
    tell: Callable[[int], None] = lambda _done: None,
) -> Compared:
    """Compare who is new with all others, and put down who may be one person. Raises FencedError, StoreError."""
    done = Compared()
    while not stopping():
        with store.write("people: compared") as connection:
            found = compare_some(connection, rules, now(), BATCH)
        if not found.people:
            break
        done = Compared(done.people + found.people, done.proposed + found.proposed)
        tell(done.people)
    return done


def compare_some(connection: Transaction, rules: Identifying, now: datetime, most: int) -> Compared:
    """The same for `most` of them, in the caller's transaction."""
    new = identities.identities(connection, identities.uncompared(connection, most), keys=True)
    if not new:
        return Compared()
    claimed = _claimed(connection, new, rules)
    found_under = {one.id: blocks(one, claimed.get(one.id, ())) for one in new}
    identities.compared(connection, found_under, now)
    new = [msgspec.structs.replace(one, keys=one.keys | found_under[one.id]) for one in new]  # with what they claim
    shared = identities.sharing(connection, {key for keys in found_under.values() for key in keys}, MOST_OF_ONE_BLOCK)
    few = (group for group in shared.values() if len(group) <= MOST_OF_ONE_BLOCK)
    whose = people.persons(connection, {each for group in few for each in group} | found_under.keys())
    nearby = {one: near(one, keys, shared, whose) for one, keys in found_under.items()}
    wanted = {each for others, _ in nearby.values() for each in others}
    known = {one.id: one for one in (*identities.identities(connection, wanted - found_under.keys(), keys=True), *new)}
    ties = []
    for one in new:
        others, common = nearby[one.id]
        once = [
            known[each]
            for each in others
            # Two new ones meet once, even where only one of them finds the other.
            if each not in nearby or each > one.id or one.id not in nearby[each][0]
        ]
        for likely in proposals(one, once, common, rules.single):
            a, b = sorted((one.id, likely.other))
            ties.append(Tie(a, b, Said.PROPOSED, likely.why, identities.AMENDS, now, likely.score))
    identities.propose(connection, ties)
    return Compared(len(new), len({(tie.a, tie.b) for tie in ties}))


def _claimed(connection: Transaction, new: Iterable[Identity], rules: Identifying) -> dict[int, set[str]]:
    """The numbers that these people name in their own words, where the settings say to look for them."""
    if not any(number.said for number in rules.numbers):
        return {}
    found: dict[int, set[str]] = {}
    for stored in complaints.of_identities(connection, [one.id for one in new]):
        found.setdefault(stored.complainant_id, set()).update(said_numbers(stored.doc.complaint, rules))
    return found


# -- letting go ------------------------------------------------------------------------------------------------------


def tidy(
    store: Store,
    retention: Retention,
    people_rules: Identifying,
    now: datetime,
    *,
    stopping: Callable[[], bool] = lambda: False,
) -> Erased:
    """Erase what was kept as long as people.yaml says; `people_rules` make persons anew of who is left. Raises
    FencedError, StoreError."""
    done = Erased()
    tickets, records = retention.tickets_before(now), retention.records_before(now)
    while tickets is not None and not stopping():
        with store.write("people: tidied") as connection:
            gone = erasure.erase_overdue(connection, tickets, people_rules, now)
            _log(connection, gone, now)
        if not gone.tickets:
            break
        done += gone
    if retention.any:
        with store.write("people: tidied") as connection:
            rest = Erased()
            if records is not None:
                rest += erasure.erase_records(connection, records)
            if tickets is not None:
                rest += erasure.erase_idle_people(connection, people_rules, now)
            _log(connection, rest, now)
        done += rest
    if done.rows:
        with store.read() as connection:
            unused = figures.unused(connection)
        with store.write("people: words forgotten") as connection:
            erasure.forget_words(connection, unused)
    return done


def _log(connection: Transaction, gone: Erased, now: datetime) -> None:
    """With what it tells of, so that a death half way leaves nothing out."""
    if gone.rows:
        sources.log(connection, now, "amends", "store: tidied", detail=msgspec.to_builtins(gone))
