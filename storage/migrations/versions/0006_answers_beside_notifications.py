"""Add indexes that claim replies and notifications separately, however many of either are due."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_PREDICATES = {
    "ix_outbox_replies": sa.text("state = 'due' AND kind = 'reply'"),
    "ix_outbox_news": sa.text("state = 'due' AND kind <> 'reply'"),
}


def upgrade() -> None:
    """Add the indexes."""
    for name, predicate in _PREDICATES.items():
        op.create_index(
            name, "outbox", ["due_at", "id"], sqlite_where=predicate, postgresql_where=predicate
        )


def downgrade() -> None:
    """Drop the indexes."""
    for name in _PREDICATES:
        op.drop_index(name, "outbox")
