"""The disk is full, broken or slow, or another program locks the file."""

import asyncio
import sqlite3

from simulation.trouble.kind import Kind
from simulation.world.error_log import SIMULATED
from simulation.world.stage import Stage

_FAILING_COMMITS, _SLOW_JOBS = 0.01, 0.004
_MEAN_SECONDS_BETWEEN_LOCKS = 150.0
_LONGEST_LOCK = 7.0


class Disk(Kind):
    """Lets commits fail and jobs take seconds, and locks the file as another program would."""

    def __init__(self, stage: Stage, name: str) -> None:
        super().__init__(stage, name)
        # Closing one would copy the log into the file, which the bot leaves for itself to do.
        self._others: list[sqlite3.Connection] = []

    def begin(self) -> None:
        """Begin."""
        super().begin()
        self.stage.disk.before_commit = self._disturb_commit
        self.stage.disk.extra_seconds = self._slowness
        self.repeat(_MEAN_SECONDS_BETWEEN_LOCKS, self._lock)

    def end(self) -> None:
        """Let the disk work."""
        super().end()
        self.stage.disk.before_commit = lambda _connection: None
        self.stage.disk.extra_seconds = lambda: 0.0

    def _disturb_commit(self, connection: sqlite3.Connection) -> None:
        """Let a commit fail, sometimes; SQLite has then rolled back the transaction."""
        if not self.random.chance(_FAILING_COMMITS):
            return
        self.faults += 1
        connection.rollback()
        full = self.random.chance(0.5)
        error = sqlite3.OperationalError(
            f"{'database or disk is full' if full else 'disk I/O error'} {SIMULATED}"
        )
        error.sqlite_errorcode = sqlite3.SQLITE_FULL if full else sqlite3.SQLITE_IOERR
        raise error

    def _slowness(self) -> float:
        """Return the seconds by which a job of the disk is late."""
        if not self.random.chance(_SLOW_JOBS):
            return 0.0
        seconds = self.random.between(0.1, 3.0)
        # A slow process may have locked the file for another one.
        self.stage.expect_locked(seconds)
        return seconds

    async def _lock(self) -> None:
        """Lock the file for some seconds, unless the bot is writing."""
        seconds = self.random.between(0.05, _LONGEST_LOCK)
        file = self.stage.database
        other = sqlite3.connect(file, isolation_level=None, timeout=0)
        self._others.append(other)
        try:
            other.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return
        self.faults += 1
        self.stage.note("another program locks the file")
        self.stage.expect_locked(seconds)
        self.stage.file_locks += 1
        await asyncio.sleep(seconds)
        self.stage.file_locks += 1
        # In a fork, the lock is the parent's.
        if file.parent == self.stage.folder:
            other.execute("ROLLBACK")
