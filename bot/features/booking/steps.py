"""The steps of booking: the providers, a calendar, a day, the days of a time, the hold."""

from dataclasses import replace
from datetime import date

from telegram.ext import ConversationHandler

from bot.dialogue.context import Context
from bot.dialogue.typed_when import TimeOfDay
from bot.features.booking.calendar_view import (
    own_slots,
    show_calendar,
    show_day,
    show_days_at,
    slot_search,
)
from bot.features.booking.screens import (
    PROVIDERS_PER_PAGE,
    TIMES_PER_PAGE,
    Booking,
    provider_list,
    which_day,
)
from bot.features.booking.state import BOOKING, BookingData, State, booking_of
from bot.features.reservations.show_card import present, repair_card
from bot.messages.screen import Rows
from bot.ui.keyboards import pages_of
from bot.ui.refusals import refusal_text, ways_on
from domain import errors
from domain.availability import is_offered
from domain.reservation import Reservation
from domain.timespan import GRID_MINUTES, TimeSpan
from domain.usecases.find_reservation import hold_to_move, reservation_of_client
from domain.usecases.find_slots import slots_of_day
from domain.usecases.hold_slot import hold_slot


async def show_providers(
    context: Context, page: int, choice: BookingData, *, note: str = ""
) -> State:
    """Show a page of providers below a note; what was typed is kept until one is chosen."""
    part = choice.part
    count = await context.uow.queries.count_providers(part, for_client=context.me)
    pages = pages_of(range(count), PROVIDERS_PER_PAGE)
    page = min(page, pages - 1)
    found = await context.uow.queries.find_providers(
        part, for_client=context.me, offset=page * PROVIDERS_PER_PAGE, limit=PROVIDERS_PER_PAGE
    )
    screen = provider_list(context.locale, found, page=page, pages=pages, part=part)
    context.show(screen.below(_wish_text(context, choice)).below(note))
    return BOOKING.enter(context, State.PROVIDER, replace(choice, provider=None, moving=None))


async def show_for(context: Context, choice: BookingData) -> State | int | None:
    """Show what follows from a typed day, time or both: a calendar, a day, or the hold itself."""
    if choice.other_day:
        return await ask_which_day(context, choice)
    day, clock = choice.day, choice.clock
    if day and clock:
        return await _hold_at(context, choice, day, clock)
    if day:
        return await show_times(context, choice, day)
    if clock:
        return await _ask_day_of(context, choice, clock)
    return await show_month(context, choice)


async def ask_which_day(context: Context, choice: BookingData, *, note: str = "") -> State:
    """Ask which of two days is meant; a typed time is kept for a typed answer."""
    booking = await booking_of(context, choice)
    context.show(which_day(context.locale, booking, choice.days).below(note))
    return _ask_day(context, choice)


async def show_month(
    context: Context,
    choice: BookingData,
    month: date | None = None,
    *,
    note: str = "",
    hint: str = "",
) -> State:
    """Show a provider's calendar, by default in the month of the soonest slot."""
    await show_calendar(context, await booking_of(context, choice), month, note=note, hint=hint)
    return _ask_day(context, replace(choice, minutes=None))


async def show_times(
    context: Context,
    choice: BookingData,
    day: date,
    *,
    page: int = 0,
    note: str = "",
    rows: Rows = (),
) -> State:
    """Show a day's times, or those nearest to it and to a typed time if the day has none."""
    booking = await booking_of(context, choice)
    await show_day(context, booking, day, page=page, note=note, rows=rows, clock=choice.clock)
    shown = replace(choice, day=day, other_day=None, minutes=None, start=None)
    return BOOKING.enter(context, State.TIME, shown)


async def hold_and_show(context: Context, choice: BookingData) -> State | int | None:
    """Hold a slot and show its card; if that is refused, say why and show what is free."""
    holding = hold_slot(context.uow, context.policy, context.me, choice, context.now)
    try:
        hold = await context.act(holding)
    except (
        errors.AlreadyConfirmed,
        errors.ProviderUnknown,
        errors.OwnSlot,
        errors.ProviderUnreachable,
        errors.ReservationUnknown,
    ):
        raise
    except errors.Refusal as refusal:
        return await _refused(context, choice, refusal)
    await present(context, hold)
    return ConversationHandler.END


