"""Recovers what a crashed process committed but did not send."""

from collections.abc import Collection
from datetime import datetime, timedelta

from bot.clock import Clock
from bot.outbox.relay import Relay
from bot.ports import BotUnitOfWork, Database
from bot.runtime.membership import Membership


class CrashRecovery:
    """Releases the leases of dead processes, so that their outbox rows become due at once.

    A process leases the rows that it is sending. One that crashed keeps its leases: they belong to
    another replica, or to this bot's process before a restart. After a lost connection our own
    leases are doubtful too, as a commit may have succeeded without our seeing it.
    """

    def __init__(
        self, database: Database, relay: Relay, membership: Membership, clock: Clock
    ) -> None:
        self._database = database
        self._relay = relay
        self._membership = membership
        self._clock = clock
        self._connection_lost_at: datetime | None = None
        self.pending = True
        """Whether leases are still to be released: at start, and after a departure."""

    def replica_departed(self) -> None:
        """Note that a replica departed, perhaps by a crash."""
        self.pending = True

    def reconnected(self, away: float) -> None:
        """Note that the database was unreachable for so many seconds until now."""
        lost_at = self._clock() - timedelta(seconds=away)
        self._connection_lost_at = earlier(self._connection_lost_at, lost_at)
        self.pending = True

    async def run(self) -> None:
        """Release the leases of dead processes, and doubtful ones of our own."""
        lost_at, self._connection_lost_at = self._connection_lost_at, None
        self.pending = False
        try:
            async with self._database.snapshot() as uow:
                holders = await uow.outbox.lease_holders()
            # Ask after reading the holders: a replica that joins in between must not look dead.
            departed = await self._membership.departed(holders)
            await self._database.write(lambda uow: self._release(uow, departed, lost_at))
        except Exception:
            self.pending = True
            self._connection_lost_at = earlier(lost_at, self._connection_lost_at)
            raise

    async def _release(
        self, uow: BotUnitOfWork, departed: Collection[int], lost_at: datetime | None
    ) -> None:
        """Release leases, but not those of rows that the relay is sending now."""
        await uow.outbox.release_leases(departed)
        if lost_at is not None:
            await uow.outbox.release_unknown_leases(lost_at, excluding=self._relay.in_flight)


def earlier(one: datetime | None, other: datetime | None) -> datetime | None:
    """Return the earlier of two instants, where None stands for never."""
    return min((each for each in (one, other) if each is not None), default=None)
