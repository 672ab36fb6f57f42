"""Notifications for clients: edit the card of the reservation, and send one message below it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from bot.features.reservations.card import card
from bot.messages.actions import Action, Delete, Edit, Send
from bot.messages.screen import Screen
from bot.notifications import screens
from bot.notifications.notice import Notice
from domain.operations.card import Card
from domain.reservation import Status
from domain.usecases.find_slots import can_be_held_again

_MINUTE = 60


async def hold_warning(notice: Notice) -> Sequence[Action]:
    """Warn a client that their hold is about to expire."""
    visit = notice.visit
    left = (visit.reservation.expires_at or notice.now) - notice.now
    screen = screens.hold_warning(notice.locale, visit.reservation, visit.provider, _rounded(left))
    shown = await notice.uow.cards.of(visit.reservation.id)
    actions = _updated(notice, shown, free=False, warned=True)
    notice_of = visit.reservation.id
    return [*actions, Send(screen, notice_of=notice_of, reply_to=shown.message_id)]


async def hold_expired(notice: Notice) -> Sequence[Action]:
    """Tell a client that their hold expired."""
    visit = notice.visit
    free = await can_be_held_again(notice.uow, notice.policy, visit.reservation, notice.now)
    screen = screens.hold_expired(notice.locale, visit.reservation, visit.provider, free=free)
    return await _below_card(notice, screen, free=free)


async def cancelled_by_provider(notice: Notice) -> Sequence[Action]:
    """Tell a client that their visit was cancelled."""
    visit = notice.visit
    screen = screens.cancelled_by_provider(notice.locale, visit.reservation, visit.provider)
    return await _below_card(notice, screen)


async def outdated_card(notice: Notice) -> Sequence[Action] | None:
    """Bring a card up to date, whose reply was dropped or overtaken; send no message.

    The warning below a hold stays while the hold lives.
    """
    reservation = notice.visit.reservation
    free = await can_be_held_again(notice.uow, notice.policy, reservation, notice.now)
    shown = await notice.uow.cards.of(reservation.id)
    warned = bool(shown.notice_id) and _is_held(notice)
    if warned:
        shown = replace(shown, notice_id=None)
    return _updated(notice, shown, free=free, warned=warned) or None


def _is_held(notice: Notice) -> bool:
    """Return whether the reservation is a hold that has not ended."""
    reservation = notice.visit.reservation
    return reservation.status is Status.HELD and reservation.alive(notice.now)


async def _below_card(notice: Notice, screen: Screen, *, free: bool = False) -> Sequence[Action]:
    """Return the steps that update the card and send a message below it."""
    shown = await notice.uow.cards.of(notice.visit.reservation.id)
    return [*_updated(notice, shown, free=free), Send(screen, reply_to=shown.message_id)]


def _updated(notice: Notice, shown: Card, *, free: bool, warned: bool = False) -> Sequence[Action]:
    """Return the steps that update the card, and delete the warning below it."""
    visit, actions = notice.visit, list[Action]()
    if shown.message_id:
        screen = card(
            notice.locale, visit.reservation, visit.provider, notice.now, free=free, warned=warned
        )
        actions.append(Edit(shown.message_id, screen, only=True))
    if shown.notice_id:
        actions.append(Delete(shown.notice_id, notice_of=visit.reservation.id))
    return actions


def _rounded(left: timedelta) -> timedelta:
    """Return the rest of a hold in whole minutes, in the last minute in whole seconds."""
    seconds = max(1, round(left.total_seconds()))
    return (
        timedelta(minutes=round(seconds / 60)) if seconds >= _MINUTE else timedelta(seconds=seconds)
    )
