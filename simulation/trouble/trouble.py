"""All the trouble of a run."""

from collections.abc import Mapping

from simulation.plan import Plan
from simulation.trouble.disk import Disk
from simulation.trouble.kills import Kills
from simulation.trouble.kind import Kind
from simulation.trouble.machine import Pauses, WrongClock
from simulation.trouble.telegram import Telegram
from simulation.trouble.updates import Updates
from simulation.world.stage import Stage

KINDS: Mapping[str, type[Kind]] = {
    "pauses": Pauses,
    "telegram": Telegram,
    "disk": Disk,
    "clock": WrongClock,
    "updates": Updates,
}
"""Each kind of trouble but kills, by its name in ``KINDS_OF_TROUBLE``."""


class Trouble:
    """Lets everything go wrong that the plan does not leave out."""

    def __init__(self, plan: Plan, stage: Stage) -> None:
        self._kills = Kills(stage, "kills")
        self._may_kill = plan.has("kills")
        self._kinds = [kind(stage, name) for name, kind in KINDS.items() if plan.has(name)]

    @property
    def kills(self) -> int:
        """How often a process was killed."""
        return self._kills.faults

    @property
    def faults(self) -> int:
        """How many other faults there were."""
        return sum(kind.faults for kind in self._kinds)

    def begin(self) -> None:
        """Begin all trouble."""
        if self._may_kill:
            self._kills.begin()
        for kind in self._kinds:
            kind.begin()

    def end(self) -> None:
        """End all trouble; the bot runs afterwards."""
        for kind in (*self._kinds, self._kills):
            kind.end()

    def after_step(self) -> None:
        """Do what depends on the number of steps."""
        self._kills.after_step()
