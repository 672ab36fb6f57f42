"""SIGTERM ends the bot within ten seconds, and loses neither updates nor messages."""

import asyncio
import json
import shutil
import signal
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.messages.actions import Send, to_payload
from bot.messages.screen import Screen
from simulator.faults import FaultKind
from simulator.simulator import Simulator
from simulator.state.people import Person
from tests.kit.bot_process import TOKEN, Process, bot_process, environment
from tests.kit.raw_database import micros, rows
from tests.kit.waiting import until

PEOPLE, EACH = 40, 10
SECONDS = 10


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    telegram = Simulator(token=TOKEN)
    await telegram.start()
    yield telegram
    await telegram.stop()


@pytest.fixture
def env(tmp_path: Path, simulator: Simulator, migrated_file: Path) -> dict[str, str]:
    shutil.copyfile(migrated_file, tmp_path / "bot.db")
    return environment(tmp_path, simulator.url)


def fills_outbox(tmp_path: Path, people: list[Person]) -> None:
    """Fill the outbox with due answers, which are sent one by one and then deleted."""
    now = micros(datetime.now(UTC))
    backlog = (
        (who.id, json.dumps(to_payload([Send(Screen(f"news {n}"))])), now - 60_000_000 + n)
        for n in range(EACH)
        for who in people
    )
    with closing(sqlite3.connect(tmp_path / "bot.db")) as connection, connection:
        connection.executemany(
            "INSERT INTO outbox (channel, chat_id, kind, payload, due_at, attempts, state) "
            "VALUES ('telegram', ?, 'reply', ?, ?, 0, 'due')",
            backlog,
        )


def delivered(person: Person) -> list[str]:
    return [
        message.text
        for message in person.chat.messages
        if message.sender == "bot" and message.text.startswith("news")
    ]


def received(person: Person) -> list[str]:
    return [message.text for message in person.chat.messages if message.sender == "bot"]


async def ends(process: Process) -> int:
    """Send SIGTERM and return the exit code; raises TimeoutError if the bot does not end."""
    process.send_signal(signal.SIGTERM)
    return await asyncio.wait_for(process.wait(), SECONDS)


async def test_in_a_long_backlog_during_a_flood_wait_the_bot_ends_and_loses_nothing(
    simulator: Simulator, env: dict[str, str], tmp_path: Path
) -> None:
    people = [simulator.person(f"Person {number}") for number in range(PEOPLE)]
    for person in people:
        person.sends("/start")
    simulator.take_updates()
    fills_outbox(tmp_path, people)
    async with bot_process(tmp_path, env) as process:
        await until(lambda: sum(map(len, map(delivered, people))) > PEOPLE)
        simulator.faults.add(FaultKind.FLOOD, method="sendMessage", times=None, retry_after=30)
        refused = len(simulator.transcript.calls_of("sendMessage"))
        await until(lambda: len(simulator.transcript.calls_of("sendMessage")) > refused)
        assert await ends(process) == 0
    left = rows(env["DATABASE_URL"], "SELECT count(*) FROM outbox WHERE state = 'due'")[0][0]
    sent = [text for person in people for text in delivered(person)]
    assert left > 0
    assert left + len(sent) == PEOPLE * EACH
    assert all(
        delivered(person) == [f"news {number}" for number in range(len(delivered(person)))]
        for person in people
    )
    assert "Traceback" not in (tmp_path / "log").read_text()


@pytest.mark.parametrize("doing", ["nothing", "an update", "a backlog"])
async def test_the_bot_ends_while_the_database_is_locked_and_the_next_one_continues(
    simulator: Simulator, env: dict[str, str], tmp_path: Path, doing: str
) -> None:
    alice, people = (
        simulator.person("Alice"),
        [simulator.person(f"Person {number}") for number in range(PEOPLE)],
    )
    for person in people:
        person.sends("/start")
    simulator.take_updates()
    if doing == "a backlog":
        fills_outbox(tmp_path, people)
    async with bot_process(tmp_path, env) as process:
        await until(lambda: simulator.world.poll)
        if doing == "a backlog":
            await until(lambda: any(map(delivered, people)))
        with closing(
            sqlite3.connect(tmp_path / "bot.db", isolation_level=None, timeout=30)
        ) as other:
            other.execute("BEGIN IMMEDIATE")
            if doing == "an update":
                polled = len(simulator.transcript.calls_of("getUpdates"))
                alice.sends("/help")
                # It polls again soon, without acknowledging the uncommitted update.
                await until(lambda: len(simulator.transcript.calls_of("getUpdates")) > polled + 1)
            assert await ends(process) == 0
            other.execute("ROLLBACK")

    assert rows(env["DATABASE_URL"], "PRAGMA integrity_check") == [("ok",)]
    if doing == "an update":
        async with bot_process(tmp_path, env) as process:
            await until(lambda: received(alice))
            assert await ends(process) == 0
        assert len(received(alice)) == 1
    if doing == "a backlog":
        left = rows(env["DATABASE_URL"], "SELECT count(*) FROM outbox WHERE state = 'due'")[0][0]
        assert left + sum(len(delivered(person)) for person in people) >= PEOPLE * EACH
