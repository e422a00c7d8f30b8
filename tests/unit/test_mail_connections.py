"""Reading, writing and waiting at the same time: none gets into another's connection."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from adapters.imap.evidence import ticket_of
from connector.errors import RejectedError, TemporaryError
from connector.model import Action, ActionKind, Effect
from tests.end_to_end.post import Post, post
from tests.engine.world import START


def tagging(here: Post, ticket: str) -> Action:
    effect = Effect(tags=("amends_late",))
    return Action("k", "am-1", "post", ticket, ActionKind.TAG, "r", "e", effect, "why", START - timedelta(days=1))


def test_a_write_goes_on_while_the_server_leaves_a_reader_waiting() -> None:
    with post("pymap", timeout_seconds=2) as here:
        mail = here.writes()
        here.pull()
        ticket = ticket_of(mail.message_id)
        failed: list[BaseException] = []
        here.wire.silence("SEARCH")
        reader = threading.Thread(target=lambda: _read(here, ticket, failed))
        reader.start()
        for _ in range(200):
            if any(b"SEARCH" in one for one in here.wire.commands):
                break
            reader.join(0.01)
        with pytest.raises(RejectedError, match="does not keep the keyword"):  # pymap's answer, heard in full
            here.desk.adapter.prepare(tagging(here, ticket))
        reader.join(20)
        assert [type(one) for one in failed] == [TemporaryError], "the reader's own time ran out"


def _read(here: Post, ticket: str, failed: list[BaseException]) -> None:
    try:
        list(here.desk.adapter.get([ticket]))
    except TemporaryError as error:
        failed.append(error)
