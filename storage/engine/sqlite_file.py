"""Check a SQLite file before it is opened for writing: its owner and its write-ahead log (WAL).

The connections here only read, so that SQLite neither copies the WAL into the file nor deletes it
on close. This module does not import SQLAlchemy, which loads slowly: the ``health`` command uses
it.
"""

import fcntl
import os
import sqlite3
from collections.abc import Collection, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from domain.failures import Misconfigured
from storage.engine.ownership import is_foreign

# Offsets and sizes from https://www.sqlite.org/fileformat2.html.
_HEADER, _WRITE_VERSION, _ROLLBACK_JOURNAL = b"SQLite format 3\0", 18, 1
_WAL_HEADER, _FRAME_HEADER = 32, 24
_SMALLEST_PAGE = 512


class DatabaseUnusable(Misconfigured):
    """The database of ``DATABASE_URL`` cannot be used; the message says why and what to do."""


def check_ownership(file: Path) -> None:
    """Check that a file is empty or Slotkeeper's database. Raises DatabaseUnusable."""
    if not file.is_file():
        raise DatabaseUnusable(
            f"DATABASE_URL: {file} is "
            f"{'a directory' if file.is_dir() else 'not a regular file'}: name a file."
        )
    if not _is_database(file):
        raise DatabaseUnusable(
            f"DATABASE_URL: {file} cannot be used as a database: file is not a database."
        )
    try:
        with _read_only(file) as connection:
            foreign = is_foreign(*_contents(connection))
    except sqlite3.Error as error:
        raise _unusable(file, error) from error
    if foreign:
        # The WAL of another file can make the database look foreign.
        check_wal(file)
        raise DatabaseUnusable(
            f"DATABASE_URL: {file} is the database of another program, and was not changed: "
            "name a file for Slotkeeper."
        )


def check_wal(file: Path) -> None:
    """Check that the write-ahead log belongs to the file, which may not hold after a restore.

    SQLite would copy the pages of a foreign WAL into the file and damage it. If there is a WAL,
    this reads the whole file.

    Raises:
        DatabaseUnusable: the WAL does not belong to the file.
    """
    if not (_size(file) and _size(_wal_of(file))):
        return
    if _never_used_wal(file) and _has_frames(_wal_of(file)):
        raise _stale(file, "the file was not written to after it was made as a backup")
    try:
        with _read_only(file) as connection:
            damage = _damage(connection)
    except sqlite3.Error as error:
        raise _unusable(file, error) from error
    if damage:
        raise _stale(file, damage)


def check_unused_wal(file: Path) -> None:
    """Check the WAL, unless a bot uses the file and owns the WAL. Raises DatabaseUnusable."""
    if not _is_in_use(file):
        check_wal(file)


def lock_file_of(file: Path) -> Path:
    """Return the path of the file that a bot locks while it uses a database."""
    return file.with_name(f"{file.name}.lock")


@contextmanager
def _read_only(file: Path) -> Iterator[sqlite3.Connection]:
    """Open a read-only connection.

    If a crash left a transaction half-done, SQLite rolls it back first, which needs a writable
    connection.
    """
    connection = sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)
    try:
        connection.execute("SELECT count(*) FROM sqlite_master")
    except sqlite3.Error as error:
        connection.close()
        if error.sqlite_errorcode != sqlite3.SQLITE_READONLY_ROLLBACK:
            raise
        connection = sqlite3.connect(file)
    with closing(connection):
        yield connection


def _contents(connection: sqlite3.Connection) -> tuple[Collection[str], Collection[str]]:
    """Return the names of all database objects, and the schema versions."""
    names = {
        name
        for (name,) in connection.execute(
            "SELECT name FROM sqlite_master WHERE name NOT LIKE 'sqlite@_%' ESCAPE '@'"
        )
    }
    if "alembic_version" not in names:
        return names, ()
    columns = {row[1] for row in connection.execute("PRAGMA table_info(alembic_version)")}
    if "version_num" not in columns:
        return names, ("",)
    return names, [
        str(version) for (version,) in connection.execute("SELECT version_num FROM alembic_version")
    ]


def _damage(connection: sqlite3.Connection) -> str:
    """Return a description of the damage in a database, or an empty string."""
    if connection.execute("PRAGMA integrity_check(1)").fetchall() != [("ok",)]:
        return "PRAGMA integrity_check finds damage"
    if connection.execute("PRAGMA foreign_key_check").fetchone():
        return "PRAGMA foreign_key_check finds rows that point to nothing"
    return ""


def _is_database(file: Path) -> bool:
    """Return whether a file is empty or starts like a database.

    SQLite treats a file shorter than a page as empty, so such a file is rejected here.
    """
    with file.open("rb") as opened:
        start = opened.read(_SMALLEST_PAGE)
    return not start or (start.startswith(_HEADER) and len(start) == _SMALLEST_PAGE)


def _never_used_wal(file: Path) -> bool:
    """Return whether a file was never used in WAL mode, like a backup made by VACUUM INTO.

    SQLite records WAL mode in the file's header before it writes the WAL.
    """
    with file.open("rb") as opened:
        header = opened.read(_WRITE_VERSION + 1)
    return header.startswith(_HEADER) and header[_WRITE_VERSION] == _ROLLBACK_JOURNAL


def _has_frames(log: Path) -> bool:
    """Return whether SQLite would read a WAL: it ignores frames whose salt is not the header's."""
    with log.open("rb") as opened:
        start = opened.read(_WAL_HEADER + _FRAME_HEADER)
    return (
        len(start) == _WAL_HEADER + _FRAME_HEADER
        and start[16:24] == start[_WAL_HEADER + 8 : _WAL_HEADER + 16]
    )


def _is_in_use(file: Path) -> bool:
    """Return whether a bot holds the lock of a file."""
    try:
        lock = os.open(lock_file_of(file), os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(lock)
    return False


def _wal_of(file: Path) -> Path:
    """Return the path of the write-ahead log of a file."""
    return file.with_name(f"{file.name}-wal")


def _size(file: Path) -> int:
    """Return the size of a file in bytes, or 0 if there is none."""
    return file.stat().st_size if file.exists() else 0


def _unusable(file: Path, error: sqlite3.Error) -> DatabaseUnusable:
    """Return the exception for a SQLite error.

    SQLite's message about damage is left out, because it can contain parts of rows.
    """
    if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_CORRUPT:
        return DatabaseUnusable(f"DATABASE_URL: {file} cannot be used as a database: {error}.")
    if _size(_wal_of(file)):
        return _stale(file, "the database is malformed")
    return DatabaseUnusable(f"DATABASE_URL: {file} is damaged: stop the bot and restore a backup.")


def _stale(file: Path, reason: str) -> DatabaseUnusable:
    """Return the exception for a file and a WAL that do not belong together."""
    return DatabaseUnusable(
        f"DATABASE_URL: {file} does not match the write-ahead log beside it ({reason}), and "
        "nothing was changed: copy the backup over the file again, "
        f"remove {_wal_of(file).name} and {file.name}-shm, and start."
    )
