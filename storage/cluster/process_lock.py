"""One process for each SQLite file: a lock beside it that the kernel drops with whoever held it, however he ends."""

import asyncio
import fcntl
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from storage.database import database_file, prepare_folder
from storage.engine.sqlite_file import DatabaseUnusable, check_log, lock_of

# A process that was killed a moment ago may still be on its way out.
_TRIES = 20
_PAUSE_SECONDS = 0.1


@asynccontextmanager
async def sole_use(url: str) -> AsyncIterator[None]:
    """Be the only bot on a SQLite file for a block; on any other database nothing is locked.

    The file of the lock stays where it is: removed, it could be locked twice, once under each of two files. Looking at the database,
    backing it up and migrating it need no lock.

    Raises:
        DatabaseUnusable: another bot is at work on this file, nothing can be written beside it, it is another program's, or it does not fit
            the write-ahead log beside it.
    """
    if (file := database_file(url)) is None:
        yield
        return
    prepare_folder(file)
    lock = _opened(lock_of(file))
    try:
        await _taken(lock, file)
        # No other bot writes to the log now. The whole file may have to be read.
        await asyncio.to_thread(check_log, file)
        yield
    finally:
        os.close(lock)


def _opened(path: Path) -> int:
    """Open the file of a lock, which is made where there is none."""
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise DatabaseUnusable(
            f"DATABASE_URL: {path}, the lock of the database, cannot be opened: {error.strerror}."
        ) from error


async def _taken(lock: int, file: Path) -> None:
    """Take a lock, or say who has it."""
    for _ in range(_TRIES):
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            await asyncio.sleep(_PAUSE_SECONDS)
        else:
            return
    raise DatabaseUnusable(
        f"DATABASE_URL: another bot is at work on {file}, and a SQLite file bears only one: stop that one first, or give this one a file "
        "of its own; several replicas need PostgreSQL (postgresql://…)."
    )
