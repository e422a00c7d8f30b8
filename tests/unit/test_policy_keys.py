"""What a write is called at a helpdesk never changes: by it a write in doubt is found again, by newer releases too."""

from __future__ import annotations

import base64

from hypothesis import given
from hypothesis import strategies as st

from connector.policy.keys import MARKER_LETTERS, marker


@given(st.binary(min_size=32, max_size=32))
def test_a_marker_is_the_beginning_of_its_key_in_the_letters_of_rfc_4648(key: bytes) -> None:
    assert marker(key.hex()) == "am-" + base64.b32encode(key)[:MARKER_LETTERS].decode().lower()
