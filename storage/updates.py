"""Updates that have been worked, so that none is worked twice; and those that failed, so that none is tried for ever."""

from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, case

from storage.executor import Executor
from storage.per_database import PerDatabase
from storage.tables import failed_update, worked_update


def _once_more(db: Any) -> Any:
    """Count one more failure, and set the update aside at the limit."""
    put_in, attempts = db.insert(failed_update), failed_update.c.attempts + 1
    counted = {"attempts": attempts, "set_aside": case((attempts >= bindparam("limit"), 1), else_=0)}
    latest = {name: put_in.excluded[name] for name in ("error", "failed_at")}
    return put_in.on_conflict_do_update(index_elements=["update_id"], set_=counted | latest).returning(failed_update.c.set_aside)


_BEGIN = PerDatabase(lambda db: db.insert(worked_update).on_conflict_do_nothing().returning(worked_update.c.update_id))
_FAILED = PerDatabase(_once_more)


class SqlUpdates:
    """What the update processor keeps of updates."""

    def __init__(self, connection: Executor) -> None:
        """Work on this connection."""
        self._connection = connection

    async def begin(self, update_id: int, now: datetime) -> bool:
        """Note that an update is worked in this transaction; False where it was worked before."""
        # Where another transaction has just written it, this waits to see whether that one commits.
        return bool(await self._connection.execute(_BEGIN.on(self._connection), {"update_id": update_id, "worked_at": now}))

    async def failed(self, update_id: int, error: str, now: datetime, *, limit: int) -> bool:
        """Count one more failure of an update; True once there are so many that it is to be set aside."""
        row = {"update_id": update_id, "attempts": 1, "set_aside": int(limit <= 1), "error": error, "failed_at": now}
        return bool((await self._connection.execute(_FAILED.on(self._connection), {**row, "limit": limit})).scalar_one())
