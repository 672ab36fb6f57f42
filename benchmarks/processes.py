"""The measured processes: Telegram's side and the bots; each is stopped by its process id."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import aiohttp

from benchmarks.venue import Venue

ROOT = Path(__file__).parents[1]
_END_SECONDS = 15
_TICKS = os.sysconf("SC_CLK_TCK")


class Telegram:
    """A client that controls Telegram's side."""

    def __init__(self, url: str, session: aiohttp.ClientSession) -> None:
        self.url = url
        self._session = session

    async def books(
        self, token: str, *, people: int, seconds: float, delay: float = 0.0
    ) -> dict[str, float]:
        """Let people book with a bot; return the figures. ``delay`` is Telegram's response time."""
        return await self._control(
            "books", {"token": token, "people": people, "seconds": seconds, "delay": delay}
        )

    async def waits(
        self, token: str, *, people: int, updates: int, seconds: float = 60.0
    ) -> dict[str, float]:
        """Queue updates; return how they were processed in ``seconds``."""
        return await self._control(
            "waits",
            {
                "token": token,
                "people": people,
                "updates": updates,
                "seconds": seconds,
                "delay": 0.0,
            },
        )

    async def chats(self, token: str, *, people: int, seconds: float) -> dict[str, float]:
        """Let busy people write every second; return how long quiet people waited."""
        return await self._control(
            "chats", {"token": token, "people": people, "seconds": seconds, "delay": 0.05}
        )

    async def count_messages(self, token: str, *, messages: int) -> dict[str, float]:
        """Wait until a bot has sent some messages, and return their rate."""
        return await self._control(
            "count_messages", {"token": token, "updates": messages, "people": 0, "delay": 0.0}
        )

    async def _control(self, command: str, options: Mapping[str, object]) -> dict[str, float]:
        async with self._session.post(f"{self.url}/control/{command}", json=options) as response:
            figures: dict[str, float] = await response.json()
        assert not figures.get("problems"), figures
        return figures


@asynccontextmanager
async def telegram(venue: Venue) -> AsyncIterator[Telegram]:
    """Run Telegram's side for a block."""
    arguments = ["-m", "benchmarks.server", venue.now.isoformat(), str(venue.providers)]
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        sys.executable, *arguments, cwd=ROOT, stdout=pipe
    )
    assert process.stdout
    try:
        port = int(await process.stdout.readline())
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=300)) as session:
            yield Telegram(f"http://127.0.0.1:{port}", session)
    finally:
        await _stop(process)


@asynccontextmanager
async def bot(
    *arguments: str,
    log: Path,
    module: str = "benchmarks.bots",
    env: Mapping[str, str] | None = None,
) -> AsyncIterator[int]:
    """Run a bot for a block and yield its process id; its standard error goes to ``log``."""
    kept = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG"}}
    with log.open("ab") as output:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            module,
            *arguments,
            cwd=log.parent,
            env={**kept, "PYTHONPATH": str(ROOT), **(env or {})},
            stderr=output,
        )
        try:
            yield process.pid
            assert process.returncode is None, f"the bot exited; see {log}"
        finally:
            await _stop(process)


async def _stop(process: asyncio.subprocess.Process) -> None:
    """Terminate a process, and kill it if it does not exit."""
    with suppress(ProcessLookupError):
        process.terminate()
        try:
            async with asyncio.timeout(_END_SECONDS):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()


def resident(pid: int) -> float:
    """Return a process's resident memory in megabytes (10**6 bytes)."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return (
        next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS:"))
        * 1024
        / 1e6
    )


def processor_seconds(pid: int) -> float:
    """Return the processor time that a process has used, in seconds."""
    fields = (
        Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", maxsplit=1)[1].split()
    )
    return (int(fields[11]) + int(fields[12])) / _TICKS
