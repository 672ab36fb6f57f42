"""What the bot's own operations need of a database, as protocols; ``storage`` implements them.

``domain.ports`` has the protocols of the booking rules.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

from domain import ports
from domain.operations.card import Card
from domain.operations.dialogue import Dialogue
from domain.operations.incident import Incident, IncidentKind
from domain.operations.outbox import Backlog, OutboxRow
from domain.person import Person
from domain.typed_line import Line

Result = TypeVar("Result")


class Outbox(ports.Notifications, Protocol):
    """The outbox for the processor, the relay and the jobs."""

    earliest: datetime | None
    """The earliest due time of the rows added in this transaction; None if none were added."""

    async def reply(
        self,
        chat_id: int,
        recipient_id: int | None,
        payload: Mapping[str, object],
        now: datetime,
        *,
        queued: bool = False,
    ) -> OutboxRow:
        """Add the reply to an update, leased to the process that commits it unless ``queued``."""

    async def report(
        self, recipients: Sequence[int], payload: Mapping[str, object], now: datetime
    ) -> None:
        """Add an incident summary for each of the admins."""

    async def claim(
        self, now: datetime, limit: int, *, notifications: int | None = None
    ) -> Sequence[OutboxRow]:
        """Lease due rows, only the first of each chat, oldest first.

        Leases up to ``limit`` answers, and up to ``notifications`` rows of other kinds. If
        ``notifications`` is None, ``limit`` is for both together, and answers go first.
        """

    async def renew(self, row: OutboxRow, now: datetime) -> bool:
        """Renew the lease of a row; return False if the claimer has lost it."""

    async def renew_all(self, rows: Collection[OutboxRow], now: datetime) -> None:
        """Renew the leases of rows, as far as they are still the claimer's."""

    async def keep(self, row: OutboxRow, payload: Mapping[str, object]) -> None:
        """Replace a row's payload, for example with the remaining steps of an answer."""

    async def record_result(
        self, row: OutboxRow, state: str, now: datetime, error: str | None = None
    ) -> datetime | None:
        """Record that a row is sent, skipped or parked; return when its chat's next falls due."""

    async def queue(self, row: OutboxRow, until: datetime) -> None:
        """Leave an answer that was to be sent at once to the sweep, due at ``until``."""

    async def postpone(self, row: OutboxRow, until: datetime, error: str) -> None:
        """Postpone a row, and all rows that wait behind it for the same chat."""

    async def recall_postponed(
        self, now: datetime, *, after: datetime, by: timedelta | None = None
    ) -> int:
        """Make rows due now that are postponed beyond ``after``; return how many.

        Rows that Telegram asked to postpone are moved forward by ``by`` instead.
        """

    async def withhold(self, chat_id: int, now: datetime, why: str) -> None:
        """Withhold all notifications for a chat that cannot be reached."""

    async def resume(self, person: Person, now: datetime) -> None:
        """Add one message with everything that was withheld for a person, if there is any."""

    async def withheld(self, chat_id: int) -> Sequence[OutboxRow]:
        """Return the rows withheld for a chat, oldest first."""

    async def settle_withheld(self, chat_id: int, states: Mapping[int, str], now: datetime) -> None:
        """Record the state of withheld rows after the message of all that was missed."""

    async def next_due(self) -> datetime | None:
        """Return when the next row can be claimed, None if there is none."""

    async def backlog(self, now: datetime) -> Backlog:
        """Return how many rows are due and not delivered yet."""

    async def lease_holders(self) -> Collection[int]:
        """Return the numbers of the replicas that hold leases."""

    async def release_leases(self, holders: Collection[int]) -> int:
        """Release all leases of these replicas; return how many."""

    async def release_unknown_leases(self, since: datetime, *, excluding: Collection[int]) -> int:
        """Release this replica's leases from before ``since`` except these; return how many."""


class Cards(Protocol):
    """The messages that show reservations in clients' chats."""

    async def of(self, reservation_id: int) -> Card:
        """Return the messages that show a reservation."""

    async def shown_on(self, chat: int, message: int) -> int | None:
        """Return the reservation whose card a message is, None if it is none."""

    async def show(
        self, reservation_id: int, chat: int, message: int, *, keep_notice: bool = False
    ) -> None:
        """Record that a message is the card of a reservation, without a warning below it."""

    async def show_notice(self, reservation_id: int, chat: int, message: int | None) -> None:
        """Record which message warns of a hold's end, None if it was deleted."""

    async def detach(self, chat: int, message: int) -> None:
        """Record that a message is no card any more."""

    async def move(self, chat: int, old: int, new: int) -> None:
        """Record that the message ``new`` replaces the deleted message ``old``."""


class Dialogues(Protocol):
    """People's places in their dialogues."""

    async def get(self, person_id: int) -> Dialogue:
        """Return a person's place; outside any dialogue if none is stored."""

    async def save(self, person_id: int, dialogue: Dialogue, now: datetime) -> None:
        """Store a person's place."""

    async def show_on(self, person_id: int, card: int) -> None:
        """Store the message the dialogue now edits in place."""

    async def move_card(self, person_id: int, old: int, new: int) -> None:
        """Record that the message ``new`` replaces the deleted message ``old``."""


class Updates(Protocol):
    """Updates that were processed, and those that failed."""

    async def begin(self, update_id: int, now: datetime, line: Line | None = None) -> bool:
        """Record that an update and its line are processed now; return False if it is a repeat."""

    async def newest_line(self, chat: int) -> int | None:
        """Return the message number of a chat's newest line, None if no line is known."""

    async def versions(self, line: Line, *, excluding: int) -> Sequence[Line]:
        """Return the known versions of a line, except that of the update ``excluding``."""

    async def failed(self, update_id: int, error: str, now: datetime, *, limit: int) -> bool:
        """Count a failure; return True once there are ``limit`` of them."""


