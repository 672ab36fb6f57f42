"""Back up a SQLite file while it is in use.

The copy gets its name only when it is complete and on the disk.
"""

import os
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path


class BackupFailed(Exception):
    """No copy was made; the message is one sentence that says why."""


def back_up(source: Path, target: Path) -> None:
    """Write a copy of a database to a file that does not exist yet. The database may be in use.

    Copying the file itself would miss what is still in its write-ahead log. An interrupted copy
    leaves at most a folder ``….partial`` beside the target.

    Raises:
        BackupFailed: the target exists, or cannot be written.
    """
    if target.exists():
        raise BackupFailed(f"{target} exists already: name another file.")
    try:
        # Use a temporary folder, because SQLite leaves a journal beside an unfinished file.
        with tempfile.TemporaryDirectory(
            prefix=f"{target.name}.", suffix=".partial", dir=target.parent
        ) as folder:
            copy = Path(folder, target.name)
            with closing(sqlite3.connect(source)) as connection:
                connection.execute("VACUUM INTO ?", (str(copy),))
            _fsync(copy)
            copy.rename(target)
        _fsync(target.parent)
    except (sqlite3.Error, OSError) as error:
        raise BackupFailed(f"{target} could not be written: {error}.") from error


def _fsync(path: Path) -> None:
    """Flush a file or a folder to the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
