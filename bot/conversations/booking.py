"""Booking: choose a provider, a day and a time, by tapping or typing, and hold the slot."""

from datetime import date
from enum import StrEnum

from telegram import Update
from telegram.ext import CommandHandler, ConversationHandler, MessageHandler

from bot.callbacks import BookingDay, BookingMonth, ChooseProvider, Open, OtherTime, PickSlot, ProviderPage
from bot.context import Context
from bot.conversations.calendar_view import own_times, show_calendar, show_day
from bot.conversations.deep_links import deep_link, rest_of_link
from bot.conversations.presenting import present
from bot.conversations.typed import LINE, typed_text
from bot.conversations.typed_when import When, read_when
from bot.flow import Flow, Tap
from bot.parsing.results import Problem
from bot.refusals import refusal_text
from bot.screen import Screen
from bot.screens.booking import PROVIDERS_PER_PAGE, Booking, provider_list
from bot.screens.links import unknown_link
from bot.screens.typed import problem_text
from domain import errors
from domain.client import NAME_LIMIT
from domain.provider import Provider
from domain.reservation import Status
from domain.usecases.find_slots import SlotSearch, slots_of_day
from domain.usecases.hold_slot import SlotChoice, hold_slot
from domain.usecases.reservation_of import hold_to_move

FLOW = "booking"


class State(StrEnum):
    """What a typed line is taken for."""

    PROVIDER = "provider"
    DAY = "day"
    TIME = "time"


async def booking_begun(update: Update, context: Context) -> State | int:
    """Somebody wants to book: show the providers, or the one there is."""
    providers = await context.uow.providers.search("", besides=context.me, offset=0, limit=2)
    if not providers:
        context.show(Screen(context.t("booking.no_providers")))
        return ConversationHandler.END
    if len(providers) == 1:
        return await _calendar_of(context, providers[0])
    return await _list(context, 0, "")


async def link_opened(update: Update, context: Context) -> State | int:
    """Somebody opened a provider's link."""
    provider = await context.uow.providers.by_slug(rest_of_link(context).lower())
    if provider is None:
        context.show(unknown_link(context.reader))
        return ConversationHandler.END
    return await _calendar_of(context, await provider_with(context, provider.id))


async def providers_paged(update: Update, context: Context) -> State:
    """Another page of providers was asked for."""
    part = context.unit.dialogue.data.get("part", "") if context.unit.dialogue.flow == FLOW else ""
    return await _list(context, context.tap(ProviderPage).page, str(part))


async def provider_typed(update: Update, context: Context) -> State:
    """A part of a provider's name was typed."""
    # No name is longer, and what is played back has to fit into a message.
    part = " ".join(typed_text(update).split())[:NAME_LIMIT]
    found = await context.uow.providers.search(part, besides=context.me, offset=0, limit=2)
    if not found:
        context.unit.send(Screen(context.t("booking.no_such_provider", part=part)))
        return State.PROVIDER
    if len(found) > 1:
        return await _list(context, 0, part)
    context.unit.remember(part="")
    return await _calendar_of(context, found[0])


async def provider_chosen(update: Update, context: Context) -> State:
    """A provider was tapped."""
    tap = context.tap(ChooseProvider)
    return await _calendar_of(context, await provider_with(context, tap.provider), moving=tap.moving)


async def month_turned(update: Update, context: Context) -> State:
    """Another month was asked for."""
    tap = context.tap(BookingMonth)
    return await _calendar_of(context, await provider_with(context, tap.provider), moving=tap.moving, month=tap.month)


async def day_picked(update: Update, context: Context) -> State:
    """A day was tapped."""
    tap = context.tap(BookingDay)
    return await _day_of(context, await provider_with(context, tap.provider), tap.day, page=tap.page, moving=tap.moving)


async def slot_picked(update: Update, context: Context) -> State | int:
    """A time was tapped: hold it; where that is refused, say why and show what is free now."""
    tap = context.tap(PickSlot)
    return await _hold(context, SlotChoice(context.me, tap.provider, tap.start, tap.moving or await _held_on_tapped(context)))


async def _held_on_tapped(context: Context) -> int | None:
    """Return the hold whose card the tapped message has become, if any.

    Of two times tapped in haste, the second was still on show when the first was held already: it is another time on the same card.
    """
    live = await context.uow.reservations.live_of_client(context.me, context.now)
    return next((r.id for r in live if r.status is Status.HELD and r.card_message_id == context.unit.tapped), None)


async def other_time_wanted(update: Update, context: Context) -> State:
    """The holder wants another time for his hold."""
    hold = await hold_to_move(context.uow, context.tap(OtherTime).reservation, context.me, context.now)
    if hold is None:
        raise errors.HoldExpired(reservation=await context.uow.reservations.get(context.tap(OtherTime).reservation))
    return await _calendar_of(context, await provider_with(context, hold.provider_id), moving=hold.id)


