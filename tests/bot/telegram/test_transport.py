"""Requests with aiohttp: answers and errors like the library's client, without the token."""

import asyncio
import io
import traceback
from collections.abc import AsyncIterator

import pytest
import segno
from telegram import Bot
from telegram.error import (
    BadRequest,
    Conflict,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
    TimedOut,
)
from telegram.request import BaseRequest, HTTPXRequest

from bot.telegram.transport import AiohttpRequest
from simulator.faults import FaultKind
from simulator.simulator import Simulator
from simulator.state.people import Person
from tests.kit.waiting import until

TOKEN = "1:very-secret-token"
_SHORT = 0.3
FAULTS = [
    (FaultKind.FLOOD, 3, RetryAfter),
    (FaultKind.FLOOD, None, NetworkError),
    (FaultKind.SERVER_ERROR, None, NetworkError),
    (FaultKind.BAD_GATEWAY, None, NetworkError),
    (FaultKind.BLOCKED, None, Forbidden),
    (FaultKind.SILENCE, None, TimedOut),
    (FaultKind.SILENCE_AFTER, None, TimedOut),
    (FaultKind.CUT_BEFORE, None, NetworkError),
    (FaultKind.CUT_AFTER, None, NetworkError),
]


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    telegram = Simulator(token=TOKEN)
    await telegram.start()
    yield telegram
    await telegram.stop()


@pytest.fixture
def alice(simulator: Simulator) -> Person:
    person = simulator.person("Alice")
    person.sends("/start")
    return person


@pytest.fixture(params=[AiohttpRequest, HTTPXRequest], ids=["ours", "theirs"])
async def bot(request: pytest.FixtureRequest, simulator: Simulator) -> AsyncIterator[Bot]:
    async with _bot(simulator.url, request.param(read_timeout=_SHORT)) as open_bot:
        yield open_bot


def _bot(url: str, request: BaseRequest, *, token: str = TOKEN) -> Bot:
    return Bot(token, base_url=f"{url}/bot", request=request, get_updates_request=AiohttpRequest())


def _answer(body: bytes, status: int = 200) -> bytes:
    return b"HTTP/1.1 %d x\r\nContent-Length: %d\r\n\r\n%b" % (status, len(body), body)


def logged(error: BaseException) -> str:
    """Return everything a log could show of an error."""
    return "".join(traceback.format_exception(error)) + repr(error) + repr(error.__cause__)


@pytest.mark.parametrize(("fault", "retry_after", "error"), FAULTS)
async def test_errors_match_the_librarys_client(
    simulator: Simulator,
    alice: Person,
    bot: Bot,
    fault: FaultKind,
    retry_after: int | None,
    error: type[TelegramError],
) -> None:
    simulator.faults.add(fault, retry_after=retry_after)
    with pytest.raises(error) as caught:
        await bot.send_message(alice.id, "hi", read_timeout=_SHORT if error is TimedOut else None)

    assert type(caught.value) is error
    if error is TimedOut:
        assert caught.value.__cause__ is not None


@pytest.mark.parametrize(("fault", "retry_after", "error"), FAULTS)
async def test_no_error_contains_the_token(
    simulator: Simulator,
    alice: Person,
    fault: FaultKind,
    retry_after: int | None,
    error: type[TelegramError],
) -> None:
    async with _bot(simulator.url, AiohttpRequest(read_timeout=0.3)) as bot:
        simulator.faults.add(fault, retry_after=retry_after)
        with pytest.raises(error) as caught:
            await bot.send_message(alice.id, "hi")

    assert TOKEN not in logged(caught.value)


async def test_a_missing_server_is_a_network_error_without_the_token() -> None:
    bot = _bot("http://127.0.0.1:9", AiohttpRequest())
    with pytest.raises(NetworkError) as caught:
        await bot.initialize()
    await bot.shutdown()

    assert type(caught.value) is NetworkError
    assert TOKEN not in logged(caught.value)


async def test_a_pool_timeout_is_a_timeout_without_the_token(
    simulator: Simulator, alice: Person
) -> None:
    async with _bot(
        simulator.url, AiohttpRequest(connections=1, pool_timeout=0.2, read_timeout=5)
    ) as bot:
        simulator.faults.add(FaultKind.SILENCE, method="sendMessage")
        hung = asyncio.create_task(bot.send_message(alice.id, "hi"))
        await until(lambda: simulator.transcript.calls_of("sendMessage"))
        with pytest.raises(TimedOut) as caught:
            await bot.get_me()
        hung.cancel()
        await asyncio.gather(hung, return_exceptions=True)

    assert TOKEN not in logged(caught.value)


async def test_the_timeout_of_one_call_overrides_the_transports(
    simulator: Simulator, alice: Person
) -> None:
    async with _bot(simulator.url, AiohttpRequest(read_timeout=60)) as bot:
        simulator.faults.add(FaultKind.SILENCE)
        with pytest.raises(TimedOut):
            await bot.send_message(alice.id, "hi", read_timeout=0.1)


async def test_bad_requests_conflicts_and_refused_tokens_raise_different_errors(
    simulator: Simulator, alice: Person, bot: Bot
) -> None:
    with pytest.raises(BadRequest, match="Can't parse entities"):
        await bot.send_message(alice.id, "<b>", parse_mode="HTML")
    await simulator.call("setWebhook", {"url": "https://bot.invalid/hook"})
    with pytest.raises(Conflict):
        await bot.get_updates()
    simulator.world.token = "1:new"
    with pytest.raises(InvalidToken):
        await bot.get_me()


