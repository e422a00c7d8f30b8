"""A stateful stand-in for the Zendesk Support API, with a ledger of effects. For the demo and the tests.

In one process:

    from sandbox.clock import SandboxClock
    from sandbox.zendesk import Account, Faults, serve

    clock = SandboxClock(datetime(2026, 3, 2, 9, tzinfo=UTC), scale=0)   # stands still; clock.advance(seconds)
    account = Account(clock)
    ticket = account.customer_opens("Where is my parcel?", "It is a week late.")
    with serve(account, faults=Faults(["late_write@PUT=0.1", "http_429=0.1"], seed=7)) as site:
        ...                                                              # point a client at site.url
    assert len(account.ledger.of_ticket(ticket)) == 1

`Account` people act: add_customer, customer_opens, customer_writes, agent_replies, agent_notes, agent_sets, merge,
delete, restore, scrub, redact, close, rate, answer_survey, suspend, admin_adds_status, admin_removes_field,
admin_retypes_field.
`account.at(moment)` lets them act at another time. Look inside: tickets, users, ledger, switches, triggers, policies,
doorman.
`Site` (from `serve`): url, account, desk (turnstile.limits, edit_before_next_write), faults, seen, land_late_writes.
Ids, credentials and field numbers are in `content`. From another process: `python -m sandbox.zendesk` and `control`.
"""

from sandbox.http.faults import Faults, Rule
from sandbox.zendesk import content
from sandbox.zendesk.account import Account
from sandbox.zendesk.ledger import Effect, Ledger
from sandbox.zendesk.limits import Limits
from sandbox.zendesk.server import Site, serve
from sandbox.zendesk.switches import Policy, Switches, Trigger

__all__ = [
    "Account", "Effect", "Faults", "Ledger", "Limits", "Policy", "Rule", "Site", "Switches", "Trigger", "content",
    "serve",
]  # fmt: skip
