"""Which updates were processed, so that none is processed twice, and which ones failed."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, case, func, select

from domain.typed_line import Line
from storage.engine.executor import Executor
from storage.sql.variants import PerDialect
from storage.tables import failed_update, processed_update


def _count_failure(db: Any) -> Any:
    """Return the statement that counts a failure, and sets the update aside at the limit."""
    upsert, attempts = db.insert(failed_update), failed_update.c.attempts + 1
    counted = {
        "attempts": attempts,
        "set_aside": case((attempts >= bindparam("limit"), 1), else_=0),
    }
    latest = {name: upsert.excluded[name] for name in ("error", "failed_at")}
    return upsert.on_conflict_do_update(
        index_elements=["update_id"], set_=counted | latest
    ).returning(failed_update.c.set_aside)


_BEGIN = PerDialect(
    lambda db: (
        db.insert(processed_update).on_conflict_do_nothing().returning(processed_update.c.update_id)
    )
)
_COUNT_FAILURE = PerDialect(_count_failure)
_NEWEST_LINE = select(func.max(processed_update.c.line)).where(
    processed_update.c.chat_id == bindparam("chat")
)
_VERSIONS = select(processed_update.c.checksum, processed_update.c.edited).where(
    processed_update.c.chat_id == bindparam("chat"),
    processed_update.c.line == bindparam("line"),
    processed_update.c.update_id != bindparam("excluding"),
)

_NO_LINE = dict.fromkeys(("chat_id", "line", "edited", "checksum"))


def _row(line: Line) -> dict[str, int | None]:
    """Return the columns of a line."""
    return {
        "chat_id": line.chat,
        "line": line.number,
        "edited": int(line.edited),
        "checksum": line.checksum,
    }


class SqlUpdates:
    """What the update processor stores about updates."""

    def __init__(self, connection: Executor) -> None:
        """Execute statements through this connection."""
        self._connection = connection

    async def begin(self, update_id: int, now: datetime, line: Line | None = None) -> bool:
        """Record that this transaction processes an update, and the line that it is about.

        Return False if the update was already processed.
        """
        # If another transaction has just inserted it, this waits for that one to end.
        row = {
            "update_id": update_id,
            "processed_at": now,
            **(_NO_LINE if line is None else _row(line)),
        }
        return bool(await self._connection.execute(_BEGIN.on(self._connection), row))

    async def newest_line(self, chat: int) -> int | None:
        """Return the number of a chat's newest line, or None if none is known."""
        newest: int | None = await self._connection.scalar(_NEWEST_LINE, {"chat": chat})
        return newest

    async def versions(self, line: Line, *, excluding: int) -> Sequence[Line]:
        """Return the known versions of a line, except that of the update ``excluding``."""
        found = await self._connection.execute(
            _VERSIONS, {"chat": line.chat, "line": line.number, "excluding": excluding}
        )
        return [Line(line.chat, line.number, checksum, bool(edited)) for checksum, edited in found]

    async def failed(self, update_id: int, error: str, now: datetime, *, limit: int) -> bool:
        """Count a failure of an update; return True if it is to be set aside."""
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
                    _COUNT_FAILURE.on(self._connection), {**row, "limit": limit}
                )
            ).scalar_one()
        )
