"""What a run is made of: a seed, its length, and which kinds of trouble it has."""

from dataclasses import dataclass

HOLD_SECONDS = 360
"""How long holds last: shorter than usual, so that more of them end in a run."""
WARNING_SECONDS = HOLD_SECONDS // 2
"""How long before the end of a hold its client is warned."""
KINDS_OF_TROUBLE = (
    "kills", "pauses", "telegram", "disk", "clock", "updates", "webhook", "replicas",
)  # fmt: skip
"""Trouble that can be left out, to find out which of it a finding needs."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The plan of one run; equal plans give equal runs.

    ``minutes`` is how long people act. At ``forks`` steps in a row, a fork of the run tries what
    happens if the bot is killed there. ``without`` names kinds of trouble that are left out,
    ``silent`` the people who do nothing. A ``traced`` run notes which lines of the domain it
    reaches, which takes longer and changes nothing else.
    """

    seed: int
    minutes: float = 40.0
    without: frozenset[str] = frozenset()
    silent: frozenset[str] = frozenset()
    forks: int = 0
    traced: bool = False

    def has(self, trouble: str) -> bool:
        """Return whether a run has this kind of trouble."""
        return trouble not in self.without
