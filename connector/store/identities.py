"""What identities are known by and what joins them, as rows. Called by `people` when a page is saved, and by the
commands when a person decides.

Everything here happens in the transaction of whoever calls: complaints, people's links and cursor commit together. Few
questions, each for a whole page: most pages bring nobody new, and most who are new are joined to nobody.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, bindparam, delete, func, insert, or_, select, update

from connector.people.identity import FINDING, MAIL, PHONE, Identifying, Identity
from connector.people.linking import Said, Tie, components, links
from connector.store.rows import Row, add_unknown, among, change, in_lists, listed
from connector.store.tables import complainant, complaint, identity, tie
from connector.store.times import micros, moment

AMENDS = "amends"
# A mailbox and a phone are as the account says now; numbers stay, as they came with complaints.
_OF_THE_ACCOUNT = (f"{MAIL}:", f"{PHONE}:")

_WITH_KEYS = select(identity.c.key, identity.c.complainant_id).where(
    identity.c.key.in_(bindparam("keys", expanding=True))
)
_OF_ONES = select(identity.c.complainant_id, identity.c.key).where(
    identity.c.complainant_id.in_(bindparam("ids", expanding=True))
)
_IDENTITIES = select(
    complainant.c.id,
    complainant.c.key,
    complainant.c.name,
    complainant.c.address,
    complainant.c.phone,
    complainant.c.verified,
    complainant.c.shared,
    complainant.c.place,
).where(complainant.c.id.in_(bindparam("ids", expanding=True)))

# One text for all of them: a statement made for each took half of what joining a page costs.
_WHOSE = update(complainant).where(complainant.c.id == bindparam("of")).values(person_id=bindparam("person"))


def know(
    connection: Connection,
    known_by: Mapping[int, frozenset[str]],
    seen_before: Collection[int],
    changed: Collection[int],
    rules: Identifying,
    now: datetime,
) -> None:
    """Remember what these identities are known by, and join whom it joins. Those who were `seen_before` lose the
    mailbox and the phone that they do not have any more, and with them what these joined; with a name or an address
    that `changed`, all their keys are gone through."""
    before = _keys(connection, seen_before) if seen_before else {}
    added = {(key, one) for one, keys in known_by.items() for key in keys - before.get(one, frozenset())}
    gone = {
        (key, one)
        for one, keys in before.items()
        for key in keys - known_by.get(one, frozenset())
        if key.startswith(_OF_THE_ACCOUNT)
    }
    touched = {key for key, _ in added | gone}
    for one in changed:
        touched |= {key for key in before.get(one, ()) if not key.startswith(FINDING)}
    if not touched:
        return
    members: dict[str, set[int]] = {}
    for key, one in among(connection, _WITH_KEYS, "keys", sorted(touched)):
        members.setdefault(key, set()).add(one)
    for key, one in added:
        members.setdefault(key, set()).add(one)
    for key, one in gone:
        members[key].discard(one)
        connection.execute(delete(identity).where(identity.c.key == key, identity.c.complainant_id == one))
    add_unknown(connection, identity, [{"key": key, "complainant_id": one} for key, one in sorted(added)])
    several = {key: found for key, found in members.items() if len(found) > 1}
    if several or gone:
        _join(connection, several, [key for key, _ in gone], rules, now)


def keep_numbers(
    connection: Connection, ids: Collection[int], numbers: Mapping[int, set[str]], rules: Identifying, now: datetime
) -> None:
    """Let these identities lose the numbers that none of their tickets names any more, and what these joined.
    `numbers` are those that are left, by identity."""
    own = (*_OF_THE_ACCOUNT, FINDING)
    lost = {
        (key, one)
        for one, keys in (_keys(connection, ids) if ids else {}).items()
        for key in keys - numbers.get(one, set())
        if not key.startswith(own)
    }
    if not lost:
        return
    for key, one in lost:
        connection.execute(delete(identity).where(identity.c.key == key, identity.c.complainant_id == one))
    losers = {"ids": listed(sorted({one for _, one in lost}))}
    of_them = complainant.c.id.in_(bindparam("ids", expanding=True))
    connection.execute(update(complainant).where(of_them).values(compared_at=None), losers)
    gone = sorted({key for key, _ in lost})
    members: dict[str, set[int]] = {}
    for key, one in connection.execute(_WITH_KEYS, {"keys": listed(gone)}):
        members.setdefault(key, set()).add(one)
    _join(connection, {key: found for key, found in members.items() if len(found) > 1}, gone, rules, now)


def _keys(connection: Connection, ids: Collection[int]) -> dict[int, frozenset[str]]:
    found: dict[int, set[str]] = {}
    for some in in_lists(ids):
        for one, key in connection.execute(_OF_ONES, {"ids": some}):
            found.setdefault(one, set()).add(key)
    return {one: frozenset(keys) for one, keys in found.items()}


def _join(
    connection: Connection, groups: Mapping[str, set[int]], left: Collection[str], rules: Identifying, now: datetime
) -> None:
    """Bring what keys join up to date: `groups` are the identities of each key, `left` keys that somebody lost."""
    keys = sorted({*groups, *left})
    known = {one.id: one for one in identities(connection, {each for group in groups.values() for each in group})}
    wanted = {
        (a, b, key)
        for key, group in groups.items()
        for a, b in links(key, [known[one] for one in group if not known[one].shared], rules.single)
    }
    held = {
        (row.a_id, row.b_id, row.mark)
        for row in connection.execute(
            select(tie.c.a_id, tie.c.b_id, tie.c.mark).where(
                tie.c.mark.in_(bindparam("keys", expanding=True)), tie.c.said == Said.KEY.value
            ),
            {"keys": listed(keys)},
        )
    }
    if wanted == held:
        return
    for a, b, key in held - wanted:
        connection.execute(
            delete(tie).where(tie.c.a_id == a, tie.c.b_id == b, tie.c.said == Said.KEY.value, tie.c.mark == key)
        )
    add_unknown(connection, tie, [_row(Tie(a, b, Said.KEY, key, AMENDS, now)) for a, b, key in sorted(wanted - held)])
    recompose(connection, {one for a, b, _ in wanted ^ held for one in (a, b)}, rules, now)


def _row(one: Tie) -> Row:
    by_key = one.said is Said.KEY
    return {
        "a_id": one.a,
        "b_id": one.b,
        "said": one.said.value,
        "mark": one.why if by_key else "",
        "why": None if by_key else one.why,
        "score": one.score,
        "who": one.who,
        "at": micros(one.at),
    }


def _tie(row: Any) -> Tie:
    said = Said(row.said)
    return Tie(row.a_id, row.b_id, said, row.mark if said is Said.KEY else row.why, row.who, moment(row.at), row.score)


def identities(connection: Connection, ids: Iterable[int], *, keys: bool = False) -> list[Identity]:
    """These identities; with `keys`, also what each is known by."""
    wanted = set(ids)
    known_by = _keys(connection, wanted) if keys else {}
    return [
        Identity(
            id=row.id,
            key=row.key,
            name=row.name,
            address=row.address,
            phone=row.phone,
            verified=row.verified,
            shared=row.shared,
            place=row.place,
            keys=known_by.get(row.id, frozenset()),
        )
        for some in in_lists(wanted)
        for row in connection.execute(_IDENTITIES, {"ids": some})
    ]


def ties_of(connection: Connection, ids: Iterable[int]) -> list[Tie]:
    """All that is held of these identities and any others."""
    wanted = listed(sorted(set(ids)))
    if not wanted:
        return []
    statement = select(tie).where(
        or_(tie.c.a_id.in_(bindparam("ids", expanding=True)), tie.c.b_id.in_(bindparam("ids", expanding=True)))
    )
    return [_tie(row) for row in connection.execute(statement, {"ids": wanted})]


def members(connection: Connection, ids: Iterable[int]) -> dict[int, set[int]]:
    """The identities of the persons that these belong to, by person."""
    wanted = listed(sorted(set(ids)))
    if not wanted:
        return {}
    person = func.coalesce(complainant.c.person_id, complainant.c.id)
    own = select(person).where(complainant.c.id.in_(bindparam("ids", expanding=True)))
    statement = select(complainant.c.id, person).where(or_(complainant.c.person_id.in_(own), complainant.c.id.in_(own)))
    found: dict[int, set[int]] = {}
    for one, whose in connection.execute(statement, {"ids": wanted}):
        found.setdefault(whose, set()).add(one)
    return found


def at_the_same_address(connection: Connection, ids: Iterable[int]) -> set[int]:
    """The other identities that write from the mailbox of one of these."""
    wanted = listed(sorted(set(ids)))
    if not wanted:
        return set()
    own = select(complainant.c.address).where(
        complainant.c.id.in_(bindparam("ids", expanding=True)), complainant.c.address.is_not(None)
    )
    statement = select(complainant.c.id).where(complainant.c.address.in_(own))
    return set(connection.execute(statement, {"ids": wanted}).scalars()) - set(wanted)


def recompose(connection: Connection, ids: Iterable[int], rules: Identifying, now: datetime) -> set[int]:
    """Make persons of these identities and of all that they are tied to, and let sweep look at the complaints of those
    whose person changed; returns these identities."""
    nodes, ties = _reached(connection, ids)
    before = members(connection, nodes)
    known = identities(connection, nodes, keys=bool(rules.single))
    after = components(known, ties, rules.single)
    now_with: dict[int, set[int]] = {}
    for one, person in after.items():
        now_with.setdefault(person, set()).add(one)
    was_with = {one: (person, group) for person, group in before.items() for one in group}
    # The person may also be called otherwise: whoever they were called after was erased.
    changed = {
        one
        for person, group in now_with.items()
        for one in group
        if was_with.get(one) != (one if len(group) == 1 else person, group)
    }
    change(
        connection,
        _WHOSE,
        [{"of": one, "person": None if len(now_with[after[one]]) == 1 else after[one]} for one in sorted(changed)],
    )
    look_again(connection, changed, now)
    return changed


def _reached(connection: Connection, ids: Iterable[int]) -> tuple[set[int], list[Tie]]:
    nodes = {one for group in members(connection, ids).values() for one in group}
    while True:
        ties = [one for one in ties_of(connection, nodes) if one.said is not Said.PROPOSED]
        ends = {end for one in ties for end in (one.a, one.b)} - nodes
        if not ends:
            return nodes, ties
        nodes |= {one for group in members(connection, ends).values() for one in group}


def look_again(connection: Connection, ids: Collection[int], now: datetime) -> None:
    """Let sweep look at the complaints of these identities."""
    if ids:
        statement = (
            update(complaint)
            .where(complaint.c.complainant_id.in_(bindparam("ids", expanding=True)), complaint.c.complaint == "yes")
            .values(look_at=micros(now))
        )
        connection.execute(statement, {"ids": listed(sorted(ids))})


# -- a person's word -------------------------------------------------------------------------------------------------


def say(connection: Connection, pairs: Iterable[tuple[int, int]], said: Said, why: str, who: str, at: datetime) -> None:
    """Put down a human's word on these pairs, in the place of an earlier one and of any proposal."""
    for one, other in pairs:
        a, b = sorted((one, other))
        connection.execute(
            delete(tie).where(
                tie.c.a_id == a,
                tie.c.b_id == b,
                tie.c.said.in_((Said.LINKED.value, Said.APART.value, Said.PROPOSED.value)),
            )
        )
        connection.execute(insert(tie), _row(Tie(a, b, said, why, who, at)))


