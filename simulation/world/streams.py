"""Random numbers from a seed, in a stream of its own for each purpose.

One more draw in one stream does not change the others, so that a story stays alike when an act or a
fault is left out.
"""

from collections.abc import Sequence
from math import log
from random import Random
from typing import TypeVar

Item = TypeVar("Item")


class Stream:
    """A stream of random numbers, equal on every machine and Python version."""

    def __init__(self, seed: int, purpose: str) -> None:
        # Text is hashed by SHA-512, and ``random`` is the same in all versions.
        self._random = Random(f"{seed}:{purpose}")  # noqa: S311  (not used for security)

    def random(self) -> float:
        """Return a number from 0 to 1, without 1."""
        return self._random.random()

    def chance(self, probability: float) -> bool:
        """Return True with this probability."""
        return self.random() < probability

    def below(self, limit: int) -> int:
        """Return an integer from 0 to the limit, without it."""
        return int(self.random() * limit)

    def between(self, low: float, high: float) -> float:
        """Return a number between two others."""
        return low + self.random() * (high - low)

    def exponential(self, mean: float) -> float:
        """Return a wait between events that come at random, with this mean."""
        # Rounded, because the last digit of a logarithm depends on the machine.
        return round(-mean * log(1.0 - self.random()), 6)

    def choose(self, items: Sequence[Item], weights: Sequence[float] | None = None) -> Item:
        """Return one of the items, which have equal weights unless given."""
        if weights is None:
            return items[self.below(len(items))]
        at = self.random() * sum(weights)
        for item, weight in zip(items, weights, strict=True):
            at -= weight
            if at < 0:
                return item
        return items[-1]
