"""A town for each test, and a venue in it where a provider has posted hours."""

from collections.abc import AsyncIterator

import pytest

from tests.bot.harness import ADMIN_ID, Chatter, Town


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
async def provider(town: Town, admin: Chatter) -> Chatter:
    """Return a provider in Berlin who joined by invitation and has posted nothing."""
    await admin.sends("/invite")
    doctor = town.joins("Dora")
    await doctor.opens(admin.link("?start=join_"))
    await doctor.taps("Keep")
    await doctor.taps("Berlin")
    return doctor


@pytest.fixture
async def open_hours(provider: Chatter) -> Chatter:
    """Return a provider who works on Wednesday 25 November 2026 from 9:00 to 12:00."""
    await provider.sends("/hours")
    await provider.sends("2026-11-25 09:00-12:00")
    await provider.taps("Publish")
    return provider


@pytest.fixture
async def alice(town: Town) -> Chatter:
    """Return a client."""
    return town.joins("Alice")


@pytest.fixture
async def bob(town: Town) -> Chatter:
    """Return another client."""
    return town.joins("Bob")
