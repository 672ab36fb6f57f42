"""Processes that are killed at any step, and start again."""

from simulation.trouble.kind import Kind
from simulation.world.process import BotProcess

_MEAN_STEPS_BETWEEN_KILLS = 2_500.0
_RESTART_SECONDS = (0.2, 15.0)


class Kills(Kind):
    """Kills a process of the bot when its time has come, and starts it again after some seconds.

    Whether or not it is active, a process that has exited by itself is started again.
    """

    _next = float("inf")

    def begin(self) -> None:
        """Choose the step of the first kill."""
        super().begin()
        self._choose()

    def end(self) -> None:
        """Let all processes run."""
        super().end()
        self.stage.start_processes()

    def after_step(self) -> None:
        """Kill a process, or clear away those that have exited."""
        for process in [each for each in self.stage.processes if each.has_exited]:
            self.stage.take_exit_error(process)
            self._kill(process)
        if self.active and self.stage.kernel.steps >= self._next and self.stage.processes:
            self._choose()
            if not self.is_spared():
                self.faults += 1
                self._kill(self.random.choose(self.stage.processes))

    def _choose(self) -> None:
        wait = self.random.exponential(_MEAN_STEPS_BETWEEN_KILLS)
        self._next = self.stage.kernel.steps + wait

    def _kill(self, process: BotProcess) -> None:
        self.stage.note("the bot is killed")
        self.stage.kill(process)
        self.stage.people_loop.call_later(
            self.random.between(*_RESTART_SECONDS), self.stage.start_processes
        )
