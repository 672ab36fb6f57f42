"""The bot as a process: it starts, answers, stops when told, and answers for its other commands."""

import asyncio
import logging
import os
import signal
import sqlite3
import time
from collections.abc import AsyncIterator, Iterator
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
from tests.kit.bot_process import TOKEN, bot_process, environment, runs
from tests.kit.fork_server import plain_environment
from tests.kit.http import visits
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
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Command]:
    """The command line without a new process each time, in a folder and an environment of its own, with nobody to speak to."""
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    monkeypatch.chdir(tmp_path)

    def commanded(*arguments: str, **settings: str) -> Ended:
        for name, value in (environment(tmp_path, "http://127.0.0.1:9") | settings).items():
            monkeypatch.setenv(name, value)
        try:
            status = main(list(arguments))
        except SystemExit as exit_:
            status = int(exit_.code or 0)
        return Ended(status, *capsys.readouterr())

    yield commanded
    root.handlers = handlers
    root.setLevel(level)


def heard(person: Person) -> list[str]:
    return [message.text for message in person.chat.messages if message.sender == "bot"]


async def test_it_answers_and_sigterm_ends_it_well_and_no_log_tells_the_token(
    simulator: Simulator, env: dict[str, str], tmp_path: Path
) -> None:
    alice = simulator.person("Alice")
    async with bot_process(tmp_path, env, fresh=True) as process:
        alice.sends("/help")
        await until(lambda: heard(alice))
        await until(lambda: simulator.world.poll)
        assert runs(tmp_path, env, "health", fresh=True).returncode == 0
        process.terminate()
        assert await asyncio.wait_for(process.wait(), 10) == 0

    log = (tmp_path / "log").read_text()
    assert "is at work, on SQLite 3." in log
    assert "stopped" in log
    assert TOKEN not in log
    assert "very-secret" not in log
    assert simulator.transcript.warnings == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_it_while_an_answer_is_in_flight_and_the_answer_comes_later(
    simulator: Simulator, env: dict[str, str], tmp_path: Path, number: signal.Signals
) -> None:
    alice = simulator.person("Alice")
    simulator.faults.add(FaultKind.SILENCE, method="sendMessage", times=None)
    async with bot_process(tmp_path, env) as process:
        alice.sends("/help")
        await until(lambda: simulator.transcript.calls_of("sendMessage"))
        process.send_signal(number)
        assert await asyncio.wait_for(process.wait(), 10) == 0
    assert heard(alice) == []

    simulator.faults.clear()
    async with bot_process(tmp_path, env):
        await until(lambda: heard(alice))
    assert len(heard(alice)) == 1
    assert TOKEN not in (tmp_path / "log").read_text()


async def test_sigterm_ends_it_while_fetching_hangs(
    simulator: Simulator, env: dict[str, str], tmp_path: Path
) -> None:
    simulator.faults.add(FaultKind.SILENCE, method="getUpdates", times=None)
    async with bot_process(tmp_path, env) as process:
        await until(lambda: simulator.transcript.calls_of("getUpdates"))
        process.terminate()
        assert await asyncio.wait_for(process.wait(), 10) == 0


async def test_a_refused_token_is_told_in_a_sentence(
    simulator: Simulator, env: dict[str, str], tmp_path: Path
) -> None:
    async with bot_process(tmp_path, env | {"BOT_TOKEN": "2:another-secret"}) as process:
        assert await asyncio.wait_for(process.wait(), 20) == 2

    log = (tmp_path / "log").read_text()
    assert "Telegram refuses BOT_TOKEN" in log
    assert "Traceback" not in log
    assert "another-secret" not in log


@pytest.fixture
def hooked(env: dict[str, str], unused_tcp_port: int) -> dict[str, str]:
    """The environment of a bot behind a webhook."""
    return env | {
        "LISTEN": f"127.0.0.1:{unused_tcp_port}",
        "WEBHOOK_URL": f"http://127.0.0.1:{unused_tcp_port}/telegram",
        "WEBHOOK_SECRET": "very-secret-too",
    }


async def test_behind_a_webhook_it_answers_and_sigterm_ends_it_well_and_no_log_tells_a_secret(
    simulator: Simulator, hooked: dict[str, str], tmp_path: Path, unused_tcp_port: int
) -> None:
    alice = simulator.person("Alice")
    async with bot_process(tmp_path, hooked) as process:
        alice.sends("/help")
        await until(lambda: heard(alice))
        assert (await visits(unused_tcp_port, "/readyz")).status == 200
        assert (await visits(unused_tcp_port, "/healthz")).status == 200
        process.terminate()
        assert await asyncio.wait_for(process.wait(), 10) == 0

    log = (tmp_path / "log").read_text()
    assert f"serving at http://127.0.0.1:{unused_tcp_port}" in log
    assert "Telegram posts updates to the webhook" in log
    assert "very-secret" not in log
    assert "Traceback" not in log
    assert simulator.transcript.warnings == []
    assert {delivery.way for delivery in simulator.transcript.deliveries} == {"webhook"}


