"""The states of the booking dialogue, and what a client has chosen and typed so far."""

from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import Annotated

from pydantic import BeforeValidator, PlainSerializer

from bot.dialogue.context import Context
from bot.dialogue.flow import Flow
from bot.dialogue.typed_when import TimeOfDay, When
from bot.features.booking.screens import Booking
from domain import errors
from domain.choice import SlotChoice
from domain.provider import Provider
from domain.reservation import Reservation
from domain.usecases.acting import own_provider

# Earlier releases stored 0 for no hold, and read it.
_StoredHold = Annotated[
    int | None,
    BeforeValidator(lambda number: number or None),
    PlainSerializer(lambda number: number or 0),
]


class State(StrEnum):
    """The question that a typed line answers."""

    PROVIDER = "provider"
    DAY = "day"
    TIME = "time"


@dataclass(frozen=True, slots=True)
class BookingData(SlotChoice):
    """A choice while it is made.

    ``part`` is the part of a provider's name that was searched for. ``other_day`` is the second
    meaning of a typed ``day`` like 12/7.
    """

    moving: _StoredHold = None
    part: str = ""
    other_day: date | None = None

    @property
    def days(self) -> tuple[date, ...]:
        """The days that may be meant: none, one or two."""
        return tuple(day for day in (self.day, self.other_day) if day)

    @property
    def clock(self) -> TimeOfDay | None:
        """The typed time of day."""
        return None if self.minutes is None else TimeOfDay(self.minutes)

    def completed(self, when: When) -> "BookingData":
        """Return the choice with a typed day, time or both in place of what was typed before."""
        return replace(
            self,
            day=when.day,
            other_day=when.other_day,
            minutes=when.time.minutes if when.time else self.minutes,
        )


BOOKING = Flow("booking", State, BookingData)


def with_provider(context: Context, provider: int, moving: int | None = None) -> BookingData:
    """Return the choice of a provider alone; the search for a name stays, for Back."""
    return BookingData(provider, moving=moving, part=BOOKING.data(context).part)


async def booking_of(context: Context, choice: SlotChoice) -> Booking:
    """Return the chosen provider and the hold that is moved, as screens take them.

    Raises errors.ProviderUnknown, errors.OwnSlot if the provider is the person who asks, and
    errors.ProviderUnreachable if no one would learn of the booking.
    """
    provider = await _provider_to_book(context, choice.provider)
    found = await context.uow.queries.find_providers("", for_client=context.me, offset=0, limit=2)
    kept = await _own_hold(context, choice.moving)
    return Booking(provider, choice.moving, len(found) > 1, kept)


async def _provider_to_book(context: Context, number: int | None) -> Provider:
    """Return a provider who can be booked and is not the person who asks."""
    provider = await context.uow.queries.provider(number) if number else None
    if provider is None:
        raise errors.ProviderUnknown
    own = await own_provider(context.uow, context.me)
    if own is not None and own.id == provider.id:
        raise errors.OwnSlot
    if not provider.reachable:
        raise errors.ProviderUnreachable
    return provider


async def _own_hold(context: Context, number: int | None) -> Reservation | None:
    """Return the reservation of this number if it is a live hold of the person."""
    hold = await context.uow.queries.reservation(number) if number else None
    return (
        hold
        if hold and hold.client_id == context.me and hold.expires_at and hold.alive(context.now)
        else None
    )
