"""A mailbox to try Amends on: a real IMAP server in this process, people who write mail, and a line that can be cut.

Used by tests. `server` is the server (pymap, in memory), `letters` are what people write, `program` is the mail program
of those who answer, `wire` stands between Amends and any IMAP server and does what no server does on demand.
"""

from sandbox.mailbox.letters import Letter, Person, bounce, letter
from sandbox.mailbox.program import MailProgram
from sandbox.mailbox.server import MailServer
from sandbox.mailbox.wire import Wire

__all__ = ["Letter", "MailProgram", "MailServer", "Person", "Wire", "bounce", "letter"]
