"""Chat locks: updates of one chat are processed in order, and many chats at the same time.

On PostgreSQL this holds among all replicas.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from weakref import WeakValueDictionary

from bot.runtime.chat_queue import ChatQueue
from bot.runtime.membership import Membership

SEND_LOCK_SECONDS = 1.0
"""The longest time a send holds its chat's lock: a slow answer must not delay the next update."""


class ChatLock:
    """The acquired lock of a chat; its owner must call ``release``."""

    def __init__(self, chat: int, queue: ChatQueue, membership: Membership | None) -> None:
        self._chat = chat
        self._queue = queue
        self._membership = membership
        self._held = True
        self._excludes_replicas = False

    async def exclude_replicas(self) -> None:
        """Wait for the lock among all replicas, unless it is held; raises DatabaseAway."""
        if self._membership is not None and not self._excludes_replicas:
            await self._membership.lock_chat(self._chat)
            self._excludes_replicas = True

    async def pause(self, seconds: float) -> None:
        """Let sends and other replicas have the chat for some seconds, but no later update here."""
        self._admit_replicas()
        self._held = False
        await self._queue.pause(seconds)
        self._held = True

    def release(self) -> None:
        """Release the lock; calling this again does nothing."""
        self._admit_replicas()
        if self._held:
            self._held = False
            self._queue.release()

    @contextmanager
    def hold_at_most(self, seconds: float) -> Iterator[None]:
        """Release the lock at the end of the block, or after ``seconds`` if that is earlier."""
        timer = asyncio.get_running_loop().call_later(seconds, self.release)
        try:
            yield
        finally:
            timer.cancel()
            self.release()

    def _admit_replicas(self) -> None:
        """Release the lock among all replicas, and keep that in this process."""
        if self._membership is not None and self._excludes_replicas:
            self._excludes_replicas = False
            self._membership.unlock_chat(self._chat)


class ChatLocks:
    """One lock for each chat, kept only while someone holds it or waits for it.

    An update holds the lock from its processing to the end of the first try to answer it. A
    notification holds it too. So no screen is rendered from a state that another update is about
    to replace, and a card's message number is stored before the next tap on it is processed. With
    a ``membership`` a lock excludes all replicas, else only this process.
    """

    def __init__(self, membership: Membership | None = None) -> None:
        self._membership = membership
        self._queues: WeakValueDictionary[int, ChatQueue] = WeakValueDictionary()

    async def acquire_for_update(self, chat: int) -> ChatLock:
        """Wait for a chat's lock behind its earlier updates.

        The lock excludes other replicas only after ``exclude_replicas``. Each attempt takes that
        part again, because a lost connection loses it.
        """
        queue = self._queue(chat)
        await queue.acquire_for_update()
        return ChatLock(chat, queue, self._membership)

    async def acquire_for_send(self, chat: int) -> ChatLock:
        """Wait for a chat's lock ahead of updates, and exclude replicas; raises DatabaseAway."""
        queue = self._queue(chat)
        await queue.acquire_for_send()
        chat_lock = ChatLock(chat, queue, self._membership)
        try:
            await chat_lock.exclude_replicas()
        except BaseException:
            chat_lock.release()
            raise
        return chat_lock

    def _queue(self, chat: int) -> ChatQueue:
        """Return the queue of a chat."""
        return self._queues.setdefault(chat, ChatQueue())