async def live_hold(context: Context, number: int) -> Reservation:
    """Return the client's live hold; raises the refusal that says what became of it otherwise."""
    hold = await hold_to_move(context.uow, number, context.me, context.now)
    if hold is None:
        gone = await reservation_of_client(context.uow, number, context.me)
        return gone.confirmed(context.now)
    return hold


async def repair_tapped(context: Context, number: int, refusal: errors.Refusal) -> int | None:
    """Repair the tapped card of a reservation that is no longer a hold.

    A dialogue on another card continues. A typed line has no card, so the refusal is raised.
    """
    if context.request.tapped is None:
        raise refusal
    dialogue = context.request.dialogue
    await repair_card(context, number, refusal)
    if dialogue.card_message_id == context.request.tapped:
        return ConversationHandler.END
    context.request.dialogue = dialogue
    return None


def _ask_day(context: Context, choice: BookingData) -> State:
    """Wait for a day; a time that was typed completes it."""
    return BOOKING.enter(context, State.DAY, replace(choice, day=None, other_day=None))


async def _ask_day_of(context: Context, choice: BookingData, clock: TimeOfDay) -> State:
    """Ask for the day of a time; if it is free on no day, say so above the calendar."""
    if not await show_days_at(context, await booking_of(context, choice), clock):
        note = context.t("booking.time_on_no_day", time=clock.text)
        return await show_month(context, choice, note=note)
    return _ask_day(context, choice)


async def _hold_at(
    context: Context, choice: BookingData, day: date, clock: TimeOfDay
) -> State | int | None:
    """Hold the slot that starts at a typed time; if there is none, say why and show the day."""
    booking = await booking_of(context, choice)
    all_times = {
        *await slots_of_day(context.uow, slot_search(context, booking), day, context.zone),
        *await own_slots(context, booking.provider, day),
    }
    found = [slot for slot in all_times if clock.is_at(slot.start, context.zone)]
    if len(found) == 1:
        return await hold_and_show(context, replace(choice, start=found[0].start))
    if found:
        # The clocks go back and the time occurs twice; the buttons name the zone of each.
        note = context.t("booking.time_twice", time=clock.text)
        return await show_times(context, choice, day, note=note)
    # The screen of a day without any times gives the reason itself.
    reason = await _why_not_free(context, booking, day, clock) if all_times else ""
    before = sum(slot.start < clock.on(day, context.zone) for slot in all_times)
    return await show_times(context, choice, day, page=before // TIMES_PER_PAGE, note=reason)


async def _why_not_free(context: Context, booking: Booking, day: date, clock: TimeOfDay) -> str:
    """Return why no free slot starts at this time of a day that has others."""
    start = clock.on(day, context.zone)
    slot = TimeSpan(start, start + context.policy.slot_cells)
    try:
        context.policy.check_start(start, context.now)
        if clock.minutes % GRID_MINUTES or not clock.is_at(start, context.zone):
            return context.t("booking.no_start", time=clock.text)
        if await context.uow.queries.client_cells(
            context.me, slot, context.now, booking.moving or 0
        ):
            raise errors.ClientBusy
    except errors.Refusal as refusal:
        return context.t("booking.refused", reason=refusal_text(context.locale, refusal))
    hours = await context.uow.queries.open_hours(booking.provider.id, slot)
    key = "booking.time_not_free" if is_offered(slot, hours) else "booking.time_not_open"
    return context.t(key, time=clock.text)


async def _refused(context: Context, choice: BookingData, refusal: errors.Refusal) -> State:
    """Say why a slot cannot be held, and show what is free on that day."""
    sentence = refusal_text(context.locale, refusal)
    context.toast(sentence)
    note, rows = context.t("booking.refused", reason=sentence), ways_on(context.locale, refusal)
    day = context.times.day_of(choice.slot(context.policy.slot_cells).start)
    return await show_times(context, replace(choice, minutes=None), day, note=note, rows=rows)


def _wish_text(context: Context, choice: BookingData) -> str:
    """Return a sentence that names a typed day, time or both, or nothing."""
    days = " / ".join(context.times.day(day) for day in choice.days)
    when = ", ".join(filter(None, (days, choice.clock.text if choice.clock else "")))
    return context.t("booking.wish", when=when) if when else ""
