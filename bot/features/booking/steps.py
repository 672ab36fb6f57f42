"""The steps of booking, whichever way one comes to them: the providers, a calendar, a day, the days of a time, the hold."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from telegram.ext import ConversationHandler

from bot.dialogue.context import Context
from bot.dialogue.typed_when import TimeOfDay, When
from bot.features.booking.calendar_view import (
    below,
    own_times,
    show_calendar,
    show_day,
    show_days_at,
    slot_search,
)
from bot.features.booking.screens import PROVIDERS_PER_PAGE, Booking, provider_list
from bot.features.reservations.presenting import present, repair_card
from bot.messages.screen import Rows
from bot.ui.keyboards import pages_of
from bot.ui.refusal_screens import ways_on
from bot.ui.refusals import refusal_text
from domain import errors
from domain.provider import Provider
from domain.reservation import Reservation
from domain.timespan import TimeSpan
from domain.usecases.find_slots import slots_of_day
from domain.usecases.hold_slot import SlotChoice, hold_slot
from domain.usecases.reservation_of import hold_to_move, reservation_of_client

FLOW = "booking"


class State(StrEnum):
    """What a typed line is taken for."""

    PROVIDER = "provider"
    DAY = "day"
    TIME = "time"


@dataclass(frozen=True, slots=True)
class FlowPosition:
    """With whom somebody is booking, and the hold he is moving, or 0."""

    provider: Provider
    moving: int = 0


async def show_providers(
    context: Context, page: int, part: str, wish: When | None = None, *, note: str = ""
) -> State:
    """Show a page of providers below a note; a ``wish`` is kept until one is chosen."""
    wish = wish or When()
    count = await context.uow.providers.count(part, besides=context.me)
    pages = pages_of(range(count), PROVIDERS_PER_PAGE)
    page = min(page, pages - 1)
    found = await context.uow.providers.search(
        part, besides=context.me, offset=page * PROVIDERS_PER_PAGE, limit=PROVIDERS_PER_PAGE
    )
    screen = provider_list(context.reader, found, page=page, pages=pages, part=part)
    context.show(below(note, below(_wish_text(context, wish), screen)))
    context.request.stand(FLOW, State.PROVIDER)
    context.request.remember(part=part, **_written(wish))
    return State.PROVIDER


def _wish_text(context: Context, wish: When) -> str:
    """Return a sentence that names a typed day, time or both, or nothing."""
    day = context.times.day(wish.day) if wish.day else ""
    when = ", ".join(filter(None, (day, wish.time.text if wish.time else "")))
    return context.t("booking.wish", when=when) if when else ""


async def follow(context: Context, place: FlowPosition, wish: When) -> State | int | None:
    """Go where a typed day, time or both lead: to a day, to the days of a time, or to the hold."""
    if wish.day is None:
        return (
            await _days_of(context, place, wish.time)
            if wish.time
            else await show_month(context, place)
        )
    if wish.time is None:
        return await show_times(context, place, wish.day)
    return await _time_of(context, place, wish.day, wish.time)


async def show_month(
    context: Context, place: FlowPosition, month: date | None = None, *, note: str = ""
) -> State:
    """Show a provider's calendar, in the month of the soonest time unless another is named."""
    await show_calendar(context, await _booking(context, place), month, note=note)
    return _stand(context, State.DAY, place, When())


async def show_times(
    context: Context,
    place: FlowPosition,
    day: date,
    *,
    page: int = 0,
    note: str = "",
    rows: Rows = (),
    clock: TimeOfDay | None = None,
) -> State:
    """Show a day's times, or those nearest to the time ``clock`` where the day has none."""
    booking = await _booking(context, place)
    await show_day(context, booking, day, page=page, note=note, rows=rows, clock=clock)
    return _stand(context, State.TIME, place, When(day))


async def take(context: Context, choice: SlotChoice) -> State | int | None:
    """Hold a slot and show its card; where that is refused, say why and show what is free now."""
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
    """Repair the tapped card of a reservation that is no hold any more.

    A dialogue on another card goes on. A typed line has no card to repair, so it is refused.
    """
    if context.request.tapped is None:
        raise refusal
    dialogue = context.request.dialogue
    await repair_card(context, number, refusal)
    if dialogue.card_message_id == context.request.tapped:
        return ConversationHandler.END
    context.request.dialogue = dialogue
    return None