def forget_word(connection: Connection, pairs: Iterable[tuple[int, int]], said: Said) -> None:
    """Take a human's word on these pairs back."""
    for one, other in pairs:
        a, b = sorted((one, other))
        connection.execute(delete(tie).where(tie.c.a_id == a, tie.c.b_id == b, tie.c.said == said.value))


def propose(connection: Connection, proposals: Iterable[Tie]) -> None:
    """Put down proposals; of a pair of which something is held already, none."""
    rows = [_row(one) for one in proposals]
    if rows:
        held = {(one.a, one.b) for one in ties_of(connection, {row["a_id"] for row in rows})}
        add_unknown(connection, tie, [row for row in rows if (row["a_id"], row["b_id"]) not in held])


def proposals(connection: Connection, most: int) -> list[Tie]:
    """The proposals nobody has decided about, the most likely first."""
    statement = (
        select(tie).where(tie.c.said == Said.PROPOSED.value).order_by(tie.c.score.desc(), tie.c.a_id, tie.c.b_id)
    ).limit(most)
    return [_tie(row) for row in connection.execute(statement)]


# -- comparing -------------------------------------------------------------------------------------------------------


def uncompared(connection: Connection, most: int) -> list[int]:
    """Identities that were not yet compared with all others, the oldest first."""
    statement = select(complainant.c.id).where(complainant.c.compared_at.is_(None)).order_by(complainant.c.id)
    return list(connection.execute(statement.limit(most)).scalars())


