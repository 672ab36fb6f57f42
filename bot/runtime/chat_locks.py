"""Chat locks: updates of one chat are processed in order, and many chats at the same time.

On PostgreSQL this holds among all replicas.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from weakref import WeakValueDictionary

from bot.ports import Membership

SEND_LOCK_SECONDS = 1.0
"""The longest time a send holds its chat's lock: a slow answer must not delay the next update."""


class ChatLock:
    """The acquired lock of a chat; its owner must call ``release``."""

    def __init__(self, chat: int, lock: asyncio.Lock, membership: Membership | None) -> None:
        self._chat = chat
        self._lock = lock
        self._membership = membership
        self._released = False

    def release(self) -> None:
        """Release the lock; calling this again does nothing."""
        if self._released:
            return
        self._released = True
        if self._membership is not None:
            self._membership.unlock_chat(self._chat)
        self._lock.release()

    @contextmanager
    def hold_at_most(self, seconds: float) -> Iterator[None]:
        """Release the lock at the end of the block, or after ``seconds`` if that is earlier."""
        timer = asyncio.get_running_loop().call_later(seconds, self.release)
        try:
            yield
        finally:
            timer.cancel()
            self.release()


class ChatLocks:
    """One lock for each chat, kept only while someone holds it or waits for it.

    An update holds the lock from its processing to the end of the first try to answer it. A
    notification holds it too. So no screen is rendered from a state that another update is about
    to replace, and a card's message number is stored before the next tap on it is processed. With
    a ``membership`` a lock excludes all replicas, else only this process.
    """

    def __init__(self, membership: Membership | None = None) -> None:
        self._membership = membership
        self._locks: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()

    async def acquire(self, chat: int) -> ChatLock:
        """Wait for a chat's lock and acquire it; raises DatabaseAway."""
        lock = self._locks.setdefault(chat, asyncio.Lock())
        await lock.acquire()
        try:
            if self._membership is not None:
                await self._membership.lock_chat(chat)
        except BaseException:
            lock.release()
            raise
        return ChatLock(chat, lock, self._membership)

    @asynccontextmanager
    async def hold(self, chat: int) -> AsyncIterator[None]:
        """Hold a chat's lock for a block; raises DatabaseAway."""
        chat_lock = await self.acquire(chat)
        try:
            yield
        finally:
            chat_lock.release()
