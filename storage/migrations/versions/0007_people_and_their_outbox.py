"""Number people independently of Telegram, and key the outbox by recipient and dedupe key.

Also adds who acts for whom, the history of reservations, and a table for the messages that show
them. This is no change that the previous version can run with: stop its replicas first.
"""

import sqlalchemy as sa
from alembic import op

from storage.engine.sqlite_file import DatabaseUnusable
from storage.maintenance.upgrade import refuse_previous_replicas
from storage.types import Instant

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_COPIED = (
    "CREATE TABLE moved_outbox AS SELECT * FROM outbox",
    "CREATE TABLE moved_dialogue AS SELECT * FROM dialogue",
    "CREATE TABLE moved_invitation AS SELECT * FROM invitation",
    "CREATE TABLE moved_reservation AS SELECT * FROM reservation",
    "CREATE TABLE moved_provider AS SELECT * FROM provider",
    "CREATE TABLE moved_client AS SELECT * FROM client",
    "CREATE TABLE moved_worked_update AS SELECT * FROM worked_update",
)
_REBUILT = (
    "outbox",
    "dialogue",
    "invitation",
    "reservation",
    "provider",
    "client",
    "worked_update",
)
# SQLite uses the newest of several indexes that fit as well, so these come after ix_outbox_due.
_CLAIMED = {
    "ix_outbox_replies": sa.text("state = 'due' AND kind = 'reply'"),
    "ix_outbox_notifications": sa.text("state = 'due' AND kind <> 'reply'"),
}

_schema = sa.MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)


def _partial(name: str, *columns: str, where: sa.TextClause, unique: bool = False) -> sa.Index:
    """Return a partial index for both engines."""
    return sa.Index(name, *columns, unique=unique, sqlite_where=where, postgresql_where=where)


def _number(name: str, target: str | None = None, *, key: bool = False) -> "sa.Column[int]":
    """Return a column for a row number, as a primary key without its own numbering if ``key``."""
    references = [sa.ForeignKey(target)] if target else []
    if key:
        return sa.Column(name, _NUMBER, *references, primary_key=True, autoincrement=False)
    return sa.Column(name, _NUMBER, *references)


def _required(name: str, target: str) -> "sa.Column[int]":
    """Return a column for a row number that must be set."""
    return sa.Column(name, _NUMBER, sa.ForeignKey(target), nullable=False)


