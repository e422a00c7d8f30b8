"""Who may look and decide in the browser and over the API, and what lets long lists be paged through."""

from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _accounts()
    op.create_table(
        "hook",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("told_to", sa.BigInteger(), nullable=False),
        sa.Column("failures", sa.BigInteger(), nullable=False),
        sa.Column("next_at", sa.BigInteger(), nullable=False),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_hook")),
    )
    op.add_column("complaint", sa.Column("emergency", sa.Text(), nullable=True))
    _tell_emergencies()
    op.create_index("ix_complaint_opened_at", "complaint", ["opened_at"])
    op.create_index("ix_complaint_complainant_id", "complaint", ["complainant_id"])
    op.create_index("ix_complaint_source_id_complaint_status", "complaint", ["source_id", "complaint", "status"])
    for columns, where in (
        (["complaint", "due_at"], "due_at IS NOT NULL"),
        (["opened_at", "status", "complaint"], "emergency IS NOT NULL"),
        (["order_number"], "order_number IS NOT NULL"),
    ):
        op.create_index(
            f"ix_complaint_{'_'.join(columns)}",
            "complaint",
            columns,
            sqlite_where=sa.text(where),
            postgresql_where=sa.text(where),
        )
    op.create_index("ix_complainant_address", "complainant", ["address"])
    op.create_index("ix_audit_ticket", "audit", ["ticket"])


def _accounts() -> None:
    op.create_table(
        "user_account",
        sa.Column("id", _ID, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("password", sa.Text(), nullable=True),
        sa.Column("subject", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("signed_in_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user_account")),
        sa.UniqueConstraint("name", name=op.f("uq_user_account_name")),
        sa.UniqueConstraint("subject", name=op.f("uq_user_account_subject")),
    )
    op.create_table(
        "user_session",
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("user_id", _ID, nullable=True),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.Column("begun_at", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.Column("ends_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_user_session_user_id")),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_user_session")),
    )
    op.create_table(
        "api_token",
        sa.Column("id", _ID, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("ends_at", sa.BigInteger(), nullable=True),
        sa.Column("used_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_token")),
        sa.UniqueConstraint("name", name=op.f("uq_api_token_name")),
        sa.UniqueConstraint("digest", name=op.f("uq_api_token_digest")),
    )


def _tell_emergencies() -> None:
    """What is tagged as an emergency already, in its new column."""
    connection = op.get_bind()
    last = 0
    while True:
        rows = connection.execute(
            sa.text("SELECT id, doc FROM complaint WHERE id > :last ORDER BY id LIMIT 1000"), {"last": last}
        ).all()
        if not rows:
            return
        last = rows[-1][0]
        for number, doc in rows:
            body = bytes(doc)
            if b'"emergency"' not in body:
                continue
            tags = json.loads(body).get("tags", ())
            found = " ".join(tag["value"] for tag in tags if tag["facet"] == "emergency")
            if found:
                connection.execute(
                    sa.text("UPDATE complaint SET emergency = :found WHERE id = :id"), {"found": found, "id": number}
                )
