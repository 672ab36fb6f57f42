"""The bot as a process: it starts, answers and stops; and its other commands."""

import asyncio
import os
import signal
import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pytest

from bot import __version__
from bot.__main__ import main
from simulator.faults import FaultKind
from simulator.simulator import Simulator
from simulator.state.people import Person
from tests.kit.bot_process import TOKEN, bot_process, environment, run_bot
from tests.kit.fork_server import plain_environment
from tests.kit.http import http_request
from tests.kit.raw_database import rows
from tests.kit.waiting import until


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    telegram = Simulator(token=TOKEN)
    await telegram.start()
    yield telegram
    await telegram.stop()


@pytest.fixture
def env(tmp_path: Path, simulator: Simulator) -> dict[str, str]:
    return environment(tmp_path, simulator.url, LOG_LEVEL="DEBUG")


@dataclass(frozen=True)
class Ended:
    status: int
    out: str
    err: str


class Command(Protocol):
    def __call__(self, *arguments: str, **settings: str) -> Ended: ...


@pytest.fixture
def command(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    logging_as_before: None,
) -> Command:
    """Run the command line in this process, in a folder and environment of its own, offline."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str, **settings: str) -> Ended:
        for name, value in (environment(tmp_path, "http://127.0.0.1:9") | settings).items():
            monkeypatch.setenv(name, value)
        try:
            status = main(list(arguments))
        except SystemExit as exit_:
            status = int(exit_.code or 0)
        return Ended(status, *capsys.readouterr())

    return run


def answers(person: Person) -> list[str]:
    return [message.text for message in person.chat.messages if message.sender == "bot"]


async def test_the_bot_answers_stops_on_sigterm_and_logs_no_token(
    simulator: Simulator, env: dict[str, str], tmp_path: Path
) -> None:
    alice = simulator.person("Alice")
    async with bot_process(tmp_path, env, fresh=True) as process:
        alice.sends("/help")
        await until(lambda: answers(alice))
        await until(lambda: simulator.world.poll)
        assert run_bot(tmp_path, env, "health", fresh=True).returncode == 0
        process.terminate()
        assert await asyncio.wait_for(process.wait(), 10) == 0

    log = (tmp_path / "log").read_text()
    assert "is running on SQLite 3." in log
    assert "stopped" in log
    assert TOKEN not in log
    assert "very-secret" not in log
    assert simulator.transcript.warnings == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_stops_it_while_an_answer_is_in_flight_and_the_next_start_sends_it(
    simulator: Simulator, env: dict[str, str], tmp_path: Path, number: signal.Signals
) -> None:
    alice = simulator.person("Alice")
    simulator.faults.add(FaultKind.SILENCE, method="sendMessage", times=None)
    async with bot_process(tmp_path, env) as process:
        alice.sends("/help")
        await until(lambda: simulator.transcript.calls_of("sendMessage"))
        process.send_signal(number)
        assert await asyncio.wait_for(process.wait(), 10) == 0
    assert answers(alice) == []

    simulator.faults.clear()
    async with bot_process(tmp_path, env):
        await until(lambda: answers(alice))
    assert len(answers(alice)) == 1
    assert TOKEN not in (tmp_path / "log").read_text()


async def test_sigterm_stops_it_while_polling_hangs(
    simulator: Simulator, env: dict[str, str], tmp_path: Path
) -> None:
    simulator.faults.add(FaultKind.SILENCE, method="getUpdates", times=None)
    async with bot_process(tmp_path, env) as process:
        await until(lambda: simulator.transcript.calls_of("getUpdates"))
        process.terminate()
        assert await asyncio.wait_for(process.wait(), 10) == 0


async def test_a_rejected_token_is_reported_in_one_sentence(
    simulator: Simulator, env: dict[str, str], tmp_path: Path
) -> None:
    async with bot_process(tmp_path, env | {"BOT_TOKEN": "2:another-secret"}) as process:
        assert await asyncio.wait_for(process.wait(), 20) == 2

    log = (tmp_path / "log").read_text()
    assert "Telegram rejects BOT_TOKEN" in log
    assert "Traceback" not in log
    assert "another-secret" not in log


@pytest.fixture
def webhook_env(env: dict[str, str], unused_tcp_port: int) -> dict[str, str]:
    """The environment of a bot behind a webhook."""
    return env | {
        "LISTEN": f"127.0.0.1:{unused_tcp_port}",
        "WEBHOOK_URL": f"http://127.0.0.1:{unused_tcp_port}/telegram",
        "WEBHOOK_SECRET": "very-secret-too",
    }


async def test_with_a_webhook_it_answers_stops_on_sigterm_and_logs_no_secret(
    simulator: Simulator, webhook_env: dict[str, str], tmp_path: Path, unused_tcp_port: int
) -> None:
    alice = simulator.person("Alice")
    async with bot_process(tmp_path, webhook_env) as process:
        alice.sends("/help")
        await until(lambda: answers(alice))
        assert (await http_request(unused_tcp_port, "/readyz")).status == 200
        assert (await http_request(unused_tcp_port, "/healthz")).status == 200
        process.terminate()
        assert await asyncio.wait_for(process.wait(), 10) == 0

    log = (tmp_path / "log").read_text()
    assert f"serving at http://127.0.0.1:{unused_tcp_port}" in log
    assert "Telegram posts updates to the webhook" in log
    assert "very-secret" not in log
    assert "Traceback" not in log
    assert simulator.transcript.warnings == []
    assert {delivery.way for delivery in simulator.transcript.deliveries} == {"webhook"}


async def test_with_a_webhook_a_kill_loses_no_update(
    simulator: Simulator, webhook_env: dict[str, str], tmp_path: Path
) -> None:
    alice = simulator.person("Alice")
    simulator.webhook.pace = 0.05
    simulator.faults.add(FaultKind.SILENCE, method="sendMessage", times=None)
    async with bot_process(tmp_path, webhook_env) as process:
        alice.sends("/help")
        await until(lambda: simulator.transcript.calls_of("sendMessage"))
        alice.sends("/bookings")
        await until(lambda: len(simulator.transcript.deliveries) == 2)
        process.kill()
        await process.wait()
    assert answers(alice) == []
    assert len(simulator.world.updates.pending) == 1

    simulator.faults.clear()
    async with bot_process(tmp_path, webhook_env):
        await until(lambda: len(answers(alice)) == 2)
    assert simulator.world.updates.pending == []


async def test_an_address_in_use_stops_it_with_one_sentence(
    simulator: Simulator, env: dict[str, str], tmp_path: Path
) -> None:
    taken = simulator.url.removeprefix("http://")
    async with bot_process(tmp_path, env | {"LISTEN": taken}) as process:
        assert await asyncio.wait_for(process.wait(), 20) == 2

    log = (tmp_path / "log").read_text()
    assert f"LISTEN: cannot listen on {taken}: " in log
    assert "Traceback" not in log


async def test_a_webhook_that_telegram_rejects_stops_it_with_one_sentence(
    simulator: Simulator, webhook_env: dict[str, str], tmp_path: Path
) -> None:
    async with bot_process(
        tmp_path, webhook_env | {"WEBHOOK_URL": "https://bot.example:99/"}
    ) as process:
        assert await asyncio.wait_for(process.wait(), 20) == 2

    log = (tmp_path / "log").read_text()
    assert "WEBHOOK_URL: Telegram will not post updates there: " in log
    assert "Traceback" not in log


@pytest.mark.parametrize("fresh", [True, False])
def test_help_and_version_are_printed(tmp_path: Path, *, fresh: bool) -> None:
    # The forked interpreter must print the same as a fresh one.
    shown, version = (
        run_bot(tmp_path, plain_environment(), option, fresh=fresh)
        for option in ("--help", "--version")
    )
    assert (shown.returncode, shown.stderr) == (0, "")
    assert all(command in shown.stdout for command in ("run", "migrate", "health", "backup"))
    assert (version.returncode, version.stdout, version.stderr) == (
        0,
        f"slotkeeper {__version__}\n",
        "",
    )


def test_all_invalid_settings_are_listed_at_once_without_their_values(command: Command) -> None:
    wrong = {
        "BOT_TOKEN": "hush-hush",
        "TIME_ZONE": "Atlantis",
        "HOLD_DURATION": "half an hour",
        "ADMIN_IDS": "me",
    }
    ended = command(**wrong)

    assert ended.status == 2
    assert all(name in ended.err for name in wrong)
    assert "hush" not in ended.err
    assert "Traceback" not in ended.err


@pytest.mark.parametrize("name", ["run", "migrate"])
def test_an_unreachable_database_server_is_reported_in_one_sentence(
    command: Command, name: str
) -> None:
    ended = command(name, DATABASE_URL="postgresql://me:hush@127.0.0.1:9/name")

    # It may come back, so a supervisor should restart the bot.
    assert ended.status == 1
    assert ended.err.startswith("DATABASE_URL: the PostgreSQL server cannot be used: ")
    assert len(ended.err.splitlines()) == 1
    assert "Traceback" not in ended.err
    assert "hush" not in ended.err


def test_migrate_creates_the_database_and_does_not_change_a_current_one(
    tmp_path: Path, command: Command
) -> None:
    for _ in range(2):
        ended = command("migrate")
        assert (ended.status, ended.out) == (0, "The database is up to date.\n")
    assert rows(f"sqlite:///{tmp_path / 'bot.db'}", "SELECT count(*) FROM person") == [(0,)]


def test_health_fails_without_a_fresh_heartbeat(tmp_path: Path, command: Command) -> None:
    assert command("health").status == 1
    heartbeat = tmp_path / "bot.db.heartbeat"
    heartbeat.touch()
    assert command("health").status == 0
    # One in the future was written before the clock was set back.
    for seconds in (-61, 61):
        at = time.time() + seconds
        os.utime(heartbeat, (at, at))
        assert command("health").status == 1


def test_a_backup_includes_what_is_still_in_the_write_ahead_log(
    tmp_path: Path, command: Command
) -> None:
    command("migrate")
    with closing(sqlite3.connect(tmp_path / "bot.db")) as open_elsewhere, open_elsewhere:
        open_elsewhere.execute("INSERT INTO person (id, name, first_seen_at) VALUES (7, 'Zoë', 0)")
        open_elsewhere.commit()
        ended = command("backup", "copy.db")

    copy = f"sqlite:///{tmp_path / 'copy.db'}"
    assert ended.status == 0
    assert "To restore it" in ended.out
    assert rows(copy, "SELECT id, name FROM person") == [(7, "Zoë")]
    assert rows(copy, "PRAGMA integrity_check") == [("ok",)]


def test_a_backup_overwrites_no_file_and_says_why_it_failed(
    tmp_path: Path, command: Command
) -> None:
    assert "nothing to back up" in command("backup", "copy.db").err
    command("migrate")
    (tmp_path / "copy.db").write_text("precious")
    ended = command("backup", "copy.db")
    assert (ended.status, "exists already" in ended.err) == (1, True)
    assert (tmp_path / "copy.db").read_text() == "precious"

    ended = command("backup", "nowhere/copy.db")
    assert (ended.status, "could not be written" in ended.err) == (1, True)
    assert "Traceback" not in ended.err
