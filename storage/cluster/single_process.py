"""A process that is the only one on its database, as on SQLite."""

import asyncio
import secrets
from collections.abc import Callable, Collection
from datetime import datetime


class Alone:
    """Implements ``bot.ports.Presence`` where there are no others: it always leads, and waits for nobody."""

    leading = True

    def __init__(self) -> None:
        """Choose a number, by which what this process leases is told from what one before it did."""
        self.number = secrets.randbelow(2**31 - 1) + 1

    async def join(self) -> None:
        """Nothing has to be opened."""

    async def leave(self) -> None:
        """Nothing has to be closed."""

    def watch(self, *, heard: Callable[[datetime], None], parted: Callable[[], None], returned: Callable[[float], None]) -> None:
        """Nobody else is there to be heard."""

    async def gone(self, among: Collection[int]) -> Collection[int]:
        """Return all others: there can be one process only."""
        return {*among} - {self.number}

    async def take(self, chat: int) -> None:
        """Nobody else has it."""

    def give_back(self, chat: int) -> None:
        """Nobody else waits for it."""

    async def leads(self) -> None:
        """It does."""

    async def follows(self) -> None:
        """It never does."""
        await asyncio.Event().wait()
