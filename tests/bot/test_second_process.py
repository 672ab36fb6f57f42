"""A second process on a SQLite file is refused, and a process that ends leaves no lock."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.observability.report import ALL_WELL
from simulator.simulator import Simulator
from tests.kit.bot_process import TOKEN, bot_process, environment, run_bot
from tests.kit.demo_process import demo_process
from tests.kit.waiting import until


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    telegram = Simulator(token=TOKEN)
    await telegram.start()
    yield telegram
    await telegram.stop()


@pytest.fixture
def env(tmp_path: Path, simulator: Simulator) -> dict[str, str]:
    return environment(tmp_path, simulator.url)


def starts_logged(tmp_path: Path) -> int:
    """Return how many bots have logged that they run."""
    return (tmp_path / "log").read_text().count("is running on")


async def test_a_second_bot_on_one_file_is_refused_but_commands_run(
    simulator: Simulator, env: dict[str, str], tmp_path: Path
) -> None:
    alice = simulator.person("Alice")
    async with bot_process(tmp_path, env):
        await until(lambda: starts_logged(tmp_path) and simulator.world.poll)
        second = await asyncio.to_thread(run_bot, tmp_path, env)
        assert (second.returncode, second.stdout) == (2, "")
        [message] = second.stderr.splitlines()
        assert message.startswith(f"DATABASE_URL: another bot is using {tmp_path / 'bot.db'}")
        assert "PostgreSQL" in message

        for command in (("migrate",), ("health",), ("backup", "copy.db"), ("doctor",)):
            ended = await asyncio.to_thread(run_bot, tmp_path, env, *command, fresh=True)
            assert (ended.returncode, ended.stderr) == (0, ""), command
            assert command != ("doctor",) or ended.stdout == f"{ALL_WELL}\n"
        alice.sends("/help")
        await until(lambda: any(message.sender == "bot" for message in alice.chat.messages))


async def test_a_killed_bot_leaves_no_lock(
    simulator: Simulator, env: dict[str, str], tmp_path: Path
) -> None:
    async with bot_process(tmp_path, env) as killed:
        await until(lambda: starts_logged(tmp_path))
        killed.kill()
        await killed.wait()
    async with bot_process(tmp_path, env):
        await until(lambda: starts_logged(tmp_path) == 2)
    assert (tmp_path / "bot.db.lock").exists()


async def test_a_second_demo_on_one_database_is_refused(tmp_path: Path) -> None:
    async with demo_process(tmp_path, "demo", "--database", "kept.db"):
        second = await asyncio.to_thread(
            run_bot,
            tmp_path,
            environment(tmp_path, "http://127.0.0.1:9"),
            "demo",
            "--database",
            "kept.db",
        )
        assert (second.returncode, second.stdout) == (2, "")
        assert second.stderr.startswith("DATABASE_URL: another bot is using kept.db")
