"""What screens read: one module of queries, which ``storage`` implements.

The chat uses it, and so can any other way to show the same: a feed or an HTTP API.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

from domain.operations.outbox import DeliveryRecord
from domain.person import Person
from domain.provider import Acting, Provider
from domain.reservation import Reservation
from domain.timespan import TimeSpan


class Queries(Protocol):
    """Reads that change and lock nothing."""

    async def person(self, person_id: int) -> Person | None:
        """Return a person."""

    async def account(self, telegram_id: int) -> Person | None:
        """Return the person with a Telegram account."""

    async def admins(self, telegram_ids: Collection[int]) -> Sequence[Person]:
        """Return the people whom admins named, and those with these Telegram user ids."""

    async def guests_of(self, provider_id: int) -> Sequence[Person]:
        """Return the guests of a provider, by name. Only people who act for them may see them."""

    async def provider(self, provider_id: int) -> Provider | None:
        """Return a provider."""

    async def provider_by_slug(self, slug: str) -> Provider | None:
        """Return the provider with this link name."""

    async def find_providers(
        self, part: str, *, for_client: int | None, offset: int, limit: int
    ) -> Sequence[Provider]:
        """Return providers by name whose name contains ``part`` or whose label it is.

        For a client, only providers whom they can book: those the bot can notify, without the
        client themselves.
        """

    async def count_providers(self, part: str, *, for_client: int | None) -> int:
        """Return how many providers ``find_providers`` would find."""

    async def acting_for(self, person_id: int) -> Sequence[Acting]:
        """Return the providers whom a person acts for: themselves first, then by name."""

    async def staff_of(self, provider_id: int) -> Sequence[int]:
        """Return the numbers of the people who act for a provider."""

    async def open_hours(self, provider_id: int, window: TimeSpan) -> Sequence[TimeSpan]:
        """Return the whole spans of open hours that touch the window, in order."""

    async def reservation(self, reservation_id: int) -> Reservation | None:
        """Return a reservation."""

    async def bookings(self, client_id: int, now: datetime) -> Sequence[Reservation]:
        """Return a client's live reservations that are not over, by start."""

    async def agenda(
        self, provider_id: int, window: TimeSpan, now: datetime
    ) -> Sequence[Reservation]:
        """Return a provider's live and completed reservations that touch the window, by start."""

    async def taken_cells(
        self, provider_id: int, client_id: int, window: TimeSpan, now: datetime, excluding: int = 0
    ) -> Collection[int]:
        """Return the window's cells that live reservations of either take, except one's."""

    async def client_cells(
        self, client_id: int, window: TimeSpan, now: datetime, excluding: int = 0
    ) -> Collection[int]:
        """Return the window's cells that live reservations of a client take, except one's."""

    async def hold_count(self, client_id: int, now: datetime) -> int:
        """Return how many live holds a client has."""

    async def delivery_of(
        self, kind: str, recipient_id: int, reservation_id: int
    ) -> DeliveryRecord | None:
        """Return what is known about a notification's latest delivery, None without a row."""
