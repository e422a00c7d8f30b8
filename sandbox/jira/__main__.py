"""`python -m sandbox.jira`: a Jira site of its own process, driven over /__control/ (see `control`)."""

from __future__ import annotations

import threading

from sandbox.http.command import LOOK_EVERY_SECONDS, certificate_of, clock_of, faults_of, parser, stopping
from sandbox.jira.people import Jira
from sandbox.jira.server import serve


def _live(jira: Jira, over: threading.Event) -> None:
    from sandbox.works import Player

    player = Player(jira, jira.now())
    while not over.wait(LOOK_EVERY_SECONDS):
        player.play(jira.now())


def main() -> None:
    options = parser("python -m sandbox.jira", __doc__)
    options.add_argument("--data-center", action="store_true", help="Jira Data Center instead of Cloud")
    options.add_argument("--context-path", default="", help='where a Data Center lives under its host: "/jira"')
    options.add_argument("--stories", action="store_true", help="play the demo's stories as their time comes")
    chosen = options.parse_args()
    jira, over = Jira(clock_of(chosen)), stopping()
    jira.switches.deployment = "data_center" if chosen.data_center else "cloud"
    jira.switches.context_path = chosen.context_path
    with serve(jira, port=chosen.port, faults=faults_of(chosen), certificate=certificate_of(chosen)) as site:
        print(site.url, flush=True)  # noqa: T201 - this is the program's answer
        if not chosen.stories:
            over.wait()
        else:
            _live(jira, over)


if __name__ == "__main__":
    main()
