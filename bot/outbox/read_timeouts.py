"""Chooses how long to wait for Telegram's answer when a message is sent."""

import asyncio
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager

from telegram.error import TimedOut

_MAX_CHATS = 1_000


class ReadTimeouts:
    """Waits longer in a chat after a timeout there.

    A message that timed out may have arrived, so each retry may add one more copy. The chat gets
    the usual timeout again once an answer arrives within ``usual`` seconds.
    """

    def __init__(self, usual: float = 10.0, longest: float | None = None) -> None:
        """Use ``longest`` seconds after a timeout, or the transport's timeout if it is None."""
        self._usual = usual
        self._longest = longest
        self._slow: OrderedDict[int, None] = OrderedDict()

    @contextmanager
    def for_chat(self, chat: int) -> Iterator[float | None]:
        """Send a message to a chat in the block.

        Yields the timeout in seconds, None for the transport's own.
        """
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            yield self._longest if chat in self._slow else None
        except TimedOut:
            self._mark_slow(chat)
            raise
        if loop.time() - began < self._usual:
            self._slow.pop(chat, None)

    def _mark_slow(self, chat: int) -> None:
        """Remember that a chat timed out, and forget the chat whose timeout is oldest."""
        self._slow[chat] = None
        self._slow.move_to_end(chat)
        if len(self._slow) > _MAX_CHATS:
            self._slow.popitem(last=False)
