"""The HTTP server: health, readiness with its reasons, and what it keeps to itself."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any

import pytest

from bot.http.server import CannotListen
from bot.lifecycle import run
from bot.settings import Address, Settings
from simulator.faults import FaultKind
from simulator.simulator import Simulator
from tests.kit.bot import TOKEN
from tests.kit.http import HttpBot, http_request
from tests.kit.raw_database import run_sql
from tests.kit.waiting import until


@pytest.fixture
async def bot(database_url: str) -> AsyncIterator[HttpBot]:
    """A bot with its HTTP server open, shortly after Telegram answered."""
    harness = HttpBot(database_url)
    await harness.starts()
    harness.app.heartbeat.beat()
    yield harness
    await harness.ends()
    assert harness.simulator.transcript.warnings == []


async def readiness(bot: HttpBot) -> tuple[int, dict[str, Any]]:
    """Request readiness after the cached result of the database check has expired."""
    bot.now += timedelta(seconds=5)
    answer = await bot.request("/readyz")
    body = json.loads(answer.text)
    all_ok = all(result == "ok" for result in body["checks"].values())
    assert body["ready"] is (answer.status == 200) is all_ok
    return answer.status, body["checks"]


def execute(bot: HttpBot, statement: str) -> None:
    """Change the database behind the bot's back."""
    run_sql(bot.app.database.url, statement)


async def test_a_running_bot_is_healthy_and_ready(bot: HttpBot) -> None:
    alive = await bot.request("/healthz")

    assert (alive.status, alive.text) == (200, "ok")
    assert await readiness(bot) == (
        200,
        {
            "database": "ok",
            "migrations": "ok",
            "updates": "ok",
            "delivery": "ok",
            "telegram": "ok",
            "draining": "ok",
        },
    )


async def test_the_bot_is_unhealthy_while_due_jobs_have_not_run_for_a_minute(
    bot: HttpBot,
) -> None:
    heartbeat = bot.app.jobs.heartbeat
    await bot.run_due()
    heartbeat.last_beat = asyncio.get_running_loop().time() - 59
    assert (await bot.request("/healthz")).status == 200
    heartbeat.last_beat = asyncio.get_running_loop().time() - 61
    dead = await bot.request("/healthz")
    assert (dead.status, dead.text) == (503, "due jobs have not run for a minute")

    await bot.run_due()
    assert (await bot.request("/healthz")).status == 200


@pytest.mark.changes_schema
async def test_the_bot_is_not_ready_without_the_tables_it_needs(bot: HttpBot) -> None:
    execute(bot, "ALTER TABLE person RENAME TO elsewhere")
    status, checks = await readiness(bot)
    assert (status, checks["migrations"]) == (503, "ok")
    assert checks["database"] in {"OperationalError", "ProgrammingError"}

    execute(bot, "ALTER TABLE elsewhere RENAME TO person")
    assert (await readiness(bot))[0] == 200


async def test_the_bot_is_not_ready_while_the_database_does_not_answer(
    bot: HttpBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with AsyncExitStack() as readers:
        for _ in range(4):
            await readers.enter_async_context(bot.app.database.snapshot())
        with monkeypatch.context() as patient:
            patient.setattr("bot.observability.health.CHECK_TIMEOUT_SECONDS", 0.2)
            status, checks = await readiness(bot)
        assert (status, checks["database"]) == (503, "no answer within 0 seconds")

    assert (await readiness(bot))[0] == 200


@pytest.mark.changes_schema
async def test_an_older_schema_is_not_ready_and_a_newer_one_is(
    bot: HttpBot,
) -> None:
    execute(bot, "UPDATE alembic_version SET version_num = '0001'")
    status, checks = await readiness(bot)
    assert (status, checks["migrations"]) == (503, "the schema is not the one this version needs")

    execute(bot, "UPDATE alembic_version SET version_num = '9999'")
    assert (await readiness(bot))[0] == 200


async def test_the_bot_is_not_ready_after_ninety_seconds_of_silence_from_telegram(
    bot: HttpBot,
) -> None:
    heartbeat = bot.app.heartbeat
    for silence, status, result in (
        (89, 200, "ok"),
        (91, 503, "Telegram has been silent for 91 seconds"),
    ):
        heartbeat.last_beat = asyncio.get_running_loop().time() - silence
        found, checks = await readiness(bot)
        assert (found, checks["telegram"]) == (status, result)

    heartbeat.beat()
    assert (await readiness(bot))[0] == 200


async def test_the_bot_is_not_ready_before_telegram_was_reached(bot: HttpBot) -> None:
    bot.app.heartbeat.last_beat = None
    status, checks = await readiness(bot)

    assert (status, checks["telegram"]) == (503, "Telegram has not been reached yet")


async def test_a_draining_bot_is_healthy_but_not_ready(bot: HttpBot) -> None:
    bot.app.http.drain()
    status, checks = await readiness(bot)

    assert (status, checks["draining"]) == (503, "the bot is shutting down")
    assert (await bot.request("/healthz")).status == 200


async def test_failing_checks_are_logged_once(
    bot: HttpBot, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "bot.http.server")
    bot.app.heartbeat.last_beat = None
    for _ in range(3):
        await bot.request("/readyz")
    bot.app.heartbeat.beat()
    for _ in range(3):
        await bot.request("/readyz")

    assert [record.message for record in caplog.records] == [
        "not ready: telegram: Telegram has not been reached yet",
        "ready",
    ]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/", 404), ("POST", "/telegram", 404), ("POST", "/healthz", 405)],
)
async def test_other_requests_get_a_short_error(
    bot: HttpBot, method: str, path: str, status: int
) -> None:
    answer = await bot.request(path, method=method)

    assert answer.status == status
    assert len(answer.text) < 30
    assert answer.headers["Server"] == "slotkeeper"