async def when_typed(update: Update, context: Context) -> State | int:
    """A day, a time or both were typed."""
    data = context.unit.dialogue.data
    provider = await provider_with(context, int(str(data["provider"])))
    known = date.fromisoformat(str(data["day"])) if context.unit.dialogue.state == State.TIME else None
    when = read_when(typed_text(update), today=context.today, day=known)
    if isinstance(when, Problem):
        context.unit.send(Screen(problem_text(context.reader, when, "booking.when_examples")))
        return State(str(context.unit.dialogue.state))
    moving = int(str(data["moving"]))
    if when.minutes is None:
        return await _day_of(context, provider, when.day, moving=moving)
    return await _time_typed(context, provider, when, moving)


async def _time_typed(context: Context, provider: Provider, when: When, moving: int) -> State | int:
    """Hold the slot that starts at the typed time, if there is one."""
    search = SlotSearch(provider.id, context.me, context.policy, context.now, moving or None)
    slots = await slots_of_day(context.uow, search, when.day, context.zone)
    own = await own_times(context, provider, when.day)
    found = [slot for slot in {*slots, *own} if when.is_at(slot.start, context.zone)]
    if len(found) == 1:
        return await _hold(context, SlotChoice(context.me, provider.id, found[0].start, moving or None))
    # None, or two on the day the clocks go back: the buttons tell them apart.
    key = "booking.time_twice" if found else "booking.time_not_free"
    return await _day_of(context, provider, when.day, moving=moving, note=context.t(key, time=when.text))


async def _hold(context: Context, choice: SlotChoice) -> State | int:
    """Hold a slot and show its card, or say why not."""
    try:
        hold = await context.act(hold_slot(context.uow, context.policy, choice, context.now))
    except (errors.ProviderUnknown, errors.OwnSlot, errors.ReservationUnknown, errors.AlreadyConfirmed):
        raise
    except errors.Refusal as refusal:
        return await _refused(context, choice, refusal)
    await present(context, hold)
    return ConversationHandler.END


async def _refused(context: Context, choice: SlotChoice, refusal: errors.Refusal) -> State:
    """Say why a slot cannot be held, and show what is free on that day now."""
    context.warn(refusal_text(context.reader, refusal))
    day = context.times.day_of(choice.start)
    note = context.t("booking.refused", reason=refusal_text(context.reader, refusal))
    return await _day_of(context, await provider_with(context, choice.provider_id), day, moving=choice.moving or 0, note=note)


async def _list(context: Context, page: int, part: str) -> State:
    """Show a page of providers."""
    count = await context.uow.providers.count(part, besides=context.me)
    pages = max(1, -(-count // PROVIDERS_PER_PAGE))
    page = min(page, pages - 1)
    found = await context.uow.providers.search(part, besides=context.me, offset=page * PROVIDERS_PER_PAGE, limit=PROVIDERS_PER_PAGE)
    context.show(provider_list(context.reader, found, page=page, pages=pages, part=part))
    context.unit.stand(FLOW, State.PROVIDER)
    context.unit.remember(part=part)
    return State.PROVIDER


async def _calendar_of(context: Context, provider: Provider, *, moving: int = 0, month: date | None = None) -> State:
    """Show a provider's calendar."""
    await show_calendar(context, await _booking(context, provider, moving), month)
    context.unit.stand(FLOW, State.DAY)
    context.unit.remember(provider=provider.id, moving=moving)
    return State.DAY


async def _day_of(context: Context, provider: Provider, day: date, *, page: int = 0, moving: int = 0, note: str = "") -> State:
    """Show a day's times."""
    await show_day(context, await _booking(context, provider, moving), day, page=page, note=note)
    context.unit.stand(FLOW, State.TIME)
    context.unit.remember(provider=provider.id, moving=moving, day=day.isoformat())
    return State.TIME


async def provider_with(context: Context, provider_id: int) -> Provider:
    """Return a provider; raises errors.ProviderUnknown, and errors.OwnSlot where he is the one who asks."""
    provider = await context.uow.providers.get(provider_id)
    if provider is None:
        raise errors.ProviderUnknown
    if provider.client_id == context.me:
        raise errors.OwnSlot
    return provider


async def _booking(context: Context, provider: Provider, moving: int) -> Booking:
    """Return what the next steps carry."""
    return Booking(provider, moving, choice=await context.uow.providers.count("", besides=context.me) > 1)


def booking_flow() -> Flow:
    """Return the dialogue."""
    return Flow(
        FLOW,
        [
            CommandHandler("book", booking_begun),
            deep_link("book", link_opened),
            Tap(Open, booking_begun, only=Open("book")),
            Tap(ProviderPage, providers_paged),
            Tap(ChooseProvider, provider_chosen),
            Tap(BookingMonth, month_turned),
            Tap(BookingDay, day_picked),
            Tap(PickSlot, slot_picked),
            Tap(OtherTime, other_time_wanted),
        ],
        {
            State.PROVIDER: [MessageHandler(LINE, provider_typed)],
            State.DAY: [MessageHandler(LINE, when_typed)],
            State.TIME: [MessageHandler(LINE, when_typed)],
        },
    )
