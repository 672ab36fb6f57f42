"""The booking dialogue: choose a provider, a day and a time, by tapping or typing."""

from dataclasses import replace

from telegram import Update
from telegram.ext import ConversationHandler

from bot.buttons.booking import (
    BookingDay,
    BookingMonth,
    ChooseProvider,
    OtherTime,
    PickSlot,
    ProviderPage,
)
from bot.dialogue.context import Context
from bot.dialogue.deep_links import rest_of_link
from bot.dialogue.flow import Flow
from bot.dialogue.roles import is_admin
from bot.dialogue.routes import Routes
from bot.dialogue.typed_filters import typed_text
from bot.dialogue.typed_when import When, read_when
from bot.features.account.link_screens import unknown_link
from bot.features.booking.moving import offer_move
from bot.features.booking.position import (
    FLOW,
    FlowPosition,
    State,
    provider_to_book,
    typed_so_far,
)
from bot.features.booking.screens import no_providers, no_such_provider
from bot.features.booking.steps import (
    ask_which_day,
    hold_and_show,
    live_hold,
    repair_tapped,
    show_for,
    show_month,
    show_providers,
    show_times,
)
from bot.features.booking.typed_request import BookingRequest, read_request
from bot.features.reservations.card_buttons import OUTDATED
from bot.messages.screen import Screen
from bot.parsing.core.results import Problem
from bot.ui.typed_feedback import problem_sentence, problem_text
from domain.reservation import Status
from domain.usecases.hold_slot import SlotChoice

routes = Routes(Flow(FLOW, State))


@routes.command("book")
async def booking_begun(update: Update, context: Context) -> State | int | None:
    """Begin a booking; the arguments of ``/book`` are read as the first answer."""
    return await _begin(context, await read_request(context, " ".join(context.args or ())))


async def booking_typed(context: Context, wish: When) -> None:
    """Answer a day or time typed outside of any dialogue: offer to move a hold, or book."""
    live = await context.uow.queries.bookings(context.me, context.now)
    holds = [r for r in live if r.status is Status.HELD]
    if holds:
        await offer_move(context, max(holds, key=lambda r: (r.held_at, r.id)), wish)
    else:
        await _begin(context, BookingRequest(wish=wish))


@routes.link("book")
async def link_opened(update: Update, context: Context) -> State | int | None:
    """Show the calendar of the provider whose link was opened.

    The link is often the first contact, so the times' zone is named until the person chose one.
    """
    provider = await context.uow.queries.provider_by_slug(rest_of_link(context).lower())
    if provider is None:
        context.show(unknown_link(context.locale))
        return ConversationHandler.END
    hint = (
        ""
        if context.request.person.time_zone
        else context.t("start.zone_of_venue", zone=context.times.zone_city)
    )
    return await show_month(
        context, FlowPosition(await provider_to_book(context, provider.id)), hint=hint
    )


@routes.button(ProviderPage)
async def providers_paged(context: Context, tap: ProviderPage) -> State:
    """Show a page of providers, those found by name if a name was typed."""
    dialogue = context.request.dialogue
    if dialogue.flow != FLOW:
        return await show_providers(context, tap.page, "")
    wish = typed_so_far(context) if dialogue.state == State.PROVIDER else None
    return await show_providers(context, tap.page, str(dialogue.data.get("part", "")), wish)


@routes.line(State.PROVIDER)
async def provider_typed(update: Update, context: Context) -> State | int | None:
    """Read a typed line as part of a provider's name, as a day and time, or as both."""
    line, known = typed_text(update), typed_so_far(context)
    request = await read_request(context, line, known)
    if request.unread and not request.found and request.wish == known:
        if problem := _unread_date(context, request):
            context.request.send(Screen(problem))
            return State.PROVIDER
        # The button below shows all providers, not those of an earlier search.
        context.request.remember(part="")
        context.request.send(no_such_provider(context.locale, request.unread))
        return State.PROVIDER
    return await _begin(context, request)


