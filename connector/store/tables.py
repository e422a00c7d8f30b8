"""The tables, as they stand after the newest migration. Read by the other modules of this room only.

Times are whole microseconds since 1970 UTC. What a complaint owns (fields, timeline, tags) is one packed `doc`;
only what is searched, joined or due has a column. `doc` is written by pull and replay alone, and `revision` grows with
it; sweep writes `assessed` (clocks and flags) where the revision is still the one it read.

Which rows an index leaves out is told to Postgres by the migrations alone: here, SQLAlchemy would load all it knows of
Postgres to check a word of it, a twelfth of an idle run.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# A column of this mark holds what a person said; writing a row again leaves it alone.
PERSONS_WORD = "a person's word"

# BigInteger keys would not be row ids in SQLite; there an Integer is 64 bits wide anyway.
_Id = BigInteger().with_variant(Integer, "sqlite")

instance = Table(
    "instance",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("salt", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("paused_at", BigInteger),
    Column("paused_why", Text),
    Column("restored_at", BigInteger),
    Column("policy_digest", Text),
)

lease = Table(
    "lease",
    metadata,
    Column("name", Text, primary_key=True),
    Column("holder", Text),
    Column("epoch", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
)

source = Table(
    "source",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("adapter", Text, nullable=False),
    Column("account", Text),
    Column("actor", Text),
    Column("act_from", BigInteger),
    Column("rules_digest", Text),
    Column("replayed_to", BigInteger),
    Column("replayed_by", Text),
    Column("parked_until", BigInteger),
    Column("parked_why", Text),
    Column("last_error", Text),
    Column("last_error_at", BigInteger),
    Column("last_pull_at", BigInteger),
    Column("last_push_at", BigInteger),
    Column("counted_at", BigInteger),
)

stream = Table(
    "stream",
    metadata,
    Column("source_id", ForeignKey("source.id"), primary_key=True),
    Column("name", Text, primary_key=True),
    Column("cursor", Text, nullable=False),
    Column("complete_at", BigInteger),
    Column("advanced_at", BigInteger),
    Column("records", BigInteger, nullable=False, default=0),
)

complainant = Table(
    "complainant",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("key", Text, nullable=False, unique=True),
    Column("name", Text),
    Column("address", Text),
    Column("phone", Text),
    Column("verified", Boolean, nullable=False),
    Column("language", Text),
    Column("time_zone", Text),
)

complaint = Table(
    "complaint",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("source_id", ForeignKey("source.id"), nullable=False),
    Column("ticket", Text, nullable=False),
    Column("revision", BigInteger, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("status", Text, nullable=False),
    Column("complaint", Text, nullable=False),
    Column("merged", Boolean, nullable=False),
    Column("opened_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Column("resolved_at", BigInteger),
    Column("complainant_id", ForeignKey("complainant.id"), nullable=False),
    Column("category", Text),
    Column("product", Text),
    Column("order_number", Text),
    Column("doc", LargeBinary, nullable=False),
    Column("assessed", LargeBinary),
    Column("flags", Text, nullable=False, default=""),
    Column("due_at", BigInteger),
    Column("look_at", BigInteger),
    Column("promises", Text),
    Column("rulings", Text, info={PERSONS_WORD: True}),
    UniqueConstraint("source_id", "ticket"),
)
Index(
    "ix_complaint_look_at",
    complaint.c.look_at,
    sqlite_where=complaint.c.look_at.is_not(None),
)
# Few are flagged; how many are is asked at the end of each pass.
Index(
    "ix_complaint_flags",
    complaint.c.flags,
    sqlite_where=complaint.c.flags != "",
)
# Fewer still hold a promise; how many were kept is asked for `status`.
Index(
    "ix_complaint_promises",
    complaint.c.promises,
    sqlite_where=complaint.c.promises.is_not(None),
)
# Only of what counts towards coming back; the condition is spelt out so that questions can match it.
IS_COMPLAINT = text("complaint.complaint = 'yes'")
Index(
    "ix_complaint_complainant_id_opened_at",
    complaint.c.complainant_id,
    complaint.c.opened_at,
    sqlite_where=text("complaint = 'yes'"),
)

record = Table(
    "record",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("source_id", ForeignKey("source.id"), nullable=False),
    Column("ticket", Text, nullable=False),
    Column("stream", Text, nullable=False),
    Column("raw_id", Text, nullable=False),
    Column("seen_at", BigInteger, nullable=False),
    Column("body", LargeBinary, nullable=False),
    UniqueConstraint("source_id", "ticket", "stream", "raw_id"),
)

name = Table(
    "name",
    metadata,
    Column("source_id", ForeignKey("source.id"), primary_key=True),
    Column("name", Text, primary_key=True),
    Column("ticket", Text, nullable=False),
)
Index("ix_name_source_id_ticket", name.c.source_id, name.c.ticket)

# Tickets that a source does not list although it has them, as a strong read showed: a census need not miss them again.
unlisted = Table(
    "unlisted",
    metadata,
    Column("source_id", ForeignKey("source.id"), primary_key=True),
    Column("ticket", Text, primary_key=True),
)

# Values of a source that its mapping had no line for: each is told once.
unplaced = Table(
    "unplaced",
    metadata,
    Column("source_id", ForeignKey("source.id"), primary_key=True),
    Column("field", Text, primary_key=True),
    Column("value", Text, primary_key=True),
    Column("ticket", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
)

# What left by mail: the last try of each message, the keys that each try counts under, and to whom nothing goes.
sending = Table(
    "sending",
    metadata,
    Column("source_id", ForeignKey("source.id"), primary_key=True),
    Column("name", Text, primary_key=True),
    Column("begun_at", BigInteger, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("sent", Boolean, nullable=False),
)

sending_count = Table(
    "sending_count",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("source_id", ForeignKey("source.id"), nullable=False),
    Column("key", Text, nullable=False),
    Column("begun_at", BigInteger, nullable=False),
    Column("name", Text, nullable=False),
)
Index("ix_sending_count_source_id_key", sending_count.c.source_id, sending_count.c.key, sending_count.c.begun_at)

stop = Table(
    "stop",
    metadata,
    Column("source_id", ForeignKey("source.id"), primary_key=True),
    Column("key", Text, primary_key=True),
    Column("why", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
)

quarantine = Table(
    "quarantine",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("source_id", ForeignKey("source.id"), nullable=False),
    Column("ticket", Text, nullable=False),
    Column("stream", Text, nullable=False),
    Column("raw_id", Text, nullable=False),
    Column("seen_at", BigInteger, nullable=False),
    Column("why", Text, nullable=False),
    Column("tries", Integer, nullable=False, default=1),
    Column("skipped_at", BigInteger),
    Column("body", LargeBinary, nullable=False),
    UniqueConstraint("source_id", "stream", "raw_id"),
)

# What tags were made of when rules were last put in force, for a replay to see what changed since.
lexicon = Table(
    "lexicon",
    metadata,
    Column("name", Text, primary_key=True),
    Column("body", LargeBinary, nullable=False),
)

# What people said about a ticket (a JSON list of values), for models to learn from. Its words stay with the complaint.
label = Table(
    "label",
    metadata,
    Column("source_id", ForeignKey("source.id"), primary_key=True),
    Column("ticket", Text, primary_key=True),
    Column("facet", Text, primary_key=True),
    Column("said", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("key", Text, nullable=False, unique=True),
    Column("source_id", ForeignKey("source.id"), nullable=False),
    Column("ticket", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("rule", Text, nullable=False),
    Column("episode", Text, nullable=False),
    Column("action", LargeBinary, nullable=False),
    Column("action_sha256", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("rank", Integer, nullable=False),
    Column("not_before", BigInteger, nullable=False),
    Column("not_after", BigInteger),
    Column("next_at", BigInteger, nullable=False),
    Column("tries", Integer, nullable=False, default=0),
    Column("rounds", Integer, nullable=False, default=0),
    Column("stamp", Text),
    Column("sent_at", BigInteger),
    Column("receipt", Text),
    Column("repair_at", BigInteger),
    Column("why", Text),
    Column("created_at", BigInteger, nullable=False),
    Column("changed_at", BigInteger, nullable=False),
    UniqueConstraint("source_id", "ticket", "rule", "episode", "kind"),
)
Index("ix_outbox_source_id_state_next_at", outbox.c.source_id, outbox.c.state, outbox.c.next_at)
Index("ix_outbox_source_id_ticket", outbox.c.source_id, outbox.c.ticket)
Index(
    "ix_outbox_repair_at",
    outbox.c.repair_at,
    sqlite_where=outbox.c.repair_at.is_not(None),
)

link = Table(
    "link",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("complaint_id", ForeignKey("complaint.id"), nullable=False, index=True),
    Column("source_id", ForeignKey("source.id"), nullable=False),
    Column("ticket", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("url", Text),
    Column("rule", Text, nullable=False),
    Column("episode", Text, nullable=False),
    Column("opened_at", BigInteger, nullable=False),
    Column("status", Text),
    Column("resolved_at", BigInteger),
    UniqueConstraint("source_id", "ticket", "complaint_id"),
)

# What a source said of its own clocks, step by step, as first seen: a row is never updated.
source_step = Table(
    "source_step",
    metadata,
    Column("source_id", ForeignKey("source.id"), primary_key=True),
    Column("ticket", Text, primary_key=True),
    Column("step", Text, primary_key=True),
    Column("body", LargeBinary, nullable=False),
)

audit = Table(
    "audit",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("who", Text, nullable=False),
    Column("what", Text, nullable=False),
    Column("source", Text),
    Column("ticket", Text),
    Column("detail", Text),
)
