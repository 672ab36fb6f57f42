"""One transaction and the repositories that work in it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from domain.events import Event
from storage.availability import SqlAvailability
from storage.clients import SqlClients
from storage.dialogues import SqlDialogues
from storage.drafts import SqlDrafts
from storage.executor import Executor
from storage.health import SqlHealth
from storage.incidents import SqlIncidents
from storage.invitations import SqlInvitations
from storage.outbox import SqlOutbox
from storage.providers import SqlProviders
from storage.pruning import SqlPruning
from storage.reservations import SqlReservations
from storage.updates import SqlUpdates


class SqlUnitOfWork:
    """Everything that can be done in one transaction; ``Database.transaction`` commits it."""

    def __init__(self, connection: Executor, replica: int = 0) -> None:
        """Give each repository the connection; ``replica`` is whose leases are taken."""
        self._connection = connection
        self.happened: list[Event] = []
        self.clients = SqlClients(connection)
        self.providers = SqlProviders(connection)
        self.availability = SqlAvailability(connection)
        self.drafts = SqlDrafts(connection)
        self.reservations = SqlReservations(connection)
        self.invitations = SqlInvitations(connection)
        self.outbox = SqlOutbox(connection, replica)
        self.dialogues = SqlDialogues(connection)
        self.updates = SqlUpdates(connection)
        self.incidents = SqlIncidents(connection)
        self.health = SqlHealth(connection, replica)
        self.pruning = SqlPruning(connection)

    @asynccontextmanager
    async def savepoint(self) -> AsyncIterator[None]:
        """Open a block whose work is undone where it raises, leaving the rest of the transaction as it was."""
        stood = len(self.happened)
        try:
            async with self._connection.savepoint():
                yield
        except BaseException:
            del self.happened[stood:]
            raise