@routes.button(ChooseProvider)
async def provider_chosen(context: Context, tap: ChooseProvider) -> State | int | None:
    """Continue with the tapped provider, and with what was typed before the list was shown."""
    dialogue = context.request.dialogue
    listed = dialogue.state == State.PROVIDER and dialogue.card_message_id == context.request.tapped
    position = FlowPosition(await provider_to_book(context, tap.provider), tap.moving)
    return await show_for(context, position, typed_so_far(context) if listed else When())


@routes.button(BookingMonth)
async def month_turned(context: Context, tap: BookingMonth) -> State:
    """Show another month."""
    position = FlowPosition(await provider_to_book(context, tap.provider), tap.moving)
    return await show_month(context, position, tap.month)


@routes.button(BookingDay)
async def day_picked(context: Context, tap: BookingDay) -> State:
    """Show the times of a day."""
    position = FlowPosition(await provider_to_book(context, tap.provider), tap.moving)
    return await show_times(context, position, tap.day, page=tap.page)


@routes.button(PickSlot)
async def slot_picked(context: Context, tap: PickSlot) -> State | int | None:
    """Hold the tapped slot; if that is refused, say why and show what is free."""
    moving = tap.moving or await _held_on_tapped(context)
    return await hold_and_show(context, SlotChoice(context.me, tap.provider, tap.start, moving))


async def _held_on_tapped(context: Context) -> int | None:
    """Return the hold whose card the tapped message has become, if any.

    If two times are tapped quickly, the first one is held while the second is still shown.
    The second tap then moves the hold.
    """
    if context.request.tapped is None:
        return None
    number = await context.cards.shown_on(context.chat, context.request.tapped)
    live = await context.uow.queries.bookings(context.me, context.now)
    return next((r.id for r in live if r.id == number and r.status is Status.HELD), None)


@routes.button(OtherTime)
async def other_time_wanted(context: Context, tap: OtherTime) -> State | int | None:
    """Show other times for a hold, or repair the card of one that has ended."""
    try:
        hold = await live_hold(context, tap.reservation)
    except OUTDATED as refusal:
        return await repair_tapped(context, tap.reservation, refusal)
    return await show_month(
        context, FlowPosition(await provider_to_book(context, hold.provider_id), hold.id)
    )


@routes.line(State.DAY)
@routes.line(State.TIME)
async def when_typed(update: Update, context: Context) -> State | int | None:
    """Read a typed day, time or both; a day completes a time typed before, and vice versa."""
    dialogue, known = context.request.dialogue, typed_so_far(context)
    data = dialogue.data
    provider = await provider_to_book(context, int(str(data["provider"])))
    when = read_when(typed_text(update), today=context.today, day=known.day)
    if isinstance(when, Problem):
        context.request.send(Screen(problem_text(context.locale, when, "booking.when_examples")))
        return State(str(dialogue.state))
    wish = replace(when, time=when.time or known.time)
    return await show_for(
        context, FlowPosition(provider, int(str(data["moving"] or 0)) or None), wish
    )


async def _begin(context: Context, request: BookingRequest) -> State | int | None:
    """Begin a booking with the named provider, with the only one, or with a list of them.

    If part of the line was not read, nothing is held: the next question follows, below a sentence
    that names that part.
    """
    found = request.found or await context.uow.queries.find_providers(
        "", for_client=context.me, offset=0, limit=2
    )
    if not found:
        context.show(no_providers(context.locale, admin=is_admin(context)))
        return ConversationHandler.END
    note = _unread_date(context, request)
    if request.unread and not note:
        note = context.t("booking.not_read", text=request.unread)
    if len(found) > 1:
        return await show_providers(context, 0, request.part, request.wish, note=note)
    context.request.remember(part="")
    position = FlowPosition(found[0])
    if not request.unread:
        return await show_for(context, position, request.wish)
    if request.wish.other_day:
        return ask_which_day(context, position, request.wish, note=note)
    if request.wish.day:
        return await show_times(context, position, request.wish.day, note=note)
    return await show_month(context, position, note=note)


def _unread_date(context: Context, request: BookingRequest) -> str:
    """Return why a typed date cannot be booked, or "" if the unread words are no date."""
    return problem_sentence(context.locale, request.problem) if request.problem else ""
