"""What the use cases need from a database, as protocols; ``storage`` implements them.

Everything done through one ``UnitOfWork`` is one transaction, which commits at the end of its block
or rolls back.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol

from domain.client import Client, Contact
from domain.events import Event
from domain.invitation import Invitation
from domain.notification import Kind, Notification
from domain.operations.dialogue import Dialogue
from domain.operations.outbox import DeliveryRecord, OutboxRow
from domain.posting import Draft
from domain.provider import Provider
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


class Clients(Protocol):
    """The people the bot knows."""

    async def get(self, client_id: int) -> Client | None:
        """Return one person, or None if they have never written."""
        ...

    async def record_contact(self, contact: Contact, now: datetime) -> Client:
        """Record a person's message: new, renamed or reachable again. Lock them until commit."""
        ...

    async def choose_zone(self, client_id: int, zone: str) -> None:
        """Store the time zone a person chose."""
        ...

    async def choose_language(self, client_id: int, language: str) -> None:
        """Store the language a person chose."""
        ...

    async def mark_unreachable(self, client_id: int, now: datetime) -> None:
        """Store since when a person is unreachable; the first call counts."""
        ...


class Providers(Protocol):
    """The people who offer hours."""

    async def get(self, provider_id: int) -> Provider | None:
        """Return one provider by number."""
        ...

    async def keep_hours(self, provider_id: int) -> Provider | None:
        """Return one provider by number and lock their hours until this transaction ends."""
        ...

    async def of_client(self, client_id: int) -> Provider | None:
        """Return the provider who is this client."""
        ...

    async def by_slug(self, slug: str) -> Provider | None:
        """Return the provider with this link name."""
        ...

    async def add(self, client_id: int, name: str, slug: str, now: datetime) -> Provider:
        """Add a new provider."""
        ...

    async def rename(self, provider_id: int, name: str, slug: str) -> None:
        """Store a provider's new name and slug."""
        ...

    async def search(
        self, part: str, *, excluding: int, offset: int, limit: int
    ) -> Sequence[Provider]:
        """Return providers by name whose name contains ``part`` or whose label it is.

        One client's own provider can be left out.
        """
        ...

    async def count(self, part: str, *, excluding: int) -> int:
        """Return how many providers ``search`` would find."""
        ...


class Availability(Protocol):
    """Providers' hours, as merged spans."""

    async def lock(self, provider_id: int) -> None:
        """Lock a provider's hours and holds against other transactions until this one ends."""
        ...

    async def within(self, provider_id: int, window: TimeSpan) -> Sequence[TimeSpan]:
        """Return the whole spans that touch the window, in order."""
        ...

    async def replace(
        self, provider_id: int, old: Iterable[TimeSpan], new: Iterable[TimeSpan]
    ) -> None:
        """Replace old spans with new ones."""
        ...


class Drafts(Protocol):
    """Hours that a provider is about to publish."""

    async def add(self, provider_id: int, draft: Draft, now: datetime) -> Draft:
        """Add a new draft and return it with its number."""
        ...

    async def get(self, draft_id: int) -> Draft | None:
        """Return one draft."""
        ...

    async def save(self, draft: Draft) -> None:
        """Store a changed draft."""
        ...


