"""The buttons on the card of a hold: confirm it, release it, show it again."""

from collections.abc import Coroutine
from typing import Any

from bot.buttons.booking import ConfirmHold, ReleaseHold, ShowCard
from bot.dialogue.context import Context
from bot.dialogue.routes import Routes
from bot.features.reservations.show_card import present, repair_card
from domain import errors
from domain.reservation import Reservation, Status
from domain.usecases.end_reservation import cancel_by_client, confirm_hold
from domain.usecases.find_reservation import reservation_of_client

routes = Routes()


@routes.button(ConfirmHold, keeps_dialogue=True)
async def confirm_tapped(context: Context, tap: ConfirmHold) -> None:
    """Confirm the hold of the tapped card."""
    await confirm(context, tap.reservation)


async def confirm(context: Context, number: int) -> None:
    """Confirm a hold and show it; if it has changed, say so and show its current state."""
    await _run_and_show(
        context, number, confirm_hold(context.uow, context.policy, number, context.me, context.now)
    )


@routes.button(ReleaseHold, keeps_dialogue=True)
async def release_tapped(context: Context, tap: ReleaseHold) -> None:
    """Release a hold."""
    await _run_and_show(context, tap.reservation, _release(context, tap.reservation))


@routes.button(ShowCard, keeps_dialogue=True)
async def card_wanted(context: Context, tap: ShowCard) -> None:
    """Show the card of a reservation again."""
    await present(
        context,
        await reservation_of_client(context.uow, tap.reservation, context.me),
    )


async def _release(context: Context, number: int) -> Reservation:
    """Release a hold.

    Raises errors.AlreadyConfirmed for a booking: clients cancel bookings explicitly.
    """
    reservation = await reservation_of_client(context.uow, number, context.me)
    if reservation.status is Status.CONFIRMED:
        raise errors.AlreadyConfirmed(reservation=reservation)
    return await cancel_by_client(context.uow, context.policy, number, context.me, context.now)


async def _run_and_show(
    context: Context, number: int, usecase: Coroutine[Any, Any, Reservation]
) -> None:
    """Run a use case and show the reservation; if the card is outdated, repair it."""
    try:
        reservation = await context.act(usecase)
    except errors.ReservationOver as refusal:
        await repair_card(context, number, refusal)
    else:
        context.toast(context.t.plain(_done_key(reservation)))
        await present(context, reservation)


def _done_key(reservation: Reservation) -> str:
    """Return the key of the text that confirms what was done."""
    if reservation.status is Status.CONFIRMED:
        return "reservation.confirmed"
    return "reservation.released" if reservation.released else "bookings.cancelled"
