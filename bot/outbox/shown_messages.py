"""Remembers what messages show, in the memory of one process."""

from collections import OrderedDict

_MAX_MESSAGES = 10_000


class LocalShownMessages:
    """Implements ``shared_state.ShownMessages``. Forgets the oldest of more than ten thousand."""

    def __init__(self) -> None:
        self._shown: OrderedDict[tuple[int, int], str] = OrderedDict()

    async def shown(self, chat: int, message: int) -> str | None:
        """Return the digest of what a message shows, None if it is unknown."""
        return self._shown.get((chat, message))

    async def show(self, chat: int, message: int, digest: str) -> None:
        """Record what a message shows now."""
        self._shown[chat, message] = digest
        self._shown.move_to_end((chat, message))
        if len(self._shown) > _MAX_MESSAGES:
            self._shown.popitem(last=False)

    async def forget(self, chat: int, message: int) -> None:
        """Record that a message was deleted."""
        self._shown.pop((chat, message), None)
