"""The booking dialogue: choose a provider, a day and a time, by tapping or typing."""

from collections.abc import Callable, Coroutine
from dataclasses import replace
from functools import wraps
from typing import Any, TypeVar

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
from bot.dialogue.roles import is_admin
from bot.dialogue.routes import Routes
from bot.dialogue.typed_filters import typed_text
from bot.dialogue.typed_when import When, read_when
from bot.dialogue.typed_words import meaning_of
from bot.features.account.link_screens import unknown_link
from bot.features.booking.moving import offer_move
from bot.features.booking.screens import no_providers, no_such_provider
from bot.features.booking.state import BOOKING, BookingData, State, with_provider
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
from bot.features.booking.typed_choice import ChoiceRead, read_choice
from bot.features.reservations.show_card import present
from bot.features.reservations.typed import answer_meaning
from bot.messages.screen import Screen
from bot.parsing.core.results import Problem
from bot.ui.typed_feedback import problem_sentence, problem_text
from domain import errors
from domain.reservation import Status
from domain.usecases.find_reservation import reservation_of_client

Tap = TypeVar("Tap", ChooseProvider, BookingMonth, BookingDay, PickSlot)
Handler = Callable[[Context, Tap], Coroutine[Any, Any, State | int | None]]

routes = Routes(BOOKING)


@routes.command("book")
async def booking_begun(update: Update, context: Context) -> State | int | None:
    """Begin a booking; the arguments of ``/book`` are read as the first answer."""
    return await _begin(
        context, await read_choice(context, " ".join(context.args or ()), BookingData())
    )


async def booking_typed(context: Context, wish: When) -> None:
    """Answer a day or time typed outside of any dialogue: offer to move a hold, or book."""
    live = await context.uow.queries.bookings(context.me, context.now)
    holds = [r for r in live if r.status is Status.HELD]
    if holds:
        await offer_move(context, max(holds, key=lambda r: (r.held_at, r.id)), wish)
    else:
        await _begin(context, ChoiceRead(BookingData().completed(wish)))


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
    return await show_month(context, with_provider(context, provider.id), hint=hint)


def _repairing(handler: Handler[Tap]) -> Handler[Tap]:
    """Show the card of a booking in place of a screen that would move it as a hold."""

    @wraps(handler)
    async def handle(context: Context, tap: Tap) -> State | int | None:
        try:
            return await handler(context, tap)
        except errors.AlreadyConfirmed as refusal:
            return await repair_tapped(context, tap.moving or 0, refusal)

    return handle


@routes.button(ProviderPage)
async def providers_paged(context: Context, tap: ProviderPage) -> State | int:
    """Show a page of providers, those found by name if a name was typed.

    If the message has become the card of a hold, show that again.
    """
    if held := await _held_on_tapped(context):
        await present(context, await live_hold(context, held))
        return ConversationHandler.END
    return await show_providers(context, tap.page, _typed_for_list(context))


@routes.line(State.PROVIDER)
async def provider_typed(update: Update, context: Context) -> State | int | None:
    """Read a typed line as part of a provider's name, as a day and time, or as both."""
    known, line = replace(BOOKING.data(context), part=""), typed_text(update)
    read = await read_choice(context, line, known)
    if read.unread and not read.found and read.choice == known:
        if await answer_meaning(context, meaning_of(line)):
            return None
        if problem := _unread_date(context, read):
            context.request.send(Screen(problem))
            return State.PROVIDER
        context.request.send(no_such_provider(context.locale, read.unread))
        # Its button shows all providers, not those of an earlier search.
        return BOOKING.enter(context, State.PROVIDER, known)
    return await _begin(context, read)


@routes.button(ChooseProvider)
@_repairing
async def provider_chosen(context: Context, tap: ChooseProvider) -> State | int | None:
    """Continue with the tapped provider, and with what was typed before the list was shown."""
    choice = await _choice_of(context, tap)
    if context.request.dialogue.card_message_id == context.request.tapped:
        typed = _typed_for_list(context)
        choice = replace(typed, provider=choice.provider, moving=choice.moving)
    return await show_for(context, choice)


@routes.button(BookingMonth)
@_repairing
async def month_turned(context: Context, tap: BookingMonth) -> State:
    """Show another month."""
    return await show_month(context, await _choice_of(context, tap), tap.month)


@routes.button(BookingDay)
@_repairing
async def day_picked(context: Context, tap: BookingDay) -> State:
    """Show the times of a day."""
    return await show_times(context, await _choice_of(context, tap), tap.day, page=tap.page)


