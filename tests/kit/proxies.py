"""What stands between Telegram and several replicas: a proxy in front of them, and for each a way to Telegram by which it is known."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from contextvars import ContextVar
from http import HTTPStatus

import aiohttp
from aiohttp import web

from simulator.simulator import Simulator
from simulator.state.transcript import CallRecord
from tests.kit.http import SECRET_HEADER

_CALLER: ContextVar[int] = ContextVar("caller", default=0)


class Calls(deque[CallRecord]):
    """All calls, none of them forgotten, and beside each the number of the bot that made it."""

    def __init__(self) -> None:
        super().__init__()
        self.callers: list[int] = []

    def append(self, call: CallRecord) -> None:
        """Note a call."""
        self.callers.append(_CALLER.get())
        super().append(call)

    def of(self, caller: int) -> list[CallRecord]:
        """Return the calls of one bot."""
        return [call for call, who in zip(self, self.callers, strict=True) if who == caller]


class ReplicaApi:
    """Gives each bot an address of Telegram of its own, and notes in ``polls`` when which of them asked for updates."""

    def __init__(self, simulator: Simulator) -> None:
        self.calls = Calls()
        self.polls: list[tuple[float, int]] = []
        self._simulator = simulator
        simulator.transcript.calls = self.calls
        simulator.mount(self._add_to)

    def address(self, number: int) -> str:
        """Return the root of the Bot API for a bot."""
        return f"{self._simulator.url}/of/{number}"

    @property
    def poller(self) -> int:
        """Return who asked for updates last."""
        return self.polls[-1][1] if self.polls else 0

    def _add_to(self, application: web.Application) -> None:
        """Serve the addresses."""
        application.router.add_route("*", "/of/{number}/bot{token}/{method}", self._called)

    async def _called(self, request: web.Request) -> web.StreamResponse:
        """Pass on a call, and note who made it."""
        caller = int(request.match_info["number"])
        _CALLER.set(caller)
        if request.match_info["method"].lower() == "getupdates":
            self.polls.append((asyncio.get_running_loop().time(), caller))
        return await self._simulator._server.call(request)


class LoadBalancer:
    """Hands each update that is posted to the next replica; where that one is down, or not ready, to the one after it."""

    def __init__(self, ports: Sequence[int]) -> None:
        self._ports = deque(ports)
        self._session: aiohttp.ClientSession

    @asynccontextmanager
    async def serving(self, port: int) -> AsyncIterator[None]:
        """Serve on this port for a block."""
        application = web.Application()
        application.router.add_post("/{path:.*}", self._posted)
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        async with aiohttp.ClientSession() as self._session:
            await web.TCPSite(runner, "127.0.0.1", port).start()
            try:
                yield
            finally:
                await runner.cleanup()

    async def _posted(self, request: web.Request) -> web.Response:
        """Answer what a replica answers. One that dies with the update in hand has perhaps worked it: Telegram may decide."""
        body = await request.read()
        self._ports.rotate()
        for port in tuple(self._ports):
            try:
                status = await self._handed(port, request, body)
            except aiohttp.ClientConnectorError:
                continue
            except aiohttp.ClientError:
                break
            if status != HTTPStatus.SERVICE_UNAVAILABLE:
                return web.Response(status=status)
        return web.Response(status=HTTPStatus.BAD_GATEWAY)

    async def _handed(self, port: int, request: web.Request, body: bytes) -> int:
        """Hand an update to one replica and return the status of its answer."""
        headers = {
            SECRET_HEADER: request.headers[SECRET_HEADER],
            "Content-Type": "application/json",
        }
        async with self._session.post(
            f"http://127.0.0.1:{port}{request.path}", data=body, headers=headers
        ) as response:
            return response.status
