"""Keeps sending within Telegram's limits.

The limits are a number of messages a second in total, one a second in each chat, and a pause
whenever Telegram asks for one.
"""

import asyncio
import logging
import math
from collections import deque
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import TypeVar

from bot.outbox.fair_queue import FairQueue, PermitRequest, Urgency
from bot.outbox.send_history import SendHistory
from bot.outbox.shared_state import SharedRateLimit
from domain.failures import DatabaseAway

Result = TypeVar("Result")

log = logging.getLogger(__name__)

__all__ = ["Paused", "Permit", "RateLimiter", "Urgency"]

# A longer pause is waited out in the outbox.
_MAX_PAUSE = 10.0
# A little more than a second, because timers may fire slightly early.
_INTERVAL = 1.01
# So many shared permits are for answers only, and so many for notifications only.
_RESERVED = 3
_POLL_INTERVAL, _MAX_POLL_INTERVAL = 0.01, 0.1


class Paused(Exception):
    """Telegram asked for a pause that is too long to wait out here; ``seconds`` of it are left."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"paused for {seconds:.0f} s")
        self.seconds = seconds


@dataclass(eq=False, slots=True)
class Permit:
    """A permit to send one message in one chat.

    ``number`` is that of the shared permit, None if permits are not shared.
    """

    chat: int
    number: int | None
    spent: bool = False


class RateLimiter:
    """Limits requests to Telegram, on the event loop's clock.

    There are ``per_second`` permits. Each is free again a second after its request was answered, so
    no second has more requests, however slow the network is. Permits are granted evenly, at most
    ``burst`` at once, in the order of a ``FairQueue``.

    In a chat, an answer may follow a second after the previous message, or at once while the chat
    is fewer than ``chat_burst`` seconds behind. A notification waits until the chat is not behind
    at all. Requests that show no message, like the answer to a tap, need no permit.

    After ``share``, replicas have the permits and the chat delays in common. While the database is
    unavailable, each replica limits itself.
    """

    def __init__(self, *, per_second: int = 30, burst: int = 5, chat_burst: int = 3) -> None:
        self.history = SendHistory(_INTERVAL)
        self._free_permits = per_second
        self._gap = 1.0 / per_second
        self._slack = (burst - 1) * self._gap
        self._chat_slack = {Urgency.ANSWER: chat_burst - 1.0, Urgency.NOTIFICATION: 0.0}
        self._next_slot_at = 0.0
        self._paused_until = 0.0
        self._refused_until: dict[int, float] = {}
        self._queue = FairQueue(self.history)
        self._returns: deque[float] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._permits_per_second = per_second
        self._shared: SharedRateLimit | None = None
        self._request_tasks: dict[Urgency, asyncio.Task[None]] = {}

    async def share(self, shared: SharedRateLimit) -> None:
        """Share the limits with other replicas from now on; raises DatabaseAway."""
        await shared.open(self._permits_per_second)
        self._shared = shared

    async def close(self) -> None:
        """Stop requesting shared permits."""
        tasks = list(self._request_tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    @asynccontextmanager
    async def acquire(self, urgency: Urgency, chat: int | None = None) -> AsyncIterator[None]:
        """Wait until a request is allowed, and make it in the block.

        ``chat`` is the chat that shows the message, None if the request shows no message. The
        requests of one chat must be made one after another.

        Raises:
            Paused: Telegram asked for a pause of more than ten seconds.
        """
        if chat is None:
            await self._wait_out_pause()
            yield
            return
        async with self.reserve(urgency, chat) as permit, self.use(permit):
            yield

    @asynccontextmanager
    async def reserve(self, urgency: Urgency, chat: int) -> AsyncIterator[Permit]:
        """Wait for a permit to send in a chat, and hold it for the block.

        The permit is returned at the end of the block if it was not used.

        Raises:
            Paused: Telegram asked for a pause of more than ten seconds.
        """
        await _sleep(await self.chat_delay(chat, urgency))
        permit = Permit(chat, await self._granted(urgency, chat))
        try:
            yield permit
        finally:
            if not permit.spent:
                await self._return_permit(permit.number)

    @asynccontextmanager
    async def use(self, permit: Permit) -> AsyncIterator[None]:
        """Wait for the chat's delay, and send a message with the permit in the block."""
        loop = asyncio.get_running_loop()
        # Another replica may have sent to the chat since the permit was reserved.
        await _sleep(await self.chat_delay(permit.chat, Urgency.ANSWER))
        permit.spent = True
        try:
            yield
        finally:
            self.history.record(permit.chat, loop.time())
            self._returns.append(loop.time() + _INTERVAL)
            loop.call_later(_INTERVAL, self._free_used_permit)
            if self._shared is not None and permit.number is not None:
                await _ignoring_errors(self._shared.release(permit.number, permit.chat))

    def expected_wait(self, urgency: Urgency, chat: int) -> float:
        """Estimate how many seconds a chat would wait for a permit now, without its own delay.

        Infinity if that depends on requests that Telegram has not answered yet.
        """
        now = asyncio.get_running_loop().time()
        ahead = self._queue.ahead_of(urgency, chat, now)
        short = ahead + 1 - self._free_permits
        if short > len(self._returns):
            return math.inf
        returns = self._returns[short - 1] - now if short > 0 else 0.0
        return max(returns, max(self._opens_at() - now, 0.0) + ahead * self._gap)

    async def chat_delay(self, chat: int, urgency: Urgency) -> float:
        """Return how many seconds a chat must wait for its next message, zero or less if none."""
        delay = max(self._local_delay(chat), await self._shared_delay(chat))
        return delay - self._chat_slack[urgency]

    @property
    def pause(self) -> float:
        """For how many more seconds nothing may be sent; zero if sending is allowed."""
        return max(0.0, self._paused_until - asyncio.get_running_loop().time())

    async def record_refusal(self, chat: int, seconds: float) -> None:
        """Record that Telegram refused a message in a chat for so many seconds.

        Telegram does not say which limit was exceeded. If one chat is refused, only that chat
        waits. If a second chat is refused in the meantime, sending pauses for all chats.
        """
        now = asyncio.get_running_loop().time()
        self._refused_until = {
            other: until
            for other, until in self._refused_until.items()
            if until > now and other != chat
        }
        if self._refused_until:
            self.halt(seconds)
        self._refused_until[chat] = now + seconds
        if self._shared is not None:
            await _ignoring_errors(self._shared.refused(chat, seconds))

    def halt(self, seconds: float) -> None:
        """Pause all sending for so many seconds, as Telegram asked."""
        now = asyncio.get_running_loop().time()
        self._paused_until = max(self._paused_until, now + seconds)
        if self.pause > _MAX_PAUSE:
            for request in self._queue.clear():
                request.granted.set_exception(Paused(self.pause))

    def _local_delay(self, chat: int) -> float:
        """Return by how many seconds a chat is behind, as far as this process has sent to it."""
        return max(0.0, self.history.free_at(chat) - asyncio.get_running_loop().time())

    async def _shared_delay(self, chat: int) -> float:
        """Return by how many seconds a chat is behind among replicas; zero if unknown."""
        if self._shared is None:
            return 0.0
        return await _ignoring_errors(self._shared.chat_delay(chat)) or 0.0

    async def _granted(self, urgency: Urgency, chat: int) -> int | None:
        """Wait for a permit; return the number of a shared one, else None. Raises Paused."""
        if self.pause > _MAX_PAUSE:
            raise Paused(self.pause)
        request = self._queue.join(urgency, chat, asyncio.get_running_loop().time())
        self._admit()
        try:
            return await request.granted
        except asyncio.CancelledError:
            if not request.granted.cancelled() and request.granted.exception() is None:
                await self._return_permit(request.granted.result())
            raise

    async def _wait_out_pause(self) -> None:
        """Wait until sending is allowed; raises Paused if that takes too long."""
        if self.pause > _MAX_PAUSE:
            raise Paused(self.pause)
        await _sleep(self.pause)

    def _opens_at(self) -> float:
        """Return when the pause and the even spacing allow the next permit."""
        return max(self._paused_until, self._next_slot_at - self._slack)

    def _until_open(self) -> float:
        """Return how many seconds to wait before trying to grant a permit; zero or less if none."""
        if self._free_permits > 0:
            return self._opens_at() - asyncio.get_running_loop().time()
        return _POLL_INTERVAL

    def _admit(self) -> None:
        """Grant the permits that are allowed now, and set a timer for the next one."""
        if self._shared is not None:
            self._request_shared_permits()
            return
        loop = asyncio.get_running_loop()
        while self._free_permits and any(self._queue.has_waiting(urgency) for urgency in Urgency):
            if (opens := self._opens_at()) > loop.time():
                self._admit_at(opens)
                return
            if (request := self._queue.take_next()) is not None:
                self._grant(request, None)

    def _grant(self, request: PermitRequest, number: int | None) -> None:
        """Grant a permit to a request; ``number`` is that of a shared permit."""
        self._free_permits -= 1
        self._next_slot_at = max(self._next_slot_at, asyncio.get_running_loop().time()) + self._gap
        request.granted.set_result(number)

    def _request_shared_permits(self) -> None:
        """Request shared permits, in one task for each kind of message that waits."""
        for urgency in Urgency:
            task = self._request_tasks.get(urgency)
            if self._queue.has_waiting(urgency) and (task is None or task.done()):
                self._request_tasks[urgency] = asyncio.create_task(self._grant_shared(urgency))

    async def _grant_shared(self, urgency: Urgency) -> None:
        """Grant shared permits while a chat waits for one."""
        with suppress(Paused):
            while self._queue.has_waiting(urgency):
                number = await self._take_shared_permit(urgency)
                while (wait := self._until_open()) > 0:  # noqa: ASYNC110  (only time opens it)
                    await asyncio.sleep(wait)
                if (request := self._queue.take(urgency)) is not None:
                    self._grant(request, number)
                elif number is not None and self._shared is not None:
                    await _ignoring_errors(self._shared.return_permit(number))

    async def _take_shared_permit(self, urgency: Urgency) -> int | None:
        """Take a shared permit, None if the database is unavailable or fails; raises Paused."""
        try:
            while self._shared is not None:
                number = await self._shared.take(
                    self._permits_per_second, _RESERVED, urgent=urgency is Urgency.ANSWER
                )
                if number is not None:
                    return number
                pause, wait = await self._shared.wait(self._permits_per_second)
                self.halt(pause)
                await self._wait_out_pause()
                await asyncio.sleep(min(max(wait, _POLL_INTERVAL), _MAX_POLL_INTERVAL))
        except DatabaseAway:
            return None
        except Paused:
            raise
        except Exception:
            # Without a permit, the waiting chats would wait for ever.
            log.exception("no shared permit could be taken; this replica limits itself")
        return None

    def _admit_at(self, moment: float) -> None:
        """Set the timer that grants the next permit."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_at(moment, self._admit)

    async def _return_permit(self, number: int | None) -> None:
        """Return a permit at once, because nothing was sent with it."""
        self._free_permit()
        if self._shared is not None and number is not None:
            await _ignoring_errors(self._shared.return_permit(number))

    def _free_used_permit(self) -> None:
        """Free the permit that was used longest ago."""
        self._returns.popleft()
        self._free_permit()

    def _free_permit(self) -> None:
        """Free a permit."""
        self._free_permits += 1
        self._admit()


async def _sleep(seconds: float) -> None:
    """Sleep for so many seconds, not at all if they are zero or less."""
    if seconds > 0:
        await asyncio.sleep(seconds)


async def _ignoring_errors(request: Awaitable[Result]) -> Result | None:
    """Return the database's answer, None if it fails: a message that was sent must not fail."""
    try:
        return await request
    except DatabaseAway:
        return None
    except Exception:
        log.exception("the shared rate limit could not be read or written")
        return None
