"""The pace at which Telegram lets a bot speak: so much a second over all, one message a second in a chat, and silence when told."""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from enum import IntEnum
from heapq import heappop, heappush
from itertools import count

from bot.storehouse import SharedPace
from domain.ports import DatabaseAway

# Whoever waits in memory keeps a chat's turn and a lease of a minute; a longer silence is waited for in the outbox.
_PATIENCE = 10.0
# Timers may ring a hair before their time.
_SECOND = 1.01
# Of the places that replicas share, these are for answers alone, however much news all of them have.
_KEPT_FOR_ANSWERS = 3
_GLANCE, _LONGEST_GLANCE = 0.01, 0.1


class Urgency(IntEnum):
    """Who goes first: answers to people, then news, however much of it waits."""

    ANSWER = 0
    NEWS = 1


class Paused(Exception):
    """Telegram asked for a silence too long to stand and wait for; ``seconds`` of it are left."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"silent for {seconds:.0f} s")
        self.seconds = seconds


class Pace:
    """Keeps requests within Telegram's limits, on the event loop's own clock.

    Over all there are ``per_second`` places, each free again a second after its request was answered: whenever the request arrived on the
    way, no second at Telegram's has more. They are given out evenly, ``burst`` at once at most. In a chat, an answer may come a second
    after the one before, or at once where fewer than ``chat_burst`` seconds are owed; news waits until none is. What shows in no chat,
    such as the answer to a tap, is no message and takes no place.

    Replicas have the places and the rest of the chats in common once they ``share``; while the database is away, each keeps to its own.
    """

    def __init__(self, *, per_second: int = 30, burst: int = 5, chat_burst: int = 3) -> None:
        self._places = per_second
        self._gap = 1.0 / per_second
        self._slack = (burst - 1) * self._gap
        self._chat_slack = {Urgency.ANSWER: chat_burst - 1.0, Urgency.NEWS: 0.0}
        self._even = 0.0
        self._not_before = 0.0
        self._refused: dict[int, float] = {}
        self._owed_until: OrderedDict[int, float] = OrderedDict()
        self._queue: list[tuple[Urgency, int, asyncio.Future[None]]] = []
        self._numbers = count()
        self._alarm: asyncio.TimerHandle | None = None
        self._in_all = per_second
        self._shared: SharedPace | None = None
        self._asking = {urgency: asyncio.Lock() for urgency in Urgency}

    async def share(self, shared: SharedPace) -> None:
        """Keep to the limits together with other replicas from now on; raises DatabaseAway."""
        await shared.open(self._in_all)
        self._shared = shared

    @asynccontextmanager
    async def turn(self, urgency: Urgency, chat: int | None = None) -> AsyncIterator[None]:
        """Wait until one request may be made, and have it made in the block; ``chat`` is where it shows, None where it does not.

        The requests of one chat must come one after another.

        Raises:
            Paused: see there.
        """
        if chat is None:
            await self._heard_out()
            yield
            return
        await self.chat_ready(chat, urgency)
        await self._place(urgency)
        loop, number = asyncio.get_running_loop(), None
        try:
            number = await self._shared_place(urgency)
            yield
        finally:
            self._charge(chat, loop.time())
            loop.call_later(_SECOND, self._give_back)
            await self._share_out(number, chat)

    async def chat_ready(self, chat: int, urgency: Urgency) -> None:
        """Wait until a chat has had its rest."""
        if (wait := await self.rest(chat, urgency)) > 0:
            # Nothing else is told in this chat meanwhile, so once is enough.
            await asyncio.sleep(wait)

    async def rest(self, chat: int, urgency: Urgency) -> float:
        """Return for how many seconds a chat has to rest before it may be told something, zero or less where it has rested."""
        owed = self._owed_until.get(chat, 0.0) - asyncio.get_running_loop().time()
        if self._shared is not None:
            with suppress(DatabaseAway):
                owed = max(owed, await self._shared.owed(chat))
        return owed - self._chat_slack[urgency]

    @property
    def pause(self) -> float:
        """Return for how many seconds all are silent from now on, zero where nobody has to be."""
        return max(0.0, self._not_before - asyncio.get_running_loop().time())

    async def refused(self, chat: int, seconds: float) -> None:
        """Heed a refusal in a chat: a second chat refused before the first one's silence is over silences everybody.

        Telegram does not say whose fault it was. One chat alone was too much for itself, and its own rows wait; several mean all of us.
        """
        now = asyncio.get_running_loop().time()
        self._refused = {other: until for other, until in self._refused.items() if until > now and other != chat}
        if self._refused:
            self.halt(seconds)
        self._refused[chat] = now + seconds
        if self._shared is not None:
            with suppress(DatabaseAway):
                await self._shared.refused(chat, seconds)

    def halt(self, seconds: float) -> None:
        """Be silent to everybody for so long, as Telegram asked."""
        self._not_before = max(self._not_before, asyncio.get_running_loop().time() + seconds)
        if self.pause <= _PATIENCE:
            return
        for _, _, ticket in self._queue:
            if not ticket.done():
                ticket.set_exception(Paused(self.pause))
        self._queue.clear()

    async def _place(self, urgency: Urgency) -> None:
        """Wait for a place among all requests; raises Paused."""
        if self.pause > _PATIENCE:
            raise Paused(self.pause)
        ticket = asyncio.get_running_loop().create_future()
        heappush(self._queue, (urgency, next(self._numbers), ticket))
        self._admit()
        try:
            await ticket
        except asyncio.CancelledError:
            if not ticket.cancelled() and ticket.exception() is None:
                self._give_back()
            raise

    async def _heard_out(self) -> None:
        """Wait until nobody has to be silent; raises Paused."""
        if self.pause > _PATIENCE:
            raise Paused(self.pause)
        if self.pause:
            await asyncio.sleep(self.pause)

    async def _shared_place(self, urgency: Urgency) -> int | None:
        """Take one of the places that replicas share, None where nothing is shared just now; raises Paused."""
        if self._shared is None:
            return None
        highest = self._in_all - (_KEPT_FOR_ANSWERS if urgency is Urgency.NEWS else 0)
        # One asks for all that are as urgent: the others would only ask the same.
        async with self._asking[urgency]:
            with suppress(DatabaseAway):
                while (number := await self._shared.take(highest)) is None:
                    silence, wait = await self._shared.wait(highest)
                    self.halt(silence)
                    await self._heard_out()
                    await asyncio.sleep(min(max(wait, _GLANCE), _LONGEST_GLANCE))
                return number
        return None

    async def _share_out(self, number: int | None, chat: int) -> None:
        """Let replicas know that a chat was told something, and that a place is free in a second."""
        if self._shared is not None and number is not None:
            with suppress(DatabaseAway):
                await self._shared.give_back(number, chat)

    def _admit(self) -> None:
        """Let in whoever may go now, the most urgent first, and look again when the next one may."""
        loop = asyncio.get_running_loop()
        while self._queue and self._places:
            opens = max(self._not_before, self._even - self._slack)
            if opens > loop.time():
                self._look_again_at(opens)
                return
            _, _, ticket = heappop(self._queue)
            if not ticket.done():
                self._places -= 1
                self._even = max(self._even, loop.time()) + self._gap
                ticket.set_result(None)

    def _look_again_at(self, moment: float) -> None:
        """Set the one alarm."""
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm = asyncio.get_running_loop().call_at(moment, self._admit)

    def _give_back(self) -> None:
        """Free a place."""
        self._places += 1
        self._admit()

    def _charge(self, chat: int, now: float) -> None:
        """Note that a chat was told something, and forget those that have had their rest."""
        self._owed_until[chat] = max(self._owed_until.get(chat, now), now) + _SECOND
        self._owed_until.move_to_end(chat)
        while (oldest := next(iter(self._owed_until))) != chat and self._owed_until[oldest] <= now:
            del self._owed_until[oldest]
