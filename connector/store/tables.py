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
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    false,
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
    Column("audit_head", Text),
    Column("people_digest", Text),
    Column("trends_digest", Text),
    Column("trends_counted_to", BigInteger),
    Column("trends_tested_on", Integer),
    Column("trends_tested_at", BigInteger),
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
    Column("replays_closed", Boolean),
    Column("parked_until", BigInteger),
    Column("parked_why", Text),
    Column("last_error", Text),
    Column("last_error_at", BigInteger),
    Column("last_pull_at", BigInteger),
    Column("last_push_at", BigInteger),
    Column("counted_at", BigInteger),
    Column("paused_at", BigInteger),
    Column("paused_why", Text),
    Column("calls_left", Text),
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
    # Who it is, with others: the lowest id among the identities of one person. Empty: nobody else is known to be them.
    Column("person_id", BigInteger),
    Column("shared", Boolean, nullable=False, server_default=false()),
    Column("place", Text),
    Column("compared_at", BigInteger),
)
Index(
    "ix_complainant_person_id",
    complainant.c.person_id,
    sqlite_where=complainant.c.person_id.is_not(None),
)
# Those that were not yet compared with all others: new ones, and changed ones.
Index(
    "ix_complainant_compared_at",
    complainant.c.compared_at,
    sqlite_where=complainant.c.compared_at.is_(None),
)

# What an identity is known by, such as "mail:kim@example.com"; those that begin with "~" only find who may be alike.
identity = Table(
    "identity",
    metadata,
    Column("key", Text, primary_key=True),
    Column("complainant_id", ForeignKey("complainant.id"), primary_key=True),
    sqlite_with_rowid=False,
)
Index("ix_identity_complainant_id", identity.c.complainant_id)

