"""The steps of booking: the providers, a calendar, a day, the days of a time, the hold."""

from datetime import date

from telegram.ext import ConversationHandler

from bot.dialogue.context import Context
from bot.dialogue.typed_when import TimeOfDay, When
from bot.features.booking.calendar_view import (
    own_slots,
    show_calendar,
    show_day,
    show_days_at,
    slot_search,
)
from bot.features.booking.position import (
    FlowPosition,
    State,
    ask_provider,
    ask_when,
    provider_to_book,
)
from bot.features.booking.screens import (
    PROVIDERS_PER_PAGE,
    Booking,
    below,
    provider_list,
    which_day,
)
from bot.features.reservations.show_card import present, repair_card
from bot.messages.screen import Rows
from bot.ui.keyboards import pages_of
from bot.ui.refusals import refusal_text, ways_on
from domain import errors
from domain.availability import is_offered
from domain.reservation import Reservation
from domain.timespan import TimeSpan
from domain.usecases.find_reservation import hold_to_move, reservation_of_client
from domain.usecases.find_slots import slots_of_day
from domain.usecases.hold_slot import SlotChoice, hold_slot


async def show_providers(
    context: Context, page: int, part: str, wish: When | None = None, *, note: str = ""
) -> State:
    """Show a page of providers below a note; the typed ``wish`` is kept until one is chosen."""
    wish = wish or When()
    count = await context.uow.queries.count_providers(part, for_client=context.me)
    pages = pages_of(range(count), PROVIDERS_PER_PAGE)
    page = min(page, pages - 1)
    found = await context.uow.queries.find_providers(
        part, for_client=context.me, offset=page * PROVIDERS_PER_PAGE, limit=PROVIDERS_PER_PAGE
    )
    screen = provider_list(context.locale, found, page=page, pages=pages, part=part)
    context.show(below(note, below(_wish_text(context, wish), screen)))
    return ask_provider(context, part, wish)


async def show_for(context: Context, position: FlowPosition, wish: When) -> State | int | None:
    """Show what follows from a typed day, time or both: a calendar, a day, or the hold itself."""
    if wish.other_day:
        return ask_which_day(context, position, wish)
    if wish.day is None:
        return (
            await _ask_day_of(context, position, wish.time)
            if wish.time
            else await show_month(context, position)
        )
    if wish.time is None:
        return await show_times(context, position, wish.day)
    return await _hold_at(context, position, wish.day, wish.time)


def ask_which_day(context: Context, position: FlowPosition, wish: When, *, note: str = "") -> State:
    """Ask which of two days is meant; a typed time is kept for a typed answer."""
    screen = which_day(context.locale, wish.days, position.provider.id, position.moving)
    context.show(below(note, screen))
    return ask_when(context, State.DAY, position, When(time=wish.time))


async def show_month(
    context: Context,
    position: FlowPosition,
    month: date | None = None,
    *,
    note: str = "",
    hint: str = "",
) -> State:
    """Show a provider's calendar, by default in the month of the soonest slot."""
    await show_calendar(context, await _booking_at(context, position), month, note=note, hint=hint)
    return ask_when(context, State.DAY, position, When())


async def show_times(
    context: Context,
    position: FlowPosition,
    day: date,
    *,
    page: int = 0,
    note: str = "",
    rows: Rows = (),
    clock: TimeOfDay | None = None,
) -> State:
    """Show a day's times, or those nearest to it and to ``clock`` if the day has none."""
    booking = await _booking_at(context, position)
    await show_day(context, booking, day, page=page, note=note, rows=rows, clock=clock)
    return ask_when(context, State.TIME, position, When(day))


async def hold_and_show(context: Context, choice: SlotChoice) -> State | int | None:
    """Hold a slot and show its card; if that is refused, say why and show what is free."""
    try:
        hold = await context.act(hold_slot(context.uow, context.policy, choice, context.now))
    except errors.AlreadyConfirmed as refusal:
        return await repair_tapped(context, choice.moving or 0, refusal)
    except (errors.ProviderUnknown, errors.OwnSlot, errors.ReservationUnknown):
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


