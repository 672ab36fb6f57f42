"""Membership of a process that has the database to itself, as on SQLite."""

import asyncio
from collections.abc import Callable, Collection
from datetime import datetime


class SingleProcess:
    """Implements ``bot.runtime.membership`` for a single process, which is always the leader."""

    is_leader = True

    def __init__(self, number: int) -> None:
        """Use a number that tells this process's leases from those of earlier processes."""
        self.number = number

    async def join(self) -> None:
        """Do nothing: there is no connection to open."""

    async def leave(self) -> None:
        """Do nothing: there is no connection to close."""

    def watch(
        self,
        *,
        on_commit: Callable[[datetime], None],
        on_departure: Callable[[], None],
        on_reconnect: Callable[[float], None],
    ) -> None:
        """Do nothing: no other replica sends notifications."""

    async def departed(self, among: Collection[int]) -> Collection[int]:
        """Return all other replicas: only one process can be alive."""
        return {*among} - {self.number}

    async def lock_chat(self, chat: int) -> None:
        """Do nothing: no other replica can hold the lock."""

    def unlock_chat(self, chat: int) -> None:
        """Do nothing: no other replica waits for the lock."""

    async def wait_until_leader(self) -> None:
        """Return at once: this process is the leader."""

    async def wait_until_follower(self) -> None:
        """Wait forever: this process stays the leader."""
        await asyncio.Event().wait()
