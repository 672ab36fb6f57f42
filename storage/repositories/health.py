"""A test write, which shows whether the database accepts writes."""

import base64
import os
from datetime import datetime

from sqlalchemy import bindparam, delete

from storage.engine.executor import Executor
from storage.sql.variants import PerDialect
from storage.tables import failed_update

# PostgreSQL compresses long texts. Random bytes keep their size.
_BYTES = 12 * 1024
_INSERT = PerDialect(lambda db: db.insert(failed_update))
_DELETE = delete(failed_update).where(failed_update.c.update_id == bindparam("number"))


class SqlHealth:
    """Tests what every transaction needs."""

    def __init__(self, connection: Executor, replica: int = 0) -> None:
        """Execute statements through this connection.

        Each replica writes its own row, so that none waits for another.
        """
        self._connection = connection
        self._number = -1 - replica

    async def try_write(self, now: datetime) -> None:
        """Write a row of 16 KiB and delete it.

        Raises the database's error, like one for a full disk. The row's number is negative, so it
        is never an update's id from Telegram.
        """
        ballast = base64.b64encode(os.urandom(_BYTES)).decode()
        row = {
            "update_id": self._number,
            "attempts": 0,
            "error": ballast,
            "failed_at": now,
            "set_aside": 0,
        }
        await self._connection.execute(_INSERT.on(self._connection), row)
        await self._connection.execute(_DELETE, {"number": self._number})
