"""A mapping file edited: tried on stored tickets, checked with the whole folder, and saved with its former selves kept.

Called by the console. Nothing is asked of the helpdesk: the stored tickets are read again from what it sent.
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec

from connector.adapter import Adapter, Record
from connector.assessment.rules import Rules
from connector.commands.mapping_live import opened
from connector.commands.mapping_preview import Previewed, previewed
from connector.commands.place import Place
from connector.errors import AmendsError
from connector.mapping import check_examples
from connector.settings import Settings, SettingsFilesError, SourceSettings, load
from connector.settings.folder import SHIPPED
from connector.store import archive, browsing, complaints, sources
from connector.store.archive import Raw
from connector.store.complaints import Stored
from connector.timeline import merge

HISTORY = "history"
LARGEST_BYTES = 512 << 10
_STAMP = re.compile(r"\d{8}T\d{6}Z")


class Edition(msgspec.Struct, frozen=True):
    """A mapping file as it is. `own` is False for the one that ships; `digest` names this text; `history` the stamps of
    its former selves, newest first; `shared` the other sources that use the file."""

    source: str
    file: str
    own: bool
    text: str
    digest: str
    history: tuple[str, ...]
    shared: tuple[str, ...]


class Saved(msgspec.Struct, frozen=True):
    """What was written, and the stamp under which the former text is kept; None where there was none of the admin's."""

    file: str
    digest: str
    kept: str | None


def edition(place: Place, name: str, stamp: str | None = None) -> Edition:
    """The mapping of a source, or its former self of that stamp. Raises SettingsError, AmendsError."""
    (source,) = place.chosen([name])
    path = place.home / source.mapping_file
    own = path.exists()
    kept = path if own else SHIPPED / source.mapping_file.removeprefix("mappings/")
    if stamp is not None:
        kept = _kept(path, stamp)
    try:
        text = kept.read_text(encoding="utf-8")
    except OSError as error:
        raise AmendsError(f"{kept} cannot be read ({error.strerror}).", remedy="Look for another version.") from error
    others = [one.name for one in place.settings.sources.values() if one.mapping_file == source.mapping_file]
    return Edition(
        source=name,
        file=source.mapping_file,
        own=own,
        text=text,
        digest=_digest(path.read_text(encoding="utf-8") if own else text),
        history=tuple(_stamps(path)),
        shared=tuple(one for one in others if one != name),
    )


def _kept(path: Path, stamp: str) -> Path:
    if not _STAMP.fullmatch(stamp):
        raise AmendsError(f"{stamp!r} is no version.", remedy="Take one of those listed.")
    return path.parent / HISTORY / f"{path.stem}.{stamp}.yaml"


def _stamps(path: Path) -> list[str]:
    found = (path.parent / HISTORY).glob(f"{path.stem}.*.yaml")
    stamps = [one.name.removeprefix(f"{path.stem}.").removesuffix(".yaml") for one in found]
    return sorted((one for one in stamps if _STAMP.fullmatch(one)), reverse=True)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


# -- trying it -------------------------------------------------------------------------------------------------------


def problems(place: Place, name: str, text: str) -> tuple[str, ...]:
    """All that is wrong with `text` as the mapping of a source, with file, line and column, and its examples that do
    not hold; () where nothing is."""
    try:
        with _drafted(place, name, text) as settings:
            return tuple(check_examples(settings.sources[name].mapping))
    except SettingsFilesError as error:
        (source,) = place.chosen([name])
        return tuple(_named(str(one), source.mapping_file) for one in error.problems)


@contextmanager
def _drafted(place: Place, name: str, text: str) -> Iterator[Settings]:
    """The whole folder with `text` in the place of the mapping of a source."""
    (source,) = place.chosen([name])
    if len(text.encode()) > LARGEST_BYTES:
        raise AmendsError("this is too much for a mapping.", remedy=f"{LARGEST_BYTES >> 10} KB are enough.")
    with tempfile.TemporaryDirectory(prefix="amends-") as folder:
        draft = Path(folder) / "draft.yaml"
        draft.write_text(text, encoding="utf-8")
        yield load(place.named, drafts={source.mapping_file: draft})


