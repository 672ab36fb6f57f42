"""Connection limits: how many are open, how long each may take, and which one makes room."""

import asyncio
import os
import resource
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, closing, suppress

import pytest
from telegram import Update
from telegram.ext import MessageHandler, filters

from bot.dialogue.context import Context
from bot.http.connections import ConnectionLimits, default_connection_limit
from bot.http.server import HttpServer
from bot.observability.instrumented import BacklogGauge
from bot.settings import Address
from bot.updates.webhook import Webhook
from tests.kit.bot import BotHarness, running
from tests.kit.http import SECRET, SECRET_HEADER, http_request
from tests.kit.waiting import until

pytestmark = pytest.mark.engines("sqlite")

HALF = b"GET /healthz HTTP/1.1\r\nHost: "
WHOLE = b"GET /healthz HTTP/1.1\r\nHost: example.org\r\n\r\n"
POST = (
    "POST /telegram HTTP/1.1\r\nHost: example.org\r\nContent-Length: 100\r\n"
    f"{SECRET_HEADER}: {SECRET}\r\n\r\n"
).encode()
UNKNOWN = POST.replace(SECRET.encode(), b"a guess")

Serves = Callable[..., AbstractAsyncContextManager[HttpServer]]


class Client:
    """A client that writes bytes and waits for what comes back."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def answered(self) -> int:
        """Read the next answer and return its status."""
        async with asyncio.timeout(30):
            header = await self.reader.readuntil(b"\r\n\r\n")
            length = next(
                int(line.split(b":")[1])
                for line in header.split(b"\r\n")
                if line.lower().startswith(b"content-length:")
            )
            await self.reader.readexactly(length)
        return int(header.split()[1])

    async def closed(self) -> bytes:
        """Wait until the server closes the connection; return what it sent before."""
        async with asyncio.timeout(30):
            with suppress(ConnectionError):
                return await self.reader.read()
        return b""

    @property
    def is_open(self) -> bool:
        """Whether the server has not closed the connection, as far as the client knows."""
        return not self.reader.at_eof() and self.reader.exception() is None


@pytest.fixture
async def bot(database_url: str) -> AsyncIterator[BotHarness]:
    async with running(BotHarness(database_url)) as harness:
        yield harness


@pytest.fixture
def serves(bot: BotHarness) -> Serves:
    """Serve the bot over HTTP for a block with short limits; the unnamed ones are out of reach."""

    @asynccontextmanager
    async def served(*, body_timeout: float = 60, **limits: float) -> AsyncIterator[HttpServer]:
        app = bot.app
        generous = {
            "header_timeout": 60,
            "idle_timeout": 60,
            "write_timeout": 60,
            "lingering_time": 60,
        }
        webhook = Webhook("/telegram", SECRET, app.receiver, body_timeout=body_timeout)
        webhook.open()
        backlog = BacklogGauge(app.database, app.metrics, app.clock)
        chosen = ConnectionLimits(**{**generous, **limits})  # type: ignore[arg-type]
        http = HttpServer(
            Address("127.0.0.1", 0), (), app.jobs, app.metrics, backlog, webhook, chosen
        )
        async with http.serving():
            yield http

    return served


@asynccontextmanager
async def connected(http: HttpServer, sent: bytes = b"") -> AsyncIterator[Client]:
    """Connect for a block, and send bytes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", http.port)
    writer.write(sent)
    try:
        yield Client(reader, writer)
    finally:
        writer.close()


async def sends_without_end(client: socket.socket, request: bytes) -> None:
    """Send a request repeatedly without reading an answer."""
    while True:
        await asyncio.get_running_loop().sock_sendall(client, request * 1000)


class Gate:
    """A handler that waits until the test lets it through."""

    def __init__(self, bot: BotHarness) -> None:
        self.reached = False
        self.opened = asyncio.Event()
        bot.adds_handler(MessageHandler(filters.Regex("^wait"), self.passes))
        self.update = bot.person_named("Alice").person.sends("wait")
        bot.simulator.take_updates()

    async def passes(self, _update: Update, _context: Context) -> None:
        self.reached = True
        await self.opened.wait()

    @asynccontextmanager
    async def posted_to(self, http: HttpServer) -> AsyncIterator[None]:
        """Post the update, keep it in progress for a block, then require an answer."""
        request = http_request(
            http.port, "/telegram", method="POST", json=self.update, headers={SECRET_HEADER: SECRET}
        )
        post = asyncio.create_task(request)
        await until(lambda: self.reached)
        try:
            yield
        finally:
            self.opened.set()
            answer = await post
        assert answer.status == 200


async def test_an_endless_header_is_cut_off_even_if_bytes_keep_coming(
    serves: Serves,
) -> None:
    async with serves(header_timeout=0.3) as http, connected(http, HALF) as slow:
        closed = asyncio.create_task(slow.closed())
        while not closed.done():
            slow.writer.write(b"x")
            await asyncio.sleep(0.02)

        assert await closed == b""


