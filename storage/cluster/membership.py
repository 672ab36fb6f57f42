"""A process among several on the same PostgreSQL: who is alive, who leads, whose turn a chat is, and what others have just committed.

All of it hangs on one connection of its own, by locks that PostgreSQL itself takes back when that connection ends: a replica that is killed
has given everything back by the time anybody looks. The locks are advisory ones, so they cost no row and no commit.
"""

import asyncio
import logging
import secrets
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import asyncpg

from domain.ports import DatabaseAway
from storage.engine.postgres import DRIVER_ERRORS, connected
from storage.repositories.outbox import CHANNEL

log = logging.getLogger(__name__)

# Locks of two numbers: the kind, and which one. A chat's turn is a lock of one number, so the two cannot meet.
_ALIVE, _LEADS = 0x510701, 0x510702
_TRY = "SELECT pg_try_advisory_lock($1::int, $2::int)"
_TRY_CHAT = "SELECT pg_try_advisory_lock($1::bigint)"
_TELL = "SELECT pg_notify($1, $2)"
_QUIT = "SELECT pg_advisory_unlock($1::int, $2::int)"
_GIVE_CHAT_BACK = "SELECT pg_advisory_unlock($1::bigint)"
_LIVING = """SELECT objid::bigint FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database
    WHERE locktype = 'advisory' AND datname = current_database() AND classid = $1::bigint::oid AND objsubid = 2 AND granted"""
_IS_YOUNG = "SELECT clock_timestamp() - pg_postmaster_start_time() < make_interval(secs => $1)"

