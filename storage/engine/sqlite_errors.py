"""Translate SQLite's errors."""

import sqlite3

from sqlalchemy import exc

from domain.failures import DatabaseAway

# The file, its disk or a lock prevents the write. The same write may succeed later.
_UNAVAILABLE = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN,
}
# The low byte of an extended result code is the primary result code.
_PRIMARY_CODE = 0xFF


def is_busy(error: sqlite3.Error) -> bool:
    """Return whether another connection locks the file."""
    return getattr(error, "sqlite_errorcode", 0) & _PRIMARY_CODE == sqlite3.SQLITE_BUSY


def translate_sqlite_error(error: Exception, *, reading: bool) -> DatabaseAway | None:
    """Return DatabaseAway if SQLite was unavailable, or None for any other error.

    ``reading`` says whether the transaction only read.
    """
    cause = error.orig if isinstance(error, exc.DBAPIError) else None
    code = getattr(cause, "sqlite_errorcode", None)
    if code is None:
        return None
    kind = code & _PRIMARY_CODE
    if kind in _UNAVAILABLE or (kind == sqlite3.SQLITE_READONLY and not reading):
        return DatabaseAway(getattr(cause, "sqlite_errorname", str(kind)))
    return None
