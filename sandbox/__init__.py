"""Stand-ins for helpdesks: real behaviour, in memory, with a ledger of every effect. For the demo and the tests."""
