"""People over all sources: what identities are known by, what joins them, the register of conduct, and erasures."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def _id() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("instance", sa.Column("people_digest", sa.Text(), nullable=True))
    op.add_column("complaint", sa.Column("words", sa.BigInteger(), nullable=True))
    _identities()
    _known_by()
    op.create_table(
        "conduct",
        sa.Column("id", _id(), nullable=False),
        sa.Column("register", sa.BigInteger(), nullable=False),
        sa.Column("complainant_id", _id(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["complainant_id"], ["complainant.id"], name=op.f("fk_conduct_complainant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conduct")),
    )
    op.create_index("ix_conduct_complainant_id", "conduct", ["complainant_id"], unique=False)
    op.create_table(
        "erased",
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_erased")),
    )


def _identities() -> None:
    op.add_column("complainant", sa.Column("person_id", sa.BigInteger(), nullable=True))
    op.add_column("complainant", sa.Column("shared", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("complainant", sa.Column("place", sa.Text(), nullable=True))
    op.add_column("complainant", sa.Column("compared_at", sa.BigInteger(), nullable=True))
    for column, condition in (("person_id", "person_id IS NOT NULL"), ("compared_at", "compared_at IS NULL")):
        op.create_index(
            f"ix_complainant_{column}",
            "complainant",
            [column],
            unique=False,
            sqlite_where=sa.text(condition),
            postgresql_where=sa.text(condition),
        )


def _known_by() -> None:
    op.create_table(
        "identity",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("complainant_id", _id(), nullable=False),
        sa.ForeignKeyConstraint(["complainant_id"], ["complainant.id"], name=op.f("fk_identity_complainant_id")),
        sa.PrimaryKeyConstraint("key", "complainant_id", name=op.f("pk_identity")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_identity_complainant_id", "identity", ["complainant_id"], unique=False)
    op.create_table(
        "tie",
        sa.Column("a_id", _id(), nullable=False),
        sa.Column("b_id", _id(), nullable=False),
        sa.Column("said", sa.Text(), nullable=False),
        sa.Column("mark", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=True),
        sa.Column("score", sa.Float(), nullable=True),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["a_id"], ["complainant.id"], name=op.f("fk_tie_a_id")),
        sa.ForeignKeyConstraint(["b_id"], ["complainant.id"], name=op.f("fk_tie_b_id")),
        sa.PrimaryKeyConstraint("a_id", "b_id", "said", "mark", name=op.f("pk_tie")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_tie_b_id", "tie", ["b_id"], unique=False)
    op.create_index(
        "ix_tie_mark",
        "tie",
        ["mark"],
        unique=False,
        sqlite_where=sa.text("mark != ''"),
        postgresql_where=sa.text("mark != ''"),
    )
