"""What a notification is rendered from."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from bot.ports import BotUnitOfWork
from bot.ui.command_menu import Roles
from bot.ui.locale import UserLocale, user_locale
from domain.operations.outbox import OutboxRow
from domain.person import Person
from domain.policy import BookingPolicy
from domain.provider import Provider
from domain.reservation import Reservation


@dataclass(frozen=True, slots=True)
class Visit:
    """The reservation that a notification is about, with its provider and client."""

    reservation: Reservation
    provider: Provider
    client: Person


@dataclass(frozen=True, slots=True)
class Notice:
    """A row of the outbox, its recipient, and the state of what it is about.

    ``admins`` are the Telegram ids that the setting ``ADMIN_IDS`` names.
    """

    uow: BotUnitOfWork
    row: OutboxRow
    recipient: Person
    now: datetime
    policy: BookingPolicy
    venue_zone: ZoneInfo
    admins: Collection[int] = ()
    _visit: Visit | None = None

    async def roles(self) -> Roles:
        """Return the roles that the recipient has now."""
        acting = await self.uow.queries.acting_for(self.recipient.id)
        return Roles(tuple(acting), admin=self.recipient.has_admin_rights(self.admins))

    def about(self, reservation: Reservation, provider: Provider, client: Person) -> "Notice":
        """Return the notice with the reservation that it is about."""
        return replace(self, _visit=Visit(reservation, provider, client))

    @property
    def visit(self) -> Visit:
        """The reservation that it is about; raises ValueError if it is about something else."""
        if self._visit is None:
            raise ValueError(f"a {self.row.kind} is about no reservation")
        return self._visit

    @property
    def locale(self) -> UserLocale:
        """The recipient's language and time zone."""
        return user_locale(self.recipient, self.venue_zone)

    @property
    def provider_locale(self) -> UserLocale:
        """The recipient's language, and the provider's zone, in which the agenda shows the day."""
        zone = self.visit.provider.zone(self.venue_zone)
        return user_locale(self.recipient, self.venue_zone, zone)
