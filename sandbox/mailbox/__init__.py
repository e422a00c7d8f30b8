"""A mailbox to try Amends on: a real IMAP server, people who write mail, and a line that can be cut.

`server` is the server (pymap, in memory), `letters` are what people write, `program` is the mail program of those who
answer, `wire` stands between Amends and any IMAP server and does what no server does on demand: these are for tests, in
one process. `office` puts a mailbox with TLS, several people, an SMTP relay and a ledger together, for the demo and for
whoever wants a process of its own: `python -m sandbox.mailbox`. Needs pymap, aiosmtpd and cryptography.
"""

from sandbox.mailbox.letters import Letter, Person, bounce, letter
from sandbox.mailbox.program import MailProgram
from sandbox.mailbox.server import MailServer
from sandbox.mailbox.wire import Wire

__all__ = ["Letter", "MailProgram", "MailServer", "Person", "Wire", "bounce", "letter"]
