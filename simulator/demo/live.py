"""Server-sent events: every open page gets the whole state once and then each change, in order."""

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
# A page that lags this many events behind is let go: it connects again and gets the whole state.
_LONGEST_QUEUE = 5_000
_BREATH = 15


class Live:
    """The open pages. `state` returns what a page needs to begin with, `pulse` what it hears when nothing happens for 15 seconds."""

    def __init__(self, state: Callable[[], Any], pulse: Callable[[], Any]) -> None:
        self._state = state
        self._pulse = pulse
        self._queues: set[asyncio.Queue[bytes | None]] = set()

    @property
    def watched(self) -> bool:
        """Say whether any page is open."""
        return bool(self._queues)

    def tell(self, name: str, content: Any) -> None:
        """Send an event to every open page."""
        event = _event(name, content)
        for queue in list(self._queues):
            if queue.full():
                self._release(queue)
            else:
                queue.put_nowait(event)

    async def stream(self, request: web.Request) -> web.StreamResponse:
        """Answer a page with events until it goes or the server stops."""
        response = web.StreamResponse(headers=_HEADERS)
        await response.prepare(request)
        queue: asyncio.Queue[bytes | None] = asyncio.Queue(_LONGEST_QUEUE)
        # Nothing may happen between the state and the first change, so no waiting here.
        queue.put_nowait(b"retry: 1000\n" + _event("state", self._state()))
        self._queues.add(queue)
        try:
            with contextlib.suppress(ConnectionResetError):
                await self._send(response, queue)
        finally:
            self._queues.discard(queue)
        return response

    async def close(self, _app: web.Application | None = None) -> None:
        """Let go of every page."""
        for queue in list(self._queues):
            self._release(queue)

    async def _send(self, response: web.StreamResponse, queue: asyncio.Queue[bytes | None]) -> None:
        events: list[bytes | None] = []
        while None not in events:
            events = [await self._next(queue)]
            # What has gathered goes out in one piece.
            while not queue.empty():
                events.append(queue.get_nowait())
            await response.write(b"".join(event for event in events if event is not None))

    async def _next(self, queue: asyncio.Queue[bytes | None]) -> bytes | None:
        try:
            async with asyncio.timeout(_BREATH):
                return await queue.get()
        except TimeoutError:
            return _event("clock", self._pulse())

    def _release(self, queue: asyncio.Queue[bytes | None]) -> None:
        self._queues.discard(queue)
        while not queue.empty():
            queue.get_nowait()
        queue.put_nowait(None)


def _event(name: str, content: Any) -> bytes:
    # JSON holds no line breaks, so one `data` line carries it.
    return f"event: {name}\ndata: {json.dumps(content, ensure_ascii=False, separators=(',', ':'))}\n\n".encode()