async def _ask_day_of(context: Context, position: FlowPosition, clock: TimeOfDay) -> State:
    """Ask for the day of a time; if it is free on no day, say so above the calendar."""
    if not await show_days_at(context, await _booking_at(context, position), clock):
        return await show_month(
            context, position, note=context.t("booking.time_on_no_day", time=clock.text)
        )
    return ask_when(context, State.DAY, position, When(time=clock))


async def _hold_at(
    context: Context, position: FlowPosition, day: date, clock: TimeOfDay
) -> State | int | None:
    """Hold the slot that starts at a typed time; if there is none, say why and show the day."""
    search = slot_search(context, await _booking_at(context, position))
    all_times = {
        *await slots_of_day(context.uow, search, day, context.zone),
        *await own_slots(context, position.provider, day),
    }
    found = [slot for slot in all_times if clock.is_at(slot.start, context.zone)]
    if len(found) == 1:
        return await hold_and_show(
            context,
            SlotChoice(context.me, position.provider.id, found[0].start, position.moving),
        )
    if found:
        # The clocks go back and the time occurs twice; the buttons name the zone of each.
        return await show_times(
            context, position, day, note=context.t("booking.time_twice", time=clock.text)
        )
    # The screen of a day without any times gives the reason itself.
    note = await _why_not_free(context, position, day, clock) if all_times else ""
    return await show_times(context, position, day, note=note, clock=clock)


async def _why_not_free(
    context: Context, position: FlowPosition, day: date, clock: TimeOfDay
) -> str:
    """Return why no free slot starts at this time of a day that has others."""
    start = clock.on(day, context.zone)
    slot = TimeSpan(start, start + context.policy.slot_cells)
    try:
        context.policy.check_start(start, context.now)
        if await context.uow.queries.client_cells(
            context.me, slot, context.now, position.moving or 0
        ):
            raise errors.ClientBusy
    except errors.Refusal as refusal:
        return context.t("booking.refused", reason=refusal_text(context.locale, refusal))
    hours = await context.uow.queries.open_hours(position.provider.id, slot)
    key = "booking.time_not_free" if is_offered(slot, hours) else "booking.time_not_open"
    return context.t(key, time=clock.text)


async def _refused(context: Context, choice: SlotChoice, refusal: errors.Refusal) -> State:
    """Say why a slot cannot be held, and show what is free on that day."""
    sentence = refusal_text(context.locale, refusal)
    context.toast(sentence)
    position = FlowPosition(await provider_to_book(context, choice.provider_id), choice.moving)
    note = context.t("booking.refused", reason=sentence)
    return await show_times(
        context,
        position,
        context.times.day_of(choice.start),
        note=note,
        rows=ways_on(context.locale, refusal),
    )


async def _booking_at(context: Context, position: FlowPosition) -> Booking:
    """Return the provider and the hold that is moved, as screens take them."""
    others = (
        len(await context.uow.queries.find_providers("", for_client=context.me, offset=0, limit=2))
        > 1
    )
    return Booking(
        position.provider, position.moving, others, await _own_hold(context, position.moving)
    )


async def _own_hold(context: Context, number: int | None) -> Reservation | None:
    """Return the reservation of this number if it is a live hold of the person."""
    hold = await context.uow.queries.reservation(number) if number else None
    return (
        hold
        if hold and hold.client_id == context.me and hold.expires_at and hold.alive(context.now)
        else None
    )


def _wish_text(context: Context, wish: When) -> str:
    """Return a sentence that names a typed day, time or both, or nothing."""
    days = " / ".join(context.times.day(day) for day in wish.days)
    when = ", ".join(filter(None, (days, wish.time.text if wish.time else "")))
    return context.t("booking.wish", when=when) if when else ""
