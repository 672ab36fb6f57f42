"""The HTTP side: whether the bot is alive, whether it is of use and why not, and what nobody should learn from it."""

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
from tests.kit.http import ServedBot, visits
from tests.kit.raw_database import changes
from tests.kit.waiting import until


@pytest.fixture
async def bot(database_url: str) -> AsyncIterator[ServedBot]:
    """A town whose bot has its HTTP side open; Telegram was heard of just now."""
    place = ServedBot(database_url)
    await place.starts()
    place.app.heartbeat.beat()
    yield place
    await place.ends()
    assert place.simulator.transcript.warnings == []


async def readiness(bot: ServedBot) -> tuple[int, dict[str, Any]]:
    """Ask whether the bot is ready once the last result of the database check is too old to be used again."""
    bot.now += timedelta(seconds=5)
    answer = await bot.asks("/readyz")
    told = json.loads(answer.text)
    assert (
        told["ready"]
        is (answer.status == 200)
        is all(said == "ok" for said in told["checks"].values())
    )
    return answer.status, told["checks"]


def executes(bot: ServedBot, statement: str) -> None:
    """Change the database behind the bot's back."""
    changes(bot.app.database.url, statement)


async def test_it_is_alive_and_of_use(bot: ServedBot) -> None:
    alive = await bot.asks("/healthz")

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


async def test_it_is_not_alive_once_nothing_due_was_done_for_a_minute_until_it_is_again(
    bot: ServedBot,
) -> None:
    pulse = bot.app.jobs.pulse
    await bot.run_due()
    pulse.last_beat = asyncio.get_running_loop().time() - 59
    assert (await bot.asks("/healthz")).status == 200
    pulse.last_beat = asyncio.get_running_loop().time() - 61
    dead = await bot.asks("/healthz")
    assert (dead.status, dead.text) == (503, "what falls due has not been done for a minute")

    await bot.run_due()
    assert (await bot.asks("/healthz")).status == 200


@pytest.mark.changes_schema
async def test_it_is_of_no_use_without_what_the_database_should_hold(bot: ServedBot) -> None:
    executes(bot, "ALTER TABLE client RENAME TO elsewhere")
    status, checks = await readiness(bot)
    assert (status, checks["migrations"]) == (503, "ok")
    assert checks["database"] in {"OperationalError", "ProgrammingError"}

    executes(bot, "ALTER TABLE elsewhere RENAME TO client")
    assert (await readiness(bot))[0] == 200


async def test_it_is_of_no_use_while_the_database_does_not_answer(
    bot: ServedBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.observability.health._PATIENCE", 0.2)
    async with AsyncExitStack() as readers:
        for _ in range(4):
            await readers.enter_async_context(bot.app.database.snapshot())
        status, checks = await readiness(bot)
        assert (status, checks["database"]) == (503, "no answer within 0 seconds")

    assert (await readiness(bot))[0] == 200


@pytest.mark.changes_schema
async def test_it_is_of_no_use_on_an_older_database_and_goes_on_with_one_that_another_replica_renewed(
    bot: ServedBot,
) -> None:
    executes(bot, "UPDATE alembic_version SET version_num = '0001'")
    status, checks = await readiness(bot)
    assert (status, checks["migrations"]) == (503, "the schema is not the one this version needs")

    executes(bot, "UPDATE alembic_version SET version_num = '9999'")
    assert (await readiness(bot))[0] == 200


async def test_it_is_of_no_use_while_telegram_is_silent_for_longer_than_ninety_seconds(
    bot: ServedBot,
) -> None:
    pulse = bot.app.heartbeat
    for silence, status, said in (
        (89, 200, "ok"),
        (91, 503, "Telegram has been silent for 91 seconds"),
    ):
        pulse.last_beat = asyncio.get_running_loop().time() - silence
        found, checks = await readiness(bot)
        assert (found, checks["telegram"]) == (status, said)

    pulse.beat()
    assert (await readiness(bot))[0] == 200


async def test_it_is_of_no_use_before_telegram_was_reached(bot: ServedBot) -> None:
    bot.app.heartbeat.last_beat = None
    status, checks = await readiness(bot)

    assert (status, checks["telegram"]) == (503, "Telegram has not been reached yet")


async def test_it_is_alive_but_of_no_use_once_it_is_about_to_end(bot: ServedBot) -> None:
    bot.app.http.drain()
    status, checks = await readiness(bot)

    assert (status, checks["draining"]) == (503, "the bot is about to end")
    assert (await bot.asks("/healthz")).status == 200


async def test_what_is_amiss_is_logged_once(
    bot: ServedBot, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "bot.http.server")
    bot.app.heartbeat.last_beat = None
    for _ in range(3):
        await bot.asks("/readyz")
    bot.app.heartbeat.beat()
    for _ in range(3):
        await bot.asks("/readyz")

    assert [record.message for record in caplog.records] == [
        "not ready: telegram: Telegram has not been reached yet",
        "ready",
    ]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/", 404), ("POST", "/telegram", 404), ("POST", "/healthz", 405)],
)
async def test_whoever_asks_for_anything_else_learns_nothing(
    bot: ServedBot, method: str, path: str, status: int
) -> None:
    answer = await bot.asks(path, method=method)

    assert answer.status == status
    assert len(answer.text) < 30
    assert answer.headers["Server"] == "slotkeeper"


