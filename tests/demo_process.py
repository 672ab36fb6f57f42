"""The demo as a process of its own, as people run it: everything known about it is the line it prints."""

import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
_LINE = re.compile(r"Slotkeeper's demo: (http://127\.0\.0\.1:\d+/)  \(Ctrl-C ends it\)\n")


@dataclass(frozen=True, slots=True)
class RunningDemo:
    """A demo at work: its process, and the address it printed."""

    process: asyncio.subprocess.Process
    url: str

    async def output(self) -> str:
        """Return what else it says on both outputs until its end."""
        assert self.process.stdout
        return (await self.process.stdout.read()).decode()


@asynccontextmanager
async def demo_process(folder: Path, *arguments: str) -> AsyncIterator[RunningDemo]:
    """Run the demo for a block, in a folder without settings and with temporary files of its own below it."""
    (folder / "tmp").mkdir(exist_ok=True)
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    env = kept | {"PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error", "TMPDIR": str(folder / "tmp")}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot", *arguments, cwd=folder, env=env, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    try:
        assert process.stdout
        async with asyncio.timeout(60):
            line = (await process.stdout.readline()).decode()
        found = _LINE.fullmatch(line)
        assert found, line + (await process.stdout.read()).decode()
        yield RunningDemo(process, found[1])
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.communicate()
