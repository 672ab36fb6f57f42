"""The agenda: a provider looks at his days, and cancels a reservation, perhaps with a typed reason."""

from datetime import date
from enum import StrEnum

from telegram import Update
from telegram.ext import CommandHandler, ConversationHandler, MessageHandler

from bot.buttons import (
    AgendaDay,
    AgendaEntry,
    AgendaPage,
    AskReason,
    CancelForClient,
    CancelWithReason,
    Open,
)
from bot.dialogue.aside import aside
from bot.dialogue.context import Context
from bot.dialogue.flow import Flow, Tap
from bot.dialogue.typed import BLANK, LINE, typed_text
from bot.features.agenda.screens import (
    agenda_entry,
    cancelled_answer,
    cancelled_note,
    nothing_to_cancel,
    reason_mark,
    reason_question,
    reason_to_confirm,
)
from bot.features.agenda.view import entry_of, show_day
from bot.messages.screen import Screen
from domain import errors
from domain.client import has_visible_text
from domain.reservation import REASON_LIMIT, Party, Reservation
from domain.usecases.end_reservation import cancel_by_provider
from domain.usecases.reservation_of import provider_of, reservation_of_provider

FLOW = "agenda"
_OVER = (
    errors.HoldExpired,
    errors.HoldReleased,
    errors.ReservationCancelled,
    errors.ReservationPast,
)


class State(StrEnum):
    """What a typed line is taken for."""

    REASON = "reason"


async def agenda_opened(update: Update, context: Context) -> int | None:
    """Today was asked for, by the command or by a button."""
    return await _day(context, context.today)


async def day_chosen(update: Update, context: Context) -> int | None:
    """A day was tapped."""
    return await _day(context, context.tap(AgendaDay).day)


async def day_paged(update: Update, context: Context) -> int | None:
    """Another page of a day was asked for."""
    tap = context.tap(AgendaPage)
    return await _day(context, tap.day, page=tap.page)


async def entry_chosen(update: Update, context: Context) -> int | None:
    """One reservation was tapped."""
    reservation, _ = await reservation_of_provider(
        context.uow, context.tap(AgendaEntry).reservation, context.me
    )
    context.show(agenda_entry(context.reader, await entry_of(context, reservation), context.now))
    return _left(context)


async def reason_asked(update: Update, context: Context) -> State | int:
    """The provider is about to cancel: ask for a reason, unless there is nothing to cancel any more."""
    return await _ask(context, context.tap(AskReason).reservation)


async def cancelled_without_reason(update: Update, context: Context) -> int | None:
    """Cancel, without a reason."""
    return await _cancel(context, context.tap(CancelForClient).reservation, None)


async def cancelled_with_reason(update: Update, context: Context) -> State | int | None:
    """Cancel with the reason that was shown; where another one is kept by now, or none, ask again."""
    tap, kept = context.tap(CancelWithReason), context.request.dialogue
    reason = (
        str(kept.data.get("reason", ""))
        if kept.flow == FLOW and kept.data.get("reservation") == tap.reservation
        else ""
    )
    if not reason or reason_mark(reason) != tap.mark:
        return await _ask(context, tap.reservation)
    return await _cancel(context, tap.reservation, reason)


async def reason_typed(update: Update, context: Context) -> State | int | None:
    """Show the reason that was typed, to be agreed to; one that cannot be passed on changes nothing, and another may be typed."""
    reason = _tidied(typed_text(update))
    if not 0 < len(reason) <= REASON_LIMIT:
        key = "agenda.reason_too_long" if reason else "agenda.reason_empty"
        context.request.send(Screen(context.t(key, limit=REASON_LIMIT, length=len(reason))))
        return State.REASON
    reservation, _ = await reservation_of_provider(
        context.uow, int(str(context.request.dialogue.data["reservation"])), context.me
    )
    if not _can_cancel(context, reservation):
        return await _over(context, reservation)
    context.show(reason_to_confirm(context.reader, await entry_of(context, reservation), reason))
    context.request.remember(reason=reason)
    return State.REASON


async def _ask(context: Context, number: int) -> State | int:
    """Ask for a reason, unless there is nothing to cancel any more."""
    reservation, _ = await reservation_of_provider(context.uow, number, context.me)
    entry = await entry_of(context, reservation)
    if not _can_cancel(context, reservation):
        context.show(agenda_entry(context.reader, entry, context.now))
        return ConversationHandler.END
    context.show(reason_question(context.reader, entry))
    context.request.stand(FLOW, State.REASON)
    context.request.remember(reservation=reservation.id, reason="")
    return State.REASON


def _can_cancel(context: Context, reservation: Reservation) -> bool:
    """Tell whether there is anything to cancel."""
    try:
        return reservation.cancelled(Party.PROVIDER, context.now) is not reservation
    except _OVER:
        return False


async def _cancel(context: Context, number: int, reason: str | None) -> int | None:
    """Cancel a reservation and show its day; where it is over already, say so and do the same."""
    try:
        ended = await context.act(
            cancel_by_provider(
                context.uow, context.policy, number, context.me, context.now, reason=reason
            )
        )
    except _OVER:
        over, _ = await reservation_of_provider(context.uow, number, context.me)
        return await _over(context, over)
    entry = await entry_of(context, ended)
    context.say(cancelled_answer(context.reader, entry))
    return await _day_of(context, ended, note=cancelled_note(context.reader, entry))


async def _over(context: Context, reservation: Reservation) -> int | None:
    """Say that there was nothing to cancel any more, and show the day."""
    return await _day_of(
        context,
        reservation,
        note=nothing_to_cancel(context.reader, await entry_of(context, reservation), context.now),
    )


async def _day_of(context: Context, reservation: Reservation, *, note: str) -> int | None:
    """Show the day of a reservation below a note."""
    return await _day(context, context.times.day_of(reservation.span.start), note=note)


async def _day(context: Context, day: date, *, page: int = 0, note: str = "") -> int | None:
    """Show a day; raises errors.ProviderOnly where the person has none."""
    await show_day(context, await provider_of(context.uow, context.me), day, page=page, note=note)
    return _left(context)


def _left(context: Context) -> int | None:
    """Return where the person stands now: out of this dialogue, or on in another one."""
    return ConversationHandler.END if context.request.dialogue.flow == FLOW else None


def _tidied(text: str) -> str:
    """Return a text as one line of printable characters with single spaces; "" where nothing in it is visible."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if has_visible_text(line) else ""


def agenda_flow() -> Flow:
    """Return the dialogue."""
    return Flow(
        FLOW,
        [
            CommandHandler("agenda", agenda_opened),
            Tap(Open, aside(agenda_opened), only=Open("agenda")),
            Tap(AgendaDay, aside(day_chosen)),
            Tap(AgendaPage, aside(day_paged)),
            Tap(AgendaEntry, aside(entry_chosen)),
            Tap(AskReason, reason_asked),
            Tap(CancelForClient, aside(cancelled_without_reason)),
            Tap(CancelWithReason, cancelled_with_reason),
        ],
        {State.REASON: [MessageHandler(LINE | BLANK, reason_typed)]},
    )
