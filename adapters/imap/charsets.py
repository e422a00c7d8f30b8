"""Bytes of a mail to text, whatever its label says: wrong, misspelt, unknown or missing. Pure; never raises.

Called by `headers`, `bodies` and `attachments`. The order of beliefs: what the bytes prove (a byte order mark, escape
sequences, valid UTF-8), then the label, then what mail clients usually mean when they label wrongly (WHATWG's list).
"""

from __future__ import annotations

import codecs
import re
from functools import lru_cache

# What senders write for an encoding that Python knows by another name, or that in practice is a larger one.
_ALIASES = {
    "x-gbk": "gb18030", "gb2312": "gb18030", "gb_2312-80": "gb18030", "gbk": "gb18030", "cp936": "gb18030",
    "hz-gb-2312": "hz", "x-euc-tw": "big5hkscs", "big5": "big5hkscs", "cn-big5": "big5hkscs",
    "ks_c_5601-1987": "cp949", "ksc5601": "cp949", "euc-kr": "cp949", "windows-949": "cp949",
    "shift_jis": "cp932", "shift-jis": "cp932", "x-sjis": "cp932", "sjis": "cp932", "windows-31j": "cp932",
    "iso-2022-jp": "iso2022_jp_ext", "cp50220": "iso2022_jp_ext", "x-euc-jp": "euc_jp",
    "iso-8859-1": "cp1252", "latin1": "cp1252", "latin-1": "cp1252", "us-ascii": "cp1252", "ascii": "cp1252",
    "ansi_x3.4-1968": "cp1252", "iso-8859-9": "cp1254", "iso-8859-11": "cp874", "tis-620": "cp874",
    "iso-8859-8-i": "iso8859_8", "iso-8859-8-e": "iso8859_8", "iso-8859-6-i": "iso8859_6",
    "unicode-1-1-utf-7": "utf_7", "unicode": "utf_16", "utf8mb4": "utf_8", "utf": "utf_8",
    "x-mac-roman": "mac_roman", "macintosh": "mac_roman", "x-mac-cyrillic": "mac_cyrillic", "x-mac-ce": "mac_latin2",
}  # fmt: skip
_SEVEN_BIT = re.compile(rb"\x1b[$(][@ABJ]|\x1b\$\(D")
_CLEAN = re.compile(r"[^a-z0-9_.:+-]")
_UNDEFINED_IN_CP1252 = re.compile(b"[\x81\x8d\x8f\x90\x9d]")
_EIGHT_BIT = re.compile(b"[\x80-\xff]")
_EIGHT_BITS = bytes(range(128, 256))
_NOT_TEXT = frozenset({"base64", "bz2", "hex", "quopri", "rot13", "uu", "zlib", "punycode", "idna", "undefined"})
_NOT_TEXT_EITHER = frozenset({"raw_unicode_escape", "unicode_escape", "mbcs", "oem"})


@lru_cache(maxsize=512)
def codec(label: str) -> str | None:
    """The Python name of the encoding that `label` most probably means, None where it means none that we know."""
    name = label.strip().strip("\"'<>").lower().split(";")[0].split()[0:1]
    cleaned = _CLEAN.sub("", (name[0] if name else "").rpartition("charset=")[2].split("=?")[0])[:40]
    for candidate in (cleaned, cleaned.replace("_", "-"), cleaned.replace("uft", "utf"), cleaned.replace("cp-", "cp")):
        known = _known(_ALIASES.get(candidate, candidate))
        if known is not None:
            return known
    return None


def _known(name: str) -> str | None:
    name = re.sub(r"^(?:x-)?(?:windows|win|cp)-?(\d{3,4})$", r"cp\1", name)
    try:
        found = codecs.lookup(name).name
    except (LookupError, ValueError):
        return None
    plain = found.replace("-", "_")
    if plain in _NOT_TEXT or plain in _NOT_TEXT_EITHER or found.endswith("_codec"):
        return None
    return _ALIASES.get(found, found)


def decoded(data: bytes, label: str | None) -> tuple[str, bool]:
    """The text of `data`, and whether its encoding had to be guessed (the label was wrong, unknown or missing)."""
    if not _EIGHT_BIT.search(data):
        return _seven_bit(data, label)
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) and len(data) % 2 == 0:
        return data.decode("utf-16", "replace"), False
    name = codec(label) if label else None
    if name is not None and name not in ("cp1252", "utf-8"):
        try:
            return _whole(data.decode(name)), False
        except (UnicodeError, ValueError):
            pass
    try:
        return data.decode("utf-8-sig"), name != "utf-8"
    except UnicodeDecodeError:
        return _by_force(data, name)


def _seven_bit(data: bytes, label: str | None) -> tuple[str, bool]:
    """Seven bits are ASCII, unless escape sequences or the label say that they stand for more."""
    name = codec(label) if label else "cp1252"
    if _SEVEN_BIT.search(data):
        return data.decode("iso2022_jp_ext", "replace"), name != "iso2022_jp_ext"
    if name in ("utf-7", "hz", "iso2022_kr") or (name or "").startswith("utf-16"):
        try:
            return _whole(data.decode(name or "")), False
        except (UnicodeError, ValueError):
            pass
    return data.decode("ascii"), name is None


def _whole(text: str) -> str:
    """`text` without halves of letters, which UTF-7 lets through and nothing can store."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _by_force(data: bytes, name: str | None) -> tuple[str, bool]:
    """Eight-bit text that is no UTF-8: mostly right UTF-8 with a broken letter, else what the label says, else West."""
    lenient = data.decode("utf-8", "replace")
    broken = lenient.count("\ufffd")
    eight_bit = len(data) - len(data.translate(None, _EIGHT_BITS))
    if broken * 20 < eight_bit or (name == "utf-8" and broken * 2 <= eight_bit):
        return lenient, True
    if name not in (None, "cp1252", "utf-8"):
        return _whole(data.decode(name, "replace")), True
    return _western(data), name is None


def _western(data: bytes) -> str:
    return data.decode("latin-1") if _UNDEFINED_IN_CP1252.search(data) else data.decode("cp1252")
