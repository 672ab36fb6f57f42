"""How long to wait before another try."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

_MAX_EXPONENT = 64


@dataclass(frozen=True, slots=True)
class Backoff:
    """Waits that grow from ``first`` seconds by ``factor`` to ``maximum`` seconds.

    With ``jitter``, each wait is random between zero and that length, so that those who collided
    do not collide again.
    """

    first: float
    maximum: float
    factor: float = 2.0
    jitter: bool = False

    def wait(self, tries: int) -> float:
        """Return the seconds to wait after the given number of failed tries."""
        exponent = min(max(tries - 1, 0), _MAX_EXPONENT)
        longest = min(self.first * self.factor**exponent, self.maximum)
        return random.uniform(0, longest) if self.jitter else longest  # noqa: S311  (not used for security)

    def waits(self) -> Iterator[float]:
        """Yield the wait after the first failed try, after the second, and so on without end."""
        return (self.wait(tries) for tries in count(1))
