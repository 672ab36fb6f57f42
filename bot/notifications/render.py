"""Renders a notification when it is sent, in its recipient's language and time zone."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from bot.messages.actions import Action
from bot.notifications import for_admins, for_clients, for_providers
from bot.notifications.missed import summary
from bot.notifications.notice import Notice
from bot.ports import BotUnitOfWork
from bot.ui.locale import user_locale
from domain.notification import (
    PROVIDER_UNREACHABLE,
    Kind,
    check_registry,
    still_holds,
)
from domain.operations.outbox import DIGEST, MISSED, OutboxRow
from domain.policy import BookingPolicy

Render = Callable[[Notice], Awaitable[Sequence[Action] | None]]

_RESERVATIONS: Mapping[Kind, Render] = {
    Kind.HOLD_WARNING: for_clients.hold_warning,
    Kind.HOLD_EXPIRED: for_clients.hold_expired,
    Kind.BOOKING_CONFIRMED: for_providers.booking_confirmed,
    Kind.CANCELLED_BY_CLIENT: for_providers.cancelled_by_client,
    Kind.CANCELLED_BY_PROVIDER: for_clients.cancelled_by_provider,
    Kind.CANCELLED_BY_TEAM: for_providers.cancelled_by_team,
}
check_registry(_RESERVATIONS)
_RENDERERS: Mapping[str, Render] = {
    **{kind.value: render for kind, render in _RESERVATIONS.items()},
    DIGEST: for_admins.incidents,
    PROVIDER_UNREACHABLE: for_admins.provider_unreachable,
}


@dataclass(frozen=True, slots=True)
class Rendering:
    """The steps of a row, None if it no longer holds.

    ``covers`` are the withheld rows that the steps answer for, with the state of each afterwards.
    """

    actions: Sequence[Action] | None
    covers: Mapping[int, str] = field(default_factory=dict)


class NotificationRenderer:
    """Renders notifications.

    A notification edits the reservation's card and sends one message below it, because edits make
    no sound.
    """

    def __init__(self, policy: BookingPolicy, venue_zone: ZoneInfo) -> None:
        self._policy = policy
        self._venue_zone = venue_zone

    async def render(self, uow: BotUnitOfWork, row: OutboxRow, now: datetime) -> Rendering:
        """Return the steps of a row; raises KeyError for an unknown kind."""
        if row.kind != MISSED:
            return Rendering(await self._actions(uow, row, now))
        return await self._missed(uow, row, now)

    async def _missed(self, uow: BotUnitOfWork, row: OutboxRow, now: datetime) -> Rendering:
        """Return one message for everything that was withheld."""
        withheld = await uow.outbox.withheld(row.chat_id)
        rendered = {each.id: await self._actions(uow, each, now) for each in withheld}
        covers = {
            number: "skipped" if steps is None else "sent" for number, steps in rendered.items()
        }
        recipient = await uow.queries.person(row.recipient_id or 0)
        held = [steps for steps in rendered.values() if steps is not None]
        if recipient is None or not held:
            return Rendering(None, covers)
        acts = bool(await uow.queries.acting_for(recipient.id))
        locale = user_locale(recipient, self._venue_zone)
        return Rendering(summary(locale, held, acts=acts), covers)

    async def _actions(
        self, uow: BotUnitOfWork, row: OutboxRow, now: datetime
    ) -> Sequence[Action] | None:
        """Return the steps of one notification, None if it no longer holds."""
        render = _RENDERERS[row.kind]
        recipient = await uow.queries.person(row.recipient_id or 0)
        if recipient is None:
            return None
        notice = Notice(uow, row, recipient, now, self._policy, self._venue_zone)
        if row.reservation_id is None:
            return await render(notice)
        reservation = await uow.queries.reservation(row.reservation_id)
        if reservation is None or not still_holds(Kind(row.kind), row.revision, reservation, now):
            return None
        provider = await uow.queries.provider(reservation.provider_id)
        client = await uow.queries.person(reservation.client_id)
        if provider is None or client is None:
            return None
        return await render(notice.about(reservation, provider, client))
