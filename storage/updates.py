"""Updates that have been worked, so that none is worked twice; and those that failed, so that none is tried for ever."""

from datetime import datetime

from sqlalchemy import case
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.tables import failed_update, worked_update
from storage.upsert import insert_or


class SqlUpdates:
    """What the update processor keeps of updates."""

    def __init__(self, connection: AsyncConnection) -> None:
        """Work on this connection."""
        self._connection = connection

    async def begin(self, update_id: int, now: datetime) -> bool:
        """Note that an update is worked in this transaction; False where it was worked before."""
        statement = insert_or(self._connection, worked_update).on_conflict_do_nothing()
        # Where another transaction has just written it, this waits to see whether that one commits.
        noted = await self._connection.execute(statement, {"update_id": update_id, "worked_at": now})
        return noted.rowcount == 1

    async def failed(self, update_id: int, error: str, now: datetime, *, limit: int) -> bool:
        """Count one more failure of an update; True once there are so many that it is to be set aside."""
        attempts = failed_update.c.attempts + 1
        row = {"error": error, "failed_at": now}
        statement = insert_or(self._connection, failed_update).values(update_id=update_id, attempts=1, set_aside=int(limit <= 1), **row)
        counted = statement.on_conflict_do_update(
            index_elements=["update_id"], set_={**row, "attempts": attempts, "set_aside": case((attempts >= limit, 1), else_=0)}
        ).returning(failed_update.c.set_aside)
        return bool((await self._connection.execute(counted)).scalar_one())
