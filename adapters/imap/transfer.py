"""Transfer encodings undone: base64, quoted-printable and uuencode, as broken as they come. Pure; never raises.

Called by `parts` when the content of a part is asked for.
"""

from __future__ import annotations

import re
from binascii import Error, a2b_base64, a2b_qp, a2b_uu

_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]")
_BEGIN = re.compile(rb"^begin [0-7]{3,4} .*\r?\n", re.MULTILINE)


def transferred(data: bytes, encoding: str) -> bytes:
    """`data` out of its transfer encoding; as it is where that is unknown or wrong."""
    name = encoding.partition(";")[0].strip("\"' \t.").lower()
    try:
        if name == "base64":
            return _from_base64(data)
        if name == "quoted-printable":
            return a2b_qp(data)
        if name in ("x-uuencode", "uuencode", "uue", "x-uue"):
            return _from_uu(data)
    except (Error, ValueError):
        pass
    return data


def _from_base64(data: bytes) -> bytes:
    try:
        return a2b_base64(data)
    except Error:
        letters = _NOT_BASE64.sub(b"", data)
        letters = letters[:-1] if len(letters) % 4 == 1 else letters
        return a2b_base64(letters + b"=" * (-len(letters) % 4))


def _from_uu(data: bytes) -> bytes:
    begin = _BEGIN.search(data)
    if begin is None:
        return data
    decoded_lines: list[bytes] = []
    for line in data[begin.end() :].splitlines():
        if line.strip() in (b"end", b"`"):
            break
        try:
            decoded_lines.append(a2b_uu(line))
        except Error:  # a line that was cut or padded on its way: as many letters as it says it has
            length = ((line[0] - 32) & 63) * 4 // 3 + 2 if line else 0
            try:
                decoded_lines.append(a2b_uu(line[:length]))
            except Error:
                continue
    return b"".join(decoded_lines)
