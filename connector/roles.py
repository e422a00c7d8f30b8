"""Who may do what in the console and over the API: four roles of people, and the scopes of tokens.

Pure. Asked by the console's services, and by `amends web` when it gives a role or a token.
"""

from __future__ import annotations

from enum import StrEnum


class Permission(StrEnum):
    """What somebody may do. These are the scopes of tokens too, but for `rules` and `access`, which only people have.

    `read` shows complaints and where everything stands, `tag` corrects tags and rules on promises, `decide` settles
    writes and quarantine and stops all writes, `export` takes complaints out, `audit` reads the log, `rules` changes
    mappings, `access` gives roles and tokens.
    """

    READ = "read"
    TAG = "tag"
    DECIDE = "decide"
    EXPORT = "export"
    AUDIT = "audit"
    RULES = "rules"
    ACCESS = "access"


class Rank(StrEnum):
    """The role of a person in the console; each may do what the one before may, and more."""

    VIEWER = "viewer"
    AGENT = "agent"
    LEAD = "lead"
    ADMIN = "admin"


GRANTS: dict[Rank, frozenset[Permission]] = {
    Rank.VIEWER: frozenset({Permission.READ}),
    Rank.AGENT: frozenset({Permission.READ, Permission.TAG}),
    Rank.LEAD: frozenset(
        {Permission.READ, Permission.TAG, Permission.DECIDE, Permission.EXPORT, Permission.AUDIT},
    ),
    Rank.ADMIN: frozenset(Permission),
}


class Scope(StrEnum):
    """The permissions that a token can have."""

    READ = "read"
    TAG = "tag"
    DECIDE = "decide"
    EXPORT = "export"
    AUDIT = "audit"


SCOPES = tuple(Scope)
