"""Prints outcomes: totals of many runs, and the story of one as a chat."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from simulation.outcome import Outcome
from simulation.plan import Plan
from simulation.reach import Reach
from simulation.world.kernel import MICROSECONDS

_LINES_OF_STORY = 40
_WIDTH = 100
_COUNTED = ("seeds", "acts", "updates", "calls", "kills", "forks", "faults", "steps", "findings")
_RATES = ("acts", "updates", "kills")


class OtherPlans(Exception):
    """A file has the numbers of runs with other options: of its command, and of the present one."""


class Totals(Counter[str]):
    """The sums of many runs, and the seeds that were played."""

    def __init__(self) -> None:
        super().__init__()
        self.played: set[int] = set()
        self.reach = Reach()

    @classmethod
    def resumed(cls, file: Path | None, plan_of: Callable[[int], Plan]) -> "Totals":
        """Return the totals noted in a file, zero if there is none.

        Raises OtherPlans if the noted runs had other plans than ``plan_of`` gives their seeds.
        """
        totals = cls()
        if file is not None and file.exists():
            for line in file.read_text().splitlines():
                noted = json.loads(line)
                if noted["command"] != (command := command_for(plan_of(noted["seed"]))):
                    raise OtherPlans(noted["command"], command)
                totals.played.add(noted["seed"])
                totals.update(noted["numbers"])
        return totals

    def add(self, outcome: Outcome, *, note_in: Path | None = None) -> None:
        """Add a run, and note its numbers in a file."""
        numbers = _numbers(outcome)
        self.update(numbers)
        self.reach.merge(outcome.reach)
        if note_in is not None:
            with note_in.open("a") as file:
                noted = {"seed": outcome.plan.seed, "command": command_for(outcome.plan)}
                noted |= {"numbers": numbers, "findings": outcome.findings}
                file.write(json.dumps(noted) + "\n")

    def __str__(self) -> str:
        counted = ", ".join(f"{self[name]:,} {name}" for name in _COUNTED)
        seconds = self["milliseconds"] / 1000
        rates = ", ".join(f"{self[name] / (seconds or 1):.3g} {name}" for name in _RATES)
        return f"{counted}; {seconds:,.1f} s of processor, with {rates} in each"


def _numbers(outcome: Outcome) -> dict[str, int]:
    """Return the numbers of one run."""
    return {
        "seeds": 1,
        "acts": outcome.acts,
        "updates": outcome.updates,
        "calls": outcome.calls,
        "kills": outcome.kills,
        "forks": outcome.forks,
        "faults": outcome.faults,
        "steps": outcome.steps,
        "findings": len(outcome.findings),
        "milliseconds": round(outcome.processor_seconds * 1000),
    }


def reached(reach: Reach) -> str:
    """Return what runs have reached of the domain, and what not."""
    share = f"{reach.share():.0%} of the statements in the domain's functions were executed."
    return "\n".join([share, *reach.missed()])


def command_for(plan: Plan) -> str:
    """Return the command that plays a plan again."""
    parts = [f"python -m bot simulate --seed {plan.seed} --minutes {plan.minutes:g}"]
    parts += [f"--without {' '.join(sorted(plan.without))}"] if plan.without else []
    parts += [f"--forks {plan.forks}"] if plan.forks else []
    parts += [f"--silent {' '.join(sorted(plan.silent))}"] if plan.silent else []
    return " ".join(parts)


def story_of(outcome: Outcome) -> str:
    """Return what happened before the first finding, as a chat."""
    end = outcome.found_at if outcome.found_at is not None else float("inf")
    lines = [line for line in outcome.story if line.at <= end][-_LINES_OF_STORY:]
    told = [f"{_clock(line.at)} {line.who}: {line.what}"[:_WIDTH] for line in lines]
    return "\n".join(
        [
            f"People act {outcome.timetable}.",
            *told,
            *(f"FOUND: {finding}" for finding in outcome.findings[:5]),
        ]
    )


def _clock(at: int) -> str:
    """Return an instant as minutes and seconds since the start."""
    minutes, seconds = divmod(at / MICROSECONDS, 60)
    return f"{minutes:4.0f}:{seconds:06.3f}"
