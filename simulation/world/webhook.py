"""Posts updates to the bot's webhook, with virtual latency and without sockets.

It stands in for the ``aiohttp.ClientSession`` of the simulated Telegram. The bot's HTTP server
needs sockets, so it is left out: an update goes to ``Webhook.handle_post`` at once.
"""

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Self

import aiohttp
from aiohttp import web

from simulation.world.network import latency
from simulation.world.process import BotProcess
from simulation.world.streams import Stream

_TIMEOUT_SECONDS = 60


class Poster:
    """Posts each update to one of the running processes.

    ``loses`` is asked whether a post is lost, "before" it reaches the bot or "after" it was
    answered.
    """

    def __init__(self, processes: Callable[[], Sequence[BotProcess]], random: Stream) -> None:
        self.loses: Callable[[], str | None] = lambda: None
        self._processes = processes
        self._random = random

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_error: object) -> None:
        """Close nothing."""

    def post(
        self, _url: str, *, data: bytes, headers: dict[str, str], allow_redirects: bool
    ) -> "_Post":
        """Post an update and receive the answer in a block."""
        del allow_redirects
        return _Post(self, _Request(headers, data))

    async def exchange(self, request: "_Request") -> web.Response:
        """Send a request and return its response; it never comes from a process that is killed."""
        process = self._listening()
        if process is None or (lost := self.loses()) == "before":
            raise aiohttp.ClientConnectionError
        answer: asyncio.Future[web.Response] = asyncio.get_running_loop().create_future()
        process.loop.call_later(self._latency(), self._arrive, process, request, answer)
        async with asyncio.timeout(_TIMEOUT_SECONDS):
            while not answer.done():
                await asyncio.wait({answer}, timeout=1)
                if process.loop.dead and not answer.done():
                    raise aiohttp.ServerDisconnectedError
        if lost == "after":
            raise aiohttp.ServerDisconnectedError
        return answer.result()

    def _listening(self) -> BotProcess | None:
        """Return one of the processes that are ready, None if there is none."""
        ready = [process for process in self._processes() if process.app is not None]
        return self._random.choose(ready) if ready else None

    def _latency(self) -> float:
        return latency(self._random)

    def _arrive(
        self, process: BotProcess, request: "_Request", answer: "asyncio.Future[web.Response]"
    ) -> None:
        """Let the bot handle a request, in a task of its own."""
        webhook = process.app.http.webhook if process.app else None
        if webhook is not None:
            posted: Any = request
            handling = process.loop.create_task(webhook.handle_post(posted))
            handling.add_done_callback(partial(self._send_back, answer, process))

    def _send_back(
        self,
        answer: "asyncio.Future[web.Response]",
        process: BotProcess,
        handling: "asyncio.Task[web.Response]",
    ) -> None:
        """Send a response back."""
        response = web.Response(status=500) if handling.cancelled() else handling.result()
        process.loop.call_later(self._latency(), _settle, answer, response)


class _Request:
    """Has what the webhook uses of ``aiohttp.web.Request``."""

    def __init__(self, headers: dict[str, str], body: bytes) -> None:
        self.headers = headers
        self._body = body

    async def read(self) -> bytes:
        """Return the body."""
        return self._body


class _Post:
    """A request whose response is received in a block."""

    def __init__(self, poster: Poster, request: _Request) -> None:
        self._poster = poster
        self._request = request

    async def __aenter__(self) -> "_Response":
        return _Response(await self._poster.exchange(self._request))

    async def __aexit__(self, *_error: object) -> None:
        """Close nothing."""


class _Response:
    """Has what the simulated Telegram uses of ``aiohttp.ClientResponse``."""

    def __init__(self, response: web.Response) -> None:
        self.status, self.reason = response.status, response.reason
        self.headers = response.headers

    async def text(self) -> str:
        """Return the body."""
        return ""


def _settle(answer: "asyncio.Future[Any]", response: web.Response) -> None:
    """Hand a response to its waiter, unless it gave up."""
    if not answer.done():
        answer.set_result(response)
