"""End holds that have run out. This module is the one place where a hold dies of age."""

from collections.abc import Iterable
from datetime import datetime

from domain import events
from domain.policy import BookingPolicy
from domain.ports import UnitOfWork
from domain.reservation import Reservation
from domain.timespan import TimeSpan
from domain.usecases.announce import announce

BATCH = 500


async def expire_holds(
    uow: UnitOfWork, policy: BookingPolicy, now: datetime, *, limit: int = BATCH
) -> int:
    """End up to ``limit`` overdue holds and return how many; fewer than the limit means none is left."""
    return await _told(uow, policy, now, await uow.reservations.expire_due(now, limit))


async def expire_holds_in_way(
    uow: UnitOfWork,
    policy: BookingPolicy,
    now: datetime,
    *,
    provider_id: int,
    client_id: int,
    span: TimeSpan,
) -> int:
    """End the overdue holds that still occupy some of this span, so that nobody has to wait for a sweep."""
    return await _told(
        uow, policy, now, await uow.reservations.expire_in_way(provider_id, client_id, span, now)
    )


async def _told(
    uow: UnitOfWork, policy: BookingPolicy, now: datetime, ended: Iterable[Reservation]
) -> int:
    """Announce the end of these holds; their providers never heard of them and are not told."""
    expired = [events.HoldExpired(hold, provider_client_id=0) for hold in ended]
    await announce(uow, policy, now, *expired)
    return len(expired)