async def provider_with(context: Context, provider_id: int) -> Provider:
    """Return a provider; raises errors.ProviderUnknown, and errors.OwnSlot where he is the one who asks."""
    provider = await context.uow.providers.get(provider_id)
    if provider is None:
        raise errors.ProviderUnknown
    if provider.client_id == context.me:
        raise errors.OwnSlot
    return provider


def wish_kept(context: Context) -> When:
    """Return what was typed so far and still has to be completed, an empty wish where there is none."""
    data = context.request.dialogue.data if context.request.dialogue.flow == FLOW else {}
    day, minutes = data.get("day"), data.get("minutes")
    return When(
        date.fromisoformat(str(day)) if day else None,
        TimeOfDay(int(str(minutes))) if minutes is not None else None,
    )


async def _days_of(context: Context, place: FlowPosition, clock: TimeOfDay) -> State:
    """Ask on which day; where the time is free on none, say so and show the calendar."""
    if not await show_days_at(context, await _booking(context, place), clock):
        return await show_month(
            context, place, note=context.t("booking.time_on_no_day", time=clock.text)
        )
    return _stand(context, State.DAY, place, When(time=clock))


async def _time_of(
    context: Context, place: FlowPosition, day: date, clock: TimeOfDay
) -> State | int | None:
    """Hold the slot that starts at a typed time, if there is one."""
    search = slot_search(context, await _booking(context, place))
    everything = {
        *await slots_of_day(context.uow, search, day, context.zone),
        *await own_times(context, place.provider, day),
    }
    found = [slot for slot in everything if clock.is_at(slot.start, context.zone)]
    if len(found) == 1:
        return await take(
            context, SlotChoice(context.me, place.provider.id, found[0].start, place.moving or None)
        )
    if found:
        # Two on the day the clocks go back: the buttons tell them apart.
        return await show_times(
            context, place, day, note=context.t("booking.time_twice", time=clock.text)
        )
    # A day without any time says itself why.
    note = await _why_not(context, place, day, clock) if everything else ""
    return await show_times(context, place, day, note=note, clock=clock)


async def _why_not(context: Context, place: FlowPosition, day: date, clock: TimeOfDay) -> str:
    """Return why no slot starts at this time of a day on which others do."""
    start = clock.on(day, context.zone)
    slot = TimeSpan(start, start + context.policy.slot_cells)
    try:
        context.policy.check_start(start, context.now)
        if await context.uow.reservations.client_cells(
            context.me, slot, context.now, besides=place.moving or None
        ):
            raise errors.ClientBusy
    except errors.Refusal as refusal:
        return context.t("booking.refused", reason=refusal_text(context.reader, refusal))
    return context.t("booking.time_not_free", time=clock.text)


async def _refused(context: Context, choice: SlotChoice, refusal: errors.Refusal) -> State:
    """Say why a slot cannot be held, and show what is free on that day now."""
    sentence = refusal_text(context.reader, refusal)
    context.say(sentence)
    place = FlowPosition(await provider_with(context, choice.provider_id), choice.moving or 0)
    note = context.t("booking.refused", reason=sentence)
    return await show_times(
        context,
        place,
        context.times.day_of(choice.start),
        note=note,
        rows=ways_on(context.reader, refusal),
    )


async def _booking(context: Context, place: FlowPosition) -> Booking:
    """Return what the screens need to know."""
    others = len(await context.uow.providers.search("", besides=context.me, offset=0, limit=2)) > 1
    return Booking(place.provider, place.moving, others, await _own_hold(context, place.moving))


async def _own_hold(context: Context, number: int) -> Reservation | None:
    """Return the person's own live hold of this number, if it is one."""
    hold = await context.uow.reservations.get(number) if number else None
    return (
        hold
        if hold and hold.client_id == context.me and hold.expires_at and hold.alive(context.now)
        else None
    )


def _stand(context: Context, state: State, place: FlowPosition, wish: When) -> State:
    """Take a place in the dialogue, and remember what the next line has to be read with."""
    context.request.stand(FLOW, state)
    context.request.remember(provider=place.provider.id, moving=place.moving, **_written(wish))
    return state


def _written(wish: When) -> dict[str, object]:
    """Return a wish as plain values."""
    return {
        "day": wish.day.isoformat() if wish.day else None,
        "minutes": wish.time.minutes if wish.time else None,
    }
