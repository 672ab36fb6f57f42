"""A client's upcoming reservations: list them, show one, cancel it."""

from telegram import Update

from bot.buttons.bookings import AskCancel, BookingsPage, CancelBooking, ShowBooking
from bot.dialogue.context import Context
from bot.dialogue.routes import Routes
from bot.features.reservations.screens import (
    booking_details,
    booking_list,
    cancel_question,
    on_page,
)
from bot.features.reservations.show_card import present, refresh_card
from bot.messages.screen import Screen
from bot.ui.refusals import refusal_text
from domain import errors
from domain.provider import Provider
from domain.reservation import Party, Reservation, Status
from domain.usecases.end_reservation import cancel_by_client
from domain.usecases.find_reservation import reservation_of_client

routes = Routes()


@routes.command("bookings")
async def bookings_opened(update: Update, context: Context) -> None:
    """Show the list on a new message: a tapped message is often a receipt, which must stay."""
    await show_list(context)


async def show_list(context: Context) -> None:
    """Show the first page of the list on a new message."""
    context.request.show_list(await _listed(context, 0))


@routes.button(BookingsPage, keeps_dialogue=True)
async def bookings_paged(context: Context, tap: BookingsPage) -> None:
    """Show another page of the list."""
    await _edit_list(context, tap.page)


@routes.button(ShowBooking, keeps_dialogue=True)
async def booking_chosen(context: Context, tap: ShowBooking) -> None:
    """Show a live hold as its card, or a booking with what can be done about it."""
    if booking := await _own_or_list(context, tap.reservation):
        await _show(context, booking)


@routes.button(AskCancel, keeps_dialogue=True)
async def cancel_asked(context: Context, tap: AskCancel) -> None:
    """Ask once before a booking is cancelled, unless there is nothing left to cancel."""
    booking = await _own_or_list(context, tap.reservation)
    if booking is not None:
        await ask_to_cancel(context, booking)


async def ask_to_cancel(context: Context, booking: Reservation) -> None:
    """Ask whether to cancel a booking, or show a reservation that cannot be cancelled."""
    try:
        booking.cancelled(Party.CLIENT, context.now)
    except errors.ReservationOver as refusal:
        context.alert(refusal_text(context.locale, refusal))
    if booking.status is Status.CONFIRMED and context.now < booking.span.starts_at:
        provider = await _provider_of(context, booking)
        await _show_about(context, booking, cancel_question(context.locale, booking, provider))
    else:
        await _show(context, booking)


@routes.button(CancelBooking, keeps_dialogue=True)
async def cancel_affirmed(context: Context, tap: CancelBooking) -> None:
    """Cancel a booking; cancelling it again says the same again."""
    number = tap.reservation
    if await _own_or_list(context, number) is None:
        return
    try:
        booking = await context.act(
            cancel_by_client(context.uow, context.policy, number, context.me, context.now)
        )
    except errors.ReservationOver as refusal:
        context.alert(refusal_text(context.locale, refusal))
        booking = await reservation_of_client(context.uow, number, context.me)
    else:
        context.toast(context.t.plain("bookings.cancelled"))
    await _details(context, booking)
    await refresh_card(context, booking)


async def _own_or_list(context: Context, number: int) -> Reservation | None:
    """Return the client's reservation; if it is unknown, say so and show the current list."""
    try:
        return await reservation_of_client(context.uow, number, context.me)
    except errors.ReservationUnknown as refusal:
        context.alert(refusal_text(context.locale, refusal))
        await _edit_list(context)
        return None


async def _edit_list(context: Context, page: int = 0) -> None:
    """Show a page of the list on the tapped message."""
    context.request.edit_list(await _listed(context, page))
    # A card that now shows the list is no card any more: no notification may overwrite the list.
    if context.request.tapped is not None:
        await context.cards.detach(context.chat, context.request.tapped)


async def _listed(context: Context, page: int) -> Screen:
    """Return a page of the list."""
    coming = await context.uow.queries.bookings(context.me, context.now)
    providers = {r.provider_id: await _provider_of(context, r) for r in on_page(coming, page)}
    return booking_list(context.locale, coming, providers, page=page)


async def _show(context: Context, reservation: Reservation) -> None:
    """Show a live hold as its card, and anything else with its details."""
    if reservation.status is Status.HELD and reservation.alive(context.now):
        await present(context, reservation)
    else:
        await _details(context, reservation)


async def _details(context: Context, booking: Reservation) -> None:
    """Show a reservation's current state, with a way back to the list.

    If it has no card, this message becomes its card, so that notifications update it.
    """
    provider = await _provider_of(context, booking)
    screen = booking_details(context.locale, booking, provider, context.now)
    await _show_about(context, booking, screen)
    tapped = context.request.tapped
    if tapped is not None and (await context.cards.of(booking.id)).message_id is None:
        await context.cards.show(booking.id, context.chat, tapped, keep_notice=True)


async def _show_about(context: Context, booking: Reservation, screen: Screen) -> None:
    """Show a screen about a reservation; a tapped card of another one is its card no longer.

    If two entries of the list are tapped quickly, the first one may have turned it into a card.
    """
    context.show(screen)
    if context.request.tapped is not None:
        await context.cards.detach(context.chat, context.request.tapped, unless_of=booking.id)


async def _provider_of(context: Context, reservation: Reservation) -> Provider:
    """Return the provider of a reservation."""
    provider = await context.uow.queries.provider(reservation.provider_id)
    if provider is None:
        raise errors.ProviderUnknown
    return provider
