"""What the use cases need of the outside, as protocols; ``storage`` implements them.

Everything behind one ``UnitOfWork`` happens in one transaction, which commits at the end of its block or not at all.
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
    """What a setting names cannot be used; the message is one sentence for whoever set it."""


class TransactionConflict(Exception):
    """A transaction met another's: nothing of it was kept, and doing it again will do."""


class AlreadyThere(TransactionConflict):
    """What a transaction puts in is there already: another was quicker, unless it is so each time, by a mistake of ours."""


class DatabaseAway(Exception):
    """The database cannot be reached: nothing of a transaction was kept, as far as can be told."""


class Clients(Protocol):
    """The people the bot knows."""

    async def get(self, client_id: int) -> Client | None:
        """Return one person, or None for a stranger."""
        ...

    async def record_contact(self, contact: Contact, now: datetime) -> Client:
        """Note that a person wrote: new, or with a new name, and reachable again; he does nothing else until this transaction ends."""
        ...

    async def choose_zone(self, client_id: int, zone: str) -> None:
        """Keep the zone a person chose."""
        ...

    async def choose_language(self, client_id: int, language: str) -> None:
        """Keep the language a person chose."""
        ...

    async def mark_unreachable(self, client_id: int, now: datetime) -> None:
        """Note since when a person cannot be written to; the first time counts."""
        ...


class Providers(Protocol):
    """Those who post hours."""

    async def get(self, provider_id: int) -> Provider | None:
        """Return one provider by number."""
        ...

    async def keep_hours(self, provider_id: int) -> Provider | None:
        """Return one provider by number, whose hours stay as they are until this transaction ends."""
        ...

    async def of_client(self, client_id: int) -> Provider | None:
        """Return the provider who is this person."""
        ...

    async def by_slug(self, slug: str) -> Provider | None:
        """Return the provider a link names."""
        ...

    async def add(self, client_id: int, name: str, slug: str, now: datetime) -> Provider:
        """Write a new provider."""
        ...

    async def rename(self, provider_id: int, name: str, slug: str) -> None:
        """Keep a provider's new name and slug."""
        ...

    async def search(
        self, part: str, *, excluding: int, offset: int, limit: int
    ) -> Sequence[Provider]:
        """Return providers whose name has this part, or whose label it is, by name, without the one who is this client."""
        ...

    async def count(self, part: str, *, excluding: int) -> int:
        """Return how many providers ``search`` would find."""
        ...


class Availability(Protocol):
    """When providers work: merged stretches."""

    async def lock(self, provider_id: int) -> None:
        """Let nobody hold anything with this provider, nor change his hours, until this transaction ends."""
        ...

    async def within(self, provider_id: int, window: TimeSpan) -> Sequence[TimeSpan]:
        """Return the whole stretches that touch the window, in order."""
        ...

    async def replace(
        self, provider_id: int, old: Iterable[TimeSpan], new: Iterable[TimeSpan]
    ) -> None:
        """Put new stretches in the place of old ones."""
        ...


class Drafts(Protocol):
    """Hours about to be posted."""

    async def add(self, provider_id: int, draft: Draft, now: datetime) -> Draft:
        """Write a new draft and return it with its number."""
        ...

    async def get(self, draft_id: int) -> Draft | None:
        """Return one draft."""
        ...

    async def save(self, draft: Draft) -> None:
        """Keep a changed draft."""
        ...