@routes.button(PickSlot)
@_repairing
async def slot_picked(context: Context, tap: PickSlot) -> State | int | None:
    """Hold the tapped slot; if that is refused, say why and show what is free."""
    choice = await _choice_of(context, tap)
    return await hold_and_show(context, replace(choice, start=tap.start))


async def _choice_of(
    context: Context, tap: ChooseProvider | BookingMonth | BookingDay | PickSlot
) -> BookingData:
    """Return the choice of a button's provider, for a new hold or to move one.

    If the hold to move has ended, the choice is for a new one.

    Raises:
        errors.AlreadyConfirmed: it has become a booking.
        errors.ReservationUnknown: it is not the client's.
    """
    if tap.moving is not None:
        own = await reservation_of_client(context.uow, tap.moving, context.me)
        if own.status is Status.CONFIRMED:
            raise errors.AlreadyConfirmed(reservation=own)
        if own.alive(context.now):
            return with_provider(context, tap.provider, own.id)
    return with_provider(context, tap.provider, await _held_on_tapped(context))


async def _held_on_tapped(context: Context) -> int | None:
    """Return the hold whose card the tapped message has become, if any.

    If two buttons are tapped quickly, the first one may hold a time while the second is still
    shown. The second tap then leads to another time for the hold. A card of anything else ends
    here: no notification may overwrite what the message shows next.
    """
    tapped = context.request.tapped
    number = None if tapped is None else await context.cards.shown_on(context.chat, tapped)
    if tapped is None or number is None:
        return None
    live = await context.uow.queries.bookings(context.me, context.now)
    if any(each.id == number and each.status is Status.HELD for each in live):
        return number
    await context.cards.detach(context.chat, tapped)
    return None


@routes.button(OtherTime)
async def other_time_wanted(context: Context, tap: OtherTime) -> State | int | None:
    """Show other times for a hold, or repair the card of one that has ended."""
    try:
        hold = await live_hold(context, tap.reservation)
    except errors.ReservationOver as refusal:
        return await repair_tapped(context, tap.reservation, refusal)
    return await show_month(context, with_provider(context, hold.provider_id, hold.id))


@routes.line(State.DAY)
@routes.line(State.TIME)
async def when_typed(update: Update, context: Context) -> State | int | None:
    """Read a typed day, time or both; a day completes a time typed before, and vice versa."""
    choice = BOOKING.data(context)
    if choice.provider is None:
        return await provider_typed(update, context)
    line = typed_text(update)
    when = read_when(line, today=context.today, day=choice.day)
    if isinstance(when, Problem):
        if await answer_meaning(context, meaning_of(line)):
            return None
        context.request.send(Screen(problem_text(context.locale, when, "booking.when_examples")))
        return None
    return await show_for(context, choice.completed(when))


async def _begin(context: Context, read: ChoiceRead) -> State | int | None:
    """Begin a booking with the named provider, with the only one, or with a list of them.

    If part of the line was not read, nothing is held: the next question follows, below a sentence
    that names that part.
    """
    found = read.found or await context.uow.queries.find_providers(
        "", for_client=context.me, offset=0, limit=2
    )
    if not found:
        context.show(no_providers(context.locale, admin=is_admin(context)))
        return ConversationHandler.END
    note = _unread_date(context, read)
    if read.unread and not note:
        note = context.t("booking.not_read", text=read.unread)
    if len(found) > 1:
        return await show_providers(context, 0, read.choice, note=note)
    choice = replace(read.choice, provider=found[0].id, moving=None, part="")
    return await (_show_next(context, choice, note) if read.unread else show_for(context, choice))


async def _show_next(context: Context, choice: BookingData, note: str) -> State:
    """Show the next question below a note."""
    if choice.other_day:
        return await ask_which_day(context, choice, note=note)
    if choice.day:
        return await show_times(context, replace(choice, minutes=None), choice.day, note=note)
    return await show_month(context, choice, note=note)


def _typed_for_list(context: Context) -> BookingData:
    """Return what was typed for the list of providers, and only the search after the list."""
    kept = BOOKING.data(context)
    is_list = context.request.dialogue.state == State.PROVIDER
    return kept if is_list else BookingData(part=kept.part)


def _unread_date(context: Context, read: ChoiceRead) -> str:
    """Return why a typed date cannot be booked, or "" if the unread words are no date."""
    return problem_sentence(context.locale, read.problem) if read.problem else ""
