"""Runs a function in a forked process, which can be killed at any moment.

A worker reports by printing lines. Lines printed before a kill can still be read.
"""

import importlib
import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from select import select
from typing import Any, TextIO

from tests.kit.fork_server import ROOT, ForkedProcess, fork_server, plain_environment

_STDERR = 2


class Worker:
    """A running worker. ``out`` is what it prints."""

    def __init__(self, process: ForkedProcess, out: TextIO) -> None:
        self.process = process
        self._out = out

    def line(self, seconds: float = 30) -> str:
        """Return the next line; an empty one if the worker has ended. Raises TimeoutError."""
        if not select([self._out], [], [], seconds)[0]:
            raise TimeoutError("the worker prints nothing")
        return self._out.readline()

    def lines(self) -> Iterator[str]:
        """Yield the lines that are left, up to the worker's end."""
        yield from self._out

    async def wait_async(self) -> int:
        """Wait without blocking the event loop, and return the exit status."""
        return await self.process.wait()

    def wait(self, seconds: float = 60) -> int:
        """Return the exit status; the number of a signal is negative. Raises TimeoutError."""
        return self.process.wait_blocking(seconds)


@contextmanager
def worker(function: str, *arguments: Any, err: int | None = None) -> Iterator[Worker]:
    """Run ``module:function`` with these arguments, plain JSON values; kill it at the end.

    Its standard error goes to the file ``err``, or to the tests' own.
    """
    read_end, write_end = os.pipe()
    command = [__name__, function, json.dumps(arguments)]
    with os.fdopen(read_end) as out:
        err = _STDERR if err is None else err
        started = fork_server().start(ROOT, plain_environment(), command, write_end, err)
        os.close(write_end)
        try:
            yield Worker(started, out)
        finally:
            started.kill()
            started.wait_blocking(10)


def run_together(*calls: Sequence[Any]) -> list[int]:
    """Run workers at once, each given as ``function, *arguments``; return their exit statuses."""
    if not calls:
        return []
    function, *arguments = calls[0]
    with worker(function, *arguments) as first:
        others = run_together(*calls[1:])
        return [first.wait(), *others]


if __name__ == "__main__":
    module, _, name = sys.argv[1].partition(":")
    getattr(importlib.import_module(module), name)(*json.loads(sys.argv[2]))
