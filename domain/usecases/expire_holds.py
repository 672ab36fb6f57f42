"""Expire overdue holds. No other module does."""

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
    """Expire up to ``limit`` overdue holds and return how many; fewer means none is left."""
    return await _announce_expired(uow, policy, now, await uow.reservations.expire_due(now, limit))


async def expire_holds_in_way(
    uow: UnitOfWork,
    policy: BookingPolicy,
    now: datetime,
    *,
    provider_id: int,
    client_id: int,
    span: TimeSpan,
) -> int:
    """Expire the overdue holds that overlap this span, so that no one waits for the sweep."""
    return await _announce_expired(
        uow, policy, now, await uow.reservations.expire_in_way(provider_id, client_id, span, now)
    )


async def _announce_expired(
    uow: UnitOfWork, policy: BookingPolicy, now: datetime, ended: Iterable[Reservation]
) -> int:
    """Announce expired holds; their providers never knew of them and are not notified."""
    expired = [events.HoldExpired(hold, hold.before_its_time_came(), None) for hold in ended]
    await announce(uow, policy, now, *expired)
    return len(expired)
