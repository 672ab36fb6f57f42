"""Remove open hours; ask the provider first what becomes of reservations inside."""

from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from bot.buttons.base import CallbackData
from bot.dialogue.context import Context
from bot.features.hours.removal_screens import Booked, bookings_inside, list_mark
from bot.features.hours.state import State, enter_typing
from bot.features.reservations.show_card import refresh_own_card
from domain import errors
from domain.reservation import Reservation
from domain.usecases.remove_availability import Inside, Removal


async def remove_or_ask(
    context: Context, remove: Callable[[Inside], Coroutine[Any, Any, Removal]], answer: str
) -> tuple[Removal, str]:
    """Remove hours as answered; return the removal and a note on the reservations inside, if any.

    The removal is not done if the provider has to be asked first. An answer to cancel is valid for
    the list it was given to; if that has changed since, the provider is asked again. Raises
    errors.DraftUnknown for a forged answer.
    """
    inside, mark = _read(answer)
    removal = await context.act(remove(Inside.ASK))
    if (
        removal.done
        or inside is Inside.ASK
        or (inside is Inside.CANCEL and mark != list_mark(removal.inside))
    ):
        return removal, ""
    removal = await context.act(remove(inside))
    for reservation in removal.inside:
        await refresh_own_card(context, reservation.id)
    key = "hours.inside_kept" if inside is Inside.KEEP else "hours.inside_cancelled"
    note = context.t.count(key, len(removal.inside))
    context.toast(note.unescape())
    return removal, str(note)


async def ask_about_bookings(
    context: Context,
    inside: Sequence[Reservation],
    answer: Callable[[str], CallbackData],
    back: CallbackData,
) -> State:
    """List the reservations and ask whether to keep or to cancel them."""
    booked = [Booked(one, await _name(context, one.client_id)) for one in inside]
    context.show(bookings_inside(context.locale, booked, answer, back))
    return enter_typing(context)


async def _name(context: Context, client_id: int) -> str:
    """Return a client's name."""
    client = await context.uow.queries.person(client_id)
    return client.name if client else str(client_id)


def _read(answer: str) -> tuple[Inside, str]:
    """Return an answer and the mark of the list it was given to; raises errors.DraftUnknown."""
    try:
        return Inside(answer[:1]), answer[1:]
    except ValueError:
        raise errors.DraftUnknown from None
