"""Each line of the audit log proves the one before it; lines from before are taken as they are."""

from __future__ import annotations

from secrets import token_hex

import sqlalchemy as sa
from alembic import op

from connector.store.audit_chain import START, proven, sealed

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    for name in ("nonce", "seal", "proof"):
        op.add_column("audit", sa.Column(name, sa.Text(), nullable=True))
    op.add_column("instance", sa.Column("audit_head", sa.Text(), nullable=True))
    connection = op.get_bind()
    rows = connection.execute(sa.text("SELECT id, at, who, what, source, ticket, detail FROM audit ORDER BY id"))
    before, head = START, f"0:{START}"
    for row in rows.fetchall():
        nonce = token_hex(16)
        seal = sealed(row.detail, nonce)
        before = proven(before, row.at, row.who, row.what, row.source, row.ticket, seal)
        head = f"{row.id}:{before}"
        connection.execute(
            sa.text("UPDATE audit SET nonce = :nonce, seal = :seal, proof = :proof WHERE id = :id"),
            {"nonce": nonce, "seal": seal, "proof": before, "id": row.id},
        )
    connection.execute(sa.text("UPDATE instance SET audit_head = :head"), {"head": head})
