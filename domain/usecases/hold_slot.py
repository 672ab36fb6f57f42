"""Hold a slot for a client, or move a hold to another slot."""

from datetime import datetime

from domain import errors, events
from domain.availability import is_offered
from domain.choice import SlotChoice
from domain.policy import BookingPolicy
from domain.ports import UnitOfWork
from domain.provider import Provider
from domain.reservation import Reservation, Status
from domain.timespan import TimeSpan
from domain.usecases.acting import own_provider
from domain.usecases.announce import announce
from domain.usecases.expire_holds import expire_holds_in_way
from domain.usecases.find_reservation import hold_to_move


async def hold_slot(
    uow: UnitOfWork, policy: BookingPolicy, client_id: int, choice: SlotChoice, now: datetime
) -> Reservation:
    """Hold the chosen slot for the hold duration; if the client has it already, change nothing.

    Raises:
        errors.ProviderUnknown, errors.OwnSlot, errors.ProviderUnreachable, errors.NoticeTooShort,
        errors.BeyondHorizon, errors.SlotNotOffered, errors.ClientBusy, errors.SlotTaken,
        errors.TooManyHolds; if a hold is moved, also errors.ReservationUnknown and
        errors.AlreadyConfirmed.
    """
    provider = await _check_provider(uow, client_id, choice)
    slot = choice.slot(policy.slot_cells)
    if own := await _existing_reservation(uow, client_id, provider, slot, now):
        return own
    if not provider.reachable:
        raise errors.ProviderUnreachable
    policy.check_start(slot.start, now)
    moved = await hold_to_move(uow, choice.moving, client_id, now) if choice.moving else None
    await _check_free(uow, policy, client_id, provider, slot, choice.moving, now)
    if moved is None:
        await _check_limit(uow, policy, client_id, now)
    held = await _write_hold(uow, policy, client_id, provider, slot, moved, now)
    event = events.HoldMoved if moved else events.SlotHeld
    await announce(uow, policy, now, event(held, moved, client_id))
    return held


async def _check_provider(uow: UnitOfWork, client_id: int, choice: SlotChoice) -> Provider:
    """Return the chosen provider; raise if there is none or the client is that provider."""
    provider = await uow.providers.keep_hours(choice.provider) if choice.provider else None
    if provider is None:
        raise errors.ProviderUnknown
    own = await own_provider(uow, client_id)
    if own is not None and own.id == provider.id:
        raise errors.OwnSlot
    return provider


async def _existing_reservation(
    uow: UnitOfWork, client_id: int, provider: Provider, slot: TimeSpan, now: datetime
) -> Reservation | None:
    """Return the client's live reservation of this slot, for example after a double tap."""
    live = await uow.queries.bookings(client_id, now)
    return next((r for r in live if r.provider_id == provider.id and r.span == slot), None)


async def _check_free(
    uow: UnitOfWork,
    policy: BookingPolicy,
    client_id: int,
    provider: Provider,
    slot: TimeSpan,
    moving: int | None,
    now: datetime,
) -> None:
    """Raise if a slot is not offered or the client is busy.

    The database refuses overlaps regardless of this check, which gives the reason.
    """
    if not is_offered(slot, await uow.queries.open_hours(provider.id, slot)):
        raise errors.SlotNotOffered
    await expire_holds_in_way(
        uow, policy, now, provider_id=provider.id, client_id=client_id, span=slot
    )
    if await uow.queries.client_cells(client_id, slot, now, moving or 0):
        raise errors.ClientBusy


async def _check_limit(
    uow: UnitOfWork, policy: BookingPolicy, client_id: int, now: datetime
) -> None:
    """Raise if the client already has the maximum number of holds."""
    if await uow.queries.hold_count(client_id, now) >= policy.holds_per_client:
        raise errors.TooManyHolds(limit=policy.holds_per_client)


async def _write_hold(
    uow: UnitOfWork,
    policy: BookingPolicy,
    client_id: int,
    provider: Provider,
    slot: TimeSpan,
    moved: Reservation | None,
    now: datetime,
) -> Reservation:
    """Write a new hold, or the moved hold with its new time."""
    if moved:
        held = moved.moved(provider.id, slot, now, policy.hold_duration)
        await uow.reservations.move(held)
        return held
    return await uow.reservations.add(
        Reservation(
            id=0,
            provider_id=provider.id,
            client_id=client_id,
            span=slot,
            status=Status.HELD,
            held_at=now,
            expires_at=now + policy.hold_duration,
        )
    )
