"""A stateful stand-in for Jira (Cloud, Data Center, Service Management), with a ledger of effects.

In one process:

    from sandbox.clock import SandboxClock
    from sandbox.jira import Faults, Jira, content, serve

    clock = SandboxClock(datetime(2026, 3, 2, 9, tzinfo=UTC), scale=0)   # stands still; clock.advance(seconds)
    jira = Jira(clock)
    issue = jira.customer_opens("Where is my parcel?", "It is a week late.")
    with serve(jira, faults=Faults(["late_write@POST=0.1"], seed=7)) as site:
        ...                                       # Basic content.EMAIL, content.API_TOKEN at site.url
    assert len(jira.ledger.of_ticket(issue)) == 1

`Jira` people act: see `people`. `jira.at(moment)` lets them act at another time. Look inside: issue(id or key), issues,
people, projects, fields, ledger, index (lose_next, lose_new, forget), switches, doorman (issue, expire, revoke_all).
`Site` (from `serve`): url, account (the Jira), desk (turnstile.limits, edit_before_next_write), faults, seen,
land_late_writes. Ids and credentials are in `content`. From another process: `python -m sandbox.jira` and `control`.
"""

from sandbox.http.faults import Faults, Rule
from sandbox.jira import content
from sandbox.jira.ledger import Effect, Ledger
from sandbox.jira.limits import Limits
from sandbox.jira.people import Jira
from sandbox.jira.server import Site, serve
from sandbox.jira.switches import Switches

__all__ = [
    "Effect", "Faults", "Jira", "Ledger", "Limits", "Rule", "Site", "Switches", "content", "serve",
]  # fmt: skip
