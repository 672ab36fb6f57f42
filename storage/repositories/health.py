"""A write that shows whether the database can be written."""

import base64
import os
from datetime import datetime

from sqlalchemy import bindparam, delete

from storage.engine.executor import Executor
from storage.sql.variants import PerDatabase
from storage.tables import failed_update

# PostgreSQL compresses long texts: random bytes keep their size.
_BYTES = 12 * 1024
_INSERT = PerDatabase(lambda db: db.insert(failed_update))
_DELETE = delete(failed_update).where(failed_update.c.update_id == bindparam("number"))


class SqlHealth:
    """Tries what every other transaction needs."""

    def __init__(self, connection: Executor, replica: int = 0) -> None:
        """Work on this connection; each replica has a row of its own, so that none waits for another's."""
        self._connection = connection
        self._number = -1 - replica

    async def try_write(self, now: datetime) -> None:
        """Write a row of 16 KiB and delete it; raises what the database raises, as when its disk is full.

        Telegram's update ids are positive, so that the row's number is never an update's.
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
