"""An inbox read by the real command, killed again and again while mail comes in: a hundred mails here, a thousand in
`make proof`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.mailboxes import SERVERS
from tests.proof.mail_deaths import deaths


@pytest.mark.parametrize("server", SERVERS)
def test_a_hundred_mails_and_random_deaths_lose_none_and_double_none(server: str, tmp_path: Path) -> None:
    result = deaths(tmp_path, SERVERS[server](), mails=100, kills=12, seed=4)
    assert result.held, result
    assert result.kills >= 12 and result.mails == 100, result
