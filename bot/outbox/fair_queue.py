"""Who gets the next permit to send: chats take turns, and answers go before notifications without shutting them out."""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, field
from enum import IntEnum
from heapq import heappop, heappush
from itertools import count

_ANSWERS_IN_A_ROW = 4
_REMEMBERED_SECONDS = 20.0


class Urgency(IntEnum):
    """What goes first: answers to people, then notifications."""

    ANSWER = 0
    NOTIFICATION = 1


@dataclass(slots=True, order=True)
class Ticket:
    """A place in the queue: ``sent_at`` is when its chat was last sent something, or twenty seconds ago where that was before.

    ``granted`` becomes the number of the place that replicas share, None where they share none.
    """

    sent_at: float
    number: int
    chat: int = field(compare=False)
    granted: "asyncio.Future[int | None]" = field(compare=False)


class FairQueue:
    """The chats that wait to be sent something.

    The chat that was sent something longest ago is first, as far as the last twenty seconds go. So a chat that asks for more than its share
    waits for the others, and they do not wait for it; and a chat that was sent something a moment ago waits for newcomers for twenty
    seconds at most. Where both kinds wait, every fifth permit goes to a notification.
    """

    def __init__(self) -> None:
        self._waiting: dict[Urgency, list[Ticket]] = {urgency: [] for urgency in Urgency}
        self._numbers = count()
        self._sent_at: OrderedDict[int, float] = OrderedDict()
        self._answers_in_a_row = 0

    def join(self, urgency: Urgency, chat: int, now: float) -> Ticket:
        """Put a chat into the queue. ``now`` is in seconds of the event loop's clock, here and below."""
        ticket = Ticket(
            self._last_sent_at(chat, now),
            next(self._numbers),
            chat,
            asyncio.get_running_loop().create_future(),
        )
        heappush(self._waiting[urgency], ticket)
        return ticket

    def waits(self, urgency: Urgency) -> bool:
        """Tell whether a chat waits for a permit of this kind."""
        return self._first(urgency) is not None

    def take_next(self) -> Ticket | None:
        """Take out the ticket that is granted next, None where none waits."""
        news_due = self._answers_in_a_row >= _ANSWERS_IN_A_ROW and self.waits(Urgency.NOTIFICATION)
        return self.take(
            Urgency.ANSWER if self.waits(Urgency.ANSWER) and not news_due else Urgency.NOTIFICATION
        )

    def take(self, urgency: Urgency) -> Ticket | None:
        """Take out the first ticket of one kind, None where none waits."""
        if self._first(urgency) is None:
            return None
        self._answers_in_a_row = self._answers_in_a_row + 1 if urgency is Urgency.ANSWER else 0
        return heappop(self._waiting[urgency])

    def clear(self) -> list[Ticket]:
        """Take out all tickets."""
        everything = [
            ticket
            for tickets in self._waiting.values()
            for ticket in tickets
            if not ticket.granted.done()
        ]
        for tickets in self._waiting.values():
            tickets.clear()
        return everything

    def ahead_of(self, urgency: Urgency, chat: int, now: float) -> int:
        """Return how many tickets are ahead of a chat that joins now."""
        sent_at = self._last_sent_at(chat, now)
        same = sum(
            ticket.sent_at <= sent_at and not ticket.granted.done()
            for ticket in self._waiting[urgency]
        )
        if urgency is Urgency.ANSWER:
            return same + min(len(self._waiting[Urgency.NOTIFICATION]), same // _ANSWERS_IN_A_ROW)
        return same + min(len(self._waiting[Urgency.ANSWER]), (same + 1) * _ANSWERS_IN_A_ROW)

    @property
    def remembered(self) -> int:
        """Return of how many chats it is known when they were last sent something."""
        return len(self._sent_at)

    def record_sent(self, chat: int, now: float) -> None:
        """Note that a chat was sent something; forget those for which that is long ago."""
        self._sent_at[chat] = now
        self._sent_at.move_to_end(chat)
        while self._sent_at[oldest := next(iter(self._sent_at))] < now - _REMEMBERED_SECONDS:
            del self._sent_at[oldest]

    def _last_sent_at(self, chat: int, now: float) -> float:
        """Return when a chat was last sent something, or twenty seconds ago where that was before."""
        return max(self._sent_at.get(chat, 0.0), now - _REMEMBERED_SECONDS)

    def _first(self, urgency: Urgency) -> Ticket | None:
        """Return the first ticket of one kind; those whose owners gave up are dropped."""
        tickets = self._waiting[urgency]
        while tickets and tickets[0].granted.done():
            heappop(tickets)
        return tickets[0] if tickets else None
