"""A scenario for each test, with a check of Telegram's warnings."""

from collections.abc import AsyncIterator

import pytest

from tests.faults.scenario import Scenario
from tests.kit.bot import BotHarness


@pytest.fixture
async def scenario(database_url: str) -> AsyncIterator[Scenario]:
    """A venue whose bot waits briefly for Telegram, which must refuse only what is expected."""
    bot = BotHarness(database_url, read_timeout=0.3)
    await bot.starts()
    opened = Scenario(bot)
    await opened.set_up()
    yield opened
    await bot.ends()
    assert [
        warning
        for warning in bot.simulator.transcript.warnings
        if not any(part in warning for part in opened.expected_warnings)
    ] == []
