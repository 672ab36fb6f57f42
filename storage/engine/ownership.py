"""Tell Slotkeeper's schema from another program's."""

import re
from collections.abc import Collection

_VERSION_TABLE = "alembic_version"
_VERSION = re.compile(r"\d{4}")
# Tables of the first version. A later version keeps them, or this list changes with it.
_SIGNATURE = frozenset({"reservation", "busy", "outbox", "worked_update"})


def is_foreign(names: Collection[str], versions: Collection[str]) -> bool:
    """Tell whether a database belongs to another program, by what is in it under names that Slotkeeper needs and by its versions.

    An empty one is free. Alembic numbers versions with hexadecimal digits unless it is told otherwise, so the numbers
    of most programs look different; where they look the same, the tables decide.
    """
    if not versions:
        return bool({*names} - {_VERSION_TABLE})
    return not (all(map(_VERSION.fullmatch, versions)) and {*names} >= _SIGNATURE)
