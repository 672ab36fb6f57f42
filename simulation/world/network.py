"""The network between the bot and the simulated Telegram, with virtual latency.

It stands in for ``aiohttp.ClientSession`` and raises aiohttp's own errors, so the bot's transport
and its mapping of errors are part of the simulation. A request that was sent arrives, even if its
sender is killed.
"""

import asyncio
import email.policy
from collections.abc import Callable
from email.parser import BytesParser
from typing import Any
from urllib.parse import parse_qsl

import aiohttp
from aiohttp.abc import AbstractStreamWriter

from bot.telegram.transport import method_of
from simulation.world.kernel import ProcessLoop
from simulation.world.streams import Stream
from simulator.api.calls import Upload
from simulator.api.dispatch import Reply
from simulator.simulator import Simulator
from simulator.state.raw import dumped

_SHORTEST_SECONDS, _SPREAD_SECONDS = 0.02, 0.08


def latency(random: Stream) -> float:
    """Return the seconds that a message takes through the network."""
    return _SHORTEST_SECONDS + random.random() * _SPREAD_SECONDS


class Network:
    """Carries requests to Telegram, whose methods run on its own event loop."""

    def __init__(self, telegram: ProcessLoop, simulator: Simulator, random: Stream) -> None:
        self.before_call: Callable[[str], None] = lambda _method: None
        self._telegram = telegram
        self._simulator = simulator
        self._random = random

    def open_session(self, _connections: int, _user_agent: str) -> Any:
        """Open a session, as ``bot.telegram.transport.open_session`` does."""
        return _Session(self)

    def latency(self) -> float:
        """Return the seconds that the next message takes."""
        return latency(self._random)

    async def exchange(self, url: str, data: Any) -> Reply:
        """Send a request to Telegram and return its reply; a reply may never come."""
        params, files = await _parameters(data)
        sender = asyncio.get_running_loop()
        answer: asyncio.Future[Reply] = sender.create_future()

        async def serve() -> None:
            self.before_call(method_of(url))
            reply = await self._simulator.call(method_of(url), params, files)
            sender.call_later(self.latency(), _deliver, answer, reply)

        sender.call_later(self.latency(), lambda: self._telegram.start(serve()))
        return await answer


class _Session:
    """Has what the transport uses of ``aiohttp.ClientSession``."""

    def __init__(self, network: Network) -> None:
        self.closed = False
        self._network = network

    def request(
        self,
        _method: str,
        url: str,
        *,
        data: Any,
        headers: object,
        timeout: aiohttp.ClientTimeout,
        allow_redirects: bool,
    ) -> "_Request":
        """Send a request and receive its response in a block."""
        del headers, allow_redirects
        return _Request(self._network, url, data, timeout.sock_read)

    async def close(self) -> None:
        """Close the session."""
        self.closed = True


class _Request:
    """A request whose response is received in a block."""

    def __init__(self, network: Network, url: str, data: Any, read_timeout: float | None) -> None:
        self._network = network
        self._url = url
        self._data = data
        self._read_timeout = read_timeout

    async def __aenter__(self) -> "_Response":
        try:
            async with asyncio.timeout(self._read_timeout):
                reply = await self._network.exchange(self._url, self._data)
        except TimeoutError as error:
            raise aiohttp.SocketTimeoutError from error
        if reply.fate == "cut":
            raise aiohttp.ServerDisconnectedError
        return _Response(reply)

    async def __aexit__(self, *_error: object) -> None:
        """Close nothing."""


class _Response:
    """A status and a body."""

    def __init__(self, reply: Reply) -> None:
        self.status = reply.status
        self._body = reply.body

    async def read(self) -> bytes:
        """Return the body."""
        return self._body.encode() if isinstance(self._body, str) else dumped(self._body)


def _deliver(answer: "asyncio.Future[Reply]", reply: Reply) -> None:
    """Hand a reply to its waiter, unless it gave up; a silent server sends nothing."""
    if reply.fate != "silent" and not answer.done():
        answer.set_result(reply)


async def _parameters(data: Any) -> tuple[dict[str, Any], dict[str, Upload]]:
    """Return the parameters and files in the body of a request."""
    if data is None:
        return {}, {}
    if isinstance(data, bytes):
        return dict(parse_qsl(data.decode(), keep_blank_values=True)), {}
    form = data()
    body = _Body()
    await form.write(body)
    return _parts(form.headers["Content-Type"], b"".join(body.chunks))


def _parts(content_type: str, body: bytes) -> tuple[dict[str, Any], dict[str, Upload]]:
    """Return the fields and files of a multipart body."""
    message = BytesParser(policy=email.policy.HTTP).parsebytes(
        f"Content-Type: {content_type}\r\n\r\n".encode() + body
    )
    params: dict[str, Any] = {}
    files: dict[str, Upload] = {}
    for part in message.iter_parts():
        name = str(part.get_param("name", header="content-disposition"))
        content, filename = part.get_payload(decode=True), part.get_filename()
        if not isinstance(content, bytes):
            raise TypeError("a part of a form has parts")
        if filename is None:
            params[name] = content.decode()
        else:
            files[name] = Upload(filename, part.get_content_type(), content)
    return params, files


class _Body(AbstractStreamWriter):
    """Collects what a form writes."""

    def __init__(self) -> None:
        self.chunks: list[bytes] = []

    async def write(self, chunk: Any) -> None:
        """Collect a chunk."""
        self.chunks.append(bytes(chunk))

    async def write_eof(self, chunk: bytes = b"") -> None:
        """Collect the last chunk."""
        self.chunks.append(chunk)

    async def drain(self) -> None:
        """Do nothing."""

    def enable_compression(self, *_args: Any, **_options: Any) -> None:
        """Do nothing."""

    def enable_chunking(self) -> None:
        """Do nothing."""

    async def write_headers(self, _status_line: str, _headers: Any) -> None:
        """Do nothing."""
