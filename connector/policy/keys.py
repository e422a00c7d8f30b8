"""Names that make a write happen once. Called by `decision`; the store holds keys unique, adapters look for markers."""

from __future__ import annotations

import base64
import hmac

import msgspec

MARKER_LETTERS = 20


def action_key(salt: bytes, source: str, ticket: str, rule: str, episode: str, kind: str) -> str:
    """The same fact always gives the same key (64 hex digits of HMAC-SHA256). `salt` is the installation's own, so
    that nobody outside can tell from a key or marker which ticket and rule it names."""
    return hmac.digest(salt, msgspec.json.encode([source, ticket, rule, episode, kind]), "sha256").hex()


def marker(key: str) -> str:
    """ "am-" and 20 of a-z and 2-7, from the key: what a source keeps beside the write. Opaque, no personal data."""
    return "am-" + base64.b32encode(bytes.fromhex(key))[:MARKER_LETTERS].decode().lower()
