"""`python -m sandbox.zendesk`: a Zendesk account of its own process, driven over /__control/ (see `control`)."""

from __future__ import annotations

import threading
from functools import partial

from sandbox.http.command import LOOK_EVERY_SECONDS, certificate_of, clock_of, faults_of, parser, stopping
from sandbox.zendesk.account import Account
from sandbox.zendesk.server import serve


def main() -> None:
    options = parser("python -m sandbox.zendesk", __doc__)
    options.add_argument("--stories", action="store_true", help="play the demo's stories as their time comes")
    chosen = options.parse_args()
    account, over = Account(clock_of(chosen)), stopping()
    if chosen.stories:
        from sandbox.backlog import fill

        fill(account, account.now())
    with serve(account, port=chosen.port, faults=faults_of(chosen), certificate=certificate_of(chosen)) as site:
        print(site.url, flush=True)  # noqa: T201 - this is the program's answer
        _live(account, over, stories=chosen.stories)


def _live(account: Account, over: threading.Event, *, stories: bool) -> None:
    from sandbox.stories import POLICIES, play

    if stories:
        account.policies = list(POLICIES)
        # A night of the demo passes in a second, and half an hour of it between two looks.
        account.catch_up = partial(play, account)
    while not over.wait(LOOK_EVERY_SECONDS):
        if stories:
            play(account, account.now())


if __name__ == "__main__":
    main()
