"""Processes that are measured from outside: Telegram's side, and bots. Each is ended by its own number."""

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
    """Telegram's side, as seen by the one who measures."""

    def __init__(self, url: str, session: aiohttp.ClientSession) -> None:
        self.url = url
        self._session = session

    async def books(
        self, token: str, *, people: int, seconds: float, delay: float = 0.0
    ) -> dict[str, float]:
        """Have a crowd book with a bot for a while, and return what was measured; every answer of Telegram's takes ``delay`` seconds."""
        return await self._asked(
            "books", {"token": token, "people": people, "seconds": seconds, "delay": delay}
        )

    async def waits(
        self, token: str, *, people: int, updates: int, seconds: float = 60.0
    ) -> dict[str, float]:
        """Have updates pile up, and return how they were worked off, for so long at most."""
        return await self._asked(
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
        """Have busy people write once a second each for a while, and return how long quiet people waited meanwhile."""
        return await self._asked(
            "chats", {"token": token, "people": people, "seconds": seconds, "delay": 0.05}
        )

    async def hears(self, token: str, *, news: int) -> dict[str, float]:
        """Wait until a bot has sent so many messages, and return how fast they came."""
        return await self._asked(
            "hears", {"token": token, "updates": news, "people": 0, "delay": 0.0}
        )

    async def _asked(self, what: str, wish: Mapping[str, object]) -> dict[str, float]:
        async with self._session.post(f"{self.url}/control/{what}", json=wish) as response:
            figures: dict[str, float] = await response.json()
        assert not figures.get("problems"), figures
        return figures


@asynccontextmanager
async def telegram(venue: Venue) -> AsyncIterator[Telegram]:
    """Have Telegram's side for a block."""
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
        await _ended(process)


@asynccontextmanager
async def bot(
    *arguments: str,
    log: Path,
    module: str = "benchmarks.bots",
    env: Mapping[str, str] | None = None,
) -> AsyncIterator[int]:
    """Run a bot for a block and give its process's number; what it says goes to ``log``."""
    kept = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG"}}
    with log.open("ab") as said:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            module,
            *arguments,
            cwd=log.parent,
            env={**kept, "PYTHONPATH": str(ROOT), **(env or {})},
            stderr=said,
        )
        try:
            yield process.pid
            assert process.returncode is None, f"the bot ended; its last words are in {log}"
        finally:
            await _ended(process)


async def _ended(process: asyncio.subprocess.Process) -> None:
    """End a process, at first politely."""
    with suppress(ProcessLookupError):
        process.terminate()
        try:
            async with asyncio.timeout(_END_SECONDS):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()


def resident(pid: int) -> float:
    """Return how much memory a process has in hand, in megabytes of a million bytes."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return (
        next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS:"))
        * 1024
        / 1e6
    )


def processor_seconds(pid: int) -> float:
    """Return how many seconds of a processor a process has used so far."""
    fields = (
        Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", maxsplit=1)[1].split()
    )
    return (int(fields[11]) + int(fields[12])) / _TICKS
