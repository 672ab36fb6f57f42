"""Show a reservation on its only card, whichever message was tapped."""

from bot.dialogue.context import Context
from bot.features.reservations.card import card
from bot.messages.actions import Delete, Edit
from bot.ui.refusals import refusal_text
from domain import errors
from domain.reservation import Reservation
from domain.usecases.find_reservation import reservation_of_client
from domain.usecases.find_slots import can_be_held_again


async def present(context: Context, reservation: Reservation) -> None:
    """Show a reservation on the tapped message, or on a new one, and delete its other messages."""
    provider = await context.uow.queries.provider(reservation.provider_id)
    if provider is None:
        return
    free = await can_be_held_again(context.uow, context.policy, reservation, context.now)
    screen = card(context.locale, reservation, provider, context.now, free=free)
    context.show(screen, card_of=reservation)
    tapped, shown = context.request.tapped, await context.cards.of(reservation.id)
    for message in (shown.message_id, shown.notice_id):
        if message is not None and message != tapped:
            context.request.actions.append(Delete(message))
    if tapped is not None:
        await context.cards.show(reservation.id, context.chat, tapped)


async def repair_card(context: Context, number: int, refusal: errors.Refusal) -> None:
    """Say why an outdated button does nothing, and show the reservation's current state."""
    context.alert(refusal_text(context.locale, refusal))
    await present(context, await reservation_of_client(context.uow, number, context.me))


async def refresh_card(context: Context, reservation: Reservation) -> None:
    """Update the card of a reservation that was changed from another message, like the list."""
    provider = await context.uow.queries.provider(reservation.provider_id)
    shown, tapped = await context.cards.of(reservation.id), context.request.tapped
    if provider is None:
        return
    if shown.message_id is not None and shown.message_id != tapped:
        screen = card(context.own_locale, reservation, provider, context.now)
        context.request.actions.append(Edit(shown.message_id, screen, only=True))
    if shown.notice_id is not None and shown.notice_id != tapped:
        context.request.actions.append(Delete(shown.notice_id, notice_of=reservation.id))


async def refresh_own_card(context: Context, number: int) -> None:
    """Update the card of a reservation that its client has ended for the provider.

    Nobody is notified of their own act, and other clients' cards change with the notification.
    """
    reservation = await context.uow.queries.reservation(number)
    if reservation is not None and reservation.client_id == context.me:
        await refresh_card(context, reservation)
