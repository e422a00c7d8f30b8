"""A trained model as bytes, and back. The same model gives the same bytes; what is read is numbers only, never code.

Called by `settings` (which reads the files) and by the commands that train. A head of weights needs no more than eight
bits a number, with one scale a column.
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import sha256
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import zstandard

from connector.errors import SettingsError
from connector.tagging.counsel import Counsel
from connector.tagging.extras import METHODS, MULTILINGUAL, PLAIN, VECTOR, Terms, prove_installed
from connector.tagging.fitting import Floats
from connector.tagging.grams import BUCKETS
from connector.tagging.heads import Arrays, Head, Layer, Model

FAMILY = b"amends model "
MAGIC = FAMILY + b"2\n"
LEVEL = 19
LARGEST = 1 << 30
# No weight or temperature comes near these, and what layer and counsel add up of such ones is still a number.
COLDEST, GREATEST = 1e-2, 1e6


class _Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """`columns` are those of the values; where there are `units`, the values from `direct` on are behind a layer. Where
    the answers take `counsel`, columns after those of the heads are for that alone, and the facets in `wholes` are
    asked whether any of their values holds."""

    heads: tuple[Head, ...]
    pairs: tuple[tuple[str, str], ...]
    rows: int
    columns: int
    method: str = PLAIN
    words: tuple[str, ...] = ()
    runs: tuple[str, ...] = ()
    units: int = 0
    direct: int = 0
    counsel: bool = False
    wholes: tuple[str, ...] = ()


def packed(model: Model) -> bytes:
    """The model as it lies in a file."""
    arrays = model.arrays
    terms = model.terms
    words, runs = (terms.words, terms.runs) if terms is not None else ((), ())
    rows, columns, layer = len(arrays.buckets), len(arrays.bias), model.layer
    units, direct = (len(layer.bias), model.direct) if layer is not None else (0, 0)
    wholes = model.counsel.wholes if model.counsel is not None else ()
    told = _Header(
        model.heads,
        model.pairs,
        rows,
        columns,
        model.method,
        words,
        runs,
        units,
        direct,
        counsel=model.counsel is not None,
        wholes=wholes,
    )
    header = msgspec.json.encode(told)
    scales, small = _small(arrays)
    body = b"".join((
        np.diff(arrays.buckets, prepend=np.int32(0)).astype("<i4").tobytes(),
        arrays.idf.astype("<f2").tobytes(),
        scales.astype("<f4").tobytes(),
        small.tobytes(),
        arrays.dense.astype("<f4").tobytes(),
        arrays.bias.astype("<f4").tobytes(),
        *(part.astype("<f4").tobytes() for part in ((layer.bias, layer.values) if layer else ())),
        *(part.astype("<f4").tobytes() for part in _counsel_arrays(model.counsel)),
        *(part.astype("<f4").tobytes() for part in ((terms.idf, terms.weights, terms.bias) if terms else ())),
    ))  # fmt: skip
    frame = len(header).to_bytes(4, "little") + header + body
    return MAGIC + zstandard.ZstdCompressor(level=LEVEL).compress(frame)


def unpacked(content: bytes, name: str = "the model") -> Model:
    """The model that `packed` made `content` of; `name` is what errors call it. Raises SettingsError where it is none,
    or where the packages of its method are not installed.
    Its version is the beginning of the content's SHA-256."""
    found = _unpacked(_Content(content, name))
    prove_installed(found.method, name)
    return found


class _Content:
    """A file's content, known by its digest."""

    __slots__ = ("body", "digest", "name")

    def __init__(self, body: bytes, name: str) -> None:
        self.body, self.name, self.digest = body, name, sha256(body).hexdigest()

    def __hash__(self) -> int:
        return hash(self.digest)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Content) and self.digest == other.digest


# Settings that are read again mostly have the same model, and the one in force is held anyway.
@lru_cache(maxsize=1)
def _unpacked(known: _Content) -> Model:
    content, known.body = known.body, b""  # a cached key would keep it
    try:
        if not content.startswith(MAGIC):
            earlier = content.startswith(FAMILY)
            raise ValueError("another release made it" if earlier else "it does not begin as one")
        # Views, for each copy of a model is twelve megabytes.
        frame = memoryview(
            zstandard.ZstdDecompressor().decompress(memoryview(content)[len(MAGIC) :], max_output_size=LARGEST)
        )
        size = int.from_bytes(frame[:4], "little")
        header = msgspec.json.decode(frame[4 : 4 + size], type=_Header)
        arrays, layer, counsel, terms = _arrays(header, frame[4 + size :])
        _prove(header, arrays, layer, counsel, terms)
    except (ValueError, IndexError, zstandard.ZstdError, msgspec.MsgspecError) as error:
        what = f"{known.name} is no model of Amends: {error}."
        raise SettingsError(what, remedy="Train it again, or remove it.") from None
    return Model(known.digest[:8], header.heads, header.pairs, arrays, header.method, terms, layer, counsel)


