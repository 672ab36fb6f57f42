"""What use cases change in a database, as protocols; ``storage`` implements them.

Everything done through one ``UnitOfWork`` is one transaction, which commits at the end of its block
or rolls back. ``domain.queries`` has what use cases and screens read.
"""

from collections.abc import Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol

from domain.events import Event
from domain.invitation import Invitation, InvitationKind
from domain.notification import Notification
from domain.person import Contact, Person
from domain.posting import Draft
from domain.provider import Provider, Role
from domain.queries import Queries
from domain.reservation import Reservation
from domain.timespan import TimeSpan


class Misconfigured(Exception):
    """A setting cannot be used; the message is one sentence for the operator."""


class TransactionConflict(Exception):
    """A transaction conflicted with another and was rolled back. Retrying it can succeed."""


class AlreadyThere(TransactionConflict):
    """A unique constraint was violated: usually a race; if it repeats, a bug."""


class DatabaseAway(Exception):
    """The database is unreachable. As far as is known, nothing of the transaction was saved."""


class People(Protocol):
    """Clients, people who work for providers, admins and guests."""

    async def record_contact(self, contact: Contact, now: datetime) -> Person:
        """Record a person's message: new, renamed or reachable again. Lock them until commit.

        ``unreachable_since`` of the result is what it was before.
        """

    async def add_guest(self, provider_id: int, name: str, phone: str | None, now: datetime) -> int:
        """Add a person without Telegram whom a provider entered; return their number."""

    async def choose_zone(self, person_id: int, zone: str) -> None:
        """Store the time zone a person chose."""

    async def choose_language(self, person_id: int, language: str) -> None:
        """Store the language a person chose."""

    async def make_admin(self, person_id: int, now: datetime) -> None:
        """Make a person an admin."""

    async def mark_unreachable(self, person_id: int, now: datetime) -> bool:
        """Store since when a person is unreachable; return whether this is the first call."""


class Providers(Protocol):
    """Providers and the people who act for them."""

    async def keep_hours(self, provider_id: int) -> Provider | None:
        """Return a provider, and lock their hours until this transaction ends."""

    async def add(self, name: str, slug: str, zone: str | None, now: datetime) -> Provider:
        """Add a provider for whom no one acts yet."""

    async def rename(self, provider_id: int, name: str, slug: str) -> None:
        """Store a provider's new name and slug."""

    async def choose_zone(self, provider_id: int, zone: str) -> None:
        """Store the time zone of a provider's hours."""

    async def appoint(self, person_id: int, provider_id: int, role: Role, now: datetime) -> None:
        """Let a person act for a provider; the role ``SELF`` takes it from any other person."""


class Availability(Protocol):
    """Providers' hours, as merged spans."""

    async def lock(self, provider_id: int) -> None:
        """Lock a provider's hours and holds against other transactions until this one ends."""

    async def replace(
        self, provider_id: int, old: Iterable[TimeSpan], new: Iterable[TimeSpan]
    ) -> None:
        """Replace old spans with new ones."""


class Drafts(Protocol):
    """Hours that a provider is about to publish."""

    async def add(self, provider_id: int, draft: Draft, now: datetime) -> Draft:
        """Add a new draft and return it with its number."""

    async def get(self, draft_id: int) -> Draft | None:
        """Return one draft."""

    async def save(self, draft: Draft) -> None:
        """Store a changed draft."""


class Reservations(Protocol):
    """Reservations and the cells they occupy."""

    async def to_change(self, reservation_id: int) -> Reservation | None:
        """Return one reservation and lock it until this transaction ends."""

    async def to_change_within(
        self, provider_id: int, window: TimeSpan, now: datetime
    ) -> Sequence[Reservation]:
        """Return what ``Queries.agenda`` does, and lock it until this transaction ends."""

    async def add(self, hold: Reservation) -> Reservation:
        """Add a hold with its cells and return it with its ``id``; raise errors.SlotTaken."""

    async def move(self, hold: Reservation) -> None:
        """Store a hold's new span and replace its cells; raise errors.SlotTaken."""

    async def confirm(self, reservation: Reservation) -> None:
        """Store a confirmed reservation; it keeps its cells."""

    async def cancel(self, reservation: Reservation) -> None:
        """Store a cancelled reservation and free its cells."""

    async def expire_due(self, now: datetime, limit: int) -> Sequence[Reservation]:
        """Expire overdue holds, oldest first, free their cells and return them."""

    async def expire_in_way(
        self, provider_id: int, client_id: int, span: TimeSpan, now: datetime
    ) -> Sequence[Reservation]:
        """Expire the overdue holds whose cells overlap this span, and return them."""


class Invitations(Protocol):
    """Invitations, by the digest of their code."""

    async def add(self, invitation: Invitation, now: datetime) -> None:
        """Add a new invitation."""

    async def get(self, digest: str) -> Invitation | None:
        """Return the invitation with this digest and lock it until this transaction ends."""

    async def withdraw(self, kind: InvitationKind) -> None:
        """Delete the unused invitations of a kind that no person made."""

    async def use(self, digest: str, person_id: int, now: datetime) -> None:
        """Store who accepted an invitation."""


class History(Protocol):
    """What happened to reservations."""

    async def add(self, events: Sequence[Event], now: datetime) -> None:
        """Add one row for each event: times, states and settings, no names, no free text."""


class Notifications(Protocol):
    """The outbox, for those who put notifications into it."""

    async def notify(self, notifications: Sequence[Notification]) -> None:
        """Add notifications, each once for its recipient and dedupe key."""


class UnitOfWork(Protocol):
    """One transaction, with what it can read and change."""

    # Properties, so that a class whose attributes offer more than these protocols fits as well.
    @property
    def queries(self) -> Queries: ...  # noqa: D102  (the name says what it is)
    @property
    def people(self) -> People: ...  # noqa: D102
    @property
    def providers(self) -> Providers: ...  # noqa: D102
    @property
    def availability(self) -> Availability: ...  # noqa: D102
    @property
    def drafts(self) -> Drafts: ...  # noqa: D102
    @property
    def reservations(self) -> Reservations: ...  # noqa: D102
    @property
    def invitations(self) -> Invitations: ...  # noqa: D102
    @property
    def history(self) -> History: ...  # noqa: D102
    @property
    def outbox(self) -> Notifications: ...  # noqa: D102

    @property
    def events(self) -> list[Event]:
        """The events announced in this transaction, in order, to be counted after the commit."""

    def savepoint(self) -> AbstractAsyncContextManager[None]:
        """Open a block whose changes, and only those, are rolled back on an error."""
