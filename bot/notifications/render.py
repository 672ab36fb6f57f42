"""Renders a notification when it is sent, in its recipient's language and time zone."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bot.features.reservations.card import card
from bot.messages.actions import Action, Delete, Edit, Send
from bot.notifications import admin_summary, screens
from bot.notifications.admin_screens import summary_screen
from bot.ui.locale import UserLocale, user_locale
from domain.client import Client
from domain.notification import Kind, still_holds
from domain.operations.outbox import DIGEST, OutboxRow
from domain.policy import BookingPolicy
from domain.ports import UnitOfWork
from domain.provider import Provider
from domain.reservation import Reservation
from domain.usecases.find_slots import can_be_held_again

_MINUTE = 60


class NotificationRenderer:
    """Renders notifications.

    A notification edits the reservation's card and sends one message below it, because edits make
    no sound.
    """

    def __init__(self, policy: BookingPolicy, venue_zone: ZoneInfo) -> None:
        self._policy = policy
        self._venue_zone = venue_zone

    async def actions(
        self, uow: UnitOfWork, row: OutboxRow, now: datetime
    ) -> Sequence[Action] | None:
        """Return the steps of a notification, None if it no longer holds."""
        if row.kind == DIGEST:
            return await self._for_admin(uow, row)
        kind = Kind(row.kind)
        reservation = await uow.reservations.get(row.reservation_id or 0)
        if reservation is None or not still_holds(kind, reservation, now):
            return None
        provider = await uow.providers.get(reservation.provider_id)
        client = await uow.clients.get(reservation.client_id)
        recipient = await uow.clients.get(row.recipient_id)
        if provider is None or client is None or recipient is None:
            return None
        locale = user_locale(recipient, self._venue_zone)
        if kind is Kind.CANCELLED_BY_CLIENT and not await _knows_of_booking(uow, reservation):
            return None
        if kind in {Kind.BOOKING_CONFIRMED, Kind.CANCELLED_BY_CLIENT}:
            return _for_provider(kind, locale, reservation, client)
        return await self._for_client(uow, kind, locale, reservation, provider, now)

    async def _for_admin(self, uow: UnitOfWork, row: OutboxRow) -> Sequence[Action] | None:
        """Return the message of an incident summary, None if the admin is unknown."""
        admin = await uow.clients.get(row.recipient_id)
        incidents = admin_summary.from_payload(row.payload or {})
        if admin is None:
            return None
        return [Send(summary_screen(user_locale(admin, self._venue_zone), incidents))]

    async def _for_client(
        self,
        uow: UnitOfWork,
        kind: Kind,
        locale: UserLocale,
        reservation: Reservation,
        provider: Provider,
        now: datetime,
    ) -> Sequence[Action]:
        """Return the steps for a client: edit their card, and send one message."""
        warned = kind is Kind.HOLD_WARNING
        free = await can_be_held_again(uow, self._policy, reservation, now)
        actions: list[Action] = []
        if reservation.card_message_id:
            shown = card(locale, reservation, provider, now, free=free, warned=warned)
            actions.append(Edit(reservation.card_message_id, shown, only=True))
        if reservation.notice_message_id:
            actions.append(Delete(reservation.notice_message_id, notice_of=reservation.id))
        return [*actions, self._message(kind, locale, reservation, provider, free=free, now=now)]

    def _message(
        self,
        kind: Kind,
        locale: UserLocale,
        reservation: Reservation,
        provider: Provider,
        *,
        free: bool,
        now: datetime,
    ) -> Send:
        """Return the message for a client."""
        card_id = reservation.card_message_id
        match kind:
            case Kind.HOLD_WARNING:
                left = (reservation.expires_at or now) - now
                screen = screens.hold_warning(locale, reservation, provider, _rounded(left))
                return Send(screen, notice_of=reservation.id, reply_to=card_id)
            case Kind.HOLD_EXPIRED:
                return Send(
                    screens.hold_expired(locale, reservation, provider, free=free), reply_to=card_id
                )
        return Send(screens.cancelled_by_provider(locale, reservation, provider), reply_to=card_id)


def _rounded(left: timedelta) -> timedelta:
    """Return the rest of a hold in whole minutes, in the last minute in whole seconds."""
    seconds = max(1, round(left.total_seconds()))
    return (
        timedelta(minutes=round(seconds / 60)) if seconds >= _MINUTE else timedelta(seconds=seconds)
    )


async def _knows_of_booking(uow: UnitOfWork, reservation: Reservation) -> bool:
    """Return whether the provider may have been notified of a booking.

    Without a row, they were: rows are deleted only long after their delivery.
    """
    delivery = await uow.outbox.delivery_of(Kind.BOOKING_CONFIRMED, reservation.id)
    return delivery is None or delivery.may_have_arrived


def _for_provider(
    kind: Kind, locale: UserLocale, reservation: Reservation, client: Client
) -> Sequence[Action]:
    """Return the message for a provider."""
    confirmed = kind is Kind.BOOKING_CONFIRMED
    screen = screens.booking_confirmed if confirmed else screens.cancelled_by_client
    return [Send(screen(locale, reservation, client))]
