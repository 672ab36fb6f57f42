"""Act on a client's only hold or booking in answer to typed words like ``confirm``.

An agenda that is open is left first, so that the answer does not replace it.
"""

from collections.abc import Sequence

from bot.dialogue.context import Context
from bot.dialogue.typed_words import Meaning
from bot.features.reservations.booking_list import ask_to_cancel, show_list
from bot.features.reservations.card_buttons import confirm
from bot.features.reservations.show_card import present
from bot.messages.screen import Screen
from domain.reservation import Reservation, Status


async def answer_meaning(context: Context, meaning: Meaning | None) -> bool:
    """Do what words typed alone ask a client's bot for; return False if they ask for nothing."""
    match meaning:
        case Meaning.THANKS:
            context.request.send(Screen(context.t("elsewhere.thanks")))
        case Meaning.CONFIRM:
            await confirm_typed(context)
        case Meaning.CANCEL_BOOKING:
            await cancel_typed(context)
        case Meaning.YES:
            return await yes_typed(context)
        case _:
            return False
    return True


async def confirm_typed(context: Context) -> None:
    """Confirm the client's only live hold; if they have none or several, show the list."""
    context.request.leave()
    holds = await _holds(context)
    if len(holds) == 1:
        await confirm(context, holds[0].id)
    else:
        await show_list(context)


async def yes_typed(context: Context) -> bool:
    """Show the card of the client's only live hold, or the list of several.

    Return False if they hold nothing: "yes" then has no meaning.
    """
    holds = await _holds(context)
    if not holds:
        return False
    context.request.leave()
    if len(holds) == 1:
        await present(context, holds[0])
    else:
        await show_list(context)
    return True


async def cancel_typed(context: Context) -> None:
    """Ask whether to cancel the client's only booking; otherwise show the list.

    An only hold is shown as its card, which has a button to release it.
    """
    context.request.leave()
    live = await context.uow.queries.bookings(context.me, context.now)
    if len(live) == 1:
        await ask_to_cancel(context, live[0])
    else:
        await show_list(context)


async def _holds(context: Context) -> Sequence[Reservation]:
    """Return the client's live holds."""
    live = await context.uow.queries.bookings(context.me, context.now)
    return [reservation for reservation in live if reservation.status is Status.HELD]
