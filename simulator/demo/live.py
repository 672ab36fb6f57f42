"""Server-sent events: each open page gets the complete state once and then each change in order."""

import asyncio
import contextlib
import json
from collections.abc import Callable
from typing import Any

from aiohttp import web

_HEADERS = {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",
}
# A page that lags this many events behind is disconnected; it reconnects and gets the whole state.
_MAX_QUEUED_EVENTS = 5_000
_HEARTBEAT_SECONDS = 15


class Live:
    """The open pages.

    `state` returns the state for a page that connects; `heartbeat` the event sent after 15 idle
    seconds.
    """

    def __init__(self, state: Callable[[], Any], heartbeat: Callable[[], Any]) -> None:
        self._state = state
        self._heartbeat = heartbeat
        self._queues: set[asyncio.Queue[bytes | None]] = set()

    @property
    def watched(self) -> bool:
        """Return whether any page is open."""
        return bool(self._queues)

    def publish(self, name: str, content: Any) -> None:
        """Send an event to every open page."""
        event = _event(name, content)
        for queue in list(self._queues):
            if queue.full():
                self._disconnect(queue)
            else:
                queue.put_nowait(event)

    async def stream(self, request: web.Request) -> web.StreamResponse:
        """Send events to a page until it disconnects or the server stops."""
        response = web.StreamResponse(headers=_HEADERS)
        await response.prepare(request)
        queue: asyncio.Queue[bytes | None] = asyncio.Queue(_MAX_QUEUED_EVENTS)
        # Do not await between reading the state and adding the queue, or changes would be lost.
        queue.put_nowait(b"retry: 1000\n" + _event("state", self._state()))
        self._queues.add(queue)
        try:
            with contextlib.suppress(ConnectionResetError):
                await self._send(response, queue)
        finally:
            self._queues.discard(queue)
        return response

    async def close(self, _app: web.Application | None = None) -> None:
        """Disconnect every page."""
        for queue in list(self._queues):
            self._disconnect(queue)

    async def _send(self, response: web.StreamResponse, queue: asyncio.Queue[bytes | None]) -> None:
        events: list[bytes | None] = []
        while None not in events:
            events = [await self._next(queue)]
            # Send all queued events in one write.
            while not queue.empty():
                events.append(queue.get_nowait())
            await response.write(b"".join(event for event in events if event is not None))

    async def _next(self, queue: asyncio.Queue[bytes | None]) -> bytes | None:
        try:
            async with asyncio.timeout(_HEARTBEAT_SECONDS):
                return await queue.get()
        except TimeoutError:
            return _event("clock", self._heartbeat())

    def _disconnect(self, queue: asyncio.Queue[bytes | None]) -> None:
        self._queues.discard(queue)
        while not queue.empty():
            queue.get_nowait()
        queue.put_nowait(None)


def _event(name: str, content: Any) -> bytes:
    # JSON contains no line breaks, so one `data` line carries it.
    data = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return f"event: {name}\ndata: {data}\n\n".encode()
