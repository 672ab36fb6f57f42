"""Plays plans, each in a process of its own, several at the same time."""

import logging
import multiprocessing
import os
import signal
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from tempfile import TemporaryDirectory

from simulation.outcome import Outcome
from simulation.plan import Plan
from simulation.run import Run

_LONGEST_SECONDS = 600
# Files in memory are as deterministic as those on a disk, and faster.
_MEMORY = Path("/dev/shm")  # noqa: S108  (only as a place for temporary folders)


def play(plan: Plan, folder: Path) -> Outcome:
    """Play a plan in this process, which must play no other one.

    What a killed bot leaves in memory is never cleaned up, and would disturb another run.
    """
    logging.captureWarnings(capture=True)
    run = Run(plan, folder)
    _NEVER_COLLECTED.append(run)
    return run.play()


_NEVER_COLLECTED: list[Run] = []


@dataclass(frozen=True, slots=True)
class _Playing:
    """A process that plays a plan, and where its files are."""

    plan: Plan
    process: BaseProcess
    folder: "TemporaryDirectory[str]"
    began: float


class Players:
    """Processes that play plans. Each ends after one run, without any clean-up in Python."""

    def __init__(self, count: int) -> None:
        """Use this many processes at the same time."""
        self._count = count
        self._context = multiprocessing.get_context("forkserver")
        # A new process is a copy of one that has loaded the bot.
        self._context.set_forkserver_preload(["simulation.run"])
        self._playing: dict[Connection, _Playing] = {}

    def outcomes(self, plans: Iterable[Plan]) -> Iterator[Outcome]:
        """Play plans, and yield their outcomes as they end."""
        for plan in plans:
            self._start(plan)
            while len(self._playing) >= self._count:
                yield from self._ended()
        while self._playing:
            yield from self._ended()

    def outcome(self, plan: Plan) -> Outcome:
        """Play one plan."""
        [outcome] = self.outcomes([plan])
        return outcome

    def stop(self) -> None:
        """End all processes."""
        for connection in list(self._playing):
            self._clear(connection)

    def _start(self, plan: Plan) -> None:
        """Start a process."""
        folder = TemporaryDirectory(prefix="slotkeeper-", dir=_MEMORY if _is_writable() else None)
        receiving, sending = self._context.Pipe(duplex=False)
        process = self._context.Process(
            target=_play_and_send, args=(plan, Path(folder.name), sending), daemon=True
        )
        process.start()
        sending.close()
        self._playing[receiving] = _Playing(plan, process, folder, time.monotonic())

    def _ended(self) -> Iterator[Outcome]:
        """Wait a moment, and yield the outcomes of the processes that have ended."""
        ready = wait([*self._playing], timeout=1)
        for connection, playing in list(self._playing.items()):
            if connection in ready:
                yield _received(connection, playing)
                self._clear(connection)
            elif time.monotonic() - playing.began > _LONGEST_SECONDS:
                yield Outcome(playing.plan, [f"the run took over {_LONGEST_SECONDS} seconds"])
                self._clear(connection)

    def _clear(self, connection: Connection) -> None:
        """End a process and delete its files."""
        playing = self._playing.pop(connection)
        playing.process.kill()
        playing.process.join()
        connection.close()
        playing.folder.cleanup()


@contextmanager
def players(count: int) -> Iterator[Players]:
    """Provide players for a block."""
    started = Players(count)
    try:
        yield started
    finally:
        started.stop()


def _play_and_send(plan: Plan, folder: Path, connection: Connection) -> None:
    """Play a plan and send its outcome; leave Ctrl-C to the process that reports."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    connection.send(play(plan, folder))
    connection.close()
    # No clean-up of what the bot left: it would run code of killed processes.
    os._exit(0)


def _received(connection: Connection, playing: _Playing) -> Outcome:
    """Return the outcome that a process has sent; a process that died is a finding."""
    try:
        outcome: Outcome = connection.recv()
    except EOFError:
        playing.process.join()
        return Outcome(
            playing.plan, [f"the run's process ended with status {playing.process.exitcode}"]
        )
    return outcome


def _is_writable() -> bool:
    """Return whether there is a place for files in memory."""
    return os.access(_MEMORY, os.W_OK)