class Incidents(Protocol):
    """Incidents that were not reported yet."""

    async def note(self, kind: IncidentKind, error: str, now: datetime) -> None:
        """Count an incident."""

    async def any_unreported(self, since: datetime) -> bool:
        """Return whether there are incidents, and the last report was not after ``since``."""

    async def take(self, now: datetime, since: datetime) -> Sequence[Incident]:
        """Take all incidents to report them now, none if a replica reported after ``since``."""


class Health(Protocol):
    """Checks whether the database works."""

    async def try_write(self, now: datetime) -> None:
        """Write a row of 16 KiB and delete it; raise the database's error."""


class Pruning(Protocol):
    """The nightly deletion of old rows."""

    async def prune(self, now: datetime) -> None:
        """Delete rows that are no longer needed."""


class Reservations(ports.Reservations, Protocol):
    """The reservations for the jobs."""

    async def next_expiry(self) -> datetime | None:
        """Return when the next hold expires, None if there is none."""


class BotUnitOfWork(ports.UnitOfWork, Protocol):
    """One transaction, with the bot's own repositories."""

    @property
    def reservations(self) -> Reservations: ...  # noqa: D102  (the name says what it is)
    @property
    def outbox(self) -> Outbox: ...  # noqa: D102
    @property
    def cards(self) -> Cards: ...  # noqa: D102
    @property
    def dialogues(self) -> Dialogues: ...  # noqa: D102
    @property
    def updates(self) -> Updates: ...  # noqa: D102
    @property
    def incidents(self) -> Incidents: ...  # noqa: D102
    @property
    def health(self) -> Health: ...  # noqa: D102
    @property
    def pruning(self) -> Pruning: ...  # noqa: D102


class WritableDatabase(Protocol):
    """A database for code that only writes."""

    @property
    def max_concurrent_writes(self) -> int:
        """The number of writes that run faster concurrently than one after the other."""

    async def write(self, do: Callable[[BotUnitOfWork], Awaitable[Result]]) -> Result:
        """Call ``do`` in a transaction, and again if the transaction conflicts with another."""


class Database(WritableDatabase, Protocol):
    """An open database."""

    def transaction(self) -> AbstractAsyncContextManager[BotUnitOfWork]:
        """Open a unit of work that commits at the end of the block."""

    def snapshot(self) -> AbstractAsyncContextManager[BotUnitOfWork]:
        """Open a unit of work that only reads."""


class ShownMessages(Protocol):
    """What messages show, so that no edit repeats it."""

    async def shown(self, chat: int, message: int) -> str | None:
        """Return the digest of what a message shows, None if it is unknown."""

    async def show(self, chat: int, message: int, digest: str) -> None:
        """Record what a message shows now."""

    async def forget(self, chat: int, message: int) -> None:
        """Record that a message was deleted."""


class SharedRateLimit(Protocol):
    """The rate limit that all replicas share. Every method raises DatabaseAway."""

    async def open(self, permits: int) -> None:
        """Create so many permits, if they do not exist."""

    async def take(self, permits: int, kept: int, *, urgent: bool) -> int | None:
        """Take a free permit and return its number.

        Returns None if no permit is free, other replicas' answers go first, or sending is paused.
        Of all ``permits``, the last ``kept`` are for urgent messages only, and the first ``kept``
        for other messages only.
        """

    async def return_permit(self, number: int) -> None:
        """Free a permit at once, because nothing was sent with it."""

    async def wait(self, highest: int) -> tuple[float, float]:
        """Return the seconds until sending is allowed, and until a permit may be free."""

    async def release(self, number: int, chat: int) -> None:
        """Free a permit in a second, and delay the chat's next message by a second."""

    async def chat_delay(self, chat: int) -> float:
        """Return how many seconds a chat must wait for its next message."""

    async def refused(self, chat: int, seconds: float) -> None:
        """Record that Telegram refused a message in a chat for so many seconds."""


class Membership(Protocol):
    """This process as one of the replicas on a database. Replicas know which others are alive."""

    number: int

    @property
    def is_leader(self) -> bool:
        """Whether this replica is the leader, which does what only one replica may do."""

    async def join(self) -> None:
        """Join the cluster; raises DatabaseAway."""

    async def leave(self) -> None:
        """Leave the cluster and release all locks."""

    def watch(
        self,
        *,
        on_commit: Callable[[datetime], None],
        on_departure: Callable[[], None],
        on_reconnect: Callable[[float], None],
    ) -> None:
        """Set the callbacks for events of the cluster.

        ``on_commit`` is called with the due time of rows that another replica committed.
        ``on_departure`` is called when a replica departed. ``on_reconnect`` is called when the
        database is available again, with the seconds since it was not: commits in between are
        unknown.
        """

    async def departed(self, among: Collection[int]) -> Collection[int]:
        """Return which of these replicas have departed; raises DatabaseAway."""

    async def lock_chat(self, chat: int) -> None:
        """Wait for the chat's lock among all replicas; raises DatabaseAway."""

    def unlock_chat(self, chat: int) -> None:
        """Release the chat's lock."""

    async def wait_until_leader(self) -> None:
        """Wait until this replica is the leader."""

    async def wait_until_follower(self) -> None:
        """Wait until this replica is no longer the leader."""
