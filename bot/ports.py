"""What the bot needs of a database, as protocols; ``storage`` implements them. Beside ``domain.ports`` these are the bot's own affairs."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

from domain import ports
from domain.line import Line
from domain.operations.incident import Incident, Trouble
from domain.operations.outbox import Backlog, OutboxRow

Result = TypeVar("Result")


class Outbox(ports.Outbox, Protocol):
    """The outbox as the relay sees it."""

    earliest: datetime | None
    """The earliest instant at which something put in here falls due; None where nothing was put in."""

    async def claim(
        self, now: datetime, limit: int, *, notifications: int | None = None
    ) -> Sequence[OutboxRow]:
        """Lease what is due, the first thing for each person, oldest first: so many answers, and ``notifications`` of all else."""
        ...

    async def report(
        self, recipients: Sequence[int], payload: Mapping[str, object], now: datetime
    ) -> None:
        """Put what the admins are to be told in, once for each."""
        ...

    async def keep(self, row: OutboxRow, payload: Mapping[str, object]) -> None:
        """Keep what is left of an answer."""
        ...

    async def next_due(self) -> datetime | None:
        """Return when the next row can be claimed."""
        ...

    async def backlog(self, now: datetime) -> Backlog:
        """Return how much is due and not told yet."""
        ...

    async def record_result(
        self, row: OutboxRow, state: str, now: datetime, error: str | None = None
    ) -> datetime | None:
        """Note that a row is sent, skipped or parked; return when the next thing for the same person falls due."""
        ...

    async def queue(self, row: OutboxRow, until: datetime) -> None:
        """Have an answer that was to be sent at once sent by the sweep, no earlier than ``until``."""
        ...

    async def renew_all(self, rows: Collection[OutboxRow], now: datetime) -> None:
        """Lease rows that are still the claimer's once more."""
        ...

    async def postpone(self, row: OutboxRow, until: datetime, error: str) -> None:
        """Try a row, and all that waits for the same person, again later."""
        ...

    async def recall_postponed(
        self, now: datetime, *, after: datetime, by: timedelta | None = None
    ) -> int:
        """Make due now what was postponed to an instant beyond ``after``; return how many rows changed."""
        ...

    async def withhold(self, recipient_id: int, now: datetime, why: str) -> None:
        """Put aside all news for a person who cannot be reached."""
        ...

    async def renew(self, row: OutboxRow, now: datetime) -> bool:
        """Lease a row that is still the claimer's anew; False where it is not."""
        ...

    async def lease_holders(self) -> Collection[int]:
        """Return the numbers of those who have something leased."""
        ...

    async def release_leases(self, holders: Collection[int]) -> int:
        """Make due at once what these have leased."""
        ...

    async def release_unknown_leases(self, since: datetime, *, excluding: Collection[int]) -> int:
        """Make due at once what this replica leased before ``since``, without knowing of it: all but the rows ``excluding``."""
        ...


class Reservations(ports.Reservations, Protocol):
    """Reservations as the jobs see them."""

    async def next_expiry(self) -> datetime | None:
        """Return when the next hold runs out."""
        ...

    async def move_card(self, client_id: int, old: int, new: int) -> None:
        """Note that a message took the place of one that was gone."""
        ...


class Dialogues(ports.Dialogues, Protocol):
    """Dialogues as the relay sees them."""

    async def move_card(self, client_id: int, old: int, new: int) -> None:
        """Note that a message took the place of one that was gone."""
        ...


class Updates(Protocol):
    """Updates that were worked, and those that failed."""

    async def begin(self, update_id: int, now: datetime, line: Line | None = None) -> bool:
        """Note that an update is worked in this transaction, and which line it is about; False where it was worked before."""
        ...

    async def newest_line(self, chat: int) -> int | None:
        """Return the number of the newest line of a chat; None where no line is known."""
        ...

    async def versions(self, line: Line, *, excluding: int) -> Sequence[Line]:
        """Return the known versions of a line, without the one of the update ``excluding``."""
        ...

    async def failed(self, update_id: int, error: str, now: datetime, *, limit: int) -> bool:
        """Count one more failure; True once the update is to be set aside."""
        ...


class Incidents(Protocol):
    """What went wrong and was not told yet."""

    async def note(self, kind: Trouble, error: str, now: datetime) -> None:
        """Count one more of a kind."""
        ...

    async def any_unreported(self, since: datetime) -> bool:
        """Tell whether there are some and nobody was told of any after ``since``."""
        ...

    async def take(self, now: datetime, since: datetime) -> Sequence[Incident]:
        """Take all there are, to be told in this transaction; none where others took some after ``since``."""
        ...


