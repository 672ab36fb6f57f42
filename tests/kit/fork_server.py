"""Starts programs quickly: everything is imported once, and each program is a fork of a process that has done nothing else.

Python takes two seconds and more to start the bot, and nearly all of them go by with imports. What a fork is given is what ``python -m``
would give it: its folder, environment, arguments, files and signals; and it ends as any interpreter does, with its own last words. Only
what an interpreter reads before the first line of a program was read once for all of them, so an environment must not differ in that.
"""

import asyncio
import atexit
import functools
import gc
import importlib
import json
import os
import runpy
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
LATE = [
    "aiosqlite",
    *(f"bot.cli.{name}" for name in ("backup", "demo", "doctor", "health", "migrate", "run")),
]
"""What the command line loads when it is asked for a command, and a database when it is opened."""
WORKERS = ["tests.faults.crash_worker", "tests.storage.race_worker", "tests.storage.crash_writer"]
"""What the workers of tests import."""
_READ_AT_THE_START = ("PYTHON", "LANG", "LC_")
_NUMBER = struct.Struct("!i")
_LONGEST_ORDER = 1 << 16


def plain_environment() -> dict[str, str]:
    """Return an environment with nothing in it that this machine has set, but what every program of ours needs."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return kept | {"PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error"}


class ForkedProcess:
    """A program that runs: to a test what a process is that it started itself."""

    def __init__(self, line: socket.socket) -> None:
        self._line = line
        self.returncode: int | None = None
        (self.pid,) = _NUMBER.unpack(line.recv(_NUMBER.size))

    async def wait(self) -> int:
        """Wait until it has ended, and return its exit status: of one that a signal ended, that signal's number below zero."""
        if self.returncode is None:
            self._line.settimeout(0)
            self._has_ended(await asyncio.get_running_loop().sock_recv(self._line, _NUMBER.size))
        return self._status()

    def ends_within(self, seconds: float) -> int:
        """Wait no longer than this, keeping everybody else waiting, and return its exit status; raises TimeoutError."""
        if self.returncode is None:
            self._line.settimeout(seconds)
            self._has_ended(self._line.recv(_NUMBER.size))
        return self._status()

    def send_signal(self, number: int) -> None:
        """Send it a signal, unless it is known to have ended."""
        if self.returncode is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def terminate(self) -> None:
        """Tell it to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it on the spot."""
        self.send_signal(signal.SIGKILL)

    def _has_ended(self, told: bytes) -> None:
        (self.returncode,) = _NUMBER.unpack(told)
        self._line.close()

    def _status(self) -> int:
        assert self.returncode is not None
        return self.returncode


class ForkServer:
    """The process that is forked, as the tests see it."""

    def __init__(self) -> None:
        self._environment = plain_environment()
        self._orders, theirs = socket.socketpair()
        command = [sys.executable, "-m", "tests.kit.fork_server"]
        self._process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=self._environment,
            stdin=theirs.fileno(),
            stdout=subprocess.DEVNULL,
        )
        theirs.close()

    def starts(
        self, folder: Path, env: Mapping[str, str], command: Sequence[str], out: int, err: int
    ) -> ForkedProcess:
        """Start a program in a folder: a module and its arguments; its outputs go to these files, and its input is empty."""
        if _read_at_the_start(env) != _read_at_the_start(self._environment):
            raise ValueError(
                "an interpreter that reads other things at its start has to be a real one"
            )
        order = {"folder": str(folder), "environment": dict(env), "command": list(command)}
        ours, theirs = socket.socketpair()
        with theirs, Path(os.devnull).open("rb") as nothing:
            socket.send_fds(
                self._orders,
                [json.dumps(order).encode()],
                [nothing.fileno(), out, err, theirs.fileno()],
            )
        return ForkedProcess(ours)

    def ends(self) -> None:
        """Start nobody any more."""
        self._orders.close()
        self._process.wait()


@functools.cache
def fork_server() -> ForkServer:
    """Return the one nursery of this process, which is there from the first time on that it is asked for."""
    home = ForkServer()
    atexit.register(home.ends)
    return home


def _read_at_the_start(env: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in env.items() if name.startswith(_READ_AT_THE_START)}


def _serve(orders: socket.socket) -> None:
    """Fork for each order, until there is nobody left who could give one."""
    interrupted = signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        text, files, _, _ = socket.recv_fds(orders, _LONGEST_ORDER, 4)
        if not text:
            return
        if os.fork() == 0:
            orders.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            signal.signal(signal.SIGINT, interrupted)
            _keep(json.loads(text), *files)
            return
        for file in files:
            os.close(file)


def _keep(order: dict[str, Any], nothing: int, out: int, err: int, line: int) -> None:
    """Be the parent of one program: tell its process id, wait for it, and tell how it ended. Returns in the program, at its end."""
    child = os.fork()
    if child == 0:
        os.close(line)
        _run(order, nothing, out, err)
        return
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for file in (nothing, out, err):
        os.close(file)
    with socket.socket(fileno=line) as told, suppress(BrokenPipeError):
        told.sendall(_NUMBER.pack(child))
        _, status = os.waitpid(child, 0)
        told.sendall(_NUMBER.pack(os.waitstatus_to_exitcode(status)))
    # Its interpreter has nothing to say at its end: it has run no program.
    os._exit(0)


def _run(order: dict[str, Any], *files: int) -> None:
    """Become the program that was ordered; whatever it raises ends this interpreter as it would end any other."""
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    os.chdir(order["folder"])
    # What the program has set by itself, when it was imported, it would set again.
    for name in plain_environment():
        del os.environ[name]
    os.environ.update(order["environment"])
    time.tzset()
    tempfile.tempdir = None
    module, *arguments = order["command"]
    sys.path[0], sys.argv[1:] = order["folder"], arguments
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    for name in LATE + WORKERS:
        importlib.import_module(name)
    # Whoever collects what was imported has to copy it first: half a second for each program.
    gc.freeze()
    with socket.socket(fileno=os.dup(sys.stdin.fileno())) as orders:
        _serve(orders)
