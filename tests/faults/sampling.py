"""How much is tried: ``make faults`` tries everything, and each test of chance with many seeds; ``make test`` a sample."""

import os
import random

LONG = os.environ.get("FAULTS") == "long"
SEEDS = range(20) if LONG else range(1)
ACTS_OF_A_FAULT = 7 if LONG else 1
"""How many acts, drawn by lot, meet each fault."""


def chance(seed: object) -> random.Random:
    """Return chance that does the same for the same seed each time; any value that reads the same is the same seed."""
    return random.Random(str(seed))  # noqa: S311  (Nothing is kept secret by it.)
