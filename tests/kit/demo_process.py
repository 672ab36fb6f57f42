"""Runs the demo as a process, as people do, and reads its address from the line it prints."""

import asyncio
import os
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path

from tests.kit.bot_process import Process, kill_process, start_bot
from tests.kit.fork_server import plain_environment

_LINE = re.compile(r"Slotkeeper's demo: (http://127\.0\.0\.1:\d+/)  \(Ctrl-C ends it\)\n")


@dataclass(frozen=True, slots=True)
class RunningDemo:
    """A running demo: its process, and the address it printed."""

    process: Process
    url: str
    _output: asyncio.StreamReader

    async def output(self) -> str:
        """Return the rest of its standard output and error, up to its end."""
        return (await self._output.read()).decode()


@asynccontextmanager
async def demo_process(
    folder: Path, *arguments: str, fresh: bool = False
) -> AsyncIterator[RunningDemo]:
    """Run the demo for a block, in a folder without settings; ``tmp`` in it has temporary files."""
    (folder / "tmp").mkdir(exist_ok=True)
    env = plain_environment() | {"TMPDIR": str(folder / "tmp")}
    read_end, write_end = os.pipe()
    output = asyncio.StreamReader()
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(output), os.fdopen(read_end, "rb")
    )
    process = await start_bot(folder, env, *arguments, out=write_end, err=write_end, fresh=fresh)
    os.close(write_end)
    with closing(transport):
        try:
            async with asyncio.timeout(60):
                line = (await output.readline()).decode()
            found = _LINE.fullmatch(line)
            assert found, line + (await output.read()).decode()
            yield RunningDemo(process, found[1], output)
        finally:
            await kill_process(process)
