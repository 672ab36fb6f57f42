"""A simulator, a clock that is moved by hand, and two people."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from simulator import Person, Simulator


class Clock:
    """A clock that only the test moves."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def passes(self, seconds: float) -> None:
        """Move forward."""
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sim(clock: Clock) -> Simulator:
    """A simulator that is not started: calls are answered in process."""
    return Simulator(token="1:test", username="slotkeeper_bot", clock=clock)


@pytest.fixture
def alice(sim: Simulator) -> Person:
    """A person whose message the bot has read."""
    person = sim.person("Alice", username="alice")
    person.sends("/start")
    sim.take_updates()
    return person


@pytest.fixture
async def served(sim: Simulator) -> AsyncIterator[Simulator]:
    """A simulator on a free port."""
    await sim.start()
    yield sim
    await sim.stop()
