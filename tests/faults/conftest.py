"""A scene for each test, and a Telegram that may be asked only for what it can do."""

from collections.abc import AsyncIterator

import pytest

from tests.faults.scenario import Scenario
from tests.kit.bot import BotHarness


@pytest.fixture
async def scenario(database_url: str) -> AsyncIterator[Scenario]:
    """Return a venue whose bot waits for Telegram no longer than a moment; Telegram must have refused nothing but what is meant."""
    bot = BotHarness(database_url, patience=0.3)
    await bot.starts()
    place = Scenario(bot)
    await place.opens()
    yield place
    await bot.ends()
    assert [
        warning
        for warning in bot.simulator.transcript.warnings
        if not any(part in warning for part in place.meant)
    ] == []