async def test_invalid_http_is_rejected_and_not_copied_into_the_log(
    bot: HttpBot, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    reader, writer = await asyncio.open_connection("127.0.0.1", bot.app.http.port)
    writer.write(b"POST / HTTP/1.1\r\nX-Telegram-Bot-Api-Secret-Token : hush\x00hush\r\n\r\n")
    assert (await reader.read()).startswith(b"HTTP/1.0 400 ")
    writer.close()

    assert "rejected a request that is not valid HTTP" in caplog.text
    assert "hush" not in caplog.text
    assert not [record for record in caplog.records if record.levelno > logging.INFO]


@pytest.mark.engines("sqlite")
async def test_two_bots_cannot_listen_at_one_address(bot: HttpBot, database_url: str) -> None:
    second = HttpBot(database_url, listen=f"127.0.0.1:{bot.app.http.port}")
    with pytest.raises(
        CannotListen,
        match=rf"^LISTEN: cannot listen on 127\.0\.0\.1:{bot.app.http.port}: .+\.$",
    ):
        await second.starts()
    await second.ends()


@pytest.mark.engines("sqlite")
async def test_the_bot_runs_without_its_http_server_if_the_default_port_is_taken(
    bot: HttpBot, database_url: str, simulator: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    class OtherDefault(Settings):
        listen: Address = Address("127.0.0.1", bot.app.http.port or 0)

    settings = OtherDefault(
        _env_file=None, telegram_api_url=simulator.url, database_url=database_url
    )
    task = asyncio.create_task(run(settings, TOKEN))
    alice = simulator.person("Alice")
    alice.sends("/help")
    await until(lambda: [message for message in alice.chat.messages if message.sender == "bot"])
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)

    assert "The bot continues without its HTTP server." in caplog.text


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    telegram = Simulator(token=TOKEN)
    await telegram.start()
    yield telegram
    await telegram.stop()


async def test_the_bot_is_ready_from_telegrams_first_answer_until_it_is_stopped(
    simulator: Simulator, database_url: str, unused_tcp_port: int
) -> None:
    settings = Settings(
        _env_file=None,
        telegram_api_url=simulator.url,
        database_url=database_url,
        listen=f"127.0.0.1:{unused_tcp_port}",
    )
    simulator.faults.add(FaultKind.SERVER_ERROR, method="getMe", times=2)
    alice = simulator.person("Alice")
    alice.sends("/help")
    task = asyncio.create_task(run(settings, TOKEN))
    await until(lambda: simulator.transcript.calls_of("getMe"))
    starting = await http_request(unused_tcp_port, "/readyz")
    alive = await http_request(unused_tcp_port, "/healthz")
    await until(lambda: [message for message in alice.chat.messages if message.sender == "bot"])
    ready = await http_request(unused_tcp_port, "/readyz")
    simulator.faults.add(FaultKind.SILENCE, method="sendMessage", times=None)
    alice.sends("/help")
    await until(lambda: len(simulator.transcript.calls_of("sendMessage")) == 2)
    task.cancel()
    ending = await http_request(unused_tcp_port, "/readyz")
    await asyncio.gather(task, return_exceptions=True)

    assert (starting.status, alive.status, ready.status, ending.status) == (503, 200, 200, 503)
    assert json.loads(ending.text)["checks"]["draining"] == "the bot is shutting down"