@pytest.mark.parametrize("status", [302, 400, 401, 403, 404, 407, 409, 429, 500, 503])
async def test_a_page_from_a_proxy_is_a_network_error(
    serve_raw: "Serve", status: int, caplog: pytest.LogCaptureFixture
) -> None:
    url = await serve_raw(
        f"HTTP/1.1 {status} x\r\nLocation: /elsewhere\r\nContent-Length: 6\r\n\r\n<html>".encode()
    )
    bot = _bot(url, AiohttpRequest())
    with pytest.raises(NetworkError) as caught:
        await bot.initialize()
    await bot.shutdown()

    assert type(caught.value) is NetworkError
    assert TOKEN not in logged(caught.value)
    assert "html" not in caplog.text


@pytest.mark.parametrize("status", [302, 400, 401, 403, 404, 409, 429, 500])
@pytest.mark.parametrize(
    "body",
    [
        b'{"message":"no Route matched"}',
        b'{"error":"forbidden","description":"by the rules of this network"}',
        b'{"ok":true,"result":true}',
        b'{"ok":false}',
        b'{"ok":false,"description":5}',
        b'{"ok":false,"description":"Too Many Requests","parameters":[1]}',
        b'{"ok":false,"description":"Too Many Requests","parameters":{"retry_after":"soon"}}',
        b"[" * 100_000,
        b'[{"ok":false,"description":"Forbidden"}]',
        b"{",
    ],
)
async def test_json_from_a_proxy_is_a_network_error(
    serve_raw: "Serve", status: int, body: bytes
) -> None:
    bot = _bot(await serve_raw(_answer(body, status)), AiohttpRequest())
    with pytest.raises(NetworkError) as caught:
        await bot.initialize()
    await bot.shutdown()

    assert type(caught.value) is NetworkError
    assert TOKEN not in logged(caught.value)


@pytest.mark.parametrize(
    "body",
    [b"{}", b'{"ok":false}', b'{"ok":true}', b"[]", b'["result"]', b"null", b"7", b'"result"'],
)
async def test_an_answer_without_a_result_is_a_network_error(
    serve_raw: "Serve", body: bytes
) -> None:
    bot = _bot(await serve_raw(_answer(body)), AiohttpRequest())
    with pytest.raises(NetworkError, match="no Bot API server"):
        await bot.initialize()
    await bot.shutdown()


@pytest.mark.parametrize("body", [b"not json", b"", b"\xff\xfe", b'{"ok": true, "resu'])
async def test_broken_json_is_a_network_error_and_not_logged(
    serve_raw: "Serve", body: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    bot = _bot(await serve_raw(_answer(body)), AiohttpRequest())
    with pytest.raises(NetworkError, match="no JSON") as caught:
        await bot.initialize()
    await bot.shutdown()

    assert type(caught.value) is NetworkError
    assert TOKEN not in logged(caught.value)
    assert caplog.records == []


async def test_an_answer_cut_in_the_middle_is_a_network_error(serve_raw: "Serve") -> None:
    url = await serve_raw(b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"ok"')
    bot = _bot(url, AiohttpRequest())
    with pytest.raises(NetworkError):
        await bot.initialize()
    await bot.shutdown()


async def test_a_lone_surrogate_is_left_out_of_the_request(
    simulator: Simulator, alice: Person
) -> None:
    async with _bot(simulator.url, AiohttpRequest()) as bot:
        await bot.send_message(alice.id, "half a \ud83d smile & a whole 😀 one")

    assert alice.chat.last_from_bot.text == "half a  smile & a whole 😀 one"


async def test_a_file_is_sent_whole(alice: Person, bot: Bot) -> None:
    picture = io.BytesIO()
    segno.make("https://t.me/x", error="m").save(picture, kind="png", scale=12)
    content = picture.getvalue()
    await bot.send_photo(alice.id, content, caption="<b>Scan</b> ü", parse_mode="HTML")

    photo = alice.chat.last_from_bot.photo
    assert photo is not None
    assert photo.content == content
    assert alice.chat.last_from_bot.text == "Scan ü"


async def test_opening_and_closing_twice_does_no_harm() -> None:
    request = AiohttpRequest()
    await request.shutdown()
    await request.initialize()
    await request.initialize()
    await request.shutdown()
    await request.shutdown()
    with pytest.raises(RuntimeError, match="not open"):
        await request.do_request("http://127.0.0.1:9", "POST")


class Serve:
    """Starts servers that answer every request with the same bytes and close the connection."""

    def __init__(self) -> None:
        self._servers: list[asyncio.Server] = []

    async def __call__(self, answer: bytes) -> str:
        async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(answer)
            await writer.drain()
            writer.close()

        server = await asyncio.start_server(respond, "127.0.0.1", 0)
        self._servers.append(server)
        return f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"

    async def close(self) -> None:
        for server in self._servers:
            server.close()
            await server.wait_closed()


@pytest.fixture
async def serve_raw() -> AsyncIterator[Serve]:
    servers = Serve()
    yield servers
    await servers.close()
