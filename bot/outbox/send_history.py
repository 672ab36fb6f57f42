"""When each chat was last sent a message, and when it may be sent the next one."""

from collections import OrderedDict
from dataclasses import dataclass

# Longer than any chat is behind: the rate limiter lets a chat owe a few seconds at most.
_REMEMBERED_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class _Sent:
    """The last message of a chat: when it was sent, and when the chat has paid for all so far."""

    at: float
    free_at: float


class SendHistory:
    """The chats that were sent a message within the last twenty seconds.

    Each message costs a chat ``interval`` seconds. All times are in seconds of the event loop's
    clock.
    """

    def __init__(self, interval: float = 1.0) -> None:
        self._interval = interval
        self._sent: OrderedDict[int, _Sent] = OrderedDict()

    def __len__(self) -> int:
        return len(self._sent)

    def record(self, chat: int, now: float) -> None:
        """Record that a chat was sent a message now, and forget chats outside the window."""
        free_at = max(self.free_at(chat), now) + self._interval
        self._sent[chat] = _Sent(now, free_at)
        self._sent.move_to_end(chat)
        while self._sent[oldest := next(iter(self._sent))].at < now - _REMEMBERED_SECONDS:
            del self._sent[oldest]

    def last_sent_at(self, chat: int, now: float) -> float:
        """Return when a chat was last sent a message, at the earliest twenty seconds ago."""
        sent = self._sent.get(chat)
        return max(sent.at if sent else 0.0, now - _REMEMBERED_SECONDS)

    def free_at(self, chat: int) -> float:
        """Return when a chat no longer owes anything; zero if that is long ago."""
        sent = self._sent.get(chat)
        return sent.free_at if sent else 0.0
