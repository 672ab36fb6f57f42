"""Compare and search provider names without accents.

The previous version can run at the same time.
"""

import re
import unicodedata
from collections.abc import Callable

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_PROVIDER = sa.table(
    "provider",
    sa.column("id", sa.BigInteger()),
    sa.column("name", sa.String()),
    sa.column("name_key", sa.String()),
)
_APOSTROPHES = str.maketrans(dict.fromkeys("’‘ʼ`´", "'"))
_ACCENT = re.compile("[\u0300-\u036f]")


def upgrade() -> None:
    """Apply the change."""
    _rewrite(
        lambda name: _ACCENT.sub(
            "", unicodedata.normalize("NFD", name.casefold().translate(_APOSTROPHES))
        )
    )


def downgrade() -> None:
    """Revert the change."""
    _rewrite(str.casefold)


def _rewrite(key_of: Callable[[str], str]) -> None:
    """Recompute the keys of all providers, and write those that differ."""
    connection = op.get_bind()
    change = (
        sa.update(_PROVIDER)
        .where(_PROVIDER.c.id == sa.bindparam("number"))
        .values(name_key=sa.bindparam("key"))
    )
    for number, name, key in connection.execute(sa.select(_PROVIDER)).all():
        if (new := key_of(name)) != key:
            connection.execute(change, {"number": number, "key": new})