def _named(problem: str, file: str) -> str:
    """A problem of the draft, called by the name of the file that it would be."""
    return re.sub(r"\S*draft\.yaml", file, problem)


def tried(place: Place, rules: Rules, name: str, text: str, most: int) -> Previewed:
    """The newest stored tickets of a source as `text` would have them, beside what is stored. Raises
    SettingsFilesError."""
    with _drafted(place, name, text) as settings:
        source = settings.sources[name]
    with opened(place, source) as adapter:
        pairs = list(_records(place, adapter, source, most))
    before = {stored.ticket: stored.doc.complaint for _, stored in pairs}
    tags = {stored.ticket: stored.doc.tags for _, stored in pairs}
    records = [record for record, _ in pairs]
    return previewed(name, records, source.mapping, before, "as stored", tagger=rules.tagger, tags=tags)


def _records(place: Place, adapter: Adapter, source: SourceSettings, most: int) -> Iterator[tuple[Record, Stored]]:
    """The newest tickets as they lie in the store, each as one record with its whole timeline."""
    with place.store() as store, store.read() as connection:
        known = sources.by_name(connection, source.name)
        if known is None:
            return
        tickets = browsing.newest_tickets(connection, known.id, most)
        stored = complaints.of_tickets(connection, known.id, tickets)
        raws = archive.kept(connection, known.id, tickets)
    for ticket in tickets:
        record = _read_again(adapter, stored[ticket], raws.get(ticket, ()))
        if record is not None:
            yield record, stored[ticket]


def _read_again(adapter: Adapter, stored: Stored, raws: Sequence[Raw]) -> Record | None:
    newest: Record | None = None
    entries = stored.doc.entries
    for raw in raws:
        record = adapter.read(raw.stream, raw.body, raw.seen_at)
        if record.problem is not None:
            continue
        entries = merge(entries, record.entries)
        if record.fields is not None and (newest is None or record.version >= newest.version):
            newest = record
    return None if newest is None else msgspec.structs.replace(newest, entries=entries)


# -- saving it -------------------------------------------------------------------------------------------------------


def save(place: Place, name: str, text: str, digest: str) -> Saved:
    """Put `text` in the place of the mapping of a source, and keep what was there. `digest` names the text that the
    editor began with. Raises AmendsError where somebody else saved meanwhile, SettingsError where it does not hold."""
    wrong = problems(place, name, text)
    if wrong:
        raise AmendsError(f"nothing was saved: {wrong[0]}", remedy="Correct it and try again.")
    (source,) = place.chosen([name])
    if edition(place, name).digest != digest:
        raise AmendsError("somebody else saved this file meanwhile.", remedy="Copy your lines, and load it again.")
    path = place.home / source.mapping_file
    kept = _replace(path, text, f"{place.wall():%Y%m%dT%H%M%SZ}")
    with place.store() as store, store.write("mapping: saved") as connection:
        detail = {"file": source.mapping_file, "sha256": _digest(text), "former": kept}
        sources.log(connection, place.now(), place.who, "mapping: saved", source=name, detail=detail)
    return Saved(source.mapping_file, _digest(text), kept)


def _replace(path: Path, text: str, stamp: str) -> str | None:
    try:
        (path.parent / HISTORY).mkdir(parents=True, exist_ok=True)
        there = path.exists()
        if there:
            _kept(path, stamp).write_bytes(path.read_bytes())
        draft = path.with_name(f".{path.name}.part")
        draft.write_text(text, encoding="utf-8")
        os.replace(draft, path)  # noqa: PTH105  # the words say what happens
    except OSError as error:
        raise AmendsError(f"{path} cannot be written ({error.strerror}).", remedy="Correct its permissions.") from error
    return stamp if there else None
