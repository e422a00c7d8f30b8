"""Measurements: a pre-rendered helpdesk, bare loops over it, other libraries, and ourselves, in turn. See README.md."""
