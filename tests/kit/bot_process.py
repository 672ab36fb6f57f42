"""Runs the bot as a process: a fork, which starts at once, or a fresh interpreter."""

import asyncio
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from tests.kit.fork_server import ForkedProcess, fork_server, plain_environment

TOKEN = "1:very-secret-token"

_STDOUT = 1

Process = asyncio.subprocess.Process | ForkedProcess


def environment(folder: Path, url: str, **more: str) -> dict[str, str]:
    """Return the variables a bot needs, without those set on this machine."""
    settings = {
        "BOT_TOKEN": TOKEN,
        "TELEGRAM_API_URL": url,
        "DATABASE_URL": f"sqlite:///{folder / 'bot.db'}",
        "LISTEN": "127.0.0.1:0",
    }
    return plain_environment() | settings | more


def run_bot(
    folder: Path, env: Mapping[str, str], *arguments: str, fresh: bool = False
) -> "subprocess.CompletedProcess[str]":
    """Run a command of the bot in a folder without settings, and return its status and output.

    ``fresh`` uses a new interpreter instead of a fork, to test the start-up as well.
    """
    return run_module(folder, env, "bot", *arguments, fresh=fresh)


def run_module(
    folder: Path, env: Mapping[str, str], *command: str, fresh: bool
) -> "subprocess.CompletedProcess[str]":
    """Run a module with arguments and empty input, and return its status and output."""
    if fresh:
        fresh_command, no_input = [sys.executable, "-m", *command], subprocess.DEVNULL
        return subprocess.run(
            fresh_command,
            cwd=folder,
            env=env,
            stdin=no_input,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        status = (
            fork_server().start(folder, env, command, out.fileno(), err.fileno()).wait_blocking(30)
        )
        out.seek(0)
        err.seek(0)
        return subprocess.CompletedProcess(command, status, out.read(), err.read())


async def start_bot(
    folder: Path, env: Mapping[str, str], *arguments: str, out: int, err: int, fresh: bool = False
) -> Process:
    """Start the bot in a folder; ``out`` and ``err`` are file descriptors for its output."""
    command = ["bot", *arguments]
    if fresh:
        return await asyncio.create_subprocess_exec(
            sys.executable, "-m", *command, cwd=folder, env=env, stdout=out, stderr=err
        )
    return fork_server().start(folder, env, command, out, err)


async def kill_process(process: Process) -> None:
    """Kill a process if it is still running, and wait until it has ended."""
    with suppress(ProcessLookupError):
        process.kill()
    await process.wait()


@asynccontextmanager
async def bot_process(
    folder: Path, env: Mapping[str, str], *, fresh: bool = False
) -> AsyncIterator[Process]:
    """Run the bot for a block; its standard error goes to ``log`` in the folder."""
    with (folder / "log").open("ab") as log:
        process = await start_bot(folder, env, out=_STDOUT, err=log.fileno(), fresh=fresh)
    try:
        yield process
    finally:
        await kill_process(process)


def start_unlimited_bot(folder: Path, env: Mapping[str, str], **more: str) -> ForkedProcess:
    """Start a bot without rate limits; its standard error goes to ``log`` in the folder."""
    with (folder / "log").open("ab") as log:
        return fork_server().start(
            folder, {**env, **more}, ["tests.kit.unlimited_bot"], _STDOUT, log.fileno()
        )
