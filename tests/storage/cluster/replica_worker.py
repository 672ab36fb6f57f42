"""A replica in a process of its own, which may be killed at any moment."""

import asyncio
from multiprocessing.connection import Connection

from storage.cluster.membership import PostgresMembership
from storage.database import Database
from tests.kit.clinic import NOW


def lives(url: str, chats: tuple[int, ...], line: Connection) -> None:
    """Join, lead, have these chats' turns and all that is due in hand, tell our number, and live until killed."""
    asyncio.run(_lives(url, chats, line))


async def _lives(url: str, chats: tuple[int, ...], line: Connection) -> None:
    replica = PostgresMembership(url)
    await replica.join()
    await replica.wait_until_leader()
    for chat in chats:
        await replica.lock_chat(chat)
    await Database(url, replica=replica.number).write(lambda uow: uow.outbox.claim(NOW, 10))
    line.send(replica.number)
    await replica.wait_until_follower()