sa.Table(
    "person",
    _schema,
    sa.Column("id", _NUMBER, primary_key=True),
    sa.Column("telegram_id", sa.BigInteger(), unique=True),
    sa.Column("name", sa.String(200), nullable=False),
    sa.Column("username", sa.String(64)),
    sa.Column("phone", sa.String(32)),
    sa.Column("telegram_language", sa.String(16)),
    sa.Column("language", sa.String(16)),
    sa.Column("time_zone", sa.String(64)),
    sa.Column("guest_of", _NUMBER, sa.ForeignKey("provider.id"), index=True),
    sa.Column("admin_since", Instant()),
    sa.Column("unreachable_since", Instant()),
    sa.Column("first_seen_at", Instant(), nullable=False),
    _partial("ix_person_admin", "id", where=sa.text("admin_since IS NOT NULL")),
)
sa.Table(
    "provider",
    _schema,
    sa.Column("id", _NUMBER, primary_key=True),
    sa.Column("name", sa.String(64), nullable=False),
    sa.Column("name_key", sa.String(256), nullable=False),
    sa.Column("slug", sa.String(64), nullable=False, unique=True),
    sa.Column("time_zone", sa.String(64)),
    sa.Column("joined_at", Instant(), nullable=False),
    sa.Index(None, "name_key", "id"),
)
sa.Table(
    "acts_for",
    _schema,
    _number("person_id", "person.id", key=True),
    _number("provider_id", "provider.id", key=True),
    sa.Column("role", sa.String(12), nullable=False),
    sa.Column("notified", sa.SmallInteger(), nullable=False),
    sa.Column("since", Instant(), nullable=False),
    sa.CheckConstraint("role IN ('self', 'assistant')", name="role"),
    sa.Index(None, "provider_id"),
    _partial("uq_acts_for_self", "provider_id", where=sa.text("role = 'self'"), unique=True),
    sqlite_with_rowid=False,
)
sa.Table(
    "invitation",
    _schema,
    sa.Column("digest", sa.String(64), primary_key=True),
    sa.Column("kind", sa.String(12), nullable=False),
    _number("provider_id", "provider.id"),
    _number("invited_by", "person.id"),
    sa.Column("invited_at", Instant(), nullable=False),
    sa.Column("expires_at", Instant(), nullable=False),
    _number("used_by", "person.id"),
    sa.Column("used_at", Instant()),
    sa.CheckConstraint("kind IN ('provider', 'assistant', 'handover', 'admin')", name="kind"),
)
sa.Table(
    "reservation",
    _schema,
    sa.Column("id", _NUMBER, primary_key=True),
    _required("provider_id", "provider.id"),
    _required("client_id", "person.id"),
    sa.Column("start_cell", sa.Integer(), nullable=False),
    sa.Column("end_cell", sa.Integer(), nullable=False),
    sa.Column("status", sa.String(12), nullable=False),
    sa.Column("held_at", Instant(), nullable=False),
    sa.Column("expires_at", Instant()),
    sa.Column("confirmed_at", Instant()),
    sa.Column("ended_at", Instant()),
    sa.Column("ended_by", sa.String(12)),
    sa.Column("reason", sa.Text()),
    sa.Column("first_held_at", Instant()),
    sa.Column("revision", sa.Integer(), nullable=False),
    sa.CheckConstraint("start_cell < end_cell", name="span"),
    sa.CheckConstraint(
        "status IN ('held', 'confirmed', 'cancelled', 'expired', 'completed', 'no_show')",
        name="status",
    ),
    sa.CheckConstraint("status <> 'held' OR expires_at IS NOT NULL", name="hold"),
    _partial("ix_reservation_due", "expires_at", where=sa.text("status = 'held'")),
    _partial("ix_reservation_confirmed", "end_cell", where=sa.text("status = 'confirmed'")),
    sa.Index(None, "client_id", "end_cell"),
    sa.Index(None, "provider_id", "end_cell"),
)
sa.Table(
    "history",
    _schema,
    _number("reservation_id", "reservation.id", key=True),
    sa.Column("revision", sa.Integer(), primary_key=True, autoincrement=False),
    _number("actor_id", "person.id"),
    sa.Column("act", sa.String(24), nullable=False),
    sa.Column("at", Instant(), nullable=False),
    sa.Column("before", sa.JSON(none_as_null=True)),
    sa.Column("after", sa.JSON(), nullable=False),
    sqlite_with_rowid=False,
)
sa.Table(
    "outbox",
    _schema,
    sa.Column("id", _NUMBER, primary_key=True),
    sa.Column("channel", sa.String(12), nullable=False),
    sa.Column("chat_id", sa.BigInteger(), nullable=False),
    _number("recipient_id", "person.id"),
    sa.Column("kind", sa.String(32), nullable=False),
    sa.Column("subject_kind", sa.String(16)),
    sa.Column("subject_id", sa.BigInteger()),
    sa.Column("revision", sa.Integer()),
    sa.Column("dedupe_key", sa.String(96)),
    sa.Column("payload", sa.JSON(none_as_null=True)),
    sa.Column("due_at", Instant(), nullable=False),
    sa.Column("lease_until", Instant()),
    sa.Column("attempts", sa.Integer(), nullable=False),
    sa.Column("state", sa.String(12), nullable=False),
    sa.Column("settled_at", Instant()),
    sa.Column("error", sa.Text()),
    sa.Column("leased_by", sa.Integer()),
    sa.CheckConstraint("state IN ('due', 'sent', 'skipped', 'parked', 'withheld')", name="state"),
    _partial("ix_outbox_due", "due_at", "id", where=sa.text("state = 'due'")),
    _partial("ix_outbox_waiting", "chat_id", where=sa.text("state = 'due'")),
    _partial("ix_outbox_withheld", "chat_id", where=sa.text("state = 'withheld'")),
    sa.Index("uq_outbox_dedupe", "recipient_id", "dedupe_key", unique=True),
    sa.Index("ix_outbox_subject", "subject_id", "subject_kind"),
    sa.Index(None, "settled_at"),
)
sa.Table(
    "card",
    _schema,
    _number("reservation_id", "reservation.id", key=True),
    sa.Column("chat_id", sa.BigInteger(), nullable=False),
    sa.Column("message_id", sa.BigInteger()),
    sa.Column("notice_message_id", sa.BigInteger()),
    sa.Index(None, "chat_id", "message_id"),
)
sa.Table(
    "permit",
    _schema,
    sa.Column("number", sa.SmallInteger(), primary_key=True, autoincrement=False),
    sa.Column("free_at", Instant(), nullable=False),
)
sa.Table(
    "dialogue",
    _schema,
    _number("person_id", "person.id", key=True),
    sa.Column("flow", sa.String(32)),
    sa.Column("state", sa.String(32)),
    sa.Column("data", sa.JSON(), nullable=False),
    sa.Column("card_message_id", sa.BigInteger()),
    sa.Column("changed_at", Instant(), nullable=False),
)
sa.Table(
    "processed_update",
    _schema,
    sa.Column("update_id", sa.BigInteger(), primary_key=True, autoincrement=False),
    sa.Column("processed_at", Instant(), nullable=False),
    sa.Column("chat_id", sa.BigInteger()),
    sa.Column("line", sa.BigInteger()),
    sa.Column("edited", sa.SmallInteger()),
    sa.Column("checksum", sa.BigInteger()),
    sa.Index(None, "processed_at"),
    _partial("ix_processed_update_line", "chat_id", "line", where=sa.text("chat_id IS NOT NULL")),
)

