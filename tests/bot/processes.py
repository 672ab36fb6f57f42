"""The bot as a process of its own, as people run it."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path

ROOT = Path(__file__).parents[2]
LONG = os.environ.get("CHAOS") == "long"
"""Whether plays with kills take as long as in ``make chaos``."""
TOKEN = "1:very-secret-token"


def environment(folder: Path, url: str, **more: str) -> dict[str, str]:
    """Return an environment with nothing in it that this machine has set, but what a bot needs."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    settings = {
        "BOT_TOKEN": TOKEN,
        "TELEGRAM_API_URL": url,
        "DATABASE_URL": f"sqlite:///{folder / 'bot.db'}",
        "LISTEN": "127.0.0.1:0",
    }
    return kept | {"PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error"} | settings | more


def runs(folder: Path, env: Mapping[str, str], *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run a command of the bot's to its end, in a folder without settings."""
    command = [sys.executable, "-m", "bot", *arguments]
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=30, check=False)


@asynccontextmanager
async def bot_process(folder: Path, env: Mapping[str, str]) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run the bot for a block; its standard error goes to ``log`` in the folder."""
    with (folder / "log").open("ab") as log:
        process = await asyncio.create_subprocess_exec(sys.executable, "-m", "bot", cwd=folder, env=env, stderr=log)
        try:
            yield process
        finally:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()


class Nursery:
    """Starts one bot after the other, each in a few hundredths of a second."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.bot = 0

    async def starts(self, **more: str) -> int:
        """Start a bot, with these settings beside those of the nursery, and return its process id."""
        if self._process.stdin is None or self._process.stdout is None:
            raise RuntimeError("a nursery needs pipes")
        self._process.stdin.write(f"{json.dumps(more)}\n".encode())
        self.bot = int(await self._process.stdout.readline())
        return self.bot

    def kills(self) -> None:
        """Kill the bot on the spot."""
        if self.bot:
            with suppress(ProcessLookupError):
                os.kill(self.bot, signal.SIGKILL)
        self.bot = 0


@asynccontextmanager
async def nursery(folder: Path, env: Mapping[str, str]) -> AsyncIterator[Nursery]:
    """Have a nursery for a block; the last bot is killed at its end."""
    with (folder / "log").open("ab") as log:
        command = [sys.executable, "-m", "tests.bot.nursery"]
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(*command, cwd=folder, env=env, stdin=pipe, stdout=pipe, stderr=log)
        home = Nursery(process)
        try:
            yield home
        finally:
            home.kills()
            process.kill()
            await process.communicate()
