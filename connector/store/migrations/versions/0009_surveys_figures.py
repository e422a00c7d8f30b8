"""Surveys and what was answered, who wants none, and the figures that reports count."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

_Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "survey",
        sa.Column("id", _Id, nullable=False),
        sa.Column("source_id", _Id, nullable=False),
        sa.Column("ticket", sa.Text(), nullable=False),
        sa.Column("episode", sa.Text(), nullable=False),
        sa.Column("marker", sa.Text(), nullable=False),
        sa.Column("complaint_id", _Id, nullable=False),
        sa.Column("person_id", _Id, nullable=False),
        sa.Column("language", sa.Text()),
        sa.Column("asked_at", sa.BigInteger()),
        sa.Column("delivered_at", sa.BigInteger()),
        sa.Column("answered_at", sa.BigInteger()),
        sa.Column("via", sa.Text()),
        sa.Column("csat", sa.Integer()),
        sa.Column("scale", sa.Integer()),
        sa.Column("ces", sa.Integer()),
        sa.Column("nps", sa.Integer()),
        sa.Column("solved", sa.Boolean()),
        sa.Column("comment", sa.Text()),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name=op.f("fk_survey_source_id")),
        sa.ForeignKeyConstraint(["complaint_id"], ["complaint.id"], name=op.f("fk_survey_complaint_id")),
        sa.ForeignKeyConstraint(["person_id"], ["complainant.id"], name=op.f("fk_survey_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_survey")),
        sa.UniqueConstraint("marker", name=op.f("uq_survey_marker")),
        sa.UniqueConstraint("source_id", "ticket", "episode", name=op.f("uq_survey_source_id_ticket_episode")),
    )
    op.create_index(op.f("ix_survey_complaint_id"), "survey", ["complaint_id"])
    op.create_index(op.f("ix_survey_person_id"), "survey", ["person_id"])
    op.create_table(
        "opt_out",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_opt_out")),
    )
    op.create_table(
        "figure",
        sa.Column("block", _Id, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("block", name=op.f("pk_figure")),
    )
    op.create_table(
        "figure_word",
        sa.Column("id", _Id, nullable=False),
        sa.Column("facet", sa.Text(), nullable=False),
        sa.Column("word", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_figure_word")),
        sa.UniqueConstraint("facet", "word", name=op.f("uq_figure_word_facet_word")),
    )