# In an order in which every foreign key finds its row. Numbers of people follow the order in which
# they first wrote.
_COPIES = (
    """INSERT INTO person (telegram_id, name, username, telegram_language, language, time_zone,
        unreachable_since, first_seen_at)
    SELECT id, name, username, telegram_language, language, time_zone, unreachable_since,
        first_seen_at FROM moved_client ORDER BY first_seen_at, id""",
    """INSERT INTO provider (id, name, name_key, slug, time_zone, joined_at)
    SELECT old.id, old.name, old.name_key, old.slug, person.time_zone, old.joined_at
    FROM moved_provider AS old JOIN person ON person.telegram_id = old.client_id""",
    """INSERT INTO acts_for (person_id, provider_id, role, notified, since)
    SELECT person.id, old.id, 'self', 1, old.joined_at
    FROM moved_provider AS old JOIN person ON person.telegram_id = old.client_id""",
    """INSERT INTO invitation (digest, kind, invited_by, invited_at, expires_at, used_by, used_at)
    SELECT digest, 'provider', admin.id, invited_at, expires_at, guest.id, used_at
    FROM moved_invitation AS old LEFT JOIN person AS admin ON admin.telegram_id = old.invited_by
    LEFT JOIN person AS guest ON guest.telegram_id = old.used_by""",
    """INSERT INTO reservation (id, provider_id, client_id, start_cell, end_cell, status, held_at,
        expires_at, confirmed_at, ended_at, ended_by, reason, first_held_at, revision)
    SELECT old.id, provider_id, person.id, start_cell, end_cell, status, held_at, expires_at,
        confirmed_at, ended_at, ended_by, reason, first_held_at, 1
    FROM moved_reservation AS old JOIN person ON person.telegram_id = old.client_id""",
    """INSERT INTO card (reservation_id, chat_id, message_id, notice_message_id)
    SELECT id, client_id, card_message_id, notice_message_id FROM moved_reservation
    WHERE card_message_id IS NOT NULL OR notice_message_id IS NOT NULL""",
    # Row numbers make the dedupe keys of admin summaries unique. Replies have none.
    """INSERT INTO outbox (id, channel, chat_id, recipient_id, kind, subject_kind, subject_id,
        revision, dedupe_key, payload, due_at, lease_until, attempts, state, settled_at, error,
        leased_by)
    SELECT old.id, 'telegram', old.recipient_id,
        person.id, kind,
        CASE WHEN reservation_id IS NOT NULL THEN 'reservation' END, reservation_id,
        CASE WHEN reservation_id IS NOT NULL THEN 1 END,
        CASE WHEN reservation_id IS NOT NULL
            THEN kind || ':reservation:' || reservation_id || ':1:'
            WHEN kind <> 'reply' THEN kind || ':' || old.id END,
        payload, due_at, lease_until, attempts, state, settled_at, error, leased_by
    FROM moved_outbox AS old LEFT JOIN person ON person.telegram_id = old.recipient_id""",
    """INSERT INTO dialogue (person_id, flow, state, data, card_message_id, changed_at)
    SELECT person.id, flow, state, data, card_message_id, changed_at
    FROM moved_dialogue AS old JOIN person ON person.telegram_id = old.client_id""",
    """INSERT INTO processed_update (update_id, processed_at, chat_id, line, edited, checksum)
    SELECT update_id, worked_at, chat_id, line, edited, checksum FROM moved_worked_update""",
    # In two steps: a new number may be another person's old one.
    """UPDATE busy SET subject =
        -(SELECT person.id FROM person WHERE person.telegram_id = busy.subject) WHERE kind = 1""",
    "UPDATE busy SET subject = -subject WHERE kind = 1",
)
_NUMBERED = ("provider", "reservation", "outbox")
_FOREIGN_KEYS = (
    ("availability", "provider_id", "provider"),
    ("draft", "provider_id", "provider"),
    ("busy", "reservation_id", "reservation"),
)


