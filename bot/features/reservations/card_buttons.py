"""The buttons on the card of a hold: confirm it, release it, show it again."""

from collections.abc import Awaitable
from typing import Any

from telegram import Update
from telegram.ext import BaseHandler

from bot.buttons import ConfirmHold, ReleaseHold, ShowCard
from bot.dialogue.context import Context
from bot.dialogue.flow import Tap, keeps_dialogue
from bot.features.reservations.show_card import present, repair_card
from domain import errors
from domain.reservation import Reservation, Status
from domain.usecases.end_reservation import cancel_by_client, confirm_hold
from domain.usecases.find_reservation import reservation_of_client

# Refusals because the reservation has changed: the tapped card is outdated and gets repaired.
OUTDATED = (
    errors.HoldExpired,
    errors.HoldReleased,
    errors.ReservationCancelled,
    errors.ReservationPast,
    errors.AlreadyConfirmed,
)


async def confirm_tapped(update: Update, context: Context) -> None:
    """Confirm the hold of the tapped card."""
    await confirm(context, context.tap(ConfirmHold).reservation)


async def confirm(context: Context, number: int) -> None:
    """Confirm a hold and show it; if it has changed, say so and show its current state."""
    await _run_and_show(
        context, number, confirm_hold(context.uow, context.policy, number, context.me, context.now)
    )


async def release_tapped(update: Update, context: Context) -> None:
    """Release a hold."""
    number = context.tap(ReleaseHold).reservation
    await _run_and_show(context, number, _release(context, number))


async def card_wanted(update: Update, context: Context) -> None:
    """Show the card of a reservation again."""
    await present(
        context,
        await reservation_of_client(context.uow, context.tap(ShowCard).reservation, context.me),
    )


async def _release(context: Context, number: int) -> Reservation:
    """Release a hold.

    Raises errors.AlreadyConfirmed for a booking: clients cancel bookings explicitly.
    """
    reservation = await reservation_of_client(context.uow, number, context.me)
    if reservation.status is Status.CONFIRMED:
        raise errors.AlreadyConfirmed(reservation=reservation)
    return await cancel_by_client(context.uow, context.policy, number, context.me, context.now)


async def _run_and_show(context: Context, number: int, usecase: Awaitable[Reservation]) -> None:
    """Run a use case and show the reservation; if the card is outdated, repair it."""
    try:
        reservation = await context.act(usecase)
    except OUTDATED as refusal:
        await repair_card(context, number, refusal)
    else:
        context.toast(context.t.plain(_done_key(reservation)))
        await present(context, reservation)


def _done_key(reservation: Reservation) -> str:
    """Return the key of the text that confirms what was done."""
    if reservation.status is Status.CONFIRMED:
        return "reservation.confirmed"
    return "reservation.released" if reservation.released else "bookings.cancelled"


def reservation_handlers() -> list[BaseHandler[Update, Context, Any]]:
    """Return the handlers of the buttons on a card."""
    return [
        Tap(ConfirmHold, keeps_dialogue(confirm_tapped)),
        Tap(ReleaseHold, keeps_dialogue(release_tapped)),
        Tap(ShowCard, keeps_dialogue(card_wanted)),
    ]
