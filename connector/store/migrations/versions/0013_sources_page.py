"""For the page of sources: a pause of one source's writes, and how many calls it allowed when last asked."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.add_column("source", sa.Column("paused_at", sa.BigInteger()))
    op.add_column("source", sa.Column("paused_why", sa.Text()))
    op.add_column("source", sa.Column("calls_left", sa.Text()))
