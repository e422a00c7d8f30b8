"""A customer answers a survey of the demo on the page itself, over HTTP, after programs have fetched its link; and what
the report says then. Used by `ending`."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import requests
import uvicorn

from connector.commands.place import Place
from connector.commands.report import Wish, reported
from connector.display import count
from connector.report.columns import score
from connector.store import surveys
from connector.store.surveys import Asked
from connector.survey_key import SurveyLinks, key_file
from connector.web.public import application

SAID = {"csat": "5", "solved": "yes", "comment": "That was quick in the end, thank you."}
SCANNERS = ({"User-Agent": "LinkScanner/3.1"}, {"Purpose": "prefetch"})
TIMEOUT_SECONDS = 20


def answered_on_the_page(place: Place) -> Iterator[str]:
    """What happened, line by line; nothing where no survey went out."""
    found = _unanswered(place)
    survey = place.settings.policy.survey
    if found is None or found.marker is None or survey is None or survey.page is None:
        return
    with place.store() as store:
        link = SurveyLinks(survey.page, key_file(store.file, place.home)).link_to(found.marker, place.now())
        with _served(application(place, store)) as address:
            page = address + urlsplit(link).path
            for headers in SCANNERS:
                requests.get(f"{page}?csat=1", headers=headers, timeout=TIMEOUT_SECONDS).raise_for_status()
            with store.read() as connection:
                before = surveys.by_marker(connection, found.marker)
            requests.post(page, data=SAID, timeout=TIMEOUT_SECONDS).raise_for_status()
    votes = int(before is not None and before.answer is not None)
    yield f"The customer of {found.source}/{found.ticket} answers the survey on its page: 5 of 5, solved."
    yield f"  Before, a mail scanner and a preview had fetched the link; they cast {count(votes, 'vote')}."
    total = reported(place, Wish(by=("category",))).total
    arrived, answers = count(total.asked, "survey"), count(total.answered, "answer")
    yield f"  The report: {arrived} arrived, {answers}; satisfied: {score(total.csat)}."


def _unanswered(place: Place) -> Asked | None:
    """The newest survey that reached a customer, in their mail if possible, and is not answered yet."""
    with place.store() as store, store.read() as connection:
        rows = [one for one in surveys.listing(connection) if one.marker and one.delivered_at and one.answer is None]
    return min(rows, key=lambda one: one.source != "inbox", default=None)


@contextmanager
def _served(app: Any) -> Iterator[str]:
    """The app behind a socket of this machine; its address."""
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, lifespan="off", ws="none"))
    with socket.create_server(("127.0.0.1", 0)) as ear:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [ear]}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{ear.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(TIMEOUT_SECONDS)
