"""Offer to move a hold to a time that its client types."""

from bot.dialogue.context import Context
from bot.dialogue.typed_when import TimeOfDay, When
from bot.features.booking.calendar_view import nearest_slots, slot_search
from bot.features.booking.moving_screens import holding, move_offer, not_free_to_move
from bot.features.booking.screens import Booking, which_day
from bot.messages.screen import Screen
from domain import errors
from domain.reservation import Reservation
from domain.usecases.find_slots import slots_of_day


async def offer_move(context: Context, hold: Reservation, wish: When) -> None:
    """Send what the client holds, with a button that moves it to the typed time if it is free.

    A time without a day is one of the hold's own day. A day without a time leads to that day.
    """
    provider = await context.uow.queries.provider(hold.provider_id)
    if provider is None:
        raise errors.ProviderUnknown
    booking = Booking(provider, hold.id, kept=hold)
    if wish.other_day:
        context.request.send(which_day(context.locale, booking, wish.days))
    elif wish.time is None:
        context.request.send(holding(context.locale, hold, day=wish.day))
    else:
        context.request.send(await _to_time(context, booking, hold, wish, wish.time))


async def _to_time(
    context: Context, booking: Booking, hold: Reservation, wish: When, clock: TimeOfDay
) -> Screen:
    """Return the offer to move a hold to a time, or to those nearest to it."""
    day = wish.day or context.times.day_of(hold.span.start)
    free = await slots_of_day(context.uow, slot_search(context, booking), day, context.zone)
    at_time = [slot for slot in free if clock.is_at(slot.start, context.zone)]
    if hold.span in at_time:
        return holding(context.locale, hold)
    if at_time:
        return move_offer(context.locale, hold, at_time, context.today)
    near = await nearest_slots(context, booking, day, clock)
    others = [slot for slot in near if slot != hold.span]
    when = f"{context.times.day(day)}, {clock.text}"
    return not_free_to_move(context.locale, hold, when, others, context.today)
