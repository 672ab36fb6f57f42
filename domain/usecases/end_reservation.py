"""Confirm, release and cancel reservations."""

from datetime import datetime

from domain import errors, events
from domain.policy import BookingPolicy
from domain.ports import UnitOfWork
from domain.reservation import Party, Reservation
from domain.usecases.announce import announce
from domain.usecases.find_reservation import reservation_for_provider, reservation_of_client


async def confirm_hold(
    uow: UnitOfWork, policy: BookingPolicy, reservation_id: int, client_id: int, now: datetime
) -> Reservation:
    """Confirm the client's live hold and notify the provider; confirming again changes nothing.

    Raises errors.ReservationUnknown, the refusals of ``Reservation.confirmed``, and
    errors.ProviderUnreachable if no one would learn of the booking.
    """
    hold = await reservation_of_client(uow, reservation_id, client_id)
    booking = hold.confirmed(now)
    if booking != hold:
        provider = await uow.queries.provider(hold.provider_id)
        if provider is None or not provider.reachable:
            raise errors.ProviderUnreachable(reservation=hold)
        await uow.reservations.confirm(booking)
        await announce(uow, policy, now, events.HoldConfirmed(booking, hold, client_id))
    return booking


async def cancel_by_client(
    uow: UnitOfWork, policy: BookingPolicy, reservation_id: int, client_id: int, now: datetime
) -> Reservation:
    """Release the client's hold, or cancel their booking and notify the provider.

    Repeating it changes nothing. Raises errors.ReservationUnknown and the refusals of
    ``Reservation.cancelled``.
    """
    standing = await reservation_of_client(uow, reservation_id, client_id)
    ended = standing.cancelled(Party.CLIENT, now)
    if ended != standing:
        await uow.reservations.cancel(ended)
        event = events.HoldReleased if ended.released else events.CancelledByClient
        await announce(uow, policy, now, event(ended, standing, client_id))
    return ended


async def cancel_by_provider(
    uow: UnitOfWork,
    policy: BookingPolicy,
    reservation_id: int,
    actor: int,
    now: datetime,
    *,
    reason: str | None = None,
) -> Reservation:
    """Cancel a reservation for its provider, and notify its client.

    Repeating it changes nothing. Raises errors.ReservationUnknown unless the actor acts for the
    provider, and the refusals of ``Reservation.cancelled``.
    """
    standing, _ = await reservation_for_provider(uow, reservation_id, actor)
    return await cancel_for(uow, policy, actor, standing, now, reason=reason)


async def cancel_for(
    uow: UnitOfWork,
    policy: BookingPolicy,
    actor: int,
    standing: Reservation,
    now: datetime,
    *,
    reason: str | None = None,
) -> Reservation:
    """Cancel a reservation of a provider for whom the actor is known to act."""
    ended = standing.cancelled(Party.PROVIDER, now, reason)
    if ended != standing:
        await uow.reservations.cancel(ended)
        await announce(uow, policy, now, events.CancelledByProvider(ended, standing, actor))
    return ended
