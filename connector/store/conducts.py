"""The register of conduct as rows: one a step, and none is ever changed. Called by the commands."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
from sqlalchemy import Connection, bindparam, func, insert, select, update

from connector.people.conduct import Filed, Step
from connector.store.rows import listed
from connector.store.tables import complainant, conduct
from connector.store.times import micros

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Filed).decode
_ROW = select(conduct.c.register, conduct.c.complainant_id, conduct.c.body).order_by(conduct.c.id)


class Register(msgspec.Struct, frozen=True):
    """One register: about whom (an identity), and its steps, oldest first."""

    id: int
    identity: int
    steps: tuple[Filed, ...]


def file(connection: Connection, identity: int, filed: Filed, register: int | None = None) -> int:
    """File a step; without `register`, it opens one. Returns the register's number."""
    row: dict[str, Any] = {
        "register": register or 0,
        "complainant_id": identity,
        "step": filed.step.value,
        "at": micros(filed.at),
        "who": filed.who,
        "body": _encode(filed).decode(),
    }
    made = connection.execute(insert(conduct), row).inserted_primary_key
    if register is not None:
        return register
    assert made is not None and filed.step is Step.INCIDENT
    connection.execute(update(conduct).where(conduct.c.id == made[0]).values(register=made[0]))
    return int(made[0])


def one(connection: Connection, register: int) -> Register | None:
    return next(iter(_registers(connection.execute(_ROW.where(conduct.c.register == register)))), None)


def of_identities(connection: Connection, ids: Iterable[int]) -> list[Register]:
    """The registers about any of these identities, oldest first."""
    wanted = listed(sorted(set(ids)))
    if not wanted:
        return []
    statement = _ROW.where(conduct.c.complainant_id.in_(bindparam("ids", expanding=True)))
    return _registers(connection.execute(statement, {"ids": wanted}))


def everything(connection: Connection) -> list[Register]:
    return _registers(connection.execute(_ROW))


def _registers(rows: Iterable[Any]) -> list[Register]:
    found: dict[int, Register] = {}
    for number, identity, body in rows:
        before = found.get(number)
        steps = (*(before.steps if before else ()), _decode(body))
        found[number] = Register(number, identity, steps)
    return list(found.values())


def names(connection: Connection, ids: Iterable[int]) -> dict[int, str]:
    """What these identities are called."""
    called = func.coalesce(complainant.c.name, complainant.c.address, complainant.c.key)
    statement = select(complainant.c.id, called).where(complainant.c.id.in_(bindparam("ids", expanding=True)))
    rows = connection.execute(statement, {"ids": listed(sorted(set(ids)))})
    return {row[0]: row[1] for row in rows}
