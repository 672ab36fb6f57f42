"""How things are compared: in one call, taking turns, several rounds each; told are the median and the range."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

Sample = Mapping[str, float]
"""What one run of one contender came to: figures by name."""

Samples = Mapping[str, Sequence[Sample]]
"""The runs of each contender, in order: the runs of one round stand at the same place."""

Contender = Callable[[], Awaitable[Sample]]


@dataclass(frozen=True, slots=True)
class Spread:
    """A figure over all rounds."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        """Return the spread of some values."""
        return cls(median(values), min(values), max(values))


async def alternate(contenders: Mapping[str, Contender], rounds: int) -> Samples:
    """Have the contenders run in turn, round by round; each round begins with another one, so that none always follows the same."""
    samples: dict[str, list[Sample]] = {name: [] for name in contenders}
    names = list(contenders)
    for turn in range(rounds):
        first = turn % len(names)
        for name in names[first:] + names[:first]:
            samples[name].append(await contenders[name]())
    return samples


def spread(samples: Samples, contender: str, figure: str) -> Spread:
    """Return a contender's figure over all rounds."""
    return Spread.of([sample[figure] for sample in samples[contender]])


def ratio(samples: Samples, figure: str, one: str, other: str) -> Spread:
    """Return how many times the other's figure one contender's is, compared within each round."""
    return Spread.of(
        [mine[figure] / its[figure] for mine, its in zip(samples[one], samples[other], strict=True)]
    )
