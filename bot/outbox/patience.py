"""For how long an answer of Telegram is waited for when a message is sent."""

import time
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager

from telegram.error import TimedOut

_REMEMBERED = 1_000


class Patience:
    """Waits longer in a chat after a timeout there: the message may have arrived, and each further try would make one more copy of it.

    All times are in seconds. The chat is waited for as long as others again once an answer came within the ``usual`` time.
    """

    def __init__(self, usual: float = 10.0, longest: float | None = None) -> None:
        """Wait for ``longest`` after a timeout, or for the transport's own timeout where it is None."""
        self._usual = usual
        self._longest = longest
        self._slow: OrderedDict[int, None] = OrderedDict()

    @contextmanager
    def in_chat(self, chat: int) -> Iterator[float | None]:
        """Send a message to a chat in the block; yield for how long to wait, None for the transport's own timeout."""
        began = time.monotonic()
        try:
            yield self._longest if chat in self._slow else None
        except TimedOut:
            self._note_timeout(chat)
            raise
        if time.monotonic() - began < self._usual:
            self._slow.pop(chat, None)

    def _note_timeout(self, chat: int) -> None:
        """Remember that there was no answer in time, and forget the chat for which that is longest ago."""
        self._slow[chat] = None
        self._slow.move_to_end(chat)
        if len(self._slow) > _REMEMBERED:
            self._slow.popitem(last=False)
