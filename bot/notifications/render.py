"""Renders a notification when it is sent, in its recipient's language and time zone."""

import logging
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from bot.messages.actions import Action
from bot.notifications import for_admins, for_clients, for_former_staff, for_providers
from bot.notifications.missed import MOST_MISSED, summary
from bot.notifications.notice import Notice
from bot.notifications.team_changes import joined, left
from bot.ports import BotUnitOfWork
from bot.ui.command_menu import Roles
from bot.ui.locale import user_locale
from domain.notification import (
    JOINED,
    LEFT,
    RULES,
    Audience,
    Kind,
    ProviderKind,
    check_registry,
    still_holds,
)
from domain.operations.outbox import CARD, DIGEST, MISSED, OutboxRow
from domain.policy import BookingPolicy
from domain.reservation import Reservation

log = logging.getLogger(__name__)

Render = Callable[[Notice], Awaitable[Sequence[Action] | None]]

_RESERVATIONS: Mapping[Kind, Render] = {
    Kind.HOLD_WARNING: for_clients.hold_warning,
    Kind.HOLD_EXPIRED: for_clients.hold_expired,
    Kind.BOOKING_CONFIRMED: for_providers.booking_confirmed,
    Kind.CANCELLED_BY_CLIENT: for_providers.cancelled_by_client,
    Kind.CANCELLED_BY_PROVIDER: for_clients.cancelled_by_provider,
    Kind.CANCELLED_BY_TEAM: for_providers.cancelled_by_team,
}
check_registry(_RESERVATIONS, Kind)
_PROVIDERS: Mapping[ProviderKind, Render] = {
    ProviderKind.UNREACHABLE: for_admins.provider_unreachable,
    ProviderKind.REACHABLE: for_admins.provider_reachable,
    ProviderKind.ASSISTANT_REMOVED: for_former_staff.assistant_removed,
    ProviderKind.HANDED_OVER: for_former_staff.handed_over,
}
check_registry(_PROVIDERS, ProviderKind)
_RENDERERS: Mapping[str, Render] = {
    **{kind.value: render for kind, render in _RESERVATIONS.items()},
    **{kind.value: render for kind, render in _PROVIDERS.items()},
    DIGEST: for_admins.incidents,
    CARD: for_clients.outdated_card,
    JOINED: joined,
    LEFT: left,
}
# What a row that does not fit the code raises. Errors of the database are not among them: they end
# the snapshot, and the row is tried again.
_RENDER_ERRORS = (LookupError, ValueError, TypeError, AttributeError)


@dataclass(frozen=True, slots=True)
class Rendering:
    """The steps of a row, None if it no longer holds.

    ``covers`` are the withheld rows that the steps answer for, with the state of each afterwards;
    those up to ``last_covered`` that are not among them are skipped.
    ``broken`` are those that cannot be rendered, each with its error.
    """

    actions: Sequence[Action] | None
    covers: Mapping[int, str] = field(default_factory=dict)
    broken: Sequence[tuple[OutboxRow, str]] = ()
    last_covered: int = 0


class NotificationRenderer:
    """Renders notifications.

    A notification edits the reservation's card and sends one message below it, because edits make
    no sound.
    """

    def __init__(
        self, policy: BookingPolicy, venue_zone: ZoneInfo, admins: Collection[int]
    ) -> None:
        self._policy = policy
        self._venue_zone = venue_zone
        self._admins = admins

    async def render(self, uow: BotUnitOfWork, row: OutboxRow, now: datetime) -> Rendering:
        """Return the steps of a row; raises KeyError for an unknown kind."""
        if row.kind != MISSED:
            return Rendering(await self._actions(uow, row, now))
        return await self._missed(uow, row, now)

    async def _missed(self, uow: BotUnitOfWork, row: OutboxRow, now: datetime) -> Rendering:
        """Return one message for everything that was withheld."""
        covers, held = dict[int, str](), list[Sequence[Action]]()
        broken = list[tuple[OutboxRow, str]]()
        withheld = await uow.outbox.withheld(row.chat_id, MOST_MISSED)
        for each in withheld.rows:
            try:
                steps = await self._actions(uow, each, now)
            except _RENDER_ERRORS as error:
                log.exception("a withheld %s cannot be rendered", each.kind)
                broken.append((each, f"{type(error).__name__}: {error}"))
                continue
            covers[each.id] = "skipped" if steps is None else "sent"
            held += [] if steps is None else [steps]
        steps = await self._summary(uow, row, held, withheld.older)
        return Rendering(steps, covers, broken, withheld.last)

    async def _summary(
        self, uow: BotUnitOfWork, row: OutboxRow, held: Sequence[Sequence[Action]], older: int
    ) -> Sequence[Action] | None:
        """Return the steps of several notifications as one message, None if none still holds."""
        recipient = await uow.queries.person(row.recipient_id or 0)
        if recipient is None or not (held or older):
            return None
        roles = Roles(tuple(await uow.queries.acting_for(recipient.id)))
        locale = user_locale(recipient, self._venue_zone)
        return summary(locale, held, roles=roles, older=older)

    async def _actions(
        self, uow: BotUnitOfWork, row: OutboxRow, now: datetime
    ) -> Sequence[Action] | None:
        """Return the steps of one notification, None if it no longer holds."""
        render = _RENDERERS[row.kind]
        recipient = await uow.queries.person(row.recipient_id or 0)
        if recipient is None:
            return None
        notice = Notice(uow, row, recipient, now, self._policy, self._venue_zone, self._admins)
        if row.reservation_id is not None:
            reservation = await uow.queries.reservation(row.reservation_id)
            if reservation is None or not await _is_wanted(notice, reservation):
                return None
            provider = await uow.queries.provider(reservation.provider_id)
            client = await uow.queries.person(reservation.client_id)
            if provider is None or client is None:
                return None
            notice = notice.about(reservation, provider, client)
        return await render(notice)


async def _is_wanted(notice: Notice, reservation: Reservation) -> bool:
    """Return whether a notification still holds, and its recipient is still among those told."""
    if notice.row.kind == CARD:
        return True
    kind = Kind(notice.row.kind)
    if not still_holds(kind, notice.row.revision, reservation, notice.now):
        return False
    if RULES[kind].audience is Audience.CLIENT:
        return True
    return notice.recipient.id in await notice.uow.queries.staff_of(reservation.provider_id)
