"""All tables, constraints and indexes. A test checks that the migrations create the same schema.

A cell (``…_cell``, ``cell``) is five minutes of absolute time: ``unix seconds // 300``. Instants
use the ``Instant`` type.
"""

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    text,
)

from storage.types import Instant

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)

# SQLite assigns row numbers only if the primary key is declared INTEGER.
_NUMBER = BigInteger().with_variant(Integer, "sqlite")

# The planner uses a partial index only if the query repeats its predicate literally, so queries use
# these clauses.
HELD = text("status = 'held'")
CONFIRMED = text("status = 'confirmed'")
DUE = text("state = 'due'")
DUE_REPLY = text("state = 'due' AND kind = 'reply'")
DUE_NOTIFICATION = text("state = 'due' AND kind <> 'reply'")
WITHHELD = text("state = 'withheld'")
HAS_LINE = text("chat_id IS NOT NULL")
ADMIN = text("admin_since IS NOT NULL")
SELF = text("role = 'self'")

# Everyone: clients, people who work for providers, admins, and guests whom a provider entered.
# Guests have no Telegram account; people who act for ``guest_of`` see them.
person = Table(
    "person",
    metadata,
    Column("id", _NUMBER, primary_key=True),
    Column("telegram_id", BigInteger, unique=True),
    Column("name", String(200), nullable=False),
    Column("username", String(64)),
    Column("phone", String(32)),
    Column("telegram_language", String(16)),
    Column("language", String(16)),
    Column("time_zone", String(64)),
    Column("guest_of", _NUMBER, ForeignKey("provider.id"), index=True),
    Column("admin_since", Instant),
    Column("unreachable_since", Instant),
    Column("first_seen_at", Instant, nullable=False),
    Index("ix_person_admin", "id", sqlite_where=ADMIN, postgresql_where=ADMIN),
)

provider = Table(
    "provider",
    metadata,
    Column("id", _NUMBER, primary_key=True),
    Column("name", String(64), nullable=False),
    Column("name_key", String(256), nullable=False),
    Column("slug", String(64), nullable=False, unique=True),
    Column("time_zone", String(64)),
    Column("joined_at", Instant, nullable=False),
    Index(None, "name_key", "id"),
)

# Who may work a provider's hours, agenda and clients: the provider themselves ("self", at most one)
# and assistants. A provider without a Telegram account has no "self". ``notified`` is 1 if they
# want the provider's notifications.
acts_for = Table(
    "acts_for",
    metadata,
    Column("person_id", _NUMBER, ForeignKey(person.c.id), primary_key=True, autoincrement=False),
    Column(
        "provider_id", _NUMBER, ForeignKey(provider.c.id), primary_key=True, autoincrement=False
    ),
    Column("role", String(12), nullable=False),
    Column("notified", SmallInteger, nullable=False),
    Column("since", Instant, nullable=False),
    CheckConstraint("role IN ('self', 'assistant')", name="role"),
    Index(None, "provider_id"),
    Index("uq_acts_for_self", "provider_id", unique=True, sqlite_where=SELF, postgresql_where=SELF),
    sqlite_with_rowid=False,
)

