"""A Content-Type or Content-Disposition to its value and parameters, however they were written. Pure; never raises.

Called by `parts`. Reads RFC 2231 (pieces, percent-encoding) and what senders do instead (encoded words, no quotes).
"""

from __future__ import annotations

import re
from email.utils import decode_rfc2231
from urllib.parse import unquote_to_bytes

from adapters.imap.charsets import decoded
from adapters.imap.headers import as_bytes, unencoded

_PARAMETER = re.compile(r';\s*([^\s=;"]{1,60})\s*=\s*("(?:[^"\\]|\\.)*"?|[^;]*)', re.DOTALL)
_CONTINUED = re.compile(r"([^*]+)\*(?:(\d{1,3})(\*)?)?$")
_TYPE = re.compile(r"[\s\"']*([\w.+-]+)\s*/\s*([\w.+-]+)")


def content_type(value: str, default: str) -> tuple[str, dict[str, str]]:
    """A type in lower case and its parameters, as senders write them: unquoted, repeated, in pieces, encoded twice."""
    found = _TYPE.match(value)
    kind = f"{found[1]}/{found[2]}".lower() if found else default
    plain: dict[str, str] = {}
    pieces: dict[str, list[tuple[int, str, bool]]] = {}
    for name, raw in _PARAMETER.findall(";" + value.partition(";")[2]):
        lowered = name.lower()
        continued = _CONTINUED.match(lowered)
        if continued:
            encoded = bool(continued[3]) or continued[2] is None
            pieces.setdefault(continued[1], []).append((int(continued[2] or 0), _unquoted(raw), encoded))
        else:
            plain.setdefault(lowered, unencoded(_unquoted(raw)))
    for name, values in pieces.items():
        plain[name] = _joined(values)
    return kind, plain


def _unquoted(raw: str) -> str:
    value = raw.strip()
    if value.startswith('"'):
        value = re.sub(r"\\(.)", r"\1", value[1:].removesuffix('"'))
    return value


def _joined(pieces: list[tuple[int, str, bool]]) -> str:
    """A parameter in the pieces of RFC 2231, of which some are percent-encoded in a charset that the first names."""
    ordered = sorted(pieces, key=lambda piece: piece[0])
    text = "".join(value for _, value, _ in ordered)
    if not any(encoded for *_, encoded in ordered):
        return unencoded(text)
    charset, _, value = decode_rfc2231(text)
    return decoded(unquote_to_bytes(as_bytes(value)), charset)[0] if value else ""
