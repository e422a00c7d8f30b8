"""Who sees to a complaint, what was granted, and how many were told of late."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    wide = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "ack",
        sa.Column("id", wide, nullable=False),
        sa.Column("complaint_id", wide, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["complaint_id"], ["complaint.id"], name=op.f("fk_ack_complaint_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ack")),
    )
    op.create_index(op.f("ix_ack_complaint_id"), "ack", ["complaint_id"])
    op.create_table(
        "granted",
        sa.Column("id", wide, nullable=False),
        sa.Column("complaint_id", wide, nullable=False),
        sa.Column("remedy", sa.Text(), nullable=False),
        sa.Column("cost", sa.Text()),
        sa.Column("currency", sa.Text()),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["complaint_id"], ["complaint.id"], name=op.f("fk_granted_complaint_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_granted")),
    )
    op.create_index(op.f("ix_granted_complaint_id"), "granted", ["complaint_id"])
    op.create_index("ix_outbox_kind_created_at", "outbox", ["kind", "created_at"])
