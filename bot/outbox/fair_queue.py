"""Decides which chat gets the next permit to send.

Chats take turns. Answers go before notifications, but notifications always get a share.
"""

import asyncio
from dataclasses import dataclass, field
from enum import IntEnum
from heapq import heappop, heappush
from itertools import count

from bot.outbox.send_history import SendHistory

_ANSWERS_IN_A_ROW = 4


class Urgency(IntEnum):
    """The priority of a message: answers first, then notifications."""

    ANSWER = 0
    NOTIFICATION = 1


@dataclass(slots=True, order=True)
class PermitRequest:
    """A chat's request for a permit.

    ``sent_at`` is when the chat was last sent a message, at the earliest twenty seconds ago.
    ``granted`` resolves to the number of the shared permit, None if permits are not shared.
    """

    sent_at: float
    number: int
    chat: int = field(compare=False)
    granted: "asyncio.Future[int | None]" = field(compare=False)


class FairQueue:
    """The chats that wait for a permit to send.

    The chat that has waited longest since its last message is first. Messages older than twenty
    seconds do not count. So a busy chat waits for quiet chats, and not the other way round; and a
    chat in the middle of a dialogue waits for newcomers for at most twenty seconds. While both
    kinds of message wait, every fifth permit goes to a notification.
    """

    def __init__(self, history: SendHistory) -> None:
        self.history = history
        self._waiting: dict[Urgency, list[PermitRequest]] = {urgency: [] for urgency in Urgency}
        self._numbers = count()
        self._answers_in_a_row = 0

    def join(self, urgency: Urgency, chat: int, now: float) -> PermitRequest:
        """Add a chat to the queue. ``now`` is in seconds of the event loop's clock."""
        request = PermitRequest(
            self.history.last_sent_at(chat, now),
            next(self._numbers),
            chat,
            asyncio.get_running_loop().create_future(),
        )
        heappush(self._waiting[urgency], request)
        return request

    def has_waiting(self, urgency: Urgency) -> bool:
        """Return whether a chat waits for a permit of this kind."""
        return self._first(urgency) is not None

    def take_next(self) -> PermitRequest | None:
        """Remove and return the request to grant next, None if the queue is empty."""
        answers_done = self._answers_in_a_row >= _ANSWERS_IN_A_ROW
        notification_due = answers_done and self.has_waiting(Urgency.NOTIFICATION)
        answer_next = self.has_waiting(Urgency.ANSWER) and not notification_due
        return self.take(Urgency.ANSWER if answer_next else Urgency.NOTIFICATION)

    def take(self, urgency: Urgency) -> PermitRequest | None:
        """Remove and return the first request of one kind, None if there is none."""
        if self._first(urgency) is None:
            return None
        self._answers_in_a_row = self._answers_in_a_row + 1 if urgency is Urgency.ANSWER else 0
        return heappop(self._waiting[urgency])

    def clear(self) -> list[PermitRequest]:
        """Remove and return all requests."""
        removed = [
            request
            for requests in self._waiting.values()
            for request in requests
            if not request.granted.done()
        ]
        for requests in self._waiting.values():
            requests.clear()
        return removed

    def ahead_of(self, urgency: Urgency, chat: int, now: float) -> int:
        """Return how many requests are ahead of a chat that joins now."""
        sent_at = self.history.last_sent_at(chat, now)
        same = sum(
            request.sent_at <= sent_at and not request.granted.done()
            for request in self._waiting[urgency]
        )
        if urgency is Urgency.ANSWER:
            return same + min(len(self._waiting[Urgency.NOTIFICATION]), same // _ANSWERS_IN_A_ROW)
        return same + min(len(self._waiting[Urgency.ANSWER]), (same + 1) * _ANSWERS_IN_A_ROW)

    def _first(self, urgency: Urgency) -> PermitRequest | None:
        """Return the first request of one kind, after dropping cancelled requests."""
        requests = self._waiting[urgency]
        while requests and requests[0].granted.done():
            heappop(requests)
        return requests[0] if requests else None
