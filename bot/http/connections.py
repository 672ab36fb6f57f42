"""Connection limits of the HTTP server: how many are open, and how long each waits."""

import asyncio
import logging
import resource
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum

from aiohttp import web

log = logging.getLogger(__name__)

_MOST_CONNECTIONS = 128
_DESCRIPTOR_SHARE = 8


def default_connection_limit() -> int:
    """Return 128, or an eighth of the process's soft descriptor limit where that is less.

    The other descriptors are for Telegram and the database.
    """
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    share = _MOST_CONNECTIONS if soft == resource.RLIM_INFINITY else soft // _DESCRIPTOR_SHARE
    return max(1, min(_MOST_CONNECTIONS, share))


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """The limits of a server. Timeouts are in seconds."""

    connections: int = field(default_factory=default_connection_limit)
    header_timeout: float = 10.0
    """From opening a connection, or the first byte after an answer, to the end of the header."""
    idle_timeout: float = 75.0
    """From an answer to the first byte of the next request."""
    write_timeout: float = 20.0
    """How long a client may leave a full send buffer unread."""
    lingering_time: float = 2.0
    """How long to receive and discard a body that no handler has read, after the answer."""


class ConnectionPool:
    """The open connections of a server, each either serving a request or waiting for its client."""

    def __init__(self, limits: ConnectionLimits) -> None:
        self.limits = limits
        self._serving: set[Connection] = set()
        # Ordered by when the wait began.
        self._waiting: dict[Connection, None] = {}

    def __len__(self) -> int:
        return len(self._serving) + len(self._waiting)

    def make_room(self) -> bool:
        """Return whether one more connection may be opened.

        If the pool is full, close the connection that has waited longest.
        """
        if len(self) < self.limits.connections:
            return True
        longest = next(iter(self._waiting), None)
        if longest is None:
            log.warning(
                "refused a connection: each of the %d open ones serves a request", len(self)
            )
            return False
        log.warning(
            "closed the connection that waited longest for its client: %d are open", len(self)
        )
        longest.abort()
        return True

    def wait(self, connection: "Connection") -> None:
        """Record that a connection waits for its client from now on."""
        self._serving.discard(connection)
        self._waiting[connection] = None

    def serve(self, connection: "Connection") -> None:
        """Record that a connection serves a request from now on."""
        self._waiting.pop(connection, None)
        self._serving.add(connection)

    def remove(self, connection: "Connection") -> None:
        """Forget a connection that is closed."""
        self._waiting.pop(connection, None)
        self._serving.discard(connection)

    def close(self) -> None:
        """Close every connection."""
        for connection in [*self._waiting, *self._serving]:
            connection.abort()


class _State(Enum):
    """What a connection does."""

    READING_HEADER = "reading the header of a request"
    SERVING = "serving a request"
    IDLE = "idle after an answer"
    CLOSED = "closed"


class Connection(asyncio.Protocol):
    """Passes a client's bytes to the server's protocol, and closes connections of slow clients.

    It enters the pool when it is created, before its transport exists.
    """

    def __init__(self, pool: ConnectionPool, protocol: asyncio.Protocol) -> None:
        self._pool = pool
        self._protocol = protocol
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._state = _State.READING_HEADER
        self._is_reader_slow = False
        pool.wait(self)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start to wait for the first request header."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101  (asyncio declares the base class)
        if self._state is _State.CLOSED:
            transport.abort()
            return
        self._transport = transport
        self._protocol.connection_made(transport)
        self._expect_header()

    def data_received(self, data: bytes) -> None:
        """Pass on received bytes; the first ones after an answer begin a request header."""
        if self._state is _State.IDLE:
            self._expect_header()
        self._protocol.data_received(data)

    def eof_received(self) -> bool | None:
        """Pass on that the client sends no more."""
        return self._protocol.eof_received()

    def pause_writing(self) -> None:
        """Limit how long the client may leave the send buffer full."""
        self._is_reader_slow = True
        self._close_after(self._pool.limits.write_timeout, "its client did not read the answer")
        self._protocol.pause_writing()

    def resume_writing(self) -> None:
        """Record that the client reads again."""
        self._is_reader_slow = False
        if self._state is not _State.SERVING:
            self._expect_request()
        self._protocol.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """Leave the pool."""
        self._leave()
        if self._transport is not None:
            self._protocol.connection_lost(exc)

    @contextmanager
    def serving(self) -> Iterator[None]:
        """Mark the connection as serving for a block, during which the pool does not close it."""
        if self._state is _State.CLOSED:
            yield
            return
        self._state = _State.SERVING
        self._stop_timer()
        self._pool.serve(self)
        try:
            yield
        finally:
            self._served()

    def abort(self) -> None:
        """Close the connection at once and leave the pool."""
        self._leave()
        if self._transport is not None:
            self._transport.abort()

    def _served(self) -> None:
        """Wait for the client again, unless the connection was closed meanwhile."""
        if self._state is _State.SERVING:
            self._pool.wait(self)
            self._expect_request()

    def _expect_header(self) -> None:
        """Wait for the rest of a request header."""
        self._state = _State.READING_HEADER
        self._close_after(self._pool.limits.header_timeout, "its request header was not complete")

    def _expect_request(self) -> None:
        """Wait for the next request, or first for a slow client to read its answer."""
        self._state = _State.IDLE
        if self._is_reader_slow:
            self._close_after(self._pool.limits.write_timeout, "its client did not read the answer")
        else:
            self._close_after(self._pool.limits.idle_timeout, "it was idle", level=logging.DEBUG)

    def _close_after(self, seconds: float, reason: str, level: int = logging.INFO) -> None:
        """Close the connection after some seconds, unless the timer is reset before."""
        self._stop_timer()
        self._timer = asyncio.get_running_loop().call_later(
            seconds, self._time_out, seconds, reason, level
        )

    def _time_out(self, seconds: float, reason: str, level: int) -> None:
        """Close the connection because its client took too long."""
        log.log(level, "closed a connection: %s for %g seconds", reason, seconds)
        self.abort()

    def _stop_timer(self) -> None:
        """Stop the timer, so that the wait has no limit."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _leave(self) -> None:
        """Stop the timer and leave the pool."""
        self._state = _State.CLOSED
        self._stop_timer()
        self._pool.remove(self)


@web.middleware
async def track_requests(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Mark a request's connection as serving while its handler runs. Put this middleware first."""
    connection = request.transport.get_protocol() if request.transport else None
    if not isinstance(connection, Connection):
        return await handler(request)
    with connection.serving():
        return await handler(request)
