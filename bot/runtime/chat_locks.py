"""ChatLocks: one chat is worked in order, many chats side by side, whichever replica works them."""

import asyncio
from collections.abc import AsyncIterator, Collection, Iterator
from contextlib import asynccontextmanager, contextmanager
from weakref import WeakValueDictionary

from bot.ports import Membership

_DRAIN_SECONDS = 3.0
SEND_LOCK_SECONDS = 1.0
"""How long a chat's turn lasts at most while something is sent there: a slow answer of Telegram must not keep the next update waiting."""


class ChatLock:
    """A chat's turn; whoever has it ends it with ``release``."""

    def __init__(self, chat: int, lock: asyncio.Lock, membership: Membership | None) -> None:
        self._chat = chat
        self._lock = lock
        self._membership = membership
        self._released = False

    def release(self) -> None:
        """Let the next one have the chat; a second time does nothing."""
        if self._released:
            return
        self._released = True
        if self._membership is not None:
            self._membership.unlock_chat(self._chat)
        self._lock.release()

    @contextmanager
    def lasting(self, seconds: float) -> Iterator[None]:
        """Release the turn at the end of the block, or before it where the block takes longer than this."""
        timer = asyncio.get_running_loop().call_later(seconds, self.release)
        try:
            yield
        finally:
            timer.cancel()
            self.release()


class ChatLocks:
    """A lock for each chat, kept only while somebody has it or waits for it.

    A turn lasts from an update's work to the end of the first try to answer it, and a notification takes one too: so no screen is
    rendered from a state that another is about to replace, and a card is known before the next tap on it is worked. With a ``membership``
    a turn is had among all replicas, else in this process alone.
    """

    def __init__(self, membership: Membership | None = None) -> None:
        self._membership = membership
        self._locks: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()

    async def take(self, chat: int) -> ChatLock:
        """Wait for the chat's turn; raises DatabaseAway."""
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
    async def of(self, chat: int) -> AsyncIterator[None]:
        """Have the chat's turn for a block; raises DatabaseAway."""
        turn = await self.take(chat)
        try:
            yield
        finally:
            turn.release()


async def finished(
    tasks: Collection["asyncio.Task[None]"], *, seconds: float = _DRAIN_SECONDS
) -> None:
    """Let tasks come to their end for some seconds at the end of a run, then end them; a cancellation meanwhile ends them at once."""
    ending = set(tasks)
    try:
        if ending:
            await asyncio.wait(ending, timeout=seconds)
    finally:
        for task in ending:
            task.cancel()
        await asyncio.gather(*ending, return_exceptions=True)
