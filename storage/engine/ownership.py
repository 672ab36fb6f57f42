"""Distinguish Slotkeeper's schema from that of another program."""

import re
from collections.abc import Collection

_VERSION_TABLE = "alembic_version"
_VERSION = re.compile(r"\d{4}")
# Tables of every schema version. A migration that drops one must change this set.
_SIGNATURE = frozenset({"reservation", "busy", "outbox", "failed_update"})


def is_foreign(names: Collection[str], versions: Collection[str]) -> bool:
    """Return whether a database belongs to another program.

    ``names`` are the database objects whose names Slotkeeper needs; ``versions`` come from
    Alembic's version table. An empty database is free. Alembic uses hexadecimal versions by
    default, so those of most programs differ from ours. If they look alike, the tables decide.
    """
    if not versions:
        return bool({*names} - {_VERSION_TABLE})
    return not (all(map(_VERSION.fullmatch, versions)) and {*names} >= _SIGNATURE)
