"""Record which line of a private chat an update was about, so that edits are recognised.

Only adds, so the previous version can run at the same time.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_A_LINE = sa.text("chat_id IS NOT NULL")


def upgrade() -> None:
    """Apply the change."""
    op.add_column("worked_update", sa.Column("chat_id", sa.BigInteger(), nullable=True))
    op.add_column("worked_update", sa.Column("line", sa.BigInteger(), nullable=True))
    op.add_column("worked_update", sa.Column("edited", sa.SmallInteger(), nullable=True))
    op.add_column("worked_update", sa.Column("checksum", sa.BigInteger(), nullable=True))
    op.create_index(
        "ix_worked_update_line",
        "worked_update",
        ["chat_id", "line"],
        sqlite_where=_A_LINE,
        postgresql_where=_A_LINE,
    )


def downgrade() -> None:
    """Revert the change."""
    op.drop_index("ix_worked_update_line", "worked_update")
    for column in ("checksum", "edited", "line", "chat_id"):
        op.drop_column("worked_update", column)
