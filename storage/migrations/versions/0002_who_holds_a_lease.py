"""Say which replica has a row of the outbox in hand. Only adds: a program of the version before works beside it."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the change."""
    op.add_column("outbox", sa.Column("leased_by", sa.Integer(), nullable=True))


def downgrade() -> None:
    """Take it back."""
    op.drop_column("outbox", "leased_by")
