"""Corrective tickets, looking for second copies of a write, the census of a source, names of tickets, values
without a line in the mapping, and what left by mail."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    # Repeat detection reads complaints only, and few of them carry flags.
    op.drop_index("ix_complaint_complainant_id_opened_at", table_name="complaint")
    op.create_index(
        "ix_complaint_complainant_id_opened_at",
        "complaint",
        ["complainant_id", "opened_at"],
        unique=False,
        sqlite_where=sa.text("complaint = 'yes'"),
        postgresql_where=sa.text("complaint = 'yes'"),
    )
    op.create_index(
        "ix_complaint_flags",
        "complaint",
        ["flags"],
        unique=False,
        sqlite_where=sa.text("flags != ''"),
        postgresql_where=sa.text("flags != ''"),
    )
    op.add_column("source", sa.Column("counted_at", sa.BigInteger(), nullable=True))
    op.add_column("outbox", sa.Column("repair_at", sa.BigInteger(), nullable=True))
    op.create_index(
        "ix_outbox_repair_at",
        "outbox",
        ["repair_at"],
        unique=False,
        sqlite_where=sa.text("repair_at IS NOT NULL"),
        postgresql_where=sa.text("repair_at IS NOT NULL"),
    )
    op.create_table(
        "link",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("complaint_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("source_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("ticket", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("episode", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.Text(), nullable=True),
        sa.Column("resolved_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["complaint_id"], ["complaint.id"], name=op.f("fk_link_complaint_id")),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name=op.f("fk_link_source_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_link")),
        sa.UniqueConstraint("source_id", "ticket", "complaint_id", name=op.f("uq_link_source_id_ticket_complaint_id")),
    )
    op.create_index("ix_link_complaint_id", "link", ["complaint_id"], unique=False)
    op.create_table(
        "name",
        sa.Column("source_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("ticket", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name=op.f("fk_name_source_id")),
        sa.PrimaryKeyConstraint("source_id", "name", name=op.f("pk_name")),
    )
    op.create_index("ix_name_source_id_ticket", "name", ["source_id", "ticket"], unique=False)
    op.create_table(
        "sending",
        sa.Column("source_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("begun_at", sa.BigInteger(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("sent", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name=op.f("fk_sending_source_id")),
        sa.PrimaryKeyConstraint("source_id", "name", name=op.f("pk_sending")),
    )
    op.create_table(
        "sending_count",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("source_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("begun_at", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name=op.f("fk_sending_count_source_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sending_count")),
    )
    op.create_index("ix_sending_count_source_id_key", "sending_count", ["source_id", "key", "begun_at"], unique=False)
    op.create_table(
        "stop",
        sa.Column("source_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name=op.f("fk_stop_source_id")),
        sa.PrimaryKeyConstraint("source_id", "key", name=op.f("pk_stop")),
    )
    op.create_table(
        "unplaced",
        sa.Column("source_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("ticket", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name=op.f("fk_unplaced_source_id")),
        sa.PrimaryKeyConstraint("source_id", "field", "value", name=op.f("pk_unplaced")),
    )
    op.create_table(
        "unlisted",
        sa.Column("source_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("ticket", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name=op.f("fk_unlisted_source_id")),
        sa.PrimaryKeyConstraint("source_id", "ticket", name=op.f("pk_unlisted")),
    )
