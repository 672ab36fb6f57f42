"""Updates that have been worked, so that none is worked twice; and those that failed, so that none is tried for ever."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, case, func, select

from domain.line import Line
from storage.engine.executor import Executor
from storage.sql.variants import PerDatabase
from storage.tables import failed_update, worked_update


def _once_more(db: Any) -> Any:
    """Count one more failure, and set the update aside at the limit."""
    put_in, attempts = db.insert(failed_update), failed_update.c.attempts + 1
    counted = {
        "attempts": attempts,
        "set_aside": case((attempts >= bindparam("limit"), 1), else_=0),
    }
    latest = {name: put_in.excluded[name] for name in ("error", "failed_at")}
    return put_in.on_conflict_do_update(
        index_elements=["update_id"], set_=counted | latest
    ).returning(failed_update.c.set_aside)


_BEGIN = PerDatabase(
    lambda db: (
        db.insert(worked_update).on_conflict_do_nothing().returning(worked_update.c.update_id)
    )
)
_FAILED = PerDatabase(_once_more)
_NEWEST_LINE = select(func.max(worked_update.c.line)).where(
    worked_update.c.chat_id == bindparam("chat")
)
_VERSIONS = select(worked_update.c.checksum, worked_update.c.edited).where(
    worked_update.c.chat_id == bindparam("chat"),
    worked_update.c.line == bindparam("line"),
    worked_update.c.update_id != bindparam("besides"),
)

_NO_LINE = dict.fromkeys(("chat_id", "line", "edited", "checksum"))


def _row(line: Line) -> dict[str, int | None]:
    """Return a line as columns."""
    return {
        "chat_id": line.chat,
        "line": line.number,
        "edited": int(line.edited),
        "checksum": line.checksum,
    }


class SqlUpdates:
    """What the update processor keeps of updates."""

    def __init__(self, connection: Executor) -> None:
        """Work on this connection."""
        self._connection = connection

    async def begin(self, update_id: int, now: datetime, line: Line | None = None) -> bool:
        """Note that an update is worked in this transaction, and which line it is about; False where it was worked before."""
        # Where another transaction has just written it, this waits to see whether that one commits.
        row = {
            "update_id": update_id,
            "worked_at": now,
            **(_NO_LINE if line is None else _row(line)),
        }
        return bool(await self._connection.execute(_BEGIN.on(self._connection), row))

    async def newest_line(self, chat: int) -> int | None:
        """Return the number of the newest line of a chat; None where no line is known."""
        newest: int | None = await self._connection.scalar(_NEWEST_LINE, {"chat": chat})
        return newest

    async def versions(self, line: Line, *, besides: int) -> Sequence[Line]:
        """Return the known versions of a line, without the one of the update ``besides``."""
        found = await self._connection.execute(
            _VERSIONS, {"chat": line.chat, "line": line.number, "besides": besides}
        )
        return [Line(line.chat, line.number, checksum, bool(edited)) for checksum, edited in found]

    async def failed(self, update_id: int, error: str, now: datetime, *, limit: int) -> bool:
        """Count one more failure of an update; True once there are so many that it is to be set aside."""
        row = {
            "update_id": update_id,
            "attempts": 1,
            "set_aside": int(limit <= 1),
            "error": error,
            "failed_at": now,
        }
        return bool(
            (
                await self._connection.execute(
                    _FAILED.on(self._connection), {**row, "limit": limit}
                )
            ).scalar_one()
        )
