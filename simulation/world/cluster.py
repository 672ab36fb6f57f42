"""What several processes on one SQLite file know of each other, in place of PostgreSQL's locks.

It takes no living process for dead, unlike a server whose connection was cut.
"""

import asyncio
from collections.abc import Callable, Collection
from datetime import datetime

from bot.outbox.shared_state import ShownMessages
from bot.outbox.shown_messages import LocalShownMessages
from bot.runtime.membership import Membership

_CHECK_SECONDS, _GRACE_SECONDS = 1.0, 3.0
_CHAT_LOCKED_SECONDS = 0.02


class Cluster:
    """Implements ``bot.host.Replicas``."""

    def __init__(self) -> None:
        self.shown_messages: ShownMessages = LocalShownMessages()
        self.chat_holders: dict[int, int] = {}
        """The process that holds the lock of each locked chat."""
        self.members: dict[int, Member] = {}
        """The living processes by their numbers, in the order in which they joined."""

    def membership(self, number: int) -> Membership:
        """Return the membership of a process that starts."""
        return Member(self, number)

    def remove(self, number: int) -> None:
        """Forget a process that left or was killed, and tell the others in some seconds."""
        if self.members.pop(number, None) is None:
            return
        self.chat_holders = {
            chat: holder for chat, holder in self.chat_holders.items() if holder != number
        }
        for member in self.members.values():
            member.loop.call_later(_CHECK_SECONDS, self.elect)
            member.loop.call_later(_GRACE_SECONDS, member.notice_departure)

    def elect(self) -> None:
        """Make the oldest member the leader, if there is none."""
        members = list(self.members.values())
        if members and not any(member.is_leader for member in members):
            members[0].lead()

    def committed(self, by: asyncio.AbstractEventLoop, now: datetime) -> None:
        """Tell all members but one that something was committed."""
        for member in self.members.values():
            if member.loop is not by:
                member.loop.call_soon(member.notice_commit, now)


class Member:
    """Implements ``bot.runtime.membership.Membership``."""

    def __init__(self, cluster: Cluster, number: int) -> None:
        self.number = number
        self.loop: asyncio.AbstractEventLoop
        self.notice_commit: Callable[[datetime], None] = lambda _due: None
        self.notice_departure: Callable[[], None] = lambda: None
        self._cluster = cluster
        self._leads = asyncio.Event()

    @property
    def is_leader(self) -> bool:
        """Whether this process is the leader."""
        return self._leads.is_set()

    def lead(self) -> None:
        """Become the leader."""
        self._leads.set()

    async def join(self) -> None:
        """Count as alive."""
        self.loop = asyncio.get_running_loop()
        self._cluster.members[self.number] = self
        self._cluster.elect()

    async def leave(self) -> None:
        """Count as alive no more."""
        self._cluster.remove(self.number)

    def watch(
        self,
        *,
        on_commit: Callable[[datetime], None],
        on_departure: Callable[[], None],
        on_reconnect: Callable[[float], None],
    ) -> None:
        """Set what to call for the commits and departures of others."""
        del on_reconnect
        self.notice_commit, self.notice_departure = on_commit, on_departure

    async def departed(self, among: Collection[int]) -> Collection[int]:
        """Return which of these processes are dead."""
        return {*among} - {*self._cluster.members}

    async def lock_chat(self, chat: int) -> None:
        """Wait until no other process has the chat's lock, and take it."""
        while self._cluster.chat_holders.get(chat, self.number) != self.number:  # noqa: ASYNC110
            await asyncio.sleep(_CHAT_LOCKED_SECONDS)
        self._cluster.chat_holders[chat] = self.number

    def unlock_chat(self, chat: int) -> None:
        """Release the chat's lock."""
        if self._cluster.chat_holders.get(chat) == self.number:
            del self._cluster.chat_holders[chat]

    async def wait_until_leader(self) -> None:
        """Wait until this process is the leader."""
        await self._leads.wait()

    async def wait_until_follower(self) -> None:
        """Wait forever: a leader stays one until it ends."""
        await asyncio.Event().wait()