class Reservations(Protocol):
    """Reservations and the cells they take."""

    async def get(self, reservation_id: int) -> Reservation | None:
        """Return one reservation."""
        ...

    async def to_change(self, reservation_id: int) -> Reservation | None:
        """Return one reservation, which nobody else changes until this transaction ends."""
        ...

    async def add(self, hold: Reservation) -> Reservation:
        """Write a hold and its cells; ``id`` is given here.

        Raises errors.SlotTaken where some cell is taken.
        """
        ...

    async def move(self, hold: Reservation) -> None:
        """Write a hold with another span, and its cells in place of the old ones; raises errors.SlotTaken likewise."""
        ...

    async def confirm(self, reservation: Reservation) -> None:
        """Write a confirmed reservation; its cells are kept for good."""
        ...

    async def cancel(self, reservation: Reservation) -> None:
        """Write a cancelled reservation and free its cells."""
        ...

    async def expire_due(self, now: datetime, limit: int) -> Sequence[Reservation]:
        """End the holds that have run out, oldest first, free their cells, and return them."""
        ...

    async def expire_in_way(
        self, provider_id: int, client_id: int, span: TimeSpan, now: datetime
    ) -> Sequence[Reservation]:
        """The same, for just those whose cells lie in the way of this span."""
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
        """Return the cells of the window that live reservations take of a provider or of a client, without one reservation."""
        ...

    async def client_cells(
        self, client_id: int, window: TimeSpan, now: datetime, *, excluding: int | None = None
    ) -> Collection[int]:
        """Return the cells of the window that live reservations take of a client, without one reservation."""
        ...

    async def live_hold_count(self, client_id: int, now: datetime) -> int:
        """Return how many live holds a client has."""
        ...

    async def live_of_client(self, client_id: int, now: datetime) -> Sequence[Reservation]:
        """Return the live reservations of a client that are not over, by start."""
        ...

    async def of_provider(
        self, provider_id: int, window: TimeSpan, now: datetime, *, to_change: bool = False
    ) -> Sequence[Reservation]:
        """Return the reservations of a provider that touch the window and take place, or took place, by start.

        Those read ``to_change`` nobody else changes until this transaction ends.
        """
        ...

    async def show_on(self, reservation_id: int, *, card: int | None, notice: int | None) -> None:
        """Note which messages of the client's chat show the reservation."""
        ...


class Invitations(Protocol):
    """Invitations, by the digest of their code."""

    async def add(self, invitation: Invitation, now: datetime) -> None:
        """Write a new invitation."""
        ...

    async def get(self, digest: str) -> Invitation | None:
        """Return the invitation with this digest, which nobody else accepts until this transaction ends."""
        ...

    async def use(self, digest: str, client_id: int, now: datetime) -> None:
        """Note who accepted an invitation."""
        ...


class Outbox(Protocol):
    """What is to be delivered."""

    async def notify(self, notifications: Iterable[Notification]) -> None:
        """Put notifications in; one of the same kind and reservation is put in once, and again where a hold was moved."""
        ...

    async def delivery_of(self, kind: Kind, reservation_id: int) -> DeliveryRecord | None:
        """Return what is known about the delivery of a notification, or None where there was none or its row was deleted."""
        ...

    async def resume(self, recipient_id: int, now: datetime) -> None:
        """Make due again what was put aside while a person could not be reached."""
        ...

    async def reply(
        self,
        recipient_id: int,
        payload: Mapping[str, object],
        now: datetime,
        *,
        queued: bool = False,
    ) -> OutboxRow:
        """Put the answer to an update in, leased to the process that commits it unless it is to be queued."""
        ...


class Dialogues(Protocol):
    """Where people stand in their dialogues."""

    async def get(self, client_id: int) -> Dialogue:
        """Return where a person stands; outside of any dialogue where nothing is kept."""
        ...

    async def save(self, client_id: int, dialogue: Dialogue, now: datetime) -> None:
        """Keep where a person stands now."""
        ...

    async def show_on(self, client_id: int, card: int) -> None:
        """Note the message the dialogue now edits in place."""
        ...


class UnitOfWork(Protocol):
    """One transaction and everything that can be done in it.

    The repositories are properties, so that any class whose attributes do more than asked here fits too.
    """

    @property
    def clients(self) -> Clients:
        """The people the bot knows."""
        ...

    @property
    def providers(self) -> Providers:
        """Those who post hours."""
        ...

    @property
    def availability(self) -> Availability:
        """When providers work."""
        ...

    @property
    def drafts(self) -> Drafts:
        """Hours about to be posted."""
        ...

    @property
    def reservations(self) -> Reservations:
        """Reservations and the cells they take."""
        ...

    @property
    def invitations(self) -> Invitations:
        """Invitations, by digest."""
        ...

    @property
    def outbox(self) -> Outbox:
        """What is to be delivered."""
        ...

    @property
    def dialogues(self) -> Dialogues:
        """Where people stand in their dialogues."""
        ...

    @property
    def events(self) -> list[Event]:
        """What was announced in this transaction and stands, in order; whoever commits it may count that then."""
        ...

    def savepoint(self) -> AbstractAsyncContextManager[None]:
        """Open a block whose work is undone where it ends in an error, leaving the rest of the transaction as it was."""
        ...
