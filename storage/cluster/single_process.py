"""A process that is the only one on its database, as on SQLite."""

import asyncio
import secrets
from collections.abc import Callable, Collection
from datetime import datetime


class SingleProcess:
    """Implements ``bot.ports.Membership`` where there are no others: it always leads, and waits for nobody."""

    is_leader = True

    def __init__(self) -> None:
        """Choose a number, by which what this process leases is told from what one before it did."""
        self.number = secrets.randbelow(2**31 - 1) + 1

    async def join(self) -> None:
        """Nothing has to be opened."""

    async def leave(self) -> None:
        """Nothing has to be closed."""

    def watch(
        self,
        *,
        on_commit: Callable[[datetime], None],
        on_departure: Callable[[], None],
        on_reconnect: Callable[[float], None],
    ) -> None:
        """Nobody else is there to be heard."""

    async def departed(self, among: Collection[int]) -> Collection[int]:
        """Return all others: there can be one process only."""
        return {*among} - {self.number}

    async def lock_chat(self, chat: int) -> None:
        """Nobody else has it."""

    def unlock_chat(self, chat: int) -> None:
        """Nobody else waits for it."""

    async def wait_until_leader(self) -> None:
        """It does."""

    async def wait_until_follower(self) -> None:
        """It never does."""
        await asyncio.Event().wait()
