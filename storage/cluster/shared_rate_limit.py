"""Share the rate limit on Telegram, the pause of a chat and its last message among replicas.

Instants come from the database's clock, so replicas whose clocks differ agree. Each call is one
statement in its own transaction. It need not be durable: what a server crash loses is a second old.
An instant further ahead than any written here was written before the server's clock was set back,
and blocks nothing.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import Row, TextClause, text

from domain.failures import DatabaseAway
from storage.engine.postgres import postgres_engine, translate_postgres_error

# A permit is released a second after its request was answered. If its holder dies, it expires.
_ADD_PERMITS = text(
    "INSERT INTO permit SELECT number, clock_timestamp()"
    " FROM generate_series(-1, CAST(:permits AS int)) number ON CONFLICT DO NOTHING"
)
_TAKE = text("""
    WITH free AS MATERIALIZED (
        SELECT number FROM permit
        WHERE number BETWEEN CAST(:lowest AS int) AND CAST(:highest AS int)
            AND free_at NOT BETWEEN clock_timestamp() AND clock_timestamp() + interval '1 minute'
            AND (number <= CAST(:ungated AS int)
                OR NOT EXISTS (SELECT 1 FROM permit gate
                    WHERE gate.number = -1 AND gate.free_at
                        BETWEEN clock_timestamp() AND clock_timestamp() + interval '1 minute'))
        ORDER BY number * CAST(:order AS int) LIMIT 1 FOR UPDATE SKIP LOCKED)
    UPDATE permit SET free_at = clock_timestamp() + interval '15 seconds'
    WHERE number IN (SELECT number FROM free)
        AND NOT EXISTS (SELECT 1 FROM permit WHERE number = 0 AND free_at > clock_timestamp())
    RETURNING number""")
# Two rows are gates, not permits: row 0 blocks all sends, and row -1 blocks notifications from the
# permits that they share with replies.
_CLOSE_NOTIFICATION_GATE = text(
    "UPDATE permit SET free_at = clock_timestamp() + interval '0.25 seconds' WHERE number = -1"
)
_WAIT = text("""
    SELECT coalesce(extract(epoch FROM max(free_at) FILTER (WHERE number = 0)
            - clock_timestamp()), 0)::float8 AS silence,
        coalesce(extract(epoch FROM min(free_at) FILTER (
            WHERE number BETWEEN 1 AND CAST(:highest AS int)) - clock_timestamp()), 0)::float8
        AS permit
    FROM permit""")
_RETURN = text("UPDATE permit SET free_at = clock_timestamp() WHERE number = CAST(:number AS int)")
_RELEASE = text("""
    WITH back AS (
        UPDATE permit SET free_at = clock_timestamp() + interval '1.01 seconds'
        WHERE number = CAST(:number AS int))
    INSERT INTO chat (id, owed_until)
    VALUES (CAST(:chat AS bigint), clock_timestamp() + interval '1.01 seconds')
    ON CONFLICT (id) DO UPDATE
        SET owed_until = interval '1.01 seconds' + greatest(clock_timestamp(),
            CASE WHEN chat.owed_until <= clock_timestamp() + interval '1 minute'
                THEN chat.owed_until END)""")
_CHAT_DELAY = text("""
    SELECT extract(epoch FROM owed_until - clock_timestamp())::float8 FROM chat
    WHERE id = CAST(:chat AS bigint) AND owed_until <= clock_timestamp() + interval '1 minute'""")
_REFUSED = text("""
    INSERT INTO chat (id, refused_until)
    VALUES (CAST(:chat AS bigint),
        clock_timestamp() + CAST(:wait AS float8) * interval '1 second')
    ON CONFLICT (id) DO UPDATE SET refused_until = excluded.refused_until""")
_SILENCE = text("""
    UPDATE permit
    SET free_at = greatest(free_at, clock_timestamp() + CAST(:wait AS float8) * interval '1 second')
    WHERE number = 0 AND EXISTS (SELECT 1 FROM chat
        WHERE id <> CAST(:chat AS bigint) AND refused_until > clock_timestamp())""")
_SHOWN = text(
    "SELECT shown_digest FROM chat"
    " WHERE id = CAST(:chat AS bigint) AND shown_message_id = CAST(:message AS bigint)"
)
_SHOW = text("""
    INSERT INTO chat (id, shown_message_id, shown_digest)
    VALUES (CAST(:chat AS bigint), CAST(:message AS bigint), CAST(:digest AS text))
    ON CONFLICT (id) DO UPDATE SET
        shown_message_id = excluded.shown_message_id, shown_digest = excluded.shown_digest""")

_FORGET = text(
    "UPDATE chat SET shown_message_id = NULL"
    " WHERE id = CAST(:chat AS bigint) AND shown_message_id = CAST(:message AS bigint)"
)


class SharedRateLimit:
    """Implements both protocols of ``bot.outbox.shared_state``."""

    def __init__(self, url: str) -> None:
        """Create the engine, without connecting."""
        self._engine = postgres_engine(
            url, write=True, connections=2, settings={"synchronous_commit": "off"}
        ).execution_options(isolation_level="AUTOCOMMIT")

    async def close(self) -> None:
        """Close all connections."""
        await self._engine.dispose()

    async def open(self, permits: int) -> None:
        """Create the rows of this many permits. Raises DatabaseAway."""
        await self._row(_ADD_PERMITS, permits=permits)

    async def take(self, permits: int, kept: int, *, urgent: bool) -> int | None:
        """Take a free permit and return its number, or None if none is free. Raises DatabaseAway.

        The last ``kept`` of the ``permits`` are for urgent requests only, and the first ``kept``
        for the others only. An urgent request that gets no permit blocks the others for a moment
        from the permits in between.
        """
        urgent_range = {"lowest": kept + 1, "highest": permits, "ungated": permits, "order": -1}
        other_range = {"lowest": 1, "highest": permits - kept, "ungated": kept, "order": 1}
        row = await self._row(_TAKE, **(urgent_range if urgent else other_range))
        if row is None and urgent:
            await self._row(_CLOSE_NOTIFICATION_GATE)
        return row.number if row else None

    async def wait(self, highest: int) -> tuple[float, float]:
        """Return in how many seconds all sends are allowed, and a permit may be free.

        Raises DatabaseAway.
        """
        row = await self._row(_WAIT, highest=highest)
        return (row.silence, row.permit) if row else (0.0, 0.0)

    async def return_permit(self, number: int) -> None:
        """Free a permit at once, because nothing was sent with it. Raises DatabaseAway."""
        await self._row(_RETURN, number=number)

    async def release(self, number: int, chat: int) -> None:
        """Free a permit a second from now, and pause the chat for a second. Raises DatabaseAway."""
        await self._row(_RELEASE, number=number, chat=chat)

    async def chat_delay(self, chat: int) -> float:
        """Return the remaining pause of a chat in seconds, zero or less if none.

        Raises DatabaseAway.
        """
        row = await self._row(_CHAT_DELAY, chat=chat)
        return row[0] if row and row[0] is not None else 0.0

    async def refused(self, chat: int, seconds: float) -> None:
        """Record that Telegram refused a request in a chat for this many seconds.

        If it refuses requests in two chats, block all sends. Raises DatabaseAway.
        """
        await self._row(_REFUSED, chat=chat, wait=seconds)
        await self._row(_SILENCE, chat=chat, wait=seconds)

    async def shown(self, chat: int, message: int) -> str | None:
        """Return the digest of what a message shows, if it is the last of its chat.

        Raises DatabaseAway.
        """
        row = await self._row(_SHOWN, chat=chat, message=message)
        return row.shown_digest if row else None

    async def show(self, chat: int, message: int, digest: str) -> None:
        """Record what the last message of a chat shows now. Raises DatabaseAway."""
        await self._row(_SHOW, chat=chat, message=message, digest=digest)

    async def forget(self, chat: int, message: int) -> None:
        """Record that a message no longer exists. Raises DatabaseAway."""
        await self._row(_FORGET, chat=chat, message=message)

    async def _row(self, statement: TextClause, **values: object) -> Row[Any] | None:
        """Execute a statement and return its row, or None if it has none."""
        async with _unavailable_errors(), self._engine.connect() as connection:
            result = await connection.execute(statement, values)
            return result.one_or_none() if result.returns_rows else None


@asynccontextmanager
async def _unavailable_errors() -> AsyncIterator[None]:
    """Raise DatabaseAway for any database error: nothing waits for these statements."""
    try:
        yield
    except Exception as error:
        if unavailable := translate_postgres_error(error, reading=False):
            raise DatabaseAway(str(unavailable)) from error
        raise
