"""What was promised to customers: what became of it, to be counted, and what people said of it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("complaint", sa.Column("promises", sa.Text(), nullable=True))
    op.add_column("complaint", sa.Column("rulings", sa.Text(), nullable=True))
    op.create_index(
        "ix_complaint_promises",
        "complaint",
        ["promises"],
        unique=False,
        sqlite_where=sa.text("promises IS NOT NULL"),
        postgresql_where=sa.text("promises IS NOT NULL"),
    )
