"""What every stand-in over HTTP shares: the server, the faults, the ledger, the control door. Used by the sandboxes."""
