"""A whole copy of a SQLite file while others work on it; it stands under its name only once it is whole and on the disk."""

import os
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path


class BackupFailed(Exception):
    """No copy was made; the message is one sentence on why."""


def back_up(source: Path, target: Path) -> None:
    """Write a copy of a database that may be in use to a file that must not exist yet.

    Copying the file instead would leave out what is still in its log. A copy that was interrupted is left in a folder ``….partial`` beside
    the target at the worst, and never under its name.

    Raises:
        BackupFailed: see there.
    """
    if target.exists():
        raise BackupFailed(f"{target} exists already: name another file.")
    try:
        # A folder of its own, since SQLite leaves a journal beside what it could not finish.
        with tempfile.TemporaryDirectory(
            prefix=f"{target.name}.", suffix=".partial", dir=target.parent
        ) as folder:
            copy = Path(folder, target.name)
            with closing(sqlite3.connect(source)) as connection:
                connection.execute("VACUUM INTO ?", (str(copy),))
            _reach_disk(copy)
            copy.rename(target)
        _reach_disk(target.parent)
    except (sqlite3.Error, OSError) as error:
        raise BackupFailed(f"{target} could not be written: {error}.") from error


def _reach_disk(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
