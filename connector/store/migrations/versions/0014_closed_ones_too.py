"""For a replay that counts closed complaints anew, so that whoever goes on with it does so too."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.add_column("source", sa.Column("replays_closed", sa.Boolean()))
