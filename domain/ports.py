"""What use cases change in a database, as protocols; ``storage.repositories`` implements them.

Everything done through one ``UnitOfWork`` is one transaction, which commits at the end of its block
or rolls back. ``domain.queries`` has what use cases and screens read. The implementations document
each method.
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

    # ``unreachable_since`` of the result is what it was before; the person is locked until commit.
    async def record_contact(self, contact: Contact, now: datetime) -> Person: ...
    async def add_guest(
        self, provider_id: int, name: str, phone: str | None, now: datetime
    ) -> int: ...
    async def choose_zone(self, person_id: int, zone: str) -> None: ...
    async def choose_language(self, person_id: int, language: str) -> None: ...
    async def make_admin(self, person_id: int, now: datetime) -> None: ...
    async def mark_unreachable(self, person_id: int, now: datetime) -> bool: ...


class Providers(Protocol):
    """Providers and the people who act for them."""

    async def keep_hours(self, provider_id: int) -> Provider | None: ...
    async def add(self, name: str, slug: str, zone: str | None, now: datetime) -> Provider: ...
    async def rename(self, provider_id: int, name: str, slug: str) -> None: ...
    async def choose_zone(self, provider_id: int, zone: str) -> None: ...
    async def notify(self, person_id: int, provider_id: int, *, wanted: bool) -> None: ...
    # The role ``SELF`` takes it from any other person, whom the result names.
    async def appoint(
        self, person_id: int, provider_id: int, role: Role, now: datetime
    ) -> int | None: ...
    async def dismiss(self, person_id: int, provider_id: int) -> None: ...


class Availability(Protocol):
    """Providers' hours, as merged spans."""

    async def lock(self, provider_id: int) -> None: ...
    async def replace(
        self, provider_id: int, old: Iterable[TimeSpan], new: Iterable[TimeSpan]
    ) -> None: ...


class Drafts(Protocol):
    """Hours that a provider is about to publish."""

    async def add(self, provider_id: int, draft: Draft, now: datetime) -> Draft: ...
    async def get(self, draft_id: int) -> Draft | None: ...
    async def save(self, draft: Draft) -> None: ...


class Reservations(Protocol):
    """Reservations and the cells they occupy; ``to_change`` locks until commit."""

    async def to_change(self, reservation_id: int) -> Reservation | None: ...
    async def to_change_within(
        self, provider_id: int, window: TimeSpan, now: datetime
    ) -> Sequence[Reservation]: ...
    # Both raise errors.SlotTaken if a cell is taken.
    async def add(self, hold: Reservation) -> Reservation: ...
    async def move(self, hold: Reservation) -> None: ...
    async def confirm(self, reservation: Reservation) -> None: ...
    async def cancel(self, reservation: Reservation) -> None: ...
    async def expire_due(self, now: datetime, limit: int) -> Sequence[Reservation]: ...
    async def expire_in_way(
        self, provider_id: int, client_id: int, span: TimeSpan, now: datetime
    ) -> Sequence[Reservation]: ...


class Invitations(Protocol):
    """Invitations, by the digest of their code; ``get`` locks until commit."""

    async def add(self, invitation: Invitation, now: datetime) -> None: ...
    async def get(self, digest: str) -> Invitation | None: ...
    async def withdraw(self, kind: InvitationKind) -> None: ...
    async def use(self, digest: str, person_id: int, now: datetime) -> None: ...


class History(Protocol):
    """What happened to reservations."""

    async def add(self, events: Sequence[Event], now: datetime) -> None: ...


class Notifications(Protocol):
    """The outbox, for those who put notifications into it, each once by its dedupe key."""

    async def notify(self, notifications: Sequence[Notification]) -> None: ...


class UnitOfWork(Protocol):
    """One transaction, with what it can read and change.

    Its parts are properties, so that a class whose attributes offer more than these protocols fits.
    ``events`` are those announced in this transaction, to be counted after the commit.
    """

    @property
    def queries(self) -> Queries: ...
    @property
    def people(self) -> People: ...
    @property
    def providers(self) -> Providers: ...
    @property
    def availability(self) -> Availability: ...
    @property
    def drafts(self) -> Drafts: ...
    @property
    def reservations(self) -> Reservations: ...
    @property
    def invitations(self) -> Invitations: ...
    @property
    def history(self) -> History: ...
    @property
    def outbox(self) -> Notifications: ...
    @property
    def events(self) -> list[Event]: ...

    def savepoint(self) -> AbstractAsyncContextManager[None]:
        """Open a block whose changes, and only those, are rolled back on an error."""
