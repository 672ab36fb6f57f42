"""Set a slot aside for a client, or move a hold to another slot."""

from dataclasses import dataclass, replace
from datetime import datetime

from domain import errors, events
from domain.availability import is_offered
from domain.policy import BookingPolicy
from domain.ports import UnitOfWork
from domain.provider import Provider
from domain.reservation import Reservation, Status
from domain.timespan import TimeSpan
from domain.usecases.announce import announce
from domain.usecases.expire_holds import expire_holds_in_way
from domain.usecases.reservation_of import hold_to_move

LONGEST_HOLD = 2
"""How many hold durations a hold may last in all, however often it is moved."""


@dataclass(frozen=True, slots=True)
class SlotChoice:
    """What a client picked: a slot's first cell with a provider; ``moving`` is the hold it is to replace, if any."""

    client_id: int
    provider_id: int
    start: int
    moving: int | None = None


async def hold_slot(
    uow: UnitOfWork, policy: BookingPolicy, choice: SlotChoice, now: datetime
) -> Reservation:
    """Hold the chosen slot until the hold duration has passed; asking again for what one has already changes nothing.

    Raises:
        errors.ProviderUnknown, errors.OwnSlot, errors.NoticeTooShort, errors.BeyondHorizon, errors.SlotNotOffered, errors.ClientBusy,
        errors.SlotTaken, errors.TooManyHolds; and where a hold is moved, errors.ReservationUnknown and errors.AlreadyConfirmed.
    """
    provider = await _provider_for(uow, choice)
    slot = TimeSpan(choice.start, choice.start + policy.slot_cells)
    if own := await _own_already(uow, choice, slot, now):
        return own
    policy.check_start(slot.start, now)
    moved = await hold_to_move(uow, choice.moving, choice.client_id, now) if choice.moving else None
    await _check_free(uow, policy, choice, slot, now)
    await _check_limit(uow, policy, choice, moved, now)
    held = await _written(uow, policy, choice, slot, moved, now)
    await announce(uow, policy, now, events.SlotHeld(held, provider.client_id))
    return held


async def _provider_for(uow: UnitOfWork, choice: SlotChoice) -> Provider:
    """Return the chosen provider, who must exist and be somebody else."""
    provider = await uow.providers.keep_hours(choice.provider_id)
    if provider is None:
        raise errors.ProviderUnknown
    if provider.client_id == choice.client_id:
        raise errors.OwnSlot
    return provider


async def _own_already(
    uow: UnitOfWork, choice: SlotChoice, slot: TimeSpan, now: datetime
) -> Reservation | None:
    """Return the client's own live reservation of this very slot: a second tap, or a tap on his own time."""
    live = await uow.reservations.live_of_client(choice.client_id, now)
    return next((r for r in live if r.provider_id == choice.provider_id and r.span == slot), None)


async def _check_free(
    uow: UnitOfWork, policy: BookingPolicy, choice: SlotChoice, slot: TimeSpan, now: datetime
) -> None:
    """Refuse a slot that is not offered or not free, with the reason; the database refuses an overlap whatever is found here."""
    if not is_offered(slot, await uow.availability.within(choice.provider_id, slot)):
        raise errors.SlotNotOffered
    await expire_holds_in_way(
        uow, policy, now, provider_id=choice.provider_id, client_id=choice.client_id, span=slot
    )
    if await uow.reservations.client_cells(choice.client_id, slot, now, excluding=choice.moving):
        raise errors.ClientBusy


async def _check_limit(
    uow: UnitOfWork,
    policy: BookingPolicy,
    choice: SlotChoice,
    moved: Reservation | None,
    now: datetime,
) -> None:
    """Refuse one hold more than a client may have; moving one adds none."""
    if (
        moved is None
        and await uow.reservations.live_hold_count(choice.client_id, now) >= policy.holds_per_client
    ):
        raise errors.TooManyHolds(limit=policy.holds_per_client)


async def _written(
    uow: UnitOfWork,
    policy: BookingPolicy,
    choice: SlotChoice,
    slot: TimeSpan,
    moved: Reservation | None,
    now: datetime,
) -> Reservation:
    """Write the hold: a new one, or the moved one with its new time."""
    expires_at = now + policy.hold_duration
    if moved:
        # Time begins anew, so that there is enough to confirm the new choice; but moving to and fro must not hold it for ever.
        first = moved.first_held_at or moved.held_at
        ends = min(expires_at, first + LONGEST_HOLD * policy.hold_duration)
        held = replace(
            moved,
            provider_id=choice.provider_id,
            span=slot,
            held_at=now,
            expires_at=ends,
            first_held_at=first,
        )
        await uow.reservations.move(held)
        return held
    return await uow.reservations.add(
        Reservation(
            id=0,
            provider_id=choice.provider_id,
            client_id=choice.client_id,
            span=slot,
            status=Status.HELD,
            held_at=now,
            expires_at=expires_at,
        )
    )
