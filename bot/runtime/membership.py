"""Membership in the cluster of replicas, as a protocol; ``storage.cluster`` implements it.

The implementations document each method.
"""

from collections.abc import Callable, Collection
from datetime import datetime
from typing import Protocol


class Membership(Protocol):
    """This process as one of the replicas on a database. Replicas know which others are alive."""

    number: int

    @property
    def is_leader(self) -> bool: ...
    async def join(self) -> None: ...
    async def leave(self) -> None: ...
    def watch(
        self,
        *,
        on_commit: Callable[[datetime], None],
        on_departure: Callable[[], None],
        on_reconnect: Callable[[float], None],
    ) -> None: ...
    async def departed(self, among: Collection[int]) -> Collection[int]: ...
    async def lock_chat(self, chat: int) -> None: ...
    def unlock_chat(self, chat: int) -> None: ...
    async def wait_until_leader(self) -> None: ...
    async def wait_until_follower(self) -> None: ...
