"""A simulator, a clock that stands still, and two people."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest

from simulator import Person, Simulator


class Clock:
    """A clock that moves only when told."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def passes(self, seconds: float) -> None:
        """Move on by so many seconds."""
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sim(clock: Clock) -> Simulator:
    """Not started: calls are answered in process."""
    return Simulator(token="1:test", username="slotkeeper_bot", clock=clock)


@pytest.fixture
def alice(sim: Simulator) -> Person:
    """Has written to the bot, which has read it."""
    person = sim.person("Alice", username="alice")
    person.sends("/start")
    sim.take_updates()
    return person


@pytest.fixture
async def served(sim: Simulator) -> AsyncIterator[Simulator]:
    """Listening on a free port."""
    await sim.start()
    yield sim
    await sim.stop()


@pytest.fixture
def until() -> Callable[[Callable[[], object]], Awaitable[None]]:
    """Waits for what another task does, five seconds at most."""

    async def until(condition: Callable[[], object]) -> None:
        async with asyncio.timeout(5):
            while not condition():  # noqa: ASYNC110  (conditions of all kinds, without an event of their own)
                await asyncio.sleep(0.001)

    return until
