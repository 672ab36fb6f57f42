"""A process's memory and descriptors, sampled regularly, and how long people wait for answers."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median, quantiles

from simulator.state.people import Person
from tests.kit.waiting import until

_INTERVAL = 0.5
_TIMEOUT = 600


@dataclass(frozen=True, slots=True)
class Sample:
    """A process at one moment: its memory in megabytes and its descriptors."""

    pid: int
    megabytes: float
    descriptors: int


@dataclass(slots=True)
class Gauge:
    """Samples of the process with ``pid()``, if there is one."""

    pid: Callable[[], int | None]
    samples: list[Sample] = field(default_factory=list)

    async def sample_until_cancelled(self) -> None:
        """Sample until cancelled."""
        while True:
            await asyncio.sleep(_INTERVAL)
            pid = self.pid()
            sample = None if pid is None else _sample(pid)
            if sample is not None:
                self.samples.append(sample)

    def quarters(self, of: Callable[[Sample], float]) -> list[float]:
        """Return the median of a figure in each quarter of the newest process's life."""
        life = [of(sample) for sample in self.samples if sample.pid == self.samples[-1].pid]
        size = max(1, len(life) // 4)
        return [median(life[at * size : (at + 1) * size] or life[-1:]) for at in range(4)]


def megabytes(sample: Sample) -> float:
    """Return the resident memory."""
    return sample.megabytes


def descriptors(sample: Sample) -> float:
    """Return the number of open descriptors."""
    return sample.descriptors


def _sample(pid: int) -> Sample | None:
    """Return a sample of a process, or None if it has just ended."""
    process = Path(f"/proc/{pid}")
    try:
        [resident] = [
            line
            for line in (process / "status").read_text().splitlines()
            if line.startswith("VmRSS:")
        ]
        return Sample(
            pid, int(resident.split()[1]) / 1024, sum(1 for _ in (process / "fd").iterdir())
        )
    except (OSError, ValueError):
        return None


class Probes:
    """People who write rarely and measure how long they wait because of the others."""

    def __init__(self, people: list[Person], every: float) -> None:
        self.waits: list[float] = []
        self._people = people
        self._every = every

    async def ask(self) -> None:
        """Let them ask in turn, each in their own task, until cancelled."""
        async with asyncio.TaskGroup() as group:
            while True:
                for person in self._people:
                    await asyncio.sleep(self._every)
                    group.create_task(self._ask_once(person))

    async def _ask_once(self, person: Person) -> None:
        clock = asyncio.get_running_loop().time
        seen, began = len(person.chat.messages), clock()
        person.sends("/help")
        await until(
            lambda: any(message.sender == "bot" for message in person.chat.messages[seen:]),
            within=_TIMEOUT,
        )
        self.waits.append(clock() - began)

    def __str__(self) -> str:
        if len(self.waits) < 2:
            return "too few"
        cuts = quantiles(self.waits, n=100, method="inclusive")
        return (
            f"p50 {cuts[49]:.2f} s, p99 {cuts[98]:.2f} s, "
            f"longest {max(self.waits):.2f} s, of {len(self.waits)}"
        )
