"""What the bot needs of a database, as protocols; ``storage`` implements them. Beside ``domain.ports`` these are the bot's own affairs."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol

from domain import ports
from domain.incident import Incident, Trouble
from domain.outbox import OutboxRow


class Outbox(ports.Outbox, Protocol):
    """The outbox as the courier sees it."""

    earliest: datetime | None
    """The earliest instant at which something put in here falls due; None where nothing was put in."""

    async def claim(self, now: datetime, limit: int) -> Sequence[OutboxRow]:
        """Lease what is due, oldest first."""
        ...

    async def report(self, recipients: Sequence[int], payload: Mapping[str, object], now: datetime) -> None:
        """Put what the admins are to be told in, once for each."""
        ...

    async def is_claimed(self, row: OutboxRow, now: datetime) -> bool:
        """Tell whether a row is still the claimer's."""
        ...

    async def keep(self, row: OutboxRow, payload: Mapping[str, object]) -> None:
        """Keep what is left of an answer."""
        ...

    async def next_due(self) -> datetime | None:
        """Return when the next row can be claimed."""
        ...

    async def settle(self, row: OutboxRow, state: str, now: datetime, error: str | None = None) -> None:
        """Note that a row is sent, skipped or parked."""
        ...

    async def postpone(self, row: OutboxRow, until: datetime, error: str) -> None:
        """Try a row, and all that waits for the same person, again later."""
        ...

    async def withhold(self, recipient_id: int, now: datetime, why: str) -> None:
        """Put aside all news for a person who cannot be reached."""
        ...

    async def release_leases(self) -> None:
        """Make claimed rows due at once."""
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
    """Dialogues as the courier sees them."""

    async def move_card(self, client_id: int, old: int, new: int) -> None:
        """Note that a message took the place of one that was gone."""
        ...


class Updates(Protocol):
    """Updates that were worked, and those that failed."""

    async def begin(self, update_id: int, now: datetime) -> bool:
        """Note that an update is worked in this transaction; False where it was worked before."""
        ...

    async def failed(self, update_id: int, error: str, now: datetime, *, limit: int) -> bool:
        """Count one more failure; True once the update is to be set aside."""
        ...


class Incidents(Protocol):
    """What went wrong and was not told yet."""

    async def note(self, kind: Trouble, error: str, now: datetime) -> None:
        """Count one more of a kind."""
        ...

    async def are_untold(self, since: datetime) -> bool:
        """Tell whether there are some and nobody was told of any after ``since``."""
        ...

    async def take(self, now: datetime, since: datetime) -> Sequence[Incident]:
        """Take all there are, to be told in this transaction; none where others took some after ``since``."""
        ...


class Pruning(Protocol):
    """The nightly tidying."""

    async def prune(self, now: datetime) -> None:
        """Forget what nobody will ask for again."""
        ...


class Work(ports.UnitOfWork, Protocol):
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
    def pruning(self) -> Pruning: ...  # noqa: D102  (named for what it is)


class Storehouse(Protocol):
    """A database that is open."""

    def transaction(self) -> AbstractAsyncContextManager[Work]:
        """Open a unit of work that commits at the end of the block."""
        ...

    def snapshot(self) -> AbstractAsyncContextManager[Work]:
        """Open a unit of work that only reads."""
        ...
