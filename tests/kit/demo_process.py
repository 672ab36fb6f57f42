"""The demo as a process of its own, as people run it: everything known about it is the line it prints."""

import asyncio
import os
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path

from tests.kit.bot_process import Process, killed, started
from tests.kit.fork_server import plain_environment

_LINE = re.compile(r"Slotkeeper's demo: (http://127\.0\.0\.1:\d+/)  \(Ctrl-C ends it\)\n")


@dataclass(frozen=True, slots=True)
class RunningDemo:
    """A demo at work: its process, and the address it printed."""

    process: Process
    url: str
    _said: asyncio.StreamReader

    async def output(self) -> str:
        """Return what else it says on both outputs until its end."""
        return (await self._said.read()).decode()


@asynccontextmanager
async def demo_process(
    folder: Path, *arguments: str, fresh: bool = False
) -> AsyncIterator[RunningDemo]:
    """Run the demo for a block, in a folder without settings and with temporary files of its own below it."""
    (folder / "tmp").mkdir(exist_ok=True)
    env = plain_environment() | {"TMPDIR": str(folder / "tmp")}
    ours, theirs = os.pipe()
    said = asyncio.StreamReader()
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(said), os.fdopen(ours, "rb")
    )
    process = await started(folder, env, *arguments, out=theirs, err=theirs, fresh=fresh)
    os.close(theirs)
    with closing(transport):
        try:
            async with asyncio.timeout(60):
                line = (await said.readline()).decode()
            found = _LINE.fullmatch(line)
            assert found, line + (await said.read()).decode()
            yield RunningDemo(process, found[1], said)
        finally:
            await killed(process)
