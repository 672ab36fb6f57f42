"""Slow clients: more connections with half a request header than the bot has descriptors."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest

from simulator.simulator import Simulator
from simulator.state.people import Person
from tests.kit.bot_process import TOKEN, environment, kill_process
from tests.kit.fork_server import ROOT, ForkedProcess, fork_server, plain_environment
from tests.kit.http import http_request
from tests.kit.waiting import until

DESCRIPTORS, CLIENTS, ROUNDS = 256, 400, 3
LARGEST_LOG = 20_000


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    telegram = Simulator(token=TOKEN)
    await telegram.start()
    yield telegram
    await telegram.stop()


@asynccontextmanager
async def bot_with_few_descriptors(
    folder: Path, env: dict[str, str]
) -> AsyncIterator[ForkedProcess]:
    """Run the bot for a block; its standard error goes to ``log`` in the folder."""
    with (folder / "log").open("ab") as log:
        process = fork_server().start(
            folder, env, ["tests.kit.few_descriptors", str(DESCRIPTORS)], 1, log.fileno()
        )
    try:
        yield process
    finally:
        await kill_process(process)


@asynccontextmanager
async def slow_clients(port: int) -> AsyncIterator[asyncio.StreamReader]:
    """Keep half-sent headers open for a block; yields a line per round of opened connections."""
    command = [sys.executable, "-m", "tests.kit.slow_clients", str(port), str(CLIENTS)]
    process = await asyncio.create_subprocess_exec(
        *command, cwd=ROOT, env=plain_environment(), stdout=asyncio.subprocess.PIPE
    )
    try:
        assert process.stdout
        yield process.stdout
    finally:
        process.kill()
        await process.communicate()


def _has_answers(person: Person, count: int) -> bool:
    return sum(message.sender == "bot" for message in person.chat.messages) >= count


async def test_the_bot_answers_while_slow_clients_hold_all_connections_and_its_log_stays_small(
    simulator: Simulator, tmp_path: Path, unused_tcp_port: int
) -> None:
    url = f"http://127.0.0.1:{unused_tcp_port}/telegram"
    env = environment(
        tmp_path,
        simulator.url,
        LISTEN=f"127.0.0.1:{unused_tcp_port}",
        WEBHOOK_URL=url,
        WEBHOOK_SECRET="hush_hush-1",
    )
    alice = simulator.person("Alice")
    async with bot_with_few_descriptors(tmp_path, env) as process:
        await until(lambda: simulator.world.webhook.url)
        async with slow_clients(unused_tcp_port) as rounds:
            for number in range(ROUNDS):
                assert await asyncio.wait_for(rounds.readline(), 30) == b"all opened\n"
                for path in ("/healthz", "/readyz", "/metrics"):
                    assert (
                        await asyncio.wait_for(http_request(unused_tcp_port, path), 30)
                    ).status == 200
                alice.sends("/help")
                await until(partial(_has_answers, alice, number + 1))
        process.terminate()
        assert await asyncio.wait_for(process.wait(), 10) == 0

    log = (tmp_path / "log").read_text()
    assert len(log) < LARGEST_LOG, log[-2000:]
    assert "closed the connection that waited longest for its client" in log
    assert "more times within" in log
    assert "Traceback" not in log
