"""What replicas on one PostgreSQL share of their speaking to Telegram: places in a second, rest in a chat, and what its last message shows.

Times are the database's own, so replicas whose clocks differ agree. Each call is one statement and its own transaction, which need not be
durable: whatever a crash of the server forgets is a second old. An instant further ahead than any that is written here was written before
the server's clock was set back, and keeps nobody waiting.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import Row, TextClause, text

from domain.ports import DatabaseAway
from storage.engine.postgres import meant, postgres_engine

# A place is given back a second after its request was answered; by whoever dies before that, never, so it comes back by itself.
_PLACES = text(
    "INSERT INTO place SELECT number, clock_timestamp() FROM generate_series(-1, CAST(:permits AS int)) number ON CONFLICT DO NOTHING"
)
_TAKE = text("""
    WITH free AS MATERIALIZED (
        SELECT number FROM place
        WHERE number BETWEEN CAST(:lowest AS int) AND CAST(:highest AS int)
            AND free_at NOT BETWEEN clock_timestamp() AND clock_timestamp() + interval '1 minute'
            AND (number <= CAST(:ungated AS int)
                OR NOT EXISTS (SELECT 1 FROM place gate
                    WHERE gate.number = -1 AND gate.free_at BETWEEN clock_timestamp() AND clock_timestamp() + interval '1 minute'))
        ORDER BY number * CAST(:order AS int) LIMIT 1 FOR UPDATE SKIP LOCKED)
    UPDATE place SET free_at = clock_timestamp() + interval '15 seconds'
    WHERE number IN (SELECT number FROM free)
        AND NOT EXISTS (SELECT 1 FROM place WHERE number = 0 AND free_at > clock_timestamp())
    RETURNING number""")
# Two numbers are no places but gates: number 0 closes all places, and number -1 those that notifications share with answers.
_HURRY = text(
    "UPDATE place SET free_at = clock_timestamp() + interval '0.25 seconds' WHERE number = -1"
)
_WAIT = text("""
    SELECT coalesce(extract(epoch FROM max(free_at) FILTER (WHERE number = 0) - clock_timestamp()), 0)::float8 AS silence,
        coalesce(extract(epoch FROM min(free_at) FILTER (WHERE number BETWEEN 1 AND CAST(:highest AS int)) - clock_timestamp()), 0)::float8
        AS permit
    FROM place""")
_RETURN = text("UPDATE place SET free_at = clock_timestamp() WHERE number = CAST(:number AS int)")
_GIVE_BACK = text("""
    WITH back AS (
        UPDATE place SET free_at = clock_timestamp() + interval '1.01 seconds' WHERE number = CAST(:number AS int))
    INSERT INTO chat (id, owed_until) VALUES (CAST(:chat AS bigint), clock_timestamp() + interval '1.01 seconds')
    ON CONFLICT (id) DO UPDATE
        SET owed_until = interval '1.01 seconds' + greatest(clock_timestamp(),
            CASE WHEN chat.owed_until <= clock_timestamp() + interval '1 minute' THEN chat.owed_until END)""")
_OWED = text("""
    SELECT extract(epoch FROM owed_until - clock_timestamp())::float8 FROM chat
    WHERE id = CAST(:chat AS bigint) AND owed_until <= clock_timestamp() + interval '1 minute'""")
_REFUSED = text("""
    INSERT INTO chat (id, refused_until) VALUES (CAST(:chat AS bigint), clock_timestamp() + CAST(:wait AS float8) * interval '1 second')
    ON CONFLICT (id) DO UPDATE SET refused_until = excluded.refused_until""")
_SILENCE = text("""
    UPDATE place SET free_at = greatest(free_at, clock_timestamp() + CAST(:wait AS float8) * interval '1 second')
    WHERE number = 0 AND EXISTS (SELECT 1 FROM chat WHERE id <> CAST(:chat AS bigint) AND refused_until > clock_timestamp())""")
_SHOWN = text(
    "SELECT shown_digest FROM chat WHERE id = CAST(:chat AS bigint) AND shown_message_id = CAST(:message AS bigint)"
)
_SHOW = text("""
    INSERT INTO chat (id, shown_message_id, shown_digest) VALUES (CAST(:chat AS bigint), CAST(:message AS bigint), CAST(:digest AS text))
    ON CONFLICT (id) DO UPDATE SET shown_message_id = excluded.shown_message_id, shown_digest = excluded.shown_digest""")

_FORGET = text(
    "UPDATE chat SET shown_message_id = NULL WHERE id = CAST(:chat AS bigint) AND shown_message_id = CAST(:message AS bigint)"
)


class SharedRateLimit:
    """Implements ``bot.ports.SharedRateLimit`` and ``bot.ports.ShownMessages``."""

    def __init__(self, url: str) -> None:
        """Prepare the connections; nothing is opened yet."""
        self._engine = postgres_engine(
            url, write=True, connections=2, settings={"synchronous_commit": "off"}
        ).execution_options(isolation_level="AUTOCOMMIT")

    async def close(self) -> None:
        """Close all connections."""
        await self._engine.dispose()

    async def open(self, permits: int) -> None:
        """Make sure that there are so many places; raises DatabaseAway."""
        await self._row(_PLACES, permits=permits)

    async def take(self, permits: int, kept: int, *, urgent: bool) -> int | None:
        """Take a free place, or None where there is none now; raises DatabaseAway.

        Of all ``permits``, the last few are ``kept`` for what is urgent, and the first few for what is not. What is urgent and gets none
        keeps the places between them from what is not, for a moment.
        """
        mine = {"lowest": kept + 1, "highest": permits, "ungated": permits, "order": -1}
        theirs = {"lowest": 1, "highest": permits - kept, "ungated": kept, "order": 1}
        row = await self._row(_TAKE, **(mine if urgent else theirs))
        if row is None and urgent:
            await self._row(_HURRY)
        return row.number if row else None

    async def wait(self, highest: int) -> tuple[float, float]:
        """Return for how many seconds all are to be silent, and in how many a place may be free; raises DatabaseAway."""
        row = await self._row(_WAIT, highest=highest)
        return (row.silence, row.permit) if row else (0.0, 0.0)

    async def return_permit(self, number: int) -> None:
        """Free a place at once, since nothing was sent by it; raises DatabaseAway."""
        await self._row(_RETURN, number=number)

    async def release(self, number: int, chat: int) -> None:
        """Free a place a second from now, and let a chat that was told something rest for one; raises DatabaseAway."""
        await self._row(_GIVE_BACK, number=number, chat=chat)

    async def chat_delay(self, chat: int) -> float:
        """Return how many seconds a chat is to rest from now on, below zero where it has rested; raises DatabaseAway."""
        row = await self._row(_OWED, chat=chat)
        return row[0] if row and row[0] is not None else 0.0

    async def refused(self, chat: int, seconds: float) -> None:
        """Note that Telegram refused something in a chat; where another is refused as well, all are to be silent. Raises DatabaseAway."""
        await self._row(_REFUSED, chat=chat, wait=seconds)
        await self._row(_SILENCE, chat=chat, wait=seconds)

    async def shown(self, chat: int, message: int) -> str | None:
        """Return the digest of what a message shows, if it is the last one of its chat; raises DatabaseAway."""
        row = await self._row(_SHOWN, chat=chat, message=message)
        return row.shown_digest if row else None

    async def show(self, chat: int, message: int, digest: str) -> None:
        """Note what a chat's last message shows now; raises DatabaseAway."""
        await self._row(_SHOW, chat=chat, message=message, digest=digest)

    async def forget(self, chat: int, message: int) -> None:
        """Note that a message is gone; raises DatabaseAway."""
        await self._row(_FORGET, chat=chat, message=message)

    async def _row(self, statement: TextClause, **values: object) -> Row[Any] | None:
        """Execute a statement, and return its row where it has one."""
        async with _unavailable_errors(), self._engine.connect() as connection:
            result = await connection.execute(statement, values)
            return result.one_or_none() if result.returns_rows else None


@asynccontextmanager
async def _unavailable_errors() -> AsyncIterator[None]:
    """Turn any error of the database into DatabaseAway: nobody waits for what is told here."""
    try:
        yield
    except Exception as error:
        if told := meant(error, reading=False):
            raise DatabaseAway(str(told)) from error
        raise
