"""Compares contenders in alternating rounds; results are the median and the range."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

Sample = Mapping[str, float]
"""The figures of one run of one contender, by name."""

Samples = Mapping[str, Sequence[Sample]]
"""The runs of each contender in order; runs of one round have the same index."""

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
    """Run the contenders round by round, each round in another rotation."""
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
    """Return the ratio of two contenders' figures, computed within each round."""
    return Spread.of(
        [mine[figure] / its[figure] for mine, its in zip(samples[one], samples[other], strict=True)]
    )
