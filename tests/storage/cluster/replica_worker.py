"""A replica in a process of its own, which may be killed at any moment."""

import asyncio

from storage.cluster.membership import PostgresMembership
from storage.database import Database
from tests.kit.clinic import NOW


def lives(url: str, chats: list[int]) -> None:
    """Join, lead, have these chats' turns and all that is due in hand, tell our number, and live until killed."""
    asyncio.run(_lives(url, chats))


async def _lives(url: str, chats: list[int]) -> None:
    replica = PostgresMembership(url)
    await replica.join()
    await replica.wait_until_leader()
    for chat in chats:
        await replica.lock_chat(chat)
    await Database(url, replica=replica.number).write(lambda uow: uow.outbox.claim(NOW, 10))
    print(replica.number, flush=True)  # noqa: T201  (the test reads it)
    await replica.wait_until_follower()