async def test_a_connection_that_sends_nothing_is_closed(serves: Serves) -> None:
    async with serves(header_timeout=0.1) as http, connected(http) as silent:
        assert await silent.closed() == b""


async def test_the_header_timeout_restarts_with_the_first_byte_after_an_answer(
    serves: Serves,
) -> None:
    async with (
        serves(header_timeout=0.3) as http,
        connected(http, WHOLE) as slow,
        connected(http, WHOLE) as idle,
    ):
        assert (await slow.answered(), await idle.answered()) == (200, 200)
        slow.writer.write(HALF)
        assert await slow.closed() == b""

        idle.writer.write(WHOLE)
        assert await idle.answered() == 200


async def test_an_idle_connection_is_closed(serves: Serves) -> None:
    async with serves(idle_timeout=0.2) as http, connected(http, WHOLE) as idle:
        assert await idle.answered() == 200
        assert await idle.closed() == b""


async def test_an_incomplete_webhook_body_is_a_request_timeout(serves: Serves) -> None:
    async with (
        serves(body_timeout=0.2, lingering_time=0.1) as http,
        connected(http, POST + b'{"update_id":') as slow,
    ):
        assert await slow.answered() == 408
        assert await slow.closed() == b""


async def test_the_server_does_not_wait_for_a_body_that_no_handler_reads(serves: Serves) -> None:
    async with (
        serves(lingering_time=0.1) as http,
        connected(http, UNKNOWN + b'{"update_id":') as stranger,
    ):
        assert await stranger.answered() == 403
        assert await stranger.closed() == b""


async def test_a_client_that_reads_no_answers_is_cut_off(serves: Serves) -> None:
    loop = asyncio.get_running_loop()
    async with serves(write_timeout=0.3) as http:
        with closing(socket.socket()) as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.settimeout(0)
            await loop.sock_connect(client, ("127.0.0.1", http.port))
            with pytest.raises(ConnectionError):
                await asyncio.wait_for(
                    sends_without_end(client, WHOLE.replace(b"/healthz", b"/metrics")), 30
                )


async def test_a_full_server_closes_the_connection_that_has_waited_longest(serves: Serves) -> None:
    async with (
        serves(connections=3) as http,
        connected(http, HALF) as first,
        connected(http, WHOLE) as second,
        connected(http, HALF) as third,
    ):
        assert await second.answered() == 200
        assert (await http_request(http.port, "/healthz")).status == 200

        assert await first.closed() == b""
        third.writer.write(b"example.org\r\n\r\n")
        assert await third.answered() == 200
        assert second.is_open


async def test_a_request_in_progress_is_not_closed_to_make_room(
    bot: BotHarness, serves: Serves
) -> None:
    async with serves(connections=2) as http, Gate(bot).posted_to(http):
        for _ in range(5):
            async with connected(http, HALF) as waiting:
                assert (await http_request(http.port, "/healthz")).status == 200
                assert await waiting.closed() == b""


async def test_a_server_busy_on_all_connections_refuses_the_next_one_at_once(
    bot: BotHarness, serves: Serves
) -> None:
    async with serves(connections=1) as http:
        async with Gate(bot).posted_to(http), connected(http, WHOLE) as refused:
            assert await refused.closed() == b""

        assert (await http_request(http.port, "/healthz")).status == 200


@pytest.fixture
def descriptor_limit() -> Iterator[Callable[[int], None]]:
    """Set the process's soft descriptor limit, and restore it after the test."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    yield lambda soft: resource.setrlimit(resource.RLIMIT_NOFILE, (soft, before[1]))
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


@pytest.mark.parametrize(
    ("descriptors", "connections"), [(64, 8), (256, 32), (1024, 128), (4096, 128)]
)
def test_most_descriptors_are_left_for_telegram_and_the_database(
    descriptor_limit: Callable[[int], None], descriptors: int, connections: int
) -> None:
    descriptor_limit(descriptors)

    assert default_connection_limit() == connections


async def test_the_server_accepts_again_once_descriptors_are_free(
    serves: Serves, descriptor_limit: Callable[[int], None], caplog: pytest.LogCaptureFixture
) -> None:
    loop = asyncio.get_running_loop()
    async with serves() as http:
        with closing(socket.socket()) as client:
            client.settimeout(0)
            lowest_free = os.dup(0)
            os.close(lowest_free)
            descriptor_limit(lowest_free)
            await loop.sock_connect(client, ("127.0.0.1", http.port))
            await loop.sock_sendall(client, WHOLE)
            await until(lambda: "cannot accept connections" in caplog.text)
            descriptor_limit(lowest_free + 100)
            async with asyncio.timeout(30):
                assert (await loop.sock_recv(client, 100)).startswith(b"HTTP/1.1 200 ")

    assert len(caplog.records) < 10
