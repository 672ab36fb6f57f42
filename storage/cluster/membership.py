"""Membership of one of several replicas on the same PostgreSQL database.

It knows which replicas are alive, elects the leader, locks chats and hears what other replicas
commit. Everything depends on one dedicated connection with advisory locks, which cost no row and no
commit. PostgreSQL releases them when the connection ends, so a killed replica frees everything at
once.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import asyncpg

from domain.failures import DatabaseAway
from domain.operations.backoff import Backoff
from storage.engine.postgres import DRIVER_ERRORS, connect
from storage.repositories.outbox import CHANNEL

log = logging.getLogger(__name__)

# Replica and leader locks have two keys: the kind, and which one. Chat locks have one key, so they
# cannot collide with these.
_REPLICA_LOCK, _LEADER_LOCK = 0x510701, 0x510702
_TRY_LOCK = "SELECT pg_try_advisory_lock($1::int, $2::int)"
_TRY_LOCK_CHAT = "SELECT pg_try_advisory_lock($1::bigint)"
_NOTIFY = "SELECT pg_notify($1, $2)"
_UNLOCK = "SELECT pg_advisory_unlock($1::int, $2::int)"
_UNLOCK_CHAT = "SELECT pg_advisory_unlock($1::bigint)"
_LIVE_REPLICAS = """
    SELECT objid::bigint FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database
    WHERE locktype = 'advisory' AND datname = current_database()
        AND classid = $1::bigint::oid AND objsubid = 2 AND granted"""
_SERVER_JUST_STARTED = (
    "SELECT clock_timestamp() - pg_postmaster_start_time() < make_interval(secs => $1)"
)

CHECK_SECONDS = 1.0
"""How often a replica looks for the others, unless its constructor says otherwise."""
_RECONNECT = Backoff(0.5, maximum=0.5)
# A replica reconnects soon after its connection is cut, so declare it dead only after this time.
GRACE_SECONDS = 3.0
_CLOSE_SECONDS = 1.0
_CHAT_LOCKED = Backoff(0.01, maximum=0.2)
# A server that does not answer for this long counts as gone, so that two replicas never lead:
# PostgreSQL itself waits a little longer before it drops the connection.
_ANSWER_SECONDS = 2.0
_KEEPALIVE = {
    "tcp_keepalives_idle": "1",
    "tcp_keepalives_interval": "1",
    "tcp_keepalives_count": "3",
}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class PostgresMembership:
    """Implements ``bot.runtime.membership.Membership`` on PostgreSQL."""

    def __init__(
        self,
        url: str,
        number: int,
        *,
        check_interval: float | None = None,
        reconnect: Backoff = _RECONNECT,
    ) -> None:
        """Use a number that no other replica has, without connecting.

        ``check_interval`` is in seconds. ``reconnect`` is how long to wait after a failed check or
        try to connect.
        """
        self.number = number
        self._url = url
        self._check_interval = CHECK_SECONDS if check_interval is None else check_interval
        self._reconnect = reconnect
        self._connection: asyncpg.Connection | None = None
        self._connection_lock = asyncio.Lock()
        self._seen: dict[int, float] = {}
        self._disconnected_at = 0.0
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
        """Set the callbacks.

        ``on_commit`` gets the instant when something falls due that another replica committed,
        ``on_departure`` is called when a replica is gone, and ``on_reconnect`` gets the seconds for
        which this replica was disconnected.
        """
        self._on_commit, self._on_departure, self._on_reconnect = (
            on_commit,
            on_departure,
            on_reconnect,
        )

    async def join(self) -> None:
        """Connect, count as alive, and start watching the other replicas. Raises DatabaseAway."""
        await self._connect()
        await self._refresh_seen()
        self._watcher = asyncio.create_task(self._watch_forever())

    async def leave(self) -> None:
        """Disconnect, and tell the other replicas."""
        if self._watcher is not None:
            self._watcher.cancel()
            with suppress(asyncio.CancelledError):
                await self._watcher
        if self._unlocking:
            await asyncio.wait(self._unlocking, timeout=_CLOSE_SECONDS)
        if self._connection is not None:
            with suppress(*DRIVER_ERRORS):
                # Unlock first: the others check at once when they are notified.
                await self._connection.execute(
                    _UNLOCK, _REPLICA_LOCK, self.number, timeout=_CLOSE_SECONDS
                )
                await self._connection.execute(
                    _NOTIFY, CHANNEL, str(-self.number), timeout=_CLOSE_SECONDS
                )
            with suppress(*DRIVER_ERRORS):
                await self._connection.close(timeout=_CLOSE_SECONDS)
        self._disconnect()

    @property
    def is_connected(self) -> bool:
        """Whether this replica has its connection, and with it its locks."""
        return self._connection is not None

    @property
    def known_replicas(self) -> Collection[int]:
        """The numbers of the replicas considered alive, without asking the database."""
        return self._seen.keys()

    async def live_replicas(self) -> Collection[int]:
        """Return the numbers of all connected replicas, including this one. Raises DatabaseAway."""
        return {row["objid"] for row in await self._query("fetch", _LIVE_REPLICAS, _REPLICA_LOCK)}

    async def departed(self, among: Collection[int]) -> Collection[int]:
        """Return which of these replicas have left or were not seen for ``GRACE_SECONDS``.

        If the server has just restarted, a replica that this one never saw may still reconnect, so
        it gets the same time. Raises DatabaseAway.
        """
        await self._refresh_seen()
        if await self._query("fetchval", _SERVER_JUST_STARTED, GRACE_SECONDS):
            self._seen = dict.fromkeys(among, time.monotonic()) | self._seen
        return {number for number in among if number not in self._seen}

    async def lock_chat(self, chat: int) -> None:
        """Wait until no other replica has the chat's lock, and take it. Raises DatabaseAway."""
        for wait in _CHAT_LOCKED.waits():
            if await self._try_lock(chat):
                return
            await asyncio.sleep(wait)

    def unlock_chat(self, chat: int) -> None:
        """Release the chat's lock in the background."""
        task = asyncio.create_task(self._unlock(chat))
        self._unlocking.add(task)
        task.add_done_callback(self._unlocking.discard)

    @property
    def is_leader(self) -> bool:
        """Whether this replica is the leader, which does what only one replica may do."""
        return self._leader_event.is_set()

    async def wait_until_leader(self) -> None:
        """Wait until this replica is the leader."""
        await self._leader_event.wait()

    async def wait_until_follower(self) -> None:
        """Wait until this replica is no longer the leader."""
        await self._follower_event.wait()

    async def _connect(self) -> None:
        """Connect and take this replica's lock. Raises DatabaseAway."""
        connection = await connect(self._url, command_timeout=_ANSWER_SECONDS, settings=_KEEPALIVE)
        connection.add_termination_listener(self._on_termination)
        try:
            await self._register(connection)
        except DRIVER_ERRORS as error:
            connection.terminate()
            raise DatabaseAway(type(error).__name__) from error
        except BaseException:
            connection.terminate()
            raise
        # Publish the connection last: it executes one query at a time.
        self._connection = connection

    async def _register(self, connection: asyncpg.Connection) -> None:
        """Listen on a new connection, and take this replica's lock. Raises DatabaseAway."""
        await connection.add_listener(CHANNEL, self._on_notification)
        # PostgreSQL may keep a broken connection, and our lock with it, for some seconds.
        if not await connection.fetchval(_TRY_LOCK, _REPLICA_LOCK, self.number):
            raise DatabaseAway("the server still holds the previous connection")
        # Otherwise a replica that joins and dies between two checks would go unnoticed.
        await connection.execute(_NOTIFY, CHANNEL, str(self.number))

    async def _watch_forever(self) -> None:
        """Check regularly, and reconnect after the connection is lost."""
        failures = 0
        while True:
            try:
                if self._connection is None:
                    await self._connect()
                    now = time.monotonic()
                    # The other replicas may be reconnecting too. Notifications sent meanwhile are
                    # lost.
                    self._seen = dict.fromkeys(self._seen, now)
                    self._on_reconnect(now - self._disconnected_at)
                await self._check_once()
                failures = 0
                await asyncio.sleep(self._check_interval)
            except Exception as error:
                # Catch everything: a replica that stops checking would stay the leader forever.
                log.warning(
                    "the database is unreachable: %s",
                    error,
                    exc_info=not isinstance(error, DatabaseAway),
                )
                self._disconnect()
                failures += 1
                await asyncio.sleep(self._reconnect.wait(failures))

    async def _check_once(self) -> None:
        """Try to become the leader if there is none, and look for departed replicas."""
        if not self._leader_event.is_set() and await self._query(
            "fetchval", _TRY_LOCK, _LEADER_LOCK, 0
        ):
            log.info("this replica is now the leader")
            self._follower_event.clear()
            self._leader_event.set()
        await self._refresh_seen()
        now = time.monotonic()
        if departed := [
            number for number, seen in self._seen.items() if now - seen > GRACE_SECONDS
        ]:
            log.warning("replicas have departed: %s", len(departed))
            self._mark_departed(*departed)

    async def _refresh_seen(self) -> None:
        """Record which replicas are alive now. Raises DatabaseAway."""
        live_replicas = await self.live_replicas()
        self._seen |= dict.fromkeys(live_replicas, time.monotonic())

    def _mark_departed(self, *numbers: int) -> None:
        """Forget these replicas, and report a departure."""
        for number in numbers:
            self._seen.pop(number, None)
        self._on_departure()

    def _on_termination(self, connection: object) -> None:
        """Handle the end of an idle connection: another replica may become the leader at once."""
        if connection is self._connection:
            self._disconnect()

    def _disconnect(self) -> None:
        """Drop the connection and the leadership: PostgreSQL releases the connection's locks."""
        connection, self._connection = self._connection, None
        if connection is not None:
            self._disconnected_at = time.monotonic()
            connection.terminate()
        self._leader_event.clear()
        self._follower_event.set()

    async def _query(self, method: str, sql: str, *values: object) -> Any:
        """Execute a query. Raises DatabaseAway, and disconnects, if there is no answer."""
        async with self._connection_lock:
            if self._connection is None:
                raise DatabaseAway("this replica is disconnected")
            try:
                return await getattr(self._connection, method)(sql, *values)
            except DRIVER_ERRORS as error:
                self._disconnect()
                raise DatabaseAway(type(error).__name__) from error

    async def _try_lock(self, chat: int) -> bool:
        """Try to take a chat's lock; if the task is cancelled meanwhile, release the lock."""
        query = asyncio.create_task(self._query("fetchval", _TRY_LOCK_CHAT, chat))
        try:
            return bool(await asyncio.shield(query))
        except asyncio.CancelledError:
            query.add_done_callback(partial(self._unlock_if_granted, chat))
            raise

    def _unlock_if_granted(self, chat: int, query: "asyncio.Task[Any]") -> None:
        """Release a lock that was granted after its caller was cancelled."""
        if not query.cancelled() and query.exception() is None and query.result():
            self.unlock_chat(chat)

    async def _unlock(self, chat: int) -> None:
        """Release a chat's lock, unless it was released with the connection."""
        with suppress(DatabaseAway):
            await self._query("fetchval", _UNLOCK_CHAT, chat)

    def _on_notification(
        self, _connection: object, _process: int, _channel: str, payload: object
    ) -> None:
        """Handle a notification: a replica's number, then instants in microseconds since 1970.

        A number without instants means that a replica has joined, and a negative one that it
        leaves.
        """
        replica, *due = map(int, str(payload).split())
        if replica < 0:
            self._mark_departed(-replica)
        elif replica != self.number:
            self._seen[replica] = time.monotonic()
            for moment in due:
                self._on_commit(_EPOCH + timedelta(microseconds=moment))
