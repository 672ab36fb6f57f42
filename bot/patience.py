"""For how long an answer of Telegram is waited for when a message is sent."""

from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager

from telegram.error import TimedOut

_REMEMBERED = 1_000


class Patience:
    """Waits longer in a chat after a timeout there: the message may have arrived, and each further try would make one more copy of it."""

    def __init__(self, longest: float | None = None) -> None:
        """Wait for ``longest`` seconds after a timeout, or as long as ever where it is None."""
        self._longest = longest
        self._slow: OrderedDict[int, None] = OrderedDict()

    @contextmanager
    def in_chat(self, chat: int) -> Iterator[float | None]:
        """Send a message to a chat in the block; yield for how many seconds to wait, None for as long as the transport does by itself."""
        try:
            yield self._longest if chat in self._slow else None
        except TimedOut:
            self._note_timeout(chat)
            raise
        self._slow.pop(chat, None)

    def _note_timeout(self, chat: int) -> None:
        """Remember that there was no answer in time, and forget the chat for which that is longest ago."""
        self._slow[chat] = None
        self._slow.move_to_end(chat)
        if len(self._slow) > _REMEMBERED:
            self._slow.popitem(last=False)
