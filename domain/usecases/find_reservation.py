"""Read a reservation for the person who may act on it. For everyone else it does not exist."""

from datetime import datetime

from domain import errors
from domain.ports import UnitOfWork
from domain.provider import Provider
from domain.reservation import Reservation, Status
from domain.usecases.acting import provider_if_acting


async def reservation_of_client(
    uow: UnitOfWork, reservation_id: int, client_id: int
) -> Reservation:
    """Return a client's own reservation; raise errors.ReservationUnknown for any other."""
    reservation = await uow.reservations.to_change(reservation_id)
    if reservation is None or reservation.client_id != client_id:
        raise errors.ReservationUnknown
    return reservation


async def hold_to_move(
    uow: UnitOfWork, reservation_id: int, client_id: int, now: datetime
) -> Reservation | None:
    """Return a client's own live hold, or None if it expired or was released and cannot be moved.

    Raises errors.ReservationUnknown, and errors.AlreadyConfirmed for a booking, which is cancelled
    and not moved.
    """
    reservation = await reservation_of_client(uow, reservation_id, client_id)
    if reservation.status is Status.CONFIRMED:
        raise errors.AlreadyConfirmed(reservation=reservation)
    return reservation if reservation.alive(now) else None


async def reservation_for_provider(
    uow: UnitOfWork, reservation_id: int, actor: int
) -> tuple[Reservation, Provider]:
    """Return a reservation and its provider, for whom the actor acts.

    Raises errors.ReservationUnknown for any other.
    """
    reservation = await uow.reservations.to_change(reservation_id)
    if reservation is None:
        raise errors.ReservationUnknown
    provider = await provider_if_acting(uow, actor, reservation.provider_id)
    if provider is None:
        raise errors.ReservationUnknown
    return reservation, provider