async def test_behind_a_webhook_a_kill_loses_nothing(
    simulator: Simulator, hooked: dict[str, str], tmp_path: Path
) -> None:
    alice = simulator.person("Alice")
    simulator.webhook.pace = 0.05
    simulator.faults.add(FaultKind.SILENCE, method="sendMessage", times=None)
    async with bot_process(tmp_path, hooked) as process:
        alice.sends("/help")
        await until(lambda: simulator.transcript.calls_of("sendMessage"))
        alice.sends("/bookings")
        await until(lambda: len(simulator.transcript.deliveries) == 2)
        process.kill()
        await process.wait()
    assert heard(alice) == []
    assert len(simulator.world.updates.pending) == 1

    simulator.faults.clear()
    async with bot_process(tmp_path, hooked):
        await until(lambda: len(heard(alice)) == 2)
    assert simulator.world.updates.pending == []


async def test_an_address_that_is_taken_ends_it_with_a_sentence(
    simulator: Simulator, env: dict[str, str], tmp_path: Path
) -> None:
    taken = simulator.url.removeprefix("http://")
    async with bot_process(tmp_path, env | {"LISTEN": taken}) as process:
        assert await asyncio.wait_for(process.wait(), 20) == 2

    log = (tmp_path / "log").read_text()
    assert f"LISTEN: nothing can be served at {taken}: " in log
    assert "Traceback" not in log


async def test_a_webhook_that_telegram_refuses_ends_it_with_a_sentence(
    simulator: Simulator, hooked: dict[str, str], tmp_path: Path
) -> None:
    async with bot_process(
        tmp_path, hooked | {"WEBHOOK_URL": "https://bot.example:99/"}
    ) as process:
        assert await asyncio.wait_for(process.wait(), 20) == 2

    log = (tmp_path / "log").read_text()
    assert "WEBHOOK_URL: Telegram will not post updates there: " in log
    assert "Traceback" not in log


@pytest.mark.parametrize("fresh", [True, False])
def test_it_tells_what_it_can_do_and_which_version_it_is(tmp_path: Path, *, fresh: bool) -> None:
    # What is said by a fork is what an interpreter says that was started for it.
    shown, version = (
        runs(tmp_path, plain_environment(), option, fresh=fresh)
        for option in ("--help", "--version")
    )
    assert (shown.returncode, shown.stderr) == (0, "")
    assert all(command in shown.stdout for command in ("run", "migrate", "health", "backup"))
    assert (version.returncode, version.stdout, version.stderr) == (
        0,
        f"slotkeeper {__version__}\n",
        "",
    )


def test_all_wrong_settings_are_listed_at_once_without_what_they_hold(command: Command) -> None:
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
def test_a_database_server_that_is_not_there_is_told_in_a_sentence(
    command: Command, name: str
) -> None:
    ended = command(name, DATABASE_URL="postgresql://me:hush@127.0.0.1:9/name")

    # It may come: whoever keeps the bot running is to try again.
    assert ended.status == 1
    assert ended.err.startswith("DATABASE_URL: the PostgreSQL server cannot be used: ")
    assert len(ended.err.splitlines()) == 1
    assert "Traceback" not in ended.err
    assert "hush" not in ended.err


def test_it_makes_the_database_and_leaves_one_that_is_up_to_date_alone(
    tmp_path: Path, command: Command
) -> None:
    for _ in range(2):
        ended = command("migrate")
        assert (ended.status, ended.out) == (0, "The database is up to date.\n")
    assert rows(f"sqlite:///{tmp_path / 'bot.db'}", "SELECT count(*) FROM client") == [(0,)]


def test_it_is_ill_where_no_heartbeat_is_fresh(tmp_path: Path, command: Command) -> None:
    assert command("health").status == 1
    heartbeat = tmp_path / "bot.db.heartbeat"
    heartbeat.touch()
    assert command("health").status == 0
    # One in the future is from before the clock was set back.
    for seconds in (-61, 61):
        at = time.time() + seconds
        os.utime(heartbeat, (at, at))
        assert command("health").status == 1


def test_a_backup_has_everything_also_what_is_still_in_the_log(
    tmp_path: Path, command: Command
) -> None:
    command("migrate")
    with closing(sqlite3.connect(tmp_path / "bot.db")) as open_elsewhere, open_elsewhere:
        open_elsewhere.execute("INSERT INTO client (id, name, first_seen_at) VALUES (7, 'Zoë', 0)")
        open_elsewhere.commit()
        ended = command("backup", "copy.db")

    copy = f"sqlite:///{tmp_path / 'copy.db'}"
    assert ended.status == 0
    assert "To restore it" in ended.out
    assert rows(copy, "SELECT id, name FROM client") == [(7, "Zoë")]
    assert rows(copy, "PRAGMA integrity_check") == [("ok",)]


def test_a_backup_overwrites_nothing_and_says_why_it_failed(
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
