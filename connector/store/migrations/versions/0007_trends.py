"""Trends: in which cells complaints count, what stood out, what is done about it, and whom that concerns."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    for name, kind in (
        ("trends_digest", sa.Text()),
        ("trends_counted_to", sa.BigInteger()),
        ("trends_tested_on", sa.Integer()),
        ("trends_tested_at", sa.BigInteger()),
    ):
        op.add_column("instance", sa.Column(name, kind, nullable=True))
    op.create_table(
        "cell",
        sa.Column("id", _ID, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cell")),
        sa.UniqueConstraint("key", name=op.f("uq_cell_key")),
    )
    op.create_table(
        "tally",
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("cell_id", _ID, nullable=False),
        sa.Column("complaint_id", _ID, nullable=False),
        sa.ForeignKeyConstraint(["cell_id"], ["cell.id"], name=op.f("fk_tally_cell_id")),
        sa.ForeignKeyConstraint(
            ["complaint_id"], ["complaint.id"], name=op.f("fk_tally_complaint_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("day", "cell_id", "complaint_id", name=op.f("pk_tally")),
        sqlite_with_rowid=False,
    )
    _trend()
    _correction()


def _trend() -> None:
    op.create_table(
        "trend",
        sa.Column("id", _ID, nullable=False),
        sa.Column("cell_id", _ID, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("started_on", sa.Integer(), nullable=False),
        sa.Column("lead_id", _ID, nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["cell_id"], ["cell.id"], name=op.f("fk_trend_cell_id")),
        sa.ForeignKeyConstraint(["lead_id"], ["complaint.id"], name=op.f("fk_trend_lead_id"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trend")),
    )
    op.create_index(
        "uq_trend_cell_id_alive",
        "trend",
        ["cell_id"],
        unique=True,
        sqlite_where=sa.text("state != 'closed'"),
        postgresql_where=sa.text("state != 'closed'"),
    )


def _correction() -> None:
    op.create_table(
        "correction",
        sa.Column("id", _ID, nullable=False),
        sa.Column("trend_id", _ID, nullable=True),
        sa.Column("rule", sa.Text(), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("due_on", sa.Integer(), nullable=True),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.Column("source_id", _ID, nullable=True),
        sa.Column("ticket", sa.Text(), nullable=True),
        sa.Column("done_at", sa.BigInteger(), nullable=True),
        sa.Column("changed", sa.Text(), nullable=True),
        sa.Column("check_on", sa.Integer(), nullable=True),
        sa.Column("effect", sa.Text(), nullable=True),
        sa.Column("closed_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["trend_id"], ["trend.id"], name=op.f("fk_correction_trend_id")),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name=op.f("fk_correction_source_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_correction")),
        sa.UniqueConstraint("source_id", "ticket", name=op.f("uq_correction_source_id_ticket")),
    )
    op.create_table(
        "telling",
        sa.Column("correction_id", _ID, nullable=False),
        sa.Column("complaint_id", _ID, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=True),
        sa.Column("words", sa.Text(), nullable=True),
        sa.Column("who", sa.Text(), nullable=True),
        sa.Column("why", sa.Text(), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["correction_id"], ["correction.id"], name=op.f("fk_telling_correction_id")),
        sa.ForeignKeyConstraint(
            ["complaint_id"], ["complaint.id"], name=op.f("fk_telling_complaint_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("correction_id", "complaint_id", name=op.f("pk_telling")),
    )
    op.create_index(op.f("ix_telling_complaint_id"), "telling", ["complaint_id"], unique=False)
