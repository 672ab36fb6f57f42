"""Forks of a run: in each, the bot is killed at another step, and the rest must come out right.

A run without threads and sockets can be forked at any step. The fork copies the files, kills the
bot, lets people and trouble end, and is checked. The run itself goes on undisturbed. So many steps
in a row are tried at the price of the rest of a run each.
"""

import os
import pickle
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

from simulation.plan import Plan
from simulation.world.kernel import MICROSECONDS
from simulation.world.stage import Stage

_LONGEST_SECONDS = 120


class Forked(Exception):
    """In a fork: the run has left ``kernel.run``, and is to be brought to rest."""


class Forks:
    """Forks a run at so many steps of the bot in a row, from a random update on."""

    def __init__(self, plan: Plan, stage: Stage) -> None:
        self.tried = 0
        self._stage = stage
        self._left = plan.forks
        self._begin_at = 0
        self._deliveries: int | None = None
        self._report: int | None = None

    def begin(self, seconds: float) -> None:
        """Choose the instant, within some seconds, from which the next update is forked at."""
        seconds *= self._stage.stream("forks").random()
        self._begin_at = self._stage.kernel.now + int(seconds * MICROSECONDS)

    def after_step(self) -> Iterator[str]:
        """Fork if it is time; yield what the fork found. Raises Forked in the fork."""
        if not self._left or not self._is_time() or not self._stage.has_run_bot:
            return
        self._left -= 1
        self.tried += 1
        step = self._stage.kernel.steps
        for finding in self._fork(self._stage.folder / f"fork-{self.tried}"):
            yield f"if the bot is killed at step {step}: {finding}"

    def end(self, findings: list[str]) -> None:
        """In a fork, send what was found to the run, and end this process."""
        if self._report is not None:
            with os.fdopen(self._report, "wb") as pipe:
                pickle.dump(findings, pipe)
            # No clean-up of what the bot left: it would run code of killed processes.
            os._exit(0)

    def _is_time(self) -> bool:
        """Return whether an update has arrived since the first instant."""
        if self._stage.kernel.now < self._begin_at:
            return False
        deliveries = len(self._stage.simulator.transcript.deliveries)
        if self._deliveries is None:
            self._deliveries = deliveries
        return deliveries > self._deliveries

    def _fork(self, folder: Path) -> list[str]:
        """Fork, and return what the fork found. Raises Forked in the fork."""
        folder.mkdir()
        reading, self._report = os.pipe()
        if (child := os.fork()) == 0:
            os.close(reading)
            signal.alarm(_LONGEST_SECONDS)
            self._left = 0
            self._stage.use_copies(folder)
            # Another process would go on with the files of the parent.
            for process in list(self._stage.processes):
                self._stage.kill(process)
            raise Forked
        os.close(self._report)
        self._report = None
        return _received(reading, child, lambda: shutil.rmtree(folder))


def _received(reading: int, child: int, clean_up: Callable[[], None]) -> list[str]:
    """Wait for a fork, and return its findings; one that dies is a finding."""
    with os.fdopen(reading, "rb") as pipe:
        report = pipe.read()
    _, status = os.waitpid(child, 0)
    clean_up()
    if not report:
        return [f"the fork ended with status {os.waitstatus_to_exitcode(status)}"]
    findings: list[str] = pickle.loads(report)  # noqa: S301  (written by the fork)
    return findings
