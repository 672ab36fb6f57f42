"""A scene for each test, and a Telegram that may be asked only for what it can do."""

from collections.abc import AsyncIterator

import pytest

from tests.faults.scenario import Scene
from tests.kit.bot import Town


@pytest.fixture
async def scene(database_url: str) -> AsyncIterator[Scene]:
    """Return a venue whose bot waits for Telegram no longer than a moment; Telegram must have refused nothing but what is meant."""
    town = Town(database_url, patience=0.3)
    await town.starts()
    place = Scene(town)
    await place.opens()
    yield place
    await town.ends()
    assert [warning for warning in town.simulator.transcript.warnings if not any(part in warning for part in place.meant)] == []
