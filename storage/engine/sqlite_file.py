"""Look at a SQLite file before it is opened for writing: see that it is Slotkeeper's, and that its write-ahead log belongs to it.

The connections here only read, so that SQLite does not copy the log into the file, or delete it, when they are closed. SQLAlchemy is not
needed for this and takes long to load, which matters to ``health``.
"""

import fcntl
import os
import sqlite3
from collections.abc import Collection, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from domain.ports import Misconfigured
from storage.engine.ownership import is_foreign

# Offsets and sizes from https://www.sqlite.org/fileformat2.html.
_HEADER, _WRITE_VERSION, _ROLLBACK_JOURNAL = b"SQLite format 3\0", 18, 1
_LOG_HEADER, _FRAME_HEADER = 32, 24
_SMALLEST_PAGE = 512


class DatabaseUnusable(Misconfigured):
    """What ``DATABASE_URL`` names cannot be read or written; the message is one sentence on why and what to do."""


def check_ours(file: Path) -> None:
    """Refuse a file that is another program's, or no database; one that is empty will do. Raises DatabaseUnusable."""
    if not file.is_file():
        raise DatabaseUnusable(
            f"DATABASE_URL: {file} is {'a directory' if file.is_dir() else 'not a regular file'}: name a file."
        )
    if not _is_database(file):
        raise DatabaseUnusable(
            f"DATABASE_URL: {file} cannot be used as a database: file is not a database."
        )
    try:
        with _reading(file) as connection:
            foreign = is_foreign(*_contents(connection))
    except sqlite3.Error as error:
        raise _unusable(file, error) from error
    if foreign:
        # Pages of another state can make a file look like another program's.
        check_log(file)
        raise DatabaseUnusable(
            f"DATABASE_URL: {file} is the database of another program, and was not changed: name a file for Slotkeeper."
        )


def check_log(file: Path) -> None:
    """Refuse a file whose write-ahead log does not belong to it, as after a restore that left the old log in place.

    SQLite would copy the pages of the log into the file, and so damage it. Where there is a log, the whole file is read.

    Raises:
        DatabaseUnusable: see there.
    """
    if not (_size(file) and _size(_log_of(file))):
        return
    if _had_no_log(file) and _has_frames(_log_of(file)):
        raise _stale(file, "the file was never written to since it was made as a backup")
    try:
        with _reading(file) as connection:
            found = _damage(connection)
    except sqlite3.Error as error:
        raise _unusable(file, error) from error
    if found:
        raise _stale(file, found)


def check_unused_log(file: Path) -> None:
    """Do the same, unless a bot is at work on the file: then the log is its own. Raises DatabaseUnusable."""
    if not _is_in_use(file):
        check_log(file)


def lock_of(file: Path) -> Path:
    """Return the file that a bot locks while it works on a database."""
    return file.with_name(f"{file.name}.lock")


@contextmanager
def _reading(file: Path) -> Iterator[sqlite3.Connection]:
    """Have a connection that only reads. A transaction that a crash left half-done is undone first, which takes one that writes."""
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
    """Return the names of everything in a database, and the versions of its schema."""
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
    """Return what is wrong with a database, or nothing."""
    if connection.execute("PRAGMA integrity_check(1)").fetchall() != [("ok",)]:
        return "PRAGMA integrity_check finds damage"
    if connection.execute("PRAGMA foreign_key_check").fetchone():
        return "PRAGMA foreign_key_check finds rows that point to nothing"
    return ""


def _is_database(file: Path) -> bool:
    """Tell whether a file begins as a database does, or is empty. SQLite itself takes what is shorter than a page for empty."""
    with file.open("rb") as opened:
        begin = opened.read(_SMALLEST_PAGE)
    return not begin or (begin.startswith(_HEADER) and len(begin) == _SMALLEST_PAGE)


def _had_no_log(file: Path) -> bool:
    """Tell whether a file was never used with a log: SQLite notes the use in its header first. A backup by VACUUM INTO is such a file."""
    with file.open("rb") as opened:
        header = opened.read(_WRITE_VERSION + 1)
    return header.startswith(_HEADER) and header[_WRITE_VERSION] == _ROLLBACK_JOURNAL


def _has_frames(log: Path) -> bool:
    """Tell whether SQLite may read something from a log: it ignores frames whose salt is not that of the log's header."""
    with log.open("rb") as opened:
        begin = opened.read(_LOG_HEADER + _FRAME_HEADER)
    return (
        len(begin) == _LOG_HEADER + _FRAME_HEADER
        and begin[16:24] == begin[_LOG_HEADER + 8 : _LOG_HEADER + 16]
    )


def _is_in_use(file: Path) -> bool:
    """Tell whether a bot has its lock on a file."""
    try:
        lock = os.open(lock_of(file), os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(lock)
    return False


def _log_of(file: Path) -> Path:
    """Return the write-ahead log of a file."""
    return file.with_name(f"{file.name}-wal")


def _size(file: Path) -> int:
    """Return the size of a file, 0 where there is none."""
    return file.stat().st_size if file.exists() else 0


def _unusable(file: Path, error: sqlite3.Error) -> DatabaseUnusable:
    """Return the refusal for what SQLite says of a file. Its text about damage is left out: it can contain parts of rows."""
    if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_CORRUPT:
        return DatabaseUnusable(f"DATABASE_URL: {file} cannot be used as a database: {error}.")
    if _size(_log_of(file)):
        return _stale(file, "the database is malformed")
    return DatabaseUnusable(f"DATABASE_URL: {file} is damaged: stop the bot and restore a backup.")


def _stale(file: Path, found: str) -> DatabaseUnusable:
    """Return the refusal for a file and a log that do not belong together."""
    return DatabaseUnusable(
        f"DATABASE_URL: {file} does not fit the write-ahead log beside it ({found}), and nothing was changed: copy the backup over the "
        f"file again, remove {_log_of(file).name} and {file.name}-shm, and start."
    )