async def test_what_is_no_http_is_turned_away_and_not_repeated_in_the_log(
    bot: ServedBot, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    reader, writer = await asyncio.open_connection("127.0.0.1", bot.app.http.port)
    writer.write(b"POST / HTTP/1.1\r\nX-Telegram-Bot-Api-Secret-Token : hush\x00hush\r\n\r\n")
    assert (await reader.read()).startswith(b"HTTP/1.0 400 ")
    writer.close()

    assert "a request that is no HTTP was turned away" in caplog.text
    assert "hush" not in caplog.text
    assert not [record for record in caplog.records if record.levelno > logging.INFO]


@pytest.mark.engines("sqlite")
async def test_two_bots_do_not_listen_at_one_address(bot: ServedBot, database_url: str) -> None:
    second = ServedBot(database_url, listen=f"127.0.0.1:{bot.app.http.port}")
    with pytest.raises(
        CannotListen,
        match=rf"^LISTEN: nothing can be served at 127\.0\.0\.1:{bot.app.http.port}: .+\.$",
    ):
        await second.starts()
    await second.ends()


@pytest.mark.engines("sqlite")
async def test_an_address_that_nobody_chose_may_be_taken(
    bot: ServedBot, database_url: str, simulator: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    settings = Settings(_env_file=None, telegram_api_url=simulator.url, database_url=database_url)
    # As if the address that is the default were the other bot's: nobody has set it.
    settings.__dict__["listen"] = Address("127.0.0.1", bot.app.http.port or 0)
    task = asyncio.create_task(run(settings, TOKEN))
    alice = simulator.person("Alice")
    alice.sends("/help")
    await until(lambda: [message for message in alice.chat.messages if message.sender == "bot"])
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)

    assert "The bot goes on without its HTTP side." in caplog.text


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    telegram = Simulator(token=TOKEN)
    await telegram.start()
    yield telegram
    await telegram.stop()


async def test_it_is_of_use_as_soon_as_telegram_answers_and_of_none_when_told_to_end(
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
    starting = await visits(unused_tcp_port, "/readyz")
    alive = await visits(unused_tcp_port, "/healthz")
    await until(lambda: [message for message in alice.chat.messages if message.sender == "bot"])
    ready = await visits(unused_tcp_port, "/readyz")
    simulator.faults.add(FaultKind.SILENCE, method="sendMessage", times=None)
    alice.sends("/help")
    await until(lambda: len(simulator.transcript.calls_of("sendMessage")) == 2)
    task.cancel()
    ending = await visits(unused_tcp_port, "/readyz")
    await asyncio.gather(task, return_exceptions=True)

    assert (starting.status, alive.status, ready.status, ending.status) == (503, 200, 200, 503)
    assert json.loads(ending.text)["checks"]["draining"] == "the bot is about to end"
