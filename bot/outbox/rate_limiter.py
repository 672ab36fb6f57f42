"""The rate at which Telegram lets a bot send: so many messages a second in all, one a second in a chat, and silence when told."""

import asyncio
import logging
import math
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager, suppress
from typing import TypeVar

from bot.outbox.fair_queue import FairQueue, Ticket, Urgency
from bot.ports import SharedRateLimit
from domain.ports import DatabaseAway

Result = TypeVar("Result")

log = logging.getLogger(__name__)

__all__ = ["Paused", "Permit", "RateLimiter", "Urgency"]

# A longer silence is waited for in the outbox.
_MAX_PAUSE = 10.0
# Timers may ring a hair before their time.
_INTERVAL = 1.01
# Of the places that replicas share, so many are for answers alone, and so many for notifications alone.
_RESERVED = 3
_POLL_INTERVAL, _MAX_POLL_INTERVAL = 0.01, 0.1


class Paused(Exception):
    """Telegram asked for a silence too long to wait for here; ``seconds`` of it are left."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"silent for {seconds:.0f} s")
        self.seconds = seconds


class Permit:
    """Leave to send one message in one chat. ``place`` is its number among those that replicas share, None where they share none."""

    def __init__(self, chat: int, place: int | None) -> None:
        self.chat = chat
        self.place = place
        self.spent = False


class RateLimiter:
    """Keeps requests within Telegram's limits, on the event loop's clock.

    In all there are ``per_second`` places. Each is free again a second after its request was answered, so no second has more requests,
    however slow the network is. Places are granted evenly, ``burst`` at once at most, in the order of a ``FairQueue``. In a chat, an answer
    may follow a second after the message before it, or at once where fewer than ``chat_burst`` seconds are owed; a notification waits until
    none is owed. A request that shows no message, such as the answer to a tap, takes no place.

    Replicas have the places and the rest of the chats in common once they ``share``. While the database is away, each keeps to its own.
    """

    def __init__(self, *, per_second: int = 30, burst: int = 5, chat_burst: int = 3) -> None:
        self._free_permits = per_second
        self._gap = 1.0 / per_second
        self._slack = (burst - 1) * self._gap
        self._chat_slack = {Urgency.ANSWER: chat_burst - 1.0, Urgency.NOTIFICATION: 0.0}
        self._next_slot_at = 0.0
        self._not_before = 0.0
        self._refused: dict[int, float] = {}
        self._chat_free_at: OrderedDict[int, float] = OrderedDict()
        self._queue = FairQueue()
        self._returns: deque[float] = deque()
        self._alarm: asyncio.TimerHandle | None = None
        self._permits_per_second = per_second
        self._shared: SharedRateLimit | None = None
        self._asking: dict[Urgency, asyncio.Task[None]] = {}

    async def share(self, shared: SharedRateLimit) -> None:
        """Keep to the limits together with other replicas from now on; raises DatabaseAway."""
        await shared.open(self._permits_per_second)
        self._shared = shared

    async def close(self) -> None:
        """Ask for no more shared places."""
        asking = list(self._asking.values())
        for task in asking:
            task.cancel()
        await asyncio.gather(*asking, return_exceptions=True)

    @asynccontextmanager
    async def permit(self, urgency: Urgency, chat: int | None = None) -> AsyncIterator[None]:
        """Wait until one request may be made, and have it made in the block; ``chat`` is where it shows, None where it does not.

        The requests of one chat must come one after another.

        Raises:
            Paused: Telegram asked for a silence longer than ten seconds.
        """
        if chat is None:
            await self._wait_out_pause()
            yield
            return
        async with self.permitted(urgency, chat) as permit, self.using(permit):
            yield

    @asynccontextmanager
    async def permitted(self, urgency: Urgency, chat: int) -> AsyncIterator[Permit]:
        """Wait until a message may be sent in a chat, and have the permit for a block; one that is not used is given back.

        Raises:
            Paused: Telegram asked for a silence longer than ten seconds.
        """
        await self.wait_for_chat(chat, urgency)
        permit = Permit(chat, await self._granted(urgency, chat))
        try:
            yield permit
        finally:
            if not permit.spent:
                await self._return_permit(permit.place)

    @asynccontextmanager
    async def using(self, permit: Permit) -> AsyncIterator[None]:
        """Have a message sent in the block by a permit, once the chat has had its rest."""
        await self.wait_for_chat(permit.chat, Urgency.ANSWER)
        permit.spent = True
        try:
            yield
        finally:
            loop = asyncio.get_running_loop()
            self._charge(permit.chat, loop.time())
            self._returns.append(loop.time() + _INTERVAL)
            loop.call_later(_INTERVAL, self._free_used_permit)
            if self._shared is not None and permit.place is not None:
                await _ignoring_errors(self._shared.release(permit.place, permit.chat))

    def wait(self, urgency: Urgency, chat: int) -> float:
        """Return for about how many seconds a chat would wait for a permit that it asks for now, its own rest aside."""
        now = asyncio.get_running_loop().time()
        ahead = self._queue.ahead_of(urgency, chat, now)
        short = ahead + 1 - self._free_permits
        if short > len(self._returns):
            # It depends on answers that are still to come.
            return math.inf
        returns = self._returns[short - 1] - now if short > 0 else 0.0
        return max(returns, max(self._opens_at() - now, 0.0) + ahead * self._gap)

    async def wait_for_chat(self, chat: int, urgency: Urgency) -> None:
        """Wait until a chat has had its rest."""
        if (wait := await self.chat_delay(chat, urgency)) > 0:
            await asyncio.sleep(wait)

    async def chat_delay(self, chat: int, urgency: Urgency) -> float:
        """Return for how many seconds a chat has to rest before it may be told something, zero or less where it has rested."""
        chat_delay = self._chat_free_at.get(chat, 0.0) - asyncio.get_running_loop().time()
        if self._shared is not None:
            chat_delay = max(
                chat_delay, await _ignoring_errors(self._shared.chat_delay(chat)) or 0.0
            )
        return chat_delay - self._chat_slack[urgency]

    @property
    def pause(self) -> float:
        """Return for how many more seconds nothing may be sent, zero where anything may be."""
        return max(0.0, self._not_before - asyncio.get_running_loop().time())

    async def refused(self, chat: int, seconds: float) -> None:
        """Heed a refusal in a chat: a second chat refused before the first one's silence is over silences everybody.

        Telegram does not say whose fault it was. One chat alone was too much for itself, and its own rows wait; several mean all of us.
        """
        now = asyncio.get_running_loop().time()
        self._refused = {
            other: until for other, until in self._refused.items() if until > now and other != chat
        }
        if self._refused:
            self.halt(seconds)
        self._refused[chat] = now + seconds
        if self._shared is not None:
            await _ignoring_errors(self._shared.refused(chat, seconds))

    def halt(self, seconds: float) -> None:
        """Be silent to everybody for so long, as Telegram asked."""
        self._not_before = max(self._not_before, asyncio.get_running_loop().time() + seconds)
        if self.pause > _MAX_PAUSE:
            for ticket in self._queue.clear():
                ticket.granted.set_exception(Paused(self.pause))

    async def _granted(self, urgency: Urgency, chat: int) -> int | None:
        """Wait for a place among all requests; return its shared number, if it has one. Raises Paused."""
        if self.pause > _MAX_PAUSE:
            raise Paused(self.pause)
        ticket = self._queue.join(urgency, chat, asyncio.get_running_loop().time())
        self._admit()
        try:
            return await ticket.granted
        except asyncio.CancelledError:
            if not ticket.granted.cancelled() and ticket.granted.exception() is None:
                await self._return_permit(ticket.granted.result())
            raise

    async def _wait_out_pause(self) -> None:
        """Wait until anything may be sent; raises Paused."""
        if self.pause > _MAX_PAUSE:
            raise Paused(self.pause)
        if self.pause:
            await asyncio.sleep(self.pause)

    def _opens_at(self) -> float:
        """Return when the next place may be granted, as far as the silence and the even spacing go."""
        return max(self._not_before, self._next_slot_at - self._slack)

    def _until_open(self) -> float:
        """Return for how many seconds to wait before looking again whether a place of our own may be granted; zero or less where it may."""
        return (
            self._opens_at() - asyncio.get_running_loop().time()
            if self._free_permits > 0
            else _POLL_INTERVAL
        )

    def _admit(self) -> None:
        """Grant what may be granted now, and look again when the next place opens."""
        if self._shared is not None:
            self._request_shared_permits()
            return
        loop = asyncio.get_running_loop()
        while self._free_permits and any(self._queue.waits(urgency) for urgency in Urgency):
            if (opens := self._opens_at()) > loop.time():
                self._look_again_at(opens)
                return
            if (ticket := self._queue.take_next()) is not None:
                self._grant(ticket, None)

    def _grant(self, ticket: Ticket, place: int | None) -> None:
        """Give a place to a ticket."""
        self._free_permits -= 1
        self._next_slot_at = max(self._next_slot_at, asyncio.get_running_loop().time()) + self._gap
        ticket.granted.set_result(place)

    def _request_shared_permits(self) -> None:
        """Ask for places that replicas share, by one task for each kind that waits."""
        for urgency in Urgency:
            if self._queue.waits(urgency) and (
                urgency not in self._asking or self._asking[urgency].done()
            ):
                self._asking[urgency] = asyncio.create_task(self._ask(urgency))

    async def _ask(self, urgency: Urgency) -> None:
        """Get shared places while a chat waits for one."""
        with suppress(Paused):
            while self._queue.waits(urgency):
                place = await self._take_shared_permit(urgency)
                while (wait := self._until_open()) > 0:  # noqa: ASYNC110  (only time opens it)
                    await asyncio.sleep(wait)
                if (ticket := self._queue.take(urgency)) is not None:
                    self._grant(ticket, place)
                elif place is not None and self._shared is not None:
                    await _ignoring_errors(self._shared.return_permit(place))

    async def _take_shared_permit(self, urgency: Urgency) -> int | None:
        """Take one of the places that replicas share, None where the database is away or fails; raises Paused."""
        try:
            while self._shared is not None:
                if (
                    place := await self._shared.take(
                        self._permits_per_second, _RESERVED, urgent=urgency is Urgency.ANSWER
                    )
                ) is not None:
                    return place
                silence, wait = await self._shared.wait(self._permits_per_second)
                self.halt(silence)
                await self._wait_out_pause()
                await asyncio.sleep(min(max(wait, _POLL_INTERVAL), _MAX_POLL_INTERVAL))
        except DatabaseAway:
            return None
        except Paused:
            raise
        except Exception:
            # Chats that wait for a permit must not wait for ever.
            log.exception("no shared place could be taken; this replica keeps to its own rate")
        return None

    def _look_again_at(self, moment: float) -> None:
        """Set the one alarm."""
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm = asyncio.get_running_loop().call_at(moment, self._admit)

    async def _return_permit(self, place: int | None) -> None:
        """Free a place at once, since nothing was sent by it."""
        self._free_permit()
        if self._shared is not None and place is not None:
            await _ignoring_errors(self._shared.return_permit(place))

    def _free_used_permit(self) -> None:
        """Free the place that was used longest ago."""
        self._returns.popleft()
        self._free_permit()

    def _free_permit(self) -> None:
        """Free a place."""
        self._free_permits += 1
        self._admit()

    def _charge(self, chat: int, now: float) -> None:
        """Note that a chat was told something, and forget those that have had their rest."""
        self._queue.record_sent(chat, now)
        self._chat_free_at[chat] = max(self._chat_free_at.get(chat, now), now) + _INTERVAL
        self._chat_free_at.move_to_end(chat)
        while (oldest := next(iter(self._chat_free_at))) != chat and self._chat_free_at[
            oldest
        ] <= now:
            del self._chat_free_at[oldest]


async def _ignoring_errors(asked: Awaitable[Result]) -> Result | None:
    """Return what the database says, None where it fails: a message that was sent must not count as failed because of that."""
    try:
        return await asked
    except DatabaseAway:
        return None
    except Exception:
        log.exception("the rate limit that replicas share could not be read or written")
        return None