invitation = Table(
    "invitation",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("kind", String(12), nullable=False),
    Column("provider_id", _NUMBER, ForeignKey(provider.c.id)),
    Column("invited_by", _NUMBER, ForeignKey(person.c.id)),
    Column("invited_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("used_by", _NUMBER, ForeignKey(person.c.id)),
    Column("used_at", Instant),
    CheckConstraint("kind IN ('provider', 'assistant', 'handover', 'admin')", name="kind"),
)

# Spans are merged and therefore disjoint, so the end is as good a key as the start. It finds future
# spans without reading past ones.
availability = Table(
    "availability",
    metadata,
    Column(
        "provider_id", _NUMBER, ForeignKey(provider.c.id), primary_key=True, autoincrement=False
    ),
    Column("end_cell", Integer, primary_key=True, autoincrement=False),
    Column("start_cell", Integer, nullable=False),
    CheckConstraint("start_cell < end_cell", name="span"),
    sqlite_with_rowid=False,
)

draft = Table(
    "draft",
    metadata,
    Column("id", _NUMBER, primary_key=True),
    Column("provider_id", _NUMBER, ForeignKey(provider.c.id), nullable=False),
    Column("days", JSON, nullable=False),
    Column("added", JSON, nullable=False),
    Column("state", String(12), nullable=False),
    Column("zone", String(64)),
    Column("drafted_at", Instant, nullable=False),
    CheckConstraint("state IN ('open', 'published', 'discarded', 'undone')", name="state"),
    Index(None, "drafted_at"),
)

reservation = Table(
    "reservation",
    metadata,
    Column("id", _NUMBER, primary_key=True),
    Column("provider_id", _NUMBER, ForeignKey(provider.c.id), nullable=False),
    Column("client_id", _NUMBER, ForeignKey(person.c.id), nullable=False),
    Column("start_cell", Integer, nullable=False),
    Column("end_cell", Integer, nullable=False),
    Column("status", String(12), nullable=False),
    Column("held_at", Instant, nullable=False),
    Column("expires_at", Instant),
    Column("confirmed_at", Instant),
    Column("ended_at", Instant),
    Column("ended_by", String(12)),
    Column("reason", Text),
    Column("first_held_at", Instant),
    Column("revision", Integer, nullable=False),
    CheckConstraint("start_cell < end_cell", name="span"),
    CheckConstraint(
        "status IN ('held', 'confirmed', 'cancelled', 'expired', 'completed', 'no_show')",
        name="status",
    ),
    CheckConstraint("status <> 'held' OR expires_at IS NOT NULL", name="hold"),
    Index("ix_reservation_due", "expires_at", sqlite_where=HELD, postgresql_where=HELD),
    Index(
        "ix_reservation_confirmed", "end_cell", sqlite_where=CONFIRMED, postgresql_where=CONFIRMED
    ),
    Index(None, "client_id", "end_cell"),
    Index(None, "provider_id", "end_cell"),
)

# One row for each cell that a live hold or booking takes of its provider, and one of its client.
# The primary key prevents two reservations of one cell. ``hold_until`` repeats the end of the hold,
# so that the cells of an overdue hold count as free before it is swept.
busy = Table(
    "busy",
    metadata,
    Column("kind", SmallInteger, primary_key=True, autoincrement=False),
    Column("subject", BigInteger, primary_key=True, autoincrement=False),
    Column("cell", Integer, primary_key=True, autoincrement=False),
    Column("reservation_id", _NUMBER, ForeignKey(reservation.c.id), nullable=False, index=True),
    Column("hold_until", Instant),
    CheckConstraint("kind IN (0, 1)", name="kind"),
    sqlite_with_rowid=False,
)

# What happened to a reservation: one row for each revision, written with the change itself. It has
# times, states and settings, but no names and no free text.
history = Table(
    "history",
    metadata,
    Column(
        "reservation_id",
        _NUMBER,
        ForeignKey(reservation.c.id),
        primary_key=True,
        autoincrement=False,
    ),
    Column("revision", Integer, primary_key=True, autoincrement=False),
    Column("actor_id", _NUMBER, ForeignKey(person.c.id)),
    Column("act", String(24), nullable=False),
    Column("at", Instant, nullable=False),
    Column("before", JSON(none_as_null=True)),
    Column("after", JSON, nullable=False),
    sqlite_with_rowid=False,
)

# Messages to deliver, in order for each chat. Answers to updates have no dedupe key, and in groups
# no recipient.
outbox = Table(
    "outbox",
    metadata,
    Column("id", _NUMBER, primary_key=True),
    Column("channel", String(12), nullable=False),
    Column("chat_id", BigInteger, nullable=False),
    Column("recipient_id", _NUMBER, ForeignKey(person.c.id)),
    Column("kind", String(32), nullable=False),
    Column("subject_kind", String(16)),
    Column("subject_id", BigInteger),
    Column("revision", Integer),
    Column("dedupe_key", String(96)),
    Column("payload", JSON(none_as_null=True)),
    Column("due_at", Instant, nullable=False),
    Column("lease_until", Instant),
    Column("attempts", Integer, nullable=False),
    Column("state", String(12), nullable=False),
    Column("settled_at", Instant),
    Column("error", Text),
    Column("leased_by", Integer),
    CheckConstraint("state IN ('due', 'sent', 'skipped', 'parked', 'withheld')", name="state"),
    Index("ix_outbox_due", "due_at", "id", sqlite_where=DUE, postgresql_where=DUE),
    Index("ix_outbox_replies", "due_at", "id", sqlite_where=DUE_REPLY, postgresql_where=DUE_REPLY),
    Index(
        "ix_outbox_notifications",
        "due_at",
        "id",
        sqlite_where=DUE_NOTIFICATION,
        postgresql_where=DUE_NOTIFICATION,
    ),
    Index("ix_outbox_waiting", "chat_id", sqlite_where=DUE, postgresql_where=DUE),
    Index("ix_outbox_withheld", "chat_id", sqlite_where=WITHHELD, postgresql_where=WITHHELD),
    Index("uq_outbox_dedupe", "recipient_id", "dedupe_key", unique=True),
    Index("ix_outbox_subject", "subject_id", "subject_kind"),
    Index(None, "settled_at"),
)

# The messages in the client's chat that show a reservation: its card, and while there is one, the
# warning below it.
card = Table(
    "card",
    metadata,
    Column(
        "reservation_id",
        _NUMBER,
        ForeignKey(reservation.c.id),
        primary_key=True,
        autoincrement=False,
    ),
    Column("chat_id", BigInteger, nullable=False),
    Column("message_id", BigInteger),
    Column("notice_message_id", BigInteger),
    Index(None, "chat_id", "message_id"),
)

# What replicas share about a chat: what its newest message from the bot shows (a digest), until
# when the bot pauses there, and until when Telegram asked it to wait.
chat = Table(
    "chat",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("shown_message_id", BigInteger),
    Column("shown_digest", String(64)),
    Column("owed_until", Instant),
    Column("refused_until", Instant),
)

# Each row permits one message a second across all replicas, from ``free_at`` on. Row 0 blocks all
# sends; row -1 blocks notifications.
permit = Table(
    "permit",
    metadata,
    Column("number", SmallInteger, primary_key=True, autoincrement=False),
    Column("free_at", Instant, nullable=False),
)

dialogue = Table(
    "dialogue",
    metadata,
    Column("person_id", _NUMBER, ForeignKey(person.c.id), primary_key=True, autoincrement=False),
    Column("flow", String(32)),
    Column("state", String(32)),
    Column("data", JSON, nullable=False),
    Column("card_message_id", BigInteger),
    Column("changed_at", Instant, nullable=False),
)

processed_update = Table(
    "processed_update",
    metadata,
    Column("update_id", BigInteger, primary_key=True, autoincrement=False),
    Column("processed_at", Instant, nullable=False),
    # The version of a line that a person typed in a private chat, so that edits are recognised.
    Column("chat_id", BigInteger),
    Column("line", BigInteger),
    Column("edited", SmallInteger),
    Column("checksum", BigInteger),
    Index(None, "processed_at"),
    Index(
        "ix_processed_update_line",
        "chat_id",
        "line",
        sqlite_where=HAS_LINE,
        postgresql_where=HAS_LINE,
    ),
)

failed_update = Table(
    "failed_update",
    metadata,
    Column("update_id", BigInteger, primary_key=True, autoincrement=False),
    Column("attempts", Integer, nullable=False),
    Column("error", Text, nullable=False),
    Column("failed_at", Instant, nullable=False),
    Column("set_aside", Integer, nullable=False),
)

# Incidents since the last admin summary, one row for each kind.
incident = Table(
    "incident",
    metadata,
    Column("kind", String(32), primary_key=True),
    Column("count", Integer, nullable=False),
    Column("error", Text, nullable=False),
    Column("latest", Instant, nullable=False),
)

# A single row: when the last admin summary was sent.
digest = Table(
    "digest",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("told_at", Instant, nullable=False),
)
