"""Readiness while the database takes no writes: reads alone would not show it."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from tests.faults.database_faults import AILMENTS
from tests.kit.http import ServedTown
from tests.kit.venue import everything

RECENT = timedelta(seconds=5)


@pytest.fixture
async def town(database_url: str) -> AsyncIterator[ServedTown]:
    """A town whose bot has its HTTP side open; Telegram was heard of just now."""
    place = ServedTown(database_url)
    await place.starts()
    place.app.pulse.beat()
    yield place
    await place.ends()


async def database_says(town: ServedTown) -> tuple[int, str]:
    answer = await town.asks("/readyz")
    return answer.status, json.loads(answer.text)["checks"]["database"]


async def settled(town: ServedTown) -> tuple[int, str]:
    """Return the third result: connections that were cut meanwhile are replaced after the first to read and the first to write."""
    for _ in range(2):
        town.now += RECENT
        await database_says(town)
    town.now += RECENT
    return await database_says(town)


@pytest.mark.parametrize("ailment", ["full", "read-only"])
async def test_it_is_not_ready_while_the_database_takes_no_writes(town: ServedTown, engine: str, ailment: str) -> None:
    assert await database_says(town) == (200, "ok")
    async with AILMENTS[engine][ailment](town):
        assert await settled(town) == (503, "DatabaseAway")

    assert await settled(town) == (200, "ok")


async def test_what_is_tried_leaves_nothing_in_the_database(town: ServedTown) -> None:
    before = everything(town.app.database.url)
    assert await database_says(town) == (200, "ok")

    assert everything(town.app.database.url) == before


async def test_the_result_is_kept_for_five_seconds_however_many_ask(town: ServedTown, engine: str) -> None:
    assert await database_says(town) == (200, "ok")
    async with AILMENTS[engine]["full"](town):
        town.now += RECENT - timedelta(microseconds=1)
        assert [await database_says(town) for _ in range(10)] == [(200, "ok")] * 10
        town.now += timedelta(microseconds=1)
        status, _ = await database_says(town)
        assert status == 503
    town.now += RECENT - timedelta(microseconds=1)
    assert [(await database_says(town))[0] for _ in range(10)] == [503] * 10

    # A clock that is set back makes no result last longer.
    town.now -= timedelta(hours=1)
    assert await database_says(town) == (200, "ok")
