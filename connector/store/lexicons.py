"""What complaints were understood by, as rows: phrases and taxonomy, or the words of a mapping, packed, by what names
them. Called by `sync.replay`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlalchemy import Connection, bindparam, delete, select

from connector.store.rows import upsert
from connector.store.tables import lexicon

_KNOWN = select(lexicon.c.name).where(lexicon.c.name == bindparam("called"))


def known(connection: Connection, name: str) -> bool:
    """Whether what has this name is kept."""
    return connection.execute(_KNOWN, {"called": name}).one_or_none() is not None


def kept(connection: Connection, name: str) -> bytes | None:
    """What has this name, packed, if it is kept."""
    found = connection.execute(select(lexicon.c.body).where(lexicon.c.name == name)).scalar_one_or_none()
    return None if found is None else bytes(found)


def keep(connection: Connection, bodies: Mapping[str, bytes], others: Iterable[str]) -> None:
    """Keep these by their names, and beside them only `others`: a store need not remember what no source stands by."""
    connection.execute(delete(lexicon).where(lexicon.c.name.not_in([*bodies, *others])))
    upsert(connection, lexicon, ("name",), [{"name": name, "body": bytearray(body)} for name, body in bodies.items()])
