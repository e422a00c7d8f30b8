"""`python -m sandbox.mailbox`: a shop's post in a process of its own. It prints the address of its control door, whose
GET /__control/state tells the ports of IMAP and SMTP and the authority to trust (see `office`).
"""

from __future__ import annotations

import threading
from pathlib import Path

from sandbox.http.command import LOOK_EVERY_SECONDS, clock_of, plain_parser, stopping
from sandbox.mailbox.office import Office, serve


def _live(office: Office, over: threading.Event) -> None:
    from sandbox.inbox import Player

    with Player(office, office.now()) as player:
        while not over.wait(LOOK_EVERY_SECONDS):
            player.play(office.now())


def main() -> None:
    options = plain_parser("python -m sandbox.mailbox", __doc__)
    options.add_argument("--folder", type=Path, required=True, help="where the certificates are put")
    options.add_argument("--stories", action="store_true", help="play the demo's stories as their time comes")
    chosen = options.parse_args()
    over = stopping()
    with Office(clock_of(chosen), chosen.folder) as office, serve(office, port=chosen.port) as site:
        print(site.url, flush=True)  # noqa: T201 - this is the program's answer
        if not chosen.stories:
            over.wait()
        else:
            _live(office, over)


if __name__ == "__main__":
    main()
