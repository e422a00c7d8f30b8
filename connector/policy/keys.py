"""Names that make a write happen once. Called by `decision`; the store holds keys unique, adapters look for markers."""

from __future__ import annotations

import hmac
import string

import msgspec

MARKER_LETTERS = 20
_LETTERS = string.ascii_lowercase + "234567"
_PAIRS = [one + other for one in _LETTERS for other in _LETTERS]  # ten bits each
_OF_MARKER = 25  # hex digits: as many bits as its letters hold


def action_key(salt: bytes, source: str, ticket: str, rule: str, episode: str, kind: str) -> str:
    """The same fact always gives the same key (64 hex digits of HMAC-SHA256). `salt` is the installation's own, so
    that nobody outside can tell from a key or marker which ticket and rule it names."""
    return hmac.digest(salt, msgspec.json.encode([source, ticket, rule, episode, kind]), "sha256").hex()


def marker(key: str) -> str:
    """ "am-" and 20 of a-z and 2-7, from the key: what a source keeps beside the write. Opaque, no personal data."""
    bits = int(key[:_OF_MARKER], 16)
    return "am-" + "".join([_PAIRS[bits >> at & 1023] for at in range(5 * MARKER_LETTERS - 10, -1, -10)])