class Health(Protocol):
    """Whether the database works."""

    async def try_write(self, now: datetime) -> None:
        """Write a row of 16 KiB and delete it; raises what the database raises, as when its disk is full."""
        ...


class Pruning(Protocol):
    """The nightly tidying."""

    async def prune(self, now: datetime) -> None:
        """Forget what nobody will ask for again."""
        ...


class BotUnitOfWork(ports.UnitOfWork, Protocol):
    """One transaction, with the bot's own affairs in it."""

    @property
    def outbox(self) -> Outbox: ...  # noqa: D102  (named for what it is)
    @property
    def reservations(self) -> Reservations: ...  # noqa: D102  (named for what it is)
    @property
    def dialogues(self) -> Dialogues: ...  # noqa: D102  (named for what it is)
    @property
    def updates(self) -> Updates: ...  # noqa: D102  (named for what it is)
    @property
    def incidents(self) -> Incidents: ...  # noqa: D102  (named for what it is)
    @property
    def health(self) -> Health: ...  # noqa: D102  (named for what it is)
    @property
    def pruning(self) -> Pruning: ...  # noqa: D102  (named for what it is)


class WritableDatabase(Protocol):
    """A database as one sees it who only writes."""

    @property
    def max_concurrent_writes(self) -> int:
        """How many writers get on better together than one after the other."""
        ...

    async def write(self, do: Callable[[BotUnitOfWork], Awaitable[Result]]) -> Result:
        """Do something in a transaction of its own, and again where it met another's."""
        ...


class Database(WritableDatabase, Protocol):
    """A database that is open."""

    def transaction(self) -> AbstractAsyncContextManager[BotUnitOfWork]:
        """Open a unit of work that commits at the end of the block."""
        ...

    def snapshot(self) -> AbstractAsyncContextManager[BotUnitOfWork]:
        """Open a unit of work that only reads."""
        ...


class ShownMessages(Protocol):
    """What messages show, so that none is edited into what it is already."""

    async def shown(self, chat: int, message: int) -> str | None:
        """Return the digest of what a message shows, None where that is not known."""
        ...

    async def show(self, chat: int, message: int, digest: str) -> None:
        """Note what a message shows now."""
        ...

    async def forget(self, chat: int, message: int) -> None:
        """Note that a message is gone."""
        ...


class SharedRateLimit(Protocol):
    """What all replicas together may tell Telegram in a second. Every method raises DatabaseAway."""

    async def open(self, permits: int) -> None:
        """Make sure that there are so many places."""
        ...

    async def take(self, permits: int, kept: int, *, urgent: bool) -> int | None:
        """Take a free place, or None where there is none now: none is free, others go first, or all are silent.

        Of all ``permits``, the last few are ``kept`` for what is urgent, and the first few for what is not.
        """
        ...

    async def return_permit(self, number: int) -> None:
        """Free a place at once, since nothing was sent by it."""
        ...

    async def wait(self, highest: int) -> tuple[float, float]:
        """Return for how many seconds all are to be silent, and in how many a place may be free."""
        ...

    async def release(self, number: int, chat: int) -> None:
        """Free a place a second from now, and let a chat that was told something rest for one."""
        ...

    async def chat_delay(self, chat: int) -> float:
        """Return how many seconds a chat is to rest from now on."""
        ...

    async def refused(self, chat: int, seconds: float) -> None:
        """Note that Telegram refused something in a chat."""
        ...


class Membership(Protocol):
    """This process among all that work on the same database. Each has a number, and knows which others are alive."""

    number: int

    @property
    def is_leader(self) -> bool:
        """Tell whether this replica is the one that does what only one may do."""
        ...

    async def join(self) -> None:
        """Be counted among the living; raises DatabaseAway."""
        ...

    async def leave(self) -> None:
        """Be counted no more: whatever was taken is given back."""
        ...

    def watch(
        self,
        *,
        on_commit: Callable[[datetime], None],
        on_departure: Callable[[], None],
        on_reconnect: Callable[[float], None],
    ) -> None:
        """Have ``on_commit`` called when another's commit left something that falls due, ``on_departure`` when a replica is gone.

        ``on_reconnect`` is called when the database is there again, with the seconds since it was not: who knows what was committed then.
        """
        ...

    async def departed(self, among: Collection[int]) -> Collection[int]:
        """Return which of these replicas are gone; raises DatabaseAway."""
        ...

    async def lock_chat(self, chat: int) -> None:
        """Wait until no other replica has the chat's turn, and have it; raises DatabaseAway."""
        ...

    def unlock_chat(self, chat: int) -> None:
        """End the chat's turn."""
        ...

    async def wait_until_leader(self) -> None:
        """Wait until this replica is the one that does what only one may do."""
        ...

    async def wait_until_follower(self) -> None:
        """Wait until it is that no longer."""
        ...
