"""Starts programs quickly, by forking a process that has imported everything and done nothing else.

A fresh interpreter needs over two seconds to start the bot, nearly all of it for imports.
A fork gets what ``python -m`` would give it: folder, environment, arguments, files and signals.
It ends like any interpreter, with its warnings at exit. All forks share what the interpreter reads
at start-up, so those variables cannot differ between programs.
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
LAZY_MODULES = [
    "aiosqlite",
    *(f"bot.cli.{name}" for name in ("backup", "demo", "doctor", "health", "migrate", "run")),
]
"""Modules that the command line and the database import only when they are needed."""
WORKER_MODULES = [
    "tests.faults.crash_worker",
    "tests.storage.race_worker",
    "tests.storage.crash_writer",
]
"""Modules that the workers of tests run."""
_STARTUP_PREFIXES = ("PYTHON", "LANG", "LC_")
_INT32 = struct.Struct("!i")
_MAX_REQUEST_BYTES = 1 << 16


def plain_environment() -> dict[str, str]:
    """Return the variables every program needs, without those set on this machine."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return kept | {"PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error"}


class ForkedProcess:
    """A running program, with the methods of ``asyncio.subprocess.Process`` that tests need."""

    def __init__(self, line: socket.socket) -> None:
        self._line = line
        self.returncode: int | None = None
        (self.pid,) = _INT32.unpack(line.recv(_INT32.size))

    async def wait(self) -> int:
        """Return the exit status once it has ended; the number of a signal is negative."""
        if self.returncode is None:
            self._line.settimeout(0)
            self._set_returncode(
                await asyncio.get_running_loop().sock_recv(self._line, _INT32.size)
            )
        return self._status()

    def wait_blocking(self, seconds: float) -> int:
        """Block until it has ended, and return its exit status. Raises TimeoutError."""
        if self.returncode is None:
            self._line.settimeout(seconds)
            self._set_returncode(self._line.recv(_INT32.size))
        return self._status()

    def send_signal(self, number: int) -> None:
        """Send a signal, unless it is known to have ended."""
        if self.returncode is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def terminate(self) -> None:
        """Send SIGTERM."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """Send SIGKILL."""
        self.send_signal(signal.SIGKILL)

    def _set_returncode(self, data: bytes) -> None:
        (self.returncode,) = _INT32.unpack(data)
        self._line.close()

    def _status(self) -> int:
        assert self.returncode is not None
        return self.returncode


class ForkServer:
    """The process that is forked, and the socket by which tests ask it for programs."""

    def __init__(self) -> None:
        self._environment = plain_environment()
        self._requests, server_end = socket.socketpair()
        command = [sys.executable, "-m", "tests.kit.fork_server"]
        self._process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=self._environment,
            stdin=server_end.fileno(),
            stdout=subprocess.DEVNULL,
        )
        server_end.close()

    def start(
        self, folder: Path, env: Mapping[str, str], command: Sequence[str], out: int, err: int
    ) -> ForkedProcess:
        """Start a program in a folder. ``command`` is a module and its arguments.

        ``out`` and ``err`` are file descriptors for its output; its input is empty.

        Raises:
            ValueError: a variable that the interpreter reads at start-up differs.
        """
        if _startup_variables(env) != _startup_variables(self._environment):
            raise ValueError("other start-up variables need a fresh interpreter")
        request = {"folder": str(folder), "environment": dict(env), "command": list(command)}
        line, program_end = socket.socketpair()
        with program_end, Path(os.devnull).open("rb") as no_input:
            socket.send_fds(
                self._requests,
                [json.dumps(request).encode()],
                [no_input.fileno(), out, err, program_end.fileno()],
            )
        return ForkedProcess(line)

    def stop(self) -> None:
        """Stop the server; running programs go on."""
        self._requests.close()
        self._process.wait()


@functools.cache
def fork_server() -> ForkServer:
    """Return the fork server of this process; the first call starts it."""
    server = ForkServer()
    atexit.register(server.stop)
    return server


def _startup_variables(env: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in env.items() if name.startswith(_STARTUP_PREFIXES)}


def _serve(requests: socket.socket) -> None:
    """Fork for each request, until the other end of the socket is closed."""
    interrupted = signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        text, files, _, _ = socket.recv_fds(requests, _MAX_REQUEST_BYTES, 4)
        if not text:
            return
        if os.fork() == 0:
            requests.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            signal.signal(signal.SIGINT, interrupted)
            _supervise(json.loads(text), *files)
            return
        for file in files:
            os.close(file)


def _supervise(request: dict[str, Any], no_input: int, out: int, err: int, line: int) -> None:
    """Start one program, and send its process id and exit status over ``line``.

    Returns only in the program, at its end.
    """
    child = os.fork()
    if child == 0:
        os.close(line)
        _run(request, no_input, out, err)
        return
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for file in (no_input, out, err):
        os.close(file)
    with socket.socket(fileno=line) as connection, suppress(BrokenPipeError):
        connection.sendall(_INT32.pack(child))
        _, status = os.waitpid(child, 0)
        connection.sendall(_INT32.pack(os.waitstatus_to_exitcode(status)))
    # This process has run no program, so it must not run exit handlers.
    os._exit(0)


def _run(request: dict[str, Any], *files: int) -> None:
    """Run the requested program in this process; its exceptions reach the interpreter."""
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    os.chdir(request["folder"])
    # Keep variables that modules set on import: a program would set them again.
    for name in plain_environment():
        del os.environ[name]
    os.environ.update(request["environment"])
    time.tzset()
    tempfile.tempdir = None
    module, *arguments = request["command"]
    sys.path[0], sys.argv[1:] = request["folder"], arguments
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    for name in LAZY_MODULES + WORKER_MODULES:
        importlib.import_module(name)
    # Exclude imported objects from collection: touching them would copy their memory pages,
    # half a second per program.
    gc.freeze()
    with socket.socket(fileno=os.dup(sys.stdin.fileno())) as requests:
        _serve(requests)