def upgrade() -> None:
    """Copy the rows aside, create the tables again under their new names, and fill them."""
    connection = op.get_bind()
    on_postgresql = connection.dialect.name == "postgresql"
    if on_postgresql:
        _prepare_postgresql(connection)
    for copy in _COPIED:
        op.execute(copy)
    for name in (*_REBUILT, "place"):
        op.drop_table(name)
    _create_tables(connection)
    for copy in _COPIES:
        op.execute(copy)
    for name in _REBUILT:
        op.drop_table(f"moved_{name}")
    if on_postgresql:
        _repair_postgresql(connection)


def downgrade() -> None:
    """Refuse: the previous schema has no room for people without a Telegram account."""
    raise DatabaseUnusable("this migration cannot be reverted: restore a backup from before it")


def _prepare_postgresql(connection: sa.Connection) -> None:
    """Drop the foreign keys to the tables to rebuild, unless previous replicas still run.

    Raises:
        DatabaseUnusable: a replica of the previous version runs.
    """
    refuse_previous_replicas(connection)
    for table, column, _ in _FOREIGN_KEYS:
        op.drop_constraint(f"fk_{table}_{column}", table)


def _create_tables(connection: sa.Connection) -> None:
    """Create the new tables and indexes; fail if another program has one of the names."""
    _schema.create_all(connection, checkfirst=False)
    for name, predicate in _CLAIMED.items():
        op.create_index(
            name, "outbox", ["due_at", "id"], sqlite_where=predicate, postgresql_where=predicate
        )


def _repair_postgresql(connection: sa.Connection) -> None:
    """Restore the foreign keys to the rebuilt tables, and continue their numbering."""
    for table, column, target in _FOREIGN_KEYS:
        op.create_foreign_key(f"fk_{table}_{column}", table, target, [column], ["id"])
    for name in _NUMBERED:
        if last := connection.scalar(sa.select(sa.func.max(_schema.tables[name].c.id))):
            connection.execute(
                sa.select(sa.func.setval(sa.func.pg_get_serial_sequence(name, "id"), last))
            )
