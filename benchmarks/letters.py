"""Packs the table of `eld` into the form in which `connector.tagging.letters` looks it up.

Called by `make books`. Needs `eld` itself, which is installed for the development of Amends only.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from itertools import chain
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import zstandard

from connector.tagging import letters
from connector.tagging.letters import Header, Table, numbered, worth_of

LEVEL = 19
_DATA = "resources/ngrams/ngramsM60.py"


def _data() -> Mapping[str, Any]:
    """What `eld` has. Its module is not kept, and what would load it for good is passed by."""
    package = find_spec("eld")
    assert package is not None, "it is a dependency of the development group"
    assert package.submodule_search_locations, "it is a package"
    found = spec_from_file_location("ngrams", f"{package.submodule_search_locations[0]}/{_DATA}")
    assert found is not None, "it is a Python file"
    assert found.loader is not None, "it is a Python file"
    module = module_from_spec(found)
    found.loader.exec_module(module)
    data: Mapping[str, Any] = module.ngrams_data
    return data


def table_of(data: Mapping[str, Any]) -> Table:
    """The table of `eld`'s data."""
    ngrams: Mapping[bytes, Mapping[int, int]] = data["ngrams"]
    lengths = np.fromiter(map(len, ngrams.values()), dtype=np.int64, count=len(ngrams))
    languages = np.fromiter(chain.from_iterable(ngrams.values()), dtype=np.uint8)
    counts = np.fromiter(chain.from_iterable(one.values() for one in ngrams.values()), dtype=np.uint16)
    numbers = numbered(ngrams)
    order = numbers.argsort()
    first = (lengths.cumsum() - lengths)[order]
    lengths = lengths[order]
    begins = np.concatenate([[0], lengths.cumsum()]).astype(np.int32)
    at = (first - begins[:-1]).repeat(lengths) + np.arange(begins[-1])
    codes = tuple(data["languages"][number] for number in range(len(data["languages"])))
    return Table(codes, numbers[order], begins, worth_of(begins), languages[at], counts[at])


def packed() -> bytes:
    """The file for the installed release of `eld`."""
    table = table_of(_data())
    header = msgspec.json.encode(Header(version("eld"), table.codes, len(table.runs), len(table.languages)))
    body = b"".join((
        np.diff(table.runs, prepend=np.uint64(0)).astype("<u8").tobytes(),
        np.diff(table.begins).astype("u1").tobytes(),
        table.languages.tobytes(),
        table.counts.astype("<u2").tobytes(),
    ))  # fmt: skip
    return zstandard.ZstdCompressor(level=LEVEL).compress(len(header).to_bytes(4, "little") + header + body)


def main() -> None:
    """Write the file."""
    Path(letters.__file__).with_name(letters.FILE).write_bytes(packed())


if __name__ == "__main__":
    main()
