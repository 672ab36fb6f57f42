"""An index by which answers are claimed before notifications, however many of those are due."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_DUE_REPLY = sa.text("state = 'due' AND kind = 'reply'")


def upgrade() -> None:
    """Add the index."""
    op.create_index("ix_outbox_replies", "outbox", ["due_at", "id"], sqlite_where=_DUE_REPLY, postgresql_where=_DUE_REPLY)


def downgrade() -> None:
    """Drop the index."""
    op.drop_index("ix_outbox_replies", "outbox")
