"""The scenario of each fault test."""

from collections.abc import AsyncIterator

import pytest

from tests.faults.scenario import Scenario
from tests.kit.bot import BotHarness


@pytest.fixture
async def scenario(database_url: str) -> AsyncIterator[Scenario]:
    """Return a scenario whose bot has short timeouts.

    At the end, fail on every warning of the simulator that contains none of ``meant``.
    """
    bot = BotHarness(database_url, patience=0.3)
    await bot.starts()
    opened = Scenario(bot)
    await opened.opens()
    yield opened
    await bot.ends()
    assert [
        warning
        for warning in bot.simulator.transcript.warnings
        if not any(part in warning for part in opened.meant)
    ] == []
