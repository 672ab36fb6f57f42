"""Create the first schema."""

import sqlalchemy as sa
from alembic import op

from storage.types import Instant

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    op.create_table(
        "client",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("username", sa.String(length=64), nullable=True),
        sa.Column("telegram_language", sa.String(length=16), nullable=True),
        sa.Column("language", sa.String(length=16), nullable=True),
        sa.Column("time_zone", sa.String(length=64), nullable=True),
        sa.Column("unreachable_since", Instant(), nullable=True),
        sa.Column("first_seen_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_client")),
    )
    op.create_table(
        "failed_update",
        sa.Column("update_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("failed_at", Instant(), nullable=False),
        sa.Column("set_aside", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("update_id", name=op.f("pk_failed_update")),
    )
    op.create_table(
        "invitation",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("invited_by", sa.BigInteger(), nullable=False),
        sa.Column("invited_at", Instant(), nullable=False),
        sa.Column("expires_at", Instant(), nullable=False),
        sa.Column("used_by", sa.BigInteger(), nullable=True),
        sa.Column("used_at", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_invitation")),
    )
    op.create_table(
        "worked_update",
        sa.Column("update_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("worked_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("update_id", name=op.f("pk_worked_update")),
    )
    with op.batch_alter_table("worked_update", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_worked_update_worked_at"), ["worked_at"], unique=False)

    op.create_table(
        "dialogue",
        sa.Column("client_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("flow", sa.String(length=32), nullable=True),
        sa.Column("state", sa.String(length=32), nullable=True),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("card_message_id", sa.BigInteger(), nullable=True),
        sa.Column("changed_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_dialogue_client_id")),
        sa.PrimaryKeyConstraint("client_id", name=op.f("pk_dialogue")),
    )
    op.create_table(
        "provider",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("client_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("name_key", sa.String(length=256), nullable=False),
        sa.Column("slug", sa.String(length=64), nullable=False),
        sa.Column("joined_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_provider_client_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_provider")),
        sa.UniqueConstraint("client_id", name=op.f("uq_provider_client_id")),
        sa.UniqueConstraint("slug", name=op.f("uq_provider_slug")),
    )
    with op.batch_alter_table("provider", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_provider_name_key_id"), ["name_key", "id"], unique=False
        )

    op.create_table(
        "availability",
        sa.Column(
            "provider_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("end_cell", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("start_cell", sa.Integer(), nullable=False),
        sa.CheckConstraint("start_cell < end_cell", name=op.f("ck_availability_span")),
        sa.ForeignKeyConstraint(
            ["provider_id"], ["provider.id"], name=op.f("fk_availability_provider_id")
        ),
        sa.PrimaryKeyConstraint("provider_id", "end_cell", name=op.f("pk_availability")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "draft",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "provider_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("days", sa.JSON(), nullable=False),
        sa.Column("added", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("zone", sa.String(length=64), nullable=True),
        sa.Column("drafted_at", Instant(), nullable=False),
        sa.CheckConstraint(
            "state IN ('open', 'published', 'discarded', 'undone')", name=op.f("ck_draft_state")
        ),
        sa.ForeignKeyConstraint(
            ["provider_id"], ["provider.id"], name=op.f("fk_draft_provider_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_draft")),
    )
    with op.batch_alter_table("draft", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_draft_drafted_at"), ["drafted_at"], unique=False)

    op.create_table(
        "reservation",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "provider_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("client_id", sa.BigInteger(), nullable=False),
        sa.Column("start_cell", sa.Integer(), nullable=False),
        sa.Column("end_cell", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("held_at", Instant(), nullable=False),
        sa.Column("expires_at", Instant(), nullable=True),
        sa.Column("confirmed_at", Instant(), nullable=True),
        sa.Column("ended_at", Instant(), nullable=True),
        sa.Column("ended_by", sa.String(length=12), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("card_message_id", sa.BigInteger(), nullable=True),
        sa.Column("notice_message_id", sa.BigInteger(), nullable=True),
        sa.Column("first_held_at", Instant(), nullable=True),
        sa.CheckConstraint(
            "status <> 'held' OR expires_at IS NOT NULL", name=op.f("ck_reservation_hold")
        ),
        sa.CheckConstraint(
            "status IN ('held', 'confirmed', 'cancelled', 'expired', 'completed', 'no_show')",
            name=op.f("ck_reservation_status"),
        ),
        sa.CheckConstraint("start_cell < end_cell", name=op.f("ck_reservation_span")),
        sa.ForeignKeyConstraint(
            ["client_id"], ["client.id"], name=op.f("fk_reservation_client_id")
        ),
        sa.ForeignKeyConstraint(
            ["provider_id"], ["provider.id"], name=op.f("fk_reservation_provider_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reservation")),
    )
    with op.batch_alter_table("reservation", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_reservation_client_id_end_cell"), ["client_id", "end_cell"], unique=False
        )
        batch_op.create_index(
            "ix_reservation_confirmed",
            ["end_cell"],
            unique=False,
            sqlite_where=sa.text("status = 'confirmed'"),
            postgresql_where=sa.text("status = 'confirmed'"),
        )
        batch_op.create_index(
            "ix_reservation_due",
            ["expires_at"],
            unique=False,
            sqlite_where=sa.text("status = 'held'"),
            postgresql_where=sa.text("status = 'held'"),
        )
        batch_op.create_index(
            batch_op.f("ix_reservation_provider_id_end_cell"),
            ["provider_id", "end_cell"],
            unique=False,
        )

    op.create_table(
        "busy",
        sa.Column("kind", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("subject", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("cell", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column(
            "reservation_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("hold_until", Instant(), nullable=True),
        sa.CheckConstraint("kind IN (0, 1)", name=op.f("ck_busy_kind")),
        sa.ForeignKeyConstraint(
            ["reservation_id"], ["reservation.id"], name=op.f("fk_busy_reservation_id")
        ),
        sa.PrimaryKeyConstraint("kind", "subject", "cell", name=op.f("pk_busy")),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("busy", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_busy_reservation_id"), ["reservation_id"], unique=False
        )

    op.create_table(
        "outbox",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("recipient_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column(
            "reservation_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("payload", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("due_at", Instant(), nullable=False),
        sa.Column("lease_until", Instant(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("settled_at", Instant(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "state IN ('due', 'sent', 'skipped', 'parked', 'withheld')",
            name=op.f("ck_outbox_state"),
        ),
        sa.ForeignKeyConstraint(
            ["reservation_id"], ["reservation.id"], name=op.f("fk_outbox_reservation_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
    )
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.create_index(
            "ix_outbox_due",
            ["due_at", "id"],
            unique=False,
            sqlite_where=sa.text("state = 'due'"),
            postgresql_where=sa.text("state = 'due'"),
        )
        batch_op.create_index(batch_op.f("ix_outbox_settled_at"), ["settled_at"], unique=False)
        batch_op.create_index(
            "ix_outbox_waiting",
            ["recipient_id"],
            unique=False,
            sqlite_where=sa.text("state = 'due'"),
            postgresql_where=sa.text("state = 'due'"),
        )
        batch_op.create_index(
            "ix_outbox_withheld",
            ["recipient_id"],
            unique=False,
            sqlite_where=sa.text("state = 'withheld'"),
            postgresql_where=sa.text("state = 'withheld'"),
        )
        batch_op.create_index(
            "uq_outbox_reservation_id_kind", ["reservation_id", "kind"], unique=True
        )


def downgrade() -> None:
    """Revert the change."""
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.drop_index("uq_outbox_reservation_id_kind")
        batch_op.drop_index(
            "ix_outbox_withheld",
            sqlite_where=sa.text("state = 'withheld'"),
            postgresql_where=sa.text("state = 'withheld'"),
        )
        batch_op.drop_index(
            "ix_outbox_waiting",
            sqlite_where=sa.text("state = 'due'"),
            postgresql_where=sa.text("state = 'due'"),
        )
        batch_op.drop_index(batch_op.f("ix_outbox_settled_at"))
        batch_op.drop_index(
            "ix_outbox_due",
            sqlite_where=sa.text("state = 'due'"),
            postgresql_where=sa.text("state = 'due'"),
        )

    op.drop_table("outbox")
    with op.batch_alter_table("busy", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_busy_reservation_id"))

    op.drop_table("busy")
    with op.batch_alter_table("reservation", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_reservation_provider_id_end_cell"))
        batch_op.drop_index(
            "ix_reservation_due",
            sqlite_where=sa.text("status = 'held'"),
            postgresql_where=sa.text("status = 'held'"),
        )
        batch_op.drop_index(
            "ix_reservation_confirmed",
            sqlite_where=sa.text("status = 'confirmed'"),
            postgresql_where=sa.text("status = 'confirmed'"),
        )
        batch_op.drop_index(batch_op.f("ix_reservation_client_id_end_cell"))

    op.drop_table("reservation")
    with op.batch_alter_table("draft", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_draft_drafted_at"))

    op.drop_table("draft")
    op.drop_table("availability")
    with op.batch_alter_table("provider", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_provider_name_key_id"))

    op.drop_table("provider")
    op.drop_table("dialogue")
    with op.batch_alter_table("worked_update", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_worked_update_worked_at"))

    op.drop_table("worked_update")
    op.drop_table("invitation")
    op.drop_table("failed_update")
    op.drop_table("client")