def sharing(connection: Connection, keys: Iterable[str], most: int) -> dict[str, list[int]]:
    """Who is found under each of these keys; of each key, `most` and one more tell that there are more."""
    wanted = sorted(set(keys))
    if connection.dialect.name != "sqlite":
        statement = select(identity.c.complainant_id).where(identity.c.key == bindparam("of")).limit(most + 1)
        return {key: list(connection.execute(statement, {"of": key}).scalars()) for key in wanted}
    asked = (
        "SELECT of.value, (SELECT json_group_array(complainant_id) FROM"
        " (SELECT complainant_id FROM identity WHERE key = of.value LIMIT ?)) FROM json_each(?) AS of"
    )
    rows = connection.exec_driver_sql(asked, (most + 1, msgspec.json.encode(wanted).decode()))
    return {key: msgspec.json.decode(found) for key, found in rows}


def compared(connection: Connection, found_under: Mapping[int, Collection[str]], now: datetime) -> None:
    """Note under what these identities are found, and that they were compared."""
    ids = {"ids": listed(sorted(found_under))}
    blocks = identity.c.key.startswith(FINDING)
    connection.execute(
        delete(identity).where(identity.c.complainant_id.in_(bindparam("ids", expanding=True)), blocks), ids
    )
    add_unknown(
        connection,
        identity,
        [{"key": key, "complainant_id": one} for one, keys in found_under.items() for key in sorted(keys)],
    )
    connection.execute(
        update(complainant)
        .where(complainant.c.id.in_(bindparam("ids", expanding=True)))
        .values(compared_at=micros(now)),
        ids,
    )
