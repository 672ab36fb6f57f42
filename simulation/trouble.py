"""What goes wrong in a run, each kind from random numbers of its own."""

import asyncio
import sqlite3
from datetime import timedelta

from simulation.plan import Plan
from simulation.world.stage import SIMULATED, Stage
from simulation.world.streams import Stream
from simulator.faults import FaultKind

_MEAN_STEPS_BETWEEN_KILLS = 2_500.0
_RESTART_SECONDS = (0.2, 15.0)
_TELEGRAM_FAULTS = 0.03
_DISK_FAULTS = 0.01
_MEAN_SECONDS_BETWEEN_REPEATS = 90.0
_MEAN_UPDATES_BACK = 8.0
_MEAN_SECONDS_BETWEEN_PAUSES = 30.0
_PAUSES_AT_DEADLINES = 0.8
_MEAN_SECONDS_BETWEEN_JUMPS = 900.0
_CLOCK_ERRORS = (0.0, 2.0, -2.0, 90.0, -90.0, 3600.0, -3600.0)

# Each kind of answer, and how often compared with others.
_KINDS = {
    FaultKind.FLOOD: 2.0,
    FaultKind.SERVER_ERROR: 2.0,
    FaultKind.BAD_GATEWAY: 1.0,
    FaultKind.FORBIDDING_GATEWAY: 0.5,
    FaultKind.EMPTY_ANSWER: 0.5,
    FaultKind.BLOCKED: 0.3,
    FaultKind.SILENCE: 1.0,
    FaultKind.SILENCE_AFTER: 1.0,
    FaultKind.CUT_BEFORE: 1.0,
    FaultKind.CUT_AFTER: 1.0,
    FaultKind.BROKEN_JSON: 1.0,
    FaultKind.SLOW: 2.0,
    FaultKind.SLOW_BEFORE: 2.0,
}
_UNDISTURBED = {"getme"}


class Trouble:
    """Kills the bot, and makes Telegram, the disk and the clock fail."""

    def __init__(self, plan: Plan, stage: Stage) -> None:
        self.kills = self.faults = 0
        self._plan = plan
        self._stage = stage
        self._active = False
        self._next_kill = 0.0
        self._kill_stream = stage.stream("kills")
        self._telegram_stream = stage.stream("telegram")
        self._disk_stream = stage.stream("disk trouble")
        self._update_stream = stage.stream("updates")
        self._clock_stream = stage.stream("clock")
        self._pause_stream = stage.stream("pauses")

    def begin(self) -> None:
        """Begin."""
        self._active = True
        self._choose_kill()
        if self._plan.has("telegram"):
            self._stage.network.before_call = self._disturb_call
        if self._plan.has("disk"):
            self._stage.disk.before_commit = self._disturb_commit
            self._stage.disk.extra_seconds = self._slow_disk

        if self._plan.has("updates"):
            self._stage.people_loop.start(self._repeat_updates())
        if self._plan.has("pauses"):
            self._stage.people_loop.start(self._pause())
        if self._plan.has("clock"):
            self._stage.people_loop.start(self._set_clock())

    async def _repeat_updates(self) -> None:
        """Deliver an update again, at once or much later."""
        while await self._still_active(self._update_stream, _MEAN_SECONDS_BETWEEN_REPEATS):
            if deliveries := self._stage.simulator.transcript.deliveries:
                self.faults += 1
                back = int(self._update_stream.exponential(_MEAN_UPDATES_BACK))
                delivery = deliveries[max(0, len(deliveries) - 1 - back)]
                self._stage.simulator.redeliver(delivery.update["update_id"])

    async def _pause(self) -> None:
        """Let the bot's machine stand still for seconds, more often when a hold is about to end."""
        while await self._still_active(self._pause_stream, _MEAN_SECONDS_BETWEEN_PAUSES):
            wait = self._stage.seconds_to_next_deadline()
            if wait is not None and self._pause_stream.chance(_PAUSES_AT_DEADLINES):
                await asyncio.sleep(max(0.0, wait - self._pause_stream.between(0.0, 0.5)))
            if self._active and self._stage.bot is not None:
                self.faults += 1
                self._stage.bot.pause(self._pause_stream.between(0.1, 4.0))

    async def _set_clock(self) -> None:
        """Set the clock of the bot's machine wrong, by seconds or by an hour, and right again."""
        while await self._still_active(self._clock_stream, _MEAN_SECONDS_BETWEEN_JUMPS):
            self.faults += 1
            error = self._clock_stream.choose(_CLOCK_ERRORS)
            self._stage.note(f"the clock is {error:+.0f} s wrong")
            self._stage.clock_error = timedelta(seconds=error)

    async def _still_active(self, stream: Stream, mean_seconds: float) -> bool:
        """Wait for a random time, and return whether there is trouble still."""
        await asyncio.sleep(stream.exponential(mean_seconds))
        return self._active

    def end(self) -> None:
        """End all trouble; the bot runs afterwards."""
        self._active = False
        self._stage.network.before_call = lambda _method: None
        self._stage.disk.before_commit = lambda _connection: None
        self._stage.disk.extra_seconds = lambda: 0.0
        self._stage.clock_error = timedelta()
        if self._stage.bot is None:
            self._stage.start_bot()

    def after_step(self) -> None:
        """Kill the bot when its time has come, or clear it away if it has exited."""
        if self._stage.bot is None:
            return
        if self._stage.has_exited:
            self._stage.take_exit_error()
            self._kill()
        elif self._active and self._stage.kernel.steps >= self._next_kill:
            self.kills += 1
            self._kill()

    def _kill(self) -> None:
        """End the bot's process, and start it again after some seconds."""
        self._stage.note("the bot is killed")
        self._stage.kill_bot()
        self._choose_kill()
        self._stage.people_loop.call_later(
            self._kill_stream.between(*_RESTART_SECONDS), self._restart
        )

    def _restart(self) -> None:
        if self._stage.bot is None:
            self._stage.start_bot()

    def _choose_kill(self) -> None:
        """Choose the step of the next kill."""
        wait = self._kill_stream.exponential(_MEAN_STEPS_BETWEEN_KILLS)
        self._next_kill = (
            self._stage.kernel.steps + wait if self._plan.has("kills") else float("inf")
        )

    def _disturb_call(self, method: str) -> None:
        """Let a call fail, sometimes."""
        stream = self._telegram_stream
        if method.lower() in _UNDISTURBED or not stream.chance(_TELEGRAM_FAULTS):
            return
        kind = stream.choose(tuple(_KINDS), tuple(_KINDS.values()))
        if kind is FaultKind.BLOCKED and not method.lower().startswith("send"):
            return
        self.faults += 1
        self._stage.simulator.faults.add(
            kind,
            method=method,
            retry_after=1 + stream.below(20),
            delay=stream.between(0.2, 14.0),
        )

    def _disturb_commit(self, connection: sqlite3.Connection) -> None:
        """Let a commit fail, sometimes; SQLite has then rolled back the transaction."""
        if not self._disk_stream.chance(_DISK_FAULTS):
            return
        self.faults += 1
        connection.rollback()
        full = self._disk_stream.chance(0.5)
        error = sqlite3.OperationalError(
            f"{'database or disk is full' if full else 'disk I/O error'} {SIMULATED}"
        )
        error.sqlite_errorcode = sqlite3.SQLITE_FULL if full else sqlite3.SQLITE_IOERR
        raise error

    def _slow_disk(self) -> float:
        """Return the seconds by which a job of the disk is late."""
        return self._disk_stream.between(0.1, 3.0) if self._disk_stream.chance(0.004) else 0.0
