"""Add incidents, counted until the next admin summary, and the time of the last summary."""

import sqlalchemy as sa
from alembic import op

from storage.types import Instant

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    op.create_table(
        "incident",
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("latest", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("kind", name=op.f("pk_incident")),
    )
    op.create_table(
        "digest",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("told_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_digest")),
    )


def downgrade() -> None:
    """Revert the change."""
    op.drop_table("digest")
    op.drop_table("incident")
