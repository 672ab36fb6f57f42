"""SIGTERM ends the bot well within ten seconds, whatever it is in the middle of; what is in hand is finished or given back."""

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

from bot.messages.actions import Send, packed
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
    """Put in a long backlog that is due, as old answers: they are told one by one and forgotten then."""
    now = micros(datetime.now(UTC))
    news = (
        (who.id, json.dumps(packed([Send(Screen(f"news {n}"))])), now - 60_000_000 + n)
        for n in range(EACH)
        for who in people
    )
    with closing(sqlite3.connect(tmp_path / "bot.db")) as connection, connection:
        connection.executemany(
            "INSERT INTO outbox (recipient_id, kind, payload, due_at, attempts, state) VALUES (?, 'reply', ?, ?, 0, 'due')",
            news,
        )


def told(person: Person) -> list[str]:
    return [
        message.text
        for message in person.chat.messages
        if message.sender == "bot" and message.text.startswith("news")
    ]


def heard(person: Person) -> list[str]:
    return [message.text for message in person.chat.messages if message.sender == "bot"]


async def ends(process: Process) -> int:
    """Tell a bot to end, and return how it ended; raises TimeoutError where it takes its time."""
    process.send_signal(signal.SIGTERM)
    return await asyncio.wait_for(process.wait(), SECONDS)


async def test_in_a_long_backlog_while_telegram_asks_for_patience_it_ends_and_nothing_is_lost(
    simulator: Simulator, env: dict[str, str], tmp_path: Path
) -> None:
    people = [simulator.person(f"Person {number}") for number in range(PEOPLE)]
    for person in people:
        person.sends("/start")
    simulator.take_updates()
    fills_outbox(tmp_path, people)
    async with bot_process(tmp_path, env) as process:
        await until(lambda: sum(map(len, map(told, people))) > PEOPLE)
        simulator.faults.add(FaultKind.FLOOD, method="sendMessage", times=None, retry_after=30)
        refused = len(simulator.transcript.calls_of("sendMessage"))
        await until(lambda: len(simulator.transcript.calls_of("sendMessage")) > refused)
        assert await ends(process) == 0
    left = rows(env["DATABASE_URL"], "SELECT count(*) FROM outbox WHERE state = 'due'")[0][0]
    given = [news for person in people for news in told(person)]
    assert left > 0
    assert left + len(given) == PEOPLE * EACH
    assert all(
        told(person) == [f"news {number}" for number in range(len(told(person)))]
        for person in people
    )
    assert "Traceback" not in (tmp_path / "log").read_text()


@pytest.mark.parametrize("doing", ["nothing", "an update", "a backlog"])
async def test_while_the_database_is_locked_it_ends_and_what_it_gave_back_is_done_by_the_next_one(
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
            await until(lambda: any(map(told, people)))
        with closing(
            sqlite3.connect(tmp_path / "bot.db", isolation_level=None, timeout=30)
        ) as other:
            other.execute("BEGIN IMMEDIATE")
            if doing == "an update":
                polled = len(simulator.transcript.calls_of("getUpdates"))
                alice.sends("/help")
                # It asks again after a moment, without acknowledging what it could not commit.
                await until(lambda: len(simulator.transcript.calls_of("getUpdates")) > polled + 1)
            assert await ends(process) == 0
            other.execute("ROLLBACK")

    assert rows(env["DATABASE_URL"], "PRAGMA integrity_check") == [("ok",)]
    if doing == "an update":
        async with bot_process(tmp_path, env) as process:
            await until(lambda: heard(alice))
            assert await ends(process) == 0
        assert len(heard(alice)) == 1
    if doing == "a backlog":
        left = rows(env["DATABASE_URL"], "SELECT count(*) FROM outbox WHERE state = 'due'")[0][0]
        assert left + sum(len(told(person)) for person in people) >= PEOPLE * EACH