# What is held of two identities: joined by a key (`mark`), by a person, kept apart by a person, or proposed.
tie = Table(
    "tie",
    metadata,
    Column("a_id", ForeignKey("complainant.id"), primary_key=True),
    Column("b_id", ForeignKey("complainant.id"), primary_key=True),
    Column("said", Text, primary_key=True),
    Column("mark", Text, primary_key=True),
    Column("why", Text),
    Column("score", Float),
    Column("who", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
Index("ix_tie_b_id", tie.c.b_id)
Index("ix_tie_mark", tie.c.mark, sqlite_where=tie.c.mark != "")

# The register of conduct: each step is a row, and none is ever changed.
conduct = Table(
    "conduct",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("register", BigInteger, nullable=False),
    Column("complainant_id", ForeignKey("complainant.id"), nullable=False),
    Column("step", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("who", Text, nullable=False),
    Column("body", Text, nullable=False),
)
Index("ix_conduct_complainant_id", conduct.c.complainant_id)

# Who and what was erased, as hashes: what comes again from before that time is not taken in.
erased = Table(
    "erased",
    metadata,
    Column("hash", Text, primary_key=True),
    Column("at", BigInteger, nullable=False),
)
Index("ix_complainant_address", complainant.c.address)

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
    Column("emergency", Text),
    Column("words", BigInteger),
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

# What the console pages through: the newest, what is due next, emergencies; and what it counts.
Index("ix_complaint_opened_at", complaint.c.opened_at)
Index("ix_complaint_complainant_id", complaint.c.complainant_id)
Index("ix_complaint_source_id_complaint_status", complaint.c.source_id, complaint.c.complaint, complaint.c.status)
Index(
    "ix_complaint_complaint_due_at",
    complaint.c.complaint,
    complaint.c.due_at,
    sqlite_where=complaint.c.due_at.is_not(None),
)
Index(
    "ix_complaint_opened_at_status_complaint",
    complaint.c.opened_at,
    complaint.c.status,
    complaint.c.complaint,
    sqlite_where=complaint.c.emergency.is_not(None),
)
Index(
    "ix_complaint_order_number",
    complaint.c.order_number,
    sqlite_where=complaint.c.order_number.is_not(None),
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
# How many notices there were of late is asked with each new one.
Index("ix_outbox_kind_created_at", outbox.c.kind, outbox.c.created_at)
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

# Who said that they see to a complaint, and when.
ack = Table(
    "ack",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("complaint_id", ForeignKey("complaint.id"), nullable=False, index=True),
    Column("at", BigInteger, nullable=False),
    Column("who", Text, nullable=False),
)

# What a customer was given, and what it cost us: a decimal number as text, and its currency.
granted = Table(
    "granted",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("complaint_id", ForeignKey("complaint.id"), nullable=False, index=True),
    Column("remedy", Text, nullable=False),
    Column("cost", Text),
    Column("currency", Text),
    Column("at", BigInteger, nullable=False),
    Column("who", Text, nullable=False),
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

# What customers were asked after a resolution, and what they said: one row for each life of a complaint.
survey = Table(
    "survey",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("source_id", ForeignKey("source.id"), nullable=False),
    Column("ticket", Text, nullable=False),
    Column("episode", Text, nullable=False),
    Column("marker", Text, nullable=False, unique=True),
    Column("complaint_id", ForeignKey("complaint.id"), nullable=False, index=True),
    Column("person_id", ForeignKey("complainant.id"), nullable=False, index=True),
    Column("language", Text),
    Column("asked_at", BigInteger),
    Column("delivered_at", BigInteger),
    Column("answered_at", BigInteger),
    Column("via", Text),
    Column("csat", Integer),
    Column("scale", Integer),
    Column("ces", Integer),
    Column("nps", Integer),
    Column("solved", Boolean),
    Column("comment", Text),
    UniqueConstraint("source_id", "ticket", "episode"),
)

# People who want no more surveys, by a digest.
opt_out = Table(
    "opt_out",
    metadata,
    Column("key", Text, primary_key=True),
    Column("why", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
)

# What reports count: the figures of 256 complaints to a row, in the order of their ids, and the words in them.
figure = Table(
    "figure",
    metadata,
    Column("block", _Id, primary_key=True),
    Column("body", LargeBinary, nullable=False),
)

figure_word = Table(
    "figure_word",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("facet", Text, nullable=False),
    Column("word", Text, nullable=False),
    UniqueConstraint("facet", "word"),
)

# The groups in which complaints are counted for trends, by their keys (`trends.views`).
cell = Table(
    "cell",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("key", Text, nullable=False, unique=True),
)

# Which complaint counts where and on which day (days since 1970): written with the complaint, so that a test of trends
# reads no complaint. It has no row ids: rows lie by day, which is how they are read.
tally = Table(
    "tally",
    metadata,
    Column("day", Integer, primary_key=True),
    Column("cell_id", ForeignKey("cell.id"), primary_key=True),
    Column("complaint_id", ForeignKey("complaint.id", ondelete="CASCADE"), primary_key=True),
    sqlite_with_rowid=False,
)

trend = Table(
    "trend",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("cell_id", ForeignKey("cell.id"), nullable=False),
    Column("state", Text, nullable=False),
    Column("level", Text, nullable=False),
    Column("started_on", Integer, nullable=False),
    Column("lead_id", ForeignKey("complaint.id", ondelete="SET NULL")),
    Column("body", LargeBinary, nullable=False),
)
# One life of a trend at a time.
Index(
    "uq_trend_cell_id_alive",
    trend.c.cell_id,
    unique=True,
    sqlite_where=trend.c.state != "closed",  # only: to name Postgres here has its half of the library imported
)

# What is done about the cause of a trend or of single complaints. `source_id` and `ticket` name the ticket at which the
# work is done, where there is one.
correction = Table(
    "correction",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("trend_id", ForeignKey("trend.id")),
    Column("rule", Text),
    Column("title", Text, nullable=False),
    Column("owner", Text),
    Column("due_on", Integer),
    Column("opened_at", BigInteger, nullable=False),
    Column("source_id", ForeignKey("source.id")),
    Column("ticket", Text),
    Column("done_at", BigInteger),
    Column("changed", Text),
    Column("check_on", Integer),
    Column("effect", Text),
    Column("closed_at", BigInteger),
    UniqueConstraint("source_id", "ticket"),
)

# Whom a correction concerns, and what came of telling them. `words` is an approved letter.
telling = Table(
    "telling",
    metadata,
    Column("correction_id", ForeignKey("correction.id"), primary_key=True),
    Column("complaint_id", ForeignKey("complaint.id", ondelete="CASCADE"), primary_key=True, index=True),
    Column("state", Text, nullable=False),
    Column("language", Text),
    Column("words", Text),
    Column("who", Text),
    Column("why", Text),
    Column("at", BigInteger, nullable=False),
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
    Column("nonce", Text),
    Column("seal", Text),
    Column("proof", Text),
)
Index("ix_audit_ticket", audit.c.ticket)

# Who may come in by the browser. `password` is an argon2 hash, `subject` the name at the identity provider.
user_account = Table(
    "user_account",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("role", Text, nullable=False),
    Column("password", Text),
    Column("subject", Text, unique=True),
    Column("created_at", BigInteger, nullable=False),
    Column("signed_in_at", BigInteger),
)

# Sessions, links that let somebody in once, and sign-ins under way: each by the hash of what the browser holds.
user_session = Table(
    "user_session",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("user_id", ForeignKey("user_account.id")),
    Column("detail", Text),
    Column("begun_at", BigInteger, nullable=False),
    Column("seen_at", BigInteger, nullable=False),
    Column("ends_at", BigInteger, nullable=False),
)

api_token = Table(
    "api_token",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("digest", Text, nullable=False, unique=True),
    Column("scopes", Text, nullable=False),
    Column("made_by", Text, nullable=False),
    Column("made_at", BigInteger, nullable=False),
    Column("ends_at", BigInteger),
    Column("used_at", BigInteger),
)

# How far into the audit log each outgoing webhook was told, and when it is tried again.
hook = Table(
    "hook",
    metadata,
    Column("name", Text, primary_key=True),
    Column("told_to", BigInteger, nullable=False),
    Column("failures", BigInteger, nullable=False),
    Column("next_at", BigInteger, nullable=False),
    Column("last_error", Text),
)
