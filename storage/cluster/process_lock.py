"""Allow one bot process for each SQLite file.

The kernel releases the lock when the process ends, in any way.
"""

import asyncio
import fcntl
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from storage.database import database_file, prepare_folder
from storage.engine.sqlite_file import DatabaseUnusable, check_wal, lock_file_of

# A process that was just killed may take a moment to exit.
_TRIES = 20
RETRY_SECONDS = 0.1


@asynccontextmanager
async def process_lock(url: str) -> AsyncIterator[None]:
    """Be the only bot on a SQLite file for a block; other databases are not locked.

    The lock file is never deleted: two processes could otherwise lock two files of the same name.
    Inspecting and backing up the database need no lock.

    Raises:
        DatabaseUnusable: another bot uses the file, the folder is not writable, the file belongs
            to another program, or the write-ahead log beside it does not match.
    """
    if (file := database_file(url)) is None:
        yield
        return
    prepare_folder(file)
    lock = _open_lock_file(lock_file_of(file))
    try:
        await _acquire(lock, file)
        # No other bot writes to the WAL now. The check may read the whole file.
        await asyncio.to_thread(check_wal, file)
        yield
    finally:
        os.close(lock)


def _open_lock_file(path: Path) -> int:
    """Open the lock file, creating it if necessary. Raises DatabaseUnusable."""
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise DatabaseUnusable(
            f"DATABASE_URL: the lock file {path} cannot be opened: {error.strerror}."
        ) from error


async def _acquire(lock: int, file: Path) -> None:
    """Acquire the lock. Raises DatabaseUnusable if another process has it."""
    for _ in range(_TRIES):
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            await asyncio.sleep(RETRY_SECONDS)
        else:
            return
    raise DatabaseUnusable(
        f"DATABASE_URL: another bot is using {file}, and a SQLite file allows only one: stop the "
        "other bot first, or name another file; several replicas need PostgreSQL (postgresql://…)."
    )
