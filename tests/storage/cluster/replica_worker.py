"""A replica in its own process, which may be killed at any moment."""

import asyncio

from bot.host import new_replica_number
from storage.cluster.membership import PostgresMembership
from storage.database import Database
from tests.kit.clinic import NOW


def run(url: str, chats: list[int]) -> None:
    """Join, lead, lock these chats, claim what is due, print the number, and run until killed."""
    asyncio.run(_run(url, chats))


async def _run(url: str, chats: list[int]) -> None:
    replica = PostgresMembership(url, new_replica_number())
    await replica.join()
    await replica.wait_until_leader()
    for chat in chats:
        await replica.lock_chat(chat)
    await Database(url, replica=replica.number).write(lambda uow: uow.outbox.claim(NOW, 10))
    print(replica.number, flush=True)  # noqa: T201  (the test reads it)
    await replica.wait_until_follower()
