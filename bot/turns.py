"""Turns: one chat is worked in order, many chats side by side."""

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from weakref import WeakValueDictionary

_DRAIN_SECONDS = 3.0


class Turns:
    """A lock for each chat, kept only while somebody has it or waits for it.

    A turn lasts from an update's work to the end of the first try to answer it, and a notification takes one too: so no screen is
    rendered from a state that another is about to replace, and a card is known before the next tap on it is worked.
    """

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()

    async def take(self, chat: int) -> asyncio.Lock:
        """Wait for the chat's turn; whoever has it ends it by releasing the lock."""
        lock = self._locks.setdefault(chat, asyncio.Lock())
        await lock.acquire()
        return lock

    @asynccontextmanager
    async def of(self, chat: int) -> AsyncIterator[None]:
        """Have the chat's turn for a block."""
        lock = await self.take(chat)
        try:
            yield
        finally:
            lock.release()


async def finished(tasks: Collection["asyncio.Task[None]"], *, seconds: float = _DRAIN_SECONDS) -> None:
    """Let tasks come to their end for some seconds at the end of a run, then end them; a cancellation meanwhile ends them at once."""
    ending = set(tasks)
    try:
        if ending:
            await asyncio.wait(ending, timeout=seconds)
    finally:
        for task in ending:
            task.cancel()
        await asyncio.gather(*ending, return_exceptions=True)
