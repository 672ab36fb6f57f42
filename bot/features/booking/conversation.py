"""Booking: choose a provider, a day and a time, by tapping or typing, and hold the slot."""

from telegram import Update
from telegram.ext import CommandHandler, ConversationHandler, MessageHandler

from bot.buttons import (
    BookingDay,
    BookingMonth,
    ChooseProvider,
    Open,
    OtherTime,
    PickSlot,
    ProviderPage,
)
from bot.dialogue.context import Context
from bot.dialogue.deep_links import deep_link, rest_of_link
from bot.dialogue.flow import Flow, Tap
from bot.dialogue.typed import LINE, typed_text
from bot.dialogue.typed_when import When, read_when
from bot.features.account.link_screens import unknown_link
from bot.features.booking.moving import offer_move
from bot.features.booking.screens import nobody_to_book_with
from bot.features.booking.steps import (
    FLOW,
    FlowPosition,
    State,
    follow,
    live_hold,
    provider_with,
    repair_tapped,
    show_month,
    show_providers,
    show_times,
    take,
    wish_kept,
)
from bot.features.booking.typed_request import BookingRequest, read_request
from bot.features.reservations.handlers import OUTDATED
from bot.messages.screen import Screen
from bot.parsing.core.results import Problem
from bot.ui.typed import problem_text
from domain.reservation import Status
from domain.usecases.hold_slot import SlotChoice


async def booking_begun(update: Update, context: Context) -> State | int | None:
    """Begin a booking; what is typed behind the command counts as the first answer."""
    return await _begin(context, await read_request(context, " ".join(context.args or ())))


async def booking_typed(context: Context, wish: When) -> None:
    """Answer a day, a time or both typed outside of dialogues: offer to move a hold, or book."""
    live = await context.uow.reservations.live_of_client(context.me, context.now)
    holds = [r for r in live if r.status is Status.HELD]
    if holds:
        await offer_move(context, max(holds, key=lambda r: (r.held_at, r.id)), wish)
    else:
        await _begin(context, BookingRequest(wish=wish))


async def link_opened(update: Update, context: Context) -> State | int | None:
    """Somebody opened a provider's link."""
    provider = await context.uow.providers.by_slug(rest_of_link(context).lower())
    if provider is None:
        context.show(unknown_link(context.reader))
        return ConversationHandler.END
    return await show_month(context, FlowPosition(await provider_with(context, provider.id)))


async def providers_paged(update: Update, context: Context) -> State:
    """Another page of providers was asked for, or all of them again."""
    listed = (
        context.request.dialogue.flow == FLOW and context.request.dialogue.state == State.PROVIDER
    )
    part = (
        str(context.request.dialogue.data.get("part", ""))
        if context.request.dialogue.flow == FLOW
        else ""
    )
    return await show_providers(
        context, context.tap(ProviderPage).page, part, wish_kept(context) if listed else None
    )


async def provider_typed(update: Update, context: Context) -> State | int | None:
    """Read a typed part of a provider's name, or a day and time, or both."""
    line, known = typed_text(update), wish_kept(context)
    request = await read_request(context, line, known)
    if request.unread and not request.found and request.wish == known:
        context.request.send(Screen(context.t("booking.no_such_provider", part=request.unread)))
        return State.PROVIDER
    return await _begin(context, request)


async def provider_chosen(update: Update, context: Context) -> State | int | None:
    """A provider was tapped; what was typed before the list was shown is followed now."""
    tap, dialogue = context.tap(ChooseProvider), context.request.dialogue
    listed = dialogue.state == State.PROVIDER and dialogue.card_message_id == context.request.tapped
    place = FlowPosition(await provider_with(context, tap.provider), tap.moving)
    return await follow(context, place, wish_kept(context) if listed else When())


async def month_turned(update: Update, context: Context) -> State:
    """Another month was asked for."""
    tap = context.tap(BookingMonth)
    return await show_month(
        context, FlowPosition(await provider_with(context, tap.provider), tap.moving), tap.month
    )


async def day_picked(update: Update, context: Context) -> State:
    """A day was tapped."""
    tap = context.tap(BookingDay)
    return await show_times(
        context,
        FlowPosition(await provider_with(context, tap.provider), tap.moving),
        tap.day,
        page=tap.page,
    )


async def slot_picked(update: Update, context: Context) -> State | int | None:
    """A time was tapped: hold it; where that is refused, say why and show what is free now."""
    tap = context.tap(PickSlot)
    return await take(
        context,
        SlotChoice(
            context.me, tap.provider, tap.start, tap.moving or await _held_on_tapped(context)
        ),
    )


async def _held_on_tapped(context: Context) -> int | None:
    """Return the hold whose card the tapped message has become, if any.

    Of two times tapped in haste, the second was still on show when the first was held already: it is another time on the same card.
    """
    live = await context.uow.reservations.live_of_client(context.me, context.now)
    return next(
        (
            r.id
            for r in live
            if r.status is Status.HELD and r.card_message_id == context.request.tapped
        ),
        None,
    )


async def other_time_wanted(update: Update, context: Context) -> State | int | None:
    """Show other times for a hold, or repair the card of one that is over."""
    number = context.tap(OtherTime).reservation
    try:
        hold = await live_hold(context, number)
    except OUTDATED as refusal:
        return await repair_tapped(context, number, refusal)
    return await show_month(
        context, FlowPosition(await provider_with(context, hold.provider_id), hold.id)
    )


async def when_typed(update: Update, context: Context) -> State | int | None:
    """A day, a time or both were typed; a day alone completes a time that was typed before, and the other way round."""
    data, state, known = (
        context.request.dialogue.data,
        State(str(context.request.dialogue.state)),
        wish_kept(context),
    )
    provider = await provider_with(context, int(str(data["provider"])))
    when = read_when(typed_text(update), today=context.today, day=known.day)
    if isinstance(when, Problem):
        context.request.send(Screen(problem_text(context.reader, when, "booking.when_examples")))
        return state
    wish = When(when.day, when.time or known.time)
    return await follow(context, FlowPosition(provider, int(str(data["moving"]))), wish)


async def _begin(context: Context, request: BookingRequest) -> State | int | None:
    """Begin a booking with the provider that was named, or the only one, or a list to choose from.

    Where something was not read, nothing is held yet: the next question is asked below a sentence
    that names it.
    """
    found = request.found or await context.uow.providers.search(
        "", besides=context.me, offset=0, limit=2
    )
    if not found:
        context.show(
            nobody_to_book_with(context.reader, admin=context.me in context.services.admins)
        )
        return ConversationHandler.END
    note = context.t("booking.not_read", text=request.unread) if request.unread else ""
    if len(found) > 1:
        return await show_providers(context, 0, request.part, request.wish, note=note)
    context.request.remember(part="")
    place = FlowPosition(found[0])
    if not request.unread:
        return await follow(context, place, request.wish)
    if request.wish.day:
        return await show_times(context, place, request.wish.day, note=note)
    return await show_month(context, place, note=note)


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
