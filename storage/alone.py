"""A process that is the only one on its database, as on SQLite."""

import asyncio
from collections.abc import Callable, Collection
from datetime import datetime


class Alone:
    """Implements ``bot.storehouse.Presence`` where there are no others: it always leads, and waits for nobody."""

    number = 0
    leading = True

    async def join(self) -> None:
        """Nothing has to be opened."""

    async def leave(self) -> None:
        """Nothing has to be closed."""

    def watch(self, *, heard: Callable[[datetime], None], parted: Callable[[], None], returned: Callable[[], None]) -> None:
        """Nobody else is there to be heard."""

    async def living(self) -> Collection[int]:
        """Return nobody: whoever took leases under the same number was another process, which is gone."""
        return ()

    async def take(self, chat: int) -> None:
        """Nobody else has it."""

    def give_back(self, chat: int) -> None:
        """Nobody else waits for it."""

    async def leads(self) -> None:
        """It does."""

    async def follows(self) -> None:
        """It never does."""
        await asyncio.Event().wait()
