"""Reading what is new, folder by folder and page by page: new mail by its number, old mail whose flags changed.

A folder's numbers count as long as its server says that they do (UIDVALIDITY); when they are void, the folder is read
again from some time back, and what is stored already is known by its fingerprint. Used by the adapter.
RFC 9051 (IMAP), RFC 7162 (CONDSTORE), RFC 4549 (synchronising).
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import timedelta
from itertools import islice

import msgspec
from msgspec.structs import replace

from adapters.imap import changes, cursors, folders, records
from adapters.imap.connection import Selected
from adapters.imap.cursors import Place, Places
from adapters.imap.desk import Desk
from adapters.imap.evidence import ticket_of
from adapters.imap.folders import Folder, Head, Kind
from connector.adapter import Cursor, Page, Record
from connector.errors import CursorError, TemporaryError

SKEW = timedelta(hours=1)  # a clock further off than this is no clock
SMALLER = 7  # so many times smaller is a page after one that did not come
POISON = 5  # so often has a mail alone to fail before it is left where it is
log = logging.getLogger("amends.imap")


class Batch(msgspec.Struct, frozen=True):
    """Mails of one folder to be read together. `marks` are the flags of mails that were read before with others; the
    `last` batch of a folder says that all of it was read, as it was `seen`."""

    folder: Folder
    seen: Selected
    uids: tuple[int, ...] = ()
    marks: dict[int, str] | None = None
    last: bool = False


def pages(desk: Desk, cursor: Cursor) -> Iterator[Page]:
    """Pages after `cursor` (see `cursors`), one batch of one folder each; the last one says `end`.

    Raises CursorError, TemporaryError, AuthError, SettingsError (a folder that is not there)."""
    reading = _Reading(desk, _sensible(cursors.parsed(cursor, desk.source), desk))
    batches = reading.batches()
    batch = next(batches, None)
    if batch is None:
        yield Page([], cursors.written(reading.places), end=True)
    while batch is not None:
        found, empty = reading.read(batch), batch.last
        now = cursors.written(reading.places)
        batch = next(batches, None)
        if batch is None or not empty:
            yield Page(found, now, end=batch is None)


def _sensible(places: Places, desk: Desk) -> Places:
    """Raises CursorError for a cursor from the future."""
    latest = desk.tools.now() + SKEW
    times = [places.since, *(place.newest for place in places.folders.values())]
    if any(at is not None and (at.tzinfo is None or at > latest) for at in times):
        raise CursorError("the cursor stands in the future.", source=desk.source)
    return places


class _Reading:
    """One walk over all folders, as they stood when it began. `places` is how far it has come."""

    def __init__(self, desk: Desk, places: Places) -> None:
        self.desk = desk
        self.places = places
        self.keys = desk.keys
        self.missed = False  # mail went away under our hands
        self.renumbered: dict[str, Place] = {}

    def batches(self) -> Iterator[Batch]:
        """What is to be read, in order; each is to be `read` before the next is asked for.

        The folders of what was sent are looked at first and read last, up to where they stood then: so whatever was
        answered there has been read before. Where a mail was moved away meanwhile it will be read where it went, and
        answers wait for it.
        """
        everything = self.desk.folders(again=True)
        seen = {one.key: self.desk.connection(one).select(one.name) for one in reversed(everything)}
        for folder in everything:
            if folder.kind is Kind.SENT and self.missed:
                log.info("%s: mail was moved while it was read; answers are read next time", self.desk.source)
                return
            yield from self._of_folder(folder, seen[folder.key])

    def _of_folder(self, folder: Folder, seen: Selected) -> Iterator[Batch]:
        connection = self.desk.connection(folder)
        place = self._start(folder, seen)
        marks = changes.differing(connection, seen, place) if folder.kind is not Kind.SENT else {}
        changed = iter(marks)
        while some := tuple(islice(changed, self._size(folder))):
            yield Batch(folder, seen, some, {uid: marks[uid] for uid in some})
        fresh = folders.numbers(connection, seen, place.uid, place.back)
        while some := tuple(islice(fresh, self._size(folder))):
            yield Batch(folder, seen, some)
        if _read_to_its_end(self._place(folder, seen), seen) != self.places.folders.get(folder.key):
            yield Batch(folder, seen, last=True)

    def _start(self, folder: Folder, seen: Selected) -> Place:
        before = self.places.folders.get(folder.key)
        if before is None or not _void(before, seen):
            return self._place(folder, seen)
        log.warning("%s: the server has numbered %r anew; it is read again", self.desk.source, folder.key)
        back = before.newest and before.newest - timedelta(days=self.desk.settings.rescan_days)
        # Only in this walk's own view: a cursor keeps the old numbers until there is a page by the new ones.
        self.renumbered[folder.key] = Place(seen.validity, newest=before.newest, back=back)
        return self._place(folder, seen)

    def _place(self, folder: Folder, seen: Selected) -> Place:
        before = self.places.folders.get(folder.key)
        if before is None:
            return Place(seen.validity, back=self.places.since)
        return self.renumbered[folder.key] if _void(before, seen) else before

    def _size(self, folder: Folder) -> int:
        _, failed = self.desk.troubles.get(folder.key, (0, 0))
        smaller: int = SMALLER**failed
        return max(1, self.desk.settings.page_size // smaller)

    # From numbers to records

    def read(self, batch: Batch) -> list[Record]:
        """The records of a batch; `places` then covers it."""
        place = self._place(batch.folder, batch.seen)
        found: list[Record] = []
        if batch.last:
            place = _read_to_its_end(place, batch.seen)
        else:
            heads, found = self._read(batch, place)
            marks = {head.uid: changes.mark(head.flags) for head in heads} if batch.marks is None else batch.marks
            kept = {uid: flags for uid, flags in {**place.marks, **marks}.items() if flags}
            arrived = [place.newest, *(head.arrived for head in heads)]
            place = replace(
                place,
                uid=max(place.uid, *batch.uids),
                newest=max((at for at in arrived if at is not None), default=None),
                marks=cursors.newest_marks(kept) if batch.folder.kind is not Kind.SENT else {},
            )
        self.places = cursors.with_place(self.places, batch.folder.key, place)
        return found

    def _read(self, batch: Batch, place: Place) -> tuple[list[Head], list[Record]]:
        connection = self.desk.connection(batch.folder)
        heads = folders.heads(connection, batch.seen, batch.uids)
        self.missed |= len(heads) < len(batch.uids)
        wanted = [head for head in heads if place.back is None or head.arrived is None or head.arrived >= place.back]
        if self._poisoned(batch):
            return heads, [self._left_there(batch, head) for head in wanted]
        try:
            fetched = folders.bodies(connection, batch.seen, wanted, self.desk.settings)
            mails = [self.desk.mail(batch.folder, one, self.keys) for one in fetched]
        except TemporaryError:
            self._troubled(batch)
            raise
        self.missed |= len(mails) < len(wanted)
        self.desk.troubles.pop(batch.folder.key, None)
        known = self.desk.known(mails)
        places = self.desk.placed(mails, known)
        changed = batch.marks is not None
        return heads, [
            self.desk.record(mail, place, known, changed=changed)
            for mail, place in zip(mails, places, strict=True)
            if place is not None
        ]

    def _troubled(self, batch: Batch) -> None:
        """The next page from here is smaller, until one mail stands alone; then its failures are counted."""
        uid, failed = self.desk.troubles.get(batch.folder.key, (0, 0))
        alone_again = len(batch.uids) > 1 or uid in (0, batch.uids[0])
        self.desk.troubles[batch.folder.key] = batch.uids[0], (failed + 1 if alone_again else failed)

    def _poisoned(self, batch: Batch) -> bool:
        uid, failed = self.desk.troubles.get(batch.folder.key, (0, 0))
        return len(batch.uids) == 1 and uid == batch.uids[0] and failed >= POISON

    def _left_there(self, batch: Batch, head: Head) -> Record:
        """A mail that its server cannot send: told with all that is known of it, so that it holds nothing up."""
        self.desk.troubles.pop(batch.folder.key, None)
        why = f"the server did not manage to send mail {head.uid} of {batch.folder.key!r}, {POISON} times over; "
        why += "move it to another folder and back, and it is read again."
        ticket = ticket_of(f"{batch.folder.key} {batch.seen.validity} {head.uid}")
        seen_at = self.desk.tools.now()
        kept = records.Kept(
            ticket,
            records.arrival(head.arrived or seen_at, head.uid),
            folder=batch.folder.key,
            size=head.size,
            problem=why,
        )
        return records.broken(records.packed(kept), why, ticket)


def _void(place: Place, seen: Selected) -> bool:
    """Numbers of another time; or beyond those given out, since a folder may be put back without being renumbered."""
    return place.validity != seen.validity or place.uid >= seen.next_uid


def _read_to_its_end(place: Place, seen: Selected) -> Place:
    return replace(place, uid=max(place.uid, seen.next_uid - 1), modseq=seen.modseq, back=None)
