"""Add what replicas share. Only adds, so the previous version can run at the same time."""

import sqlalchemy as sa
from alembic import op

from storage.types import Instant

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    op.add_column("outbox", sa.Column("leased_by", sa.Integer(), nullable=True))
    op.create_table(
        "chat",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("shown_message_id", sa.BigInteger(), nullable=True),
        sa.Column("shown_digest", sa.String(length=64), nullable=True),
        sa.Column("owed_until", Instant(), nullable=True),
        sa.Column("refused_until", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_chat")),
    )
    op.create_table(
        "place",
        sa.Column("number", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("free_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_place")),
    )


def downgrade() -> None:
    """Revert the change."""
    op.drop_table("place")
    op.drop_table("chat")
    op.drop_column("outbox", "leased_by")
