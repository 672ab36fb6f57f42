"""Whoever is cancelled in the middle of a transaction leaves no connection behind that fails the next one."""

import asyncio

import pytest

from domain.client import Contact
from storage.database import Database
from tests.storage.venue import NOW, rows


@pytest.mark.parametrize("rounds", range(0, 40, 2))
async def test_what_comes_after_somebody_was_cancelled_is_kept(database: Database, rounds: int) -> None:
    async def says_hello(person: int) -> None:
        async with database.transaction() as work:
            await work.clients.seen(Contact(person, "Somebody"), NOW)

    given_up = asyncio.create_task(says_hello(1))
    for _ in range(rounds):
        await asyncio.sleep(0)
    given_up.cancel()
    await asyncio.gather(given_up, return_exceptions=True)
    await asyncio.gather(*(says_hello(person) for person in range(2, 14)))

    assert {number for (number,) in rows(database.url, "SELECT id FROM client")} >= set(range(2, 14))
