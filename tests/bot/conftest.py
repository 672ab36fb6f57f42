"""A town for each test, and a venue in it where a provider has posted hours."""

from collections.abc import AsyncIterator

import pytest

from tests.bot.harness import ADMIN_ID, Chatter, Town
from tests.bot.practice import opens_practice


@pytest.fixture
async def town(database_url: str) -> AsyncIterator[Town]:
    """Return a town whose bot nobody has written to; at the end Telegram must have refused nothing."""
    place = Town(database_url)
    await place.starts()
    yield place
    await place.ends()
    assert place.simulator.transcript.warnings == []


@pytest.fixture
async def rough_town(database_url: str, request: pytest.FixtureRequest) -> AsyncIterator[Town]:
    """Return a town where the wire may fail: Telegram is waited for no longer than a moment.

    It may refuse nothing but what a test is marked to have refused: ``@pytest.mark.refuses("message to edit not found")``.
    """
    place = Town(database_url, patience=0.3)
    await place.starts()
    yield place
    await place.ends()
    meant = [part for mark in request.node.iter_markers("refuses") for part in mark.args]
    assert [warning for warning in place.simulator.transcript.warnings if not any(part in warning for part in meant)] == []


@pytest.fixture
def admin(town: Town) -> Chatter:
    """Return the admin."""
    return town.joins("Ada", id=ADMIN_ID)


@pytest.fixture
async def provider(town: Town) -> Chatter:
    """Return a provider in Berlin who has posted nothing. He stands in the database: how one joins by chat has tests of its own."""
    return await opens_practice(town, days=(), zone="Europe/Berlin")


@pytest.fixture
async def open_hours(town: Town) -> Chatter:
    """Return a provider in Berlin who works on Wednesday 25 November 2026 from 9:00 to 12:00."""
    return await opens_practice(town, zone="Europe/Berlin")


@pytest.fixture
async def alice(town: Town) -> Chatter:
    """Return a client."""
    return town.joins("Alice")


@pytest.fixture
async def bob(town: Town) -> Chatter:
    """Return another client."""
    return town.joins("Bob")