def _small(arrays: Arrays) -> tuple[Floats, npt.NDArray[np.int8]]:
    weights = arrays.weights * arrays.scales
    scales = np.maximum(np.abs(weights).max(axis=0, initial=0.0), np.float32(1e-6)) / np.float32(127)
    return scales, np.rint(weights / scales).astype(np.int8)


def _counsel_arrays(counsel: Counsel | None) -> tuple[Floats, ...]:
    return (counsel.weights, counsel.bias, counsel.likeliest) if counsel is not None else ()


def _arrays(header: _Header, body: memoryview) -> tuple[Arrays, Layer | None, Counsel | None, Terms | None]:
    if header.method not in METHODS:
        raise ValueError(f"this release does not know its method, {header.method!r}")
    rows, columns, named = header.rows, header.columns, len(header.words) + len(header.runs)
    if header.units < 0 or not 0 <= header.direct <= columns:
        raise ValueError("its layer does not fit")
    heard = header.direct + header.units if header.units else columns
    pairs = len(header.pairs) + (VECTOR if header.method == MULTILINGUAL else 0)
    at = 0

    def take(kind: str, count: int) -> npt.NDArray[Any]:
        nonlocal at
        found = np.frombuffer(body, dtype=kind, count=count, offset=at)
        at += found.nbytes
        return found

    gaps, idf, scales = take("<i4", rows), take("<f2", rows), take("<f4", heard)
    weights = take("i1", rows * heard).reshape(rows, heard)
    dense = take("<f4", pairs * columns).reshape(pairs, columns)
    bias = take("<f4", columns)
    layer, counsel, terms = None, None, None
    if header.units:
        bias_of, deep = take("<f4", header.units), columns - header.direct
        layer = Layer(bias_of, take("<f4", header.units * deep).reshape(header.units, deep))
    if header.counsel:
        said = sum(len(head.values) for head in header.heads) + len(header.wholes)
        between, base = take("<f4", columns * said).reshape(columns, said), take("<f4", said)
        counsel = Counsel(between, base, header.wholes, take("<f4", len(header.wholes)))
    if named:
        idf_of, of = take("<f4", named), take("<f4", named * columns).reshape(named, columns)
        terms = Terms(header.words, header.runs, idf_of, of, take("<f4", columns))
    if at != len(body):
        raise ValueError("its size is not what its beginning says")
    arrays = Arrays(
        np.cumsum(gaps, dtype=np.int32),
        idf.astype(np.float32),
        weights,  # as they lie in the file: a copy would be another seventeen megabytes
        scales.astype(np.float32),
        dense.astype(np.float32),
        bias.astype(np.float32),
    )
    return arrays, layer, counsel, terms


def _prove(header: _Header, arrays: Arrays, layer: Layer | None, counsel: Counsel | None, terms: Terms | None) -> None:
    buckets = arrays.buckets
    if len(buckets) and (buckets[0] < 0 or buckets[-1] >= BUCKETS or bool((np.diff(buckets) <= 0).any())):
        raise ValueError("its features are not in order")
    last = 0
    for head in header.heads:
        if head.first != last or not head.values or not COLDEST <= head.temperature <= GREATEST:
            raise ValueError(f"its head for {head.facet} does not stand where it should")
        last += len(head.values)
        if head.first < 0 or head.first + len(head.values) > header.columns or len(head.least) != len(head.values):
            raise ValueError(f"its head for {head.facet} does not fit")
    if last != header.columns and not (header.counsel and last < header.columns):
        raise ValueError("it has columns of no head")
    if layer is not None and all(head.first != header.direct for head in header.heads):
        raise ValueError("its layer does not begin with a head")
    if not {head.facet for head in header.heads if head.several}.issuperset(header.wholes):
        raise ValueError("it asks whether any value holds where only one can")
    if len(set(header.wholes)) < len(header.wholes) or (header.wholes and counsel is None):
        raise ValueError("its counsel does not fit")
    numbers = (arrays.idf, arrays.scales, arrays.dense, arrays.bias, *((layer.bias, layer.values) if layer else ()))
    numbers = (*numbers, *_counsel_arrays(counsel), *((terms.idf, terms.weights, terms.bias) if terms else ()))
    if not all(bool((np.abs(part) <= GREATEST).all()) for part in numbers):
        raise ValueError("it holds a number that no model has")
