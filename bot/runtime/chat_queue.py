"""The lock of one chat within a process: updates get it in order, and sends go ahead of them."""

import asyncio
from collections import deque

_Waiters = deque["asyncio.Future[None]"]


class ChatQueue:
    """A lock that passes from its holder to the first send that waits, else to the first update.

    A person may send a hundred updates at once. A send that waited behind all of them would keep
    its permit of the rate limit for as long.
    """

    def __init__(self) -> None:
        self._sends: _Waiters = deque()
        self._updates: _Waiters = deque()
        self._held = self._paused = False

    async def acquire_for_update(self) -> None:
        """Wait for the lock behind all others."""
        await self._wait_in(self._updates)

    async def acquire_for_send(self) -> None:
        """Wait for the lock behind other sends only."""
        await self._wait_in(self._sends)

    def release(self) -> None:
        """Pass the lock on."""
        self._held = False
        self._pass_on()

    async def pause(self, seconds: float) -> None:
        """Let only sends have the lock for some seconds, and acquire it again ahead of all updates.

        If this is cancelled, the lock is not held.
        """
        self._paused = True
        self.release()
        try:
            await asyncio.sleep(seconds)
            await self.acquire_for_send()
        finally:
            self._paused = False
            self._pass_on()

    async def _wait_in(self, waiters: _Waiters) -> None:
        """Wait for the lock; a cancelled waiter that has just got it passes it on."""
        waiter = asyncio.get_running_loop().create_future()
        waiters.append(waiter)
        self._pass_on()
        try:
            await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled():
                self.release()
            raise

    def _pass_on(self) -> None:
        """Give the lock to the first who waits, unless it is held."""
        waiting = [self._sends] if self._paused else [self._sends, self._updates]
        for waiters in waiting:
            while waiters and not self._held:
                if not (waiter := waiters.popleft()).done():
                    waiter.set_result(None)
                    self._held = True
