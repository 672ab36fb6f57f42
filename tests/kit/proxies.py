"""Proxies between replicas and the simulator: one for Bot API calls, one for webhook posts."""

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


class AttributedCalls(deque[CallRecord]):
    """All calls, without a limit, and the number of the replica that made each."""

    def __init__(self) -> None:
        super().__init__()
        self.callers: list[int] = []

    def append(self, call: CallRecord) -> None:
        """Add a call, and the replica that is making it."""
        self.callers.append(_CALLER.get())
        super().append(call)

    def by_replica(self, caller: int) -> list[CallRecord]:
        """Return the calls of one replica."""
        return [call for call, number in zip(self, self.callers, strict=True) if number == caller]


class ReplicaApiProxy:
    """Gives each replica its own Bot API address, to identify its calls.

    ``polls`` has the loop time and the replica of each ``getUpdates``.
    """

    def __init__(self, simulator: Simulator) -> None:
        self.calls = AttributedCalls()
        self.polls: list[tuple[float, int]] = []
        self._simulator = simulator
        simulator.transcript.calls = self.calls
        simulator.mount(self._add_routes)

    def address(self, number: int) -> str:
        """Return the Bot API address of a replica."""
        return f"{self._simulator.url}/of/{number}"

    @property
    def last_poller(self) -> int:
        """Return the replica that polled last, or 0."""
        return self.polls[-1][1] if self.polls else 0

    def _add_routes(self, application: web.Application) -> None:
        """Add the route of all replicas."""
        application.router.add_route("*", "/of/{number}/bot{token}/{method}", self._handle_call)

    async def _handle_call(self, request: web.Request) -> web.StreamResponse:
        """Record which replica makes a call, and let the simulator answer it."""
        caller = int(request.match_info["number"])
        _CALLER.set(caller)
        if request.match_info["method"].lower() == "getupdates":
            self.polls.append((asyncio.get_running_loop().time(), caller))
        return await self._simulator.serve_call(request)


class WebhookLoadBalancer:
    """Forwards webhook posts to the replicas in turn, skipping those that are down or not ready."""

    def __init__(self, ports: Sequence[int]) -> None:
        self._ports = deque(ports)
        self._session: aiohttp.ClientSession

    @asynccontextmanager
    async def serving(self, port: int) -> AsyncIterator[None]:
        """Serve on this port for a block."""
        application = web.Application()
        application.router.add_post("/{path:.*}", self._handle_post)
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        async with aiohttp.ClientSession() as self._session:
            await web.TCPSite(runner, "127.0.0.1", port).start()
            try:
                yield
            finally:
                await runner.cleanup()

    async def _handle_post(self, request: web.Request) -> web.Response:
        """Return the status of the first replica that answers.

        If a replica dies while it has the update, return 502: Telegram posts it again.
        """
        body = await request.read()
        self._ports.rotate()
        for port in tuple(self._ports):
            try:
                status = await self._forward(port, request, body)
            except aiohttp.ClientConnectorError:
                continue
            except aiohttp.ClientError:
                break
            if status != HTTPStatus.SERVICE_UNAVAILABLE:
                return web.Response(status=status)
        return web.Response(status=HTTPStatus.BAD_GATEWAY)

    async def _forward(self, port: int, request: web.Request, body: bytes) -> int:
        """Post an update to one replica, and return the status of its answer."""
        headers = {
            SECRET_HEADER: request.headers[SECRET_HEADER],
            "Content-Type": "application/json",
        }
        async with self._session.post(
            f"http://127.0.0.1:{port}{request.path}", data=body, headers=headers
        ) as response:
            return response.status
