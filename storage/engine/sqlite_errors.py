"""What SQLite's errors mean for a transaction."""

import sqlite3

from sqlalchemy import exc

from domain.ports import DatabaseAway

# The file, its disk or a lock is in the way. What was to be written is not at fault, and may be written once that is over.
_AWAY = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN,
}
# The low byte of an error code says the kind of error, the others say more of it.
_KIND = 0xFF


def sqlite_meant(error: Exception, *, reading: bool) -> DatabaseAway | None:
    """Return what an error of SQLite means for the transaction it ended, ``reading`` or not, or None where it is of another kind."""
    cause = error.orig if isinstance(error, exc.DBAPIError) else None
    code = getattr(cause, "sqlite_errorcode", None)
    if code is None:
        return None
    kind = code & _KIND
    if kind in _AWAY or (kind == sqlite3.SQLITE_READONLY and not reading):
        return DatabaseAway(getattr(cause, "sqlite_errorname", str(kind)))
    return None
