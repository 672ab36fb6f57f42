"""Confirm, release and cancel reservations."""

from datetime import datetime

from domain import events
from domain.policy import BookingPolicy
from domain.ports import UnitOfWork
from domain.provider import Provider
from domain.reservation import Party, Reservation
from domain.usecases.announce import announce
from domain.usecases.find_reservation import reservation_of_client, reservation_of_provider


async def confirm_hold(
    uow: UnitOfWork, policy: BookingPolicy, reservation_id: int, client_id: int, now: datetime
) -> Reservation:
    """Confirm the client's live hold and notify the provider; confirming again changes nothing.

    Raises errors.ReservationUnknown and the refusals of ``Reservation.confirmed``.
    """
    hold = await reservation_of_client(uow, reservation_id, client_id)
    booking = hold.confirmed(now)
    if booking != hold:
        await uow.reservations.confirm(booking)
        await announce(
            uow, policy, now, events.HoldConfirmed(booking, await _provider_client(uow, booking))
        )
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
        await announce(
            uow, policy, now, events.CancelledByClient(ended, await _provider_client(uow, ended))
        )
    return ended


async def cancel_by_provider(
    uow: UnitOfWork,
    policy: BookingPolicy,
    reservation_id: int,
    client_id: int,
    now: datetime,
    *,
    reason: str | None = None,
) -> Reservation:
    """Cancel a reservation as the provider who is this client, and notify its client.

    Repeating it changes nothing. Raises errors.ReservationUnknown and the refusals of
    ``Reservation.cancelled``.
    """
    standing, provider = await reservation_of_provider(uow, reservation_id, client_id)
    return await cancel_for(uow, policy, provider, standing, now, reason=reason)


async def cancel_for(
    uow: UnitOfWork,
    policy: BookingPolicy,
    provider: Provider,
    standing: Reservation,
    now: datetime,
    *,
    reason: str | None = None,
) -> Reservation:
    """Cancel a reservation that is known to belong to this provider."""
    ended = standing.cancelled(Party.PROVIDER, now, reason)
    if ended != standing:
        await uow.reservations.cancel(ended)
        await announce(uow, policy, now, events.CancelledByProvider(ended, provider.client_id))
    return ended


async def _provider_client(uow: UnitOfWork, reservation: Reservation) -> int:
    """Return the Telegram user id of the reservation's provider."""
    provider = await uow.providers.get(reservation.provider_id)
    return provider.client_id if provider else 0
