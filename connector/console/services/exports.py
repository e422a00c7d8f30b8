"""Complaints taken out in one go: CSV, JSON lines or Parquet. Every export is noted with who asked for what."""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Iterator
from typing import IO, Any, Literal

import msgspec

from connector.commands.cases import Row, Shown, cells, row
from connector.console.errors import RequestError
from connector.console.seat import Seat, needs
from connector.roles import Permission
from connector.store import browsing, sources
from connector.store.browsing import Spot, Wanted
from connector.store.complaints import Stored

Form = Literal["csv", "jsonl", "parquet"]
BATCH = 500
CHUNK_BYTES = 256 << 10
TYPES: dict[Form, str] = {
    "csv": "text/csv; charset=utf-8",
    "jsonl": "application/x-ndjson",
    "parquet": "application/vnd.apache.parquet",
}


@needs(Permission.EXPORT)
def export(seat: Seat, wanted: Wanted, form: Form) -> Iterator[bytes]:
    """The complaints that are wanted, piece by piece. Raises RequestError for Parquet where it is not installed."""
    if form == "parquet":
        _prove_parquet()
    with seat.store() as store, store.write("complaints: exported") as connection:
        asked = {name: value for name, value in msgspec.to_builtins(wanted).items() if value is not None}
        sources.log(connection, seat.now(), seat.who, "complaints: exported", detail={"form": form, **asked})
    return {"csv": _csv, "jsonl": _lines, "parquet": _parquet}[form](seat, wanted)


def _prove_parquet() -> None:
    try:
        import pyarrow.parquet  # noqa: F401  # asked for early, so that the answer can still be an error
    except ImportError:
        raise RequestError(
            "Parquet is not installed here.", remedy="Install amends[parquet], or take csv or jsonl."
        ) from None


def _pages(seat: Seat, wanted: Wanted) -> Iterator[list[Stored]]:
    """All of them, in short reads: a long one would keep the store's log from being tidied up."""
    after: Spot | None = None
    while True:
        with seat.store() as store, store.read() as connection:
            found = browsing.page(connection, wanted, BATCH, after)
        yield list(found.rows)
        if found.next is None:
            return
        after = found.next


def _csv(seat: Seat, wanted: Wanted) -> Iterator[bytes]:
    out = io.StringIO(newline="")
    table = csv.writer(out)
    table.writerow(Row.__struct_fields__)
    for stored in _pages(seat, wanted):
        table.writerows(cells(row(one)) for one in stored)
        yield out.getvalue().encode()
        out.seek(0)
        out.truncate()


def _lines(seat: Seat, wanted: Wanted) -> Iterator[bytes]:
    for stored in _pages(seat, wanted):
        told = (msgspec.json.encode(Shown(row(one), one.doc, one.assessed)) for one in stored)
        yield b"".join(line + b"\n" for line in told)


def _parquet(seat: Seat, wanted: Wanted) -> Iterator[bytes]:
    with tempfile.TemporaryFile() as file:
        _write_parquet(file, (map(row, stored) for stored in _pages(seat, wanted)))
        file.seek(0)
        while chunk := file.read(CHUNK_BYTES):
            yield chunk


def _write_parquet(file: IO[bytes], batches: Iterator[Iterator[Row]]) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    text, texts, time = pa.string(), pa.list_(pa.string()), pa.timestamp("us", tz="UTC")
    kinds: dict[str, Any] = {"opened_at": time, "updated_at": time, "due_at": time}
    kinds |= dict.fromkeys(("flags", "remedies", "emergency"), texts)
    schema = pa.schema([(name, kinds.get(name, text)) for name in Row.__struct_fields__])
    with parquet.ParquetWriter(file, schema, compression="zstd") as writer:
        for batch in batches:
            rows = [msgspec.structs.asdict(one) for one in batch]
            writer.write_batch(pa.RecordBatch.from_pylist(rows, schema=schema))
