"""What messages show, remembered by one process alone."""

from collections import OrderedDict

_REMEMBERED = 10_000


class LocalShownMessages:
    """Implements ``bot.ports.ShownMessages``, forgetting the oldest of many."""

    def __init__(self) -> None:
        self._shown: OrderedDict[tuple[int, int], str] = OrderedDict()

    async def shown(self, chat: int, message: int) -> str | None:
        """Return the digest of what a message shows, None where that is not known."""
        return self._shown.get((chat, message))

    async def show(self, chat: int, message: int, digest: str) -> None:
        """Note what a message shows now."""
        self._shown[chat, message] = digest
        self._shown.move_to_end((chat, message))
        if len(self._shown) > _REMEMBERED:
            self._shown.popitem(last=False)

    async def forget(self, chat: int, message: int) -> None:
        """Note that a message is gone."""
        self._shown.pop((chat, message), None)