_CHECK_SECONDS = 1.0
_RECONNECT_SECONDS = 0.5
# A connection that is cut is opened again soon; only who is not seen for longer than that takes is gone.
GRACE_SECONDS = 3.0
_CLOSE_SECONDS = 1.0
_POLL_INTERVAL, _LONGEST_GLANCE = 0.01, 0.2
# Where the other side is silent for so long it is taken for gone, so that never two replicas lead: PostgreSQL is a little more patient.
_SILENCE_SECONDS = 2.0
_KEEPALIVE = {
    "tcp_keepalives_idle": "1",
    "tcp_keepalives_interval": "1",
    "tcp_keepalives_count": "3",
}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class PostgresMembership:
    """Implements ``bot.ports.Membership``."""

    def __init__(self, url: str) -> None:
        """Choose a number; nothing is opened yet."""
        self.number = secrets.randbelow(2**31 - 1) + 1
        self._url = url
        self._connection: asyncpg.Connection | None = None
        self._connection_lock = asyncio.Lock()
        self._seen: dict[int, float] = {}
        self._cut_off_at = 0.0
        self._leader_event, self._follower_event = asyncio.Event(), asyncio.Event()
        self._follower_event.set()
        self._on_commit: Callable[[datetime], None] = lambda _due: None
        self._on_departure: Callable[[], None] = lambda: None
        self._on_reconnect: Callable[[float], None] = lambda _away: None
        self._watcher: asyncio.Task[None] | None = None
        self._unlocking: set[asyncio.Task[Any]] = set()

    def watch(
        self,
        *,
        on_commit: Callable[[datetime], None],
        on_departure: Callable[[], None],
        on_reconnect: Callable[[float], None],
    ) -> None:
        """Have these called when another's commit left something that falls due, a replica is gone, and we are back after so long."""
        self._on_commit, self._on_departure, self._on_reconnect = (
            on_commit,
            on_departure,
            on_reconnect,
        )

    async def join(self) -> None:
        """Be counted among the living, and look around from now on; raises DatabaseAway."""
        await self._connect()
        await self._refresh_seen()
        self._watcher = asyncio.create_task(self._watch_forever())

    async def leave(self) -> None:
        """Be counted no more."""
        if self._watcher is not None:
            self._watcher.cancel()
            with suppress(asyncio.CancelledError):
                await self._watcher
        if self._unlocking:
            await asyncio.wait(self._unlocking, timeout=_CLOSE_SECONDS)
        if self._connection is not None:
            with suppress(*DRIVER_ERRORS):
                # Whoever is told looks at once, and should see us no more.
                await self._connection.execute(_QUIT, _ALIVE, self.number, timeout=_CLOSE_SECONDS)
                await self._connection.execute(
                    _TELL, CHANNEL, str(-self.number), timeout=_CLOSE_SECONDS
                )
            with suppress(*DRIVER_ERRORS):
                await self._connection.close(timeout=_CLOSE_SECONDS)
        self._lost()

    async def live_replicas(self) -> Collection[int]:
        """Return the numbers of all replicas that are alive, this one among them; raises DatabaseAway."""
        return {row["objid"] for row in await self._ask("fetch", _LIVING, _ALIVE)}

    async def departed(self, among: Collection[int]) -> Collection[int]:
        """Return which of these replicas are gone: they have left, or were not seen for some seconds; raises DatabaseAway.

        One that this process never saw may be on his way back where the server itself has only just started: he has as long.
        """
        await self._refresh_seen()
        if await self._ask("fetchval", _IS_YOUNG, GRACE_SECONDS):
            self._seen = dict.fromkeys(among, time.monotonic()) | self._seen
        return {number for number in among if number not in self._seen}

    async def lock_chat(self, chat: int) -> None:
        """Wait until no other replica has the chat's turn, and have it; raises DatabaseAway."""
        wait = _POLL_INTERVAL
        while not await self._try_lock(chat):
            await asyncio.sleep(wait)
            wait = min(2 * wait, _LONGEST_GLANCE)

    def unlock_chat(self, chat: int) -> None:
        """End the chat's turn."""
        task = asyncio.create_task(self._unlock(chat))
        self._unlocking.add(task)
        task.add_done_callback(self._unlocking.discard)

    @property
    def is_leader(self) -> bool:
        """Tell whether this replica is the one that does what only one may do."""
        return self._leader_event.is_set()

    async def wait_until_leader(self) -> None:
        """Wait until this replica is the one that does what only one may do."""
        await self._leader_event.wait()

    async def wait_until_follower(self) -> None:
        """Wait until it is that no longer."""
        await self._follower_event.wait()

    async def _connect(self) -> None:
        """Open the connection and take our number's lock on it; raises DatabaseAway."""
        connection = await connected(
            self._url, answers_within=_SILENCE_SECONDS, settings=_KEEPALIVE
        )
        connection.add_termination_listener(self._ended)
        try:
            await self._introduce(connection)
        except DRIVER_ERRORS as error:
            connection.terminate()
            raise DatabaseAway(type(error).__name__) from error
        except BaseException:
            connection.terminate()
            raise
        # Only now may others ask over it: it bears one question at a time.
        self._connection = connection

    async def _introduce(self, connection: asyncpg.Connection) -> None:
        """Listen on a new connection, and take our number's lock on it; raises DatabaseAway."""
        await connection.add_listener(CHANNEL, self._notified)
        # After a broken connection PostgreSQL may believe for some seconds that it still stands, and keep our own lock from us.
        if not await connection.fetchval(_TRY, _ALIVE, self.number):
            raise DatabaseAway("our own broken connection still stands")
        # Nobody would miss one who came and went between two looks.
        await connection.execute(_TELL, CHANNEL, str(self.number))

    async def _watch_forever(self) -> None:
        """Each second, try to lead where nobody does, and see whether somebody is gone; come back where the connection is lost."""
        while True:
            try:
                if self._connection is None:
                    await self._connect()
                    now = time.monotonic()
                    # The others may have been cut off as well, and are on their way back; and whatever was told meanwhile was not heard.
                    self._seen = dict.fromkeys(self._seen, now)
                    self._on_reconnect(now - self._cut_off_at)
                await self._check_once()
                await asyncio.sleep(_CHECK_SECONDS)
            except Exception as error:
                # Whatever it is: one who looks around no more would lead for ever, beside another.
                log.warning(
                    "the database is out of reach: %s",
                    error,
                    exc_info=not isinstance(error, DatabaseAway),
                )
                self._lost()
                await asyncio.sleep(_RECONNECT_SECONDS)

    async def _check_once(self) -> None:
        """Look once."""
        if not self._leader_event.is_set() and await self._ask("fetchval", _TRY, _LEADS, 0):
            log.info("this replica leads now")
            self._follower_event.clear()
            self._leader_event.set()
        await self._refresh_seen()
        now = time.monotonic()
        if departed := [
            number for number, seen in self._seen.items() if now - seen > GRACE_SECONDS
        ]:
            log.warning("replicas are gone: %s", len(departed))
            self._mark_departed(*departed)

    async def _refresh_seen(self) -> None:
        """Note who is alive now; raises DatabaseAway."""
        live_replicas = await self.live_replicas()
        self._seen |= dict.fromkeys(live_replicas, time.monotonic())

    def _mark_departed(self, *numbers: int) -> None:
        """Take these for gone from now on, and have it told."""
        for number in numbers:
            self._seen.pop(number, None)
        self._on_departure()

    def _ended(self, connection: object) -> None:
        """Know at once of a connection that ends while nothing is asked: another may lead by now."""
        if connection is self._connection:
            self._lost()

    def _lost(self) -> None:
        """Hold nothing any more: with the connection PostgreSQL takes back all that hung on it."""
        connection, self._connection = self._connection, None
        if connection is not None:
            self._cut_off_at = time.monotonic()
            connection.terminate()
        self._leader_event.clear()
        self._follower_event.set()

    async def _ask(self, how: str, what: str, *values: object) -> Any:
        """Ask one question on the connection; raises DatabaseAway, with the connection lost, where there is no answer."""
        async with self._connection_lock:
            if self._connection is None:
                raise DatabaseAway("this replica is cut off")
            try:
                return await getattr(self._connection, how)(what, *values)
            except DRIVER_ERRORS as error:
                self._lost()
                raise DatabaseAway(type(error).__name__) from error

    async def _try_lock(self, chat: int) -> bool:
        """Try to have a chat's turn; where we are cancelled while it is being given, it is given back."""
        asked = asyncio.create_task(self._ask("fetchval", _TRY_CHAT, chat))
        try:
            return bool(await asyncio.shield(asked))
        except asyncio.CancelledError:
            asked.add_done_callback(partial(self._unlock_if_granted, chat))
            raise

    def _unlock_if_granted(self, chat: int, asked: "asyncio.Task[Any]") -> None:
        """Give back what nobody waits for any more."""
        if not asked.cancelled() and asked.exception() is None and asked.result():
            self.unlock_chat(chat)

    async def _unlock(self, chat: int) -> None:
        """Give a turn back, unless it went with the connection."""
        with suppress(DatabaseAway):
            await self._ask("fetchval", _GIVE_CHAT_BACK, chat)

    def _notified(self, _connection: object, _process: int, _channel: str, news: object) -> None:
        """Pass on what another's commit left to be done; who has just joined says no more than his number, and minus that as he leaves."""
        who, *due = map(int, str(news).split())
        if who < 0:
            self._mark_departed(-who)
        elif who != self.number:
            self._seen[who] = time.monotonic()
            for moment in due:
                self._on_commit(_EPOCH + timedelta(microseconds=moment))