class Reservations(Protocol):
    """Reservations and the cells they occupy."""

    async def get(self, reservation_id: int) -> Reservation | None:
        """Return one reservation."""
        ...

    async def to_change(self, reservation_id: int) -> Reservation | None:
        """Return one reservation and lock it until this transaction ends."""
        ...

    async def add(self, hold: Reservation) -> Reservation:
        """Add a hold with its cells and return it with its ``id``.

        Raises errors.SlotTaken if a cell is taken.
        """
        ...

    async def move(self, hold: Reservation) -> None:
        """Store a hold's new span and replace its cells; raise errors.SlotTaken as ``add`` does."""
        ...

    async def confirm(self, reservation: Reservation) -> None:
        """Store a confirmed reservation; it keeps its cells."""
        ...

    async def cancel(self, reservation: Reservation) -> None:
        """Store a cancelled reservation and free its cells."""
        ...

    async def expire_due(self, now: datetime, limit: int) -> Sequence[Reservation]:
        """Expire overdue holds, oldest first, free their cells and return them."""
        ...

    async def expire_in_way(
        self, provider_id: int, client_id: int, span: TimeSpan, now: datetime
    ) -> Sequence[Reservation]:
        """Expire the overdue holds whose cells overlap this span, and return them."""
        ...

    async def taken_cells(
        self,
        provider_id: int,
        client_id: int,
        window: TimeSpan,
        now: datetime,
        *,
        excluding: int | None = None,
    ) -> Collection[int]:
        """Return the window's cells taken by live reservations of a provider or a client.

        One reservation can be left out.
        """
        ...

    async def client_cells(
        self, client_id: int, window: TimeSpan, now: datetime, *, excluding: int | None = None
    ) -> Collection[int]:
        """Return the window's cells taken by a client's live reservations, except one."""
        ...

    async def live_hold_count(self, client_id: int, now: datetime) -> int:
        """Return how many live holds a client has."""
        ...

    async def live_of_client(self, client_id: int, now: datetime) -> Sequence[Reservation]:
        """Return a client's live reservations that are not over, by start."""
        ...

    async def of_provider(
        self, provider_id: int, window: TimeSpan, now: datetime, *, to_change: bool = False
    ) -> Sequence[Reservation]:
        """Return a provider's live and completed reservations that touch the window, by start.

        With ``to_change`` they are locked until this transaction ends.
        """
        ...

    async def show_on(self, reservation_id: int, *, card: int | None, notice: int | None) -> None:
        """Store which messages in the client's chat show the reservation."""
        ...


class Invitations(Protocol):
    """Invitations, by the digest of their code."""

    async def add(self, invitation: Invitation, now: datetime) -> None:
        """Add a new invitation."""
        ...

    async def get(self, digest: str) -> Invitation | None:
        """Return the invitation with this digest and lock it until this transaction ends."""
        ...

    async def use(self, digest: str, client_id: int, now: datetime) -> None:
        """Store who accepted an invitation."""
        ...


class Outbox(Protocol):
    """The messages to send."""

    async def notify(self, notifications: Iterable[Notification]) -> None:
        """Add notifications, once for each kind and reservation, or again if a hold was moved."""
        ...

    async def delivery_of(self, kind: Kind, reservation_id: int) -> DeliveryRecord | None:
        """Return what is known about a notification's delivery, or None without a row."""
        ...

    async def resume(self, recipient_id: int, now: datetime) -> None:
        """Make a person's withheld notifications due again."""
        ...

    async def reply(
        self,
        recipient_id: int,
        payload: Mapping[str, object],
        now: datetime,
        *,
        queued: bool = False,
    ) -> OutboxRow:
        """Add the reply to an update.

        It is leased to the process that commits it unless it is ``queued``.
        """
        ...


class Dialogues(Protocol):
    """People's places in their dialogues."""

    async def get(self, client_id: int) -> Dialogue:
        """Return a person's place; outside any dialogue if none is stored."""
        ...

    async def save(self, client_id: int, dialogue: Dialogue, now: datetime) -> None:
        """Store a person's place."""
        ...

    async def show_on(self, client_id: int, card: int) -> None:
        """Store the message the dialogue now edits in place."""
        ...


class UnitOfWork(Protocol):
    """One transaction and its repositories.

    The repositories are properties, so that a class whose attributes offer more than this protocol
    fits as well.
    """

    @property
    def clients(self) -> Clients:
        """The people the bot knows."""
        ...

    @property
    def providers(self) -> Providers:
        """The people who offer hours."""
        ...

    @property
    def availability(self) -> Availability:
        """Providers' hours."""
        ...

    @property
    def drafts(self) -> Drafts:
        """Hours that a provider is about to publish."""
        ...

    @property
    def reservations(self) -> Reservations:
        """Reservations and the cells they occupy."""
        ...

    @property
    def invitations(self) -> Invitations:
        """Invitations, by digest."""
        ...

    @property
    def outbox(self) -> Outbox:
        """The messages to send."""
        ...

    @property
    def dialogues(self) -> Dialogues:
        """People's places in their dialogues."""
        ...

    @property
    def events(self) -> list[Event]:
        """The events announced in this transaction, in order, to be counted after the commit."""
        ...

    def savepoint(self) -> AbstractAsyncContextManager[None]:
        """Open a block whose changes, and only those, are rolled back on an error."""
        ...
