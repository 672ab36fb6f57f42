"""Listening sockets of the HTTP server that accept one connection at a time."""

import asyncio
import logging
import socket
from collections.abc import Callable

from bot.http.connections import Connection, ConnectionPool

log = logging.getLogger(__name__)

_BACKLOG = 1024
_RETRY_SECONDS = 1.0


class Listener:
    """Accepts connections into a pool, one at a time and only if the pool has room.

    ``loop.create_server`` is not used: it accepts the whole backlog before the first of these
    connections reaches the pool, and retries for each of them when file descriptors run out.
    """

    def __init__(
        self, pool: ConnectionPool, protocol_factory: Callable[[], asyncio.Protocol]
    ) -> None:
        self.port: int | None = None
        self._pool = pool
        self._protocol_factory = protocol_factory
        self._sockets: dict[socket.socket, asyncio.TimerHandle | None] = {}
        self._connecting: set[asyncio.Task[object]] = set()

    async def open(self, host: str, port: int) -> None:
        """Listen on every address of a host; raises OSError."""
        found = await asyncio.get_running_loop().getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        try:
            for family, address in dict.fromkeys(
                (family, address) for family, _, _, _, address in found
            ):
                self._listen(socket.create_server(address, family=family, backlog=_BACKLOG))
        except OSError:
            await self.close()
            raise
        self.port = next(iter(self._sockets)).getsockname()[1]

    async def close(self) -> None:
        """Stop listening; connections stay open."""
        self.port = None
        for listening, retry in self._sockets.items():
            if retry is not None:
                retry.cancel()
            asyncio.get_running_loop().remove_reader(listening)
            listening.close()
        self._sockets.clear()
        if self._connecting:
            await asyncio.wait(self._connecting)

    def _listen(self, listening: socket.socket) -> None:
        """Accept connections on a socket from now on."""
        listening.settimeout(0)
        self._sockets[listening] = None
        asyncio.get_running_loop().add_reader(listening, self._accept, listening)

    def _accept(self, listening: socket.socket) -> None:
        """Accept the next connection, or refuse it if the pool has no room."""
        try:
            accepted, _ = listening.accept()
        except (BlockingIOError, InterruptedError, ConnectionError):
            return
        except OSError as error:
            log.warning(
                "cannot accept connections, next try in %g seconds: %s",
                _RETRY_SECONDS,
                error.strerror,
            )
            self._pause(listening)
            return
        if not self._pool.make_room():
            accepted.close()
            return
        self._connect(accepted)

    def _connect(self, accepted: socket.socket) -> None:
        """Create the transport of an accepted connection."""
        loop = asyncio.get_running_loop()
        connection = Connection(self._pool, self._protocol_factory())
        task = loop.create_task(loop.connect_accepted_socket(lambda: connection, accepted))
        self._connecting.add(task)

        def connected(done: asyncio.Task[object]) -> None:
            self._connecting.discard(done)
            if done.cancelled() or done.exception() is not None:
                connection.abort()
                accepted.close()

        task.add_done_callback(connected)

    def _pause(self, listening: socket.socket) -> None:
        """Stop accepting on a socket, and try again after a second."""
        loop = asyncio.get_running_loop()
        loop.remove_reader(listening)
        self._sockets[listening] = loop.call_later(_RETRY_SECONDS, self._listen, listening)
