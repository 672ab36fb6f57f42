"""How much the tests try, and the seed of everything they choose at random.

``--profile=fast`` runs a sample; ``--profile=full`` runs every case on every database, and every
fault at every moment. ``TEST_SEED`` repeats a run. The default seed is the date, so the sample
changes every day.
"""

import os
import random
from datetime import UTC, datetime
from typing import TypeVar

import pytest

Value = TypeVar("Value")

SEED = os.environ.get("TEST_SEED", f"{datetime.now(UTC):%Y-%m-%d}")


class Profile:
    """The profile of this run. It is known before the first test module is imported."""

    full = False

    def pick(self, *, fast: Value, full: Value) -> Value:
        """Return the value for this run's profile."""
        return full if self.full else fast


PROFILE = Profile()


def seeded(seed: object) -> random.Random:
    """Return a random stream; values with the same ``str`` are the same seed."""
    return random.Random(str(seed))  # noqa: S311  (no secret depends on it)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that chooses the profile."""
    parser.addoption(
        "--profile",
        choices=("fast", "full"),
        default="fast",
        help="fast: a sample drawn by seed (default); full: every case, which takes an hour",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Note the chosen profile, and hand the seed to every xdist worker."""
    os.environ["TEST_SEED"] = SEED
    PROFILE.full = config.getoption("--profile") == "full"


def pytest_report_header() -> str:
    """Say what this run tries and how to repeat it."""
    name = PROFILE.pick(fast="fast", full="full")
    return f"profile: {name}, repeat with TEST_SEED={SEED}"
